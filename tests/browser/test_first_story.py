"""The main job: from the set-up link to the claims of a person who signed in with a code."""

import re

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.conftest import Camera, Complaints, Emulator, setup_link
from tests.journeys.server import Server
from watchword.emulators.twilio import ACCOUNT_SID, AUTH_TOKEN, MESSAGING_SERVICE_SID

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PASSWORD = "calm-otter-7-lamps"


def set_the_console_up(page: Page, server: Server) -> None:
    """Spend the link: choose a name and a password."""
    page.goto(setup_link(server))
    page.get_by_label("User name").fill("ada")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Create account").click()
    expect(page.get_by_role("heading", name="Get started")).to_be_visible()


def set_twilio_up(page: Page, camera: Camera) -> None:
    """Connectors: guide, form, templates, a test with unsaved values, save."""
    page.get_by_role("link", name="Connectors").first.click()
    camera.take(page, "connectors")
    page.get_by_role("link", name="Set up").click()
    camera.take(page, "cards")
    page.get_by_role("link", name=re.compile("Twilio")).click()
    expect(page.get_by_role("heading", name="What you need")).to_be_visible()
    page.get_by_label("Account SID").fill(ACCOUNT_SID)
    page.get_by_label("Auth Token").fill(AUTH_TOKEN)
    page.get_by_label("From: Messaging Service SID").fill(MESSAGING_SERVICE_SID)
    page.get_by_label("Phone number").fill("+1 415 555 0134")
    page.get_by_role("button", name="Send test").click()
    expect(page.get_by_text(re.compile("Accepted by"))).to_be_visible()
    camera.take(page, "guide-and-form")
    page.get_by_role("button", name="Save and done").click()
    page.wait_for_load_state()
    camera.take(page, "connector")


def switch_phone_on(page: Page, camera: Camera) -> None:
    """Sign-in experience: the phone number becomes a way to sign up and to sign in."""
    page.get_by_role("link", name="Sign-in experience").first.click()
    heading = page.get_by_role("heading", name="Sign-up", exact=True)
    sign_up = page.locator("section").filter(has=heading)
    sign_up.get_by_role("button", name="Phone number").click()
    expect(sign_up.get_by_role("button", name="Remove Phone number")).to_be_visible()
    sign_up.get_by_role("button", name="Remove User name").click()
    camera.take(page, "sign-up-and-sign-in")
    page.get_by_role("button", name="Save changes").click()
    camera.take(page, "before-and-after")
    page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_text("Saved")).to_be_visible()


def open_live_preview(page: Page, context: BrowserContext) -> Page:
    """Open the demo application in its own tab."""
    with context.expect_page() as opened:
        page.get_by_role("link", name="Live preview").click()
    return opened.value


def sign_in(page: Page, emulator: Emulator, camera: Camera, *, name: str) -> None:
    """Type a number and the code that arrives."""
    page.get_by_label("Phone number").fill("+1 415 555 0177")
    page.get_by_role("button", name=re.compile("code|Continue")).click()
    field = page.get_by_label("Code")
    expect(field).to_be_focused()
    camera.take(page, f"{name}-code")
    field.press_sequentially(emulator.last_code())


@pytest.mark.parametrize("look", ["wide"])
def test_an_administrator_sets_twilio_up_and_a_person_signs_in(
    browser: Browser, server: Server, emulator: Emulator, look: str
) -> None:
    camera = Camera(f"story-{look}")
    context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="en-US")
    context.set_default_timeout(8000)
    page = context.new_page()
    complaints = Complaints(page)

    set_the_console_up(page, server)
    camera.take(page, "get-started")
    set_twilio_up(page, camera)
    switch_phone_on(page, camera)

    demo = open_live_preview(page, context)
    complaints.watch(demo)
    demo.get_by_role("button", name="Sign in").click()
    camera.take(demo, "sign-in")
    print(demo.url, demo.inner_text("body"))
    demo.get_by_role("link", name="Create account").click()
    sign_in(demo, emulator, camera, name="register")
    expect(demo.get_by_text("+14155550177").first).to_be_visible()
    camera.take(demo, "claims")

    assert complaints.lines == []
    context.close()
