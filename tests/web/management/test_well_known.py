"""What anyone may read: as recorded."""

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
