"""A database comes to this version's schema from any earlier one, with its rows."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData, Table, insert, select

from tests.conftest import _sql
from tests.migrations.rows import row_of
from watchword.storage.database import Storage, storage_for
from watchword.storage.migrate import _run, alembic_config, migrate
from watchword.storage.schema import metadata
from watchword.storage.schema_version import (
    SchemaNotCurrent,
    newest_revision,
    require_current_schema,
)

REVISIONS = [
    script.revision
    for script in reversed(
        list(ScriptDirectory.from_config(alembic_config()).walk_revisions("base", "heads"))
    )
]


@pytest.fixture
def empty_database_url(
    database_kind: str, request: pytest.FixtureRequest, sqlite_folder: Path
) -> Iterator[str]:
    """Return the URL of a database without any table."""
    if database_kind == "sqlite":
        with TemporaryDirectory(dir=sqlite_folder) as folder:
            yield f"sqlite:///{folder}/empty.db"
        return
    server = request.getfixturevalue("postgresql_url")
    name = f"empty_{id(request):x}"
    asyncio.run(_sql(server, f'CREATE DATABASE "{name}"'))
    yield f"{server}/{name}"
    asyncio.run(_sql(server, f'DROP DATABASE "{name}" WITH (FORCE)'))


async def revision_of(url: str) -> str | None:
    """Return the revision a database is at."""
    async with opened(url) as storage:
        return await storage.revision()


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Storage]:
    """Open a database and close it again."""
    storage = storage_for(url)
    await storage.open()
    try:
        yield storage
    finally:
        await storage.close()


def within(url: str, work: Callable[[Connection], Any]) -> Any:
    """Run *work* on a connection of its own."""
    return asyncio.run(_run(url, work))


def test_an_empty_database_comes_to_the_newest_schema(empty_database_url: str) -> None:
    asyncio.run(migrate(empty_database_url))

    assert asyncio.run(revision_of(empty_database_url)) == newest_revision()


def test_migrating_twice_changes_nothing(empty_database_url: str) -> None:
    asyncio.run(migrate(empty_database_url))
    asyncio.run(migrate(empty_database_url))

    assert asyncio.run(revision_of(empty_database_url)) == newest_revision()


def test_a_server_refuses_a_database_that_is_behind(empty_database_url: str) -> None:
    async def check() -> None:
        async with opened(empty_database_url) as storage:
            await require_current_schema(storage)

    with pytest.raises(SchemaNotCurrent, match=newest_revision()):
        asyncio.run(check())


def test_the_migrations_make_the_schema_that_the_code_describes(empty_database_url: str) -> None:
    asyncio.run(migrate(empty_database_url))

    def compare(connection: Connection) -> list[Any]:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return list(compare_metadata(context, metadata))

    assert within(empty_database_url, compare) == []


def test_partial_indexes_are_in_the_database_too(empty_database_url: str) -> None:
    # Alembic does not compare an index's condition, and ours carry rules.
    asyncio.run(migrate(empty_database_url))
    partial = {
        index.name
        for table in metadata.tables.values()
        for index in table.indexes
        if index.dialect_options["sqlite"]["where"] is not None
    }

    def conditions(connection: Connection) -> dict[str, str]:
        query = (
            "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
            if connection.dialect.name == "sqlite"
            else "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'"
        )
        return {row[0]: row[1] for row in connection.exec_driver_sql(query)}

    found = within(empty_database_url, conditions)
    assert {name for name, sql in found.items() if " WHERE " in sql} == partial


@pytest.mark.parametrize(
    "start",
    # The first meets every migration, the last two meet the one that is being written.
    [
        pytest.param(revision, marks=[pytest.mark.slow] if revision in REVISIONS[1:-2] else [])
        for revision in REVISIONS
    ],
)
def test_rows_of_an_earlier_version_survive_the_upgrade(
    empty_database_url: str, start: str
) -> None:
    asyncio.run(migrate(empty_database_url, start))
    written = within(empty_database_url, _fill)

    asyncio.run(migrate(empty_database_url))

    found = within(empty_database_url, lambda connection: _read(connection, written))
    assert set(written) >= {"users", "messages", "connectors", "operators"}
    assert found == written


def _fill(connection: Connection) -> dict[str, dict[str, Any]]:
    """Write one row into each table as it was then; its own words say what its columns are."""
    then = MetaData()
    then.reflect(connection)
    written = {}
    for table in then.sorted_tables:
        if table.name != "alembic_version":
            row = row_of(table)
            connection.execute(insert(table).values(row))
            written[table.name] = row
    return written


def _read(connection: Connection, written: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Read each row back, those columns that it was written with."""
    now = MetaData()
    now.reflect(connection)
    found = {}
    for name, row in written.items():
        table: Table = now.tables[name]
        kept = [table.c[column] for column in row if column in table.c]
        found[name] = dict(connection.execute(select(*kept)).mappings().one())
    return found


def test_what_fails_half_way_leaves_the_database_as_it_was(empty_database_url: str) -> None:
    def fail_half_way(connection: Connection) -> None:
        connection.exec_driver_sql("CREATE TABLE half (id INTEGER)")
        raise RuntimeError

    with pytest.raises(RuntimeError):
        within(empty_database_url, fail_half_way)

    def tables(connection: Connection) -> set[str]:
        found = MetaData()
        found.reflect(connection)
        return set(found.tables)

    assert within(empty_database_url, tables) == set()
