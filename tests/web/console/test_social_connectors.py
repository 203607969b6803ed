"""Providers in the console: set up, offered on the sign-in page, changed, deleted."""

import re

import pytest

from tests.web.console.conftest import HOME, ORIGIN, Browser, Site
from watchword.users.models import NewUser

# Some of these questions no service's own test asks.
pytestmark = pytest.mark.both_databases

SOCIAL = f"{HOME}/connectors/social"
SETTINGS = f"{HOME}/sign-in-experience/sign-up-and-sign-in"
GOOGLE = {"clientId": "c.apps.googleusercontent.com", "clientSecret": "the-google-secret"}
OIDC = {
    "issuer": "https://id.example.com",
    "clientId": "c",
    "clientSecret": "the-oidc-secret",
    "target": "acme",
    "name_en": "Acme",
    "name_ko": "에크미",
}


async def set_up(browser: Browser, connector_id: str, **typed: str) -> str:
    """Set a provider up and return the connector's id."""
    await browser.open(f"{SOCIAL}/set-up/{connector_id}")
    page = await browser.submit(f"/set-up/{connector_id}", **typed)
    found = re.search(r"/connectors/social/([^?/]+)\?", page.address)
    assert found is not None, page.words
    return found[1]


async def test_the_list_leads_to_cards_and_a_guide_with_the_callback_address(
    site: Site, owner: Browser
) -> None:
    page = await owner.open(SOCIAL)
    assert "No provider is set up" in page.words
    cards = await owner.open(f"{SOCIAL}/set-up")
    assert {"Google", "Kakao", "NAVER", "GitHub", "OpenID Connect"} <= {
        name
        for name in ("Google", "Kakao", "NAVER", "GitHub", "OpenID Connect")
        if name in cards.words
    }
    assert "Twilio" not in cards.words
    guide = await owner.open(f"{SOCIAL}/set-up/google-universal")
    [callback] = set(re.findall(rf"{ORIGIN}/callback/[a-z0-9]+", guide.html))

    page = await owner.submit("/set-up/google-universal", **GOOGLE)

    assert callback in page.html, "the address that was copied is the one that holds"
    assert "offer it on the sign-in page" in page.words
    [saved] = await (await site.scope()).connectors.list()
    assert callback.endswith(saved.id)
    assert "the-google-secret" not in page.html


async def test_a_provider_is_offered_in_an_order_of_ones_own(site: Site, owner: Browser) -> None:
    await set_up(owner, "google-universal", **GOOGLE)
    await set_up(owner, "kakao-universal", clientId="0" * 32)
    await owner.open(SETTINGS)
    await owner.submit(SETTINGS, do="add-social:google")
    await owner.submit(SETTINGS, do="add-social:kakao")
    await owner.submit(SETTINGS, do="up-social:kakao", social_links="yes")
    confirm = await owner.submit(SETTINGS, do="save")
    assert "Kakao, Google" in confirm.words
    await owner.submit(SETTINGS, do="confirm")

    settings = (await site.scope()).settings
    assert settings.social_sign_in_connector_targets == ("kakao", "google")
    assert settings.social_sign_in.automatic_account_linking is True
    assert settings.social_sign_in.skip_required_identifiers is None
    listed = await owner.open(SOCIAL)
    assert listed.html.index("Kakao") < listed.html.index("Google")
    await owner.open(SETTINGS)
    await owner.submit(SETTINGS, do="remove-social:kakao", social_links=None)
    await owner.submit(SETTINGS, do="save", social_links=None)
    await owner.submit(SETTINGS, do="confirm", social_links=None)
    settings = (await site.scope()).settings
    assert settings.social_sign_in_connector_targets == ("google",)
    assert settings.social_sign_in.automatic_account_linking is False


async def test_without_providers_the_settings_lead_to_setting_one_up(owner: Browser) -> None:
    page = await owner.open(SETTINGS)

    assert f"{SOCIAL}/set-up" in page.links


async def test_a_standard_one_has_a_target_a_name_and_mistakes_at_their_fields(
    site: Site, owner: Browser
) -> None:
    await owner.open(f"{SOCIAL}/set-up/oidc")
    wrong = await owner.submit(
        "/set-up/oidc", **{**OIDC, "target": "a b", "name_en": "", "logo": "javascript:x"}
    )
    assert wrong.status == 422
    assert "letters, digits, dots" in wrong.words
    assert "begins with https://" in wrong.words
    assert "https://id.example.com" in wrong.html, "nothing typed is lost"
    missing = await owner.submit("/set-up/oidc", **{**OIDC, "issuer": "", "logo": ""})
    assert "Enter this, or the issuer above." in missing.words

    instance_id = await set_up(owner, "oidc", **OIDC)
    taken = await owner.open(f"{SOCIAL}/set-up/oidc")
    taken = await owner.submit("/set-up/oidc", **OIDC)
    assert "Another connector has this target" in taken.words
    saved = await (await site.scope()).connectors.get(instance_id)
    assert saved.metadata == {"target": "acme", "name": {"en": "Acme", "ko": "에크미"}}
    page = await owner.open(f"{SOCIAL}/{instance_id}")
    assert "Acme" in page.words
    assert "the-oidc-secret" not in page.html
    changed = await owner.submit(
        f"/{instance_id}", name_en="Acme 2", sync_profile="yes", clientSecret=""
    )
    assert "Acme 2" in changed.words
    scope = await site.scope()
    again = await scope.connectors.get(instance_id)
    assert again.metadata["target"] == "acme"
    assert again.sync_profile
    assert scope.connectors.opened_secrets(again) == {"clientSecret": "the-oidc-secret"}


async def test_the_pages_for_messages_lead_to_those_for_people(owner: Browser) -> None:
    instance_id = await set_up(owner, "google-universal", **GOOGLE)

    page = await owner.open(f"{HOME}/connectors/{instance_id}")
    assert page.address.endswith(f"/connectors/social/{instance_id}")
    assert "Send a test" not in page.words
    page = await owner.open(f"{HOME}/connectors/set-up/github-universal")
    assert page.address.endswith("/connectors/social/set-up/github-universal")
    for path in ("history", "guide"):
        assert (await owner.open(f"{HOME}/connectors/{instance_id}/{path}")).status == 200
    sms = await owner.open(f"{SOCIAL}/set-up/twilio-short-message-service")
    assert sms.status == 404


async def test_deleting_one_says_who_is_concerned(site: Site, owner: Browser) -> None:
    instance_id = await set_up(owner, "google-universal", **GOOGLE)
    await owner.open(SETTINGS)
    await owner.submit(SETTINGS, do="add-social:google")
    await owner.submit(SETTINGS, do="confirm")
    await (await site.scope()).users.create(
        NewUser(identities={"google": {"userId": "1", "details": {}}})
    )

    page = await owner.open(f"{HOME}/connectors/{instance_id}/delete")
    assert "The button on the sign-in page" in page.words
    assert "1 person is linked to it" in page.words
    page = await owner.submit("/delete", name="google")

    assert page.address.startswith(f"{ORIGIN}{SOCIAL}")
    assert (await site.scope()).settings.social_sign_in_connector_targets == ()
