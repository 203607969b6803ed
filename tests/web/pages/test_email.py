"""E-mail addresses: beside numbers and user names in one field, with a code or a password."""

import html
import re
from collections.abc import Callable
from datetime import timedelta

import pytest

from tests.web.pages.browser import Browser
from tests.web.pages.conftest import DIGITS, PHONE, Site, authorization
from tests.web.pages.test_password import GOOD, method
from watchword.audit.models import SYSTEM
from watchword.core.phone import PhoneNumber
from watchword.users.models import Identifier, User

ADA = "ada@example.com"
EMAIL_OR_PHONE = {
    "signUp": {"identifiers": ["email", "phone"], "password": False, "verify": True},
    "signIn": {
        "methods": [
            method("email", verificationCode=True, password=False),
            method("phone", password=False),
        ]
    },
    "forgotPasswordMethods": ["EmailVerificationCode", "PhoneVerificationCode"],
}
THREE_IN_ONE = {
    "signUp": {"identifiers": ["username"], "password": True, "verify": False},
    "signIn": {
        "methods": [method("username"), method("email", verificationCode=True), method("phone")]
    },
}


async def mailed_code(site: Site) -> str:
    await (await site.scope()).messaging.drain(timedelta(seconds=5))
    return str(site.provider.mails[-1].variables["code"])


async def person(site: Site, email: str = ADA) -> User | None:
    return await (await site.scope()).users.find_by_identifier("email", email)


@pytest.fixture
async def site(site: Site) -> Site:
    """Return a server where an address or a number signs up and in with a code."""
    await site.set_email_up(**EMAIL_OR_PHONE)
    return site


async def test_an_address_signs_up_with_a_code(site: Site, browser: Browser) -> None:
    await browser.open(authorization(first_screen="register"))
    await browser.submit(identifier=" Ada@Example.com ")
    assert browser.page.path == "/register/verification-code"
    assert "We emailed 6 digits to a•••@example.com" in browser.page.words
    await browser.submit(code=await mailed_code(site))

    assert browser.is_signed_in
    ada = await person(site)
    assert ada is not None
    assert ada.email_verified_at is not None
    assert site.provider.messages == []


async def test_the_same_field_takes_a_number(site: Site, browser: Browser) -> None:
    await browser.open(authorization(first_screen="register"))
    await browser.submit(identifier=PHONE, country="KR")
    await browser.submit(code=site.provider.code)

    assert browser.is_signed_in
    assert await site.phones() == [DIGITS]
    assert site.provider.mails == []


async def test_an_unknown_address_becomes_an_account_without_a_second_code(
    site: Site, browser: Browser
) -> None:
    await browser.open(authorization())
    await browser.submit(identifier=ADA)
    await browser.submit(code=await mailed_code(site))
    assert browser.page.path == "/sign-in/no-account"
    assert "No account uses a•••@example.com" in browser.page.words
    await browser.submit()

    assert browser.is_signed_in
    assert len(site.provider.mails) == 1


async def test_signing_up_with_a_known_address_offers_to_sign_in(
    site: Site, browser: Browser
) -> None:
    await site.add_user(primary_email=ADA)
    await browser.open(authorization(first_screen="register"))
    await browser.submit(identifier=ADA)
    await browser.submit(code=await mailed_code(site))
    assert browser.page.path == "/register/has-account"
    await browser.submit()

    assert browser.is_signed_in
    ada = await person(site)
    assert ada is not None
    assert ada.email_verified_at is not None


async def test_no_address_and_nothing_at_all_are_said(site: Site, browser: Browser) -> None:
    await browser.open(authorization())
    for typed, status in (("ada@", 422), ("ada", 422), ("", 400)):
        await browser.submit(identifier=typed)
        assert browser.page.status == status
        assert browser.page.inputs["identifier"]["aria-invalid"] == "true"
    assert not site.provider.mails


@pytest.mark.parametrize("typed", ["alice", ADA, PHONE])
async def test_one_field_knows_whom_a_password_belongs_to(
    site: Site, browser: Browser, typed: str
) -> None:
    await site.settle(**THREE_IN_ONE)
    passwords = (await site.scope()).users.passwords
    await site.add_user(
        username="alice",
        primary_email=ADA,
        primary_phone=PhoneNumber(DIGITS),
        password_digest=await passwords.digest_of(GOOD),
    )
    await browser.open(authorization())
    assert "Username, email or phone number" in browser.page.words
    await browser.submit(identifier=typed, country="KR")
    await browser.submit(password=GOOD)

    assert browser.is_signed_in


async def test_a_code_to_the_address_recovers_the_password_and_the_phone_is_told(
    site: Site, browser: Browser
) -> None:
    await site.settle(**THREE_IN_ONE)
    users = (await site.scope()).users
    await site.add_user(
        username="alice",
        primary_email=ADA,
        primary_phone=PhoneNumber(DIGITS),
        password_digest=await users.passwords.digest_of(GOOD),
    )
    await browser.open(authorization(first_screen="reset_password", identifier="email"))
    assert "Email address" in browser.page.words
    await browser.submit(identifier=ADA)
    await browser.submit(code=await mailed_code(site))
    await browser.submit(password="staple 42 battery horse")

    assert browser.page.path == "/forgot-password/changed"
    await users.verify_password(Identifier("email", ADA), "staple 42 battery horse")


async def test_an_account_without_an_address_is_asked_for_one(
    site: Site, new_browser: Callable[[], Browser]
) -> None:
    await site.add_user(primary_phone=PhoneNumber(DIGITS), is_phone_verified=True)
    await site.settle(
        signUp={"identifiers": ["email"], "password": False, "verify": True},
    )
    browser = await new_browser().open(authorization())
    await browser.submit(identifier=PHONE, country="KR")
    await browser.submit(code=site.provider.code)
    assert browser.page.path == "/continue/email"
    site.clock.advance(timedelta(seconds=1))
    await browser.submit(identifier=ADA)
    await browser.submit(code=await mailed_code(site))

    assert browser.is_signed_in
    ada = await person(site)
    assert ada is not None
    assert ada.primary_phone == DIGITS


async def test_who_can_give_no_address_may_sign_in_as_somebody_else(
    site: Site, new_browser: Callable[[], Browser]
) -> None:
    await site.add_user(primary_phone=PhoneNumber(DIGITS), is_phone_verified=True)
    await site.settle(signUp={"identifiers": ["email"], "password": False, "verify": True})
    browser = await new_browser().open(authorization())
    await browser.submit(identifier=PHONE, country="KR")
    await browser.submit(code=site.provider.code)
    [away] = re.findall(r'href="([^"]+)">Use another account<', browser.page.html)

    await browser.open(html.unescape(away))

    assert browser.page.path == "/sign-in"


async def test_an_application_may_ask_for_one_kind_only(site: Site, browser: Browser) -> None:
    for screen, path in (
        ("identifier:sign_in", "/identifier-sign-in"),
        ("identifier:register", "/identifier-register"),
    ):
        await browser.open(authorization(first_screen=screen, identifier="email pigeon"))
        assert browser.page.path == path
        assert browser.page.inputs["identifier"]["type"] == "email"
        assert "country" not in browser.page.forms[0].fields

    await browser.open(authorization(first_screen="identifier:sign_in", identifier="pigeon"))
    assert "Email or phone number" in browser.page.words


async def test_a_code_is_replaced_although_a_refusal_came_between(
    site: Site, browser: Browser
) -> None:
    configuration = (await site.scope()).configuration
    await browser.open(authorization())
    await browser.submit(identifier=PHONE, country="KR")
    await configuration.settings.save_guard(SYSTEM, {"allowedCountries": ["KR"]})
    site.clock.advance(timedelta(seconds=1))
    await browser.open("/register?app_id=demo-app")
    # This begins another event, and then the guard refuses.
    await browser.submit(identifier="+1 202 555 0123")
    assert browser.page.status == 422

    await browser.submit(identifier=PHONE, country="KR")

    assert browser.page.path == "/register/verification-code"
    assert len(site.provider.messages) == 2


async def test_a_provider_that_is_not_set_up_leads_to_the_first_page(
    site: Site, browser: Browser
) -> None:
    await browser.open(authorization(direct_sign_in="social:google", first_screen="register"))

    assert browser.page.path == "/register"
