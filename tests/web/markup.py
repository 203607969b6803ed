"""Reads pages of this server, whose markup is well-formed, in a fraction of a parser's time."""

import re
from collections.abc import Iterator
from html import unescape
from typing import ClassVar

TAG = re.compile(
    r"""<(?P<silent>script|style)\b(?P<said>[^>]*)>(?P<inside>.*?)</(?P=silent)>"""
    r"""|</(?P<closed>[a-z][^\s/>]*)\s*>"""
    r"""|<(?P<opened>[a-z][^\s/>]*)(?P<attributes>(?:[^"'>]+|"[^"]*"|'[^']*')*)>"""
    r"""|<!--.*?-->|<![^>]*>""",
    re.DOTALL | re.IGNORECASE,
)
ATTRIBUTE = re.compile(r"""([^\s=/>"']+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>"']+)))?""")

Attributes = list[tuple[str, str | None]]


class MarkupReader:
    """Calls what `html.parser.HTMLParser` calls; attributes are read of `described` tags alone."""

    described: ClassVar[frozenset[str]] = frozenset()

    def feed(self, html: str) -> None:
        """Read a whole page."""
        end = 0
        for found in TAG.finditer(html):
            if found.start() > end:
                self.handle_data(unescape(html[end : found.start()]))
            end = found.end()
            if opened := found["opened"]:
                tag = opened.lower()
                attributes = found["attributes"]
                self.handle_starttag(tag, self._read(tag, attributes))
                if attributes.endswith("/"):
                    self.handle_endtag(tag)
            elif closed := found["closed"]:
                self.handle_endtag(closed.lower())
            elif silent := found["silent"]:
                tag = silent.lower()
                self.handle_starttag(tag, self._read(tag, found["said"]))
                if found["inside"]:
                    self.handle_data(found["inside"])
                self.handle_endtag(tag)
        if end < len(html):
            self.handle_data(unescape(html[end:]))

    def _read(self, tag: str, attributes: str) -> Attributes:
        return list(_pairs(attributes)) if tag in self.described else []

    def handle_starttag(self, tag: str, attrs: Attributes) -> None:
        """Meet the beginning of an element."""

    def handle_endtag(self, tag: str) -> None:
        """Meet its end."""

    def handle_data(self, data: str) -> None:
        """Meet text."""


def _pairs(attributes: str) -> Iterator[tuple[str, str | None]]:
    for found in ATTRIBUTE.finditer(attributes):
        value = next((part for part in found.groups()[1:] if part is not None), None)
        yield found[1].lower(), None if value is None else unescape(value)
