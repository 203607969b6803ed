"""The account centre's settings: off at first, merged field by field, public, cached."""

from typing import Any

import httpx2

from tests.web.management.conftest import Site
from watchword.audit.models import SYSTEM
from watchword.configuration.models import SINGLE, Kind

ADDRESS = "/api/account-center"
PUBLIC = "/api/.well-known/account-center"
ALL_OFF: dict[str, Any] = {
    "tenantId": "default",
    "id": "default",
    "enabled": False,
    "fields": {},
    "webauthnRelatedOrigins": [],
    "deleteAccountUrl": None,
    "customCss": None,
    "profileFields": None,
}


async def test_a_new_tenant_has_everything_off(site: Site, api: httpx2.AsyncClient) -> None:
    assert (await api.get(ADDRESS)).json() == ALL_OFF
    assert (await (await site.client()).get(PUBLIC)).json() == ALL_OFF


async def test_what_a_patch_names_is_changed_and_the_rest_stays(
    site: Site, api: httpx2.AsyncClient
) -> None:
    await api.patch(ADDRESS, json={"enabled": True, "fields": {"phone": "Edit", "name": "Edit"}})
    answer = await api.patch(
        ADDRESS,
        json={
            "fields": {"name": "ReadOnly", "shoeSize": "Edit"},
            "deleteAccountUrl": "https://shop.example/delete",
            "webauthnRelatedOrigins": ["https://shop.example", "https://shop.example/"],
            "profileFields": [{"name": "birthdate"}],
            "id": "another",
        },
    )

    expected = {
        **ALL_OFF,
        "enabled": True,
        "fields": {"phone": "Edit", "name": "ReadOnly"},
        "deleteAccountUrl": "https://shop.example/delete",
        "webauthnRelatedOrigins": ["https://shop.example"],
        "profileFields": [{"name": "birthdate"}],
    }
    assert answer.status_code == 200
    assert answer.json() == (await api.get(ADDRESS)).json() == expected
    assert (await (await site.client()).get(PUBLIC)).json() == expected
    assert (await site.scope()).account_center.fields == expected["fields"]


async def test_an_emptied_address_is_none(api: httpx2.AsyncClient) -> None:
    await api.patch(ADDRESS, json={"deleteAccountUrl": "https://shop.example/delete"})

    for nothing in ("", None):
        answer = await api.patch(ADDRESS, json={"deleteAccountUrl": nothing})
        assert answer.json()["deleteAccountUrl"] is None


async def test_what_does_not_fit_is_refused_where_it_stands(api: httpx2.AsyncClient) -> None:
    cases: list[tuple[dict[str, Any], list[Any]]] = [
        ({"enabled": "yes"}, ["enabled"]),
        ({"fields": {"phone": "Write"}}, ["fields", "phone"]),
        ({"fields": {"phone": None}}, ["fields", "phone"]),
        ({"fields": None}, ["fields"]),
        ({"deleteAccountUrl": "javascript:alert(1)"}, ["deleteAccountUrl"]),
        ({"deleteAccountUrl": "https://a.example/" + "x" * 2048}, ["deleteAccountUrl"]),
        ({"webauthnRelatedOrigins": ["http://shop.example"]}, ["webauthnRelatedOrigins", 0]),
        ({"webauthnRelatedOrigins": ["https://a@shop.example"]}, ["webauthnRelatedOrigins", 0]),
        ({"webauthnRelatedOrigins": ["https://shop.example/x"]}, ["webauthnRelatedOrigins", 0]),
        ({"profileFields": [1]}, ["profileFields", 0]),
    ]
    for patch, path in cases:
        answer = await api.patch(ADDRESS, json=patch)

        assert (answer.status_code, answer.json()["code"]) == (400, "guard.invalid_input"), patch
        assert answer.json()["data"]["issues"][0]["path"] == path, patch
        assert (await api.get(ADDRESS)).json() == ALL_OFF, patch


async def test_a_version_comes_back(site: Site, api: httpx2.AsyncClient) -> None:
    await api.patch(ADDRESS, json={"enabled": True})
    await api.patch(ADDRESS, json={"enabled": False})

    configuration = (await site.scope()).configuration
    await configuration.restore(SYSTEM, Kind.ACCOUNT_CENTER, SINGLE, 1)

    assert (await api.get(ADDRESS)).json()["enabled"] is True


async def test_a_kept_copy_is_asked_about_and_not_sent_again(
    site: Site, api: httpx2.AsyncClient
) -> None:
    client = await site.client()
    tag = (await client.get(PUBLIC)).headers["ETag"]

    same = await client.get(PUBLIC, headers={"If-None-Match": tag})
    await api.patch(ADDRESS, json={"enabled": True})
    other = await client.get(PUBLIC, headers={"If-None-Match": tag})

    assert (same.status_code, other.status_code) == (304, 200)
