"""Statements compiled once per dialect: SQL text, parameter order, and what to convert."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

import orjson
from sqlalchemy import Dialect, Executable
from sqlalchemy.dialects.postgresql import asyncpg
from sqlalchemy.dialects.sqlite import aiosqlite
from sqlalchemy.sql.compiler import SQLCompiler

from watchword.core.errors import DomainError
from watchword.storage.types import Convert, converters

Row = dict[str, Any]

POSTGRESQL: Dialect = asyncpg.dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy's own
SQLITE: Dialect = aiosqlite.dialect()


class StatementNotBound(TypeError):
    """A tenant's statement that does not ask for the tenant, or a parameter with no value."""


class ValueNotStorable(DomainError):
    """A value that no column takes; somebody sent it, for our own values all fit."""

    code = "guard.invalid_input"


@dataclass(frozen=True, slots=True)
class CompiledStatement:
    """One statement, ready for a driver."""

    sql: str
    parameters: tuple[tuple[str, Any, Convert | None], ...]
    columns: tuple[tuple[str, Convert | None], ...]
    names_tenant: bool

    def bind(self, values: Mapping[str, Any], for_tenant: bool) -> list[Any]:
        """Return the driver's positional parameters; raises StatementNotBound."""
        if for_tenant and not self.names_tenant:
            raise StatementNotBound(f"no tenant_id in: {self.sql}")
        bound = []
        for name, default, convert in self.parameters:
            value = values.get(name, default)
            if value is _REQUIRED:
                raise StatementNotBound(f"no value for {name!r} in: {self.sql}")
            if convert is not None and value is not None:
                value = _converted(name, value, convert)
            # PostgreSQL's text can't hold it, so SQLite's must not either.
            if type(value) is str and "\0" in value:
                raise ValueNotStorable(f"a NUL in {name!r}")
            bound.append(value)
        return bound

    def row(self, raw: Sequence[Any]) -> Row:
        """Return a driver's row as a dictionary by column name."""
        return {
            name: convert(value) if convert is not None and value is not None else value
            for (name, convert), value in zip(self.columns, raw, strict=True)
        }


def _converted(name: str, value: Any, convert: Convert) -> Any:
    try:
        return convert(value)
    except orjson.JSONEncodeError as error:
        # A value of ours that is no JSON at all is a defect, and stays one.
        if "serializable" in str(error):
            raise
        raise ValueNotStorable(f"half a surrogate pair or a huge number in {name!r}") from None


class _Required:
    pass


_REQUIRED = _Required()


@lru_cache(maxsize=4096)
def compile_for(dialect: Dialect, statement: Executable) -> CompiledStatement:
    """Compile *statement*; cached by identity, so build statements once, at import."""
    compiled = cast(SQLCompiler, statement.compile(dialect=dialect))  # type: ignore[attr-defined]  # every Executable we build is a ClauseElement
    parameters = []
    for name in compiled.positiontup or ():
        bind = compiled.binds[name]
        default = _REQUIRED if bind.required else bind.effective_value
        convert, _ = converters(bind.type, dialect)
        parameters.append((bind.key if bind.key in compiled.binds else name, default, convert))
    columns = tuple(
        (column.keyname, converters(column.type, dialect)[1]) for column in compiled._result_columns
    )
    return CompiledStatement(
        sql=compiled.string,
        parameters=tuple(parameters),
        columns=columns,
        names_tenant="tenant_id" in {name for name, _, _ in parameters},
    )
