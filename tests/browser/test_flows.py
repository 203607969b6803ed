"""Forgot password and missing profile, in a real browser, by what the console's form settled."""

import re

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import Complaints, Emulator
from tests.browser.test_first_story import (
    NARROW,
    WIDE,
    Look,
    Walk,
    see_claims,
    set_the_console_up,
    set_twilio_up,
    type_code,
)
from tests.journeys.server import Installation, Server

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.one_database]

NUMBER = "+14155550177"
OLD, NEW = "calm-otter-7-lamps", "brisk-heron-9-ferns"


class Settled(Walk):
    """An administrator with a console and a connector."""

    def __init__(self, browser: Browser, look: Look, server: Server) -> None:
        super().__init__(browser, look)
        set_the_console_up(self, server)
        set_twilio_up(self)

    def settle(self, *buttons: str) -> None:
        """Press buttons of the sign-up form, then save what they made of it."""
        self.go("console.nav.sign_in_experience")
        for button in buttons:
            pressed = self.page.locator(f"button[value='{button}']")
            pressed.first.click()
            expect(pressed).to_have_count(0)
        self.button("console.save").click()
        self.confirm()

    def person(self) -> Walk:
        """Return somebody with a browser of their own, at the demo application."""
        person = Walk(self.context.browser, self.look)  # type: ignore[arg-type]  # it is open
        person.page.goto(re.sub(r"/console/.*", "/demo-app", self.page.url))
        person.complaints = Complaints(person.page)
        return person


def choose_password(walk: Walk, password: str) -> None:
    """Type a new password and go on."""
    walk.label("pages.new_password.label").fill(password)
    walk.button("pages.new_password.button").click()


def type_identifier(walk: Walk, typed: str, button: str) -> None:
    """Type who one is, and go on."""
    walk.page.locator("#identifier").fill(typed)
    walk.button(button).click()


@pytest.mark.parametrize("look", [NARROW], ids=lambda look: look.name)
def test_who_forgot_the_password_sets_another_with_a_code(
    browser: Browser,
    installation: Installation,
    server: Server,
    emulator: Emulator,
    look: Look,
) -> None:
    admin = Settled(browser, look, server)
    admin.settle("add-sign-up:phone", "remove-sign-up:username")
    walk = admin.person()

    walk.button("demo_app.sign_in").click()
    walk.link("pages.sign_in.other").click()
    type_identifier(walk, NUMBER, "pages.register.button_code")
    type_code(walk, emulator.last_code())
    walk.says("pages.new_password.title")
    walk.take("new-password")
    choose_password(walk, OLD)
    see_claims(walk, NUMBER)
    walk.button("demo_app.sign_out").click()
    walk.button("demo_app.sign_in_again").click()

    type_identifier(walk, NUMBER, "pages.sign_in.button_next")
    walk.take("password-with-recovery")
    walk.link("pages.forgot_password.link").click()
    walk.says("pages.forgot_password.title")
    walk.take("forgot-password")
    type_identifier(walk, NUMBER, "pages.forgot_password.button_code")
    walk.take("forgot-password-code")
    type_code(walk, emulator.last_code())
    choose_password(walk, OLD)
    walk.says("errors.user.same_password")
    walk.take("same-password")
    choose_password(walk, NEW)
    walk.says("pages.password_changed.title")
    walk.take("password-changed")
    walk.page.reload()
    walk.says("pages.password_changed.title")
    walk.link("pages.password_changed.button").click()
    type_identifier(walk, NUMBER, "pages.sign_in.button_next")
    walk.label("pages.password.label").fill(NEW)
    walk.button("pages.sign_in.button_password").click()
    see_claims(walk, NUMBER)

    told = [message["body"] for message in emulator.messages()]
    assert told[-1] == walk.t("messages.account.password_reset.text")
    assert walk.complaints.lines == []


@pytest.mark.parametrize("look", [WIDE], ids=lambda look: look.name)
def test_who_has_an_account_is_asked_for_the_number_that_became_needed(
    browser: Browser,
    installation: Installation,
    server: Server,
    emulator: Emulator,
    look: Look,
) -> None:
    admin = Settled(browser, look, server)
    walk = admin.person()
    walk.button("demo_app.sign_in").click()
    walk.link("pages.sign_in.other").click()
    type_identifier(walk, "alice", "pages.register.button_next")
    choose_password(walk, OLD)
    walk.says("demo_app.signed_in.title")
    walk.button("demo_app.sign_out").click()

    admin.settle("add-sign-up:phone")
    walk.button("demo_app.sign_in_again").click()
    walk.take("username-or-phone")
    type_identifier(walk, "alice", "pages.sign_in.button_next")
    walk.label("pages.password.label").fill(OLD)
    walk.button("pages.sign_in.button_password").click()
    walk.says("pages.continue_phone.title")
    walk.take("continue-phone")
    type_identifier(walk, NUMBER, "pages.continue_phone.button")
    type_code(walk, emulator.last_code())
    see_claims(walk, NUMBER)

    walk.button("demo_app.sign_out").click()
    walk.button("demo_app.sign_in_again").click()
    type_identifier(walk, NUMBER, "pages.sign_in.button_next")
    walk.label("pages.password.label").fill(OLD)
    walk.button("pages.sign_in.button_password").click()
    see_claims(walk, NUMBER)
    assert walk.complaints.lines == []
