"""Column types that mean the same on both databases."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import orjson
from sqlalchemy import BigInteger, Boolean, ColumnElement, Dialect, String, Text, func
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import DateTime, TypeDecorator, TypeEngine

Convert = Callable[[Any], Any]


def converters(
    column_type: TypeEngine[Any], dialect: Dialect
) -> tuple[Convert | None, Convert | None]:
    """Return how values go to the driver and come back; None where they pass as they are."""
    if isinstance(column_type, UtcDateTime):
        # asyncpg speaks aware datetimes in UTC itself.
        return (
            (_to_microseconds, _from_microseconds) if dialect.name == "sqlite" else (_aware, None)
        )
    if isinstance(column_type, Json):
        return _to_json, orjson.loads
    implemented = column_type.dialect_impl(dialect)
    return implemented.bind_processor(dialect), implemented.result_processor(dialect, None)


def _aware(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("a stored moment needs a time zone")
    return moment


def _to_microseconds(moment: datetime) -> int:
    return round(_aware(moment).timestamp() * 1_000_000)


def _from_microseconds(stored: int) -> datetime:
    return datetime.fromtimestamp(stored / 1_000_000, UTC)


def _to_json(document: Any) -> str:
    return orjson.dumps(document).decode()


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
        return _to_microseconds(value) if dialect.name == "sqlite" else _aware(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """Return the moment in UTC."""
        if value is None:
            return None
        if dialect.name == "sqlite":
            return _from_microseconds(value)
        return value.astimezone(UTC)  # type: ignore[no-any-return]  # asyncpg is untyped


class Json(TypeDecorator[Any]):
    """A JSON document, kept as text: read and written whole, never searched inside."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:  # noqa: ARG002
        """Write compact JSON."""
        return None if value is None else _to_json(value)

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


class CaseSensitiveLike(ColumnElement[bool]):
    """`LIKE` that tells capital from small letters on both databases.

    SQLite's own does not; its `GLOB` does, and wants the pattern in another notation.
    """

    inherit_cache = True

    def __init__(
        self, column: ColumnElement[str], pattern: ColumnElement[str], glob: ColumnElement[str]
    ) -> None:
        self.type = Boolean()
        self.column = column
        self.pattern = pattern
        self.glob = glob


class AnyCaseLike(ColumnElement[bool]):
    """`LIKE` that takes capital and small letters for the same; beyond ASCII, as databases can."""

    inherit_cache = True

    def __init__(self, column: ColumnElement[str], pattern: ColumnElement[str]) -> None:
        self.type = Boolean()
        self.column = column
        self.pattern = pattern


@compiles(AnyCaseLike, "postgresql")
def _lowered(element: AnyCaseLike, compiler: SQLCompiler, **how: Any) -> str:
    # Both sides by the database: of letters beyond ASCII it may know less than Python does.
    column, pattern = func.lower(element.column), func.lower(element.pattern)
    return compiler.process(column.like(pattern, escape="\\"), **how)


@compiles(AnyCaseLike, "sqlite")
def _as_it_is(element: AnyCaseLike, compiler: SQLCompiler, **how: Any) -> str:
    # SQLite's own LIKE is like that, and takes half the time.
    return compiler.process(element.column.like(element.pattern, escape="\\"), **how)


@compiles(CaseSensitiveLike, "postgresql")
def _like(element: CaseSensitiveLike, compiler: SQLCompiler, **how: Any) -> str:
    return compiler.process(element.column.like(element.pattern, escape="\\"), **how)


@compiles(CaseSensitiveLike, "sqlite")
def _glob(element: CaseSensitiveLike, compiler: SQLCompiler, **how: Any) -> str:
    return compiler.process(element.column.op("GLOB")(element.glob), **how)


def glob_of(pattern: str) -> str:
    """Return a pattern of `LIKE`, whose escape is a backslash, as one of `GLOB`."""
    parts = re.findall(r"\\?.", pattern, re.DOTALL)
    return "".join(WILDCARDS.get(part) or _LITERAL.get(part[-1], part[-1]) for part in parts)


WILDCARDS = {"%": "*", "_": "?"}
_LITERAL = {"*": "[*]", "?": "[?]", "[": "[[]"}
