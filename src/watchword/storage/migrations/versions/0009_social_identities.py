"""social sign-in: whose account a social account is linked to, and who is on the way there."""

import sqlalchemy as sa
from alembic import op

from watchword.storage import types

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema forward; nobody is linked yet, since nothing could link anybody before."""
    op.create_table(
        "social_identities",
        sa.Column("tenant_id", sa.String(length=32), nullable=False),
        sa.Column("target", sa.String(length=128), nullable=False),
        sa.Column("social_id", sa.String(length=256), nullable=False),
        sa.Column("user_id", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "user_id"],
            ["users.tenant_id", "users.id"],
            name="fk_social_identities_user",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "tenant_id", "target", "social_id", name=op.f("pk_social_identities")
        ),
    )
    op.create_index(
        "uq_social_identities_user_id",
        "social_identities",
        ["tenant_id", "user_id", "target"],
        unique=True,
    )
    op.create_table(
        "social_verifications",
        sa.Column("tenant_id", sa.String(length=32), nullable=False),
        sa.Column("flow_id", sa.String(length=128), nullable=False),
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("connector_instance_id", sa.String(length=128), nullable=False),
        sa.Column("target", sa.String(length=128), nullable=False),
        sa.Column("redirect_uri", sa.Text(), nullable=False),
        sa.Column("is_agreed", sa.Boolean(), nullable=False),
        sa.Column("secrets", sa.Text(), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("social_id", sa.String(length=256), nullable=True),
        sa.Column("identity", types.Json, nullable=True),
        sa.Column("created_at", types.UtcDateTime, nullable=False),
        sa.Column("expires_at", types.UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "flow_id", name=op.f("pk_social_verifications")),
    )
    op.create_index(
        "uq_social_verifications_id", "social_verifications", ["tenant_id", "id"], unique=True
    )
    op.create_index(
        "ix_social_verifications_expires_at", "social_verifications", ["tenant_id", "expires_at"]
    )
