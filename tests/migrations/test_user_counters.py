"""Totals begin with the users that are there already."""

import asyncio
from typing import Any

from sqlalchemy import Connection, MetaData, insert

from tests.migrations.rows import row_of
from tests.migrations.test_migrations import empty_database_url, opened, within
from watchword.storage.migrate import migrate
from watchword.storage.totals import Totals

__all__ = ["empty_database_url"]

USERS = {"default": 3, "acme": 1}


def test_every_tenants_users_are_counted_once(empty_database_url: str) -> None:
    asyncio.run(migrate(empty_database_url, "0004"))
    within(empty_database_url, _fill)

    asyncio.run(migrate(empty_database_url))

    assert asyncio.run(_totals(empty_database_url)) == {**USERS, "empty": 0}


def _fill(connection: Connection) -> None:
    then = MetaData()
    then.reflect(connection)
    users = then.tables["users"]
    for tenant, count in USERS.items():
        for number in range(count):
            unique = dict.fromkeys(
                ("id", "username", "primary_phone", "primary_email"), str(number)
            )
            row: dict[str, Any] = {**row_of(users), **unique, "tenant_id": tenant}
            connection.execute(insert(users).values(row))


async def _totals(url: str) -> dict[str, int]:
    async with opened(url) as storage:
        return {tenant: await Totals(storage, tenant).get("users") for tenant in (*USERS, "empty")}
