"""A number with a fixed code, and what the code must not be."""

import itertools
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from watchword.core.phone import PhoneNumber
from watchword.test_numbers.errors import TestExpiryOutOfRange, TrivialTestCode

LONGEST_LIFE = timedelta(days=30)
MOST_NUMBERS = 20
CODE_LENGTH = 6
KEPT_AFTER_EXPIRY = timedelta(days=30)
"""How long an expired one is still listed."""


@dataclass(frozen=True, kw_only=True)
class FixedNumber:
    """A test number: its code is always the same, and nothing is sent to it."""

    phone: str
    """Digits only, country code first."""
    code_digest: str = field(repr=False)
    expires_at: datetime
    created_by: str
    created_at: datetime

    @property
    def number(self) -> PhoneNumber:
        """Return the number, ready to show."""
        return PhoneNumber(self.phone)

    def is_active(self, now: datetime) -> bool:
        """Tell whether the code still opens anything."""
        return now < self.expires_at


@dataclass(frozen=True, kw_only=True)
class ListedNumber:
    """A test number, and the test user who signs in with it, if there is one yet."""

    fixed: FixedNumber
    user_id: str | None


def check_code(code: str) -> None:
    """Raise TrivialTestCode unless *code* is six digits that nobody would guess first."""
    if len(code) != CODE_LENGTH or not (code.isascii() and code.isdigit()):
        raise TrivialTestCode
    steps = {(int(b) - int(a)) % 10 for a, b in itertools.pairwise(code)}
    # All the same, counted up or down, or one half twice: what people try first.
    is_counted = len(steps) == 1 and steps <= {0, 1, 9}
    is_repeated = any(code == code[:size] * (CODE_LENGTH // size) for size in (1, 2, 3))
    if is_counted or is_repeated or code == code[::-1]:
        raise TrivialTestCode


def check_expiry(expires_at: datetime, now: datetime) -> None:
    """Raise TestExpiryOutOfRange unless the moment is ahead, and 30 days at most."""
    if not now < expires_at <= now + LONGEST_LIFE:
        raise TestExpiryOutOfRange
