"""who has to change a password that somebody else set

Revision ID: 0013
Revises: 0012
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "moderators",
        sa.Column("must_change_password", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
