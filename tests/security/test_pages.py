"""What the pages and the messages tell people, whatever a request claims."""

import re
from collections import Counter
from html.parser import HTMLParser
from importlib.resources import files

import pytest

from tests.web.pages.browser import Browser
from tests.web.pages.conftest import PHONE, Site, add_phone_user, authorization
from watchword.web.pages.colours import READABLE, contrast
from watchword.web.pages.steps import RESEND_WAIT

LARGE_ENOUGH = 24
PRESSED = (".box", ".primary", ".ways a, .link", "footer a, footer [aria-current]", ".check")
PAIRS = [
    ("--text", "--surface"),
    ("--muted", "--surface"),
    ("--accent", "--surface"),
    ("--on-accent", "--accent"),
    ("--bad", "--surface"),
    ("--text", "--bg"),
    ("--muted", "--bg"),
]


async def ask_for_code(browser: Browser) -> Browser:
    await browser.open(authorization())
    return await browser.submit(identifier=PHONE, country="KR")


@pytest.mark.parametrize(
    "claimed", ["X-Forwarded-Host", "Forwarded", "X-Original-Host", "Origin-Host"]
)
async def test_s75_a_message_names_our_host_whatever_a_request_claims(
    site: Site, browser: Browser, claimed: str
) -> None:
    browser.client.headers[claimed] = (
        "host=evil.example" if claimed == "Forwarded" else "evil.example"
    )

    await ask_for_code(browser)

    assert site.provider.messages[-1].variables["origin_line"].startswith("@localhost #")
    assert "evil.example" not in browser.page.html
    assert "evil.example" not in str(browser.page.response.headers)


async def test_s75_a_request_for_another_host_sends_nothing(site: Site, browser: Browser) -> None:
    await browser.open(authorization())
    form = browser.page.forms[0]

    answer = await browser.client.post(
        form.action,
        data={**form.fields, "identifier": PHONE, "country": "KR"},
        headers={"Host": "evil.example"},
    )

    assert answer.status_code == 421
    assert not site.provider.messages


async def test_s81_the_code_to_read_is_the_code_of_the_last_line(
    site: Site, browser: Browser
) -> None:
    await ask_for_code(browser)
    for _ in range(3):
        site.clock.advance(RESEND_WAIT)
        await browser.submit(form=1)

    assert len(site.provider.messages) == 4
    for message in site.provider.messages:
        assert message.variables["origin_line"] == f"@localhost #{message.variables['code']}"


class Described(HTMLParser):
    """Which elements label, describe and announce which."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None], tuple[str, ...]]] = []
        self._open: list[tuple[str, str | None]] = []
        self.words: dict[str, str] = {}
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        roles = tuple(role for _, role in self._open if role)
        self.found.append((tag, values, roles))
        if tag not in {"input", "meta", "link", "br", "img", "path", "circle"}:
            self._open.append((values.get("id") or "", values.get("role")))

    def handle_endtag(self, tag: str) -> None:
        if self._open and tag not in {"path", "circle"}:
            self._open.pop()

    def handle_data(self, data: str) -> None:
        for id_, _ in self._open:
            self.words[id_] = self.words.get(id_, "") + data

    def of(self, name: str, value: str) -> tuple[str, dict[str, str | None], tuple[str, ...]]:
        """Return the element whose attribute is as given."""
        return next(item for item in self.found if item[1].get(name) == value)


async def test_s83_an_error_is_tied_to_its_field_focused_and_announced(
    site: Site, browser: Browser
) -> None:
    await ask_for_code(browser)
    before = Described(browser.page.html)
    wrong = f"{(int(site.provider.code) + 1) % 1_000_000:06}"
    await browser.submit(code=wrong)
    after = Described(browser.page.html)

    _, field, _ = after.of("id", "code")
    assert after.of("for", "code")[0] == "label"
    assert field["aria-invalid"] == "true"
    assert "aria-invalid" not in before.of("id", "code")[1]
    assert "autofocus" in field
    assert (field["aria-describedby"] or "").split()[0] == "code-note"
    assert "status" in after.of("id", "code-note")[2]
    assert after.words["code-note"].strip()
    assert after.words["code-note"] != before.words["code-note"]


async def test_s84_the_time_limit_is_told_and_another_code_needs_no_typing(
    site: Site, browser: Browser
) -> None:
    await add_phone_user(site)
    await site.settle(verificationCodePolicy={"expirationDuration": 120})
    await ask_for_code(browser)
    assert "2 minutes" in browser.page.words

    site.clock.advance(RESEND_WAIT * 3)
    await browser.submit(form=1)

    assert "+82 10-••••-5678" in browser.page.words
    assert len(site.provider.messages) == 2
    await browser.submit(code=site.provider.code)
    assert browser.is_signed_in


def test_s85_what_is_pressed_is_large_enough() -> None:
    sheet = _sheet("pages.css")
    rules = {_flat(head): body for head, body in re.findall(r"([^{}]+)\{([^{}]*)\}", sheet)}

    heights = {
        selector: int(height[1])
        for selector in PRESSED
        if (height := re.search(r"min-height: (\d+)px", rules.get(selector, "")))
    }

    assert set(heights) == set(PRESSED)
    assert min(heights.values()) >= LARGE_ENOUGH


def test_s85_the_focus_stays_visible() -> None:
    assert re.search(r":focus-visible \{\s*outline: 2px solid", _sheet("tokens.css"))
    sheet = _sheet("pages.css")
    bare = [
        _flat(head)
        for head, body in re.findall(r"([^{}]+)\{([^{}]*)\}", sheet)
        if "outline: none" in body
    ]

    # The field hands its outline to the box around it.
    assert len(bare) == 1
    assert ".box" in bare[0]
    assert re.search(r"\.box:focus-within \{[^}]*outline: 2px solid", sheet)


@pytest.mark.parametrize(("ink", "paper"), PAIRS)
def test_s85_text_is_readable_on_its_ground(ink: str, paper: str) -> None:
    themes = re.findall(r"--bg: [^}]*", _sheet("tokens.css"))
    assert len(themes) == 3

    for theme in themes:
        colours = dict(re.findall(r"(--[a-z-]+): (#[0-9a-f]{3,6});", theme))
        assert contrast(_long(colours[ink]), _long(colours[paper])) >= READABLE


def _sheet(name: str) -> str:
    text = files("watchword").joinpath(f"static/{name}").read_text(encoding="utf-8")
    return re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)


def _flat(selector: str) -> str:
    return " ".join(selector.split())


def _long(colour: str) -> str:
    return colour if len(colour) == 7 else "#" + "".join(digit * 2 for digit in colour[1:])


SECRET_FIELD = re.compile(r'name="(code|password|token|csrf|secret|\w*_password)"')


def test_s12_what_is_secret_is_posted_and_never_asked_for_in_an_address() -> None:
    templates = files("watchword").joinpath("templates")
    forms = Counter[str]()
    for folder in ("pages", "oidc", "console"):
        for page in templates.joinpath(folder).iterdir():
            for head, body in re.findall(r"(<form[^>]*>)(.*?)</form>", page.read_text(), re.DOTALL):
                is_secret = bool(SECRET_FIELD.search(body)) or "form_token()" in body
                forms[f"{page.name} {head}"] += is_secret and 'method="post"' not in head

    assert len(forms) > 20
    assert [form for form, breaks in forms.items() if breaks] == []


async def test_s12_no_parameter_of_an_address_is_a_secret(site: Site) -> None:
    secret = re.compile(r"code$|password|token|secret|csrf", re.IGNORECASE)

    asked = [
        (path, parameter["name"])
        for path, methods in site.app.openapi()["paths"].items()
        for operation in methods.values()
        for parameter in operation.get("parameters", ())
        if parameter["in"] == "query" and secret.search(parameter["name"])
    ]

    assert asked == []
