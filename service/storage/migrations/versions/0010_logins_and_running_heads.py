"""the audit log has running heads, there are viewers, and tokens and sessions end earlier

`parley db upgrade` then seals what is there with the installation's key, which no migration knows.

Revision ID: 0010
Revises: 0009
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

ROLE = "ck_moderator_sites_role_known"
ROLES = "role IN ('viewer', 'moderator', 'owner')"


def upgrade() -> None:
    op.create_table(
        "audit_heads",
        sa.Column("part", sa.String(length=64), nullable=False),
        sa.Column("entries", sa.BigInteger(), nullable=False),
        sa.Column("total", sa.String(length=64), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("before", sa.BigInteger(), nullable=False),
        sa.Column("proof", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("part", name=op.f("pk_audit_heads")),
    )
    op.add_column("credentials", sa.Column("seen_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("credentials", sa.Column("scope", sa.String(length=16), nullable=True))
    op.add_column("credentials", sa.Column("sites", sa.JSON(), nullable=True))
    if op.get_bind().dialect.name == "sqlite":
        # The table is made anew, and a limit of the old one is not taken along.
        with op.batch_alter_table("moderator_sites", recreate="always") as roles:
            roles.create_check_constraint(op.f(ROLE), ROLES)
    else:
        op.drop_constraint(op.f(ROLE), "moderator_sites", type_="check")
        op.create_check_constraint(op.f(ROLE), "moderator_sites", ROLES)
