"""What people set up to prove themselves a second time; it goes with them."""

from sqlalchemy import Column, ForeignKeyConstraint, Index, Integer, String, Table

from watchword.storage.schema.base import metadata, tenant_key
from watchword.storage.types import Id, Sealed, UtcDateTime

# Codes to the phone or by e-mail are not here: whoever has a number or an address has them.
factors = Table(
    "factors",
    metadata,
    tenant_key(),
    Column("id", Id(), primary_key=True),
    Column("user_id", Id(), nullable=False),
    Column("type", String(32), nullable=False),  # Totp | BackupCode
    Column("secret", Sealed("factor", ("tenant_id", "id"))),  # of an authenticator app
    Column("last_step", Integer),  # RFC 6238: a code counts once, and none before it afterwards
    Column("salt", String(64)),  # of the recovery codes' digests
    Column("created_at", UtcDateTime, nullable=False),
    Column("last_used_at", UtcDateTime),
    ForeignKeyConstraint(
        ["tenant_id", "user_id"],
        ["users.tenant_id", "users.id"],
        name="fk_factors_user",
        ondelete="CASCADE",
    ),
)
# One of each: of two set-ups at the same moment, one is refused.
Index("uq_factors_type", factors.c.tenant_id, factors.c.user_id, factors.c.type, unique=True)

factor_codes = Table(
    "factor_codes",
    metadata,
    tenant_key(),
    Column("factor_id", Id(), primary_key=True),
    Column("digest", String(64), primary_key=True),  # Argon2id with the set's salt
    Column("used_at", UtcDateTime),
    ForeignKeyConstraint(
        ["tenant_id", "factor_id"],
        ["factors.tenant_id", "factors.id"],
        name="fk_factor_codes_factor",
        ondelete="CASCADE",
    ),
)
