"""Invariant 8: nobody reaches another tenant's rows, whichever route they ask."""

from functools import reduce
from typing import Any

import pytest
from sqlalchemy import ColumnElement, Table, Text, cast, func, literal_column, select, union_all

from tests.invariants.routes import Route, routes_of
from tests.invariants.walk import ABROAD, HOME, STEPS, settled
from tests.invariants.world import OTHER, World
from watchword.storage import ServerRepository
from watchword.storage.schema import metadata
from watchword.storage.schema.base import SERVER_TABLES
from watchword.users.models import NewUser, UserChange

pytestmark = pytest.mark.slow

KEPT = [
    table
    for name, table in metadata.tables.items()
    # What looks after every tenant takes its leases by the clock, whoever asks something meanwhile.
    if name not in SERVER_TABLES and name != "leases"
]


def _whole(table: Table, dialect: str) -> ColumnElement[str]:
    """Return a row of the table as one text, which its database makes faster than rows are read."""
    if dialect == "postgresql":
        return cast(literal_column(table.name), Text)
    quoted = (func.quote(column, type_=Text) for column in table.columns)
    return reduce(lambda whole, column: whole.concat(column), quoted)


DUMPS = {
    dialect: union_all(
        *(
            select(
                literal_column(f"'{table.name}'").label("table_name"),
                table.c.tenant_id.label("owner"),
                _whole(table, dialect).label("whole"),
            )
            for table in KEPT
        )
    )
    for dialect in ("sqlite", "postgresql")
}
OWN_BUSINESS = frozenset({"audit_log", "guard_windows", "lockouts", "interactions"})
"""What the other tenant writes down about being asked."""

T = "/console/{tenant}"

LISTS = frozenset(
    Route("GET", f"{T}/{page}")
    for page in (
        "applications",
        "audit-log",
        "configuration",
        "connectors",
        "connectors/set-up",
        "connectors/social",
        "connectors/social/set-up",
        "get-started",
        "inbox",
        "messages",
        "messages/dashboard",
        "messages/export.csv",
        "mfa",
        "organization-roles",
        "organization-roles/scopes",
        "organizations",
        "resources",
        "security",
        "security/history",
        "sign-in-experience/account-center",
        "security/blocklist",
        "sign-in-experience/branding",
        "sign-in-experience/content",
        "sign-in-experience/history",
        "sign-in-experience/preview",
        "sign-in-experience/sign-up-and-sign-in",
        "test-numbers",
        "users",
        "webhooks",
    )
)
"""Pages that show a tenant's rows without being asked for one."""

API_LISTS = frozenset(
    Route("GET", f"/api/{name}")
    for name in (
        "applications",
        "configuration/versions",
        "connectors",
        "custom-phrases",
        "hooks",
        "logs",
        "messages",
        "organization-invitations",
        "organization-roles",
        "organization-scopes",
        "organizations",
        "resources",
        "test-numbers",
        "users",
    )
)

TAKES_NO_ID = frozenset(
    {
        # The same for everyone, or made of the tenant that the host names.
        *(Route("GET", path) for path in ("/health/live", "/health/ready", "/metrics")),
        Route("GET", "/static/{hash}/{name:path}"),
        Route("GET", "/api/swagger.json"),
        Route("GET", "/api/status"),
        Route("GET", "/api/.well-known/phrases"),
        Route("GET", "/api/.well-known/sign-in-exp"),
        Route("GET", "/api/.well-known/account-center"),
        Route("GET", "/oidc/.well-known/openid-configuration"),
        Route("GET", "/oidc/.well-known/oauth-authorization-server"),
        Route("GET", "/.well-known/oauth-authorization-server/oidc"),
        Route("GET", "/oidc/jwks"),
        Route("GET", "/demo-app"),
        Route("GET", "/account/signed-in"),
        Route("GET", "/unknown-session"),
        Route("GET", "/account-suspended"),
        # Made in a visit only: refused for whichever connector.
        Route("POST", "/api/connectors/{id}/authorization-uri"),
        # A connector class is the server's; settings there are one of.
        Route("GET", "/api/connector-factories"),
        Route("GET", "/api/connector-factories/{id}"),
        Route("POST", "/api/connectors"),
        Route("POST", "/api/hooks"),
        Route("POST", "/api/connectors/{factory_id}/test"),
        Route("GET", "/api/sign-in-exp"),
        *(Route(m, "/api/account-center") for m in ("GET", "PATCH")),
        *(Route(m, "/api/tenant-settings") for m in ("GET", "PATCH")),
        *(
            Route("GET", f"/api/configuration/{name}")
            for name in ("document", "schema", "sealing-key")
        ),
        *(Route("POST", f"/api/configuration/{name}") for name in ("plan", "test", "apply")),
        Route("PATCH", "/api/sign-in-exp"),
        # A language is named by its tag, and new where it was not.
        Route("PUT", "/api/custom-phrases/{languageTag}"),
        *(Route("POST", f"/api/{name}") for name in ("applications", "resources")),
        *(Route("POST", f"/api/{name}") for name in ("organizations", "organization-scopes")),
        Route("POST", "/api/users"),
        Route("POST", "/api/test-numbers"),
        *(Route("POST", f"{T}/test-numbers/{path}") for path in ("add", "production")),
        Route("POST", "/api/verification-codes"),
        # Forms that become the address of a route that is walked.
        Route("POST", "/oidc/auth"),
        Route("POST", "/oidc/session/end"),
        *(Route(m, "/oidc/{path:path}") for m in ("GET", "POST", "PUT", "PATCH", "DELETE")),
        # Operators, their sessions and links belong to the server, not to a tenant.
        *(Route("GET", f"/console{path}") for path in ("", "/", "/setup", "/sign-in")),
        Route("GET", "/console/second-factor"),
        *(
            Route("POST", f"/console/{path}")
            for path in ("setup", "sign-in", "second-factor", "appearance", "sign-out")
        ),
        Route("GET", f"{T}/operators"),
        *(
            Route("POST", f"{T}/operators/{path}")
            for path in ("invite", "revoke", "role", "delete")
        ),
        # So do the tenants themselves, which owners alone may manage.
        *(Route("GET", f"{T}/{path}") for path in ("tenants", "tenant")),
        # Operators move what they chose from any tenant to any other.
        Route("GET", f"{T}/promotion"),
        *(Route("POST", f"{T}/promotion/{path}") for path in ("test", "move")),
        Route("POST", f"{T}/tenants/create"),
        *(Route("POST", f"{T}/tenant/{path}") for path in ("rename", "tag", "delete")),
        Route("GET", f"{T}/profile"),
        *(
            Route("POST", f"{T}/profile/{path}")
            for path in (
                "alerts",
                "password",
                "second-factor/begin",
                "second-factor/enable",
                "second-factor/disable",
                "sessions/end",
            )
        ),
        # A tenant's settings: there is one of them, and its versions are numbers.
        Route("GET", T),
        Route("GET", f"{T}/sign-in-experience"),
        Route("POST", f"{T}/mfa"),
        *(
            Route("POST", f"{T}/sign-in-experience/{path}")
            for path in (
                "account-center",
                "branding",
                "content",
                "content/add",
                "branding/pictures",
                "restore",
                "sign-up-and-sign-in",
            )
        ),
        *(
            Route("POST", f"{T}/sign-in-experience/preview/{path}")
            for path in ("branding", "sign-up-and-sign-in", "texts")
        ),
        *(
            Route("POST", f"{T}/security/{path}")
            for path in (
                "attacks",
                "blocklist",
                "codes",
                "preset",
                "restore",
                "sending",
                "unblock",
            )
        ),
        # What is made anew; a connector class is the server's.
        Route("GET", f"{T}/applications/new"),
        Route("POST", f"{T}/applications/new"),
        *(Route(m, f"{T}/webhooks/new") for m in ("GET", "POST")),
        *(Route(m, f"{T}/organizations/new") for m in ("GET", "POST")),
        *(Route(m, f"{T}/resources/new") for m in ("GET", "POST")),
        *(Route(m, f"{T}/organization-roles/new") for m in ("GET", "POST")),
        Route("POST", f"{T}/organization-roles/scopes"),
        *(Route(m, f"{T}/connectors/set-up/{{connector_id}}") for m in ("GET", "POST")),
        *(Route(m, f"{T}/connectors/social/set-up/{{connector_id}}") for m in ("GET", "POST")),
        Route("POST", f"{T}/connectors/set-up/{{connector_id}}/test"),
        Route("POST", f"{T}/connectors/set-up/{{connector_id}}/trial"),
        Route("POST", f"{T}/connectors/set-up/{{connector_id}}/compare"),
        Route("POST", f"{T}/connectors/set-up/{{connector_id}}/paste"),
        Route("POST", f"{T}/connectors/set-up/{{connector_id}}/preview"),
    }
)


async def test_every_route_is_walked_or_takes_no_id(world: World) -> None:
    walked = {step.route for step in STEPS}
    known = walked | LISTS | API_LISTS | TAKES_NO_ID

    assert routes_of(world.app) - known == set(), "walk the new route: tests/invariants/walk.py"
    assert known - routes_of(world.app) == set(), "the route is gone"
    assert not walked & (LISTS | API_LISTS | TAKES_NO_ID)


async def test_a_row_of_one_tenant_that_changed_is_noticed(world: World) -> None:
    users = (await world.scope(OTHER)).users
    somebody = await users.create(NewUser(username="somebody", name="Ada"))
    before = await _rows(world)

    await users.change(somebody.id, UserChange(name="Bob"))

    after = await _rows(world)
    assert len(before[OTHER]) > 5
    assert after["default"] == before["default"]
    assert after[OTHER].keys() == before[OTHER].keys()
    changed = {name for name, rows in after[OTHER].items() if rows != before[OTHER][name]}
    assert changed == {"users"}


@pytest.mark.proves("S131")
async def test_another_tenants_ids_open_nothing_and_change_nothing(world: World) -> None:
    walk = await settled(world)
    problems = []

    for step in STEPS:
        if step.stage is not None:
            await walk.begin(step.stage, step.event)
        await world.settle()
        before = await _rows(world)

        answer = await step.ask(walk, ABROAD)

        await world.settle()
        if not step.is_refused(answer):
            problems.append(f"{step.route}: {answer.status_code} {answer.text[:200]}")
        after = await _rows(world)
        if after[OTHER] != before[OTHER]:
            problems.append(f"{step.route} changed the other tenant's rows")
        if _apart(after["default"]) != _apart(before["default"]):
            problems.append(f"{step.route} took something over")
        at_home = await step.ask(walk, HOME)
        if at_home.status_code >= 400 or (step.is_told_apart and step.is_refused(at_home)):
            problems.append(f"{step.route} at home: {at_home.status_code} {at_home.text[:300]}")

    assert problems == []


@pytest.mark.proves("S131")
async def test_no_list_shows_another_tenants_rows(world: World) -> None:
    walk = await settled(world)
    marks = {
        walk.user_id,
        walk.application_id,
        walk.connector_id,
        walk.message_id,
        "Somebody at Acme",
        "Shop of acme",
        "Hook of acme",
        "Club of acme",
        "player",
        "Acme machine",
        walk.new_phone[-4:],
        walk.test_number,
    }
    seen_at_home = set()

    for route in sorted(LISTS):
        for place in (ABROAD, HOME):
            page = await walk.operator.get(route.path.replace("{tenant}", place.tenant))
            assert page.status_code == 200, f"{route}: {page.status_code}"
            shown = {mark for mark in marks if mark in page.text}
            if place is HOME:
                seen_at_home |= shown
            else:
                assert shown == set(), route

    assert seen_at_home == marks


@pytest.mark.proves("S131")
async def test_no_list_for_machines_shows_another_tenants_rows(world: World) -> None:
    walk = await settled(world)
    marks = {walk.connector_id, walk.message_id, walk.user_id, walk.spare_id, walk.resource_id}
    marks |= {walk.webhook_id, walk.test_number, "Bonjour Acme"}
    marks |= set(walk.organization.values())
    seen_at_home = set()

    for route in sorted(API_LISTS):
        abroad = await (await walk.machine(ABROAD)).get(route.path)
        assert abroad.status_code == 200, f"{route}: {abroad.status_code}"
        assert not {mark for mark in marks if mark in abroad.text}, route
        at_home = await (await walk.machine(HOME)).get(route.path)
        seen_at_home |= {mark for mark in marks if mark in at_home.text}

    assert seen_at_home == marks


async def _rows(world: World) -> dict[str, dict[str, list[str]]]:
    """Return all rows of every tenant, by table."""
    storage = world.server.storage
    rows: dict[str, dict[str, list[str]]] = {"default": {}, OTHER: {}}
    for row in await ServerRepository(storage).all(DUMPS[storage.dialect.name]):
        rows.setdefault(row["owner"], {}).setdefault(row["table_name"], []).append(row["whole"])
    return {
        tenant: {table: sorted(found) for table, found in tables.items()}
        for tenant, tables in rows.items()
    }


def _apart(rows: dict[str, Any]) -> dict[str, Any]:
    return {name: found for name, found in rows.items() if name not in OWN_BUSINESS}
