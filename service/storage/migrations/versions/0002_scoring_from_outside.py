"""keys for scoring from outside, and suggested scores

Revision ID: 0002
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "perspective_keys",
        sa.Column("id", SERIAL, autoincrement=True, nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("secret_hash", sa.String(length=64), nullable=False),
        sa.Column("per_minute", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_perspective_keys")),
        sa.UniqueConstraint("name", name=op.f("uq_perspective_keys_name")),
        sa.UniqueConstraint("secret_hash", name=op.f("uq_perspective_keys_secret_hash")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "suggestions",
        sa.Column("id", SERIAL, autoincrement=True, nullable=False),
        sa.Column("community", sa.String(length=200), nullable=False),
        sa.Column("token", sa.String(length=200), nullable=True),
        sa.Column("sender", sa.String(length=120), nullable=True),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("language", sa.String(length=16), nullable=False),
        sa.Column("scores", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_suggestions")),
    )
    op.create_index(op.f("ix_suggestions_community_id"), "suggestions", ["community", "id"])
    op.create_index(op.f("ix_suggestions_created_at"), "suggestions", ["created_at"])
    op.create_index(op.f("ix_suggestions_token"), "suggestions", ["token"])
