"""Server-wide tables: tenants, and the operators who run the server."""

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, String, Table, Text

from watchword.storage.schema.base import metadata
from watchword.storage.types import Id, Json, Sealed, UtcDateTime

tenants = Table(
    "tenants",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("name", String(128), nullable=False),
    Column("tag", String(16), nullable=False),  # development | production
    Column("host", String(255), unique=True),  # a domain of its own
    Column("port", Integer),  # one of its own, where the server is reached on loopback
    # Grows with every configuration write; processes reload what they cached when it moves.
    Column("configuration_stamp", BigInteger, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
)
Index("uq_tenants_port", tenants.c.port, unique=True)

operators = Table(
    "operators",
    metadata,
    Column("id", Id(), primary_key=True),
    Column("username", String(128), nullable=False, unique=True),
    Column("password_digest", Text, nullable=False),
    Column("role", String(16), nullable=False),  # owner | editor | viewer
    Column("totp_secret", Sealed("operator", ("'totp'", "id"))),
    Column("totp_last_step", BigInteger),
    Column("recovery_codes", Json, nullable=False),  # digests of the unused ones
    Column("preferences", Json, nullable=False),  # language, theme
    Column("failures", Integer, nullable=False),
    Column("blocked_until", UtcDateTime),
    Column("created_at", UtcDateTime, nullable=False),
    Column("last_sign_in_at", UtcDateTime),
)

operator_sessions = Table(
    "operator_sessions",
    metadata,
    Column("token_digest", String(64), primary_key=True),
    Column("operator_id", Id(), ForeignKey("operators.id", ondelete="CASCADE"), nullable=False),
    Column("csrf_token", String(64), nullable=False),
    Column("needs_second_factor", Boolean, nullable=False),
    Column("authenticated_at", UtcDateTime, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("last_seen_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
)
Index("ix_operator_sessions_operator_id", operator_sessions.c.operator_id)

operator_invitations = Table(
    "operator_invitations",
    metadata,
    Column("token_digest", String(64), primary_key=True),
    Column("role", String(16), nullable=False),
    Column("is_setup", Boolean, nullable=False),
    Column("created_by", Id()),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("used_at", UtcDateTime),
)

secret_key_checks = Table(
    "secret_key_checks",
    metadata,
    Column("key_id", String(32), primary_key=True),
    # A known text, sealed: opens only with the same key bytes, so a mistyped key is found at start.
    Column("sealed_check", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
)
