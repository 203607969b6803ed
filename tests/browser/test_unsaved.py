"""What somebody has filled into a console form is not lost by leaving it."""

import pytest
from playwright.sync_api import Browser, Dialog, expect

from tests.browser.test_first_story import WIDE, Walk, set_the_console_up
from tests.journeys.server import Server

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.one_database]


def test_leaving_a_filled_form_asks_and_a_session_that_ended_keeps_it(
    browser: Browser, server: Server
) -> None:
    walk = Walk(browser, WIDE)
    page = walk.page
    set_the_console_up(walk, server)
    console = page.url.partition("/get-started")[0]
    page.goto(f"{console}/organizations/new")
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    page.on("dialog", stay)
    page.locator("#name").fill("Rowing club")
    with page.expect_event("dialog"):
        walk.link("console.nav.users").first.click(no_wait_after=True)
    expect(page.locator("#name")).to_have_value("Rowing club")
    assert asked == ["beforeunload"]

    # The operator signs out in another tab, and in again as the form arrives.
    other = walk.context.new_page()
    other.goto(f"{console}/profile")
    other.locator("summary").last.click()
    other.get_by_role("button", name=walk.t("console.sign_out")).click()
    expect(other.locator("[name=username]")).to_be_visible()
    page.locator("form[action$='/organizations/new'] button.primary").click()
    walk.says("console.kept.sign_in")
    walk.take("kept-sign-in")
    page.locator("[name=username]").fill("ada")
    page.locator("[name=password]").fill("calm-otter-7-lamps")
    walk.button("console.sign_in.submit").click()
    walk.says("console.kept.lead")
    walk.take("kept-form")
    walk.button("console.kept.go_on").click()
    walk.says("console.done.organization_created")
    assert asked == ["beforeunload"]
