"""No query can see another tenant's rows."""

import importlib
import pkgutil
import re
from collections.abc import Iterator

import pytest
from sqlalchemy import Delete, Dialect, Executable, Insert, Select, Update

import watchword
from watchword.storage.compiled import POSTGRESQL, SQLITE, compile_for
from watchword.storage.schema import metadata
from watchword.storage.schema.base import SERVER_TABLES


def test_every_table_has_a_tenant_or_is_on_the_servers_list() -> None:
    without = {table.name for table in metadata.tables.values() if "tenant_id" not in table.c}
    assert without == SERVER_TABLES


def test_the_tenant_comes_first_in_every_primary_key() -> None:
    tenants_tables = [t for t in metadata.tables.values() if t.name not in SERVER_TABLES]
    firsts = {table.name: next(iter(table.primary_key)).name for table in tenants_tables}
    assert {name: first for name, first in firsts.items() if first != "tenant_id"} == {}


def test_every_index_of_a_tenants_table_begins_with_the_tenant() -> None:
    wrong = [
        index.name
        for table in metadata.tables.values()
        if table.name not in SERVER_TABLES
        for index in table.indexes
        if next(iter(index.columns)).name != "tenant_id"
    ]
    assert wrong == []


def _statements() -> Iterator[tuple[str, Executable]]:
    for found in pkgutil.walk_packages(watchword.__path__, "watchword."):
        if found.name.endswith(".repository"):
            module = importlib.import_module(found.name)
            for name, value in vars(module).items():
                for item in value.values() if isinstance(value, dict) else [value]:
                    if isinstance(item, Select | Insert | Update | Delete):
                        yield f"{found.name.removeprefix('watchword.')}.{name}", item


STATEMENTS = list(_statements())


def test_there_are_statements_to_look_at() -> None:
    assert len(STATEMENTS) > 50


@pytest.mark.parametrize("dialect", [SQLITE, POSTGRESQL], ids=["sqlite", "postgresql"])
def test_every_statement_of_a_room_binds_the_tenant_of_every_table(dialect: Dialect) -> None:
    # One walk: a test for each statement takes longer than all of them.
    wrong = {name: tables for name, item in STATEMENTS if (tables := _unbound(item, dialect))}
    assert wrong == {}


def _unbound(statement: Executable, dialect: Dialect) -> set[str]:
    compiled = compile_for(dialect, statement)
    words = set(re.findall(r"\w+", compiled.sql))
    tenants_tables = {name for name in metadata.tables if name in words} - SERVER_TABLES
    if isinstance(statement, Insert):
        return set() if "tenant_id" in words else tenants_tables
    unbound = {name for name in tenants_tables if f"{name}.tenant_id" not in compiled.sql}
    return unbound or (set() if compiled.names_tenant else tenants_tables)
