"""pictures that pages show, fetched from the addresses in brandings."""

import sqlalchemy as sa
from alembic import op

from watchword.storage import types

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema forward."""
    op.create_table(
        "pictures",
        sa.Column("tenant_id", sa.String(length=32), nullable=False),
        sa.Column("address_digest", sa.String(length=32), nullable=False),
        sa.Column("picture_id", sa.String(length=32), nullable=True),
        sa.Column("content_type", sa.String(length=32), nullable=True),
        sa.Column("content", sa.LargeBinary(), nullable=True),
        sa.Column("problem", sa.String(length=32), nullable=True),
        sa.Column("fetched_at", types.UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "address_digest", name="pk_pictures"),
    )
    op.create_index("ix_pictures_picture_id", "pictures", ["tenant_id", "picture_id"])
