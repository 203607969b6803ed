"""The twelve steps from an empty tenant to people who sign in by phone, with what goes wrong."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.desk import Desk, Office, open_office
from tests.browser.site import TWILIO
from watchword.emulators.twilio import ACCOUNT_SID, AUTH_TOKEN, MESSAGING_SERVICE_SID

pytestmark = [pytest.mark.browser, pytest.mark.slow]

TWILIO_ID, TWILIO_NAME = "twilio-short-message-service", "Twilio SMS Service"
FORM = f"connectors/set-up/{TWILIO_ID}"
OPTED_OUT = "+15005521610"
"""The emulated Twilio says of this number that it replied STOP."""


@pytest.fixture(scope="module")
def office(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """Return a running site with an operator."""
    with open_office(sqlite_template, tmp_path_factory.mktemp("site")) as office:
        yield office


@pytest.fixture
def desk(office: Office) -> Iterator[Desk]:
    """Return the operator of a tenant where nothing is set up."""
    office.clear()
    desk = Desk(office)
    yield desk
    desk.leave()


# What a browser fetched for a page, as it was compressed.
WEIGHT = """
() => ["navigation", "resource"].flatMap((kind) => performance.getEntriesByType(kind))
  .reduce((sum, one) => sum + one.encodedBodySize, 0)
"""


def fill_parameters(desk: Desk, token: str = AUTH_TOKEN) -> None:
    """Type what the guide asks for."""
    values = {
        "accountSID": ACCOUNT_SID,
        "authToken": token,
        "fromMessagingServiceSID": MESSAGING_SERVICE_SID,
    }
    for name, value in values.items():
        desk.page.locator(f"[name={name}]").fill(value)


def send_test(desk: Desk, number: str) -> Locator:
    """Send a test of the Generic text, and return what became of it."""
    desk.page.locator("[name=test_phone]").fill(number)
    desk.page.locator("[name=test_usage]").select_option("Generic")
    desk.button("console.test.send").click()
    return desk.page.locator("#outcome")


def save(desk: Desk) -> None:
    """Press save, and be at the saved connector."""
    desk.button("console.guide.save").click()
    desk.says("console.done.connector_saved")


def test_step_01_go_to_email_and_sms_connectors(desk: Desk) -> None:
    desk.open("get-started")
    desk.go("console.nav.connectors")

    desk.heading(desk.t("console.nav.connectors"))
    tab = desk.link("console.connectors.tab")
    expect(tab).to_have_attribute("aria-current", "page")
    desk.says("console.connectors.sms_text")
    desk.says("console.connectors.email_text")
    desk.take("guide-01-connectors")


def test_step_02_set_up(desk: Desk) -> None:
    desk.open("connectors")
    row = desk.page.locator("li").filter(has_text=desk.t("console.connectors.sms"))
    row.get_by_role("link", name=desk.t("console.set_up"), exact=True).click()

    desk.heading(desk.t("console.set_up_sms.title"))
    desk.says("console.set_up_sms.lead")
    desk.page.go_back()
    desk.heading(desk.t("console.nav.connectors"))


def test_step_03_choose_a_provider(desk: Desk) -> None:
    desk.open("connectors/set-up")
    cards = desk.page.locator("#cards a.choice")
    search = desk.page.get_by_label(desk.t("console.choice.provider"))

    search.fill("no such provider")
    desk.says("console.choice.none")
    expect(cards).to_have_count(0)
    # Whoever finds nothing is shown what else there is.
    desk.says("console.choice.not_here")
    desk.take("guide-03-nothing-found")
    search.fill("twilio sms")
    expect(cards).to_have_count(1)
    desk.take("guide-03-providers")
    cards.click()

    desk.heading(re.compile("Twilio"))


def test_a_press_on_a_found_provider_is_not_lost(desk: Desk) -> None:
    desk.open("connectors/set-up")
    cards = desk.page.locator("#cards a.choice")
    desk.page.get_by_label(desk.t("console.choice.provider")).fill("twilio sms")
    expect(cards).to_have_count(1)
    asked: list[str] = []
    desk.page.on("request", lambda request: asked.append(request.url))

    # Pressing takes the keyboard from the search; new cards now would take the pressed one away.
    cards.hover()
    desk.page.mouse.down()
    expect(desk.page.locator("#q")).not_to_be_focused()
    assert asked == []
    desk.page.mouse.up()

    desk.heading(re.compile("Twilio"))


def test_step_04_read_its_guide(desk: Desk) -> None:
    desk.open(FORM)
    guide = desk.page.get_by_role("article", name=desk.t("console.guide.guide"))

    expect(guide.get_by_role("heading", name="What you need")).to_be_visible()
    assert desk.page.evaluate(WEIGHT) < 150_000
    # The guide shows the paragraph of the field that is being filled.
    desk.page.locator("[name=fromMessagingServiceSID]").focus()
    expect(guide.locator(".pointed")).to_contain_text("Messaging Service")


def test_step_05_fill_the_parameters(desk: Desk) -> None:
    desk.open(FORM)
    sid = desk.page.locator("[name=accountSID]")

    desk.page.locator("[name=fromMessagingServiceSID]").fill(MESSAGING_SERVICE_SID)
    desk.button("console.guide.save").click()
    desk.says("console.fix_fields")
    expect(sid).to_have_attribute("aria-invalid", "true")
    expect(sid).to_be_focused()
    expect(desk.page.locator("#accountSID-note")).to_be_visible()
    desk.take("guide-05-missing")
    # What was typed is there still.
    service = desk.page.locator("[name=fromMessagingServiceSID]")
    expect(service).to_have_value(MESSAGING_SERVICE_SID)
    fill_parameters(desk)
    desk.button("console.guide.save").click()

    desk.says("console.guide.untested_now")
    expect(sid).not_to_have_attribute("aria-invalid", "true")


def write_templates(desk: Desk, text: str) -> None:
    """Put other JSON into the editor."""
    # It is fetched once somebody comes near.
    desk.page.locator("[data-editor]").first.scroll_into_view_if_needed()
    editor = desk.page.locator(".cm-content").first
    editor.press("Control+a")
    # A browser that replaces what is chosen keeps its style, which the content policy refuses.
    editor.press("Delete")
    desk.page.keyboard.insert_text(text)


def test_step_06_edit_the_templates_in_json(desk: Desk) -> None:
    desk.open(FORM)
    page = desk.page
    fill_parameters(desk)
    preview = page.locator("#preview")

    write_templates(desk, '[\n{"usageType": "Generic",\n"content" "Your code: {{code}}"}\n]')
    expect(preview).to_contain_text(desk.t("console.templates.not_json", line=3))
    expect(page.locator(".cm-lint-marker-error")).to_have_count(1)
    preview.scroll_into_view_if_needed()
    desk.take("guide-06-broken-json")
    # It is not saved like this either.
    desk.button("console.guide.save").click()
    expect(page.locator("#templates-note")).to_contain_text(
        desk.t("console.templates.not_json", line=3)
    )
    # The form comes back at the line to mend, however far down it is.
    expect(page.locator(".cm-content").first).to_be_focused()
    expect(page.locator(".cm-lineNumbers .cm-activeLineGutter")).to_have_text("3")
    expect(page.locator(".cm-lint-marker-error")).to_be_in_viewport()
    usages = ("Generic", "SignIn", "Register", "ForgotPassword")
    texts = [f'{{"usageType": "{one}", "content": "Rowing: {{{{code}}}}"}}' for one in usages]
    write_templates(desk, f"[{', '.join(texts)}]")

    expect(preview.locator(".bubble")).to_have_text("Rowing: 246810")
    desk.button("console.guide.save").click()
    desk.says("console.guide.untested_now")


def test_step_07_test_with_generic(desk: Desk) -> None:
    desk.open(FORM)
    emulator = desk.office.site.emulator
    before = len(emulator.messages())

    # A wrong credential: the provider's words, and whose turn it is.
    fill_parameters(desk, token="ffffffffffffffffffffffffffffffff")
    outcome = send_test(desk, "+1 415 555 0134")
    expect(outcome).to_contain_text("Authenticate")
    expect(outcome).to_contain_text(desk.t("connector_kit.error_class.invalid_credentials"))
    outcome.scroll_into_view_if_needed()
    desk.take("guide-07-refused")
    # A number that wants no more messages.
    fill_parameters(desk)
    expect(send_test(desk, OPTED_OUT)).to_contain_text("unsubscribed recipient")
    expect(outcome).to_contain_text(desk.t("connector_kit.error_class.recipient_opted_out"))
    assert len(emulator.messages()) == before
    expect(send_test(desk, "+1 415 555 0134")).to_contain_text(desk.t("console.test.accepted"))
    outcome.scroll_into_view_if_needed()
    desk.take("guide-07-accepted")

    assert emulator.messages()[-1]["to"] == "+14155550134"
    assert "000000" in emulator.messages()[-1]["body"]


def test_step_08_save_and_done(desk: Desk) -> None:
    desk.open(FORM)
    fill_parameters(desk)
    desk.button("console.guide.save").click()
    # Nothing was sent with these values, so nobody knows that they are right.
    desk.says("console.guide.untested_now")
    desk.take("guide-08-untested")
    outcome = send_test(desk, "+1 415 555 0134")
    expect(outcome).to_contain_text(desk.t("console.test.accepted"))
    desk.button("console.guide.save_anyway").click()

    desk.says("console.done.connector_saved")
    desk.says("console.connectors.now_sign_in")
    desk.take("guide-08-done")
    desk.go("console.nav.connectors")
    row = desk.page.locator("li").filter(has_text="Twilio")
    expect(row).to_contain_text(desk.t("console.connectors.active"))


def test_step_09_change_the_connector(desk: Desk) -> None:
    present = desk.office.set_up(TWILIO_ID, TWILIO)
    desk.open(f"connectors/{present}")
    desk.link("console.connector.change").click()
    desk.page.get_by_role("link", name=re.compile("Vonage")).click()
    desk.heading(re.compile("Vonage"))
    desk.page.locator("[name=apiKey]").fill("00aa11bb")
    desk.page.locator("[name=apiSecret]").fill("not-a-real-secret")
    desk.page.locator("[name=brandName]").fill("Rowing")

    # Twilio goes on sending until it is said twice, for this one was never tested.
    desk.button("console.guide.save").click()
    desk.says("console.guide.untested_now")
    expect(desk.page.locator(".save-bar")).to_contain_text("Twilio")
    desk.page.locator("#compare").scroll_into_view_if_needed()
    desk.take("guide-09-change")
    desk.button("console.guide.save_anyway").click()
    desk.says("console.done.connector_saved")
    desk.heading(re.compile("Vonage"))
    # And it can be had back at once.
    desk.page.get_by_role("button", name=re.compile("Twilio")).click()
    desk.says("console.done.brought_back")
    desk.heading(re.compile("Twilio"))


def test_step_10_delete_it_and_add_it_anew(desk: Desk) -> None:
    present = desk.office.set_up(TWILIO_ID, TWILIO)
    desk.open(f"connectors/{present}")
    desk.link("console.delete").click()
    desk.heading(re.compile("Twilio"))
    typed = desk.page.locator("[name=name]")

    typed.fill("Twillio")
    desk.button("console.connector.delete").click()
    expect(typed).to_have_attribute("aria-invalid", "true")
    desk.says("console.type_wrong")
    desk.take("guide-10-not-the-name")
    typed.fill(TWILIO_NAME)
    desk.button("console.connector.delete").click()
    desk.says("console.done.connector_deleted")
    desk.says("console.connectors.sms_text")

    desk.page.locator("a.primary[href$='type=Sms']").click()
    desk.page.get_by_role("link", name=re.compile("Twilio")).click()
    fill_parameters(desk)
    expect(send_test(desk, "+1 415 555 0134")).to_contain_text(desk.t("console.test.accepted"))
    save(desk)


def switch_phone_on(desk: Desk) -> None:
    """Sign up and in with a phone number and a code, without a user name."""
    page = desk.page
    page.locator("button[value='add-sign-up:phone']").click()
    expect(page.locator("[name=method][value=phone]")).to_have_count(1)
    page.locator("button[value='remove-sign-up:username']").click()
    expect(page.locator("[name=sign_up][value=username]")).to_have_count(0)
    page.get_by_label(desk.t("console.sign_in_experience.create_password")).uncheck()
    expect(page.locator("[type=checkbox][name=phone_code]")).to_be_disabled()
    page.locator("button[value='remove-sign-in:username']").click()
    expect(page.locator("[name=method][value=username]")).to_have_count(0)
    page.locator("[type=checkbox][name=phone_password]").uncheck()


def test_step_11_enable_phone_sign_up_and_sign_in(desk: Desk) -> None:
    desk.open("sign-in-experience/sign-up-and-sign-in")
    lacking = desk.t("console.sign_in_experience.lacks.phone")

    # Without a connector no code can be sent; the way to one is beside the warning.
    desk.page.locator("button[value='add-sign-up:phone']").press("Enter")
    # The keyboard stays where it was, though the form is a new one.
    expect(desk.page.locator("button[value='remove-sign-up:phone']")).to_be_focused()
    warning = desk.page.locator(".warning").filter(has_text=lacking).first
    expect(warning.get_by_role("link")).to_have_attribute("href", re.compile("/set-up"))
    desk.take("guide-11-no-connector")
    desk.office.set_up(TWILIO_ID, TWILIO)
    desk.open("sign-in-experience/sign-up-and-sign-in")
    switch_phone_on(desk)

    expect(desk.page.locator(".warning").filter(has_text=lacking)).to_have_count(0)
    desk.take("guide-11-phone")


def test_step_12_save_and_live_preview(desk: Desk) -> None:
    desk.office.set_up(TWILIO_ID, TWILIO)
    desk.open("sign-in-experience/sign-up-and-sign-in")
    preview = desk.page.locator("[data-live-preview]")
    switch_phone_on(desk)

    # What is not saved is in no preview of the whole.
    expect(preview).to_have_attribute("aria-disabled", "true")
    desk.button("console.save").click()
    desk.says("console.sign_in_experience.confirm_title")
    desk.take("guide-12-before-and-after")
    desk.confirm()
    with desk.context.expect_page() as opened:
        preview.click()
    page = opened.value
    page.get_by_role("button", name=desk.t("demo_app.sign_in"), exact=True).click()

    number = page.get_by_label(desk.t("pages.identifier.phone.label"), exact=True)
    number.fill("+1 415 555 0177")
    page.get_by_role("button", name=desk.t("pages.sign_in.button_code"), exact=True).click()
    code = page.get_by_label(desk.t("pages.code.label"), exact=True)
    expect(code).to_be_focused()
    # The script sends the last digit.
    page.wait_for_load_state()
    code.press_sequentially(desk.office.site.emulator.last_code())
    page.get_by_role("button", name=desk.t("pages.no_account.button"), exact=True).click()
    expect(page.get_by_text(desk.t("demo_app.signed_in.title"))).to_be_visible()
