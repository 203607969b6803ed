"""What a tenant's pages say in its own words, a row for each language."""

from sqlalchemy import Column, Integer, String, Table

from watchword.storage.schema.base import metadata, tenant_key
from watchword.storage.types import Json, UtcDateTime

custom_phrases = Table(
    "custom_phrases",
    metadata,
    tenant_key(),
    Column("language", String(16), primary_key=True),
    Column("texts", Json, nullable=False),  # by dotted key, only what differs
    Column("version", Integer, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
)
