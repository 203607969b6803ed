"""A tenant's test numbers: which there are now, whose they are, and what their codes are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from watchword.core.clock import Clock
from watchword.core.digests import KeyedDigest
from watchword.core.phone import PhoneNumber
from watchword.storage import Database
from watchword.test_numbers.errors import TestNumberNotForPeople, TestUserStaysTestUser
from watchword.test_numbers.models import (
    KEPT_AFTER_EXPIRY,
    FixedNumber,
    ListedNumber,
    check_code,
    check_expiry,
)
from watchword.test_numbers.repository import FixedNumberRows


@dataclass(frozen=True, kw_only=True)
class FixedNumbers:
    """One tenant's test numbers; they live as long as the tenant's configuration stays as it is."""

    rows: FixedNumberRows
    digest: KeyedDigest
    clock: Clock
    is_allowed: bool
    """False in production, until an owner switches them on."""
    numbers: Mapping[str, FixedNumber] = field(default_factory=dict)
    """By digits, as they were when the configuration was read: a sign-in asks nobody."""

    @property
    def active(self) -> Sequence[FixedNumber]:
        """Return those whose codes open something now."""
        now = self.clock.now()
        return [n for n in self.numbers.values() if self.is_allowed and n.is_active(now)]

    def find(self, phone: PhoneNumber) -> FixedNumber | None:
        """Return the test number, if it is one now."""
        found = self.numbers.get(phone.digits)
        is_active = found is not None and found.is_active(self.clock.now())
        return found if self.is_allowed and is_active else None

    async def find_usable(self, phone: PhoneNumber) -> FixedNumber | None:
        """Return the test number, unless it is a person's: to them, a code has to be sent."""
        found = self.find(phone)
        if found is None or await self.rows.is_a_persons(phone.digits):
            return None
        return found

    def prepare(
        self, phone: PhoneNumber, code: str, expires_at: datetime, created_by: str
    ) -> FixedNumber:
        """Return a test number; raises TrivialTestCode or TestExpiryOutOfRange."""
        now = self.clock.now()
        check_code(code)
        check_expiry(expires_at, now)
        return FixedNumber(
            phone=phone.digits,
            code_digest=self.digest_of(phone.digits, code),
            expires_at=expires_at,
            created_by=created_by,
            created_at=now,
        )

    def digest_of(self, phone: str, code: str, key_id: str | None = None) -> str:
        """Return what is kept of a code."""
        return self.digest.of(self.rows.tenant_id, phone, code, key_id=key_id)

    async def list(self) -> Sequence[ListedNumber]:
        """Return every test number with its test user, the expired ones too."""
        return await self.rows.list_with_users()

    async def user_ids(self) -> frozenset[str]:
        """Return who was created by a test number."""
        return await self.rows.marked()

    async def note_created(self, user_id: str, phone: PhoneNumber, tx: Database | None) -> None:
        """Mark a new user whose number is a test number."""
        if self.find(phone) is not None:
            await self._rows(tx).add_mark(user_id, self.clock.now())

    async def check_move(
        self, user_id: str, phone: PhoneNumber | None, tx: Database | None
    ) -> None:
        """Keep test users and people apart where a number changes.

        Raises TestUserStaysTestUser or TestNumberNotForPeople.
        """
        is_test_number = phone is not None and self.find(phone) is not None
        is_test_user = await self._rows(tx).is_marked(user_id)
        if is_test_user and phone is not None and not is_test_number:
            raise TestUserStaysTestUser
        if is_test_number and not is_test_user:
            raise TestNumberNotForPeople

    async def purge(self, now: datetime) -> int:
        """Forget those that ended long ago; the users they made stay marked."""
        return await self.rows.purge(now - KEPT_AFTER_EXPIRY)

    def within(self, tx: Database) -> "FixedNumbers":
        """Return the same numbers, working inside *tx*."""
        return replace(self, rows=self.rows.within(tx))

    def _rows(self, tx: Database | None) -> FixedNumberRows:
        return self.rows.within(tx) if tx else self.rows
