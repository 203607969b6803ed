"""Every page of the console in a real browser: its main job, and what goes wrong there first."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.desk import Desk, Office, open_office
from tests.browser.site import TWILIO

pytestmark = [pytest.mark.browser, pytest.mark.slow]

OPTED_OUT = "15005521610"
"""The emulated Twilio says of this number that it replied STOP."""


@pytest.fixture(scope="module")
def office(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """Return a running site with an operator, where messages can be sent."""
    with open_office(sqlite_template, tmp_path_factory.mktemp("site")) as office:
        office.set_up("twilio-short-message-service", TWILIO)
        yield office


@pytest.fixture
def desk(office: Office) -> Iterator[Desk]:
    """Return the operator, signed in."""
    desk = Desk(office)
    yield desk
    desk.leave()


def make(desk: Desk, what: str, **values: Any) -> str:
    """Make something over the API and return its id."""
    return str(desk.office.administrator.make(what, **values)["id"])


def fill(desk: Desk, **values: str) -> None:
    """Type into fields by their names."""
    for name, value in values.items():
        desk.page.locator(f"[name='{name}']").fill(value)


def test_users_are_found_suspended_and_deleted_by_their_id(desk: Desk) -> None:
    ada = make(desk, "users", name="Ada of the users", primaryPhone="14155550101")
    desk.open("users")
    fill(desk, q="nobody has this name")
    desk.page.keyboard.press("Enter")
    desk.says("console.users.no_match")
    fill(desk, q="Ada of")
    desk.page.keyboard.press("Enter")
    desk.page.get_by_role("link", name="Ada of the users").click()
    desk.button("console.users.suspend").click()
    desk.says("console.done.user_suspended")
    desk.take("user-suspended")

    fill(desk, typed_id="somebody else")
    desk.button("console.users.delete").click()
    expect(desk.page.locator("[name=typed_id]")).to_have_attribute("aria-invalid", "true")
    fill(desk, typed_id=ada)
    desk.button("console.users.delete").click()
    desk.says("console.done.user_deleted")


def test_an_organization_gets_members_and_invites_others(desk: Desk) -> None:
    make(desk, "users", name="Bea of the club", primaryPhone="14155550102")
    desk.open("organizations/new")
    desk.button("console.organizations.create").click()
    desk.says("console.organizations.name_missing")
    fill(desk, name="Rowing club")
    desk.button("console.organizations.create").click()
    desk.says("console.done.organization_created")
    desk.link("console.organizations.add_members").first.click()
    desk.heading(desk.t("console.organizations.add_members"))
    desk.button("console.organizations.add_members").click()
    desk.says("console.organizations.tick_somebody")
    desk.page.get_by_label("Bea of the club").check()
    desk.button("console.organizations.add_members").click()
    desk.says("console.done.members_added")

    desk.link("console.organizations.tab.invitations").click()
    desk.link("console.invitations.new").first.click()
    desk.heading(desk.t("console.invitations.new"))
    fill(desk, phone="12")
    desk.button("console.invitations.invite").click()
    expect(desk.alert()).to_be_visible()
    fill(desk, phone="+14155550103")
    desk.button("console.invitations.invite").click()
    desk.says("console.done.invitation_sent")
    desk.take("organization-invited")
    assert desk.office.site.emulator.messages()[-1]["to"] == "+14155550103"


def test_an_application_is_made_and_its_quick_start_can_be_copied(desk: Desk) -> None:
    desk.open("applications/new")
    # The browser itself asks for a name; the server does so where a browser does not.
    desk.page.locator("form.card").evaluate("form => { form.noValidate = true; }")
    desk.button("console.applications.create").click()
    expect(desk.page.locator("[name=name]")).to_have_attribute("aria-invalid", "true")
    fill(desk, name="Booking", redirect_uris="https://app.example.com/callback")
    desk.page.locator("[name=type][value=Traditional]").check()
    desk.button("console.applications.create").click()
    desk.says("console.applications.secret_once")
    desk.link("console.applications.kept_it").click()
    desk.heading("Booking")
    application = desk.page.url.rpartition("/")[2].partition("?")[0]
    expect(desk.page.locator("#quick-start details[open] pre")).to_contain_text(application)
    desk.take("application-quick-start")

    fill(desk, typed_name="Boking")
    desk.button("console.applications.delete").click()
    expect(desk.page.locator("[name=typed_name]")).to_have_attribute("aria-invalid", "true")
    fill(desk, typed_name="Booking")
    desk.button("console.applications.delete").click()
    desk.says("console.done.application_deleted")


def test_limits_are_set_and_a_lockout_is_ended(desk: Desk) -> None:
    desk.open("security")
    sending = desk.page.locator("form[action$='/security/sending']")
    sending.locator("[name='perNumber.count']").fill("many")
    sending.get_by_role("button", name=desk.t("console.save")).click()
    desk.says("console.security.wrong.whole")
    expect(sending.locator("[name='perNumber.count']")).to_have_value("many")
    desk.take("security-wrong-limit")
    sending.locator("[name='perNumber.count']").fill("9")
    # Countries are added by name; half a name that only one begins with is enough.
    add = sending.get_by_label(desk.t("console.security.countries"), exact=True)
    add.fill("Icelan")
    add.press("Enter")
    add.fill("South Korea (+82)")
    expect(sending.locator(".picked li")).to_have_text(["Iceland (+354)", "South Korea (+82)"])
    sending.get_by_role("button", name=re.compile("Remove Iceland")).click()
    sending.get_by_role("button", name=desk.t("console.save")).click()
    desk.confirm()
    expect(sending.locator("[name='perNumber.count']")).to_have_value("9")
    expect(sending.locator(".picked li")).to_have_text(["South Korea (+82)"])
    desk.take("security-countries")
    # Other stories of this site write to other countries.
    sending.get_by_role("button", name=re.compile("Remove South Korea")).click()
    sending.get_by_role("button", name=desk.t("console.save")).click()
    desk.confirm()
    expect(sending.locator(".picked li")).to_have_count(0)

    fill(desk, identifier="14155550104")
    desk.button("console.security.unblock.action").click()
    desk.says("console.done.unblocked")


def test_addresses_are_refused_once_every_line_is_one(desk: Desk) -> None:
    desk.open("security/blocklist")
    fill(desk, customBlocklist="@example.com\nnobody")
    desk.button("console.save").click()
    expect(desk.page.get_by_text(re.compile("Line 2: “nobody”"))).to_be_visible()
    expect(desk.page.locator("[name='customBlocklist']")).to_have_value("@example.com\nnobody")
    desk.take("blocklist-wrong-line")

    fill(desk, customBlocklist="@example.com")
    desk.button("console.save").click()
    desk.confirm()
    expect(desk.page.locator("[name='customBlocklist']")).to_have_value("@example.com")

    refused = desk.office.administrator.api.get("/api/sign-in-exp").json()["emailBlocklistPolicy"]
    assert refused["customBlocklist"] == ["@example.com"]
    # Other stories of this site have addresses there.
    desk.office.administrator.change("sign-in-exp", emailBlocklistPolicy={})


def test_a_second_step_is_offered_and_recovery_codes_never_alone(desk: Desk) -> None:
    desk.open("mfa")
    desk.page.locator("[name=factor][value=BackupCode]").check()
    desk.page.locator("[name=policy]").first.check()
    desk.button("console.save").click()
    expect(desk.alert()).to_be_visible()
    desk.take("mfa-refused")
    desk.page.locator("[name=factor][value=Totp]").check()
    desk.button("console.save").click()
    desk.confirm()
    expect(desk.page.locator("[name=factor][value=Totp]")).to_be_checked()


def test_a_webhook_is_made_and_a_test_says_why_nobody_answered(desk: Desk) -> None:
    desk.open("webhooks/new")
    fill(desk, name="Desk", url="not an address")
    desk.button("console.webhooks.create").click()
    desk.says("console.webhooks.url_wrong")
    desk.take("webhook-wrong")
    fill(desk, url="http://127.0.0.1:9/hook")
    desk.page.locator("[name=events]").first.check()
    desk.button("console.webhooks.create").click()
    desk.says("console.webhooks.key_once")
    desk.link("console.applications.kept_it").click()
    desk.heading("Desk")

    desk.button("console.webhooks.send_test").click()
    expect(desk.page.locator("#outcome [role=alert]")).to_be_visible()
    desk.page.locator("#outcome").scroll_into_view_if_needed()
    desk.take("webhook-test-failed")


def test_the_audit_log_is_filtered_by_event_and_by_who(desk: Desk) -> None:
    make(desk, "organizations", name="Seen in the log")
    desk.open("audit-log")
    fill(desk, event="no.such.event")
    desk.button("console.filter").click()
    desk.says("console.audit.no_match")
    desk.link("console.clear").click()
    row = desk.page.locator("tbody tr").filter(has_text="organization.created").first
    row.get_by_role("link", name="Organization created").click()

    expect(desk.page).to_have_url(re.compile("event="))
    desk.page.wait_for_load_state()
    events = desk.page.locator("tbody th").all_inner_texts()
    assert events
    assert all("organization.created" in event for event in events)


def test_an_api_gets_permissions_that_an_application_may_have(desk: Desk) -> None:
    machine = make(desk, "applications", name="Desk clerk", type="MachineToMachine")
    desk.open("resources/new")
    fill(desk, name="Boat house", indicator="no address")
    desk.button("console.resources.create").click()
    desk.says("console.resources.indicator_wrong")
    fill(desk, indicator="https://boats.example.com")
    desk.button("console.resources.create").click()
    desk.says("console.done.resource_created")
    fill(desk, scope_name="two words")
    desk.button("console.organization_roles.add_scope").click()
    expect(desk.page.locator("[name=scope_name]")).to_have_attribute("aria-invalid", "true")
    fill(desk, scope_name="book")
    desk.button("console.organization_roles.add_scope").click()
    desk.says("console.done.scope_created")

    desk.open(f"applications/{machine}")
    granted = desk.page.locator("#scopes").get_by_label(re.compile("^book"))
    granted.check()
    desk.page.locator("#scopes").get_by_role("button", name=desk.t("console.save")).click()
    desk.says("console.done.saved")
    expect(granted).to_be_checked()


def test_the_message_log_shows_what_became_of_each_message(desk: Desk) -> None:
    api = desk.office.administrator.api
    for number in ("14155550105", OPTED_OUT):
        api.post("/api/verification-codes", json={"phone": number})
    desk.open("messages")
    fill(desk, number="12")
    desk.button("console.filter").click()
    expect(desk.page.locator("[name=number]")).to_have_attribute("aria-invalid", "true")
    fill(desk, number=f"+{OPTED_OUT}")
    desk.button("console.filter").click()
    expect(desk.page.locator("tbody tr")).to_have_count(1)
    desk.page.locator("tbody th a").click()

    # Its timeline ends with the provider's words and with what they mean.
    timeline = desk.page.locator(".timeline")
    expect(timeline).to_contain_text("unsubscribed recipient")
    expect(timeline).to_contain_text(desk.t("connector_kit.error_class.recipient_opted_out"))
    desk.take("message-refused")
    desk.button("console.messages.show_number").click()
    desk.heading(re.compile(r"^\+1[ -]*500[ -]*552[ -]*1610$"))


def test_the_dashboard_counts_what_people_were_sent_and_what_went_wrong(desk: Desk) -> None:
    api = desk.office.administrator.api
    assert api.post("/api/verification-codes", json={"phone": "14155550106"}).is_success
    assert not api.post("/api/verification-codes", json={"phone": OPTED_OUT}).is_success
    desk.open("messages/dashboard")

    chart = desk.page.get_by_role("img", name=desk.t("console.dashboard.chart.sends"), exact=True)
    expect(chart).to_be_visible()
    desk.says("console.dashboard.by_connector")
    desk.says("connector_kit.error_class.recipient_opted_out")
    # The numbers behind the pictures are a table.
    desk.page.get_by_text(desk.t("console.dashboard.table"), exact=True).click()
    expect(desk.page.locator("details[open] table")).to_be_visible()
    desk.take("dashboard")


def test_an_operator_sees_to_the_own_account_and_invites_another(desk: Desk) -> None:
    desk.open("profile")
    fill(desk, present="not-my-password-1", new="brisk-heron-9-ferns")
    desk.button("console.profile.change_password").click()
    expect(desk.alert()).to_be_visible()
    desk.page.locator("#theme").select_option("dark")
    desk.button("console.save").first.click()
    expect(desk.page.locator("html")).to_have_attribute("data-theme", "dark")
    desk.page.locator("#theme").select_option("system")
    desk.button("console.save").first.click()
    expect(desk.page.locator("html")).not_to_have_attribute("data-theme", "dark")

    desk.open("operators")
    desk.page.locator("[name=role][value=viewer]").check()
    desk.button("console.operators.make_link").click()
    desk.says("console.operators.link")
    link = desk.page.get_by_text(re.compile(r"/console/setup\?token=")).inner_text()
    desk.page.goto(link)
    desk.says("console.setup.join")


def test_a_language_is_added_and_its_texts_are_written_beside_a_preview(desk: Desk) -> None:
    page = desk.page
    desk.open("sign-in-experience/content")
    fill(desk, tag="french")
    desk.button("console.content.add_button").click()
    desk.says("console.content.no_tag")
    fill(desk, tag="fr")
    desk.button("console.content.add_button").click()
    desk.says("console.done.language_added")

    fill(desk, **{"text.sign_in.title": "Connexion", "text.sign_in.lead": "Bienvenue"})
    preview = page.frame_locator(".preview-pane iframe:not(.coming)")
    expect(preview.get_by_role("heading", name="Connexion")).to_be_visible()
    desk.button("console.save").click()
    lead = page.locator("[name='text.sign_in.lead']")
    expect(lead).to_have_attribute("aria-invalid", "true")
    desk.says("console.content.problem.placeholder_missing", placeholder="{application}")
    desk.says("console.fix_fields")
    lead.fill("pour {application}")
    desk.says("console.fields_retyped")
    desk.button("console.save").click()
    desk.confirm()
    expect(page.locator("[name='text.sign_in.title']")).to_have_value("Connexion")

    page.get_by_role("searchbox").fill("Bienvenue")
    page.keyboard.press("Enter")
    desk.says("console.content.nothing")
    desk.take("own-texts")
    page.goto(f"{desk.office.site.origin}/demo-app?lang=fr")
    desk.button("demo_app.sign_in").click()
    expect(page.get_by_role("heading", name="Connexion")).to_be_visible()


METHODS = "**/sign-in-experience/sign-up-and-sign-in"
"""Where the form of sign-in methods is sent; its preview is sent elsewhere."""
NOTE_THE_NEXT_ANSWER = """
() => {
  window.answered = new Promise((done) => {
    document.addEventListener("htmx:beforeSend", ({ detail: { xhr } }) => {
      xhr.addEventListener("loadend", () => done(), { once: true });
    }, { once: true });
  });
}
"""


class HeldAnswer:
    """What the console answers next to a page's script, held until the test lets it go."""

    def __init__(self, page: Page, path: str) -> None:
        self.page = page
        self.routes: list[Route] = []
        page.route(path, self._hold)
        # `loadend` comes after everybody who waits for an answer has had it.
        page.evaluate(NOTE_THE_NEXT_ANSWER)

    def _hold(self, route: Route) -> None:
        self.routes.append(route)
        if len(self.routes) > 1:
            route.continue_()

    def wait(self) -> None:
        """Wait until it is under way."""
        while not self.routes:
            self.page.wait_for_timeout(10)

    def let_go(self) -> None:
        """Let it arrive, and wait until the page has had it."""
        self.wait()
        self.routes[0].continue_()
        self.page.evaluate("() => window.answered")


def test_a_save_is_not_lost_while_the_form_is_drawn_anew(desk: Desk) -> None:
    desk.open("sign-in-experience/sign-up-and-sign-in")
    desk.page.locator("[name=mode][value=Register]").check()
    save = desk.button("console.save")
    expect(save).to_be_visible()
    answer = HeldAnswer(desk.page, METHODS)
    desk.page.locator("[name=mode][value=SignIn]").check()
    answer.wait()
    save.click()

    desk.says("console.sign_in_experience.confirm_title")


@pytest.mark.parametrize("way", ["mouse", "space bar"])
def test_a_press_that_began_before_the_form_was_drawn_anew_counts(desk: Desk, way: str) -> None:
    page = desk.page
    desk.open("sign-in-experience/sign-up-and-sign-in")
    page.locator("[name=mode][value=Register]").check()
    # It comes with the first answer.
    save = desk.button("console.save")
    expect(save).to_be_visible()
    answer = HeldAnswer(page, METHODS)
    page.locator("[name=mode][value=SignIn]").check()

    if way == "mouse":
        save.hover()
        page.mouse.down()
        answer.let_go()
        page.mouse.up()
    else:
        save.focus()
        page.keyboard.down(" ")
        answer.let_go()
        page.keyboard.up(" ")

    desk.says("console.sign_in_experience.confirm_title")


def test_the_keyboard_stays_on_what_was_pressed(desk: Desk) -> None:
    desk.open("sign-in-experience/sign-up-and-sign-in")
    box = desk.page.get_by_label(desk.t("console.sign_in_experience.create_password"))
    answer = HeldAnswer(desk.page, METHODS)
    box.press(" ")
    answer.let_go()
    expect(box).to_be_focused()

    hook = make(
        desk, "hooks", name="Keys", events=["User.Created"], config={"url": "http://127.0.0.1:9"}
    )
    desk.open(f"webhooks/{hook}")
    send = desk.button("console.webhooks.send_test")
    send.press("Enter")
    expect(desk.page.locator("#outcome [role=alert]")).to_be_visible()
    expect(send).to_be_enabled()
    expect(send).to_be_focused()


def test_text_that_is_chosen_stays_while_the_page_looks_for_more(desk: Desk) -> None:
    page = desk.page
    page.clock.install()
    desk.open("inbox")
    page.locator("#inbox strong").select_text()
    chosen = page.evaluate("getSelection().toString()")
    assert chosen
    answer = HeldAnswer(page, "**/inbox")
    page.clock.fast_forward(3000)
    answer.let_go()

    assert page.evaluate("getSelection().toString()") == chosen
