"""A person changes their own phone number in a real browser, and signs in with the new one."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.site import TWILIO, Site, running_site
from tests.browser.test_first_story import (
    NARROW,
    WIDE,
    Look,
    Walk,
    ask_for_a_code,
    set_the_console_up,
    switch_phone_on,
    type_code,
)

pytestmark = [pytest.mark.browser, pytest.mark.slow]

NUMBERS = {WIDE: ("+14155550177", "+14155550188"), NARROW: ("+14155550178", "+14155550189")}
"""Whoever looks has another one, and changes it for the second."""


@pytest.fixture(scope="module")
def site(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Return a running server where an administrator let people change everything."""
    with running_site(sqlite_template, tmp_path_factory.mktemp("site")) as site:
        site.installation.seed(connector="twilio-short-message-service", config=TWILIO)
        admin = Walk(site.browser, NARROW)
        set_the_console_up(admin, site.server)
        switch_phone_on(admin)
        open_account_center(admin)
        admin.context.close()
        yield site


def open_account_center(admin: Walk) -> None:
    """Account centre: open, and everything can be changed."""
    admin.go("console.nav.sign_in_experience")
    admin.link("console.sign_in_experience.tab.account_center").click()
    admin.page.locator("[name=enabled]").check()
    admin.page.wait_for_load_state()
    for field in admin.page.locator("select[name^='field.']").all():
        field.select_option("Edit")
    admin.take("account-center")
    admin.button("console.save").click()
    admin.confirm()


@pytest.mark.parametrize("look", [WIDE, NARROW], ids=lambda look: look.name)
def test_a_person_changes_their_number_and_signs_in_with_it(site: Site, look: Look) -> None:
    old, new = NUMBERS[look]
    walk = Walk(site.browser, look)

    # Nobody is signed in yet: the person signs up on the way, and arrives.
    walk.page.goto(f"{site.origin}/account")
    ask_for_a_code(walk, old)
    type_code(walk, site.emulator.last_code())
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
    type_code(walk, site.emulator.last_code())
    walk.says("pages.account.phone.title")
    walk.take("account-phone")
    walk.label("pages.identifier.phone.label").fill(new)
    walk.button("pages.sign_in.button_code").click()
    expect(walk.label("pages.code.label")).to_be_focused()
    walk.take("account-phone-code")
    type_code(walk, site.emulator.last_code())
    walk.says("pages.account.phone.done")
    walk.take("account-phone-done")
    told = site.emulator.messages()[-1]
    assert told["to"] == old
    assert "•••" in told["body"]

    walk.page.goto(f"{site.origin}/account/sessions")
    walk.button("pages.account.verify.button_code").click()
    type_code(walk, site.emulator.last_code())
    walk.says("pages.account.sessions.current")
    walk.take("account-sessions")
    walk.page.goto(f"{site.origin}/account/password")
    walk.take("account-password")

    # Somebody who finds the old number has no account; the new one opens the same account.
    for number, key in ((old, "pages.no_account.title"), (new, "pages.account.title")):
        other = Walk(site.browser, look)
        other.page.goto(f"{site.origin}/account")
        ask_for_a_code(other, number)
        type_code(other, site.emulator.last_code())
        other.says(key)
        assert other.complaints.lines == []
        other.context.close()
    assert walk.complaints.lines == []
    walk.context.close()
