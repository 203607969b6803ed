"""The account's pages about second factors, without scripts."""

import re

import pyotp
import pytest

from tests.web.account.conftest import EMAIL, PASSWORD, Person, Site
from tests.web.pages.browser import Browser
from watchword.audit.models import SYSTEM
from watchword.factors.models import Choice, SavedFactors

APP = "/account/authenticator-app"
CODES = "/account/backup-codes"
STEP = "/account/second-step"
OFFERED = ("Totp", "EmailVerificationCode", "BackupCode")


async def offer(site: Site, *factors: str, policy: str = "NoPrompt") -> None:
    settings = (await site.scope()).configuration.settings
    await settings.save_sign_in(SYSTEM, {"mfa": {"factors": [*factors], "policy": policy}})


@pytest.fixture
async def site(site: Site) -> Site:
    """Return a server that offers an app, codes by email and recovery codes."""
    await offer(site, *OFFERED)
    return site


@pytest.fixture
async def ada(site: Site) -> Person:
    """Return somebody who is signed in, with a number, an address and a password."""
    return await site.sign_in(await site.add_user(username="ada", primary_email=EMAIL))


async def opened(person: Person, path: str) -> Browser:
    """Open a page, and prove who one is on the way."""
    browser = await person.browser.open(path)
    if browser.page.path == "/account/verify":
        await browser.submit(password=PASSWORD, way="password")
    assert browser.page.path == path
    return browser


async def factors_of(site: Site, person: Person) -> SavedFactors:
    return await (await site.scope()).factors.of_user(person.id)


async def press(browser: Browser, action: str) -> None:
    actions = [form.action for form in browser.page.forms]
    await browser.submit(form=actions.index(action))


def shown_secret(browser: Browser) -> str:
    found = re.search(r'name="secret" value="([A-Z2-7]+)"', browser.page.html)
    assert found is not None
    return found[1]


def app_code(site: Site, secret: str) -> str:
    return pyotp.TOTP(secret).at(site.clock.now())


async def set_app_up(site: Site, person: Person) -> str:
    browser = await opened(person, APP)
    secret = shown_secret(browser)
    await browser.submit(code=app_code(site, secret))
    assert browser.page.path == f"{APP}/success"
    return secret


async def test_the_security_page_says_what_there_is(site: Site, ada: Person) -> None:
    browser = await ada.browser.open("/account/security")
    assert {APP, CODES, STEP} <= set(browser.page.links)

    await set_app_up(site, ada)
    await browser.open("/account/security")

    assert "Set up on" in browser.page.words
    assert "Asked when you sign in" in browser.page.words


async def test_an_app_is_set_up_once_its_code_came_back(site: Site, ada: Person) -> None:
    browser = await opened(ada, APP)
    secret = shown_secret(browser)

    await browser.submit(code="000000" if app_code(site, secret) != "000000" else "111111")
    assert browser.page.status == 400
    assert shown_secret(browser) == secret, "the app has read this one already"
    assert (await factors_of(site, ada)).totp is None

    await browser.submit(code=app_code(site, secret))
    assert browser.page.path == f"{APP}/success"
    assert (await factors_of(site, ada)).totp is not None


async def test_an_app_is_replaced_and_removed(site: Site, ada: Person) -> None:
    await set_app_up(site, ada)
    first = (await factors_of(site, ada)).totp
    browser = await opened(ada, f"{APP}/replace")
    await browser.submit(code=app_code(site, shown_secret(browser)))
    second = (await factors_of(site, ada)).totp
    assert first is not None
    assert second is not None
    assert first.id != second.id

    browser = await opened(ada, APP)
    await press(browser, f"{APP}/remove")

    assert "Your authenticator app is removed" in browser.page.words
    assert (await factors_of(site, ada)).totp is None


async def test_recovery_codes_count_once_they_are_kept(site: Site, ada: Person) -> None:
    browser = await opened(ada, CODES)
    assert "Make codes" in browser.page.words
    await press(browser, f"{CODES}/generate")
    codes = re.findall(r"<li>([0-9a-z-]{14})</li>", browser.page.html)
    assert len(codes) == 10
    assert (await factors_of(site, ada)).codes is None

    await press(browser, CODES)

    assert browser.page.path == f"{CODES}/success"
    factors = (await site.scope()).factors
    await factors.verify_code(await factors_of(site, ada), ada.id, codes[0])
    browser = await opened(ada, CODES)
    assert "9 codes left" in browser.page.words
    assert "Make new codes" in browser.page.words
    assert codes[1] not in browser.page.html


async def test_new_recovery_codes_replace_the_old_and_can_be_removed(
    site: Site, ada: Person
) -> None:
    for _ in range(2):
        browser = await opened(ada, CODES)
        await press(browser, f"{CODES}/generate")
        await press(browser, CODES)
    saved = (await factors_of(site, ada)).codes
    assert saved is not None
    assert saved.codes_left == 10

    browser = await opened(ada, CODES)
    await press(browser, f"{CODES}/remove")

    assert (await factors_of(site, ada)).codes is None


async def test_a_person_decides_whether_they_are_asked(site: Site, ada: Person) -> None:
    async def is_wanted() -> bool:
        return Choice.of((await (await site.scope()).users.get(ada.id)).mfa).enabled

    browser = await opened(ada, STEP)
    assert "Doesn't protect you when somebody can read your email" in browser.page.words
    await browser.submit(wanted="yes")
    assert await is_wanted()

    browser = await opened(ada, STEP)
    await browser.submit()
    assert not await is_wanted()


async def test_where_the_tenant_insists_there_is_nothing_to_decide(site: Site, ada: Person) -> None:
    await offer(site, *OFFERED, policy="Mandatory")

    browser = await ada.browser.open("/account/security")

    assert STEP not in browser.page.links
    await ada.browser.open(STEP)
    await ada.browser.submit(password=PASSWORD, way="password")
    assert ada.browser.page.status == 400


async def test_what_the_tenant_hides_is_not_shown(site: Site, ada: Person) -> None:
    await site.open_account_center(mfa="Off")
    browser = await ada.browser.open("/account/security")
    assert not {APP, CODES, STEP} & set(browser.page.links)

    await site.open_account_center(mfa="ReadOnly")
    browser = await ada.browser.open("/account/security")
    assert "Authenticator app" in browser.page.words
    assert not {APP, CODES, STEP} & set(browser.page.links)
