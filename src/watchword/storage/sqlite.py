"""SQLite: one writer behind a lock, and a few readers, in WAL mode."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import aiosqlite
from sqlalchemy.engine import make_url

from watchword.storage.compiled import SQLITE, CompiledStatement
from watchword.storage.database import (
    REVISION,
    Database,
    Storage,
    StorageConflict,
    StorageReferenceMissing,
    StorageUnavailable,
)

Answer = TypeVar("Answer")
Errand = Callable[[sqlite3.Connection], Answer]

READERS = 2
BUSY_TIMEOUT_MS = 5000
PRAGMAS = (
    f"busy_timeout={BUSY_TIMEOUT_MS}",
    "foreign_keys=ON",
    # In WAL a power cut may lose the last commits' durability but never corrupts;
    # FULL keeps them too, and a code accepted once must stay accepted.
    "synchronous=FULL",
    "temp_store=MEMORY",
)


class SqliteConnection(Database):
    """One connection; used alone for its own transaction."""

    dialect = SQLITE

    def __init__(self, connection: aiosqlite.Connection, storage: "SqliteStorage") -> None:
        self.connection = connection
        self.storage = storage

    async def _fetch(self, compiled: CompiledStatement, bound: list[Any]) -> list[Any]:
        self.storage.statements += 1
        return await self._in_thread(partial(_rows, compiled.sql, bound))

    async def _execute(self, compiled: CompiledStatement, bound: list[Any]) -> int:
        self.storage.statements += 1
        return await self._in_thread(partial(_touched, compiled.sql, bound))

    async def _in_thread(self, errand: Errand[Answer]) -> Answer:
        # One errand and not two: reaching the thread takes longer than most statements do.
        # aiosqlite's own methods fetch the rows or tell how many were touched, but not that.
        connection = self.connection
        try:
            answer: Answer = await connection._execute(errand, connection._conn)  # type: ignore[no-untyped-call]  # its own
        except sqlite3.Error as error:
            raise _translated(error) from error
        return answer

    async def command(self, sql: str) -> None:
        """Run a statement that is not about rows: BEGIN, COMMIT, PRAGMA."""
        # Fetched to the end: an open PRAGMA or BEGIN cursor keeps the file locked.
        await self._in_thread(partial(_rows, sql, ()))


class SqliteTransaction(SqliteConnection):
    """The writer inside a transaction; the first statement brings BEGIN along."""

    _has_begun = False

    async def commit(self) -> None:
        """Keep what was written."""
        if self._has_begun:
            await self.command("COMMIT")

    async def roll_back(self) -> None:
        """Forget what was written."""
        await super()._in_thread(_roll_back)

    async def _in_thread(self, errand: Errand[Answer]) -> Answer:
        return await super()._in_thread(partial(self._begun, errand))

    def _begun(self, errand: Errand[Answer], connection: sqlite3.Connection) -> Answer:
        if not self._has_begun:
            connection.execute("BEGIN IMMEDIATE")
            self._has_begun = True
        return errand(connection)


def _rows(sql: str, bound: Sequence[Any], connection: sqlite3.Connection) -> list[Any]:
    return connection.execute(sql, bound).fetchall()


def _set_up(connection: sqlite3.Connection) -> None:
    for pragma in PRAGMAS:
        _rows(f"PRAGMA {pragma}", (), connection)


def _touched(sql: str, bound: Sequence[Any], connection: sqlite3.Connection) -> int:
    return connection.execute(sql, bound).rowcount


def _roll_back(connection: sqlite3.Connection) -> None:
    # Whoever was interrupted can't know whether BEGIN had run; and some failures end it themselves.
    if connection.in_transaction:
        connection.execute("ROLLBACK")


class SqliteStorage(Storage):
    """A SQLite file. Writers in this process wait in line instead of asking the file again."""

    dialect = SQLITE

    def __init__(self, url: str) -> None:
        self.path = make_url(url).database or ""
        if not self.path or self.path == ":memory:":
            raise ValueError("a SQLite database needs a file: sqlite:///var/watchword.db")
        self._writer: SqliteConnection | None = None
        self._readers: asyncio.Queue[SqliteConnection] = asyncio.Queue()
        self._all: list[SqliteConnection] = []
        self._write_lock = asyncio.Lock()

    async def open(self) -> None:
        """Open the file, which must exist or be creatable, and switch it to WAL."""
        if not Path(self.path).parent.is_dir():
            raise StorageUnavailable(f"the folder of {self.path} does not exist")
        try:
            self._writer = await self._connect()
            await self._writer.command("PRAGMA journal_mode=WAL")
            for _ in range(READERS):
                self._readers.put_nowait(await self._connect())
        except StorageUnavailable as error:
            await self.close()  # each connection has a thread that would keep the process alive
            raise StorageUnavailable(f"{self.path}: {error.detail}") from error

    async def _connect(self) -> SqliteConnection:
        try:
            connection = await aiosqlite.connect(self.path, isolation_level=None)
        except sqlite3.Error as error:
            raise StorageUnavailable(str(error)) from error
        wrapped = SqliteConnection(connection, self)
        self._all.append(wrapped)
        await wrapped._in_thread(_set_up)
        return wrapped

    async def close(self) -> None:
        """Close every connection; the last one checkpoints the log."""
        for wrapped in self._all:
            await wrapped.connection.close()
        self._all.clear()
        self._writer = None

    async def revision(self) -> str | None:
        """Return the schema's revision, None when the file is empty."""
        find = "SELECT name FROM sqlite_master WHERE name = 'alembic_version'"
        try:
            connection = self._open_writer().connection
            if not list(await connection.execute_fetchall(find)):
                return None
            rows = list(await connection.execute_fetchall(REVISION))
        except sqlite3.Error as error:
            raise _translated(error) from error
        return rows[0][0] if rows else None

    async def ping(self) -> None:
        """Answer if the file does, for writing too."""
        try:
            async with self._begin() as transaction:
                await transaction.command("SELECT 1")
        except StorageUnavailable as error:
            raise StorageUnavailable(f"{self.path}: {error.detail}") from error

    async def _fetch(self, compiled: CompiledStatement, bound: list[Any]) -> list[Any]:
        if not compiled.sql.startswith("SELECT"):
            async with self._write_lock:
                return await self._open_writer()._fetch(compiled, bound)
        reader = await self._readers.get()
        try:
            return await reader._fetch(compiled, bound)
        finally:
            self._readers.put_nowait(reader)

    async def _execute(self, compiled: CompiledStatement, bound: list[Any]) -> int:
        async with self._write_lock:
            return await self._open_writer()._execute(compiled, bound)

    @asynccontextmanager
    async def _begin(self) -> AsyncIterator[SqliteTransaction]:
        async with self._write_lock:
            transaction = SqliteTransaction(self._open_writer().connection, self)
            try:
                yield transaction
                await asyncio.shield(transaction.commit())
            except BaseException:
                await asyncio.shield(transaction.roll_back())
                raise

    def _open_writer(self) -> SqliteConnection:
        if self._writer is None:
            raise StorageUnavailable("the database is not open")
        return self._writer


def _translated(error: sqlite3.Error) -> Exception:
    if isinstance(error, sqlite3.IntegrityError) and "UNIQUE" in str(error):
        # SQLite names the columns, or the index where it is an expression or partial one.
        return StorageConflict(str(error).partition(": ")[2])
    if isinstance(error, sqlite3.IntegrityError) and "FOREIGN KEY" in str(error):
        return StorageReferenceMissing("refused by a foreign key")
    if isinstance(error, sqlite3.OperationalError | sqlite3.DatabaseError) and not isinstance(
        error, sqlite3.IntegrityError | sqlite3.ProgrammingError
    ):
        return StorageUnavailable(str(error))
    return error
