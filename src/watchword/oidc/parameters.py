"""Parameters of a request to the provider, as OAuth 2.0 counts them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Self

from watchword.oidc.errors import InvalidRequest

REPEATABLE = frozenset({"resource"})  # RFC 8707, 2
MOST = 100
LONGEST = 8192


@dataclass(frozen=True)
class Parameters:
    """Names and values; one sent without a value counts as not sent (RFC 6749, 3.1)."""

    values: dict[str, list[str]]

    @classmethod
    def of(cls, pairs: Iterable[tuple[str, str]]) -> Self:
        """Collect *pairs*; raises InvalidRequest where there are too many."""
        values: dict[str, list[str]] = {}
        for count, (name, value) in enumerate(pairs):
            if count >= MOST:
                raise InvalidRequest("too many parameters")
            if value:
                values.setdefault(name, []).append(value)
        return cls(values)

    def find(self, name: str) -> str | None:
        """Return a parameter's value, or None; raises InvalidRequest if it came twice."""
        values = self.values.get(name)
        if values is None:
            return None
        if len(values) > 1:
            raise InvalidRequest(f"parameter '{_safe(name)}' must not be sent twice")
        if len(values[0]) > LONGEST:
            raise InvalidRequest(f"parameter '{_safe(name)}' is too long")
        return values[0]

    def get(self, name: str) -> str:
        """Return a parameter's value; raises InvalidRequest if it is missing or came twice."""
        value = self.find(name)
        if value is None:
            raise InvalidRequest(f"missing required parameter '{_safe(name)}'")
        return value

    def all(self, name: str) -> list[str]:
        """Return every value of a parameter that may be repeated."""
        return self.values.get(name, [])

    def words(self, name: str) -> tuple[str, ...]:
        """Return a space-separated list without its repetitions."""
        return tuple(dict.fromkeys((self.find(name) or "").split()))

    def check_repeats(self) -> None:
        """Raise InvalidRequest if any parameter came twice that must not."""
        for name in self.values:
            if name not in REPEATABLE:
                self.find(name)

    def pairs(self) -> Iterator[tuple[str, str]]:
        """Return every name and value, in order."""
        return ((name, value) for name, values in self.values.items() for value in values)


def _safe(name: str) -> str:
    # The name comes from outside, and goes into a header's quoted text.
    return "".join(c for c in name[:64] if c.isascii() and (c.isalnum() or c in "_-."))
