"""Numbers with a fixed code, and the users who were created by them."""

from sqlalchemy import Column, ForeignKeyConstraint, String, Table

from watchword.storage.schema.base import metadata, tenant_key
from watchword.storage.types import Id, UtcDateTime

test_numbers = Table(
    "test_numbers",
    metadata,
    tenant_key(),
    Column("phone", String(32), primary_key=True),  # digits only, country code first
    Column("code_digest", String(128), nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("created_by", String(160), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
)

# A mark for good: it outlives the number, so that no test user ever passes for a person.
test_users = Table(
    "test_users",
    metadata,
    tenant_key(),
    Column("user_id", Id(), primary_key=True),
    Column("created_at", UtcDateTime, nullable=False),
    ForeignKeyConstraint(
        ["tenant_id", "user_id"],
        ["users.tenant_id", "users.id"],
        name="fk_test_users_user",
        ondelete="CASCADE",
    ),
)
