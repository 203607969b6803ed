"""Bring a database to this version's schema, with Alembic."""

from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

import asyncpg
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from watchword.storage.database import StorageUnavailable


def alembic_config() -> Config:
    """Return Alembic's settings for the packaged migrations."""
    config = Config()
    config.set_main_option(
        "script_location", str(files("watchword.storage").joinpath("migrations"))
    )
    return config


async def migrate(url: str, revision: str = "head") -> None:
    """Run the missing migrations, all in one transaction; raises StorageUnavailable."""

    def upgrade(connection: Connection) -> None:
        config = alembic_config()
        config.attributes["connection"] = connection
        command.upgrade(config, revision)

    try:
        await _run(url, upgrade)
    except (OSError, DBAPIError, asyncpg.PostgresError) as error:
        reason = error.orig if isinstance(error, DBAPIError) else error
        raise StorageUnavailable(f"{make_url(url)!r}: {reason}") from error


async def _run(url: str, work: Callable[[Connection], Any]) -> Any:
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        _make_private(Path(parsed.database or ""))
        engine = create_engine(parsed.set(drivername="sqlite"), poolclass=NullPool)
        # Lets Alembic's BEGIN cover the DDL too: pysqlite would commit before it.
        event.listen(engine, "connect", _own_transactions)
        event.listen(
            engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE")
        )
        with engine.begin() as connection:
            return work(connection)
    async_engine = create_async_engine(
        parsed.set(drivername="postgresql+asyncpg"), poolclass=NullPool
    )
    try:
        async with async_engine.begin() as async_connection:
            return await async_connection.run_sync(work)
    finally:
        await async_engine.dispose()


def _make_private(file: Path) -> None:
    """Make the file that people's numbers go into, for nobody but its owner."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch(mode=0o600)


def _own_transactions(connection: Any, _record: Any) -> None:
    connection.isolation_level = None
    connection.execute("PRAGMA busy_timeout=30000")
