"""The console says what a connector's replacing or deleting means, before it is done."""

import json
from typing import Any

import pytest

from tests.web.console.conftest import HOME, ORIGIN, Browser, Site
from tests.web.console.test_connectors import TWILIO, TWILIO_FORM, set_inbox_up, set_twilio_up
from watchword.audit.models import SYSTEM, Actor, interaction_event
from watchword.core.phone import PhoneNumber
from watchword.users.models import NewUser

NEEDED = [
    {"usageType": usage, "content": "Code {{code}}"}
    for usage in ("SignIn", "Register", "ForgotPassword", "Generic")
]
BY_PHONE: dict[str, Any] = {
    "signUp": {"identifiers": ["phone"], "password": False, "verify": True},
    "signIn": {
        "methods": [
            {
                "identifier": "phone",
                "password": False,
                "verificationCode": True,
                "isPasswordPrimary": False,
            }
        ]
    },
}


async def save_twilio(owner: Browser, templates: list[dict[str, Any]], **more: str) -> Any:
    """Fill Twilio's form in and save it."""
    await owner.open(TWILIO)
    return await owner.submit(
        "/twilio-short-message-service", **TWILIO_FORM, templates=json.dumps(templates), **more
    )


async def test_a_connector_that_serves_less_than_the_present_one_is_saved_on_a_second_press(
    site: Site, owner: Browser
) -> None:
    korean = {"usageType": "Generic", "language": "ko", "content": "인증번호 {{code}}"}
    binding = {"usageType": "BindMfa", "content": "Code {{code}}"}
    await save_twilio(owner, [*NEEDED, korean, binding], confirm="yes")
    present = await (await site.scope()).connectors.active()

    page = await save_twilio(owner, NEEDED)

    assert "It has no text of its own for: Set up second step." in page.words
    assert "It has no text in: Korean." in page.words
    assert "have not passed a test" in page.words
    assert dict(page.form("/twilio-short-message-service").pairs)["authToken"] == "the-real-token"
    assert await (await site.scope()).connectors.active() == present
    await owner.submit("/twilio-short-message-service")
    saved = await (await site.scope()).connectors.active()
    assert saved is not None
    assert present is not None
    assert saved.id != present.id


async def test_replacing_like_with_like_says_nothing_of_texts(owner: Browser) -> None:
    await save_twilio(owner, NEEDED, confirm="yes")

    page = await save_twilio(owner, NEEDED)

    assert "sends now. Saving replaces it at once" in page.words
    assert "text of its own" not in page.words


async def test_countries_that_the_new_one_does_not_reach_are_named(owner: Browser) -> None:
    await set_twilio_up(owner)
    for_china = [{**template, "countries": ["CN"]} for template in NEEDED]

    page = await save_twilio(owner, for_china)

    assert "It sends to these countries only: China." in page.words


async def test_korean_operators_read_it_in_korean(owner: Browser) -> None:
    korean = {"usageType": "Generic", "language": "ko", "content": "인증번호 {{code}}"}
    await save_twilio(owner, [*NEEDED, korean], confirm="yes")
    owner.client.headers["Accept-Language"] = "ko"

    page = await save_twilio(owner, NEEDED)

    assert "다음 언어의 문구가 없어 다른 언어로 보냅니다: 한국어" in page.words


async def test_deleting_says_how_many_people_are_left_without_a_way_in(
    site: Site, owner: Browser
) -> None:
    instance = await set_inbox_up(owner)
    scope = await site.scope()
    await scope.configuration.settings.save_sign_in(SYSTEM, BY_PHONE)
    scope = await site.scope()
    for number in (1, 2):
        await scope.users.create(NewUser(primary_phone=PhoneNumber(f"82101234567{number}")))
    await scope.audit.record(
        interaction_event("SignIn"), Actor("user", "ada"), method="PhoneVerificationCode"
    )

    page = await owner.open(f"connectors/{instance}/delete")

    assert "Signing up with a phone number" in page.words
    assert "2 people have no other way to sign in" in page.words
    assert "1 person signed in with such a code in the last 7 days" in page.words


@pytest.mark.parametrize("typed", ["", "inbox"])
async def test_deleting_wants_the_whole_name(site: Site, owner: Browser, typed: str) -> None:
    instance = await set_inbox_up(owner)
    await owner.open(f"connectors/{instance}/delete")

    page = await owner.submit("/delete", name=typed)

    assert page.status == 422
    assert page.address.startswith(f"{ORIGIN}{HOME}/connectors/{instance}/delete")
    assert await (await site.scope()).connectors.active() is not None
