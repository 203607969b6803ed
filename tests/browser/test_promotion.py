"""Try a provider in a development tenant, move it to production, break it, and take that back."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.site import TWILIO, Site, running_site
from tests.browser.test_first_story import (
    NARROW,
    WIDE,
    Look,
    Walk,
    ask_for_a_code,
    see_claims,
    set_the_console_up,
    set_twilio_up,
    switch_phone_on,
    type_code,
)
from tests.journeys.server import PHONE_SIGN_IN
from watchword.emulators.twilio import AUTH_TOKEN

pytestmark = [pytest.mark.browser, pytest.mark.slow]

TWILIO_ID = "twilio-short-message-service"
OLD_TOKEN = "f" * 32
"""What production was set up with once, and Twilio takes no more."""


@pytest.fixture(scope="module")
def site(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Return a running server, where nobody has been yet."""
    with running_site(sqlite_template, tmp_path_factory.mktemp("site")) as site:
        yield site


@pytest.fixture(scope="module")
def office(site: Site) -> Walk:
    """Return the administrator at the console."""
    walk = Walk(site.browser, WIDE)
    set_the_console_up(walk, site.server)
    return walk


def make_production(site: Site, tenant: str, **config: Any) -> None:
    """Create a production tenant that sends through Twilio, as somebody did long ago."""
    done = site.installation.command("tenants", "create", tenant, "--tag", "production")
    assert done.returncode == 0, done.stderr
    connector = {"connectorId": TWILIO_ID, "config": {**TWILIO, **config}}
    document = {"version": 1, "signIn": PHONE_SIGN_IN, "connectors": {"sms": connector}}
    path = site.installation.folder / f"{tenant}.json"
    path.write_text(json.dumps(document))
    done = site.installation.command("config", "apply", str(path), "--tenant", tenant)
    assert done.returncode == 0, done.stderr


def origin_of(site: Site, tenant: str) -> str:
    """Return where people find a tenant; browsers know `*.localhost` by themselves."""
    return site.origin.replace("//", f"//{tenant}.")


def arrive(walk: Walk, site: Site, tenant: str) -> None:
    """Stand before a tenant's sign-in page, as its demo application sends people there."""
    walk.page.goto(f"{origin_of(site, tenant)}/demo-app")
    walk.button("demo_app.sign_in").click()
    expect(walk.label("pages.identifier.phone.label")).to_be_focused()


def visitor(site: Site, tenant: str, look: Look = WIDE) -> Walk:
    """Return somebody with a browser of their own before a tenant's sign-in page."""
    walk = Walk(site.browser, look)
    arrive(walk, site, tenant)
    return walk


def sign_up(walk: Walk, site: Site, number: str) -> None:
    """Make an account by a code, and land in the application."""
    ask_for_a_code(walk, number)
    type_code(walk, site.emulator.last_code())
    walk.button("pages.no_account.button").click()
    see_claims(walk, number)


def went_well(*walks: Walk) -> None:
    """Expect that no browser complained."""
    for walk in walks:
        # The page in the preview's frame may not take the cursor; the browser says so.
        lines = [line for line in walk.complaints.lines if "Blocked autofocusing" not in line]
        assert not lines, "\n".join(lines)


def test_twilio_moves_from_a_development_tenant_to_production(site: Site, office: Walk) -> None:
    make_production(site, "live", authToken=OLD_TOKEN)
    page = office.page
    page.goto(f"{site.origin}/console/default/tenants")
    page.locator("[name=name]").fill("Trial")
    page.locator("[name=id]").fill("trial")
    office.button("console.tenants.create").click()
    office.says("console.done.tenant_created")
    office.take("tenant-created")

    # Try it: set up, tested and signed in with, in the tenant that is for that.
    page.goto(f"{site.origin}/console/trial/get-started")
    set_twilio_up(office)
    switch_phone_on(office)
    developer = visitor(site, "trial")
    developer.take("sign-in-of-a-development-tenant")
    sign_up(developer, site, "+14155550161")
    assert re.search("//trial.localhost", developer.page.url)

    # Production first: nobody can sign in there, for its token is an old one.
    person = visitor(site, "live", NARROW)
    person.label("pages.identifier.phone.label").fill("+14155550162")
    person.button("pages.sign_in.button_code").click()
    person.says("errors.connector.general")

    # Move it: the difference by page, the secret that differs, a test, and only then the move.
    page.goto(f"{site.origin}/console/live/configuration")
    office.link("console.promotion.title").click()
    page.locator("[name=source]").select_option("trial")
    office.button("console.promotion.choose").click()
    for item in ("connectors.sms", "signIn"):
        page.locator(f"[name=item][value='{item}']").check()
    office.button("console.promotion.preview").click()
    secret = page.locator("[name='secret:SMS_AUTH_TOKEN']")
    expect(page.locator("label").filter(has_text="Auth Token")).to_contain_text(
        office.t("console.promotion.state.different")
    )
    page.wait_for_load_state()
    sections = page.locator("section.card h2").all_inner_texts()
    assert sections == [
        office.t(f"console.promotion.section.{name}") for name in ("connectors", "signIn")
    ]
    office.take("promotion")
    tested = page.locator("#tested-sms")
    page.locator("[name=to]").fill("+14155550134")
    office.button("console.promotion.send_test").click()
    expect(page.locator("#test-outcome")).to_contain_text("Authenticate")
    expect(tested).to_contain_text(office.t("console.promotion.not_tested"))
    secret.fill(AUTH_TOKEN)
    office.button("console.promotion.send_test").click()
    expect(tested).to_have_text(re.compile(rf"{re.escape(office.t('console.promotion.tested'))}$"))
    office.take("promotion-tested")
    office.button("console.promotion.move", name="live").click()
    office.says("console.done.promoted")
    office.take("promotion-moved")

    # The first sign-in in production.
    arrive(person, site, "live")
    sign_up(person, site, "+14155550162")
    assert re.search("//live.localhost", person.page.url)
    person.take("first-sign-in-in-production")
    went_well(office, developer, person)


def test_a_bad_template_is_seen_in_the_dashboard_and_undone_in_two_clicks(
    site: Site, office: Walk
) -> None:
    make_production(site, "shop")
    person = visitor(site, "shop")
    sign_up(person, site, "+14155550171")
    page = office.page
    used = page.locator("dl div").filter(has_text=office.t("console.dashboard.used")).locator("dd")
    page.goto(f"{site.origin}/console/shop/messages/dashboard")
    expect(used).to_have_text("100%")

    # A text without its code is saved, and holds for the next message.
    office.go("console.nav.connectors")
    page.get_by_role("link", name="Twilio SMS Service").click()
    office.button("console.texts.title").click()
    page.get_by_role("tab", name=office.t("console.usage.SignIn")).click()
    texts = page.get_by_role("tabpanel").get_by_label(office.t("console.texts.content"))
    texts.first.fill("Welcome to our shop")
    office.button("console.save").click()
    office.says("console.done.saved")
    crowd = [visitor(site, "shop", NARROW) for _ in range(2)]
    for number, somebody in enumerate((person, *crowd)):
        if somebody is person:
            somebody.page.goto(f"{origin_of(site, 'shop')}/demo-app")
            somebody.button("demo_app.sign_out").click()
            somebody.button("demo_app.sign_in_again").click()
        ask_for_a_code(somebody, f"+1415555017{number + 1}")
        assert site.emulator.messages()[-1]["body"] == "Welcome to our shop"
        type_code(somebody, "000000")
        somebody.says("errors.verification_code.code_mismatch")

    # Where the ratio is read, the change is named: one click shows it, the next takes it back.
    page.goto(f"{site.origin}/console/shop/messages/dashboard")
    expect(used).to_have_text("25%")
    office.take("dashboard-after-a-bad-template")
    office.button("console.undo.action").click()
    expect(page.locator("del").filter(has_text="Welcome to our shop")).to_be_visible()
    office.take("undo")
    office.button("console.history.restore").click()
    office.says("console.done.restored")
    office.take("bad-template-undone")

    arrive(crowd[0], site, "shop")
    sign_up(crowd[0], site, "+14155550172")
    went_well(office, person, *crowd)
