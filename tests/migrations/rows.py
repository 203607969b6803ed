"""A row for any table, made from what its columns can hold."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Boolean, Column, DateTime, Integer, LargeBinary, Table

MOMENT = datetime(2026, 5, 1, 9, 0, tzinfo=UTC)

# What a column's type does not say.
WORDS = {"type": "Sms", "state": "queued", "tag": "development", "role": "owner"}


def row_of(table: Table) -> dict[str, Any]:
    """Return a value for every column of *table*."""
    return {column.name: _value(column) for column in table.columns}


def _value(column: Column[Any]) -> Any:
    if isinstance(column.type, Boolean):
        return True
    if isinstance(column.type, DateTime):
        return MOMENT
    if isinstance(column.type, LargeBinary):
        return b"\x89PNG"
    if isinstance(column.type, Integer):
        return 1_700_000_000 if column.type.__class__.__name__ == "INTEGER" else 2**40
    if column.foreign_keys and column.name != "tenant_id":
        return "id"
    length = getattr(column.type, "length", None) or 64
    return WORDS.get(column.name, column.name)[:length]
