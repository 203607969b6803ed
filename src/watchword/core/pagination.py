"""Pages of a list, as the contract counts them."""

from dataclasses import dataclass
from typing import Generic, TypeVar

Item = TypeVar("Item")

FURTHEST = 2**31 - 1
"""What every database takes as an offset; no list is so long."""


@dataclass(frozen=True)
class PageRequest:
    """Which page: 1-based number and size."""

    number: int = 1
    size: int = 20

    @property
    def offset(self) -> int:
        """Return how many rows come before this page."""
        return min((self.number - 1) * self.size, FURTHEST)


@dataclass(frozen=True)
class Page(Generic[Item]):
    """The rows of one page, and how many there are in all."""

    items: list[Item]
    total: int
    request: PageRequest

    @property
    def last_number(self) -> int:
        """Return the number of the last page, 1 for an empty list."""
        return max(1, -(-self.total // self.request.size))
