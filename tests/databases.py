"""PostgreSQL databases that tests borrow: emptying one is faster than making one."""

import asyncio
import itertools
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Self

import asyncpg

# Rows that were deleted stay in the files, and slow later tests down.
LOANS = 40
SHAPE = """
    SELECT string_agg(c.relname || ' ' || c.relnatts || ' ' || c.relchecks, ',' ORDER BY c.relname)
    FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace
"""
LEFT_BEHIND = """
    SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"


@dataclass
class _Lent:
    """One database, with a connection of ours to empty it by."""

    name: str
    connection: asyncpg.Connection
    empty: str
    shape: str
    loans: int = 0


@dataclass
class PostgresqlDatabases:
    """Databases made from the migrated one named `template`; each is lent to one test at a time."""

    server: str
    _free: list[_Lent] = field(default_factory=list, init=False)
    _numbers: Iterator[int] = field(default_factory=itertools.count, init=False)
    # The browser driver keeps a loop on the main thread: ours has a thread of its own.
    _loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop, init=False)

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        for database in self._free:
            self._run(database.connection.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @contextmanager
    def borrowed(self) -> Iterator[str]:
        """Yield the URL of a migrated, empty database."""
        database = self._free.pop() if self._free else self._run(self._made())
        database.loans += 1
        yield f"{self.server}/{database.name}"
        if self._run(self._emptied(database)):
            self._free.append(database)

    def _run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    async def _made(self) -> _Lent:
        name = f"test_{next(self._numbers)}"
        await self._on_the_server(f"CREATE DATABASE {name} TEMPLATE template")
        connection = await asyncpg.connect(f"{self.server}/{name}")
        tables = {row["tablename"] for row in await connection.fetch(TABLES)}
        empty = "".join(
            f'DELETE FROM "{table}";'  # noqa: S608  # our own names
            for table in tables - {"alembic_version"}
        )
        # Without it, what refers to a row would have to go before the row.
        await connection.execute("SET session_replication_role = replica")
        return _Lent(name, connection, empty, await connection.fetchval(SHAPE))

    async def _emptied(self, database: _Lent) -> bool:
        """Empty a database, or drop one that is worn or that a test has altered."""
        try:
            await database.connection.execute(LEFT_BEHIND)
            same = await database.connection.fetchval(SHAPE) == database.shape
            if same and database.loans < LOANS:
                await database.connection.execute(database.empty)
                return True
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
            # A test may have stopped the server, or ended every connection.
            pass
        await database.connection.close()
        await self._on_the_server(f"DROP DATABASE {database.name} WITH (FORCE)")
        return False

    async def _on_the_server(self, statement: str) -> None:
        connection = await asyncpg.connect(f"{self.server}/postgres")
        try:
            await connection.execute(statement)
        finally:
            await connection.close()
