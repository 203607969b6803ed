"""A little work before a code is sent: cheap for one person, dear for whoever asks a million times.

Nothing of it needs another host. The challenge belongs to one visit and to what was proved in it
before, so an answer is good once.
"""

import hashlib
import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self

BITS = 16
"""About 65,000 hashes: under a second on a phone."""
ANSWER = re.compile(r"[0-9]{1,16}")


@dataclass(frozen=True)
class Work:
    """What a visit has done: how often, and for which identifier it was spent."""

    count: int = 0
    spent_on: str | None = field(default=None, repr=False)
    """None while the last one is unspent."""

    def is_good_for(self, identifier: str) -> bool:
        """Tell whether a code may go there: work lasts for one identifier, and all its codes."""
        return self.count > 0 and self.spent_on in {None, identifier}

    def to_row(self) -> list[Any] | None:
        """Return the stored form; None where nothing is left of it."""
        return [self.count, self.spent_on] if self.count else None

    @classmethod
    def from_row(cls, row: list[Any] | None) -> Self:
        """Read the stored form."""
        return cls(*row) if row else cls()


def challenge_of(visit: str, started_at: datetime | None, work: Work) -> str:
    """Return what the next answer is for; *visit* is known to nobody before it begins."""
    parts = (visit, started_at.isoformat() if started_at else "", str(work.count))
    return hashlib.sha256("\n".join(("proof of work", *parts)).encode()).hexdigest()[:32]


def is_answer(challenge: str, given: str) -> bool:
    """Tell whether *given* is a number whose hash behind the challenge begins with zeros."""
    if not ANSWER.fullmatch(given):
        return False
    found = hashlib.sha256(f"{challenge}:{given}".encode()).digest()
    return int.from_bytes(found[:4], "big") >> (32 - BITS) == 0
