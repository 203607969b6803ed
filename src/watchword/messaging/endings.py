"""Where messages end, and who is told of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from watchword.connector_kit.models import DeliveryReport
from watchword.messaging.models import Channel, Message, MessageState
from watchword.messaging.repository import MessageRows
from watchword.storage import Database
from watchword.webhooks.models import Event
from watchword.webhooks.service import WebhookService

TOLD: Mapping[MessageState, Event] = {
    MessageState.DELIVERED: Event.MESSAGE_DELIVERED,
    MessageState.UNDELIVERED: Event.MESSAGE_FAILED,
    MessageState.FAILED: Event.MESSAGE_FAILED,
    MessageState.EXPIRED: Event.MESSAGE_FAILED,
}


@dataclass(frozen=True)
class Endings:
    """Moves messages to where they end; in the same transaction, their end is told."""

    rows: MessageRows
    webhooks: WebhookService

    async def finish(
        self, message_id: str, holder: str, *, state: MessageState, **outcome: Any
    ) -> bool:
        """Write down what came of a sending; False where its lease was lost."""
        event = TOLD.get(state)
        if event is None or not self.webhooks.is_heard(event):
            return await self.rows.finish(message_id, holder, state=state, **outcome)
        async with self.webhooks.told_with(event) as tx:
            rows = self._rows(tx)
            is_moved = await rows.finish(message_id, holder, state=state, **outcome)
            if is_moved:
                await self._tell(rows, message_id, tx)
        return is_moved

    async def report(self, instance_id: str, report: DeliveryReport, now: datetime) -> bool:
        """Move a message on by its provider's word; False where it stands beyond or is unknown."""
        event = TOLD[MessageState(report.state)]
        async with self.webhooks.told_with(event) as tx:
            rows = self._rows(tx)
            moved = await rows.report(instance_id, report, now)
            if moved is not None and tx is not None:
                await self._tell(rows, moved, tx)
        return moved is not None

    async def give_up(self, now: datetime) -> int:
        """End what is too late to send, and what a lost process may or may not have sent."""
        async with self.webhooks.told_with(Event.MESSAGE_FAILED) as tx:
            rows = self._rows(tx)
            ended = await rows.give_up(now)
            for message_id, state in ended:
                if tx is not None and state in TOLD:
                    await self._tell(rows, message_id, tx)
        return len(ended)

    def _rows(self, tx: Database | None) -> MessageRows:
        return self.rows if tx is None else self.rows.within(tx)

    async def _tell(self, rows: MessageRows, message_id: str, tx: Database | None) -> None:
        message = await rows.find(message_id)
        # Whoever sends a test sees what comes of it; nobody else waited for it.
        if message is not None and not message.is_test:
            await self.webhooks.announce(TOLD[message.state], {"data": described(message)}, tx=tx)


def described(message: Message) -> dict[str, Any]:
    """Return a message as its events tell of it: without its text, its recipient masked."""
    name = "phone" if message.channel is Channel.SMS else "email"
    return {
        "id": message.id,
        "channel": message.channel,
        "state": message.state,
        "usageType": message.usage_type,
        "connectorId": message.connector_instance_id,
        "connectorFactoryId": message.connector_id,
        name: message.recipient_masked,
        "country": message.country,
        "language": message.language,
        "segments": message.segments,
        "providerMessageId": message.provider_message_id,
        "errorClass": message.error_class,
        "attempts": message.attempts,
    }
