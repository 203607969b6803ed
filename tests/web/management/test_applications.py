"""`/api/applications`: registered, changed and forgotten by a machine; secrets come and go."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx2
import pytest

from tests.web.management.conftest import RESOURCE, Site
from watchword.audit.models import SYSTEM
from watchword.configuration.models import Kind

APPLICATIONS = "/api/applications"
MASK = "••••••••"
CALLBACK = "https://shop.example/callback"
SHOP = {
    "name": "Shop",
    "type": "Traditional",
    "oidcClientMetadata": {
        "redirectUris": [CALLBACK],
        "postLogoutRedirectUris": ["https://shop.example/"],
    },
}
MACHINE = {"name": "Robot", "type": "MachineToMachine"}


async def create(api: httpx2.AsyncClient, body: dict[str, Any]) -> dict[str, Any]:
    """Register an application and return the answer."""
    answer = await api.post(APPLICATIONS, json=body)
    assert answer.status_code == 200, answer.text
    created: dict[str, Any] = answer.json()
    return created


async def works(site: Site, application: dict[str, Any], secret: str) -> bool:
    """Tell whether a machine gets a token with *secret*."""
    client = await site.client()
    answer = await client.post(
        "/oidc/token",
        data={"grant_type": "client_credentials", "resource": RESOURCE},
        auth=(application["id"], secret),
    )
    assert answer.status_code in {200, 401}, answer.text
    return answer.status_code == 200


async def test_an_application_is_shown_as_the_contract_has_it(api: httpx2.AsyncClient) -> None:
    created = await create(api, {**SHOP, "customData": {"team": "web"}, "description": "A shop"})

    shown = (await api.get(f"{APPLICATIONS}/{created['id']}")).json()

    assert shown == {**created, "secret": MASK}
    assert len(created["secret"]) > 40
    assert isinstance(created["createdAt"], int)
    wanted = {
        "tenantId": "default",
        "name": "Shop",
        "description": "A shop",
        "type": "Traditional",
        "isThirdParty": False,
        "isAdmin": False,
        "isManagement": False,
        "customData": {"team": "web"},
        "protectedAppMetadata": None,
        "oidcClientMetadata": SHOP["oidcClientMetadata"],
    }
    assert {name: shown[name] for name in wanted} == wanted


async def test_a_change_keeps_what_it_does_not_name(api: httpx2.AsyncClient) -> None:
    created = await create(api, SHOP)
    path = f"{APPLICATIONS}/{created['id']}"

    changed = await api.patch(
        path,
        json={
            "name": "Bazaar",
            "secret": MASK,
            "customClientMetadata": {"corsAllowedOrigins": ["https://cdn.shop.example"]},
        },
    )

    assert changed.status_code == 200, changed.text
    assert changed.json()["name"] == "Bazaar"
    assert changed.json()["oidcClientMetadata"] == created["oidcClientMetadata"]
    assert changed.json()["customClientMetadata"] == {
        **created["customClientMetadata"],
        "corsAllowedOrigins": ["https://cdn.shop.example"],
    }
    late = await api.patch(path, json={"name": "Late", "expectedVersion": 1})
    assert (late.status_code, late.json()["code"]) == (409, "configuration.changed")


async def test_a_deleted_application_is_unknown(api: httpx2.AsyncClient) -> None:
    created = await create(api, SHOP)
    path = f"{APPLICATIONS}/{created['id']}"

    assert (await api.delete(path)).status_code == 204

    for method in ("GET", "DELETE"):
        answer = await api.request(method, path)
        assert (answer.status_code, answer.json()["code"]) == (404, "entity.not_found")


async def test_the_demo_application_is_shown_and_stays(api: httpx2.AsyncClient) -> None:
    path = f"{APPLICATIONS}/demo-app"
    shown = await api.get(path)
    assert (shown.status_code, shown.json()["isAdmin"]) == (200, False)
    assert (await api.delete(path)).status_code == 404
    assert (await api.patch(path, json={"name": "Mine"})).status_code == 404


async def test_a_list_is_whole_unless_a_page_is_asked_for(api: httpx2.AsyncClient) -> None:
    names = [f"Shop {number}" for number in range(25)]
    for name in names:
        await create(api, {**SHOP, "name": name})

    whole = await api.get(APPLICATIONS)
    page = await api.get(APPLICATIONS, params={"page": 2, "page_size": 10})

    assert {row["name"] for row in whole.json()} == {*names, "script"}
    assert len(page.json()) == 10
    assert page.headers["Total-Number"] == "26"
    assert 'rel="next"' in page.headers["Link"]
    assert {row["secret"] for row in whole.json()} == {MASK}


async def test_a_list_can_be_narrowed(api: httpx2.AsyncClient) -> None:
    cases: list[tuple[dict[str, Any], set[str]]] = [
        ({"types": "SPA"}, {"Page"}),
        ({"types": ["SPA", "Traditional"]}, {"Page", "Shop one", "Third"}),
        ({"types": ["SPA", "Protected", "SAML"]}, {"Page"}),
        ({"types": "Protected"}, set()),
        ({"isThirdParty": "true"}, {"Third"}),
        ({"isThirdParty": "false", "types": "Traditional"}, {"Shop one"}),
        ({"search": "%P ONE%"}, {"Shop one"}),
        ({"search": "%sold here%"}, {"Page"}),
        ({"search": "p one"}, set()),
        ({"search": "%\\"}, set()),
    ]
    await create(api, {**SHOP, "name": "Shop one"})
    await create(api, {"name": "Page", "type": "SPA", "description": "Things are sold here"})
    await create(api, {**SHOP, "name": "Third", "isThirdParty": True})

    for query, expected in cases:
        answer = await api.get(APPLICATIONS, params=query)

        assert answer.status_code == 200, (query, answer.text)
        assert {row["name"] for row in answer.json()} == expected, query


async def test_what_can_not_be_registered_is_refused(api: httpx2.AsyncClient) -> None:
    cases: list[tuple[dict[str, Any], int, str]] = [
        ({"type": "SPA"}, 400, "guard.invalid_input"),
        ({"name": "", "type": "SPA"}, 400, "guard.invalid_input"),
        ({"name": "a\nb", "type": "SPA"}, 400, "application.invalid"),
        ({"name": "X", "type": "Toaster"}, 400, "guard.invalid_input"),
        (
            {"name": "X", "type": "SPA", "oidcClientMetadata": {"redirectUris": ["/callback"]}},
            400,
            "guard.invalid_input",
        ),
        (
            {"name": "X", "type": "SPA", "oidcClientMetadata": {"redirectUris": ["data:,x"]}},
            400,
            "guard.invalid_input",
        ),
        (
            {"name": "X", "type": "SPA", "oidcClientMetadata": {"redirectUris": ["shop.x:/x"]}},
            400,
            "application.invalid_redirect_uri",
        ),
        (
            {
                "name": "X",
                "type": "SPA",
                "customClientMetadata": {"corsAllowedOrigins": ["https://shop.example/x"]},
            },
            400,
            "guard.invalid_input",
        ),
        (
            {"name": "X", "type": "SPA", "customClientMetadata": {"idTokenTtl": 1}},
            400,
            "guard.invalid_input",
        ),
        ({"name": "X", "type": "SPA", "isManagement": True}, 400, "application.invalid"),
        (
            {"name": "X", "type": "MachineToMachine", "isThirdParty": True},
            400,
            "application.invalid_third_party_application_type",
        ),
        ({"name": "X", "type": "SPA", "customData": {"n": 10**30}}, 400, "guard.invalid_input"),
    ]
    for body, status, code in cases:
        answer = await api.post(APPLICATIONS, json=body)

        assert (answer.status_code, answer.json()["code"]) == (status, code), (body, answer.text)
        assert [row["name"] for row in (await api.get(APPLICATIONS)).json()] == ["script"], body


async def test_a_number_that_is_none_is_stored_as_nothing(api: httpx2.AsyncClient) -> None:
    body = b'{"name":"X","type":"SPA","customData":{"n":NaN}}'
    headers = {"content-type": "application/json"}

    answer = await api.post(APPLICATIONS, content=body, headers=headers)

    assert (answer.status_code, answer.json()["customData"]) == (200, {"n": None}), answer.text


async def test_custom_data_changes_key_by_key(api: httpx2.AsyncClient) -> None:
    created = await create(api, {**SHOP, "customData": {"team": "web", "tier": 1}})
    path = f"{APPLICATIONS}/{created['id']}/custom-data"

    answer = await api.patch(path, json={"tier": 2, "more": []})

    assert (answer.status_code, answer.json()) == (200, {"team": "web", "tier": 2, "more": []})


async def test_management_access_is_given_and_taken_and_audited(
    site: Site, api: httpx2.AsyncClient
) -> None:
    robot = await create(api, MACHINE)
    path = f"{APPLICATIONS}/{robot['id']}"

    async def may_manage() -> bool:
        client = await site.client()
        answer = await client.post(
            "/oidc/token",
            data={"grant_type": "client_credentials", "resource": RESOURCE, "scope": "all"},
            auth=(robot["id"], robot["secret"]),
        )
        bearer = {"authorization": f"Bearer {answer.json()['access_token']}"}
        return (await client.get(APPLICATIONS, headers=bearer)).status_code == 200

    assert not await may_manage()
    assert (await api.patch(path, json={"isAdmin": True})).json()["isManagement"] is True
    assert await may_manage()
    assert (await api.patch(path, json={"isManagement": False})).json()["isAdmin"] is False
    assert not await may_manage()

    history = await (await site.scope()).configuration.history(Kind.APPLICATION, robot["id"])
    changed = [(c.field, c.after) for version in history.items for c in version.changes]
    assert changed[:2] == [("isManagement", False), ("isManagement", True)]
    assert str(history.items[0].author).startswith("application:")


class TestSecrets:
    """An application may have several secrets at a time."""

    async def test_rotation_leaves_no_moment_without_a_secret(
        self, site: Site, api: httpx2.AsyncClient
    ) -> None:
        robot = await create(api, MACHINE)
        path = f"{APPLICATIONS}/{robot['id']}/secrets"

        added = await api.post(path, json={"name": "May 2026"})

        assert added.status_code == 201, added.text
        value = added.json()["value"]
        assert await works(site, robot, robot["secret"])
        assert await works(site, robot, value)
        listed = (await api.get(path)).json()
        assert [(row["name"], row["value"]) for row in listed] == [
            ("Default secret", MASK),
            ("May 2026", MASK),
        ]
        assert listed[1] == {**added.json(), "value": MASK}

        assert (await api.delete(f"{path}/Default%20secret")).status_code == 204

        assert not await works(site, robot, robot["secret"])
        assert await works(site, robot, value)
        assert [row["name"] for row in (await api.get(path)).json()] == ["May 2026"]

    async def test_one_with_an_end_works_until_then(
        self, site: Site, api: httpx2.AsyncClient
    ) -> None:
        robot = await create(api, MACHINE)
        path = f"{APPLICATIONS}/{robot['id']}/secrets"
        end = round((site.clock.now() + timedelta(minutes=5)).timestamp() * 1000)
        added = (await api.post(path, json={"name": "Short", "expiresAt": end})).json()
        assert added["expiresAt"] == end
        assert await works(site, robot, added["value"])

        site.clock.advance(timedelta(minutes=5))

        assert not await works(site, robot, added["value"])
        assert await works(site, robot, robot["secret"])
        assert [row["name"] for row in (await api.get(path)).json()] == ["Default secret", "Short"]

    async def test_of_two_of_one_name_at_once_one_is_added(
        self, site: Site, api: httpx2.AsyncClient
    ) -> None:
        robot = await create(api, MACHINE)
        path = f"{APPLICATIONS}/{robot['id']}/secrets"

        answers = await asyncio.gather(*(api.post(path, json={"name": "Same"}) for _ in range(4)))

        assert sorted(answer.status_code for answer in answers) == [201, 422, 422, 422]
        codes = {a.json()["code"] for a in answers if a.status_code == 422}
        assert codes == {"application.secret_name_exists"}
        added = next(answer.json() for answer in answers if answer.status_code == 201)
        assert await works(site, robot, added["value"])

    async def test_another_name_leaves_the_value(self, site: Site, api: httpx2.AsyncClient) -> None:
        robot = await create(api, MACHINE)
        path = f"{APPLICATIONS}/{robot['id']}/secrets"
        await api.post(path, json={"name": "Other"})

        renamed = await api.patch(f"{path}/Default secret", json={"name": "Old/2025"})

        assert (renamed.status_code, renamed.json()["name"]) == (200, "Old/2025"), renamed.text
        assert renamed.json()["value"] == MASK
        assert await works(site, robot, robot["secret"])
        taken = await api.patch(f"{path}/Old/2025", json={"name": "Other"})
        assert (taken.status_code, taken.json()["code"]) == (422, "application.secret_name_exists")
        assert (await api.delete(f"{path}/Old/2025")).status_code == 204
        assert not await works(site, robot, robot["secret"])

    @pytest.mark.parametrize(
        ("kind", "body", "status", "code"),
        [
            ("MachineToMachine", {"name": ""}, 400, "guard.invalid_input"),
            ("MachineToMachine", {"name": "a\nb"}, 400, "application.invalid"),
            ("MachineToMachine", {"name": "x", "expiresAt": 1}, 400, "request.invalid_input"),
            ("MachineToMachine", {"name": "x", "expiresAt": 10**18}, 400, "guard.invalid_input"),
            ("SPA", {"name": "x"}, 422, "application.public_has_no_secret"),
        ],
    )
    async def test_what_is_no_secret_is_refused(
        self, api: httpx2.AsyncClient, kind: str, body: dict[str, Any], status: int, code: str
    ) -> None:
        created = await create(api, {"name": "X", "type": kind})

        answer = await api.post(f"{APPLICATIONS}/{created['id']}/secrets", json=body)

        assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text

    async def test_an_application_has_ten_at_most(self, api: httpx2.AsyncClient) -> None:
        robot = await create(api, MACHINE)
        path = f"{APPLICATIONS}/{robot['id']}/secrets"
        for number in range(9):
            assert (await api.post(path, json={"name": str(number)})).status_code == 201

        answer = await api.post(path, json={"name": "one too many"})

        assert (answer.status_code, answer.json()["code"]) == (422, "application.too_many_secrets")

    async def test_one_that_is_not_there_is_unknown(self, api: httpx2.AsyncClient) -> None:
        robot = await create(api, MACHINE)
        for application, name in ((robot["id"], "Nope"), ("nobody", "Default secret")):
            path = f"{APPLICATIONS}/{application}/secrets/{name}"
            assert (await api.delete(path)).status_code == 404
            assert (await api.patch(path, json={"name": "x"})).status_code == 404

    async def test_a_secret_that_was_taken_away_never_comes_back(
        self, site: Site, api: httpx2.AsyncClient
    ) -> None:
        robot = await create(api, MACHINE)
        path = f"{APPLICATIONS}/{robot['id']}"
        value = (await api.post(f"{path}/secrets", json={"name": "New"})).json()["value"]
        await api.delete(f"{path}/secrets/Default secret")
        await api.delete(path)

        scope = await site.scope()
        # As it was registered, when only the first secret was there.
        await scope.configuration.restore(SYSTEM, Kind.APPLICATION, robot["id"], 1)

        assert await works(site, robot, value)
        assert not await works(site, robot, robot["secret"])
        assert [row["name"] for row in (await api.get(f"{path}/secrets")).json()] == ["New"]

    async def test_no_history_and_no_audit_holds_its_value(
        self, site: Site, api: httpx2.AsyncClient
    ) -> None:
        robot = await create(api, MACHINE)
        path = f"{APPLICATIONS}/{robot['id']}"
        value = (await api.post(f"{path}/secrets", json={"name": "New"})).json()["value"]

        scope = await site.scope()
        history = await scope.configuration.history(Kind.APPLICATION, robot["id"])
        audited = await scope.audit.list()

        assert history.total == 2
        assert value not in str(history)
        assert value not in str([vars(version) for version in history.items])
        assert value not in str(audited)
