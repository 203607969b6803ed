"""Changes of test numbers: added, removed, and allowed in production by an owner."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from watchword.audit.models import Actor
from watchword.configuration.models import Action, Kind
from watchword.configuration.repository import VersionRows
from watchword.configuration.writing import ConfigurationWriter, Write
from watchword.core.phone import PhoneNumber
from watchword.test_numbers.errors import (
    TestNumberInUse,
    TestNumberNotFound,
    TestNumbersNotAllowed,
    TooManyTestNumbers,
)
from watchword.test_numbers.models import MOST_NUMBERS, FixedNumber
from watchword.test_numbers.repository import FixedNumberRows
from watchword.test_numbers.service import FixedNumbers

ALLOWED = "allowedInProduction"


@dataclass(frozen=True, kw_only=True)
class TestNumberConfiguration:
    """Changes a tenant's test numbers; nothing else writes their rows."""

    writer: ConfigurationWriter
    numbers: FixedNumbers

    async def add(
        self,
        actor: Actor,
        phone: PhoneNumber,
        code: str,
        expires_at: datetime,
        *,
        reason: str | None = None,
    ) -> FixedNumber:
        """Let a fixed code open a number; a number that is one already gets code and date anew.

        Raises TrivialTestCode, TestExpiryOutOfRange, TestNumberInUse, TooManyTestNumbers or
        TestNumbersNotAllowed.
        """
        added = self.numbers.prepare(phone, code, expires_at, str(actor))
        async with self.writer.writing(actor, reason) as write:
            if write.tenant.is_production and not await allowed_in_production(write.versions):
                raise TestNumbersNotAllowed
            rows = self._rows(write)
            if await rows.is_a_persons(added.phone):
                raise TestNumberInUse
            await rows.save(added)
            if await rows.count() > MOST_NUMBERS:
                raise TooManyTestNumbers(count=MOST_NUMBERS)
            await self._record(write, "test_number.added", phone, expiresAt=expires_at.isoformat())
        return added

    async def remove(self, actor: Actor, phone: PhoneNumber, *, reason: str | None = None) -> None:
        """Let the fixed code open nothing any more; raises TestNumberNotFound."""
        async with self.writer.writing(actor, reason) as write:
            if not await self._rows(write).delete(phone.digits):
                raise TestNumberNotFound
            await self._record(write, "test_number.removed", phone)

    async def allow_in_production(
        self, actor: Actor, is_allowed: bool, *, reason: str | None = None
    ) -> None:
        """Switch test numbers on or off for a tenant in production; an owner's to decide."""
        async with self.writer.writing(actor, reason) as write:
            before = {ALLOWED: await allowed_in_production(write.versions)}
            await self.writer.save_settings(
                write, Kind.TEST_NUMBERS, Action.CHANGED, before, {ALLOWED: is_allowed}
            )

    def _rows(self, write: Write) -> FixedNumberRows:
        return self.numbers.rows.within(write.tx)

    async def _record(self, write: Write, event: str, phone: PhoneNumber, **more: Any) -> None:
        payload: Mapping[str, Any] = {"phone": phone.masked, "reason": write.reason, **more}
        await self.writer.audit.record(event, write.actor, payload=payload, tx=write.tx)


async def allowed_in_production(versions: VersionRows) -> bool:
    """Tell whether an owner switched test numbers on."""
    row = await versions.settings(Kind.TEST_NUMBERS)
    return bool(row and row["document"].get(ALLOWED))
