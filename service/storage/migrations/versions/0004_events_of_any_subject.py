"""events of any subject, not of comments alone

Everything until now was told of a comment. The tables are made anew on SQLite, which cannot change a column.

Revision ID: 0004
Revises: 0003
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index(op.f("ix_deliveries_endpoint_id_comment_id_status_sequence"), table_name="deliveries")
    for table in ("events", "deliveries"):
        op.add_column(
            table, sa.Column("subject_kind", sa.String(length=16), nullable=False, server_default="comment")
        )
        with op.batch_alter_table(table) as batch:
            batch.alter_column("subject_kind", existing_type=sa.String(length=16), server_default=None)
            batch.alter_column(
                "comment_id",
                new_column_name="subject_id",
                existing_type=sa.String(length=36),
                type_=sa.String(length=64),
                existing_nullable=False,
            )
    op.create_index(
        "ix_deliveries_subject",
        "deliveries",
        ["endpoint_id", "subject_kind", "subject_id", "status", "sequence"],
    )
