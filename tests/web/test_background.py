"""What runs beside requests, for many tenants in one process."""

from collections.abc import Awaitable, Callable
from contextvars import ContextVar
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
from watchword.tenants.models import TenantTag
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


async def with_tenants(site: Site, patch: pytest.MonkeyPatch, failure: Exception) -> list[str]:
    """Add a tenant before and one behind the default one; the first one's services fail.

    Returns the tenants whose services the test asked for: the site's own rounds don't count.
    """
    for tenant_id in ("a-first", "z-last"):
        await site.server.administration.create(SYSTEM, tenant_id, "T", TenantTag.DEVELOPMENT)
    await site.server.refresh()
    scope_of, asked = site.server.scope_of, []
    of_test = ContextVar("of_test", default=False)
    of_test.set(True)

    async def failing(tenant_id: str) -> TenantScope:
        if of_test.get():
            asked.append(tenant_id)
        if tenant_id == "a-first":
            raise failure
        return await scope_of(tenant_id)

    patch.setattr(site.server, "scope_of", failing)
    return asked


@pytest.mark.parametrize("task", TASKS)
async def test_what_is_wrong_with_one_tenant_stops_nothing_of_anothers(
    site: Site, monkeypatch: pytest.MonkeyPatch, task: str
) -> None:
    asked = await with_tenants(site, monkeypatch, ValueError("a document that can't be read"))

    await TASKS[task](site.server)

    assert sorted(asked) == ["a-first", "default", "z-last"]


async def test_old_rows_go_although_an_earlier_tenant_fails(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    await (await site.scope()).audit.record("test.event", SYSTEM)
    await with_tenants(site, monkeypatch, ValueError("a document that can't be read"))
    site.clock.advance(2 * DAY)

    await TASKS["purge"](site.server)

    listed = await (await site.scope()).audit.list()
    assert "test.event" not in {entry.event for entry in listed.items}


@pytest.mark.parametrize("task", ["sweep", "pictures"])
async def test_without_the_database_a_round_ends(
    site: Site, monkeypatch: pytest.MonkeyPatch, task: str
) -> None:
    await with_tenants(site, monkeypatch, StorageUnavailable("gone"))

    with pytest.raises(StorageUnavailable):
        await TASKS[task](site.server)
