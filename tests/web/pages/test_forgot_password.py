"""Forgot password on pages without scripts."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from tests.web.pages.browser import Browser
from tests.web.pages.conftest import DIGITS, PHONE, Site, authorization
from tests.web.pages.test_password import GOOD, method
from watchword.core.phone import PhoneNumber
from watchword.users.models import Identifier
from watchword.web.pages.steps import RESEND_WAIT

NEW = "staple 42 battery horse"
RECOVERABLE = {
    "signUp": {"identifiers": ["phone"], "password": True, "verify": True},
    "signIn": {"methods": [method("phone")]},
    "forgotPasswordMethods": ["PhoneVerificationCode"],
}


async def add_person(site: Site, password: str = GOOD) -> str:
    users = (await site.scope()).users
    digest = await users.passwords.digest_of(password)
    return await site.add_user(
        primary_phone=PhoneNumber(DIGITS), is_phone_verified=True, password_digest=digest
    )


async def ask(browser: Browser, phone: str = PHONE) -> Browser:
    await browser.open(authorization(first_screen="reset_password"))
    return await browser.submit(identifier=phone, country="KR")


async def code_of(site: Site) -> str:
    await (await site.scope()).messaging.drain(timedelta(seconds=5))
    return site.provider.code


@pytest.fixture
async def site(site: Site) -> Site:
    """Return a server where a code to the phone recovers a password."""
    await site.settle(**RECOVERABLE)
    return site


@pytest.mark.proves("S86")
async def test_who_forgot_the_password_chooses_another_and_signs_in_with_it(
    site: Site, browser: Browser
) -> None:
    await add_person(site)
    await browser.open(authorization())
    await browser.submit(identifier=PHONE, country="KR")
    await browser.open(next(link for link in browser.page.links if "/forgot-password" in link))
    await browser.submit(identifier=PHONE, country="KR")
    assert browser.page.path == "/forgot-password/verification-code"
    await browser.submit(code=await code_of(site))
    assert browser.page.path == "/forgot-password/reset"

    await browser.submit(password=NEW)
    assert browser.page.path == "/forgot-password/changed"
    await browser.open(next(link for link in browser.page.links if "/sign-in" in link))
    await browser.submit(identifier=PHONE, country="KR")
    await browser.submit(password=GOOD)
    assert browser.page.status == 422
    await browser.submit(password=NEW)

    assert browser.is_signed_in


async def test_a_weak_password_and_the_old_one_are_refused_with_what_to_mend(
    site: Site, browser: Browser
) -> None:
    await add_person(site)
    await ask(browser)
    await browser.submit(code=await code_of(site))

    await browser.submit(password="short")
    assert browser.page.status == 422
    assert "at least 8 characters" in browser.page.words
    await browser.submit(password=GOOD)
    assert browser.page.status == 422
    assert "old password" in browser.page.words
    await browser.submit(password=NEW)
    assert browser.page.path == "/forgot-password/changed"


@pytest.mark.proves("S60")
async def test_known_and_unknown_numbers_see_the_same_pages(
    site: Site, new_browser: Callable[[], Browser]
) -> None:
    await add_person(site)
    seen = []
    for phone in (PHONE, "010-9999-5678"):
        browser = await ask(new_browser(), phone)
        delivery = await browser.client.get(
            "/forgot-password/verification-code/delivery?app_id=demo-app"
        )
        shown = (browser.page.status, browser.page.path, browser.page.words)
        await browser.submit(code="000000")
        seen.append((*shown, delivery.json(), browser.page.status, browser.page.words))

    assert seen[0] == seen[1]
    await (await site.scope()).messaging.drain(timedelta(seconds=5))
    assert len(site.provider.messages) == 1


@pytest.mark.proves("S29")
async def test_loading_a_page_again_sends_nothing_and_the_wait_is_kept(
    site: Site, browser: Browser
) -> None:
    await add_person(site)
    await ask(browser)
    await browser.open("/forgot-password/verification-code?app_id=demo-app")
    await browser.open("/forgot-password?app_id=demo-app")
    await browser.submit(identifier=PHONE, country="KR")
    assert browser.page.path == "/forgot-password/verification-code"
    await browser.submit(form=1)
    assert browser.page.status == 429
    await code_of(site)
    assert len(site.provider.messages) == 1

    site.clock.advance(RESEND_WAIT)
    await browser.submit(form=1)
    await browser.submit(code=await code_of(site))
    assert browser.page.path == "/forgot-password/reset"
    assert len(site.provider.messages) == 2


async def test_a_code_to_sign_in_is_no_code_to_reset(site: Site, browser: Browser) -> None:
    await add_person(site)
    await browser.open(authorization())
    await browser.submit(identifier=PHONE, country="KR", way="code")
    await browser.submit(form=1, way="code")
    sign_in_code = await code_of(site)

    await browser.open("/forgot-password?app_id=demo-app")
    await browser.submit(identifier=PHONE, country="KR")
    if sign_in_code != await code_of(site):
        await browser.submit(code=sign_in_code)
        assert browser.page.status == 400
    assert len(site.provider.messages) == 2

    # And back again: the reset's code signs nobody in.
    await browser.open("/sign-in?app_id=demo-app")
    await browser.submit(identifier=PHONE, country="KR")
    await browser.submit(form=1, way="code")
    await code_of(site)
    assert browser.page.path == "/sign-in/verification-code"
    assert [message.usage for message in site.provider.messages] == [
        "SignIn",
        "ForgotPassword",
        "SignIn",
    ]


async def test_the_link_is_there_only_where_recovery_is_on(
    site: Site, new_browser: Callable[[], Browser]
) -> None:
    for methods, is_there in (([], False), (["PhoneVerificationCode"], True), (None, True)):
        await site.settle(forgotPasswordMethods=methods)
        browser = await new_browser().open(authorization())
        await browser.submit(identifier=PHONE, country="KR")
        assert any("/forgot-password" in link for link in browser.page.links) is is_there
        await browser.open("/forgot-password?app_id=demo-app")
        assert (browser.page.path == "/forgot-password") is is_there


async def test_back_after_the_change_leads_nowhere_else(site: Site, browser: Browser) -> None:
    await add_person(site)
    await ask(browser)
    await browser.submit(code=await code_of(site))
    form = browser.page
    await browser.submit(password=NEW)

    browser.page = form
    await browser.submit(password=GOOD)

    assert browser.page.path == "/forgot-password"
    users = (await site.scope()).users
    await users.verify_password(Identifier("phone", DIGITS), NEW)
