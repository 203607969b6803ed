"""audit log by person, application and event, and who has one way in."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema forward."""
    for name in ("user_id", "application_id", "method"):
        op.add_column("audit_log", sa.Column(name, sa.String(length=32), nullable=True))
    op.create_index("ix_audit_log_event", "audit_log", ["tenant_id", "event", "created_at"])
    for name in ("user_id", "application_id"):
        condition = sa.text(f"{name} IS NOT NULL")
        op.create_index(
            f"ix_audit_log_{name}",
            "audit_log",
            ["tenant_id", name, "created_at"],
            sqlite_where=condition,
            postgresql_where=condition,
        )
    for only, other in (("phone", "email"), ("email", "phone")):
        condition = sa.text(
            f"primary_{only} IS NOT NULL AND primary_{other} IS NULL AND password_digest IS NULL"
        )
        op.create_index(
            f"ix_users_{only}_only",
            "users",
            ["tenant_id", f"primary_{other}", "password_digest", f"primary_{only}"],
            sqlite_where=condition,
            postgresql_where=condition,
        )
