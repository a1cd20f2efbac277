"""how far the log of events was pruned, by site

Revision ID: 0015
Revises: 0014
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "sites",
        sa.Column("events_pruned", sa.BigInteger(), nullable=False, server_default="0"),
    )
    op.create_index("ix_deliveries_event_id", "deliveries", ["event_id"])
