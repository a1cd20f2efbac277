"""threads that are renamed, moved, merged and split; what a post says of its page waits for its decision

Threads that are there keep the link and title they have.

Revision ID: 0011
Revises: 0010
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("url_pinned", "title_pinned"):
        op.add_column("threads", sa.Column(name, sa.Boolean(), nullable=False, server_default=sa.false()))
    for name in ("named_by", "moved_to"):
        op.add_column("threads", sa.Column(name, sa.String(length=36), nullable=True))
    op.create_index(op.f("ix_threads_moved_to"), "threads", ["moved_to"], unique=False)
    for name in ("page_title", "page_url", "page_key"):
        op.add_column("comments", sa.Column(name, sa.Text(), nullable=True))
    op.create_table(
        "thread_changes",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("site_id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("thread_id", sa.String(length=36), nullable=False),
        sa.Column("other_id", sa.String(length=36), nullable=True),
        sa.Column("before", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["site_id"], ["sites.id"], name=op.f("fk_thread_changes_site_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_thread_changes")),
    )
    for name in ("site_id", "thread_id", "other_id"):
        op.create_index(op.f(f"ix_thread_changes_{name}"), "thread_changes", [name], unique=False)
    op.create_table(
        "thread_change_comments",
        sa.Column("change_id", sa.String(length=36), nullable=False),
        sa.Column("comment_id", sa.String(length=36), nullable=False),
        sa.Column("parent_id", sa.String(length=36), nullable=True),
        sa.Column("root_id", sa.String(length=36), nullable=True),
        sa.ForeignKeyConstraint(
            ["change_id"],
            ["thread_changes.id"],
            name=op.f("fk_thread_change_comments_change_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("change_id", "comment_id", name=op.f("pk_thread_change_comments")),
    )
