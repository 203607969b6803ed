"""user counters."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema forward."""
    op.create_table(
        "row_totals",
        sa.Column("tenant_id", sa.String(length=32), nullable=False),
        sa.Column("counted", sa.String(length=64), nullable=False),
        sa.Column("shard", sa.Integer(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "counted", "shard", name=op.f("pk_row_totals")),
    )
    op.execute(
        "INSERT INTO row_totals (tenant_id, counted, shard, total)"
        " SELECT tenant_id, 'users', 0, count(*) FROM users GROUP BY tenant_id"
    )
    op.drop_index("ix_users_created_at", table_name="users")
    op.create_index("ix_users_created_at", "users", ["tenant_id", "created_at", "id"])
