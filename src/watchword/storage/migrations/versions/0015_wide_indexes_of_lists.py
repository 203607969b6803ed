"""indexes of long lists that hold what a list is filtered and searched by."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

LISTS = {
    "users": ["username", "primary_email", "primary_phone", "name"],
    "messages": [
        "state",
        "usage_type",
        "is_test",
        "country",
        "error_class",
        "connector_instance_id",
    ],
    "audit_log": ["result", "actor", "subject"],
}


def upgrade() -> None:
    """Bring the schema forward."""
    for table, held in LISTS.items():
        name = f"ix_{table}_created_at"
        op.drop_index(name, table)
        op.create_index(name, table, ["tenant_id", "created_at", "id", *held])
    for column in ("event", "user_id", "application_id"):
        name = f"ix_audit_log_{column}"
        where = None if column == "event" else sa.text(f"{column} IS NOT NULL")
        op.drop_index(name, "audit_log")
        op.create_index(
            name,
            "audit_log",
            ["tenant_id", column, "created_at", "id"],
            sqlite_where=where,
            postgresql_where=where,
        )
    op.drop_index("ix_messages_recipient", "messages")
    op.create_index(
        "ix_messages_recipient", "messages", ["tenant_id", "recipient_digest", "created_at", "id"]
    )
    op.drop_index("ix_organization_members_created_at", "organization_members")
    op.create_index(
        "ix_organization_members_created_at",
        "organization_members",
        ["tenant_id", "organization_id", sa.text("created_at DESC"), "user_id"],
    )
