"""A person changes their own phone number in a real browser, and signs in with the new one."""

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import Complaints, Emulator
from tests.browser.test_first_story import (
    NARROW,
    WIDE,
    Look,
    Walk,
    ask_for_a_code,
    set_the_console_up,
    set_twilio_up,
    switch_phone_on,
    type_code,
)
from tests.journeys.server import Installation, Server

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.one_database]

OLD, NEW = "+14155550177", "+14155550188"


def open_account_center(admin: Walk) -> None:
    """Account centre: open, and everything can be changed."""
    admin.go("console.nav.sign_in_experience")
    admin.link("console.sign_in_experience.tab.account_center").click()
    admin.page.locator("[name=enabled]").check()
    for field in admin.page.locator("select[name^='field.']").all():
        field.select_option("Edit")
    admin.take("account-center")
    admin.button("console.save").click()
    admin.confirm()


@pytest.mark.parametrize("look", [WIDE, NARROW], ids=lambda look: look.name)
def test_a_person_changes_their_number_and_signs_in_with_it(
    browser: Browser,
    installation: Installation,
    server: Server,
    emulator: Emulator,
    look: Look,
) -> None:
    admin = Walk(browser, look)
    set_the_console_up(admin, server)
    set_twilio_up(admin)
    switch_phone_on(admin)
    open_account_center(admin)
    walk = Walk(browser, look)
    walk.complaints = Complaints(walk.page)

    # Nobody is signed in yet: the person signs up on the way, and arrives.
    walk.page.goto(f"{installation.origin}/account")
    ask_for_a_code(walk, OLD)
    type_code(walk, emulator.last_code())
    walk.button("pages.no_account.button").click()
    expect(walk.page.get_by_role("heading", level=1)).to_have_text(walk.t("pages.account.title"))
    walk.take("account")
    walk.page.get_by_role("link", name=walk.t("pages.account.profile.title")).click()
    walk.take("account-profile")
    walk.label("pages.account.profile.name").fill("Ada Lovelace")
    walk.button("pages.account.save").click()
    walk.says("pages.account.profile.done")
    walk.link("pages.account.done_to_account").click()
    walk.page.get_by_role("link", name=walk.t("pages.account.security.title")).click()
    walk.take("account-security")

    # First who asks, then whose the new number is.
    walk.page.locator("a[href='/account/phone']").click()
    walk.says("pages.account.verify.title")
    walk.take("account-verify")
    walk.button("pages.account.verify.button_code").click()
    type_code(walk, emulator.last_code())
    walk.says("pages.account.phone.title")
    walk.take("account-phone")
    walk.label("pages.identifier.phone.label").fill(NEW)
    walk.button("pages.sign_in.button_code").click()
    expect(walk.label("pages.code.label")).to_be_focused()
    walk.take("account-phone-code")
    type_code(walk, emulator.last_code())
    walk.says("pages.account.phone.done")
    walk.take("account-phone-done")
    told = emulator.messages()[-1]
    assert told["to"] == OLD
    assert "•••" in told["body"]

    walk.page.goto(f"{installation.origin}/account/sessions")
    walk.button("pages.account.verify.button_code").click()
    type_code(walk, emulator.last_code())
    walk.says("pages.account.sessions.current")
    walk.take("account-sessions")
    walk.page.goto(f"{installation.origin}/account/password")
    walk.take("account-password")

    # Somebody who finds the old number has no account; the new one opens the same account.
    for number, key in ((OLD, "pages.no_account.title"), (NEW, "pages.account.title")):
        other = Walk(browser, look)
        other.page.goto(f"{installation.origin}/account")
        ask_for_a_code(other, number)
        type_code(other, emulator.last_code())
        other.says(key)
        assert other.complaints.lines == []
        other.context.close()
    assert walk.complaints.lines == []
    for person in (admin, walk):
        person.context.close()
