"""Connectors that people sign in with, over the Management API."""

from typing import Any

import httpx2

from tests.web.management.conftest import Site, set_sms_up
from watchword.connectors.models import MASK

GOOGLE = {"connectorId": "google-universal", "config": {"clientId": "c", "clientSecret": "secret"}}
OIDC: dict[str, Any] = {
    "connectorId": "oidc",
    "config": {
        "clientId": "c",
        "clientSecret": "secret",
        "authorizationEndpoint": "https://idp.example/auth",
        "tokenEndpoint": "https://idp.example/token",
        "scope": "openid",
        "idTokenVerificationConfig": {"jwksUri": "https://idp.example/keys"},
    },
    "metadata": {"target": "acme", "name": {"en": "Acme", "ko": "에크미"}},
}
LOGO = "data:image/svg+xml;base64,PHN2Zy8+"


async def create(api: httpx2.AsyncClient, body: dict[str, Any], status: int = 200) -> Any:
    answer = await api.post("/api/connectors", json=body)
    assert answer.status_code == status, answer.text
    return answer.json()


def named(target: str, **more: Any) -> dict[str, Any]:
    return {**OIDC, "metadata": {"target": target, "name": {"en": target}, **more}}


async def test_several_stand_side_by_side_and_sync_profiles(api: httpx2.AsyncClient) -> None:
    google = await create(api, {**GOOGLE, "syncProfile": True})
    await create(api, OIDC)
    await create(api, named("other"))

    listed = (await api.get("/api/connectors")).json()
    assert {item["target"] for item in listed} == {"google", "acme", "other"}
    assert google["syncProfile"] is True
    assert google["platform"] == "Universal"
    assert google["config"]["clientSecret"] == MASK
    [acme] = (await api.get("/api/connectors", params={"target": "acme"})).json()
    assert acme["isStandard"] is True
    assert acme["name"]["ko"] == "에크미"
    assert acme["logo"].startswith("data:image/svg+xml")
    changed = await api.patch(f"/api/connectors/{google['id']}", json={"syncProfile": False})
    assert changed.json()["syncProfile"] is False


async def test_the_factories_say_what_is_standard(api: httpx2.AsyncClient) -> None:
    listed = {item["id"]: item for item in (await api.get("/api/connector-factories")).json()}

    social = {name for name, item in listed.items() if item["type"] == "Social"}
    assert social >= {
        "google-universal",
        "github-universal",
        "kakao-universal",
        "naver-universal",
        "oidc",
        "oauth2",
    }
    assert {name for name in social if listed[name]["isStandard"]} == {"oidc", "oauth2"}
    assert "isStandard" not in listed["twilio-short-message-service"]
    keys = [item["key"] for item in listed["oidc"]["formItems"]]
    assert "messagesPerSecond" not in keys
    assert {"idTokenVerificationConfig", "tokenEndpointAuthMethod", "customConfig"} <= set(keys)


async def test_what_will_not_do_is_refused(api: httpx2.AsyncClient) -> None:
    cases: list[tuple[dict[str, Any], int, str]] = [
        ({**OIDC, "metadata": None}, 400, "connector.should_specify_target"),
        ({**OIDC, "metadata": {"name": {"en": "x"}}}, 400, "connector.should_specify_target"),
        (
            {**GOOGLE, "metadata": {"target": "x"}},
            400,
            "connector.cannot_overwrite_metadata_for_non_standard_connector",
        ),
        (named("a b"), 400, "guard.invalid_input"),
        (named("../x"), 400, "guard.invalid_input"),
        (named("x", name={"ko": "엑스"}), 400, "guard.invalid_input"),
        (named("x", logo="javascript:alert(1)"), 400, "guard.invalid_input"),
        (named("x", logo="data:text/html;base64,PGI+"), 400, "guard.invalid_input"),
        ({**OIDC, "enableTokenStorage": True}, 422, "connector.token_storage_not_supported"),
        ({**OIDC, "config": {"clientId": "c"}}, 400, "connector.invalid_config"),
    ]
    for body, status, code in cases:
        assert (await create(api, body, status))["code"] == code, body
        assert (await api.get("/api/connectors")).json() == [], body


async def test_a_provider_is_set_up_once_and_a_target_used_once(api: httpx2.AsyncClient) -> None:
    await create(api, GOOGLE)
    again = await create(api, GOOGLE, 422)
    assert again["code"] == "connector.multiple_instances_not_supported"
    same = await create(api, named("google"), 422)
    assert same["code"] == "connector.multiple_target_with_same_platform"
    assert same["data"] == {
        "connectorId": "google-universal",
        "connectorName": {"en": "Google", "ko": "Google"},
    }


async def test_a_name_and_a_logo_may_change_and_a_target_may_not(api: httpx2.AsyncClient) -> None:
    created = await create(api, OIDC)
    path = f"/api/connectors/{created['id']}"

    moved = await api.patch(path, json={"metadata": {"target": "elsewhere"}})
    assert (moved.status_code, moved.json()["code"]) == (400, "connector.can_not_modify_target")
    changed = await api.patch(path, json={"metadata": {"name": {"en": "Acme 2"}, "logo": LOGO}})
    assert changed.status_code == 200, changed.text
    assert changed.json()["target"] == "acme"
    assert changed.json()["name"] == {"en": "Acme 2"}
    assert changed.json()["logo"] == LOGO


async def test_deleting_one_takes_its_button_away(site: Site, api: httpx2.AsyncClient) -> None:
    google = await create(api, GOOGLE)
    await create(api, OIDC)
    wanted = {"socialSignInConnectorTargets": ["google", "acme", "unknown"]}
    saved = await api.patch("/api/sign-in-exp", json=wanted)
    assert saved.json()["socialSignInConnectorTargets"] == ["google", "acme"]

    assert (await api.delete(f"/api/connectors/{google['id']}")).status_code == 204

    left = (await api.get("/api/sign-in-exp")).json()
    assert left["socialSignInConnectorTargets"] == ["acme"]
    form = (await (await site.client()).get("/api/.well-known/sign-in-exp")).json()
    assert [item["target"] for item in form["socialConnectors"]] == ["acme"]


async def test_one_that_was_deleted_comes_back_unless_its_target_is_taken(
    api: httpx2.AsyncClient,
) -> None:
    first = await create(api, OIDC)
    await api.delete(f"/api/connectors/{first['id']}")
    second = await create(api, OIDC)

    refused = await api.post(f"/api/connectors/{first['id']}/restore", json={"version": 1})
    assert refused.json()["code"] == "connector.multiple_target_with_same_platform"
    await api.delete(f"/api/connectors/{second['id']}")
    restored = await api.post(f"/api/connectors/{first['id']}/restore", json={"version": 1})
    assert restored.status_code == 200, restored.text
    assert restored.json()["metadata"] == OIDC["metadata"]


async def test_messages_have_no_address_to_sign_in_at(api: httpx2.AsyncClient) -> None:
    google = await create(api, GOOGLE)
    sms = await set_sms_up(api)
    body = {"state": "s", "redirectUri": "https://a.example"}
    for id_, asked, status, code in (
        (google["id"], body, 501, "connector.not_implemented"),
        (google["id"], {**body, "state": ""}, 400, "session.insufficient_info"),
        (sms, body, 400, "connector.unexpected_type"),
        ("unknown", body, 404, "entity.not_found"),
    ):
        answer = await api.post(f"/api/connectors/{id_}/authorization-uri", json=asked)
        assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_a_secret_does_not_follow_to_another_token_endpoint(api: httpx2.AsyncClient) -> None:
    created = await create(api, OIDC)
    moved = {**OIDC["config"], "tokenEndpoint": "https://evil.example", "clientSecret": MASK}

    answer = await api.patch(f"/api/connectors/{created['id']}", json={"config": moved})

    assert (answer.status_code, answer.json()["code"]) == (400, "connector.invalid_config")
