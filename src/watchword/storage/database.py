"""What the two databases have in common: run a statement, open a transaction."""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import Dialect, Executable
from sqlalchemy.engine import make_url

from watchword.core.errors import DomainError
from watchword.storage.compiled import CompiledStatement, Row, compile_for

Values = Mapping[str, Any]

REVISION = "SELECT version_num FROM alembic_version"
"""Where Alembic keeps which migration ran last."""


class StorageUnavailable(DomainError):
    """The database can't be reached, is full or is read-only; nothing was changed."""

    code = "server.storage_unavailable"


class StorageConflict(DomainError):
    """A unique index refused the row; `constraint` names it."""

    code = "entity.conflict"

    def __init__(self, constraint: str) -> None:
        super().__init__(f"refused by {constraint}")
        self.constraint = constraint


class StorageReferenceMissing(DomainError):
    """A row names another one that is not there; nothing was changed."""

    code = "entity.relation_foreign_key_not_found"
    status = 422


class Database(ABC):
    """Runs statements, each on its own or inside a transaction."""

    dialect: Dialect
    _after_commit: list[Callable[[], object]] | None = None

    def after_commit(self, work: Callable[[], object]) -> None:
        """Call *work* once what is written here is there for all to see; never after a rollback."""
        if self._after_commit is None:
            work()
        else:
            self._after_commit.append(work)

    async def first(
        self, statement: Executable, values: Values, for_tenant: bool = False
    ) -> Row | None:
        """Run *statement* and return its first row, or None."""
        compiled = compile_for(self.dialect, statement)
        raw = await self._fetch(compiled, compiled.bind(values, for_tenant))
        return compiled.row(raw[0]) if raw else None

    async def all(
        self, statement: Executable, values: Values, for_tenant: bool = False
    ) -> list[Row]:
        """Run *statement* and return all its rows."""
        compiled = compile_for(self.dialect, statement)
        return [
            compiled.row(raw)
            for raw in await self._fetch(compiled, compiled.bind(values, for_tenant))
        ]

    async def run(self, statement: Executable, values: Values, for_tenant: bool = False) -> int:
        """Run *statement*, which returns no rows, and return how many it touched."""
        compiled = compile_for(self.dialect, statement)
        return await self._execute(compiled, compiled.bind(values, for_tenant))

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator["Database"]:
        """Join the transaction that is open here: it is its opener who commits or rolls back."""
        yield self

    @abstractmethod
    async def _fetch(self, compiled: CompiledStatement, bound: list[Any]) -> list[Any]: ...

    @abstractmethod
    async def _execute(self, compiled: CompiledStatement, bound: list[Any]) -> int: ...


class Storage(Database):
    """One database: connections, transactions and, around them, the errors callers can act on."""

    statements: int = 0
    """How many statements ran since the start; the benchmark and the metrics read it."""

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Database]:
        """Open a transaction: committed at the end of the block, rolled back by an exception."""
        waiting: list[Callable[[], object]] = []
        async with self._begin() as database:
            database._after_commit = waiting
            yield database
        for work in waiting:
            work()

    @abstractmethod
    def _begin(self) -> Any: ...

    @abstractmethod
    async def open(self) -> None:
        """Connect; raises StorageUnavailable."""

    @abstractmethod
    async def close(self) -> None:
        """Give every connection back."""

    @abstractmethod
    async def revision(self) -> str | None:
        """Return the schema's revision, None when the database is empty."""

    @abstractmethod
    async def ping(self) -> None:
        """Answer if the database does; raises StorageUnavailable."""


def storage_for(url: str, pool_size: int = 10) -> Storage:
    """Return the storage for a `sqlite:///…` or `postgresql://…` URL; raises ValueError."""
    name = make_url(url).get_backend_name()
    if name == "sqlite":
        from watchword.storage.sqlite import SqliteStorage

        return SqliteStorage(url)
    if name == "postgresql":
        from watchword.storage.postgresql import PostgresqlStorage

        return PostgresqlStorage(url, pool_size)
    raise ValueError(f"{name!r} is not supported; use sqlite:///… or postgresql://…")
