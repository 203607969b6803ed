"""Organizations, their members, roles and scopes: over HTTP, as a script asks."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import httpx2
import pytest

from tests.web.management.conftest import Site
from watchword.audit.models import SYSTEM, AuditFilter
from watchword.core.pagination import PageRequest
from watchword.core.phone import PhoneNumber
from watchword.organization_roles.models import NewRole
from watchword.organizations.models import NewOrganization
from watchword.storage import Database
from watchword.users.models import NewUser
from watchword.webhooks.models import Event
from watchword.webhooks.service import WebhookService

ORGANIZATIONS = "/api/organizations"
ROLES = "/api/organization-roles"
SCOPES = "/api/organization-scopes"


async def made(api: httpx2.AsyncClient, path: str, **body: Any) -> str:
    answer = await api.post(path, json=body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def person(site: Site, name: str, **more: Any) -> str:
    site.clock.advance(timedelta(seconds=1))
    return (await (await site.scope()).users.create(NewUser(name=name, **more))).id


async def join(
    api: httpx2.AsyncClient, organization: str, users: list[str], roles: list[str] | None = None
) -> None:
    answer = await api.post(f"{ORGANIZATIONS}/{organization}/users", json={"userIds": users})
    assert answer.status_code == 201, answer.text
    if roles:
        body = {"userIds": users, "organizationRoleIds": roles}
        answer = await api.post(f"{ORGANIZATIONS}/{organization}/users/roles", json=body)
        assert (answer.status_code, answer.content) == (201, b""), answer.text


def told(answer: httpx2.Response) -> tuple[int, str]:
    return answer.status_code, str(answer.json().get("code"))


# Organizations.


async def test_an_organization_comes_back_as_it_was_made_and_changes_only_what_is_named(
    api: httpx2.AsyncClient,
) -> None:
    created = await api.post(
        ORGANIZATIONS,
        json={
            "name": "Acme",
            "description": "Anvils",
            "customData": {"plan": "pro"},
            "color": {"primaryColor": "#123456"},
            "branding": {"logoUrl": "https://acme.example/logo.svg"},
        },
    )
    path = f"{ORGANIZATIONS}/{created.json()['id']}"

    changed = await api.patch(path, json={"name": "Acme 2", "isMfaRequired": True})

    assert created.status_code == 201
    assert (await api.get(path)).json() == changed.json()
    assert changed.json() == {**created.json(), "name": "Acme 2", "isMfaRequired": True}
    assert created.json()["color"] == {"primaryColor": "#123456"}
    assert told(await api.patch(path, json={})) == (422, "entity.invalid_input")
    assert (await api.get(path)).json() == changed.json()


async def test_what_has_not_the_right_form_makes_and_changes_nothing(
    api: httpx2.AsyncClient,
) -> None:
    cases: list[dict[str, Any]] = [
        {"name": ""},
        {"name": None},
        {"name": "x" * 129},
        {"name": "x", "customData": "b"},
        {"name": "x", "isMfaRequired": "yes"},
        {"name": "x", "color": {"primaryColor": "red"}},
        {"name": "x", "branding": {"logoUrl": "javascript:alert(1)"}},
    ]
    id_ = await made(api, ORGANIZATIONS, name="Acme")
    before = (await api.get(ORGANIZATIONS)).json()

    for body in cases:
        assert told(await api.post(ORGANIZATIONS, json=body)) == (400, "guard.invalid_input"), body
        changed = await api.patch(f"{ORGANIZATIONS}/{id_}", json=body)

        assert told(changed) == (400, "guard.invalid_input"), body
        assert (await api.get(ORGANIZATIONS)).json() == before, body


async def test_organizations_are_listed_by_page_and_found_by_name_and_id(
    site: Site, api: httpx2.AsyncClient
) -> None:
    ids = []
    for number in range(25):
        site.clock.advance(timedelta(seconds=1))
        ids.append(await made(api, ORGANIZATIONS, name=f"Shop {number:02}"))

    first = await api.get(ORGANIZATIONS)
    second = await api.get(ORGANIZATIONS, params={"page": 2, "page_size": 10})
    by_name = await api.get(ORGANIZATIONS, params={"q": "sHOP 1"})
    by_id = await api.get(ORGANIZATIONS, params={"q": ids[3]})

    assert [item["id"] for item in first.json()] == ids[:4:-1]
    assert first.headers["total-number"] == "25"
    assert second.json()[0] == first.json()[10]
    assert {item["name"] for item in by_name.json()} == {f"Shop {n}" for n in range(10, 20)}
    assert [item["id"] for item in by_id.json()] == [ids[3]]
    assert (await api.get(ORGANIZATIONS, params={"q": "%"})).json() == []
    assert "usersCount" not in first.json()[0]


async def test_a_list_shows_who_came_last_and_how_many_there_are_if_asked(
    site: Site, api: httpx2.AsyncClient
) -> None:
    busy, empty = [await made(api, ORGANIZATIONS, name=name) for name in ("busy", "empty")]
    people = [await person(site, f"Person {number}") for number in range(5)]
    for id_ in people:
        site.clock.advance(timedelta(seconds=1))
        await join(api, busy, [id_])

    listed = (await api.get(ORGANIZATIONS, params={"showFeatured": "1"})).json()
    shown = {item["id"]: (item["usersCount"], item["featuredUsers"]) for item in listed}

    assert shown[empty] == (0, [])
    assert shown[busy][0] == 5
    assert [user["id"] for user in shown[busy][1]] == people[:1:-1]
    assert shown[busy][1][0] == {"id": people[4], "avatar": None, "name": "Person 4"}


async def test_a_deleted_organization_leaves_nobody_in_it(
    site: Site, api: httpx2.AsyncClient
) -> None:
    id_ = await made(api, ORGANIZATIONS, name="Acme")
    role = await made(api, ROLES, name="admin")
    user = await person(site, "Ada")
    await join(api, id_, [user], [role])

    assert (await api.delete(f"{ORGANIZATIONS}/{id_}")).status_code == 204

    assert told(await api.delete(f"{ORGANIZATIONS}/{id_}")) == (404, "entity.not_found")
    assert told(await api.get(f"{ORGANIZATIONS}/{id_}")) == (404, "entity.not_found")
    assert told(await api.get(f"{ORGANIZATIONS}/{id_}/users")) == (404, "entity.not_found")
    assert (await api.get(f"/api/users/{user}/organizations")).json() == []
    assert (await api.get(f"{ROLES}/{role}")).status_code == 200


# Members.


async def test_members_are_listed_with_their_roles_and_found_by_what_users_are_found_by(
    site: Site, api: httpx2.AsyncClient
) -> None:
    id_ = await made(api, ORGANIZATIONS, name="Acme")
    roles = [await made(api, ROLES, name=name) for name in ("writer", "admin")]
    ada = await person(site, "Ada", primary_phone=PhoneNumber("447700900123"))
    bob = await person(site, "Bob")
    stranger = await person(site, "Cy")
    await join(api, id_, [ada], roles)
    site.clock.advance(timedelta(seconds=1))
    await join(api, id_, [bob, bob])

    listed = await api.get(f"{ORGANIZATIONS}/{id_}/users")
    found = await api.get(f"{ORGANIZATIONS}/{id_}/users", params={"q": "0090012"})

    assert [member["id"] for member in listed.json()] == [bob, ada]
    assert listed.headers["total-number"] == "2"
    assert [role["name"] for role in listed.json()[1]["organizationRoles"]] == ["admin", "writer"]
    assert listed.json()[0]["organizationRoles"] == []
    assert [member["name"] for member in found.json()] == ["Ada"]
    assert found.headers["total-number"] == "1"
    assert stranger not in listed.text


async def test_members_are_replaced_and_who_stays_keeps_their_roles(
    site: Site, api: httpx2.AsyncClient
) -> None:
    id_ = await made(api, ORGANIZATIONS, name="Acme")
    role = await made(api, ROLES, name="admin")
    ada, bob, cy = [await person(site, name) for name in ("Ada", "Bob", "Cy")]
    await join(api, id_, [ada, bob], [role])

    replaced = await api.put(f"{ORGANIZATIONS}/{id_}/users", json={"userIds": [bob, cy]})

    assert replaced.status_code == 204
    members = (await api.get(f"{ORGANIZATIONS}/{id_}/users")).json()
    roles = {member["id"]: len(member["organizationRoles"]) for member in members}
    assert roles == {bob: 1, cy: 0}
    assert (await api.put(f"{ORGANIZATIONS}/{id_}/users", json={"userIds": []})).status_code == 204
    assert (await api.get(f"{ORGANIZATIONS}/{id_}/users")).json() == []
    unknown = await api.put(f"{ORGANIZATIONS}/nope/users", json={"userIds": []})
    assert told(unknown) == (404, "entity.not_found")


async def test_of_users_who_are_not_all_there_nobody_is_added(
    site: Site, api: httpx2.AsyncClient
) -> None:
    id_ = await made(api, ORGANIZATIONS, name="Acme")
    ada = await person(site, "Ada")
    missing = (422, "entity.relation_foreign_key_not_found")

    for method, users in (("POST", [ada, "nope"]), ("PUT", ["nope"])):
        answer = await api.request(method, f"{ORGANIZATIONS}/{id_}/users", json={"userIds": users})
        assert told(answer) == missing
    assert told(await api.post(f"{ORGANIZATIONS}/0/users", json={"userIds": [ada]})) == missing
    assert told(await api.post(f"{ORGANIZATIONS}/{id_}/users", json={"userIds": []}))[0] == 400
    assert (await api.get(f"{ORGANIZATIONS}/{id_}/users")).json() == []


async def test_who_leaves_loses_their_roles(site: Site, api: httpx2.AsyncClient) -> None:
    id_ = await made(api, ORGANIZATIONS, name="Acme")
    role = await made(api, ROLES, name="admin")
    ada = await person(site, "Ada")
    await join(api, id_, [ada], [role])
    path = f"{ORGANIZATIONS}/{id_}/users/{ada}"

    assert (await api.delete(path)).status_code == 204

    assert told(await api.delete(path)) == (404, "entity.not_found")
    assert told(await api.get(f"{path}/roles")) == (422, "organization.require_membership")
    await join(api, id_, [ada])
    assert (await api.get(f"{path}/roles")).json() == []


async def test_a_deleted_user_belongs_to_nothing(site: Site, api: httpx2.AsyncClient) -> None:
    id_ = await made(api, ORGANIZATIONS, name="Acme")
    role = await made(api, ROLES, name="admin")
    ada = await person(site, "Ada")
    await join(api, id_, [ada], [role])

    await (await site.scope()).users.delete(ada)

    assert (await api.get(f"{ORGANIZATIONS}/{id_}/users")).json() == []
    assert told(await api.get(f"/api/users/{ada}/organizations")) == (404, "entity.not_found")


async def test_of_many_who_add_the_same_user_at_once_all_are_content(
    site: Site, api: httpx2.AsyncClient
) -> None:
    id_ = await made(api, ORGANIZATIONS, name="Acme")
    role = await made(api, ROLES, name="admin")
    ada = await person(site, "Ada")

    await asyncio.gather(*(join(api, id_, [ada], [role]) for _ in range(4)))

    members = (await api.get(f"{ORGANIZATIONS}/{id_}/users")).json()
    assert [(m["id"], len(m["organizationRoles"])) for m in members] == [(ada, 1)]


async def test_a_page_of_members_costs_as_many_statements_however_many_they_are(
    site: Site, api: httpx2.AsyncClient
) -> None:
    small, large = [await made(api, ORGANIZATIONS, name=name) for name in ("small", "large")]
    roles = [await made(api, ROLES, name=f"role {number}") for number in range(4)]
    people = [await person(site, f"Person {number}") for number in range(60)]
    await join(api, small, people[:1], roles)
    await join(api, large, people, roles)

    async def cost(organization: str) -> int:
        costs = []
        # The server looks after other things beside; of several times one has it to itself.
        for _ in range(4):
            before = site.server.storage.statements
            await api.get(f"{ORGANIZATIONS}/{organization}/users", params={"page_size": 100})
            costs.append(site.server.storage.statements - before)
        return min(costs)

    assert await cost(small) == await cost(large)
    answer = await api.get(f"{ORGANIZATIONS}/{large}/users", params={"page_size": 100})
    assert len(answer.json()) == 60
    assert all(len(member["organizationRoles"]) == 4 for member in answer.json())


# What members are.


async def test_a_member_is_given_roles_by_id_and_by_name(
    site: Site, api: httpx2.AsyncClient
) -> None:
    id_ = await made(api, ORGANIZATIONS, name="Acme")
    admin, writer = await made(api, ROLES, name="admin"), await made(api, ROLES, name="writer")
    ada = await person(site, "Ada")
    await join(api, id_, [ada])
    path = f"{ORGANIZATIONS}/{id_}/users/{ada}/roles"
    body = {"organizationRoleIds": [admin, admin], "organizationRoleNames": ["writer"]}

    given = await api.post(path, json=body)

    assert (given.status_code, given.json()) == (201, {"organizationRoleIds": [admin, writer]})
    assert (await api.post(path, json=body)).status_code == 201
    listed = (await api.get(path)).json()
    assert [role["name"] for role in listed] == ["admin", "writer"]
    assert listed[0] == {
        "tenantId": "default",
        "id": admin,
        "name": "admin",
        "description": None,
        "type": "User",
    }
    page = await api.get(path, params={"page": 2, "page_size": 1})
    assert ([role["name"] for role in page.json()], page.headers["total-number"]) == (
        ["writer"],
        "2",
    )

    replaced = await api.put(path, json={"organizationRoleNames": ["writer"]})

    assert replaced.status_code == 204
    assert [role["id"] for role in (await api.get(path)).json()] == [writer]
    assert (await api.delete(f"{path}/{writer}")).status_code == 204
    assert told(await api.delete(f"{path}/{writer}")) == (404, "entity.not_found")


async def test_roles_that_are_not_there_or_for_machines_are_given_to_nobody(
    site: Site, api: httpx2.AsyncClient
) -> None:
    id_ = await made(api, ORGANIZATIONS, name="Acme")
    admin = await made(api, ROLES, name="admin")
    machine = await made(api, ROLES, name="machine", type="MachineToMachine")
    ada, stranger = await person(site, "Ada"), await person(site, "Bob")
    await join(api, id_, [ada])
    path = f"{ORGANIZATIONS}/{id_}/users/{ada}/roles"
    missing = (422, "entity.relation_foreign_key_not_found")
    not_named = (422, "organization.role_names_not_found")
    for_machines = (422, "entity.db_constraint_violated")

    for method in ("POST", "PUT"):
        for body, expected in (
            ({"organizationRoleIds": [admin, "0"]}, missing),
            ({"organizationRoleNames": ["admin", "nobody"]}, not_named),
            ({"organizationRoleIds": [admin, machine]}, for_machines),
        ):
            assert told(await api.request(method, path, json=body)) == expected
    several = {"userIds": [ada, stranger], "organizationRoleIds": [admin]}
    assert told(await api.post(f"{ORGANIZATIONS}/{id_}/users/roles", json=several)) == missing

    assert (await api.get(path)).json() == []
    nobody = f"{ORGANIZATIONS}/{id_}/users/{stranger}"
    not_member = (422, "organization.require_membership")
    assert told(await api.post(f"{nobody}/roles", json={})) == not_member
    assert told(await api.delete(f"{nobody}/roles/{admin}")) == not_member
    assert told(await api.get(f"{nobody}/scopes")) == not_member


async def test_a_member_may_do_what_their_roles_allow(site: Site, api: httpx2.AsyncClient) -> None:
    id_ = await made(api, ORGANIZATIONS, name="Acme", isMfaRequired=True)
    scopes = [await made(api, SCOPES, name=name) for name in ("write", "read")]
    both = await made(api, ROLES, name="both", organizationScopeIds=scopes)
    one = await made(api, ROLES, name="one", organizationScopeIds=scopes[1:])
    ada = await person(site, "Ada")
    organizations = (await site.scope()).organizations
    path = f"{ORGANIZATIONS}/{id_}/users/{ada}"

    assert await organizations.find_permit(id_, ada) is None
    await join(api, id_, [ada])
    permit = await organizations.find_permit(id_, ada)
    assert permit is not None
    assert (permit.scopes, permit.is_mfa_required) == (frozenset(), True)
    await join(api, id_, [ada], [both, one])
    permit = await organizations.find_permit(id_, ada)
    assert permit is not None
    assert permit.scopes == {"read", "write"}
    assert [scope["name"] for scope in (await api.get(f"{path}/scopes")).json()] == [
        "read",
        "write",
    ]

    await api.delete(f"{path}/roles/{both}")

    assert [scope["name"] for scope in (await api.get(f"{path}/scopes")).json()] == ["read"]


async def test_a_users_organizations_are_listed_with_their_roles_in_each_by_one_statement(
    site: Site, api: httpx2.AsyncClient
) -> None:
    first, second = [await made(api, ORGANIZATIONS, name=name) for name in ("first", "second")]
    await made(api, ORGANIZATIONS, name="not theirs")
    admin, writer = await made(api, ROLES, name="admin"), await made(api, ROLES, name="writer")
    ada, bob = await person(site, "Ada"), await person(site, "Bob")
    await join(api, first, [ada, bob], [writer, admin])
    site.clock.advance(timedelta(seconds=1))
    await join(api, second, [ada])

    listed = (await api.get(f"/api/users/{ada}/organizations")).json()
    page = await api.get(f"/api/users/{ada}/organizations", params={"page": 2, "page_size": 1})
    before = site.server.storage.statements
    memberships = await (await site.scope()).organizations.list_of_user(ada)

    assert site.server.storage.statements - before == 1
    shown = [(item["name"], [r["name"] for r in item["organizationRoles"]]) for item in listed]
    assert shown == [("second", []), ("first", ["admin", "writer"])]
    assert [m.organization.id for m in memberships] == [second, first]
    assert ([item["name"] for item in page.json()], page.headers["total-number"]) == (
        ["first"],
        "2",
    )


# Roles and scopes.


@pytest.mark.parametrize("path", [ROLES, SCOPES])
async def test_names_are_given_once(api: httpx2.AsyncClient, path: str) -> None:
    taken = (422, "entity.unique_integrity_violation")
    first = await made(api, path, name="first", description="d")
    second = await made(api, path, name="second")

    assert told(await api.post(path, json={"name": "first"})) == taken
    assert told(await api.patch(f"{path}/{second}", json={"name": "first"})) == taken
    changed = await api.patch(f"{path}/{first}", json={"description": None})

    assert changed.json()["description"] is None
    assert [item["name"] for item in (await api.get(path)).json()] == ["first", "second"]
    assert [i["id"] for i in (await api.get(path, params={"q": "SEC"})).json()] == [second]
    assert (await api.delete(f"{path}/{second}")).status_code == 204
    for answer in (
        await api.delete(f"{path}/{second}"),
        await api.get(f"{path}/{second}"),
        await api.patch(f"{path}/{second}", json={"name": "third"}),
    ):
        assert told(answer) == (404, "entity.not_found")


async def test_a_role_shows_what_it_allows_and_allows_what_it_is_given(
    api: httpx2.AsyncClient,
) -> None:
    read, write, delete = [await made(api, SCOPES, name=n) for n in ("read", "write", "delete")]
    role = await made(api, ROLES, name="writer", organizationScopeIds=[read])
    path = f"{ROLES}/{role}/scopes"

    async def names() -> list[str]:
        shown = (await api.get(f"{ROLES}/{role}")).json()
        assert shown["resourceScopes"] == []
        assert (await api.get(ROLES)).json() == [shown]
        listed = [scope["name"] for scope in (await api.get(path)).json()]
        assert [scope["name"] for scope in shown["scopes"]] == listed
        return listed

    assert await names() == ["read"]
    body = {"organizationScopeIds": [read, write]}
    assert (await api.post(path, json=body)).status_code == 201
    assert await names() == ["read", "write"]
    unknown = await api.post(path, json={"organizationScopeIds": [delete, "0"]})
    assert told(unknown) == (422, "entity.relation_foreign_key_not_found")
    assert await names() == ["read", "write"]
    assert (await api.put(path, json={"organizationScopeIds": [delete]})).status_code == 204
    assert await names() == ["delete"]
    assert (await api.delete(f"{path}/{delete}")).status_code == 204
    assert told(await api.delete(f"{path}/{delete}")) == (404, "entity.not_found")
    await api.post(path, json=body)
    await api.delete(f"{SCOPES}/{write}")
    assert await names() == ["read"]
    assert (await api.put(path, json={"organizationScopeIds": []})).status_code == 204
    assert await names() == []
    nothing = await api.put(f"{ROLES}/nope/scopes", json={"organizationScopeIds": []})
    assert told(nothing) == (404, "entity.not_found")


async def test_a_role_with_an_unknown_scope_is_not_made(api: httpx2.AsyncClient) -> None:
    for name in ("organizationScopeIds", "resourceScopeIds"):
        answer = await api.post(ROLES, json={"name": "writer", name: ["nope"]})
        assert told(answer) == (422, "entity.relation_foreign_key_not_found")

    assert (await api.get(ROLES)).json() == []


async def test_a_role_shows_the_scopes_of_api_resources_that_it_was_given(
    api: httpx2.AsyncClient,
) -> None:
    body = {"name": "Orders", "indicator": "https://orders.example"}
    resource = (await api.post("/api/resources", json=body)).json()["id"]
    scope = await api.post(f"/api/resources/{resource}/scopes", json={"name": "read:orders"})
    scope_id = scope.json()["id"]

    role = await made(api, ROLES, name="clerk", resourceScopeIds=[scope_id])

    assert (await api.get(f"{ROLES}/{role}")).json()["resourceScopes"] == [
        {
            "id": scope_id,
            "name": "read:orders",
            "resource": {"id": resource, "name": "Orders"},
        }
    ]


# What is written down.


async def test_every_change_is_in_the_audit_log_with_what_was_before(
    site: Site, api: httpx2.AsyncClient
) -> None:
    id_ = await made(api, ORGANIZATIONS, name="Acme")
    role = await made(api, ROLES, name="admin")
    ada = await person(site, "Ada")
    await join(api, id_, [ada], [role])
    await api.patch(f"{ORGANIZATIONS}/{id_}", json={"name": "Acme 2"})
    await api.patch(f"{ORGANIZATIONS}/{id_}", json={"name": "Acme 2"})
    await api.delete(f"{ORGANIZATIONS}/{id_}/users/{ada}")
    await api.delete(f"{ORGANIZATIONS}/{id_}")

    log = await (await site.scope()).audit.list(
        PageRequest(size=100), AuditFilter(subject=f"organization:{id_}")
    )

    found = {entry.event: entry for entry in log.items}
    assert sorted(entry.event for entry in log.items) == [
        "organization.changed",
        "organization.created",
        "organization.deleted",
        "organization.member_roles_changed",
        "organization.members_changed",
        "organization.members_changed",
    ]
    changed = found["organization.changed"].payload
    assert (changed["before"]["name"], changed["after"]["name"]) == ("Acme", "Acme 2")
    assert found["organization.deleted"].payload["before"]["name"] == "Acme 2"
    assert all(entry.actor.kind == "application" for entry in log.items)


@dataclass(frozen=True, kw_only=True)
class Told(WebhookService):
    """Keeps what is told."""

    events: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    async def announce(
        self, event: Event, payload: Mapping[str, Any], *, tx: Database | None = None
    ) -> None:
        """Keep it; every one of these is part of a change."""
        assert tx is not None
        self.events.append((event.value, dict(payload)))


async def test_what_changes_is_told_as_the_contract_tells_it(site: Site) -> None:
    told, scope = Told(), await site.scope()
    roles = replace(scope.organization_roles, webhooks=told)
    organizations = replace(scope.organizations, webhooks=told, roles=roles)
    ada, bob = await person(site, "Ada"), await person(site, "Bob")

    club = await organizations.create(SYSTEM, NewOrganization(name="Club"))
    await organizations.change(SYSTEM, club.id, {"name": "Club"})
    await organizations.change(SYSTEM, club.id, {"name": "Club 2"})
    await organizations.add_members(SYSTEM, club.id, [ada])
    await organizations.add_members(SYSTEM, club.id, [ada])
    await organizations.replace_members(SYSTEM, club.id, [bob])
    await organizations.remove_member(SYSTEM, club.id, bob)
    await organizations.delete(SYSTEM, club.id)
    role = await roles.create(SYSTEM, NewRole(name="player"))
    await roles.change(SYSTEM, role.id, {"description": "d"})
    await roles.delete(SYSTEM, role.id)
    scope_ = await roles.create_scope(SYSTEM, "play")
    await roles.change_scope(SYSTEM, scope_.id, {"description": "d"})
    await roles.delete_scope(SYSTEM, scope_.id)

    of = {"organizationId": club.id}
    params = {"params": {"id": club.id}}
    before = {"tenantId": "default", **club.document()}
    assert told.events[:6] == [
        ("Organization.Created", {**params, "data": before}),
        ("Organization.Data.Updated", {**params, "data": {**before, "name": "Club 2"}}),
        ("Organization.Membership.Updated", {**of, "addedUserIds": [ada]}),
        (
            "Organization.Membership.Updated",
            {**of, "addedUserIds": [bob], "removedUserIds": [ada]},
        ),
        ("Organization.Membership.Updated", {**of, "removedUserIds": [bob]}),
        ("Organization.Deleted", params),
    ]
    assert [event for event, _ in told.events[6:]] == [
        "OrganizationRole.Created",
        "OrganizationRole.Data.Updated",
        "OrganizationRole.Deleted",
        "OrganizationScope.Created",
        "OrganizationScope.Data.Updated",
        "OrganizationScope.Deleted",
    ]
