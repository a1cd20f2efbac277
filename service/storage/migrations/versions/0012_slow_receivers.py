"""which receivers were slow, and until when they are left alone

Revision ID: 0012
Revises: 0011
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "webhook_endpoints", sa.Column("slow_turns", sa.Integer(), nullable=False, server_default="0")
    )
    op.add_column("webhook_endpoints", sa.Column("paused_until", sa.DateTime(timezone=True), nullable=True))
