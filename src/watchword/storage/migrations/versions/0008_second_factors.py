"""second factors: authenticator apps and recovery codes."""

import sqlalchemy as sa
from alembic import op

from watchword.storage import types

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema forward."""
    op.create_table(
        "factors",
        sa.Column("tenant_id", sa.String(length=32), nullable=False),
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("user_id", sa.String(length=32), nullable=False),
        sa.Column("type", sa.String(length=32), nullable=False),
        sa.Column("secret", sa.Text()),
        sa.Column("last_step", sa.Integer()),
        sa.Column("salt", sa.String(length=64)),
        sa.Column("created_at", types.UtcDateTime, nullable=False),
        sa.Column("last_used_at", types.UtcDateTime),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_factors"),
        sa.ForeignKeyConstraint(
            ["tenant_id", "user_id"],
            ["users.tenant_id", "users.id"],
            name="fk_factors_user",
            ondelete="CASCADE",
        ),
    )
    op.create_index("uq_factors_type", "factors", ["tenant_id", "user_id", "type"], unique=True)
    op.create_table(
        "factor_codes",
        sa.Column("tenant_id", sa.String(length=32), nullable=False),
        sa.Column("factor_id", sa.String(length=32), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("used_at", types.UtcDateTime),
        sa.PrimaryKeyConstraint("tenant_id", "factor_id", "digest", name="pk_factor_codes"),
        sa.ForeignKeyConstraint(
            ["tenant_id", "factor_id"],
            ["factors.tenant_id", "factors.id"],
            name="fk_factor_codes_factor",
            ondelete="CASCADE",
        ),
    )
