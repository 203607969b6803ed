"""What administrators hear of the guard: refusals, and a day's messages that come to an end."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from watchword.audit.models import Actor, Event
from watchword.audit.service import AuditService
from watchword.core.clock import Clock
from watchword.core.email import EmailAddress
from watchword.core.errors import DomainError
from watchword.core.recipients import Recipient
from watchword.guard.gate_repository import GateRepository
from watchword.guard.gates import Reason, total, window
from watchword.guard.limits import Limits
from watchword.guard.models import Limit, masked_identifier
from watchword.storage import Storage
from watchword.webhooks.models import Event as WebhookEvent
from watchword.webhooks.service import NOBODY_LISTENS, WebhookService

# Whoever goes on asking must flood neither the log nor a receiver.
TOLD_OF_ONE = Limit(count=1, seconds=600)
TOLD_OF_ALL = Limit(count=100, seconds=3600)
GUARD = Actor.system("guard")


@dataclass(frozen=True, kw_only=True)
class GuardReports:
    """Writes audit rows and webhooks of one tenant, a bounded number of them."""

    storage: Storage
    gates: GateRepository
    limits: Limits
    audit: AuditService
    clock: Clock
    webhooks: WebhookService = NOBODY_LISTENS

    async def refused(
        self, reason: Reason, key: Sequence[str], error: DomainError, about: Mapping[str, Any]
    ) -> None:
        """Count a refusal, and write the first of its *key* in ten minutes down.

        The row says how many there were that day for the same reason. Of all keys together a
        hundred rows an hour are written: a botnet has more addresses than a log has room.
        """
        now = self.clock.now()
        told = self.limits.buckets(f"told {reason}", " ".join(sorted(key)))
        everyone = self.limits.buckets("told", "")
        async with self.storage.transaction() as tx:
            passage = await self.gates.within(tx).pass_through(
                [
                    total(reason, refusals_of(reason), now, counts_refused=True),
                    window(Reason.OTHER, told, TOLD_OF_ONE, now),
                    window(Reason.OTHER, everyone, TOLD_OF_ALL, now),
                ]
            )
            if passage.refused_by is None:
                payload = {"reason": reason, **about, "refusedToday": passage.sent[reason]}
                await self.audit.record(
                    Event.REFUSED_MESSAGE, GUARD, payload=payload, error=error, tx=tx
                )

    async def day_is_ending(self, sent: int, most: int, now: datetime) -> None:
        """Tell that a tenant has sent *sent* of the *most* messages that it may send today."""
        event = WebhookEvent.DAILY_MESSAGES_NEAR_LIMIT
        payload = {"sent": sent, "limit": most, "day": f"{now:%Y-%m-%d}"}
        async with self.storage.transaction() as tx:
            await self.audit.record(Event.DAY_NEARLY_SPENT, GUARD, payload=payload, tx=tx)
            await self.webhooks.announce(event, {"data": payload}, tx=tx)


def refusals_of(reason: Reason) -> str:
    """Return the name of the day's total of what was refused for *reason*."""
    return f"refused {reason}"


def told_of(to: Recipient | None) -> dict[str, str]:
    """Return what a row may say of a recipient."""
    if to is None:
        return {}
    if isinstance(to, EmailAddress):
        return {"recipient": masked_identifier(to.address)}
    return {"recipient": to.masked, "country": to.region}
