"""What anyone may read: as recorded."""

from typing import Any

import httpx2

from tests.web.management.conftest import PHONE_SIGN_IN, Site, set_sms_up
from tests.web.management.replay import Difference, Replay, story

DIFFERENCES = (
    # Recovery by code is not walked yet, so nobody is offered it.
    Difference(r"answer\.forgotPassword\.(phone|email)", adr=8, steps="sign-in-exp.*"),
    # The pages are ours, and so is the tree of their phrases; both have an `error`.
    Difference(
        r"answer\.translation\.(input|secondary|action|description|error\.[a-z_]+|list|mfa"
        r"|development_tenant|user_scopes|profile|account_center|passkey_sign_in)",
        adr=8,
        steps="phrases.*",
    ),
    # Compared by its keys below; parts that say nothing of ours are left out.
    Difference(r"answer\.(\(left out\)|keys)", adr=8, steps="swagger"),
)


async def recorded_state(api: httpx2.AsyncClient) -> None:
    """Bring the settings to where the recording found them."""
    await set_sms_up(api)
    answer = await api.patch(
        "/api/sign-in-exp",
        json={
            **PHONE_SIGN_IN,
            "color": {
                "primaryColor": "#123456",
                "isDarkModeEnabled": True,
                "darkPrimaryColor": "#654321",
            },
            "branding": {"logoUrl": "https://example.com/a.png"},
            "languageInfo": {"autoDetect": False, "fallbackLanguage": "en"},
            "termsOfUseUrl": "https://example.com/t",
        },
    )
    assert answer.status_code == 200, answer.text
    enabled = {"enabled": True, "fields": {"phone": "Edit"}}
    answer = await api.patch("/api/account-center", json=enabled)
    assert answer.status_code == 200, answer.text


async def test_the_recorded_exchanges_are_answered_alike(
    site: Site, api: httpx2.AsyncClient
) -> None:
    await recorded_state(api)
    replay = Replay(await site.client(), DIFFERENCES)
    for step in story("well_known"):
        if step["step"] == "error in another language":
            # It is about the language; any route will do.
            step["path"] = "/api/connectors"
        answer = await replay.take(step)
        if step["step"] == "swagger":
            assert {"components", "info", "openapi", "paths"} <= answer.json().keys()

    replay.must_agree()


async def test_phrases_stand_under_the_same_first_key_and_are_the_same_in_every_language(
    site: Site,
) -> None:
    client = await site.client()

    english = (await client.get("/api/.well-known/phrases", params={"lng": "en"})).json()
    korean = (await client.get("/api/.well-known/phrases", params={"lng": "ko"})).json()

    assert english.keys() == korean.keys() == {"translation"}
    assert english["translation"].keys() == korean["translation"].keys()
    assert "errors" in english["translation"]


async def test_an_error_in_a_language_without_phrases_is_told_in_the_fallback_language(
    site: Site,
) -> None:
    client = await site.client()

    async def told(language: str) -> str:
        answer = await client.get("/api/connectors", headers={"Accept-Language": language})
        return str(answer.json()["message"])

    assert await told("fr") == await told("en") != await told("ko")


async def test_the_public_settings_are_shown_in_the_look_of_an_organization(
    site: Site, api: httpx2.AsyncClient
) -> None:
    await recorded_state(api)
    look: dict[str, Any] = {
        "color": {"primaryColor": "#007a33"},
        "branding": {"favicon": "https://acme.example.com/i.ico"},
        "customCss": "a{color:red}",
    }
    acme = (await api.post("/api/organizations", json={"name": "Acme", **look})).json()
    client = await site.client()

    async def shown(**query: str) -> tuple[str, object, object]:
        answer = await client.get("/api/.well-known/sign-in-exp", params=query)
        assert answer.status_code == 200
        found = answer.json()
        return found["color"]["primaryColor"], found["branding"], found["customCss"]

    tenants = ("#123456", {"logoUrl": "https://example.com/a.png"}, None)
    of_acme = ("#007a33", {**tenants[1], **look["branding"]}, look["customCss"])
    assert await shown() == tenants
    assert await shown(organizationId=acme["id"]) == of_acme
    assert await shown(organizationId="nothing") == tenants
    assert await shown() == tenants

    third = {
        "name": "Elsewhere",
        "type": "Traditional",
        "isThirdParty": True,
        "oidcClientMetadata": {"redirectUris": [], "postLogoutRedirectUris": []},
    }
    theirs = (await api.post("/api/applications", json=third)).json()
    assert await shown(organizationId=acme["id"], appId=theirs["id"]) == tenants
    assert await shown(organizationId=acme["id"], appId="demo-app") == of_acme
