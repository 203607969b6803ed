"""Asks an installed check what a carrier knows of a number, once and not for long."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from watchword.connector_kit.models import UsageType
from watchword.connector_kit.number_checks import NumberCheck, Risk
from watchword.core.logs import get_logger
from watchword.core.phone import PhoneNumber
from watchword.guard.errors import NumberUnchecked

log = get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class Carrier:
    """What the server asks before a code goes out, and what holds where no answer comes."""

    check: NumberCheck[Any]
    wait: timedelta
    sends_unchecked: bool = False
    """Whether a code goes out although nobody could say anything."""

    async def find_risk(self, phone: PhoneNumber, usage: UsageType) -> Risk | None:
        """Return what speaks against a code to *phone*, or None; raises NumberUnchecked."""
        try:
            async with asyncio.timeout(self.wait.total_seconds()):
                risk = await self.check.find_risk(phone, usage)
            return None if risk is None else Risk(risk)
        except Exception as error:
            # Without its text, which may quote the number.
            log.warning("number_unchecked", check=self.check.name, error=type(error).__name__)
        if self.sends_unchecked:
            return None
        raise NumberUnchecked
