"""whose pages a site takes comments from, how it spells addresses, threads without a link

Sites that are there take any page until they are told otherwise, and hold nothing apart.

Revision ID: 0007
Revises: 0006
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("sites", sa.Column("origins", sa.JSON(none_as_null=True), nullable=True))
    for name in ("www_apart", "slash_apart"):
        op.add_column("sites", sa.Column(name, sa.Boolean(), nullable=False, server_default=sa.false()))
    with op.batch_alter_table("threads") as threads:
        threads.alter_column("url", existing_type=sa.Text(), nullable=True)
