"""The second step on pages without scripts: set up, asked for, and what refreshing does."""

import gzip
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pyotp
import pytest

from tests.web.pages.browser import Browser
from tests.web.pages.conftest import DIGITS, PHONE, Site, authorization
from tests.web.pages.test_password import GOOD, method
from watchword.core.phone import PhoneNumber

BY_PASSWORD: dict[str, Any] = {
    "signUp": {"identifiers": ["username"], "password": True, "verify": False},
    "signIn": {"methods": [method("username")]},
}


def method_mfa(*factors: str, policy: str = "Mandatory") -> dict[str, Any]:
    return {"mfa": {"factors": list(factors), "policy": policy}}


@pytest.fixture
async def site(site: Site) -> Site:
    """Return a server where an authenticator app and recovery codes are mandatory."""
    await site.settle(**BY_PASSWORD, **method_mfa("Totp", "BackupCode"))
    return site


async def sign_up(browser: Browser, name: str = "ada") -> None:
    await browser.open(authorization(first_screen="register"))
    await browser.submit(identifier=name)
    await browser.submit(password=GOOD)


async def sign_in(browser: Browser, name: str = "ada") -> None:
    await browser.open(authorization())
    await browser.submit(identifier=name, password=GOOD)


async def add_person(site: Site, **values: Any) -> None:
    digest = await (await site.scope()).users.passwords.digest_of(GOOD)
    await site.add_user(username="ada", password_digest=digest, **values)


def secret_on(browser: Browser) -> str:
    found = re.search(r'class="secret"[^>]*>([^<]+)<', browser.page.html)
    assert found is not None
    return found[1].replace(" ", "")


def codes_on(browser: Browser) -> list[str]:
    return re.findall(r"<li>([a-z2-9]{4}-[a-z2-9]{4}-[a-z2-9]{4})</li>", browser.page.html)


def app_code(site: Site, secret: str) -> str:
    return pyotp.TOTP(secret).at(int(site.clock.now().timestamp()))


async def set_app_up(site: Site, browser: Browser) -> str:
    """Set an app up from the page that asks for it; return its secret."""
    await browser.submit()
    assert browser.page.path == "/mfa-binding/Totp"
    secret = secret_on(browser)
    await browser.submit(code=app_code(site, secret))
    return secret


async def test_who_signs_up_sets_up_an_app_and_keeps_recovery_codes(
    site: Site, browser: Browser, new_browser: Callable[[], Browser]
) -> None:
    await sign_up(browser)
    assert browser.page.path == "/mfa-binding"
    secret = await set_app_up(site, browser)
    assert browser.page.path == "/mfa-binding/BackupCode"
    codes = codes_on(browser)
    assert len(codes) == 10
    await browser.submit()
    assert browser.is_signed_in

    again = new_browser()
    await sign_in(again)
    assert again.page.path == "/mfa-verification/Totp"
    site.clock.advance(timedelta(seconds=30))
    await again.submit(code=app_code(site, secret))
    assert again.is_signed_in

    lost = new_browser()
    await sign_in(lost)
    await lost.open(next(link for link in lost.page.links if "/mfa-verification?" in link))
    await lost.open(next(link for link in lost.page.links if "/BackupCode" in link))
    await lost.submit(code=codes[0])
    assert lost.is_signed_in


async def test_a_recovery_code_works_once(
    site: Site, browser: Browser, new_browser: Callable[[], Browser]
) -> None:
    await sign_up(browser)
    await set_app_up(site, browser)
    codes = codes_on(browser)
    await browser.submit()
    for is_first in (True, False):
        lost = new_browser()
        await sign_in(lost)
        await lost.open(f"/mfa-verification/BackupCode?{lost.page.response.url.query.decode()}")
        await lost.submit(code=codes[0])
        assert lost.is_signed_in is is_first
    assert "This recovery code is wrong, or was used before." in lost.page.words


async def test_refreshing_shows_the_same_secret_and_the_same_codes(
    site: Site, browser: Browser
) -> None:
    await sign_up(browser)
    chosen = str(browser.page.response.url)
    await browser.submit()
    secret, address = secret_on(browser), str(browser.page.response.url)
    await browser.open(address)
    assert secret_on(browser) == secret
    await browser.open(chosen)
    await browser.submit()
    assert secret_on(browser) == secret

    await browser.submit(code=app_code(site, secret))
    codes, address = codes_on(browser), str(browser.page.response.url)
    await browser.open(address)
    assert codes_on(browser) == codes
    file = await browser.client.get(address.replace("BackupCode?", "BackupCode/download?"))
    assert file.headers["content-disposition"].startswith("attachment")
    assert [line for line in file.text.splitlines() if line in codes] == codes

    await browser.submit()
    await browser.open(address)
    assert codes_on(browser) == []


async def test_a_wrong_code_says_so_and_keeps_the_secret(site: Site, browser: Browser) -> None:
    await sign_up(browser)
    await browser.submit()
    secret = secret_on(browser)

    wrong = f"{(int(app_code(site, secret)) + 1) % 10**6:06}"
    await browser.submit(code=wrong)

    assert browser.page.status == 400
    assert "This code is wrong" in browser.page.words
    assert secret_on(browser) == secret


async def test_the_picture_and_the_key_say_the_same(site: Site, browser: Browser) -> None:
    await sign_up(browser)
    await browser.submit()

    address = next(link for link in browser.page.links if link.startswith("otpauth:"))

    assert pyotp.parse_uri(address.replace("&amp;", "&")).secret == secret_on(browser)
    assert "<svg" in browser.page.html
    assert "<script>" not in browser.page.html


async def test_s50_s51_the_page_offers_the_app_first_and_says_what_texts_do_not_do(
    site: Site, browser: Browser
) -> None:
    await site.settle(**method_mfa("PhoneVerificationCode", "Totp"))
    await sign_up(browser)

    words = browser.page.words

    assert words.index("Authenticator app") < words.index("Text message")
    assert "Protects you when somebody learns your password." in words
    assert "Doesn't protect you when somebody takes over your number" in words
    assert "Safest" in words


NOT_PROTECTED_FROM = {
    "en": ("takes over your number", "lost phone", "telling them the code"),
    "ko": ("번호를 도용당하거나", "잃어버린 휴대폰", "인증번호를 알려"),
}


@pytest.mark.proves("S51")
@pytest.mark.parametrize("language", sorted(NOT_PROTECTED_FROM))
async def test_both_pages_that_set_a_text_up_say_what_it_does_not_protect_from(
    site: Site, browser: Browser, language: str
) -> None:
    await site.settle(**method_mfa("PhoneVerificationCode", "Totp"))
    await sign_up(browser)
    browser.client.headers["Accept-Language"] = language

    await browser.open(str(browser.page.response.url))
    choosing = browser.page.words
    await browser.open(next(link for link in browser.page.links if "PhoneVerification" in link))
    typing = browser.page.words

    for danger in NOT_PROTECTED_FROM[language]:
        assert danger in choosing
        assert danger in typing


async def test_a_number_becomes_the_second_step(site: Site, browser: Browser) -> None:
    await site.settle(**method_mfa("PhoneVerificationCode"))
    await sign_up(browser)
    await browser.open(next(link for link in browser.page.links if "PhoneVerification" in link))
    await browser.submit(identifier=PHONE, country="KR")
    assert browser.page.path == "/mfa-binding/verification-code"

    await browser.submit(code=site.provider.code)

    assert browser.is_signed_in
    assert await site.phones() == [DIGITS]


async def test_who_chose_texts_may_stay_with_them_and_keeps_recovery_codes(
    site: Site, browser: Browser
) -> None:
    await site.settle(**method_mfa("Totp", "PhoneVerificationCode", "BackupCode"))
    await sign_up(browser)
    await browser.open("/mfa-binding/PhoneVerificationCode")
    await browser.submit(identifier=PHONE, country="KR")
    await browser.submit(code=site.provider.code)
    assert "Add something safer?" in browser.page.words

    await browser.submit(form=1)
    assert len(codes_on(browser)) == 10
    await browser.submit()

    assert browser.is_signed_in
    assert await site.phones() == [DIGITS]


async def test_a_text_is_sent_by_itself_and_refreshing_sends_no_other(
    site: Site, browser: Browser
) -> None:
    await add_person(site, primary_phone=PhoneNumber(DIGITS))
    await site.settle(**method_mfa("PhoneVerificationCode", "BackupCode"))
    await sign_in(browser)
    assert browser.page.path == "/mfa-verification/PhoneVerificationCode"
    assert "+82 10-••••-5678" in browser.page.words

    for _ in range(2):
        await browser.open(str(browser.page.response.url))
    await browser.submit(form=1)
    assert browser.page.status == 429
    assert len(site.provider.messages) == 1

    site.clock.advance(timedelta(seconds=60))
    await browser.submit(form=1)
    assert len(site.provider.messages) == 2
    await browser.submit(code=site.provider.code)
    # Mandatory, so recovery codes come next.
    assert browser.page.path == "/mfa-binding/BackupCode"
    await browser.submit()
    assert browser.is_signed_in


async def test_who_may_say_no_is_let_through_and_not_asked_again(
    site: Site, browser: Browser, new_browser: Callable[[], Browser]
) -> None:
    await add_person(site)
    await site.settle(**method_mfa("Totp", policy="UserControlled"))
    await sign_in(browser)
    assert browser.page.path == "/mfa-onboarding"
    await browser.submit(form=1)
    assert browser.is_signed_in

    again = new_browser()
    await sign_in(again)
    assert again.is_signed_in


async def test_who_must_not_say_no_cannot(site: Site, browser: Browser) -> None:
    await sign_up(browser)
    form = browser.page.forms[0]
    assert all("skip" not in f.action for f in browser.page.forms)
    form.action = form.action.replace("/mfa-binding/Totp/start", "/mfa-onboarding/skip")

    answer = await browser.post()

    assert answer.status_code == 422
    assert "A second step is required here." in answer.text


async def test_who_only_has_texts_is_offered_an_app(site: Site, browser: Browser) -> None:
    await add_person(site, primary_phone=PhoneNumber(DIGITS))
    await site.settle(**method_mfa("PhoneVerificationCode", "Totp"))
    await sign_in(browser)
    await browser.submit(code=site.provider.code)
    assert browser.page.path == "/mfa-onboarding"
    assert "Add something safer?" in browser.page.words

    await browser.submit(form=1)

    assert browser.is_signed_in


async def test_s71_a_forgotten_password_needs_the_second_step_too(
    site: Site, browser: Browser, new_browser: Callable[[], Browser]
) -> None:
    await site.settle(forgotPasswordMethods=["PhoneVerificationCode"])
    await add_person(site, primary_phone=PhoneNumber(DIGITS), is_phone_verified=True)
    first = new_browser()
    await sign_in(first)
    secret = await set_app_up(site, first)
    await first.submit()
    assert first.is_signed_in
    site.clock.advance(timedelta(seconds=30))

    await browser.open(authorization(first_screen="reset_password"))
    await browser.submit(identifier=PHONE, country="KR")
    await (await site.scope()).messaging.drain(timedelta(seconds=5))
    await browser.submit(code=site.provider.code)
    await browser.submit(password="staple 42 battery horse")
    assert browser.page.path == "/mfa-verification/Totp"
    await browser.submit(code=app_code(site, secret))

    assert browser.page.path == "/forgot-password/changed"


async def test_nobody_sees_these_pages_before_it_is_known_who_they_are(browser: Browser) -> None:
    cases: list[str] = [
        "/mfa-verification",
        "/mfa-verification/Totp",
        "/mfa-verification/PhoneVerificationCode",
        "/mfa-verification/PhoneVerificationCode/send",
        "/mfa-verification/BackupCode",
        "/mfa-onboarding",
        "/mfa-binding",
        "/mfa-binding/Totp",
        "/mfa-binding/PhoneVerificationCode",
        "/mfa-binding/EmailVerificationCode",
        "/mfa-binding/BackupCode",
        "/mfa-binding/BackupCode/download",
        "/mfa-binding/verification-code",
    ]
    await browser.open(authorization())
    query = browser.page.response.url.query.decode()

    for path in cases:
        await browser.open(f"{path}?{query}")

        assert browser.page.path == "/sign-in", path


async def test_who_owes_a_proof_sees_no_page_that_sets_one_up(
    site: Site, browser: Browser, new_browser: Callable[[], Browser]
) -> None:
    await sign_up(browser)
    await set_app_up(site, browser)
    await browser.submit()
    thief = new_browser()
    await sign_in(thief)
    query = thief.page.response.url.query.decode()

    for path in ("/mfa-binding", "/mfa-onboarding"):
        await thief.open(f"{path}?{query}")
        assert thief.page.path == "/mfa-verification"


async def test_a_page_with_a_picture_fits_the_budget(site: Site, browser: Browser) -> None:
    await sign_up(browser)
    await browser.submit()

    assert len(gzip.compress(browser.page.html.encode(), 6)) < 20 * 1024
