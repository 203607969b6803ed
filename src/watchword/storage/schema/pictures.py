"""Pictures that pages show: what came of each address."""

from sqlalchemy import Column, Index, LargeBinary, String, Table

from watchword.storage.schema.base import metadata, tenant_key
from watchword.storage.types import UtcDateTime

pictures = Table(
    "pictures",
    metadata,
    tenant_key(),
    Column("address_digest", String(32), primary_key=True),
    # Of the bytes; without one, `problem` says why.
    Column("picture_id", String(32)),
    Column("content_type", String(32)),
    Column("content", LargeBinary),
    Column("problem", String(32)),
    Column("fetched_at", UtcDateTime, nullable=False),
)
Index("ix_pictures_picture_id", pictures.c.tenant_id, pictures.c.picture_id)
