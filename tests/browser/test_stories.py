"""What the console settles is what people meet: sign-up and sign-in in all their forms."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Complaints
from tests.browser.site import Administrator, MailBox, Site, administrator_of, running_site
from tests.browser.test_first_story import (
    NARROW,
    WIDE,
    Look,
    Walk,
    set_the_console_up,
    set_twilio_up,
    type_code,
)
from tests.browser.test_flows import choose_password, type_identifier

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PASSWORD, OTHER_PASSWORD = "calm-otter-7-lamps", "brisk-heron-9-ferns"
FRESH: dict[str, Any] = {
    "signInMode": "SignInAndRegister",
    "signUp": {"identifiers": ["username"], "password": True, "verify": False},
    "signIn": {
        "methods": [
            {
                "identifier": "username",
                "password": True,
                "verificationCode": False,
                "isPasswordPrimary": True,
            }
        ]
    },
    "termsOfUseUrl": "",
    "agreeToTermsPolicy": "Automatic",
}
"""What a new tenant has; each story begins there."""


class Office(Walk):
    """An administrator at the console, with a connector for each kind of message."""

    def __init__(self, site: Site, look: Look) -> None:
        super().__init__(site.browser, look)
        self.site = site
        set_the_console_up(self, site.server)
        set_twilio_up(self)
        self._set_mail_up(site.mail)

    def _set_mail_up(self, mail: MailBox) -> None:
        self.page.goto(
            f"{self.site.origin}/console/default/connectors/set-up/simple-mail-transfer-protocol"
        )
        for name, value in mail.config().items():
            field = self.page.locator(f"[name='{name}']")
            if isinstance(value, bool):
                field.set_checked(value)
            elif isinstance(value, str | int):
                field.fill(str(value))
        self.page.locator("[name=test_email]").fill("ada@example.com")
        self.button("console.test.send_email").click()
        self.says("console.test.accepted_email")
        self.button("console.guide.save").click()
        expect(self.page).to_have_url(re.compile(r"/connectors/[a-z0-9]+$"))

    def settle(self, *steps: str) -> None:
        """Press buttons of the sign-up form, tick its boxes, then save what they made of it."""
        self.go("console.nav.sign_in_experience")
        for step in steps:
            what, _, value = step.partition("=")
            if value:
                with self.page.expect_response(re.compile("/sign-up-and-sign-in")):
                    self.page.locator(f"[name={what}][value={value}]").check()
            elif step.startswith("-"):
                with self.page.expect_response(re.compile("/sign-up-and-sign-in")):
                    self.page.locator(f"[type=checkbox][name={step[1:]}]").uncheck()
            else:
                pressed = self.page.locator(f"button[value='{step}']")
                pressed.first.click()
                expect(pressed).to_have_count(0)
        self.button("console.save").click()
        self.confirm()

    def person(self, look: Look) -> Walk:
        """Return somebody with a browser of their own, at the demo application's button."""
        person = Walk(self.site.browser, look)
        person.page.goto(f"{self.site.origin}/demo-app")
        person.complaints = Complaints(person.page)
        person.button("demo_app.sign_in").click()
        return person


@pytest.fixture(scope="module")
def site(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Return a running server, where nobody has been yet."""
    with running_site(sqlite_template, tmp_path_factory.mktemp("site")) as site:
        yield site


@pytest.fixture(scope="module")
def desk(site: Site) -> Office:
    """Return the administrator."""
    return Office(site, WIDE)


@pytest.fixture(scope="module")
def administrator(site: Site) -> Iterator[Administrator]:
    """Return who puts things back over the API."""
    with administrator_of(site) as administrator:
        yield administrator


@pytest.fixture
def office(desk: Office, administrator: Administrator) -> Office:
    """Return the administrator of a tenant that has the settings of a new one."""
    administrator.change("sign-in-exp", **FRESH)
    return desk


def is_in(walk: Walk) -> None:
    """Expect the application to know the person."""
    walk.says("demo_app.signed_in.title")


def out_and_back(walk: Walk) -> None:
    """Sign out, and stand before the sign-in page again."""
    walk.button("demo_app.sign_out").click()
    walk.button("demo_app.sign_in_again").click()


def mailed_code(site: Site, count: int) -> str:
    """Return the code of the newest e-mail."""
    found = re.search(r"\b\d{6}\b", site.mail.wait_for(count))
    assert found is not None
    return found[0]


def test_people_sign_up_and_in_with_an_email_address_or_a_number(office: Office) -> None:
    site = office.site
    office.settle(
        "add-sign-up:emailOrPhone",
        "remove-sign-up:username",
        "remove-sign-in:username",
        "-sign_up_password",
        "-email_password",
        "-phone_password",
    )
    walk = office.person(NARROW)
    before = len(site.mail.server.mails)
    walk.take("email-or-phone")
    walk.link("pages.sign_in.other").click()
    type_identifier(walk, "grace@example.com", "pages.register.button_code")
    walk.take("email-code")
    type_code(walk, mailed_code(site, before + 1))
    is_in(walk)
    out_and_back(walk)
    type_identifier(walk, "grace@example.com", "pages.sign_in.button_code")
    type_code(walk, mailed_code(site, before + 2))
    is_in(walk)

    other = office.person(WIDE)
    type_identifier(other, "+14155550111", "pages.sign_in.button_code")
    type_code(other, site.emulator.last_code())
    other.button("pages.no_account.button").click()
    is_in(other)
    assert walk.complaints.lines == other.complaints.lines == []


def test_a_password_and_a_code_stand_in_for_each_other(office: Office) -> None:
    site = office.site
    office.settle("add-sign-up:phone", "remove-sign-up:username", "remove-sign-in:username")
    walk = office.person(WIDE)
    walk.link("pages.sign_in.other").click()
    type_identifier(walk, "+14155550122", "pages.register.button_code")
    type_code(walk, site.emulator.last_code())
    choose_password(walk, PASSWORD)
    is_in(walk)
    out_and_back(walk)

    type_identifier(walk, "+14155550122", "pages.sign_in.button_next")
    walk.take("password-or-code")
    walk.button("pages.sign_in_password.code_instead_phone").click()
    expect(walk.label("pages.code.label")).to_be_focused()
    walk.take("code-or-password")
    walk.link("pages.code.password_instead").click()
    walk.label("pages.password.label").fill(PASSWORD)
    walk.button("pages.sign_in.button_password").click()
    is_in(walk)
    out_and_back(walk)
    type_identifier(walk, "+14155550122", "pages.sign_in.button_next")
    walk.button("pages.sign_in_password.code_instead_phone").click()
    type_code(walk, site.emulator.last_code())
    is_in(walk)

    # The number is taken: the code that proved it signs its owner in.
    again = office.person(NARROW)
    again.link("pages.sign_in.other").click()
    type_identifier(again, "+14155550122", "pages.register.button_code")
    sent = len(site.emulator.messages())
    type_code(again, site.emulator.last_code())
    again.says("pages.has_account.title")
    again.take("has-account")
    again.button("pages.has_account.button").click()
    is_in(again)
    assert len(site.emulator.messages()) == sent
    assert walk.complaints.lines == again.complaints.lines == []


def test_a_user_name_comes_with_a_number_as_second_identifier(office: Office) -> None:
    site = office.site
    office.settle("add-sign-up:phone")
    walk = office.person(NARROW)
    walk.link("pages.sign_in.other").click()
    type_identifier(walk, "hedy", "pages.register.button_next")
    choose_password(walk, PASSWORD)
    walk.says("pages.continue_phone.title")
    type_identifier(walk, "+14155550133", "pages.continue_phone.button")
    type_code(walk, site.emulator.last_code())
    is_in(walk)
    for typed in ("hedy", "+14155550133"):
        out_and_back(walk)
        type_identifier(walk, typed, "pages.sign_in.button_next")
        walk.label("pages.password.label").fill(PASSWORD)
        walk.button("pages.sign_in.button_password").click()
        is_in(walk)
    assert walk.complaints.lines == []


def test_a_forgotten_password_is_recovered_by_email(office: Office) -> None:
    site = office.site
    office.settle("add-sign-up:email", "remove-sign-up:username", "remove-sign-in:username")
    walk = office.person(WIDE)
    before = len(site.mail.server.mails)
    walk.link("pages.sign_in.other").click()
    type_identifier(walk, "joan@example.com", "pages.register.button_code")
    type_code(walk, mailed_code(site, before + 1))
    choose_password(walk, PASSWORD)
    is_in(walk)
    out_and_back(walk)
    type_identifier(walk, "joan@example.com", "pages.sign_in.button_next")
    walk.link("pages.forgot_password.link").click()
    type_identifier(walk, "joan@example.com", "pages.forgot_password.button_code")
    walk.take("forgot-password-email-code")
    type_code(walk, mailed_code(site, before + 2))
    choose_password(walk, OTHER_PASSWORD)
    walk.link("pages.password_changed.button").click()
    type_identifier(walk, "joan@example.com", "pages.sign_in.button_next")
    walk.label("pages.password.label").fill(OTHER_PASSWORD)
    walk.button("pages.sign_in.button_password").click()
    is_in(walk)
    assert walk.t("messages.account.password_reset.text") in site.mail.wait_for(before + 3)
    assert walk.complaints.lines == []


def test_terms_are_agreed_to_and_sign_up_can_be_switched_off(office: Office) -> None:
    site = office.site
    office.settle(
        "add-sign-up:phone",
        "remove-sign-up:username",
        "remove-sign-in:username",
        "-sign_up_password",
        "-phone_password",
    )
    office.page.locator("a[href$='/branding']").first.click()
    office.page.locator("[name=termsOfUseUrl]").fill("https://example.com/terms")
    office.page.locator("[name=agreeToTermsPolicy]").select_option("ManualRegistrationOnly")
    office.button("console.save").click()
    office.says("console.done.saved")
    walk = office.person(NARROW)
    type_identifier(walk, "+14155550144", "pages.sign_in.button_code")
    type_code(walk, site.emulator.last_code())
    walk.button("pages.no_account.button").click()
    walk.says("errors.form.agreement_missing")
    walk.take("terms-not-agreed")
    walk.page.locator("#agree").check()
    walk.button("pages.no_account.button").click()
    is_in(walk)

    office.settle("mode=SignIn")
    sent = len(site.emulator.messages())
    other = office.person(WIDE)
    other.says("pages.sign_in.title")
    expect(other.link("pages.sign_in.other")).to_have_count(0)
    other.page.goto(f"{site.origin}/register?app_id=demo-app")
    expect(other.page).to_have_url(re.compile("/sign-in"))
    other.take("sign-up-off")
    assert len(site.emulator.messages()) == sent
    assert walk.complaints.lines == other.complaints.lines == []
