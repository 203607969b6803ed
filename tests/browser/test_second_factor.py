"""A second step in a real browser: made mandatory in the console, set up, asked for, recovered."""

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pyotp
import pytest
from playwright.sync_api import expect

from tests.browser.site import TWILIO, Site, running_site
from tests.browser.test_first_story import NARROW, WIDE, Look, Walk, set_the_console_up

pytestmark = [pytest.mark.browser, pytest.mark.slow]

NAMES = {WIDE: "grace", NARROW: "radia"}
PASSWORD = "calm-otter-7-lamps"


def make_it_mandatory(admin: Walk) -> None:
    """Multi-factor: an app, texts and recovery codes, and nobody may say no."""
    admin.go("console.nav.mfa")
    for factor in ("Totp", "PhoneVerificationCode", "BackupCode"):
        admin.page.locator(f"[name=factor][value={factor}]").check()
    admin.page.locator("[name=policy][value=Mandatory]").check()
    admin.take("mfa-settings")
    admin.button("console.save").click()
    admin.confirm()


@pytest.fixture(scope="module")
def office(
    sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Site, Walk]]:
    """Return a running server, and the administrator who made the second step mandatory."""
    with running_site(sqlite_template, tmp_path_factory.mktemp("site")) as site:
        site.installation.seed(connector="twilio-short-message-service", config=TWILIO)
        admin = Walk(site.browser, NARROW)
        set_the_console_up(admin, site.server)
        make_it_mandatory(admin)
        yield site, admin


def person_at(site: Site, look: Look) -> Walk:
    """Return somebody with a browser of their own, at the demo application."""
    person = Walk(site.browser, look)
    person.page.goto(f"{site.origin}/demo-app")
    return person


def give_password(person: Walk) -> None:
    """Sign in, as far as the password gets one."""
    person.button("demo_app.sign_in").click()
    person.page.locator("#identifier").fill(NAMES[person.look])
    person.page.locator("#password").fill(PASSWORD)
    person.button("pages.sign_in.button_password").click()


def type_code(person: Walk, code: str) -> None:
    """Type a code; a full one is sent by itself, once the page has its script."""
    expect(person.page.locator("#code")).to_be_visible()
    person.page.wait_for_load_state()
    person.page.locator("#code").press_sequentially(code)


def is_in(person: Walk) -> None:
    """Expect the application to know who it is."""
    expect(person.page).to_have_url(re.compile(r"/demo-app"))
    expect(person.page.get_by_text(NAMES[person.look], exact=True).first).to_be_visible()


@pytest.mark.parametrize("look", [WIDE, NARROW], ids=lambda look: look.name)
def test_a_mandatory_second_step_is_set_up_asked_for_and_recovered(
    office: tuple[Site, Walk], look: Look
) -> None:
    site, admin = office
    person = person_at(site, look)
    person.button("demo_app.sign_in").click()
    person.link("pages.sign_in.other").click()
    person.page.locator("#identifier").fill(NAMES[look])
    person.page.locator("form button.primary").click()
    person.page.locator("#password").fill(PASSWORD)
    person.button("pages.new_password.button").click()
    person.says("pages.mfa_choose.title_must")
    person.take("mfa-choose")

    person.link("pages.mfa_choose.PhoneVerificationCode.button").click()
    expect(person.page.locator("#identifier")).to_be_visible()
    person.take("mfa-number")
    person.link("pages.mfa_app.others").click()
    person.button("pages.mfa_choose.Totp.button").click()
    person.says("pages.mfa_app.title")
    person.take("mfa-app")
    secret = person.page.locator(".secret").inner_text().replace(" ", "")
    app = pyotp.TOTP(secret)
    type_code(person, app.now())
    person.says("pages.mfa_codes.title")
    person.take("mfa-codes")
    person.page.wait_for_load_state()
    codes = person.page.locator(".codes li").all_inner_texts()
    assert len(codes) == 10
    with person.page.expect_download() as download:
        person.link("pages.mfa_codes.download").click()
    assert codes[0] in download.value.path().read_text()
    person.button("pages.mfa_codes.button").click()
    is_in(person)

    again = person_at(site, look)
    give_password(again)
    again.says("pages.mfa_verify.title")
    again.take("mfa-verify")
    # The first code is used up; half a minute ahead is within what is accepted.
    type_code(again, app.at(int(time.time()) + 30))
    is_in(again)

    for is_first in (True, False):
        lost = person_at(site, look)
        give_password(lost)
        lost.link("pages.mfa_verify.others").click()
        lost.says("pages.mfa_ways.title")
        lost.take("mfa-ways")
        lost.page.get_by_role("link", name=lost.t("pages.mfa_ways.BackupCode")).click()
        lost.page.locator("#code").fill(codes[0])
        lost.button("pages.mfa_verify.button").click()
        if is_first:
            is_in(lost)
            continue
        expect(lost.page.locator("#code")).to_have_attribute("aria-invalid", "true")
        lost.take("mfa-recovery-code-used")

    admin.page.goto(f"{site.origin}/console/default/users")
    admin.page.get_by_role("link", name=NAMES[look]).first.click()
    admin.take("mfa-user")
    assert person.complaints.lines == []
    assert again.complaints.lines == []
