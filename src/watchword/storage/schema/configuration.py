"""What administrators set, every version of it, and who did what."""

from sqlalchemy import Boolean, Column, Index, Integer, String, Table, Text

from watchword.storage.schema.base import metadata, tenant_key
from watchword.storage.types import Id, Json, SealedMap, UtcDateTime

connectors = Table(
    "connectors",
    metadata,
    tenant_key(),
    Column("id", Id(128), primary_key=True),
    Column("connector_id", String(128), nullable=False),  # the connector class, in the wire's word
    Column("type", String(16), nullable=False),  # Sms | Email | Social
    Column("config", Json, nullable=False),  # without secrets
    Column("secrets", SealedMap("connector", ("tenant_id", "id")), nullable=False),
    Column("metadata", Json, nullable=False),
    Column("sync_profile", Boolean, nullable=False),
    # Whether a test message was accepted with exactly this configuration.
    Column("tested_at", UtcDateTime),
    # Of the unsigned providers' receipt URLs; compared in constant time.
    Column("receipt_token", String(64), nullable=False),
    Column("version", Integer, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    # Set when replaced or deleted: the row stays for late receipts and for undo.
    Column("retired_at", UtcDateTime),
)
Index(
    "uq_connectors_one_active",
    connectors.c.tenant_id,
    connectors.c.type,
    unique=True,
    sqlite_where=connectors.c.retired_at.is_(None) & connectors.c.type.in_(["Sms", "Email"]),
    postgresql_where=connectors.c.retired_at.is_(None) & connectors.c.type.in_(["Sms", "Email"]),
)

settings = Table(
    "settings",
    metadata,
    tenant_key(),
    Column("kind", String(32), primary_key=True),  # sign_in | guard | …
    Column("document", Json, nullable=False),
    Column("version", Integer, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
)

configuration_versions = Table(
    "configuration_versions",
    metadata,
    tenant_key(),
    Column("kind", String(32), primary_key=True),  # connector | sign_in | guard | application | …
    Column("subject_id", Id(128), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("document", Json),  # the state after the change; null when it was deleted
    Column("secrets", SealedMap("connector", ("tenant_id", "subject_id")), nullable=False),
    Column("author", String(128), nullable=False),  # operator:<id> | application:<id> | system
    Column(
        "action", String(32), nullable=False
    ),  # created | changed | replaced | deleted | restored
    Column("reason", Text),
    Column("changes", Json, nullable=False),  # [{field, before, after}], secrets masked
    Column("created_at", UtcDateTime, nullable=False),
)
Index(
    "ix_configuration_versions_created_at",
    configuration_versions.c.tenant_id,
    configuration_versions.c.created_at,
)

audit_log = Table(
    "audit_log",
    metadata,
    tenant_key(),
    Column("id", Id(), primary_key=True),
    Column("event", String(128), nullable=False),
    Column("actor", String(160), nullable=False),
    Column("subject", String(256)),
    Column("result", String(16), nullable=False),  # success | failure
    Column("payload", Json, nullable=False),
    Column("correlation_id", String(64)),
    Column("created_at", UtcDateTime, nullable=False),
    Column("user_id", Id()),  # whom it is about, or who did it
    Column("application_id", Id()),  # whose sign-in or token it was
    # How somebody proved who they are, where they did: a type of verification record.
    Column("method", String(32)),
)
# With all that has no index of its own, so that a list reads only the rows that it shows.
Index(
    "ix_audit_log_created_at",
    audit_log.c.tenant_id,
    audit_log.c.created_at,
    audit_log.c.id,
    audit_log.c.result,
    audit_log.c.actor,
    audit_log.c.subject,
)
Index(
    "ix_audit_log_event",
    audit_log.c.tenant_id,
    audit_log.c.event,
    audit_log.c.created_at,
    audit_log.c.id,
)
# Most rows of a large log name one or both; those of the configuration name neither.
Index(
    "ix_audit_log_user_id",
    audit_log.c.tenant_id,
    audit_log.c.user_id,
    audit_log.c.created_at,
    audit_log.c.id,
    sqlite_where=audit_log.c.user_id.is_not(None),
    postgresql_where=audit_log.c.user_id.is_not(None),
)
Index(
    "ix_audit_log_application_id",
    audit_log.c.tenant_id,
    audit_log.c.application_id,
    audit_log.c.created_at,
    audit_log.c.id,
    sqlite_where=audit_log.c.application_id.is_not(None),
    postgresql_where=audit_log.c.application_id.is_not(None),
)
