"""own phrases of a tenant's pages, a row for each language."""

import sqlalchemy as sa
from alembic import op

from watchword.storage import types

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema forward."""
    op.create_table(
        "custom_phrases",
        sa.Column("tenant_id", sa.String(length=32), nullable=False),
        sa.Column("language", sa.String(length=16), nullable=False),
        sa.Column("texts", types.Json, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("updated_at", types.UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "language", name="pk_custom_phrases"),
    )
