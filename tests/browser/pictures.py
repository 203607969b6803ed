"""Pictures of every page of the console, and those of the documentation's tour.

Not collected with the tests: `make screenshots` looks for `pictures*.py`, too, and `make tour`
names this file.
"""

import base64
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OUTPUT, PATIENCE, TOO_WIDE
from tests.browser.desk import Desk, Office, open_office
from tests.browser.site import TWILIO, Administrator
from tests.browser.test_accessibility import BY_CODE, furnish
from tests.browser.test_first_story import Look
from watchword.account.models import FIELDS

pytestmark = [pytest.mark.browser, pytest.mark.slow]

DOCS = Path(__file__).parents[2] / "docs" / "images" / "tour"
LANGUAGES = ("en", "ko")
SCHEMES = ("light", "dark")
SIZES = {1280: 900, 390: 844}
SET_UP = ("/set-up/twilio-short-message-service", "/set-up/vonage-sms", "/set-up/google-universal")
MOMENTS = {
    "confirm": ("mfa", "[name=factor][value=Totp]", ""),
    "wrong": ("connectors/set-up/twilio-short-message-service", "#accountSID", "AC12"),
}
"""What comes of a form, by its picture's name: where it is, what is filled in, or else ticked."""

TOUR = {
    "get-started": "get-started",
    "connectors": "connectors",
    "providers": "connectors/set-up",
    "guide": "connectors/set-up/twilio-short-message-service",
    "sign-in": "sign-in-experience/sign-up-and-sign-in",
    "messages": "messages",
    "dashboard": "messages/dashboard",
    "security": "security",
}
"""What the tour shows, by the name of its picture."""

NARROW = (360, 640)
"""A small phone, and a desktop's window at 200 % zoom."""

# What is wider than its place: a table that would be scrolled sideways, a word that sticks out.
STICKS_OUT = """
() => [...document.querySelectorAll("table, td, th, dd, label, button, .button, .tag, h1, h2, p")]
  .filter((one) => one.checkVisibility() && getComputedStyle(one).display !== "inline")
  .filter((one) => getComputedStyle(one).overflowX === "visible")
  .filter((one) => !one.closest(".cm-editor, .visually-hidden, .skip"))
  .filter((one) => one.scrollWidth > one.clientWidth + 1)
  .map((one) => one.outerHTML.replace(/\\s+/g, " ").slice(0, 120))
"""

# An editor is fetched and measures its lines, and a frame loads, when it is first on the screen.
SHOW_LATE_ONES = """
async () => {
  for (const late of document.querySelectorAll("[data-editor], iframe")) {
    late.scrollIntoView();
    for (let frames = 0; frames < 300 && late.dataset.editor && !late.editor; frames += 1) {
      await new Promise((done) => requestAnimationFrame(done));
    }
    if (late.loading === "lazy") {
      const loaded = new Promise((done) => late.addEventListener("load", done, { once: true }));
      late.loading = "eager";
      await Promise.race([loaded, new Promise((done) => setTimeout(done, 2000))]);
    }
    for (const _ of [1, 2]) await new Promise((done) => requestAnimationFrame(done));
  }
  for (const part of document.querySelectorAll("html, .columns > *")) part.scrollTop = 0;
}
"""

# Flat surfaces and text stay sharp, at a third of a PNG's size.
TO_WEBP = """
async (png) => {
  const image = await createImageBitmap(await (await fetch(png)).blob());
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [image.width, image.height];
  canvas.getContext("2d").drawImage(image, 0, 0);
  return canvas.toDataURL("image/webp", 0.6).split(",")[1];
}
"""


@pytest.fixture(scope="module")
def office(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """Return a running site with an operator."""
    with open_office(sqlite_template, tmp_path_factory.mktemp("site")) as office:
        yield office


def populate(office: Office) -> None:
    """Have one of everything that has a page, and some messages with different ends."""
    administrator = office.administrator
    make = administrator.make
    if administrator.api.get("/api/organizations").json():
        return
    twilio = office.set_up("twilio-short-message-service", TWILIO)
    office.set_up("simple-mail-transfer-protocol", office.site.mail.config())
    administrator.change("sign-in-exp", **BY_CODE)
    administrator.change("account-center", enabled=True, fields=dict.fromkeys(FIELDS, "Edit"))
    people = [("Alice Kim", "14155550177"), ("Ben Okafor", "14155550178"), ("Chae", "447700900123")]
    members = [make("users", name=name, primaryPhone=to) for name, to in people]
    furnish(administrator, members[0]["id"])
    club = make("organizations", name="Chess club", description="Thursdays at seven")
    make(
        "organization-invitations",
        invitee="14155550190",
        organizationId=club["id"],
        expiresAt=4_102_444_800_000,
        messagePayload={},
    )
    web = {"redirectUris": ["https://app.example.com/callback"], "postLogoutRedirectUris": []}
    make("applications", name="Booking", type="Traditional", oidcClientMetadata=web)
    make("test-numbers", phone="447700900999", code="271828")
    soon = int(time.time() + 86_400) * 1000
    inbox = {"connectorId": "development-inbox", "config": {}, "share": 10, "endsAt": soon}
    make(f"connectors/{twilio}/trial", **inbox)
    _send_codes(administrator)


def _send_codes(administrator: Administrator) -> None:
    for number in ("14155550177", "447700900123", "15005521610", "15005530003", "15005521614"):
        # The last ones are refused by the provider, which is what is to be seen.
        administrator.api.post("/api/verification-codes", json={"phone": number})


def paths_of(desk: Desk) -> list[str]:
    """Return one path of each kind that the console's links lead to."""
    waiting = ["/console/default/get-started"]
    known = set(waiting)
    found = []
    while waiting:
        path = waiting.pop(0)
        desk.page.goto(desk.office.site.origin + path)
        found.append(path.removeprefix("/console/default/"))
        links = desk.page.evaluate(
            "[...document.links].filter(a => a.origin === location.origin).map(a => a.pathname)"
        )
        for link in links:
            kind = kind_of(link)
            is_repeated = "/set-up/" in link and not link.endswith(SET_UP)
            if link.startswith("/console/default/") and not (
                kind in known or is_repeated or link.endswith(".csv")
            ):
                known.add(kind)
                waiting.append(link)
    return found


def kind_of(path: str) -> str:
    """Return a path without the ids in it: they have digits, which names of pages have not."""
    return re.sub(r"/(?=[a-z]*\d)[a-z0-9]{12,}(?=/|$)", "/one", path)


def looks(office: Office) -> Iterator[Desk]:
    """Return an administrator for each language."""
    for language in LANGUAGES:
        desk = Desk(office, Look(language, language, "light", 1280, SIZES[1280]))
        # Tall pictures of hundreds of pages take their time on a busy machine.
        desk.context.set_default_timeout(PATIENCE)
        yield desk
        desk.context.close()


def take_all(desk: Desk, path: str, prefix: str = "") -> list[str]:
    """Open a page and take it; return what sticks out of it."""
    desk.open(path)
    return take(desk, prefix + kind_of("/" + path)[1:].replace("/", "-"))


def take_moment(desk: Desk, name: str) -> list[str]:
    """Fill a form in, send it, and take what comes of it; return what sticks out."""
    path, field, typed = MOMENTS[name]
    desk.open(path)
    asked = desk.page.locator(field)
    if typed:
        asked.fill(typed)
    else:
        asked.check()
    desk.page.locator(".save-bar button.primary").click()
    expect(desk.page.locator("dialog, [aria-invalid=true]").first).to_be_visible()
    return take(desk, name)


def take(desk: Desk, name: str) -> list[str]:
    """Take the page in both widths and both themes; return what sticks out of it."""
    page, wrong = desk.page, []
    page.wait_for_load_state("networkidle")
    for width, height in SIZES.items():
        page.set_viewport_size({"width": width, "height": height})
        page.evaluate(SHOW_LATE_ONES)
        page.wait_for_load_state("networkidle")
        for scheme in SCHEMES:
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]  # both are schemes
            folder = OUTPUT / f"console-{desk.look.language}-{scheme}-{width}"
            folder.mkdir(parents=True, exist_ok=True)
            page.screenshot(path=folder / f"{name}.png", full_page=True)
        if (wide := page.evaluate(TOO_WIDE)) > 0:
            wrong.append(f"{desk.look.language} {width} {name}: {wide} px too wide")
        wrong += [
            f"{desk.look.language} {width} {name}: {one}" for one in page.evaluate(STICKS_OUT)
        ]
    for width in NARROW:
        page.set_viewport_size({"width": width, "height": SIZES[390]})
        if (wide := page.evaluate(TOO_WIDE)) > 0:
            wrong.append(f"{desk.look.language} {width} {name}: {wide} px too wide")
    return wrong


def write_webp(page: Page, png: bytes, path: Path) -> None:
    """Write a picture as WebP, which this browser can do."""
    page.goto("about:blank")
    address = f"data:image/png;base64,{base64.b64encode(png).decode()}"
    path.write_bytes(base64.b64decode(page.evaluate(TO_WEBP, address)))


def test_every_page_is_pictured_in_every_look(office: Office) -> None:
    wrong = []
    for desk in looks(office):
        menu = desk.page
        desk.open("get-started")
        empty = menu.locator("nav.menu a").evaluate_all("all => all.map(one => one.pathname)")
        for path in empty:
            wrong += take_all(desk, path.removeprefix("/console/default/"), "empty-")
    populate(office)
    paths: list[str] = []
    for desk in looks(office):
        paths = paths or paths_of(desk)
        for path in paths:
            wrong += take_all(desk, path)
        for name in MOMENTS:
            wrong += take_moment(desk, name)

    assert wrong == [], "\n".join(wrong)


def test_the_tour_of_the_documentation_is_pictured(office: Office) -> None:
    populate(office)
    DOCS.mkdir(parents=True, exist_ok=True)
    for desk in looks(office):
        for name, path in TOUR.items():
            desk.open(path)
            desk.page.wait_for_load_state("networkidle")
            picture = desk.page.screenshot()
            write_webp(desk.context.new_page(), picture, DOCS / f"{name}.{desk.look.language}.webp")
