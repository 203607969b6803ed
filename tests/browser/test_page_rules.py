"""What every sign-in page keeps in a real browser, whoever comes and however they look at it."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, Request, expect

from tests.browser.conftest import PATIENCE
from tests.browser.site import TWILIO, Administrator, Site, administrator_of, running_site
from tests.browser.test_first_story import PHRASES
from tests.journeys.server import PHONE_SIGN_IN

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PHONE: dict[str, Any] = {"viewport": {"width": 360, "height": 740}, "locale": "en-US"}
BUDGET = 30 * 1024
# A busy machine may paint a page before it has read all of it; people notice from 0.1.
STILL = 0.01
COUNT_SHIFTS = """
window.shifts = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) window.shifts += entry.value;
}).observe({ type: "layout-shift", buffered: true });
"""


@pytest.fixture(scope="module")
def site(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Return a running server where people sign in by phone."""
    with running_site(sqlite_template, tmp_path_factory.mktemp("site")) as site:
        site.installation.seed(
            connector="twilio-short-message-service", config=TWILIO, signIn=PHONE_SIGN_IN
        )
        yield site


@pytest.fixture
def context(site: Site) -> Iterator[BrowserContext]:
    """Return a browser that nobody used before."""
    context = site.browser.new_context(**PHONE)
    context.set_default_timeout(PATIENCE)
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    """Return its page."""
    return context.new_page()


@pytest.fixture(scope="module")
def administrator(site: Site) -> Iterator[Administrator]:
    """Return who changes settings over the API."""
    with administrator_of(site) as administrator:
        yield administrator


def t(key: str, language: str = "en") -> str:
    """Return a phrase."""
    return PHRASES.text(language, key)


def ask_for_code(site: Site, page: Page, number: str) -> None:
    """Arrive from the application and ask for a code."""
    page.goto(site.authorization())
    page.locator("#identifier").fill(number)
    page.locator("button.primary").click()
    page.wait_for_url(re.compile("verification-code"))


def test_pages_are_light_keep_still_and_ask_nobody_else(
    site: Site, context: BrowserContext, page: Page
) -> None:
    asked: list[Request] = []
    context.add_init_script(COUNT_SHIFTS)

    # The driver takes no method of a list.
    def note(request: Request) -> None:
        asked.append(request)

    context.on("request", note)

    def look(name: str) -> None:
        page.wait_for_load_state("networkidle")
        sent = sum(request.sizes()["responseBodySize"] for request in asked if request.response())
        assert sent <= BUDGET, f"{name}: {sent} bytes"
        assert {request.url.split("/")[2] for request in asked} == {site.origin.split("/")[2]}
        assert page.evaluate("window.shifts") <= STILL, name
        # A longer language, or one from right to left, finds room as well.
        page.evaluate("document.documentElement.dir = 'rtl'")
        wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert wide <= 0, f"{name}, from right to left: {wide} px too wide"
        asked.clear()

    page.goto(site.authorization())
    look("sign in")
    page.locator("#identifier").fill("12")
    page.locator("button.primary").click()
    expect(page.locator("#identifier")).to_have_attribute("aria-invalid", "true")
    look("wrong number")
    page.goto(site.authorization(first_screen="register"))
    asked.clear()
    page.reload()
    look("register")
    page.locator("#identifier").fill("+14155550101")
    page.locator("button.primary").click()
    page.wait_for_url(re.compile("verification-code"))
    look("code")
    # `look` waited for the page's script, which sends the last digit.
    page.locator("#code").fill(site.emulator.last_code())
    page.wait_for_url(re.compile("/demo-app"))


def test_a_person_signs_up_and_in_without_scripts(site: Site) -> None:
    context = site.browser.new_context(**PHONE, java_script_enabled=False)
    page = context.new_page()
    for is_new in (True, False):
        context.clear_cookies()
        ask_for_code(site, page, "+14155550102")
        expect(page.locator(".wait")).to_be_visible()
        page.locator("#code").fill(" ".join(site.emulator.last_code()))
        page.locator("button.primary").click()
        if is_new:
            expect(page.get_by_role("heading")).to_have_text(t("pages.no_account.title"))
            page.locator("button.primary").click()
        page.wait_for_url(re.compile(r"/demo-app\?code="))
    context.close()


def test_a_person_signs_in_with_the_keys_alone(site: Site, page: Page) -> None:
    page.goto(site.authorization())
    expect(page.locator("#identifier")).to_be_focused()
    page.keyboard.type("+14155550103")
    page.keyboard.press("Enter")
    expect(page.locator("#code")).to_be_focused()
    # Its script sends the last digit.
    page.wait_for_load_state()
    page.keyboard.type("000000" if site.emulator.last_code() != "000000" else "111111")
    expect(page.locator("#code")).to_have_attribute("aria-invalid", "true")
    expect(page.locator("#code")).to_be_focused()
    page.wait_for_load_state()
    page.keyboard.type(site.emulator.last_code())
    expect(page.locator("button.primary")).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/demo-app\?code="))


def test_loading_going_back_and_other_devices_send_nothing_again(
    site: Site, context: BrowserContext, page: Page
) -> None:
    ask_for_code(site, page, "+14155550104")
    sent = len(site.emulator.messages())
    code_page = page.url
    page.reload()
    expect(page.locator("#code")).to_be_visible()
    page.go_back()
    expect(page.locator("#identifier")).to_be_visible()
    page.go_forward()
    expect(page.locator("#code")).to_be_visible()
    tab = context.new_page()
    tab.goto(code_page)
    expect(tab.locator("#code")).to_be_visible()
    assert len(site.emulator.messages()) == sent

    # Somebody else's device has no part in it; nor has this one once the visit is over.
    other = site.browser.new_context(**PHONE)
    stranger = other.new_page()
    stranger.goto(code_page)
    expect(stranger.get_by_role("heading")).to_have_text(t("pages.expired.title"))
    other.close()
    context.clear_cookies()
    page.reload()
    expect(page.get_by_role("heading")).to_have_text(t("pages.expired.title"))
    tab.locator("#code").fill(site.emulator.last_code())
    expect(tab.get_by_role("heading")).to_have_text(t("pages.expired.title"))
    assert len(site.emulator.messages()) == sent


def test_what_the_application_asks_for_is_honoured(
    site: Site, administrator: Administrator, page: Page
) -> None:
    administrator.change("sign-in-exp", customCss="h1 { color: rgb(1, 2, 3) } @import 'x';")
    page.goto(site.authorization(ui_locales="ko", login_hint="+82 10-1234-5678"))
    expect(page.get_by_role("heading")).to_have_text(t("pages.sign_in.title", "ko"))
    expect(page.locator("#identifier")).to_have_value("010-1234-5678")
    expect(page.locator("#country")).to_have_value("KR")
    assert page.locator("h1").evaluate("one => getComputedStyle(one).color") == "rgb(1, 2, 3)"
    page.goto(site.authorization(first_screen="register"))
    expect(page.get_by_role("heading")).to_have_text(t("pages.register.title"))
    page.goto(site.authorization(first_screen="identifier:sign_in", identifier="phone"))
    expect(page.get_by_label(t("pages.identifier.phone.label"))).to_be_visible()
    administrator.change("sign-in-exp", customCss=None)
