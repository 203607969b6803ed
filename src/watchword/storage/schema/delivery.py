"""Codes, messages, and what limits them."""

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, String, Table, Text

from watchword.storage.schema.base import metadata, tenant_key
from watchword.storage.types import Id, Json, Sealed, UtcDateTime

verification_records = Table(
    "verification_records",
    metadata,
    tenant_key(),
    # The flow (an interaction's digest, or the purpose of a server-side flow) and the record type:
    # a flow has at most one record of a type, so a new one replaces the old in one statement.
    Column("flow_id", String(128), primary_key=True),
    Column("type", String(32), primary_key=True),  # PhoneVerificationCode | Password | …
    Column("id", Id(), nullable=False),
    Column("identifier_type", String(16), nullable=False),  # phone | email | username
    Column("identifier", String(256), nullable=False),
    Column("template_type", String(32)),  # the usage type the code was sent for
    Column("state", String(16), nullable=False),  # pending | verified | consumed
    Column("code_digest", String(128)),
    Column("tries", Integer, nullable=False),
    Column("message_id", Id()),
    Column("details", Json, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
)
Index(
    "uq_verification_records_id",
    verification_records.c.tenant_id,
    verification_records.c.id,
    unique=True,
)
Index(
    "ix_verification_records_expires_at",
    verification_records.c.tenant_id,
    verification_records.c.expires_at,
)

# Somebody on the way to a provider and back: one in a flow, as verification records are.
social_verifications = Table(
    "social_verifications",
    metadata,
    tenant_key(),
    Column("flow_id", String(128), primary_key=True),
    Column("id", Id(), nullable=False),
    Column("connector_instance_id", Id(128), nullable=False),
    Column("target", String(128), nullable=False),
    Column("redirect_uri", Text, nullable=False),
    Column("is_agreed", Boolean, nullable=False),  # the person had ticked the terms
    # State, nonce and code verifier, until the provider's answer has used them up.
    Column("secrets", Sealed("social", ("tenant_id", "flow_id", "id"))),
    Column("state", String(16), nullable=False),  # pending | spent | verified
    Column("social_id", String(256)),  # who the person is at the provider, once verified
    Column("identity", Json),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
)
Index(
    "uq_social_verifications_id",
    social_verifications.c.tenant_id,
    social_verifications.c.id,
    unique=True,
)
Index(
    "ix_social_verifications_expires_at",
    social_verifications.c.tenant_id,
    social_verifications.c.expires_at,
)

messages = Table(
    "messages",
    metadata,
    tenant_key(),
    Column("id", Id(), primary_key=True),
    Column("channel", String(16), nullable=False),  # sms | email
    Column("state", String(16), nullable=False),  # see messaging/models.py
    Column("usage_type", String(32), nullable=False),
    Column("is_test", Boolean, nullable=False),
    Column("connector_instance_id", Id(128)),
    Column("connector_id", String(128)),
    Column("recipient", Sealed("message", ("'recipient'", "tenant_id", "id")), nullable=False),
    Column("recipient_masked", String(64), nullable=False),
    Column("recipient_digest", String(128), nullable=False),
    Column("country", String(3), nullable=False),
    Column("language", String(16)),
    # What to send, until it is sent or expires: variables of the template, as JSON.
    Column("content", Sealed("message", ("'content'", "tenant_id", "id"))),
    Column("encoding", String(8)),  # GSM-7 | UCS-2
    Column("segments", Integer),
    Column("provider_message_id", String(255)),
    Column("provider_words", Text),  # the provider's answer, for administrators
    Column("error_class", String(64)),
    Column("attempts", Integer, nullable=False),
    Column("lease_holder", String(64)),
    Column("lease_until", UtcDateTime),
    Column("not_before", UtcDateTime),  # a throttled connector asks to wait
    Column("correlation_id", String(64)),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),  # of what it says; never sent after
    Column("sending_at", UtcDateTime),
    Column("accepted_at", UtcDateTime),
    Column("final_at", UtcDateTime),
)
Index(
    "ix_messages_open",
    messages.c.tenant_id,
    messages.c.lease_until,
    sqlite_where=messages.c.state.in_(["queued", "sending"]),
    postgresql_where=messages.c.state.in_(["queued", "sending"]),
)
# With all that a list is filtered by, so that it reads only the rows that it shows.
Index(
    "ix_messages_created_at",
    messages.c.tenant_id,
    messages.c.created_at,
    messages.c.id,
    messages.c.state,
    messages.c.usage_type,
    messages.c.is_test,
    messages.c.country,
    messages.c.error_class,
    messages.c.connector_instance_id,
)
# In the order of the list: SQLite would rather walk that than look a recipient up.
Index(
    "ix_messages_recipient",
    messages.c.tenant_id,
    messages.c.recipient_digest,
    messages.c.created_at,
    messages.c.id,
)
Index(
    "ix_messages_provider",
    messages.c.tenant_id,
    messages.c.connector_instance_id,
    messages.c.provider_message_id,
)

connector_pace = Table(
    "connector_pace",
    metadata,
    tenant_key(),
    Column("instance_id", Id(128), primary_key=True),
    # Its provider was asked too often: nothing is handed over before.
    Column("paused_until", UtcDateTime),
    # When the next message may go, in microseconds since 1970: statements calculate with it.
    Column("next_at", BigInteger),
)

early_reports = Table(
    "early_reports",
    metadata,
    tenant_key(),
    Column("instance_id", Id(128), primary_key=True),
    # What the report calls its message: the provider's id, ours, or both; empty for neither.
    Column("provider_message_id", String(255), primary_key=True),
    Column("message_id", Id(), primary_key=True),
    Column("state", String(16), nullable=False),  # delivered | undelivered
    Column("error_class", String(64)),
    Column("words", Text),
    Column("received_at", UtcDateTime, nullable=False),
)
Index("ix_early_reports_received_at", early_reports.c.tenant_id, early_reports.c.received_at)

guard_windows = Table(
    "guard_windows",
    metadata,
    tenant_key(),
    Column("bucket", String(160), primary_key=True),  # kind and keyed digest of what is limited
    # The newest moments first, 16 digits of microseconds each: a rolling window in one column.
    Column("stamps", Text, nullable=False),
    # Totals of a day, which no window is long enough for: what was sent, and what was answered.
    Column("sent", BigInteger, nullable=False, server_default="0"),
    Column("verified", BigInteger, nullable=False, server_default="0"),
    Column("expires_at", UtcDateTime, nullable=False),
)
Index("ix_guard_windows_expires_at", guard_windows.c.tenant_id, guard_windows.c.expires_at)

lockouts = Table(
    "lockouts",
    metadata,
    tenant_key(),
    Column("bucket", String(160), primary_key=True),  # pool and keyed digest of the identifier
    Column("stamps", Text, nullable=False),  # of consecutive failures, as in guard_windows
    Column("blocked_until", UtcDateTime),
    Column("expires_at", UtcDateTime, nullable=False),
)
Index("ix_lockouts_expires_at", lockouts.c.tenant_id, lockouts.c.expires_at)

leases = Table(
    "leases",
    metadata,
    tenant_key(),
    Column("name", String(64), primary_key=True),
    Column("holder", String(64), nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
)
