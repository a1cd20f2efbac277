"""stand-in

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
    for table in ("events", "deliveries"):
        op.add_column(
            table, sa.Column("subject_kind", sa.String(length=16), nullable=False, server_default="comment")
        )
        op.alter_column(table, "comment_id", new_column_name="subject_id")
