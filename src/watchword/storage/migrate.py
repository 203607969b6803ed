"""Bring a database to this version's schema, or tell how far behind it is."""

from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from watchword.core.errors import DomainError


class SchemaNotCurrent(DomainError):
    """The database has another schema than this version needs."""

    code = "server.schema_not_current"


def alembic_config() -> Config:
    """Return Alembic's settings for the packaged migrations."""
    config = Config()
    config.set_main_option(
        "script_location", str(files("watchword.storage").joinpath("migrations"))
    )
    return config


async def migrate(url: str, revision: str = "head") -> None:
    """Run the missing migrations, all in one transaction."""

    def upgrade(connection: Connection) -> None:
        config = alembic_config()
        config.attributes["connection"] = connection
        command.upgrade(config, revision)

    await _run(url, upgrade)


async def current_revision(url: str) -> str | None:
    """Return the revision the database is at, None when it is empty."""
    revision: str | None = await _run(
        url, lambda connection: MigrationContext.configure(connection).get_current_revision()
    )
    return revision


def newest_revision() -> str:
    """Return the revision this version needs."""
    return ScriptDirectory.from_config(alembic_config()).get_current_head() or ""


async def require_current_schema(url: str) -> None:
    """Raise SchemaNotCurrent unless the database is at the newest revision."""
    found = await current_revision(url)
    if found != newest_revision():
        raise SchemaNotCurrent(
            f"the database is at {found}, this version needs {newest_revision()}"
        )


async def _run(url: str, work: Callable[[Connection], Any]) -> Any:
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        Path(parsed.database or "").parent.mkdir(parents=True, exist_ok=True)
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


def _own_transactions(connection: Any, _record: Any) -> None:
    connection.isolation_level = None
    connection.execute("PRAGMA busy_timeout=30000")
