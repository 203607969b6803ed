"""A browser without scripts: keeps cookies, fills forms, follows redirects."""

from dataclasses import dataclass, field
from typing import ClassVar, Self

import httpx2

from tests.web.markup import Attributes, MarkupReader

ORIGIN = "http://localhost:3001"
JAR_HOST = "localhost.local"
"""What Python's cookie jar calls `localhost`: a cookie that is renewed must replace the old one."""


@dataclass
class FoundForm:
    """A form of a page, with the values it would post."""

    action: str
    fields: dict[str, str] = field(default_factory=dict)
    buttons: list[dict[str, str | None]] = field(default_factory=list)


class Page(MarkupReader):
    """What a page says, and its forms, links and fields."""

    described: ClassVar[frozenset[str]] = frozenset(
        {"form", "a", "input", "button", "select", "option"}
    )

    def __init__(self, response: httpx2.Response) -> None:
        self.response = response
        self.status = response.status_code
        self.path = response.url.path
        self.html = response.text
        self.forms: list[FoundForm] = []
        self.links: list[str] = []
        self.inputs: dict[str, dict[str, str | None]] = {}
        self.ids: dict[str, str] = {}
        self._open: list[str] = []
        self._words: list[str] = []
        self._select: str | None = None
        self.feed(response.text)

    @property
    def words(self) -> str:
        """Return the visible text."""
        return " ".join(" ".join(self._words).split())

    def handle_starttag(self, tag: str, attrs: Attributes) -> None:
        values = dict(attrs)
        if tag in {"style", "script", "title", "option"}:
            self._open.append(tag)
        if tag == "form":
            self.forms.append(FoundForm(values["action"] or ""))
        elif tag == "a" and values.get("href"):
            self.links.append(values["href"] or "")
        elif tag == "input" and values.get("name"):
            name = str(values["name"])
            self.inputs[name] = values
            if values.get("type") != "checkbox" or "checked" in values:
                self.forms[-1].fields[name] = values.get("value") or ""
        elif tag == "button" and self.forms:
            self.forms[-1].buttons.append(values)
        elif tag == "select":
            self._select = str(values["name"])
        elif tag == "option" and "selected" in values and self._select:
            self.forms[-1].fields[self._select] = values["value"] or ""

    def handle_endtag(self, tag: str) -> None:
        if self._open and self._open[-1] == tag:
            self._open.pop()

    def handle_data(self, data: str) -> None:
        if not self._open:
            self._words.append(data)


class Browser:
    """One person's browser."""

    def __init__(self, client: httpx2.AsyncClient) -> None:
        self.client = client
        self.page: Page

    async def open(self, path: str) -> Self:
        """Go to an address of the server."""
        self.page = Page(await self._follow(await self.client.get(path)))
        return self

    async def submit(self, *, form: int = 0, **typed: str) -> Self:
        """Fill the page's form and press its button; follow where it leads."""
        response = await self.post(form=form, **typed)
        self.page = Page(await self._follow(response))
        return self

    async def post(self, *, form: int = 0, **typed: str) -> httpx2.Response:
        """Fill the page's form and press its button; stay on the answer."""
        found = self.page.forms[form]
        return await self.client.post(
            found.action,
            data={**found.fields, **typed},
            headers={"Origin": ORIGIN, "Sec-Fetch-Site": "same-origin"},
        )

    async def _follow(self, response: httpx2.Response) -> httpx2.Response:
        for _ in range(10):
            location = response.headers.get("location")
            if location is None or "code=" in location:
                return response
            response = await self.client.get(location)
        raise AssertionError("the server redirects for ever")

    @property
    def is_signed_in(self) -> bool:
        """Tell whether the last redirect gave the application a code."""
        return "code=" in self.page.response.headers.get("location", "")
