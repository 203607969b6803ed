"""pacing and early reports."""

import sqlalchemy as sa
from alembic import op

from watchword.storage import types

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema forward."""
    op.create_table(
        "connector_pace",
        sa.Column("tenant_id", sa.String(length=32), nullable=False),
        sa.Column("instance_id", sa.String(length=128), nullable=False),
        sa.Column("paused_until", types.UtcDateTime, nullable=True),
        sa.Column("next_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "instance_id", name=op.f("pk_connector_pace")),
    )
    op.create_table(
        "early_reports",
        sa.Column("tenant_id", sa.String(length=32), nullable=False),
        sa.Column("instance_id", sa.String(length=128), nullable=False),
        sa.Column("provider_message_id", sa.String(length=255), nullable=False),
        sa.Column("message_id", sa.String(length=32), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("error_class", sa.String(length=64), nullable=True),
        sa.Column("words", sa.Text(), nullable=True),
        sa.Column("received_at", types.UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint(
            "tenant_id",
            "instance_id",
            "provider_message_id",
            "message_id",
            name=op.f("pk_early_reports"),
        ),
    )
    with op.batch_alter_table("early_reports", schema=None) as batch_op:
        batch_op.create_index(
            "ix_early_reports_received_at", ["tenant_id", "received_at"], unique=False
        )
