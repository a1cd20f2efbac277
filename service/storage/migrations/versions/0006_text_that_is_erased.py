"""the text of deleted comments is erased

The indexes by which it is found. Upkeep erases what earlier releases kept.

Revision ID: 0006
Revises: 0005
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

TO_ERASE = sa.text("status IN ('deleted', 'rejected') AND body <> ''")


def upgrade() -> None:
    op.create_index("ix_events_subject_id", "events", ["subject_id"])
    op.create_index(
        "ix_comments_to_erase",
        "comments",
        ["status", "decided_at"],
        sqlite_where=TO_ERASE,
        postgresql_where=TO_ERASE,
    )
