"""`/api/resources`: the APIs of a tenant, their scopes, and who may be given them."""

import asyncio
from typing import Any

import httpx2
import pytest

from tests.web.management.conftest import ALIAS, ORIGIN, RESOURCE, Site
from watchword.audit.models import SYSTEM
from watchword.configuration.models import Kind

RESOURCES = "/api/resources"
ORDERS = "https://orders.example.com"
BUILT_IN = "management-api"


async def create(api: httpx2.AsyncClient, indicator: str = ORDERS, **body: Any) -> dict[str, Any]:
    """Register an API and return the answer."""
    answer = await api.post(RESOURCES, json={"name": "Orders", "indicator": indicator, **body})
    assert answer.status_code == 201, answer.text
    created: dict[str, Any] = answer.json()
    return created


async def add_scope(api: httpx2.AsyncClient, resource: dict[str, Any], name: str) -> dict[str, Any]:
    """Add a scope and return the answer."""
    answer = await api.post(f"{RESOURCES}/{resource['id']}/scopes", json={"name": name})
    assert answer.status_code == 201, answer.text
    added: dict[str, Any] = answer.json()
    return added


async def test_an_api_is_shown_as_the_contract_has_it(api: httpx2.AsyncClient) -> None:
    created = await create(api, accessTokenTtl=600)

    shown = await api.get(f"{RESOURCES}/{created['id']}")

    assert created.pop("scopes") == []
    assert shown.json() == created
    assert created == {
        "tenantId": "default",
        "id": created["id"],
        "name": "Orders",
        "indicator": ORDERS,
        "isDefault": False,
        "accessTokenTtl": 600,
    }


async def test_a_list_has_scopes_where_they_are_asked_for(api: httpx2.AsyncClient) -> None:
    created = await create(api)
    scope = await add_scope(api, created, "read:orders")

    plain = (await api.get(RESOURCES)).json()
    full = (await api.get(RESOURCES, params={"includeScopes": "true"})).json()
    own = (await api.get(RESOURCES, params={"excludeManagementApis": "true"})).json()

    assert [row["id"] for row in plain] == [BUILT_IN, created["id"]]
    assert all("scopes" not in row for row in plain)
    assert [[found["name"] for found in row["scopes"]] for row in full] == [
        ["all"],
        ["read:orders"],
    ]
    assert full[1]["scopes"] == [scope]
    assert scope["resourceId"] == created["id"]
    assert [row["id"] for row in own] == [created["id"]]


async def test_a_page_is_cut_from_the_list(api: httpx2.AsyncClient) -> None:
    for number in range(4):
        await create(api, f"{ORDERS}/{number}")

    answer = await api.get(RESOURCES, params={"page": 2, "page_size": 2})

    assert len(answer.json()) == 2
    assert answer.headers["Total-Number"] == "5"


async def test_an_api_changes_but_for_its_indicator(api: httpx2.AsyncClient) -> None:
    created = await create(api)
    path = f"{RESOURCES}/{created['id']}"

    changed = await api.patch(
        path, json={"name": "Purchases", "accessTokenTtl": 60, "indicator": "https://other.example"}
    )

    assert changed.status_code == 200, changed.text
    assert changed.json()["name"] == "Purchases"
    assert changed.json()["accessTokenTtl"] == 60
    assert changed.json()["indicator"] == ORDERS
    nothing = await api.patch(path, json={})
    assert (nothing.status_code, nothing.json()["code"]) == (422, "entity.invalid_input")
    assert (await api.get(path)).json() == changed.json()


async def test_one_api_at_most_is_the_default(api: httpx2.AsyncClient) -> None:
    first, second = await create(api), await create(api, f"{ORDERS}/2")

    async def defaults() -> list[str]:
        return [row["id"] for row in (await api.get(RESOURCES)).json() if row["isDefault"]]

    async def put(resource: dict[str, Any], *, is_default: bool) -> None:
        answer = await api.patch(
            f"{RESOURCES}/{resource['id']}/is-default", json={"isDefault": is_default}
        )
        assert (answer.status_code, answer.json()["isDefault"]) == (200, is_default)

    await put(first, is_default=True)
    assert await defaults() == [first["id"]]
    await put(second, is_default=True)
    assert await defaults() == [second["id"]]
    await asyncio.gather(*(put(one, is_default=True) for one in (first, second) * 2))
    assert len(await defaults()) == 1
    for one in (first, second):
        await put(one, is_default=False)
    assert await defaults() == []


@pytest.mark.parametrize("indicator", [ORDERS, RESOURCE, ALIAS])
async def test_an_indicator_names_one_api(api: httpx2.AsyncClient, indicator: str) -> None:
    await create(api)

    answer = await api.post(RESOURCES, json={"name": "Other", "indicator": indicator})

    assert answer.status_code == 422
    assert answer.json()["code"] == "resource.resource_identifier_in_use"


async def test_of_two_with_one_indicator_at_once_one_is_registered(
    api: httpx2.AsyncClient,
) -> None:
    body = {"name": "Orders", "indicator": ORDERS}

    answers = await asyncio.gather(*(api.post(RESOURCES, json=body) for _ in range(4)))

    assert sorted(answer.status_code for answer in answers) == [201, 422, 422, 422]


async def test_what_can_not_be_an_api_is_refused(api: httpx2.AsyncClient) -> None:
    cases: list[dict[str, Any]] = [
        {"indicator": ORDERS},
        {"name": "", "indicator": ORDERS},
        {"name": "a\nb", "indicator": ORDERS},
        {"name": "X"},
        *(
            {"name": "X", "indicator": indicator}
            for indicator in (
                "",
                "orders",
                "/orders",
                "https://",
                "https://orders.example/#x",
                "https://orders.example/a b",
                "https://주문.example/",
                "https://orders.example:99999/",
                "https://[::1/",
                f"https://orders.example/{'a' * 2048}",
            )
        ),
        *(
            {"name": "X", "indicator": ORDERS, "accessTokenTtl": seconds}
            for seconds in (0, 59, 604801, 10**30, "soon")
        ),
    ]
    for body in cases:
        answer = await api.post(RESOURCES, json=body)

        assert (answer.status_code, answer.json()["code"]) == (400, "guard.invalid_input"), (
            body,
            answer.text,
        )


async def test_the_management_api_is_there_and_stays(api: httpx2.AsyncClient) -> None:
    path = f"{RESOURCES}/{BUILT_IN}"
    shown = (await api.get(path)).json()
    assert shown["indicator"] == f"{ORIGIN}/api"
    scopes = (await api.get(f"{path}/scopes")).json()
    assert [scope["name"] for scope in scopes] == ["all"]

    asked = (
        ("PATCH", path, {"name": "Mine"}),
        ("PATCH", f"{path}/is-default", {"isDefault": True}),
        ("POST", f"{path}/scopes", {"name": "more"}),
        ("PATCH", f"{path}/scopes/{scopes[0]['id']}", {"name": "less"}),
        ("DELETE", f"{path}/scopes/{scopes[0]['id']}", None),
        ("DELETE", path, None),
    )
    codes = []
    for method, address, body in asked:
        answer = await api.request(method, address, json=body)
        codes.append((answer.status_code, answer.json()["code"]))

    assert codes == [
        *[(400, "resource.cannot_modify_management_api")] * 5,
        (400, "resource.cannot_delete_management_api"),
    ]


async def test_an_unknown_api_is_unknown_everywhere(api: httpx2.AsyncClient) -> None:
    created = await create(api)
    scope = await add_scope(api, created, "read")
    assert (await api.delete(f"{RESOURCES}/{created['id']}")).status_code == 204

    for id_ in (created["id"], "nope"):
        for method, rest, body in (
            ("GET", "", None),
            ("PATCH", "", {"name": "X"}),
            ("DELETE", "", None),
            ("PATCH", "/is-default", {"isDefault": True}),
            ("GET", "/scopes", None),
            ("POST", "/scopes", {"name": "x"}),
            ("PATCH", f"/scopes/{scope['id']}", {"name": "x"}),
            ("DELETE", f"/scopes/{scope['id']}", None),
        ):
            answer = await api.request(method, f"{RESOURCES}/{id_}{rest}", json=body)
            assert (answer.status_code, answer.json()["code"]) == (404, "entity.not_found"), rest


class TestScopes:
    """What a token may allow at an API."""

    async def test_are_added_changed_and_deleted(self, api: httpx2.AsyncClient) -> None:
        created = await create(api)
        path = f"{RESOURCES}/{created['id']}/scopes"
        await add_scope(api, created, "read:orders")
        added = await api.post(path, json={"name": "write", "description": "Change orders"})
        scope = added.json()
        assert scope["description"] == "Change orders"

        changed = await api.patch(f"{path}/{scope['id']}", json={"name": "write:orders"})

        assert changed.json() == {**scope, "name": "write:orders"}
        cleared = await api.patch(f"{path}/{scope['id']}", json={"description": None})
        assert cleared.json() == {**scope, "name": "write:orders", "description": None}
        found = (await api.get(path, params={"search": "%WRITE%"})).json()
        assert [row["name"] for row in found] == ["write:orders"]
        assert (await api.delete(f"{path}/{scope['id']}")).status_code == 204
        assert [row["name"] for row in (await api.get(path)).json()] == ["read:orders"]
        assert (await api.delete(f"{path}/{scope['id']}")).status_code == 404

    async def test_have_names_that_a_request_can_list(self, api: httpx2.AsyncClient) -> None:
        cases: list[tuple[Any, int, str]] = [
            ("read", 422, "scope.name_exists"),
            ("read orders", 400, "scope.name_with_space"),
            ("read\torders", 400, "scope.name_with_space"),
            ('read"', 400, "scope.invalid_name"),
            ("읽기", 400, "scope.invalid_name"),
            ("a\0b", 400, "scope.invalid_name"),
            ("openid", 400, "scope.invalid_name"),
            ("offline_access", 400, "scope.invalid_name"),
            ("", 400, "guard.invalid_input"),
            (5, 400, "guard.invalid_input"),
            ("x" * 300, 400, "guard.invalid_input"),
        ]
        created = await create(api)
        await add_scope(api, created, "read")
        other = await add_scope(api, created, "other")
        path = f"{RESOURCES}/{created['id']}/scopes"

        for name, status, code in cases:
            for answer in (
                await api.post(path, json={"name": name}),
                await api.patch(f"{path}/{other['id']}", json={"name": name}),
            ):
                assert (answer.status_code, answer.json()["code"]) == (status, code), (
                    name,
                    answer.text,
                )

    async def test_of_one_name_at_once_are_one(self, api: httpx2.AsyncClient) -> None:
        created = await create(api)
        path = f"{RESOURCES}/{created['id']}/scopes"

        answers = await asyncio.gather(*(api.post(path, json={"name": "read"}) for _ in range(4)))

        assert sorted(answer.status_code for answer in answers) == [201, 422, 422, 422]
        assert len((await api.get(path)).json()) == 1

    async def test_of_two_apis_may_have_one_name(self, api: httpx2.AsyncClient) -> None:
        first, second = await create(api), await create(api, f"{ORDERS}/2")
        assert await add_scope(api, first, "read") != await add_scope(api, second, "read")


class TestAssignment:
    """An application is given what was assigned to it."""

    async def test_replaces_what_was_there(self, api: httpx2.AsyncClient) -> None:
        created = await create(api)
        read, write = [await add_scope(api, created, name) for name in ("read", "write")]
        body = {"name": "Robot", "type": "MachineToMachine"}
        robot = (await api.post("/api/applications", json=body)).json()
        path = f"/api/applications/{robot['id']}/resource-scopes"
        assert (await api.get(path)).json() == []

        assigned = await api.put(path, json={"scopeIds": [read["id"], write["id"], read["id"]]})

        assert assigned.status_code == 200, assigned.text
        assert assigned.json() == (await api.get(path)).json()
        assert assigned.json() == [
            {
                "resource": {"id": created["id"], "name": "Orders", "indicator": ORDERS},
                "scopes": [
                    {"id": scope["id"], "name": scope["name"], "description": None}
                    for scope in (read, write)
                ],
            }
        ]
        fewer = (await api.put(path, json={"scopeIds": [write["id"]]})).json()
        assert [scope["name"] for scope in fewer[0]["scopes"]] == ["write"]
        assert (await api.put(path, json={"scopeIds": []})).json() == []

    async def test_of_an_unknown_scope_is_refused_whole(self, api: httpx2.AsyncClient) -> None:
        created = await create(api)
        read = await add_scope(api, created, "read")
        body = {"name": "Robot", "type": "MachineToMachine"}
        robot = (await api.post("/api/applications", json=body)).json()
        path = f"/api/applications/{robot['id']}/resource-scopes"

        # The scope of the Management API is not assigned, but given with `isManagement`.
        for unknown in ("nope", "management-api-all"):
            answer = await api.put(path, json={"scopeIds": [read["id"], unknown]})
            assert answer.status_code == 422
            assert answer.json()["code"] == "entity.relation_foreign_key_not_found"
            assert answer.json()["data"] == {"scopeIds": [unknown]}
        assert (await api.get(path)).json() == []
        nobody = await api.put("/api/applications/nobody/resource-scopes", json={"scopeIds": []})
        assert nobody.status_code == 404


async def test_an_earlier_version_comes_back_with_its_scopes(
    site: Site, api: httpx2.AsyncClient
) -> None:
    created = await create(api)
    scope = await add_scope(api, created, "read")
    path = f"{RESOURCES}/{created['id']}"
    await api.patch(path, json={"name": "Wrong"})
    await api.delete(f"{path}/scopes/{scope['id']}")

    async def restore(version: int) -> None:
        configuration = (await site.scope()).configuration
        await configuration.restore(SYSTEM, Kind.RESOURCE, created["id"], version)

    await restore(2)
    assert (await api.get(path)).json()["name"] == "Orders"
    assert (await api.get(f"{path}/scopes")).json() == [scope]

    await api.delete(path)
    await restore(1)
    assert (await api.get(path)).json()["indicator"] == ORDERS
    assert (await api.get(f"{path}/scopes")).json() == []
    history = await (await site.scope()).configuration.history(Kind.RESOURCE, created["id"])
    assert [version.action for version in history.items] == [
        "restored",
        "deleted",
        "restored",
        "changed",
        "changed",
        "changed",
        "created",
    ]
