"""What runs beside requests, for many tenants in one process."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from tests.web.management.conftest import Site, site
from watchword.audit.models import SYSTEM
from watchword.background import (
    Retention,
    fetch_pictures,
    keep_sessions,
    purge,
    sweep,
    watch_connectors,
)
from watchword.storage import StorageUnavailable
from watchword.tenants.models import Tenant, TenantTag
from watchword.web.scope import ServerScope, TenantScope

__all__ = ["site"]

DAY = timedelta(days=1)
TASKS: dict[str, Callable[[ServerScope], Awaitable[None]]] = {
    "sweep": sweep,
    "sessions": keep_sessions,
    "pictures": lambda server: fetch_pictures(server, "process"),
    "health": lambda server: watch_connectors(server, "process"),
    "purge": lambda server: purge(server, Retention(DAY, DAY, DAY), "process"),
}


async def with_tenants(site: Site, failure: Exception) -> list[str]:
    """Add a tenant before and one behind the default one; the first one's services fail.

    Returns the tenants whose services were asked for.
    """
    for tenant_id in ("a-first", "z-last"):
        await site.server.administration.create(SYSTEM, tenant_id, "T", TenantTag.DEVELOPMENT)
    await site.server.refresh()
    build, asked = site.server.build_scope, []

    async def failing(server: ServerScope, tenant: Tenant) -> TenantScope:
        asked.append(tenant.id)
        if tenant.id == "a-first":
            raise failure
        return await build(server, tenant)

    site.server.build_scope = failing
    for tenant_id in list(site.server.tenants):
        await site.server.forget(tenant_id)
    return asked


@pytest.mark.parametrize("task", TASKS)
async def test_what_is_wrong_with_one_tenant_stops_nothing_of_anothers(
    site: Site, task: str
) -> None:
    asked = await with_tenants(site, ValueError("a document that can't be read"))

    await TASKS[task](site.server)

    assert sorted(asked) == ["a-first", "default", "z-last"]


async def test_old_rows_go_although_an_earlier_tenant_fails(site: Site) -> None:
    await (await site.scope()).audit.record("test.event", SYSTEM)
    await with_tenants(site, ValueError("a document that can't be read"))
    site.clock.advance(2 * DAY)

    await TASKS["purge"](site.server)

    listed = await (await site.scope()).audit.list()
    assert "test.event" not in {entry.event for entry in listed.items}


@pytest.mark.parametrize("task", ["sweep", "pictures"])
async def test_without_the_database_a_round_ends(site: Site, task: str) -> None:
    await with_tenants(site, StorageUnavailable("gone"))

    with pytest.raises(StorageUnavailable):
        await TASKS[task](site.server)
