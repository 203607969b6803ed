"""Who is told of events, what is on its way to them, and how the connectors are."""

from sqlalchemy import Boolean, Column, Index, Integer, String, Table, Text

from watchword.storage.schema.base import metadata, tenant_key
from watchword.storage.types import Id, Json, Sealed, SealedMap, UtcDateTime

webhooks = Table(
    "webhooks",
    metadata,
    tenant_key(),
    Column("id", Id(), primary_key=True),
    Column("name", String(256), nullable=False),
    Column("events", Json, nullable=False),
    Column("url", Text, nullable=False),
    Column("retries", Integer),  # a field of the contract that says nothing any more
    # The signing key, and the values of the headers: a header often is somebody's token.
    Column("secrets", SealedMap("webhook", ("tenant_id", "id")), nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("version", Integer, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
)

webhook_deliveries = Table(
    "webhook_deliveries",
    metadata,
    tenant_key(),
    Column("id", Id(), primary_key=True),
    Column("webhook_id", Id(), nullable=False),
    Column("event", String(64), nullable=False),
    Column("state", String(16), nullable=False),  # waiting | delivered | failed
    # What is posted, until it has arrived or nobody can want it any more.
    Column("body", Sealed("webhook delivery", ("tenant_id", "id"))),
    Column("attempts", Integer, nullable=False),
    # When it is due. Whoever sends it moves this on first, and so holds it for that long.
    Column("next_at", UtcDateTime, nullable=False),
    Column("lease_holder", String(64)),
    Column("last_status", Integer),
    Column("last_error", String(64)),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),  # after this it is given up
    Column("tried_at", UtcDateTime),
    Column("final_at", UtcDateTime),
)
Index(
    "ix_webhook_deliveries_due",
    webhook_deliveries.c.tenant_id,
    webhook_deliveries.c.webhook_id,
    webhook_deliveries.c.next_at,
    sqlite_where=webhook_deliveries.c.state == "waiting",
    postgresql_where=webhook_deliveries.c.state == "waiting",
)
Index(
    "ix_webhook_deliveries_webhook_id",
    webhook_deliveries.c.tenant_id,
    webhook_deliveries.c.webhook_id,
    webhook_deliveries.c.created_at,
)
Index(
    "ix_webhook_deliveries_created_at",
    webhook_deliveries.c.tenant_id,
    webhook_deliveries.c.created_at,
)

connector_health = Table(
    "connector_health",
    metadata,
    tenant_key(),
    Column("instance_id", Id(128), primary_key=True),
    # Why the connector is held to be unwell; null while it is well.
    Column("reason", String(32)),
    Column("since", UtcDateTime, nullable=False),
)
