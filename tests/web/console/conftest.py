"""The real application, and an operator's browser without scripts."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cached_property
from typing import Any, ClassVar
from urllib.parse import urlencode

import httpx2
import pytest

from tests.cheap_hashing import hash_cheaply
from tests.fakes import FakeClock
from tests.repeated_settings import settings_for
from tests.web.markup import MarkupReader
from tests.web.pages.browser import JAR_HOST
from watchword.app import build_app
from watchword.core.keys import SecretKeys
from watchword.web.cookies import CONSOLE
from watchword.web.logging import configure_logging
from watchword.web.scope import ServerScope, TenantScope

ORIGIN = "http://localhost:3001"
PASSWORD = "quiet harbour lamp"
HOME = "/console/default"
SAME_ORIGIN = {"Origin": ORIGIN, "Sec-Fetch-Site": "same-origin"}

Pairs = list[tuple[str, str]]


@dataclass
class FoundForm:
    """A form of a page, with every pair it would post."""

    action: str
    is_posted: bool = True
    pairs: Pairs = field(default_factory=list)


class Page:
    """What a page says, and its forms and links."""

    def __init__(self, response: httpx2.Response) -> None:
        self.response = response
        self.status = response.status_code
        self.address = str(response.url)
        self.html = response.text

    # Read when somebody asks: most pages are left again for the next one.
    @cached_property
    def _read(self) -> "_Reader":
        # Where a word may break there is nothing to read.
        return _Reader(self.html.replace("<wbr>", ""))

    @property
    def forms(self) -> list[FoundForm]:
        """Return the forms in their order."""
        return self._read.forms

    @property
    def links(self) -> list[str]:
        """Return where links lead, in their order."""
        return self._read.links

    @property
    def words(self) -> str:
        """Return the visible text."""
        return " ".join(" ".join(self._read.words).split())

    def form(self, action: str) -> FoundForm:
        """Return the form that posts to an address ending so."""
        posted = [form for form in self.forms if form.is_posted]
        found = [form for form in posted if form.action.endswith(action)]
        assert found, f"no form to {action} among {[form.action for form in self.forms]}"
        return found[0]


class _Reader(MarkupReader):
    described: ClassVar[frozenset[str]] = frozenset(
        {"form", "a", "input", "textarea", "select", "option"}
    )

    def __init__(self, html: str) -> None:
        self.forms: list[FoundForm] = []
        self.links: list[str] = []
        self.words: list[str] = []
        self._silent: list[str] = []
        self._select = self._textarea = ""
        self._is_in_word = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        name = values.get("name", "")
        if tag in {"script", "style", "title"}:
            self._silent.append(tag)
        elif tag == "form":
            is_posted = values.get("method", "get") == "post"
            self.forms.append(FoundForm(values.get("action", ""), is_posted))
        elif tag == "a" and "href" in values:
            self.links.append(values["href"])
        elif tag == "input" and name and self.forms and "disabled" not in values:
            is_ticked = values.get("type") not in {"checkbox", "radio"} or "checked" in values
            if is_ticked:
                self.forms[-1].pairs.append((name, values.get("value", "")))
        elif tag == "textarea":
            self._textarea = name
            self.forms[-1].pairs.append((name, ""))
        elif tag == "select":
            self._select = name
        elif tag == "wbr":
            self._is_in_word = True
        elif tag == "option" and "selected" in values:
            self.forms[-1].pairs.append((self._select, values.get("value", "")))

    def handle_endtag(self, tag: str) -> None:
        self._is_in_word = False
        if self._silent and self._silent[-1] == tag:
            self._silent.pop()
        if tag == "textarea":
            self._textarea = ""

    def handle_data(self, data: str) -> None:
        if self._textarea:
            name, text = self.forms[-1].pairs[-1]
            self.forms[-1].pairs[-1] = (name, text + data)
        elif self._is_in_word:
            self.words[-1] += data
        elif not self._silent:
            self.words.append(data)


@dataclass
class Browser:
    """One operator's browser."""

    client: httpx2.AsyncClient
    page: Page = field(init=False)

    async def open(self, path: str) -> Page:
        """Go to an address; a page of the default tenant may be named alone."""
        address = path if path.startswith(("/", "http")) else f"{HOME}/{path}"
        self.page = Page(await self._follow(await self.client.get(address)))
        return self.page

    async def post(self, action: str, **typed: str | None) -> httpx2.Response:
        """Fill the form that posts to *action* and send it; None leaves a field out."""
        form = self.page.form(action)
        pairs = [(name, value) for name, value in form.pairs if name not in typed]
        pairs += [(name, value) for name, value in typed.items() if value is not None]
        body = urlencode(pairs)
        return await self.client.post(
            form.action,
            content=body,
            headers={**SAME_ORIGIN, "Content-Type": "application/x-www-form-urlencoded"},
        )

    async def submit(self, action: str, **typed: str | None) -> Page:
        """Send a form and follow where it leads."""
        self.page = Page(await self._follow(await self.post(action, **typed)))
        return self.page

    async def _follow(self, response: httpx2.Response) -> httpx2.Response:
        for _ in range(5):
            if "location" not in response.headers:
                return response
            response = await self.client.get(response.headers["location"])
        raise AssertionError("the server redirects for ever")


@dataclass
class Site:
    """The running server of a test."""

    app: Any
    server: ServerScope
    clock: FakeClock

    async def scope(self, tenant: str = "default") -> TenantScope:
        """Return a tenant's services."""
        return await self.server.scope_of(tenant)


@pytest.fixture
async def site(database_url: str, clock: FakeClock, keys: SecretKeys) -> AsyncIterator[Site]:
    """Return a server without operators."""
    configure_logging("json", "error")
    app = build_app(
        settings_for(
            database_url,
            keys,
            mode="development",
            public_url=ORIGIN,
            delivery_wait=timedelta(seconds=0.2),
        )
    )
    server: ServerScope = app.state.server
    server.clock = clock
    hash_cheaply(server)
    server.operators = replace(server.operators, clock=clock)
    async with app.router.lifespan_context(app):
        yield Site(app, server, clock)


@pytest.fixture
async def new_browser(site: Site) -> AsyncIterator[Callable[..., Browser]]:
    """Return a maker of browsers, each with cookies of its own."""
    clients: list[httpx2.AsyncClient] = []

    def make(language: str = "en-US", base_url: str = ORIGIN) -> Browser:
        client = httpx2.AsyncClient(
            transport=httpx2.ASGITransport(app=site.app),
            base_url=base_url,
            # To compress each page only to read it takes longer than to draw many of them.
            headers={
                "Accept-Language": language,
                "Accept": "text/html",
                "Accept-Encoding": "identity",
            },
        )
        clients.append(client)
        return Browser(client)

    yield make
    for client in clients:
        await client.aclose()


@pytest.fixture
def stranger(new_browser: Callable[..., Browser]) -> Browser:
    """Return a browser in which nobody is signed in."""
    return new_browser()


Invite = Callable[[str], Awaitable[Browser]]


@pytest.fixture
def invite(site: Site, new_browser: Callable[..., Browser]) -> Invite:
    """Return what lets an operator of a role in."""

    async def let_in(role: str) -> Browser:
        # What the pages of the set-up do is proved in test_access.py.
        operators = site.server.operators
        opened = await operators.accept_invitation(await operators.invite(role), role, PASSWORD)
        browser = new_browser()
        browser.client.cookies.set(CONSOLE, opened.token, domain=JAR_HOST)
        return browser

    return let_in


@pytest.fixture
async def owner(invite: Invite) -> Browser:
    """Return the browser of a signed-in owner."""
    return await invite("owner")
