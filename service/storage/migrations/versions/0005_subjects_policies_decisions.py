"""a log of any subject, versions of policies, decisions with their evidence

The audit log and the idempotency keys name a subject in place of a comment. What the policy and moderators
decided until now becomes decisions without evidence: it was not kept.

Revision ID: 0005
Revises: 0004
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _tables()
    _subjects_of_the_log()
    _subjects_of_the_keys()
    _versions_of_policies()
    _decisions_until_now()


def _tables() -> None:
    op.create_table(
        "subjects",
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("site_id", sa.String(length=64), nullable=True),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("audit_head", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["site_id"], ["sites.id"], name=op.f("fk_subjects_site_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("kind", "id", name=op.f("pk_subjects")),
    )
    op.create_table(
        "policies",
        sa.Column("site_id", sa.String(length=64), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.Column("author", sa.String(length=120), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["site_id"], ["sites.id"], name=op.f("fk_policies_site_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("site_id", "version", name=op.f("pk_policies")),
    )
    op.create_table(
        "decisions",
        sa.Column("site_id", sa.String(length=64), nullable=False),
        sa.Column("subject_kind", sa.String(length=16), nullable=False),
        sa.Column("subject_id", sa.String(length=64), nullable=False),
        sa.Column("sequence", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("actor_kind", sa.String(length=16), nullable=False),
        sa.Column("actor", sa.String(length=120), nullable=False),
        sa.Column("policy_version", sa.Integer(), nullable=True),
        sa.Column("model_id", sa.String(length=80), nullable=True),
        sa.Column("evidence", sa.JSON(), nullable=True),
        sa.Column("reasons", sa.JSON(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["site_id"], ["sites.id"], name=op.f("fk_decisions_site_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint(
            "site_id", "subject_kind", "subject_id", "sequence", name=op.f("pk_decisions")
        ),
    )


def _subjects_of_the_log() -> None:
    # Nothing refers to these rows, so SQLite may make the table anew without anything else going with it.
    with op.batch_alter_table("audit") as audit:
        audit.drop_constraint(op.f("fk_audit_comment_id"), type_="foreignkey")
        audit.drop_constraint(op.f("uq_audit_comment_id_sequence"), type_="unique")
        audit.add_column(
            sa.Column("subject_kind", sa.String(length=16), nullable=False, server_default="comment")
        )
        audit.alter_column(
            "comment_id",
            new_column_name="subject_id",
            type_=sa.String(length=64),
            existing_type=sa.String(length=36),
            existing_nullable=False,
        )
        audit.alter_column("to_status", existing_type=sa.String(length=16), nullable=True)
        audit.alter_column("body_hash", existing_type=sa.String(length=64), nullable=True)
        audit.add_column(sa.Column("detail", sa.JSON(), nullable=True))
    with op.batch_alter_table("audit") as audit:
        audit.alter_column(
            "subject_kind", server_default=None, existing_type=sa.String(length=16), existing_nullable=False
        )
        audit.create_unique_constraint(
            op.f("uq_audit_subject_kind_subject_id_sequence"), ["subject_kind", "subject_id", "sequence"]
        )


def _subjects_of_the_keys() -> None:
    with op.batch_alter_table("idempotency_keys") as keys:
        keys.drop_constraint(op.f("fk_idempotency_keys_comment_id"), type_="foreignkey")
        keys.add_column(
            sa.Column("subject_kind", sa.String(length=16), nullable=False, server_default="comment")
        )
        keys.alter_column(
            "comment_id",
            new_column_name="subject_id",
            type_=sa.String(length=64),
            existing_type=sa.String(length=36),
            existing_nullable=False,
        )
    with op.batch_alter_table("idempotency_keys") as keys:
        keys.alter_column(
            "subject_kind", server_default=None, existing_type=sa.String(length=16), existing_nullable=False
        )


def _versions_of_policies() -> None:
    op.add_column("sites", sa.Column("policy_version", sa.Integer(), nullable=False, server_default="1"))
    op.execute(
        "INSERT INTO policies (site_id, version, document, author, created_at)"
        " SELECT id, 1, policy, 'unknown', created_at FROM sites"
    )


def _decisions_until_now() -> None:
    op.execute(
        "INSERT INTO decisions (site_id, subject_kind, subject_id, sequence, outcome, actor_kind, actor,"
        " policy_version, model_id, evidence, reasons, created_at)"
        " SELECT c.site_id, 'comment', a.subject_id, a.sequence,"
        " CASE a.to_status WHEN 'approved' THEN 'approve' WHEN 'rejected' THEN 'reject' ELSE 'review' END,"
        " a.actor_kind, a.actor, NULL, a.model_id, NULL, a.reasons, a.created_at"
        " FROM audit a JOIN comments c ON c.id = a.subject_id"
        " WHERE a.to_status IN ('approved', 'pending', 'rejected')"
        " AND a.actor_kind IN ('policy', 'moderator')"
    )
