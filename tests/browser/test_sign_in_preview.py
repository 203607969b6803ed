"""The pages in the frame follow what is typed beside them, and do nothing else."""

import pytest
from playwright.sync_api import Browser, FrameLocator, expect

from tests.browser.test_first_story import NARROW, WIDE, Walk, set_the_console_up
from tests.journeys.server import Server

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.one_database]


def frame_of(walk: Walk) -> FrameLocator:
    """Return the page that is looked at."""
    return walk.page.frame_locator(".preview-pane iframe:not(.coming)")


def test_the_frame_follows_the_form_and_leads_nowhere(browser: Browser, server: Server) -> None:
    walk = Walk(browser, WIDE)
    page = walk.page
    set_the_console_up(walk, server)
    page.goto(page.url.partition("/get-started")[0] + "/sign-in-experience/branding")
    title = frame_of(walk).get_by_role("heading", level=1, include_hidden=True)
    expect(title).to_have_text(walk.t("pages.sign_in.title"))
    walk.take("preview")
    entries = page.evaluate("history.length")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(f"{request.method} {request.url}"))

    page.locator("#primaryColor").fill("#7a1fa2")

    button = frame_of(walk).locator("button.primary")
    expect(button).to_have_css("background-color", "rgb(122, 31, 162)")
    walk.label("console.preview_pane.screen").select_option("expired")
    expect(title).to_have_text(walk.t("pages.expired.title"))
    walk.label("console.preview_pane.screen").select_option("register")
    page.locator("#preview_language").select_option("ko")
    expect(title).to_have_text("계정 만들기")
    page.get_by_label(walk.t("console.preview_pane.desktop")).check()
    walk.take("preview-desktop")
    # A press in the frame does nothing, and looking leaves no steps to go back through.
    expect(button).to_be_visible()
    button.click(force=True)
    expect(title).to_have_text("계정 만들기")
    assert page.evaluate("history.length") == entries
    posted = [line for line in asked if line.startswith("POST")]
    assert all("/sign-in-experience/preview/branding" in line for line in posted)
    assert walk.complaints.lines == []


def test_without_scripts_a_button_shows_what_is_typed(browser: Browser, server: Server) -> None:
    walk = Walk(browser, NARROW)
    set_the_console_up(walk, server)
    origin, state = walk.page.url.partition("/console/")[0], walk.context.storage_state()
    walk.context.close()
    plain = browser.new_context(
        java_script_enabled=False,
        storage_state=state,
        locale="ko-KR",
        viewport={"width": 390, "height": 844},
    )
    page = plain.new_page()
    page.goto(f"{origin}/console/default/sign-in-experience/branding")

    page.locator("#primaryColor").fill("#7a1fa2")
    page.locator("#preview_theme").select_option("light")
    page.get_by_role("button", name=walk.t("console.preview_pane.button"), exact=True).click()

    button = page.frame_locator("iframe[name=preview]").locator("button.primary")
    expect(button).to_have_css("background-color", "rgb(122, 31, 162)")
    assert page.url.endswith("/sign-in-experience/branding")
    page.locator(".preview-pane").scroll_into_view_if_needed()
    walk.camera.take(page, "preview-without-scripts")
    plain.close()
