"""hashes of pairs of words, by which nearly the same text is found for a day

Revision ID: 0006
Revises: 0005
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "likenesses",
        sa.Column("site_id", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("comment_id", sa.String(length=36), nullable=False),
        sa.Column("thread_id", sa.String(length=36), nullable=False),
        sa.Column("author_id", sa.String(length=64), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["comment_id"], ["comments.id"], name=op.f("fk_likenesses_comment_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["site_id"], ["sites.id"], name=op.f("fk_likenesses_site_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("site_id", "hash", "comment_id", name=op.f("pk_likenesses")),
    )
    op.create_index(op.f("ix_likenesses_comment_id"), "likenesses", ["comment_id"], unique=False)
    op.create_index(op.f("ix_likenesses_created_at"), "likenesses", ["created_at"], unique=False)
