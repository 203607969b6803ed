"""How many rows there are of what is listed page by page."""

from sqlalchemy import BigInteger, Column, Integer, String, Table

from watchword.storage.schema.base import metadata, tenant_key

row_totals = Table(
    "row_totals",
    metadata,
    tenant_key(),
    Column("counted", String(64), primary_key=True),  # a table's name
    # Each holds a part, chosen by chance at each change: writers would wait for each other at one.
    Column("shard", Integer, primary_key=True),
    Column("total", BigInteger, nullable=False),  # a part alone may be below zero
)
