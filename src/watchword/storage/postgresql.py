"""PostgreSQL: a pool of asyncpg connections with prepared statements."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
from sqlalchemy.engine import make_url

from watchword.storage.compiled import POSTGRESQL, CompiledStatement, ValueNotStorable
from watchword.storage.database import (
    REVISION,
    Database,
    Storage,
    StorageConflict,
    StorageReferenceMissing,
    StorageUnavailable,
)

ACQUIRE_SECONDS = 10
STATEMENT_SECONDS = 30

UNAVAILABLE = (
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.DeadlockDetectedError,  # of two that wait for each other, one has to ask again
    asyncpg.TooManyConnectionsError,
    asyncpg.InterfaceError,
    asyncpg.DiskFullError,
    asyncpg.ReadOnlySQLTransactionError,
    OSError,
    TimeoutError,
)


class PostgresqlConnection(Database):
    """One connection, inside its transaction."""

    dialect = POSTGRESQL

    def __init__(self, connection: Any, storage: "PostgresqlStorage") -> None:
        self.connection = connection
        self.storage = storage

    async def _fetch(self, compiled: CompiledStatement, bound: list[Any]) -> list[Any]:
        self.storage.statements += 1
        try:
            return list(await self.connection.fetch(compiled.sql, *bound))
        except (asyncpg.PostgresError, *UNAVAILABLE) as error:
            raise _translated(error) from error

    async def _execute(self, compiled: CompiledStatement, bound: list[Any]) -> int:
        self.storage.statements += 1
        try:
            return _touched(await self.connection.execute(compiled.sql, *bound))
        except (asyncpg.PostgresError, *UNAVAILABLE) as error:
            raise _translated(error) from error


class PostgresqlStorage(Storage):
    """A PostgreSQL database, asked in AUTOCOMMIT unless a transaction is open."""

    dialect = POSTGRESQL

    def __init__(self, url: str, pool_size: int) -> None:
        self.url = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        self.pool_size = pool_size
        self._pool: Any = None

    async def open(self) -> None:
        """Connect; raises StorageUnavailable."""
        try:
            self._pool = await asyncpg.create_pool(
                self.url,
                min_size=1,
                max_size=self.pool_size,
                command_timeout=STATEMENT_SECONDS,
                # Our connections hold no session state, so a round trip to reset it is wasted.
                reset=_keep,
            )
        except (asyncpg.PostgresError, *UNAVAILABLE) as error:
            raise StorageUnavailable(f"PostgreSQL: {error}") from error

    async def close(self) -> None:
        """Wait for running statements, then close."""
        if self._pool is not None:
            await self._pool.close()
            self._pool = None

    async def revision(self) -> str | None:
        """Return the schema's revision, None when the database is empty."""
        async with self._acquire() as connection:
            try:
                if await connection.fetchval("SELECT to_regclass('alembic_version')") is None:
                    return None
                return str(await connection.fetchval(REVISION))
            except (asyncpg.PostgresError, *UNAVAILABLE) as error:
                raise _translated(error) from error

    async def ping(self) -> None:
        """Answer if the server does."""
        async with self._acquire() as connection:
            try:
                await connection.execute("SELECT 1")
            except (asyncpg.PostgresError, *UNAVAILABLE) as error:
                raise _translated(error) from error

    async def _fetch(self, compiled: CompiledStatement, bound: list[Any]) -> list[Any]:
        async with self._acquire() as connection:
            return await PostgresqlConnection(connection, self)._fetch(compiled, bound)

    async def _execute(self, compiled: CompiledStatement, bound: list[Any]) -> int:
        async with self._acquire() as connection:
            return await PostgresqlConnection(connection, self)._execute(compiled, bound)

    @asynccontextmanager
    async def _begin(self) -> AsyncIterator[Database]:
        async with self._acquire() as connection:
            transaction = connection.transaction()
            try:
                await transaction.start()
            except (asyncpg.PostgresError, *UNAVAILABLE) as error:
                raise _translated(error) from error
            try:
                yield PostgresqlConnection(connection, self)
            except BaseException:
                if not connection.is_closed():
                    await transaction.rollback()
                raise
            try:
                await transaction.commit()
            except (asyncpg.PostgresError, *UNAVAILABLE) as error:
                raise _translated(error) from error

    @asynccontextmanager
    async def _acquire(self) -> AsyncIterator[Any]:
        if self._pool is None:
            raise StorageUnavailable("the database is not open")
        try:
            # The pool's own time-out would run each acquisition in a task of its own.
            async with asyncio.timeout(ACQUIRE_SECONDS):
                connection = await self._pool.acquire()
        except (asyncpg.PostgresError, *UNAVAILABLE) as error:
            # Whatever keeps us from connecting: a new password, a database that was taken offline.
            raise StorageUnavailable(f"PostgreSQL: {error}") from error
        try:
            yield connection
        finally:
            await self._pool.release(connection)


async def _keep(_connection: Any) -> None:
    return None


def _touched(status: str) -> int:
    last = status.rpartition(" ")[2]
    return int(last) if last.isdigit() else 0


def _translated(error: BaseException) -> BaseException:
    if isinstance(error, asyncpg.UniqueViolationError):
        return StorageConflict(error.constraint_name or "a unique index")
    if isinstance(error, asyncpg.ForeignKeyViolationError):
        return StorageReferenceMissing(f"refused by {error.constraint_name}")
    if isinstance(error, asyncpg.DataError):
        return ValueNotStorable(type(error).__name__)  # its text repeats the value
    if isinstance(error, UNAVAILABLE):
        return StorageUnavailable(f"PostgreSQL: {error}")
    return error
