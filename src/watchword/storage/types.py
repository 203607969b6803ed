"""Column types that mean the same on both databases."""

from datetime import UTC, datetime
from typing import Any

import orjson
from sqlalchemy import BigInteger, Dialect, String, Text
from sqlalchemy.types import DateTime, TypeDecorator


class UtcDateTime(TypeDecorator[datetime]):
    """A moment in UTC: `timestamptz` on PostgreSQL, microseconds since 1970 on SQLite."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        """SQLite has no type for a moment, and whole numbers compare and sort exactly."""
        if dialect.name == "sqlite":
            return dialect.type_descriptor(BigInteger())
        return dialect.type_descriptor(DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """Refuse a naive datetime: it would be read in another zone than it was written."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a stored moment needs a time zone")
        if dialect.name == "sqlite":
            return round(value.timestamp() * 1_000_000)
        return value

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """Return the moment in UTC."""
        if value is None:
            return None
        if dialect.name == "sqlite":
            return datetime.fromtimestamp(value / 1_000_000, UTC)
        return value.astimezone(UTC)  # type: ignore[no-any-return]  # asyncpg is untyped


class Json(TypeDecorator[Any]):
    """A JSON document, kept as text: read and written whole, never searched inside."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:  # noqa: ARG002
        """Write compact JSON."""
        return None if value is None else orjson.dumps(value).decode()

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:  # noqa: ARG002
        """Read it back."""
        return None if value is None else orjson.loads(value)


class Sealed(TypeDecorator[str]):
    """A sealed text. `purpose` and `place` say how it was sealed, so that rotation can re-seal it.

    `place` names columns of the same row, in order; a word in quotes stands for itself.
    """

    impl = Text
    cache_ok = True

    def __init__(self, purpose: str, place: tuple[str, ...]) -> None:
        super().__init__()
        self.purpose = purpose
        self.place = place


class SealedMap(Json):
    """A JSON object whose values are sealed; each value's place ends with its key."""

    cache_ok = True

    def __init__(self, purpose: str, place: tuple[str, ...]) -> None:
        super().__init__()
        self.purpose = purpose
        self.place = place


def Id(length: int = 32) -> String:  # noqa: N802  # reads as a type
    """Return the type of an id column."""
    return String(length)
