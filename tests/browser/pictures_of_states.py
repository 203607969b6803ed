"""Pictures of what the console says when something happens: refusals, questions, news, errors.

Not collected with the tests: `make screenshots` looks for `pictures*.py`, too. Where links alone
lead is in `pictures.py`.
"""

import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import setup_link
from tests.browser.desk import Desk, Office
from tests.browser.pictures import LANGUAGES, SIZES, populate
from tests.browser.pictures_of_people import Photographer
from tests.browser.site import TWILIO, Site, administrator_of, running_site
from tests.browser.test_first_story import PASSWORD, Look, Walk
from tests.browser.test_guide import fill_parameters, send_test, write_templates
from tests.journeys.server import PHONE_SIGN_IN
from watchword.emulators.twilio import AUTH_TOKEN

pytestmark = [pytest.mark.browser, pytest.mark.slow]

TWILIO_ID = "twilio-short-message-service"
FORM = f"connectors/set-up/{TWILIO_ID}"
OLD_TOKEN = "f" * 32
OPTED_OUT = "15005521610"


LOGO = b"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 300 60"><rect width="60" height="60"
rx="12" fill="#5b2be0"/><text x="76" y="43" font-family="sans-serif" font-size="38" fill="#5b2be0">
Northern</text></svg>"""


class LogoHandler(BaseHTTPRequestHandler):
    """Answers a tenant's logo, which is five times as wide as high."""

    def do_GET(self) -> None:  # the library's name
        """Answer the picture."""
        self.send_response(200)
        self.send_header("Content-Type", "image/svg+xml")
        self.end_headers()
        self.wfile.write(LOGO)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@contextmanager
def logo_server() -> Iterator[str]:
    """Answer a logo for the length of the block; its address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), LogoHandler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/logo.svg"
        server.shutdown()
        thread.join()


class Studio:
    """A site with an operator whom a photographer follows."""

    def __init__(self, site: Site, office: Office, language: str) -> None:
        self.site, self.office, self.language = site, office, language
        self.photographer = Photographer(language, "states")
        self.wide = Look(language, language, "light", 1280, SIZES[1280])

    @contextmanager
    def desk(self) -> Iterator[Desk]:
        """Return the operator at a browser, for the length of the block."""
        desk = Desk(self.office, self.wide)
        yield desk
        desk.context.close()

    @contextmanager
    def stranger(self) -> Iterator[Walk]:
        """Return somebody who is not signed in."""
        walk = Walk(self.site.browser, self.wide)
        yield walk
        walk.context.close()

    def take(self, walk: Walk, name: str) -> None:
        """Take the page as it is."""
        self.photographer.look(walk.page, name)
        walk.page.set_viewport_size({"width": 1280, "height": SIZES[1280]})


@pytest.fixture(scope="module", params=LANGUAGES)
def studio(
    request: pytest.FixtureRequest, sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Studio]:
    """Return a running site; how it is before anybody is there is pictured first."""
    language = str(request.param)
    with (
        running_site(sqlite_template, tmp_path_factory.mktemp(language)) as site,
        administrator_of(site) as administrator,
    ):
        before = Walk(site.browser, Look(language, language, "light", 1280, SIZES[1280]))
        photographer = Photographer(language, "states")
        link = setup_link(site.server)
        # The first page of a server that has just started takes its time.
        before.page.goto(f"{site.origin}/console", timeout=60_000)
        photographer.look(before.page, "console of nobody")
        before.page.goto(link)
        photographer.look(before.page, "set-up")
        before.page.locator("[name=username]").fill("ada")
        before.page.locator("[name=password]").fill("short")
        before.button("console.setup.submit").click()
        photographer.look(before.page, "set-up refused")
        before.context.close()
        office = Office(site, administrator)
        studio = Studio(site, office, language)
        with studio.stranger() as late:
            late.page.goto(link)
            studio.take(late, "set-up link used")
        yield studio


def fill(walk: Walk, **values: str) -> None:
    """Type into fields by their names."""
    for name, value in values.items():
        walk.page.locator(f"[name='{name}']").first.fill(value)


def see_connector_set_up(studio: Studio) -> None:
    """A connector's form: errors, broken JSON, tests that fail and succeed, saving untested."""
    with studio.desk() as desk:
        page = desk.page
        desk.open("connectors/set-up")
        page.get_by_label(desk.t("console.choice.provider")).fill("no such provider")
        desk.says("console.choice.none")
        studio.take(desk, "no provider found")
        desk.open(FORM)
        desk.button("console.guide.save").click()
        desk.says("console.fix_fields")
        studio.take(desk, "connector, fields are missing")
        fill_parameters(desk, OLD_TOKEN)
        expect(send_test(desk, "+1 415 555 0134")).to_contain_text("Authenticate")
        studio.take(desk, "test refused")
        fill_parameters(desk)
        expect(send_test(desk, f"+{OPTED_OUT}")).to_contain_text("unsubscribed")
        studio.take(desk, "test to who said stop")
        expect(send_test(desk, "12")).to_contain_text(re.compile("."))
        studio.take(desk, "test without a number")
        expect(send_test(desk, "+1 415 555 0134")).to_contain_text(desk.t("console.test.accepted"))
        studio.take(desk, "test accepted")
        write_templates(desk, '[\n{"usageType": "Generic",\n"content" "Your code: {{code}}"}\n]')
        expect(page.locator("#preview")).to_contain_text(
            desk.t("console.templates.not_json", line=3)
        )
        studio.take(desk, "templates are no JSON")
        write_templates(desk, '[{"usageType": "Generik", "content": "{{cod}}"}]')
        page.wait_for_load_state("networkidle")
        desk.button("console.guide.save").click()
        page.wait_for_load_state("networkidle")
        studio.take(desk, "templates of an unknown use")
        desk.open(FORM)
        fill_parameters(desk)
        desk.button("console.guide.save").click()
        desk.says("console.guide.untested_now")
        studio.take(desk, "connector was not tested")
        desk.button("console.guide.save_anyway").click()
        desk.says("console.done.connector_saved")
        studio.take(desk, "connector saved")
        desk.link("console.connector.change").click()
        page.get_by_role("link", name=re.compile("Vonage")).click()
        desk.heading(re.compile("Vonage"))
        fill(desk, apiKey="00aa11bb", apiSecret="not-a-real-secret", brandName="Rowing")
        desk.button("console.guide.save").click()
        desk.says("console.guide.untested_now")
        studio.take(desk, "connector is changed")


def see_confirmations(studio: Studio) -> None:
    """What is asked before something is saved or deleted, and what another one changed."""
    office = studio.office
    populate(office)
    twilio = next(
        one["id"]
        for one in office.administrator.api.get("/api/connectors").json()
        if one["connectorId"] == TWILIO_ID
    )
    with studio.desk() as desk:
        page = desk.page
        desk.open(f"connectors/{twilio}/delete")
        fill(desk, name="Twillio")
        desk.button("console.connector.delete").click()
        desk.says("console.type_wrong")
        studio.take(desk, "delete a connector")
        office.administrator.change("sign-in-exp", signInMode="SignInAndRegister")
        desk.open("sign-in-experience/sign-up-and-sign-in")
        page.locator("button[value='add-sign-in:email']").first.click()
        page.wait_for_load_state("networkidle")
        desk.button("console.save").click()
        expect(page.locator("dialog:modal")).to_be_visible()
        studio.take(desk, "before and after")
        desk.open("security")
        sending = page.locator("form[action$='/security/sending']")
        sending.locator("[name='perNumber.count']").fill("many")
        sending.get_by_role("button", name=desk.t("console.save")).click()
        desk.says("console.security.wrong.whole")
        studio.take(desk, "limits refused")
        desk.open("mfa")
        page.locator("[name=factor][value=BackupCode]").check()
        page.locator("[name=policy]").first.check()
        desk.button("console.save").click()
        expect(desk.alert()).to_be_visible()
        studio.take(desk, "second step refused")
        user = office.administrator.api.get("/api/users").json()[0]["id"]
        desk.open(f"users/{user}")
        fill(desk, typed_id="somebody else")
        desk.button("console.users.delete").click()
        expect(page.locator("[name=typed_id]")).to_have_attribute("aria-invalid", "true")
        studio.take(desk, "delete a person")
        desk.open(f"users/{user}")
        desk.button("console.users.suspend").click()
        desk.says("console.done.user_suspended")
        studio.take(desk, "person suspended")
        desk.open("no-such-page")
        studio.take(desk, "no such page")
        desk.open("applications/not-there")
        studio.take(desk, "no such application")


def see_two_operators(studio: Studio) -> None:
    """Two who change one thing: the second is told, and sees both versions."""
    office = studio.office
    with studio.desk() as desk:
        page = desk.page
        desk.open("sign-in-experience/branding")
        field = page.locator("[name=primaryColor], [name='color.primaryColor']").first
        field.fill("#204060")
        office.administrator.change(
            "sign-in-exp",
            color={
                "primaryColor": "#905010",
                "isDarkModeEnabled": True,
                "darkPrimaryColor": "#ffb070",
            },
        )
        desk.button("console.save").first.click()
        page.wait_for_load_state("networkidle")
        if page.locator("dialog:modal").count():
            desk.button("console.confirm").click()
            page.wait_for_load_state("networkidle")
        studio.take(desk, "somebody else changed this")


def see_logo(studio: Studio) -> None:
    """A tenant's own logo, as people meet it."""
    populate(studio.office)
    studio.office.administrator.change("sign-in-exp", **PHONE_SIGN_IN)
    with studio.desk() as desk, logo_server() as logo:
        desk.open("sign-in-experience/branding")
        fill(desk, logoUrl=logo)
        desk.button("console.save").first.click()
        desk.confirm()
        studio.take(desk, "logo saved")
    with studio.stranger() as walk:
        walk.page.goto(studio.site.authorization())
        expect(walk.page.locator(".brand img")).to_be_visible()
        studio.take(walk, "sign-in with a logo")


def see_messages(studio: Studio) -> None:
    """Messages that went well and badly, the dashboard that counts them, and who is unwell."""
    office = studio.office
    populate(office)
    api = office.administrator.api
    with studio.desk() as desk:
        page = desk.page
        desk.open("messages")
        fill(desk, number="12")
        desk.button("console.filter").click()
        expect(page.locator("[name=number]")).to_have_attribute("aria-invalid", "true")
        studio.take(desk, "messages, wrong number")
        fill(desk, number=f"+{OPTED_OUT}")
        desk.button("console.filter").click()
        page.locator("tbody th a").first.click()
        expect(page.locator(".timeline")).to_be_visible()
        studio.take(desk, "message refused")
        desk.button("console.messages.show_number").click()
        page.wait_for_load_state("networkidle")
        studio.take(desk, "message, number shown")
        desk.open("messages?state=accepted")
        page.locator("tbody th a").first.click()
        expect(page.locator(".timeline")).to_be_visible()
        desk.says("console.message_state.accepted")
        studio.take(desk, "message accepted")
        desk.open("audit-log")
        fill(desk, event="no.such.event")
        desk.button("console.filter").click()
        desk.says("console.audit.no_match")
        studio.take(desk, "audit log, nothing found")
        desk.link("console.clear").click()
        page.locator("tbody summary, tbody details summary").first.click()
        studio.take(desk, "audit log, one opened")
        # Refused credentials make a connector unwell.
        twilio = next(
            one["id"]
            for one in api.get("/api/connectors").json()
            if one["connectorId"] == TWILIO_ID
        )
        office.administrator.change(
            f"connectors/{twilio}", config={**TWILIO, "authToken": OLD_TOKEN}
        )
        for number in ("14155550181", "14155550182", "14155550183"):
            api.post("/api/verification-codes", json={"phone": number})
        desk.open(f"connectors/{twilio}")
        studio.take(desk, "connector is unwell")
        desk.open("messages/dashboard")
        studio.take(desk, "dashboard of a bad day")
        desk.open("get-started")
        studio.take(desk, "get started with an unwell connector")
        office.administrator.change(f"connectors/{twilio}", config=TWILIO)


def see_webhooks(studio: Studio) -> None:
    """A webhook: refused, its key shown once, a test nobody answers, deliveries."""
    with studio.desk() as desk:
        page = desk.page
        desk.open("webhooks/new")
        fill(desk, name="Desk", url="not an address")
        desk.button("console.webhooks.create").click()
        desk.says("console.webhooks.url_wrong")
        studio.take(desk, "webhook refused")
        fill(desk, url="http://127.0.0.1:9/hook")
        page.locator("[name=events]").first.check()
        desk.button("console.webhooks.create").click()
        desk.says("console.webhooks.key_once")
        studio.take(desk, "webhook's key")
        desk.link("console.applications.kept_it").click()
        desk.heading("Desk")
        desk.button("console.webhooks.send_test").click()
        expect(page.locator("#outcome [role=alert]")).to_be_visible()
        studio.take(desk, "webhook test failed")
        hook = page.url.rpartition("/")[2].partition("?")[0]
        desk.open(f"webhooks/{hook}/deliveries")
        studio.take(desk, "webhook deliveries")


def see_tenants_and_promotion(studio: Studio) -> None:
    """Tenants, and moving a configuration to another one."""
    site = studio.site
    with studio.desk() as desk:
        page = desk.page
        desk.open("tenants")
        fill(desk, name="Trial", id="Not an id")
        desk.button("console.tenants.create").click()
        page.wait_for_load_state("networkidle")
        studio.take(desk, "tenant refused")
        fill(desk, name="Trial", id="trial")
        desk.button("console.tenants.create").click()
        desk.says("console.done.tenant_created")
        studio.take(desk, "tenant created")
        page.goto(f"{site.origin}/console/trial/get-started")
        studio.take(desk, "get started in a new tenant")
        make_production(site, "live", authToken=OLD_TOKEN)
        document = {
            "version": 1,
            "signIn": PHONE_SIGN_IN,
            "connectors": {"sms": {"connectorId": TWILIO_ID, "config": TWILIO}},
        }
        apply(site, "trial", document)
        page.goto(f"{site.origin}/console/live/configuration")
        studio.take(desk, "configuration of a production tenant")
        desk.link("console.promotion.title").click()
        studio.take(desk, "promotion")
        page.locator("[name=source]").select_option("trial")
        desk.button("console.promotion.choose").click()
        page.wait_for_load_state("networkidle")
        desk.button("console.promotion.preview").click()
        page.wait_for_load_state("networkidle")
        studio.take(desk, "promotion, nothing chosen")
        for item in ("connectors.sms", "signIn"):
            page.locator(f"[name=item][value='{item}']").check()
        desk.button("console.promotion.preview").click()
        secret = page.locator("[name='secret:SMS_AUTH_TOKEN']")
        expect(secret).to_be_visible()
        studio.take(desk, "promotion, plan")
        page.locator("[name=to]").fill("+14155550134")
        desk.button("console.promotion.send_test").click()
        expect(page.locator("#test-outcome")).to_contain_text("Authenticate")
        studio.take(desk, "promotion, test refused")
        secret.fill(AUTH_TOKEN)
        desk.button("console.promotion.send_test").click()
        expect(page.locator("#tested-sms")).to_have_text(
            re.compile(rf"{re.escape(desk.t('console.promotion.tested'))}$")
        )
        studio.take(desk, "promotion, tested")
        apply(site, "live", {"version": 1, "signIn": {**PHONE_SIGN_IN, "signInMode": "SignIn"}})
        desk.button("console.promotion.move", name="live").click()
        page.wait_for_load_state("networkidle")
        studio.take(desk, "promotion, stale")
        page.goto(f"{site.origin}/console/live/tenant")
        studio.take(desk, "production tenant")


def apply(site: Site, tenant: str, document: dict[str, Any]) -> None:
    """Apply a configuration from the terminal."""
    path = site.installation.folder / f"{tenant}.json"
    path.write_text(json.dumps(document))
    done = site.installation.command("config", "apply", str(path), "--tenant", tenant)
    assert done.returncode == 0, done.stderr


def make_production(site: Site, tenant: str, **config: Any) -> None:
    """Create a production tenant that sends through Twilio."""
    done = site.installation.command("tenants", "create", tenant, "--tag", "production")
    assert done.returncode == 0, done.stderr
    connector = {"connectorId": TWILIO_ID, "config": {**TWILIO, **config}}
    apply(site, tenant, {"version": 1, "signIn": PHONE_SIGN_IN, "connectors": {"sms": connector}})


def see_operators(studio: Studio) -> None:
    """Coming in, being kept out, being a viewer, and a session that ended over a filled form."""
    site = studio.site
    with studio.stranger() as walk:
        page = walk.page
        page.goto(f"{site.origin}/console/default/users")
        studio.take(walk, "console sign-in")
        fill(walk, username="ada", password="not-my-password")
        walk.button("console.sign_in.submit").click()
        page.wait_for_load_state("networkidle")
        studio.take(walk, "console sign-in refused")
        page.goto(f"{site.origin}/console/setup?token=nothing")
        studio.take(walk, "link of nobody")
    with studio.desk() as desk:
        desk.open("operators")
        desk.page.locator("[name=role][value=viewer]").check()
        desk.button("console.operators.make_link").click()
        desk.says("console.operators.link")
        studio.take(desk, "operator's link")
        link = desk.page.get_by_text(re.compile(r"/console/setup\?token=")).inner_text()
        desk.open("profile")
        fill(desk, present="not-my-password-1", new="brisk-heron-9-ferns")
        desk.button("console.profile.change_password").click()
        expect(desk.alert()).to_be_visible()
        studio.take(desk, "own password refused")
    with studio.stranger() as walk:
        page = walk.page
        page.goto(link)
        studio.take(walk, "operator is invited")
        fill(walk, username="grace", password=PASSWORD)
        page.locator("form button.primary").click()
        page.wait_for_load_state("networkidle")
        for path in ("get-started", "users", "security", "operators", "tenants"):
            page.goto(f"{site.origin}/console/default/{path}")
            studio.take(walk, f"viewer, {path}")
        page.goto(f"{site.origin}/console/default/organizations/new")
        studio.take(walk, "viewer, organizations-new")
    see_ended_session(studio)


def see_ended_session(studio: Studio) -> None:
    """A filled form that outlives the session."""
    with studio.stranger() as walk:
        page = walk.page
        page.goto(f"{studio.site.origin}/console/sign-in")
        fill(walk, username="ada", password=PASSWORD)
        walk.button("console.sign_in.submit").click()
        walk.says("console.get_started.lead")
        page.goto(f"{studio.site.origin}/console/default/organizations/new")
        fill(walk, name="Rowing club")
        other = walk.context.new_page()
        other.goto(f"{studio.site.origin}/console/default/profile")
        other.locator("summary").last.click()
        other.get_by_role("button", name=walk.t("console.sign_out")).click()
        expect(other.locator("[name=username]")).to_be_visible()
        page.locator("form[action$='/organizations/new'] button.primary").click()
        walk.says("console.kept.sign_in")
        studio.take(walk, "form kept, sign in")
        fill(walk, username="ada", password=PASSWORD)
        walk.button("console.sign_in.submit").click()
        walk.says("console.kept.lead")
        studio.take(walk, "form kept")


STATES: tuple[Callable[[Studio], None], ...] = (
    see_operators,
    see_connector_set_up,
    see_confirmations,
    see_logo,
    see_two_operators,
    see_messages,
    see_webhooks,
    see_tenants_and_promotion,
)


@pytest.mark.parametrize("shown", STATES, ids=lambda shown: shown.__name__)
def test_what_the_console_says_is_pictured_in_every_look(
    studio: Studio, shown: Callable[[Studio], None]
) -> None:
    studio.photographer.complaints.clear()
    shown(studio)

    assert studio.photographer.complaints == []
