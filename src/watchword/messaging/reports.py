"""What providers say later of messages that they took."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from watchword.connector_kit.models import DeliveryReport
from watchword.core.clock import Clock
from watchword.messaging.early_report_repository import EarlyReportRows
from watchword.messaging.endings import Endings
from watchword.messaging.repository import MessageRows

# A provider may report before its own answer is read and written.
EARLY_REPORT_LIFETIME = timedelta(hours=1)
LONGEST_PROVIDERS_ID = 255
MESSAGE_ID = re.compile(r"[0-9a-z]{1,32}")


@dataclass(frozen=True)
class DeliveryReports:
    """Moves one tenant's messages on by their providers' word."""

    rows: MessageRows
    early: EarlyReportRows
    endings: Endings
    clock: Clock

    async def apply(
        self, instance_id: str, reports: Sequence[DeliveryReport], message_id: str | None = None
    ) -> int:
        """Move messages on by their provider's word, and return how many moved.

        *message_id* is what the called address named: it finds a message whose answer was lost,
        and with it the provider's id.
        """
        # An address names one message, so it says nothing of a batch.
        address = message_id if len(reports) == 1 else None
        return sum(
            [
                await self._apply(instance_id, _named(report, report.message_id or address))
                for report in reports
            ]
        )

    async def match_early(self) -> int:
        """Apply the reports that came before their message's answer was written."""
        found = await self.early.matching()
        for instance_id, report in found:
            await self.endings.report(instance_id, report, self.clock.now())
            await self.early.drop(instance_id, report)
        return len(found)

    async def purge_early(self) -> int:
        """Forget reports that no message came for, and return how many."""
        return await self.early.purge(self.clock.now() - EARLY_REPORT_LIFETIME)

    async def _apply(self, instance_id: str, report: DeliveryReport) -> bool:
        if not report.provider_message_id and report.message_id is None:
            return False
        now = self.clock.now()
        if await self.endings.report(instance_id, report, now):
            return True
        if await self.rows.knows(instance_id, report):
            # Said before; unless the answer was written between the two questions.
            return await self.endings.report(instance_id, report, now)
        await self.early.keep(instance_id, report, now)
        return False


def _named(report: DeliveryReport, message_id: str | None) -> DeliveryReport:
    # Both ids may come from a body that anybody with the address could write.
    provider_id = report.provider_message_id
    is_ours = message_id is not None and MESSAGE_ID.fullmatch(message_id)
    return replace(
        report,
        provider_message_id=provider_id if len(provider_id) <= LONGEST_PROVIDERS_ID else "",
        message_id=message_id if is_ours else None,
    )
