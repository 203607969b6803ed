"""Signing in and up by phone, on pages without scripts."""

import asyncio
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import delete

from tests.web.pages.browser import Browser
from tests.web.pages.conftest import DIGITS, PHONE, Site, add_phone_user, authorization
from watchword.audit.models import SYSTEM
from watchword.connector_kit.errors import ProviderUnavailable
from watchword.core.phrases import Phrases
from watchword.storage.schema import messages
from watchword.tenants.limits import Limited
from watchword.web.pages.steps import RESEND_WAIT


async def ask_for_code(browser: Browser, phone: str = PHONE, **query: str) -> Browser:
    await browser.open(authorization(**query))
    return await browser.submit(identifier=phone, country="KR")


@pytest.mark.proves("S86")
async def test_a_known_number_signs_in(site: Site, browser: Browser) -> None:
    await add_phone_user(site)

    await ask_for_code(browser)
    assert browser.page.path == "/sign-in/verification-code"
    assert "+82 10-••••-5678" in browser.page.words
    assert DIGITS not in browser.page.html
    await browser.submit(code=site.provider.code)

    assert browser.is_signed_in
    assert site.provider.messages[0].to.digits == DIGITS


@pytest.mark.proves("S64")
async def test_an_unknown_number_becomes_an_account_without_a_second_code(
    site: Site, browser: Browser
) -> None:
    await ask_for_code(browser)
    await browser.submit(code=site.provider.code)
    assert browser.page.path == "/sign-in/no-account"

    await browser.submit()

    assert browser.is_signed_in
    assert len(site.provider.messages) == 1
    assert await site.phones() == [DIGITS]


@pytest.mark.proves("S64")
async def test_signing_up_with_a_known_number_offers_to_sign_in(
    site: Site, browser: Browser
) -> None:
    await add_phone_user(site)
    await browser.open(authorization(first_screen="register"))
    await browser.submit(identifier="+82 10 1234 5678")
    await browser.submit(code=site.provider.code)
    assert browser.page.path == "/register/has-account"

    await browser.submit()

    assert browser.is_signed_in
    assert len(site.provider.messages) == 1


@pytest.mark.proves("S86")
async def test_a_new_number_signs_up(site: Site, browser: Browser) -> None:
    await browser.open(authorization(first_screen="register"))
    await browser.submit(identifier=PHONE, country="KR")
    await browser.submit(code=" " + "-".join(site.provider.code))

    assert browser.is_signed_in
    assert await site.phones() == [DIGITS]


@pytest.mark.proves("S83")
async def test_a_wrong_code_says_so_beside_the_field(site: Site, browser: Browser) -> None:
    await ask_for_code(browser)
    wrong = f"{(int(site.provider.code) + 1) % 1_000_000:06}"

    await browser.submit(code=wrong)

    assert browser.page.status == 400
    assert browser.page.inputs["code"]["aria-invalid"] == "true"
    assert browser.page.inputs["code"]["aria-describedby"] == "code-note delivery"
    await browser.submit(code=site.provider.code)
    assert browser.page.path == "/sign-in/no-account"


async def test_an_expired_code_and_a_used_one_are_refused(site: Site, browser: Browser) -> None:
    await ask_for_code(browser)
    site.clock.advance(timedelta(minutes=11))
    await browser.submit(code=site.provider.code)
    assert browser.page.status == 400
    assert browser.page.path == "/sign-in/verification-code"

    await browser.submit(form=1)
    code_page = browser.page
    await browser.submit(code=site.provider.code)
    assert browser.page.path == "/sign-in/no-account"
    browser.page = code_page
    await browser.submit(code=site.provider.code)
    assert browser.page.path == "/sign-in"


@pytest.mark.proves("S29")
async def test_loading_the_code_page_again_sends_nothing(site: Site, browser: Browser) -> None:
    await ask_for_code(browser)
    for _ in range(3):
        await browser.open("/sign-in/verification-code?app_id=demo-app")

    assert browser.page.status == 200
    assert len(site.provider.messages) == 1


async def test_a_code_whose_message_is_not_written_yet_is_on_its_way(
    site: Site, browser: Browser
) -> None:
    await ask_for_code(browser)
    # A code is saved a moment before its message, and a page may be loaded in between.
    await site.server.storage.run(delete(messages), {})

    await browser.open("/sign-in/verification-code?app_id=demo-app")
    assert browser.page.status == 200
    await browser.open("/sign-in?app_id=demo-app")
    await browser.submit(identifier=PHONE, country="KR")
    assert browser.page.path == "/sign-in/verification-code"
    await browser.submit(code=site.provider.code)
    assert browser.page.path == "/sign-in/no-account"


async def test_another_code_waits_for_its_time_on_the_server(site: Site, browser: Browser) -> None:
    await ask_for_code(browser)
    first = site.provider.code

    await browser.submit(form=1)
    assert browser.page.status == 429
    assert "59 seconds" in browser.page.words
    assert "aria-invalid" not in browser.page.inputs["code"]
    site.clock.advance(RESEND_WAIT - timedelta(seconds=1))
    await browser.submit(form=1)
    assert browser.page.status == 429
    assert "1 second." in browser.page.words
    assert len(site.provider.messages) == 1

    site.clock.advance(timedelta(seconds=1))
    await browser.submit(form=1)
    assert browser.page.status == 200
    assert len(site.provider.messages) == 2
    if first != site.provider.code:
        await browser.submit(code=first)
        assert browser.page.status == 400


@pytest.mark.both_databases
@pytest.mark.proves("S29")
async def test_a_button_pressed_twice_at_once_sends_one_code(site: Site, browser: Browser) -> None:
    # Time passes between the requests, so that which one came first can be told.
    site.clock.tick = timedelta(milliseconds=1)
    await browser.open(authorization())
    first = await asyncio.gather(*(browser.post(identifier=PHONE, country="KR") for _ in range(4)))
    assert {answer.status_code for answer in first} == {303}
    assert len(site.provider.messages) == 1

    await browser.open("/sign-in/verification-code?app_id=demo-app")
    assert browser.page.path == "/sign-in/verification-code"
    site.clock.advance(RESEND_WAIT)
    again = await asyncio.gather(*(browser.post(form=1) for _ in range(4)))

    assert {answer.status_code for answer in again} <= {303, 429}
    assert len(site.provider.messages) == 2
    await browser.submit(code=site.provider.code)
    assert browser.page.path == "/sign-in/no-account"


@pytest.mark.parametrize("first_screen", ["sign-in", "register"])
async def test_typing_the_same_number_again_leads_to_the_code_on_its_way(
    site: Site, browser: Browser, first_screen: str
) -> None:
    await ask_for_code(browser)
    await browser.open(f"/{first_screen}?app_id=demo-app")
    await browser.submit(identifier=PHONE, country="KR")

    assert browser.page.path == f"/{first_screen}/verification-code"
    assert len(site.provider.messages) == 1
    await browser.submit(code=site.provider.code)
    assert browser.is_signed_in or browser.page.path == "/sign-in/no-account"


async def test_another_number_gets_its_code_at_once(site: Site, browser: Browser) -> None:
    await ask_for_code(browser)
    await browser.open("/sign-in?app_id=demo-app")
    await browser.submit(identifier="010-9999-0000", country="KR")

    assert [message.to.digits[-4:] for message in site.provider.messages] == ["5678", "0000"]


@pytest.mark.proves("S63b")
async def test_a_refused_message_is_said_at_once_and_can_be_tried_again(
    site: Site, browser: Browser
) -> None:
    site.provider.refusal = ProviderUnavailable("the provider's own words")
    await ask_for_code(browser)

    assert browser.page.status == 400
    assert browser.page.path == "/sign-in"
    assert "the provider's own words" not in browser.page.html
    assert browser.page.inputs["identifier"]["value"] == PHONE
    assert browser.page.forms[0].fields["country"] == "KR"

    site.provider.refusal = None
    await browser.submit()
    assert browser.page.path == "/sign-in/verification-code"


async def test_a_late_refusal_is_said_on_the_pages_next_look(site: Site, browser: Browser) -> None:
    site.provider.takes = 0.5
    site.provider.refusal = ProviderUnavailable("late")
    await ask_for_code(browser)
    assert browser.page.status == 200
    assert "could not be sent" not in browser.page.words

    await (await site.scope()).messaging.drain(timedelta(seconds=5))
    delivery = await browser.client.get("/sign-in/verification-code/delivery?app_id=demo-app")
    await browser.open("/sign-in/verification-code?app_id=demo-app")

    assert "could not be sent" in delivery.json()["problem"]
    assert delivery.json()["wait"] == 0
    assert "could not be sent" in browser.page.words
    site.provider.takes, site.provider.refusal = 0, None
    await browser.submit(form=1)
    assert browser.page.status == 200
    assert "could not be sent" not in browser.page.words


async def test_where_only_accounts_get_codes_known_and_unknown_look_alike(
    site: Site, new_browser: Callable[[], Browser]
) -> None:
    await site.settle(signInMode="SignIn")
    await add_phone_user(site)
    site.provider.refusal = ProviderUnavailable("x")
    pages = []
    for phone in (PHONE, "010-9999-5678"):
        browser = await ask_for_code(new_browser(), phone)
        await (await site.scope()).messaging.drain(timedelta(seconds=5))
        await browser.open("/sign-in/verification-code?app_id=demo-app")
        delivery = await browser.client.get("/sign-in/verification-code/delivery?app_id=demo-app")
        pages.append((browser.page.status, browser.page.words, delivery.json()))

    assert len(site.provider.messages) == 1
    assert pages[0] == pages[1]
    assert pages[0][2] == {"problem": None, "wait": 59}


async def test_too_many_messages_to_a_number_are_refused_with_words(
    site: Site, browser: Browser
) -> None:
    await ask_for_code(browser)
    for _ in range(9):
        site.clock.advance(timedelta(seconds=60))
        await browser.submit(form=1)
    site.clock.advance(timedelta(seconds=59))

    await browser.submit(form=1)

    assert browser.page.status == 429
    assert len(site.provider.messages) == 10


async def test_the_language_follows_the_person(
    site: Site, new_browser: Callable[..., Browser]
) -> None:
    korean = await new_browser("ko-KR,en;q=0.5").open(authorization())
    assert 'lang="ko"' in korean.page.html
    assert korean.page.forms[0].fields["country"] == "KR"

    asked = await new_browser("en-US").open(authorization(ui_locales="ko"))
    assert 'lang="ko"' in asked.page.html
    await asked.open(next(link for link in asked.page.links if "lang=en" in link))
    assert asked.page.path == "/sign-in"
    assert "<h1>Sign in</h1>" in asked.page.html
    await asked.submit(identifier=PHONE, country="KR")
    assert "<h1>Enter the code</h1>" in asked.page.html
    assert site.provider.messages[-1].language == "en"

    await asked.open("/sign-in/verification-code?app_id=demo-app&lang=ko")
    site.clock.advance(RESEND_WAIT)
    await asked.submit(form=1)
    assert site.provider.messages[-1].language == "ko"


async def test_the_tenants_language_comes_last(
    site: Site, new_browser: Callable[..., Browser]
) -> None:
    await site.settle(languageInfo={"autoDetect": True, "fallbackLanguage": "ko"})
    french = await new_browser("fr").open(authorization())
    assert 'lang="ko"' in french.page.html
    await french.submit(identifier="", country="KR")
    assert Phrases.load().text("ko", "errors.form.phone_missing") in french.page.words
    await french.submit(identifier=PHONE, country="KR")
    assert site.provider.messages[-1].language == "ko"

    outside = await french.client.get("/nowhere")
    assert 'lang="ko"' in outside.text
    answer = await french.client.put("/api/experience", json={"interactionEvent": "Nonsense"})
    assert re.search("[가-힣]", answer.json()["message"])

    await site.settle(languageInfo={"autoDetect": False, "fallbackLanguage": "ko"})
    english = await new_browser("en").open(authorization())
    assert 'lang="ko"' in english.page.html
    await english.submit(identifier="010-9999-0000", country="KR")
    assert site.provider.messages[-1].language == "ko"


@pytest.mark.parametrize(
    ("hint", "country", "shown"),
    [
        ("+82 10 1234 5678", "KR", "010-1234-5678"),
        ("+447700900123", "GB", "07700 900123"),
        ("010-1234-5678", "US", "010-1234-5678"),
        ("+999 1234", "US", "+999 1234"),
        ("alice", "US", "alice"),
    ],
)
async def test_a_hint_fills_the_field_and_chooses_its_country(
    site: Site, browser: Browser, hint: str, country: str, shown: str
) -> None:
    await browser.open(authorization(login_hint=hint))

    assert browser.page.forms[0].fields["identifier"] == shown
    assert browser.page.forms[0].fields["country"] == country


async def test_a_number_that_was_refused_comes_back_without_its_calling_code(
    site: Site, browser: Browser
) -> None:
    await browser.open(authorization())

    await browser.submit(identifier="+82 12", country="US")

    assert browser.page.status == 422
    fields = browser.page.forms[0].fields
    assert (fields["country"], fields["identifier"]) == ("KR", "12")


async def test_a_hinted_number_of_no_listed_country_stays_as_it_is(
    site: Site, browser: Browser
) -> None:
    policy = {"allowedCountries": ["KR"]}
    await (await site.scope()).configuration.settings.save_guard(SYSTEM, policy)

    await browser.open(authorization(login_hint="+447700900123"))

    assert browser.page.forms[0].fields["identifier"] == "+447700900123"
    assert browser.page.forms[0].fields["country"] == "KR"


@pytest.mark.proves("S82")
async def test_the_code_field_is_one_that_phones_can_fill(site: Site, browser: Browser) -> None:
    await ask_for_code(browser)

    field = browser.page.inputs["code"]
    assert field["type"] == "text"
    assert field["inputmode"] == "numeric"
    assert field["autocomplete"] == "one-time-code"
    assert field["pattern"]
    assert int(field["maxlength"] or 0) >= 6
    assert 'for="code"' in browser.page.html
    assert "10 minutes" in browser.page.words


@pytest.mark.proves("S40")
async def test_a_country_the_guard_refuses_is_not_offered(site: Site, browser: Browser) -> None:
    configuration = (await site.scope()).configuration
    await configuration.settings.save_guard(SYSTEM, {"allowedCountries": ["KR", "JP"]})
    await browser.open(authorization())

    assert browser.page.html.count("<option") == 2
    await browser.submit(identifier="+1 202 555 0123")
    assert browser.page.status == 422
    assert not site.provider.messages


async def test_a_full_development_tenant_says_so_to_whoever_signs_up(
    site: Site, browser: Browser
) -> None:
    await site.add_user(username="ada")
    site.server.rules = replace(site.server.rules, most_in_development={Limited.USERS: 1})
    await site.server.forget("default")
    await ask_for_code(browser)
    await browser.submit(code=site.provider.code)

    await browser.submit()

    assert not browser.is_signed_in
    assert browser.page.status == 403
    assert "A development tenant can have 1 of these." in browser.page.words
    assert await site.phones() == []
