"""What the console settles is what people meet: sign-up and sign-in in all their forms."""

import json
import re
import time
from base64 import urlsafe_b64decode
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pyotp
import pytest
from playwright.sync_api import expect

from tests import local
from tests.browser.conftest import Complaints
from tests.browser.desk import FRESH as NEW_TENANT
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
from tests.web.experience.conftest import VERIFIER
from watchword.oidc.authentication_context import ONE_FACTOR, TWO_FACTORS

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SENT = re.compile("/sign-in-experience/sign-up-and-sign-in$")
"""Where the form of sign-in methods is sent; its preview is sent elsewhere."""
PASSWORD, OTHER_PASSWORD = "calm-otter-7-lamps", "brisk-heron-9-ferns"
FRESH: dict[str, Any] = {
    **NEW_TENANT,
    "termsOfUseUrl": "",
    "agreeToTermsPolicy": "Automatic",
    "mfa": {"factors": [], "policy": "UserControlled"},
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
                with self.page.expect_response(SENT):
                    self.page.locator(f"[name={what}][value={value}]").check()
            elif step.startswith("-"):
                with self.page.expect_response(SENT):
                    self.page.locator(f"[type=checkbox][name={step[1:]}]").uncheck()
            else:
                pressed = self.page.locator(f"button[value='{step}']")
                pressed.first.click()
                expect(pressed).to_have_count(0)
        self.button("console.save").click()
        self.confirm()

    def tick(self, section: str, *boxes: str, **chosen: str) -> None:
        """Tick boxes and choose from lists on a page of settings, then save it."""
        self.go(f"console.nav.{section}")
        for box in boxes:
            name, _, value = box.partition("=")
            self.page.locator(f"[name={name}][value={value}]").check()
        for name, value in chosen.items():
            self.page.locator(f"select[name={name}]").select_option(value)
        self.take(section)
        self.button("console.save").click()
        self.confirm()

    def open_account_center(self, *fields: str) -> None:
        """Let people look after these fields of their own account."""
        self.go("console.nav.sign_in_experience")
        self.link("console.sign_in_experience.tab.account_center").click()
        self.page.locator("[name=enabled]").check()
        for field in fields:
            self.page.locator(f"select[name='field.{field}']").select_option("Edit")
        self.button("console.save").click()
        self.confirm()

    def make(self, section: str, name: str, done: str) -> None:
        """Make something that has a name, on the page for a new one."""
        self.page.goto(f"{self.site.origin}/console/default/{section}/new")
        self.page.locator("[name=name]").fill(name)
        self.page.locator("main form button.primary").click()
        self.says(f"console.done.{done}")

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


class Visitor(Walk):
    """Somebody whom an application sends, one that gives the code to the test to exchange."""

    def __init__(self, site: Site, look: Look) -> None:
        super().__init__(site.browser, look)
        self.site = site
        self.answers: list[str] = []
        # The page that is there for the demo application makes nothing of a request not its own.
        self.page.on("response", lambda got: self._note(got.headers.get("location", "")))

    def _note(self, location: str) -> None:
        if "/demo-app?" in location:
            self.answers.append(location)

    def arrive(self, **parameters: str) -> None:
        """Be sent to sign in."""
        self.answers.clear()
        self.page.goto(self.site.authorization(**parameters))

    def claims(self) -> dict[str, Any]:
        """Wait until the browser is back at the application; return what its ID token says."""
        expect(self.page).to_have_url(re.compile(r"/demo-app"))
        (answer,) = self.answers
        asked = {
            "grant_type": "authorization_code",
            "client_id": "demo-app",
            "redirect_uri": f"{self.site.origin}/demo-app",
            "code": parse_qs(urlsplit(answer).query)["code"][0],
            "code_verifier": VERIFIER,
        }
        given = local.post(f"{self.site.origin}/oidc/token", data=asked, timeout=60)
        assert given.status_code == 200, given.text
        payload = given.json()["id_token"].split(".")[1]
        found: dict[str, Any] = json.loads(urlsafe_b64decode(f"{payload}=="))
        return found


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
    # A second device goes on being signed in, until the password is another one.
    device = Visitor(site, NARROW)
    device.arrive()
    type_identifier(device, "joan@example.com", "pages.sign_in.button_next")
    device.label("pages.password.label").fill(PASSWORD)
    device.button("pages.sign_in.button_password").click()
    device.claims()
    device.arrive()
    device.claims()
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
    device.arrive()
    device.says("pages.sign_in.title")
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
    office.confirm()
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


PHONE_ALONE = (
    "add-sign-up:phone",
    "remove-sign-up:username",
    "remove-sign-in:username",
    "-sign_up_password",
    "-phone_password",
)


def test_who_is_invited_in_the_console_becomes_a_member_with_the_role(office: Office) -> None:
    site = office.site
    office.settle(*PHONE_ALONE)
    office.make("organization-roles", "player", "role_created")
    office.make("organizations", "Chess club", "organization_created")
    club = office.page.url.partition("/members")[0]
    office.page.goto(f"{club}/invitations/new")
    office.page.locator("[name=phone]").fill("+1 415 555 0155")
    office.page.get_by_label("player").check()
    office.take("invite")
    office.button("console.invitations.invite").click()
    office.says("console.done.invitation_sent")

    message = site.emulator.messages()[-1]
    assert message["to"] == "+14155550155"
    assert "Chess club" in message["body"]
    link = re.search(r"http\S+/i/\S+", message["body"])
    assert link is not None
    walk = Walk(site.browser, NARROW)
    walk.page.goto(link[0])
    walk.says("pages.invitation.title", organization="Chess club")
    walk.button("pages.invitation.register").click()
    walk.button("pages.register.button_code").click()
    expect(walk.label("pages.code.label")).to_be_focused()
    type_code(walk, site.emulator.last_code())
    walk.page.locator("button[value=accept]").click()
    walk.says("pages.invitation.joined.title")

    office.page.goto(f"{club}/members")
    member = office.page.get_by_role("row").filter(has_text="player")
    expect(member).to_contain_text("0155")
    assert walk.complaints.lines == []


def test_who_is_signed_in_steps_up_and_tokens_say_what_they_did(office: Office) -> None:
    site = office.site
    office.settle(*PHONE_ALONE)
    office.tick("mfa", "factor=Totp", "policy=NoPrompt")
    office.open_account_center("phone", "mfa")
    walk = Visitor(site, NARROW)
    walk.arrive()
    type_identifier(walk, "+14155550166", "pages.sign_in.button_code")
    type_code(walk, site.emulator.last_code())
    walk.button("pages.no_account.button").click()
    first = walk.claims()
    assert (first["amr"], first["acr"]) == (["sms", "otp"], ONE_FACTOR)

    # The session answers by itself, and the sign-in does not get younger by it.
    sent = len(site.emulator.messages())
    walk.arrive(max_age="600")
    assert walk.claims()["auth_time"] == first["auth_time"]
    assert len(site.emulator.messages()) == sent
    # Tokens tell whole seconds: the next one begins.
    walk.page.wait_for_timeout(1000)
    walk.arrive(max_age="0")
    walk.says("pages.sign_in.title")
    type_identifier(walk, "+14155550166", "pages.sign_in.button_code")
    type_code(walk, site.emulator.last_code())
    again = walk.claims()
    assert again["sub"] == first["sub"]
    assert again["auth_time"] > first["auth_time"]

    # Another number: proved after a proof of who asks, and the old one is told.
    walk.page.goto(f"{site.origin}/account/phone")
    walk.button("pages.account.verify.button_code").click()
    type_code(walk, site.emulator.last_code())
    walk.says("pages.account.phone.title")
    type_identifier(walk, "+14155550167", "pages.sign_in.button_code")
    expect(walk.label("pages.code.label")).to_be_focused()
    type_code(walk, site.emulator.last_code())
    walk.says("pages.account.phone.done")
    assert site.emulator.messages()[-1]["to"] == "+14155550166"
    # What the console keeps closed is not there.
    walk.page.goto(f"{site.origin}/account/security")
    expect(walk.page.locator("a[href='/account/authenticator-app']")).to_be_visible()
    expect(walk.page.locator("a[href='/account/email']")).to_have_count(0)

    # An application that wants two proofs gets them, once there is a second one.
    walk.page.goto(f"{site.origin}/account/authenticator-app")
    walk.button("pages.account.verify.button_code").click()
    type_code(walk, site.emulator.last_code())
    expect(walk.page.locator(".secret")).to_be_visible()
    walk.page.wait_for_load_state()
    secret = walk.page.locator(".secret").inner_text().replace(" ", "")
    app = pyotp.TOTP(secret)
    walk.page.locator("#code").press_sequentially(app.now())
    expect(walk.page).to_have_url(re.compile("/success"))
    walk.arrive()
    assert walk.claims()["acr"] == ONE_FACTOR
    walk.arrive(acr_values=TWO_FACTORS)
    type_identifier(walk, "+14155550167", "pages.sign_in.button_code")
    type_code(walk, site.emulator.last_code())
    walk.says("pages.mfa_verify.title")
    walk.page.wait_for_load_state()
    # The first code is used up; half a minute ahead is within what is accepted.
    walk.page.locator("#code").press_sequentially(app.at(int(time.time()) + 30))
    both = walk.claims()
    assert both["acr"] == TWO_FACTORS
    # Two things that one has: `mfa` stands for two kinds.
    assert both["amr"] == ["sms", "otp"]
    walk.arrive(acr_values=TWO_FACTORS)
    assert walk.claims()["auth_time"] == both["auth_time"]
    assert walk.complaints.lines == []
