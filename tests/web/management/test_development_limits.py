"""A development tenant that is full says so by its code; production has no such limits."""

import asyncio
from dataclasses import replace
from typing import Any

import httpx2
import pytest

from tests.web.management.conftest import Site
from watchword.applications.models import NewApplication
from watchword.audit.models import SYSTEM
from watchword.configuration.models import Kind
from watchword.tenants.errors import TenantLimitReached
from watchword.tenants.limits import Limited
from watchword.tenants.models import TenantTag

MOST = 2
NEW: dict[str, dict[str, Any]] = {
    "users": {"username": "user{n}"},
    "applications": {"name": "App {n}", "type": "SPA"},
    "resources": {"name": "API {n}", "indicator": "https://api{n}.example.com"},
    "hooks": {
        "name": "Hook {n}",
        "events": ["User.Deleted"],
        "config": {"url": "https://hooks.example.com/{n}"},
    },
    "organizations": {"name": "Club {n}"},
    "organization-roles": {"name": "role {n}"},
}


def numbered(body: Any, n: int) -> Any:
    if isinstance(body, dict):
        return {name: numbered(value, n) for name, value in body.items()}
    return body.format(n=n) if isinstance(body, str) else body


async def limit_everything(site: Site) -> None:
    limits = dict.fromkeys(Limited, MOST)
    site.server.rules = replace(site.server.rules, most_in_development=limits)
    await site.server.forget("default")


@pytest.mark.parametrize("path", NEW)
async def test_of_many_made_at_once_as_many_stay_as_there_is_room_for(
    site: Site, api: httpx2.AsyncClient, path: str
) -> None:
    before = len((await api.get(f"/api/{path}")).json())
    await limit_everything(site)

    answers = await asyncio.gather(
        *(api.post(f"/api/{path}", json=numbered(NEW[path], n)) for n in range(5))
    )

    refused = [answer for answer in answers if not answer.is_success]
    # The Management API itself is in the list of resources, and no row.
    room = MOST - (before if path == "applications" else 0)
    assert len(refused) == 5 - room
    assert {answer.status_code for answer in refused} == {403}
    assert {answer.json()["code"] for answer in refused} == {"tenant.limit_reached"}
    assert "WATCHWORD_DEVELOPMENT_" in refused[0].json()["message"]
    assert len((await api.get(f"/api/{path}")).json()) == before + room


async def test_a_full_tenant_changes_what_it_has_and_deleting_makes_room(
    site: Site, api: httpx2.AsyncClient
) -> None:
    await limit_everything(site)
    made = [
        (await api.post("/api/organizations", json={"name": f"Club {n}"})).json()["id"]
        for n in range(MOST)
    ]

    changed = await api.patch(f"/api/organizations/{made[0]}", json={"name": "Society"})
    deleted = await api.delete(f"/api/organizations/{made[1]}")
    again = await api.post("/api/organizations", json={"name": "Third"})

    assert [answer.status_code for answer in (changed, deleted, again)] == [200, 204, 201]


async def test_what_was_deleted_comes_back_only_where_there_is_room(site: Site) -> None:
    applications = (await site.scope()).configuration.applications
    first = (await applications.create(SYSTEM, NewApplication(name="One", type="SPA"))).application
    await applications.delete(SYSTEM, first.id)
    await limit_everything(site)
    configuration = (await site.scope()).configuration
    for name in ("Two", "Three"):
        await configuration.applications.create(SYSTEM, NewApplication(name=name, type="SPA"))

    with pytest.raises(TenantLimitReached):
        await configuration.restore(SYSTEM, Kind.APPLICATION, first.id, 1)

    assert await (await site.scope()).applications.find(first.id) is None


@pytest.mark.parametrize("path", NEW)
async def test_production_has_no_limits(site: Site, api: httpx2.AsyncClient, path: str) -> None:
    await limit_everything(site)
    await (await site.scope()).configuration.settings.set_tag(SYSTEM, TenantTag.PRODUCTION)

    answers = [await api.post(f"/api/{path}", json=numbered(NEW[path], n)) for n in range(MOST + 1)]

    assert all(answer.is_success for answer in answers)
