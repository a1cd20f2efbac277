"""a place in the log for every event

Whoever writes events waits until those that are there have their places.

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("events", sa.Column("place", sa.BigInteger(), nullable=True))
    # Hosts have read up to positions: the log goes on from there.
    op.execute("UPDATE events SET place = position WHERE relayed_at IS NOT NULL")
    op.create_index(
        "ix_events_place",
        "events",
        ["place"],
        unique=True,
        sqlite_where=sa.text("place IS NOT NULL"),
        postgresql_where=sa.text("place IS NOT NULL"),
    )
    op.create_index(
        "ix_events_unplaced",
        "events",
        ["position"],
        sqlite_where=sa.text("place IS NULL"),
        postgresql_where=sa.text("place IS NULL"),
    )
