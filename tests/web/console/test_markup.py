"""The quick reader meets what Python's own parser meets."""

from html.parser import HTMLParser
from typing import ClassVar

import httpx2

from tests.web.console.conftest import Browser
from tests.web.markup import Attributes, MarkupReader

TRICKY = """<!DOCTYPE html><html lang=en><!-- <a href="/no"> --><style>a > b {}</style>
<script nonce="n">if (1<b && "</p>") { x = "<form>" }</script>
<p title='a > "b"' hidden>5 &gt; 4 &amp; more
<br><input name="a" value="&quot;x&quot; &lt;y&gt;" required><svg><path d="M0 0"/></svg>
<A HREF="/x?a=1&amp;b=2">x</A >"""


class Met:
    """What a reader met, in order; text in one piece."""

    described: ClassVar[frozenset[str]] = frozenset({"html", "p", "a", "input", "path", "form"})

    def __init__(self) -> None:
        super().__init__()
        self.met: list[object] = []

    def handle_starttag(self, tag: str, attrs: Attributes) -> None:
        self.met.append(("start", tag, attrs if tag in self.described else []))

    def handle_endtag(self, tag: str) -> None:
        self.met.append(("end", tag))

    def handle_data(self, data: str) -> None:
        self.met.append(("text", data))


class Quick(Met, MarkupReader):
    """The one under test."""


class Thorough(Met, HTMLParser):
    """Python's."""


def _same(html: str) -> None:
    quick, thorough = Quick(), Thorough()
    quick.feed(html)
    thorough.feed(html)
    thorough.close()
    assert quick.met == thorough.met


def test_markup_is_met_alike() -> None:
    _same(TRICKY)


async def test_so_are_pages_of_the_console(owner: Browser) -> None:
    for path in ("", "connectors", "sign-in-experience", "users"):
        _same((await owner.open(path)).html)


def test_a_page_in_the_end_of_which_text_is_left_is_read_to_its_end() -> None:
    _same(httpx2.Response(200, text="<p>a</p> b").text)
