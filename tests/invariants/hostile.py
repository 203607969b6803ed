"""Requests that nobody means well by, made out of requests that are right."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal
from urllib.parse import quote, urlencode

from hypothesis import strategies as st

from tests.invariants.routes import Route

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"

Who = Literal["stranger", "waiting", "proved", "member", "operator", "machine"]

# Each is put in the place of every field of every request. PostgreSQL refuses the first one
# in text; the second one has no UTF-8; the third fits in no column and no number.
VALUES: tuple[Any, ...] = ("a\0b", "\ud800", "9" * 3000, 10**30, None, [["x"]], {"a": {}})
NO_SQLITE: tuple[Any, ...] = ("a\0b", "\ud800", 10**30)
"""Those of them that SQLite refuses, or must because PostgreSQL does."""
TEXTS = ("a\0b", "9" * 3000, "-1", "\u202e'\"<{{7*7}}>\\")

BODIES = (
    b"",
    b"{",
    b"null",
    b"[1]",
    b"\xff\xfe\x00",
    b"[" * 30_000,
    b'{"a":' * 5_000,
    b'{"interactionEvent":"SignIn","interactionEvent":[]}',
    b'{"type":1e999,"value":NaN}',
    b"%zz=%&&=&%ff=%fe;a=1",
    b"&".join(b"n%d=1" % n for n in range(1500)),
    b"a=1&a=2&token=x&token=y",
    b"x" * 1_100_000,
)
TYPES = (
    JSON,
    FORM,
    f"{JSON}; charset=utf-16",
    "multipart/form-data",
    "multipart/form-data; boundary=\xb2",
    "text/plain",
    "",
    "/;=",
)
PLACES = (
    "%00",
    "%ff%fe",
    "a%00b",
    "%F0%9F%98%80",
    "..%2f..%2fetc",
    "%25%32%65",
    "x" * 3000,
    "%ED%A0%80",
    "'--",
)
QUERIES = (
    "q=%00&number=%00&state=%00&lang=%00&next=%00&token=%00&app_id=%00&client_id=%00",
    "q=%ff&number=%2B%ff&lang=%ff&next=//evil.example&app_id=%ED%A0%80",
    "page=99999999999999999999",
    "page=9223372036854775807",
    "page=-1",
    "page=1&page=2&q=1&q=2",
    "number=%2B" + "9" * 4000,
    "lng=" + "x" * 4000,
    "=&&;%&%zz",
    "&".join("n=1" for _ in range(2000)),
)
COOKIES = (
    "_interaction=" + "%5B" * 1300,
    "_interaction=" + quote(json.dumps({"_latest": "\ud800"})),
    "_interaction=" + quote(json.dumps({"_latest": "a\0b", "demo-app": "x" * 900})),
    "_interaction=" + quote('{"_latest":' * 300),
    "_interaction=%ff%fe; _session=%00; _console=%00; lang=%00",
    "_interaction={; _session=\xff\xfe; _console=\xb2; lang=\xb2",
    "_session=" + "x" * 9000,
    "_console=" + "x" * 9000,
    "lang=" + "x" * 16,
    ";;;===;",
)
HEADERS: tuple[dict[str, str], ...] = (
    {"Authorization": "Basic AAAA"},
    {"Authorization": "Basic ADoA"},  # a NUL, a colon, a NUL
    {"Authorization": "Basic JTAwOiUwMA=="},  # the same, percent-encoded as RFC 6749 wants
    {"Authorization": "Basic \xb2"},
    {"Authorization": "Bearer \xff\xfe"},
    {"Authorization": "Bearer " + "x" * 9000},
    {"Authorization": "Bearer e30.e30.e30"},
    {"Logto-App-Id": "\xff"},
    {"Accept-Language": "\xff;q=x,,;;,en;q=NaN," + "x" * 4000},
    {"Origin": "null"},
    {"Origin": "http://[::1"},
    {"Sec-Fetch-Site": "\xff"},
    {"X-Correlation-Id": "a\tb" * 40},
    {"X-Forwarded-For": "\xff, 1.2.3.4.5, ,", "X-Forwarded-Host": "[::", "X-Forwarded-Proto": "x"},
    {"If-None-Match": "\xff"},
    {"X-Signature": "\xff", "X-Twilio-Signature": "\xff"},
    {"HX-Request": "true", "X-CSRF-Token": "\xff"},
    {"Host": "[::1"},
    {"Host": "localhost:99999999"},
    {"Host": "\xff.example"},
    {"Host": ""},
)

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=40),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=6,
)


@dataclass(frozen=True)
class Right:
    """A request as the server wants it."""

    route: Route
    path: str
    who: Who = "stranger"
    body: Mapping[str, Any] | None = None
    is_form: bool = False

    @property
    def as_sent(self) -> "Sent":
        """Return it, ready to send."""
        return Sent(
            self.route,
            self.path,
            self.who,
            None if self.body is None else _encoded(self.body, self.is_form),
            {} if self.body is None else {"Content-Type": FORM if self.is_form else JSON},
        )

    def with_value(self, value: Any) -> Iterator["Sent"]:
        """Put *value* in the place of each field, one at a time, and of each part of the path."""
        for changed in _replaced(self.body or {}, value):
            yield replace(self, body=changed).as_sent
        if isinstance(value, str):
            yield from self.with_place(quote(value, errors="replace"))

    def with_place(self, place: str) -> Iterator["Sent"]:
        """Put *place* where the path has an id."""
        fixed = self.route.path.split("/")
        parts = self.path.split("/")
        for index, part in enumerate(fixed):
            if part.startswith("{"):
                changed = "/".join([*parts[:index], place, *parts[index + 1 :]])
                yield replace(self.as_sent, path=changed)


@dataclass(frozen=True)
class Sent:
    """A request as it goes out."""

    route: Route
    path: str
    who: Who
    content: bytes | None = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict)

    def with_body(self, content: bytes, content_type: str) -> "Sent":
        """Return it with another body."""
        return replace(
            self, content=content, headers={**self.headers, "Content-Type": content_type}
        )

    def with_headers(self, headers: Mapping[str, str]) -> "Sent":
        """Return it with more headers."""
        return replace(self, headers={**self.headers, **headers})

    def with_query(self, query: str) -> "Sent":
        """Return it with a query."""
        return replace(self, path=f"{self.path}?{query}")


def _encoded(body: Mapping[str, Any], is_form: bool) -> bytes:
    if is_form:
        return urlencode(
            {k: v if isinstance(v, str) else json.dumps(v) for k, v in body.items()},
            errors="replace",
        ).encode()
    return json.dumps(body).encode()


def _replaced(body: Mapping[str, Any], value: Any) -> Iterator[dict[str, Any]]:
    for name, present in body.items():
        yield {**body, name: value}
        if isinstance(present, dict):
            for changed in _replaced(present, value):
                yield {**body, name: changed}
