"""resources, and more than one secret for an application."""

import sqlalchemy as sa
from alembic import op

from watchword.storage import types

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema forward."""
    op.create_table(
        "resources",
        sa.Column("tenant_id", sa.String(length=32), nullable=False),
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=256), nullable=False),
        sa.Column("indicator", sa.String(length=2048), nullable=False),
        sa.Column("is_default", sa.Boolean(), nullable=False),
        sa.Column("access_token_ttl", sa.Integer(), nullable=False),
        sa.Column("scopes", types.Json, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", types.UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_resources")),
    )
    op.create_index("uq_resources_indicator", "resources", ["tenant_id", "indicator"], unique=True)
    op.create_index(
        "uq_resources_one_default",
        "resources",
        ["tenant_id"],
        unique=True,
        sqlite_where=sa.text("is_default IS 1"),
        postgresql_where=sa.text("is_default IS true"),
    )
    for name, empty in (
        ("secrets", "{}"),
        ("secret_details", "[]"),
        ("custom_data", "{}"),
        ("resource_scopes", "[]"),
    ):
        op.add_column(
            "applications", sa.Column(name, sa.Text(), nullable=False, server_default=empty)
        )
