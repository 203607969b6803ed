"""The main job: from the set-up link to the claims of a person who signed in with a code."""

import re
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from tests.browser.conftest import PATIENCE, Camera, Complaints, Emulator, setup_link
from tests.journeys.rows import query
from tests.journeys.server import Installation, Server
from watchword.core.phrases import Phrases
from watchword.emulators.twilio import ACCOUNT_SID, AUTH_TOKEN, MESSAGING_SERVICE_SID

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.one_database]

PASSWORD = "calm-otter-7-lamps"
PHRASES = Phrases.load()


@dataclass(frozen=True)
class Look:
    """How somebody looks at the pages: language, colours, and the width of the screen."""

    name: str
    language: str
    scheme: Any
    width: int
    height: int


WIDE = Look("wide-en-light", "en", "light", 1280, 900)
NARROW = Look("narrow-ko-dark", "ko", "dark", 390, 844)


class Walk:
    """One person at one browser, who reads one language."""

    def __init__(self, browser: Browser, look: Look) -> None:
        self.look = look
        self.camera = Camera(look.name)
        self.context: BrowserContext = browser.new_context(
            viewport={"width": look.width, "height": look.height},
            locale={"en": "en-US", "ko": "ko-KR"}[look.language],
            color_scheme=look.scheme,
        )
        self.context.set_default_timeout(PATIENCE)
        self.page: Page = self.context.new_page()
        self.complaints = Complaints(self.page)

    def t(self, key: str, **values: Any) -> str:
        """Return a phrase in the person's language."""
        text = PHRASES.text(self.look.language, key, **values)
        assert text != key, f"no phrase {key}"
        return text

    def label(self, key: str) -> Locator:
        """Return the field with this label."""
        return self.page.get_by_label(self.t(key), exact=True)

    def button(self, key: str, **values: Any) -> Locator:
        """Return the button with this name."""
        return self.page.get_by_role("button", name=self.t(key, **values), exact=True)

    def link(self, key: str) -> Locator:
        """Return the link with this name."""
        return self.page.get_by_role("link", name=self.t(key), exact=True)

    def says(self, key: str, **values: Any) -> None:
        """Expect the page to say this."""
        expect(self.page.get_by_text(self.t(key, **values)).first).to_be_visible()

    def confirm(self) -> None:
        """Save what the console has just asked about, and wait for it."""
        title = self.page.get_by_text(self.t("console.sign_in_experience.confirm_title"))
        expect(self.page.locator("dialog:modal")).to_be_visible()
        self.button("console.confirm").click()
        # "Saved." stands in "changes that are not saved." too, on the page before.
        expect(title).to_have_count(0)
        self.says("console.done.saved")

    def take(self, name: str) -> None:
        """Take a picture of the page."""
        self.camera.take(self.page, name)

    def go(self, key: str) -> None:
        """Choose a page in the console's navigation."""
        if self.look.width < 900:
            self.button("console.menu").click()
        self.link(key).first.click()


def set_the_console_up(walk: Walk, server: Server) -> None:
    """Spend the link: choose a name and a password."""
    walk.page.goto(setup_link(server))
    walk.take("set-up")
    walk.page.locator("[name=username]").fill("ada")
    walk.page.locator("[name=password]").fill(PASSWORD)
    walk.button("console.setup.submit").click()
    walk.says("console.get_started.lead")
    walk.take("get-started")


def set_twilio_up(walk: Walk) -> None:
    """Connectors: guide, form, templates, a test with unsaved values, save."""
    page = walk.page
    walk.go("console.nav.connectors")
    set_up = page.locator("a.primary[href$='type=Sms']")
    expect(set_up).to_be_visible()
    walk.take("connectors")
    set_up.click()
    twilio = page.get_by_role("link", name=re.compile("Twilio"))
    expect(twilio).to_be_visible()
    walk.take("cards")
    twilio.click()
    page.locator("[name=accountSID]").fill(ACCOUNT_SID)
    page.locator("[name=authToken]").fill(AUTH_TOKEN)
    page.locator("[name=fromMessagingServiceSID]").fill(MESSAGING_SERVICE_SID)
    walk.take("guide-and-form")
    page.locator("[name=test_phone]").fill("+1 415 555 0134")
    walk.button("console.test.send").click()
    walk.says("console.test.accepted")
    walk.take("test-accepted")
    walk.button("console.guide.save").click()
    expect(page).to_have_url(re.compile(r"/connectors/[a-z0-9]+$"))
    walk.take("connector")


def switch_phone_on(walk: Walk) -> None:
    """Sign-in experience: the phone number becomes a way to sign up and to sign in."""
    page = walk.page
    phone, username = walk.t("console.identifier.phone"), walk.t("console.identifier.username")
    walk.go("console.nav.sign_in_experience")
    page.locator("button[value='add-sign-up:phone']").click()
    # Verification is forced on, and the phone number becomes a way to sign in.
    row = page.locator("li").filter(has=page.locator("[name=sign_up][value=phone]"))
    expect(row.get_by_role("checkbox")).to_be_checked()
    expect(row.get_by_role("checkbox")).to_be_disabled()
    expect(page.locator("[name=method][value=phone]")).to_have_count(1)
    remove = walk.t("console.sign_in_experience.remove", name=username)
    page.get_by_role("button", name=remove).first.click()
    # What is clicked while the answer is under way belongs to the form that it replaces.
    expect(page.locator("[name=sign_up][value=username]")).to_have_count(0)
    page.get_by_label(walk.t("console.sign_in_experience.create_password")).uncheck()
    expect(page.locator("[name=phone_code]").first).to_be_disabled()
    page.locator("button[value='remove-sign-in:username']").click()
    expect(page.locator("[name=method][value=username]")).to_have_count(0)
    page.locator("[type=checkbox][name=phone_password]").uncheck()
    walk.take("sign-up-and-sign-in")
    walk.button("console.save").click()
    # Above the page, whatever else is drawn there.
    expect(page.locator("dialog:modal")).to_be_visible()
    walk.says("console.sign_in_experience.confirm_title")
    walk.take("before-and-after")
    walk.confirm()
    expect(page.locator("main")).to_contain_text(phone)


def open_live_preview(walk: Walk) -> None:
    """Go on in the tab of the demo application."""
    with walk.context.expect_page() as opened:
        walk.page.get_by_role(
            "link", name=walk.t("console.sign_in_experience.live_preview")
        ).click()
    walk.page = opened.value
    walk.complaints.watch(walk.page)
    walk.says("demo_app.signed_out.title")
    walk.take("demo")


def ask_for_a_code(walk: Walk, number: str) -> None:
    """Type a number as people do, and ask for a code."""
    walk.label("pages.identifier.phone.label").fill(number)
    walk.button("pages.sign_in.button_code").click()
    expect(walk.label("pages.code.label")).to_be_focused()


def type_code(walk: Walk, code: str) -> None:
    """Type a code; the sixth digit sends it, once the page has its script."""
    expect(walk.label("pages.code.label")).to_be_visible()
    walk.page.wait_for_load_state()
    walk.label("pages.code.label").fill("")
    walk.label("pages.code.label").press_sequentially(code)


def see_claims(walk: Walk, number: str) -> None:
    """Land in the demo application, which shows what it got."""
    walk.says("demo_app.signed_in.title")
    claims = re.split(r"[\t\n]+", walk.page.inner_text("main"))
    assert claims[claims.index("phone_number") + 1] == number
    assert claims[claims.index("phone_number_verified") + 1] == "true"


def other_than(code: str) -> str:
    """Return a wrong code."""
    return f"{(int(code) + 1) % 1_000_000:06}"


@pytest.mark.parametrize("look", [WIDE, NARROW], ids=lambda look: look.name)
def test_an_administrator_sets_twilio_up_and_a_person_signs_in(
    browser: Browser,
    installation: Installation,
    server: Server,
    emulator: Emulator,
    look: Look,
) -> None:
    walk = Walk(browser, look)
    set_the_console_up(walk, server)
    set_twilio_up(walk)
    switch_phone_on(walk)
    open_live_preview(walk)

    # Nobody has this number: the person makes an account with it, without a second code.
    walk.button("demo_app.sign_in").click()
    expect(walk.label("pages.identifier.phone.label")).to_be_focused()
    walk.take("sign-in")
    ask_for_a_code(walk, "+1 415 555 0177")
    walk.take("code")
    first = emulator.last_code()
    type_code(walk, other_than(first))
    walk.says("errors.verification_code.code_mismatch")
    walk.take("wrong-code")
    type_code(walk, first)
    walk.says("pages.no_account.title")
    walk.take("no-account")
    walk.button("pages.no_account.button").click()
    see_claims(walk, "+14155550177")
    walk.take("claims")

    # Out and in again; an old code and an expired one are refused.
    walk.button("demo_app.sign_out").click()
    walk.says("demo_app.signed_out.after")
    walk.button("demo_app.sign_in_again").click()
    ask_for_a_code(walk, "+14155550177")
    second = emulator.last_code()
    assert second != first
    type_code(walk, first)
    walk.says("errors.verification_code.code_mismatch")
    past = "1" if installation.uses_sqlite else "now() - interval '1 minute'"
    query(installation.database_url, f"UPDATE verification_records SET expires_at = {past}")  # noqa: S608  # ours
    type_code(walk, second)
    walk.says("errors.verification_code.expired")
    walk.take("expired")

    # From the start again, in two tabs: the second one comes too late with the same code.
    walk.page.goto(f"{installation.origin}/demo-app")
    walk.button("demo_app.sign_in").click()
    ask_for_a_code(walk, "+14155550177")
    late = walk.context.new_page()
    walk.complaints.watch(late)
    late.goto(walk.page.url)
    third = emulator.last_code()
    type_code(walk, third)
    see_claims(walk, "+14155550177")
    late.wait_for_load_state()
    late.get_by_label(walk.t("pages.code.label"), exact=True).press_sequentially(third)
    expect(late.get_by_role("heading")).to_have_text(walk.t("pages.expired.title"))
    walk.camera.take(late, "used")

    assert walk.complaints.lines == []
    walk.context.close()
