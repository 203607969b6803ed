"""totals of the guard: what was sent in a day, and how much of it was answered."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema forward."""
    with op.batch_alter_table("guard_windows") as batch:
        batch.add_column(sa.Column("sent", sa.BigInteger(), nullable=False, server_default="0"))
        batch.add_column(sa.Column("verified", sa.BigInteger(), nullable=False, server_default="0"))
