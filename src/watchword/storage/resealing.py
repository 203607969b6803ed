"""Key rotation: which keys the database needs, and sealing anew what an older key sealed.

Server-wide maintenance: it walks every tenant's rows, reads nothing but sealed values and the
places they are bound to, and is reached by the command line and the start-up check only.
"""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import orjson
from sqlalchemy import (
    Column,
    Executable,
    Integer,
    Table,
    Text,
    bindparam,
    func,
    literal_column,
    select,
    tuple_,
    type_coerce,
    update,
)

from watchword.core.digests import key_id_of
from watchword.core.keys import SecretKeys
from watchword.core.sealing import Sealer
from watchword.storage.compiled import Row
from watchword.storage.database import Database, Storage
from watchword.storage.schema import metadata
from watchword.storage.types import Sealed, SealedMap

BATCH = 200


@dataclass(frozen=True)
class SealedColumn:
    """One column of the schema whose values are sealed, or are maps of sealed values."""

    table: Table
    column: Column[Any]

    @property
    def name(self) -> str:
        """Return where a reader finds it: `table.column`."""
        return f"{self.table.name}.{self.column.name}"

    @property
    def is_map(self) -> bool:
        """Tell whether a value is an object of sealed values."""
        return isinstance(self.column.type, SealedMap)

    @property
    def key(self) -> list[Column[Any]]:
        """Return the columns that name a row."""
        return list(self.table.primary_key.columns)

    def place(self, row: Row) -> tuple[str, ...]:
        """Return what a row's value is bound to; a quoted word stands for itself."""
        kind = self.column.type
        assert isinstance(kind, Sealed | SealedMap)
        return tuple(part.strip("'") if part.startswith("'") else row[part] for part in kind.place)

    def sealed_values(self, text: str) -> list[str]:
        """Return the sealed values of one stored text."""
        return list(orjson.loads(text).values()) if self.is_map else [text]

    def resealed(self, text: str, sealer: Sealer, place: tuple[str, ...]) -> str:
        """Return the stored text with every older value sealed with the current key."""

        def anew(sealed: str, *last: str) -> str:
            if sealer.is_current(sealed):
                return sealed
            return sealer.seal(sealer.unseal(sealed, *place, *last), *place, *last)

        if not self.is_map:
            return anew(text)
        values = orjson.loads(text)
        return orjson.dumps({name: anew(value, name) for name, value in values.items()}).decode()


def sealed_columns() -> list[SealedColumn]:
    """Return every sealed column of the schema."""
    return [
        SealedColumn(table, column)
        for table in metadata.sorted_tables
        for column in table.columns
        if isinstance(column.type, Sealed | SealedMap)
    ]


async def keys_in_use(storage: Storage) -> dict[str, list[str]]:
    """Return the ids of the keys that sealed something, and where: `{key id: [table.column]}`."""
    found: dict[str, list[str]] = {}
    for column in sealed_columns():
        for key_id in sorted(await _key_ids(storage, column)):
            found.setdefault(key_id, []).append(column.name)
    return found


async def reseal(
    storage: Storage, keys: SecretKeys, progress: Callable[[str, int], None] | None = None
) -> int:
    """Seal anew whatever is not sealed with the current key, and return how many rows that were.

    Safe beside a serving process: a row is written only if its value is still the one that was
    read, and one that changed meanwhile was sealed with the current key by whoever changed it.
    Raises UnknownKey or SealBroken for a value that does not open; what was done stays done.
    """
    total = 0
    for column in sealed_columns():
        kind = column.column.type
        assert isinstance(kind, Sealed | SealedMap)
        sealer = Sealer(keys, kind.purpose)
        done = 0
        async for row in _rows(storage, column):
            text = row["sealed_text"]
            if all(map(sealer.is_current, column.sealed_values(text))):
                continue
            names = {f"key_{part.name}": row[part.name] for part in column.key}
            done += await storage.run(
                _replace(column),
                {
                    **names,
                    "old": text,
                    "new": column.resealed(text, sealer, column.place(row)),
                },
            )
        if progress is not None and done:
            progress(column.name, done)
        total += done
    return total


async def _key_ids(storage: Storage, column: SealedColumn) -> set[str]:
    if not column.is_map:
        # Told apart by the database: there may be millions of messages.
        rows = await storage.all(_distinct(column, storage.dialect.name), {})
        return {row["key_id"] for row in rows}
    return {
        key_id_of(value)
        async for row in _rows(storage, column)
        for value in column.sealed_values(row["sealed_text"])
    }


async def _rows(storage: Database, column: SealedColumn) -> AsyncIterator[Row]:
    """Walk a table by its primary key, so that rows written meanwhile do no harm."""
    batch = await storage.all(_first_batch(column), {})
    while batch:
        for row in batch:
            yield row
        last = batch[-1]
        batch = await storage.all(
            _next_batch(column), {f"after_{part.name}": last[part.name] for part in column.key}
        )


@lru_cache(maxsize=64)
def _first_batch(column: SealedColumn) -> Executable:
    text = type_coerce(column.column, Text)
    kind = column.column.type
    assert isinstance(kind, Sealed | SealedMap)
    needed = {part.name for part in column.key}
    needed.update(part for part in kind.place if not part.startswith("'"))
    return (
        select(text.label("sealed_text"), *(column.table.c[name] for name in sorted(needed)))
        .where(column.column.is_not(None))
        .order_by(*column.key)
        .limit(literal_column(str(BATCH), Integer))
    )


@lru_cache(maxsize=64)
def _next_batch(column: SealedColumn) -> Executable:
    after = [bindparam(f"after_{part.name}", type_=part.type) for part in column.key]
    statement = _first_batch(column)
    return statement.where(tuple_(*column.key) > tuple_(*after))  # type: ignore[attr-defined,no-any-return]  # a Select


@lru_cache(maxsize=64)
def _replace(column: SealedColumn) -> Executable:
    return (
        update(column.table)
        .where(
            *(part == bindparam(f"key_{part.name}", type_=part.type) for part in column.key),
            type_coerce(column.column, Text) == bindparam("old", type_=Text),
        )
        .values({column.column: bindparam("new", type_=Text)})
    )


@lru_cache(maxsize=64)
def _distinct(column: SealedColumn, dialect: str) -> Executable:
    text = type_coerce(column.column, Text)
    position = func.strpos if dialect == "postgresql" else func.instr
    dot = literal_column("'.'", Text)
    key_id = func.substr(text, 1, position(text, dot) - 1, type_=Text)
    return select(key_id.label("key_id")).where(column.column.is_not(None)).distinct()
