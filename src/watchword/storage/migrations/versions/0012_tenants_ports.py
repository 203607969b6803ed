"""a port that a development tenant owns."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema forward."""
    op.add_column("tenants", sa.Column("port", sa.Integer(), nullable=True))
    op.create_index("uq_tenants_port", "tenants", ["port"], unique=True)
