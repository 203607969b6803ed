"""Tests of a connector: the code 000000, with values that may not be saved."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from watchword.audit.models import Actor
from watchword.audit.service import AuditService
from watchword.connector_kit.models import OutgoingMessage, UsageType
from watchword.connectors.errors import ReceiverOfAnotherType
from watchword.connectors.models import SavedConnector
from watchword.connectors.service import ConnectorService
from watchword.core.clock import Clock
from watchword.core.ids import new_id
from watchword.core.recipients import Recipient
from watchword.messaging.dispatch import SENDING_LEASE, Dispatch
from watchword.messaging.log import MessageLog
from watchword.messaging.models import Channel, Message, MessageState, Sent
from watchword.messaging.pace_repository import PaceRows
from watchword.messaging.parcels import Parcels, message_to, variables_of
from watchword.messaging.repository import MessageRows
from watchword.messaging.sending import MAX_ATTEMPTS, Attempt, Sending

TEST_LIFETIME = timedelta(minutes=10)
# A little longer than the kit waits for a provider, so that a test ends with what came of it.
TEST_WAIT = timedelta(seconds=11)
CODE_SAMPLE = {"code": "000000"}
INVITATION_SAMPLE = {
    "link": "https://example.com/invitation",
    "organization": {"name": "Acme"},
    "inviter": {"name": "Ada"},
}


@dataclass(frozen=True, kw_only=True)
class SentTests:
    """Sends tests for one tenant's administrators, and waits for what comes of them."""

    rows: MessageRows
    pace: PaceRows
    connectors: ConnectorService
    parcels: Parcels
    sending: Sending
    log: MessageLog
    audit: AuditService
    clock: Clock
    dispatch: Dispatch

    async def send(
        self,
        to: Recipient,
        connector_id: str,
        config: Mapping[str, Any],
        *,
        actor: Actor,
        keep_from: SavedConnector | None = None,
        usage: UsageType = UsageType.GENERIC,
        language: str | None = None,
    ) -> Message:
        """Send a test and return what came of it: a refusal is in the message's state and words.

        What *config* leaves out is taken from *keep_from*. Raises UnknownConnectorClass,
        DevelopmentConnectorRefused, ReceiverOfAnotherType or InvalidConfig, before anything is
        written.
        """
        found, _ = await self._send(
            to,
            connector_id,
            config,
            actor=actor,
            keep_from=keep_from,
            usage=usage,
            language=language,
        )
        return found

    async def require_taken(
        self,
        to: Recipient,
        connector_id: str,
        config: Mapping[str, Any],
        *,
        actor: Actor,
        language: str | None = None,
    ) -> None:
        """Send a test as `send` does; raises what the connector or its provider refused, too."""
        _, sent = await self._send(
            to,
            connector_id,
            config,
            actor=actor,
            keep_from=None,
            usage=UsageType.GENERIC,
            language=language,
        )
        if sent is not None and sent.refusal is not None:
            # Whoever tests is an administrator, and may read what the provider said.
            words = getattr(sent.refusal, "words", "")
            sent.refusal.data = {"message": words} if words else None
            raise sent.refusal

    async def _send(
        self,
        to: Recipient,
        connector_id: str,
        config: Mapping[str, Any],
        *,
        actor: Actor,
        keep_from: SavedConnector | None,
        usage: UsageType,
        language: str | None,
    ) -> tuple[Message, Sent | None]:
        connector = self.connectors.build_unsaved(connector_id, config, keep_from)
        if connector.metadata.type is not Channel.to(to).connector_type:
            raise ReceiverOfAnotherType
        now = self.clock.now()
        row = self.parcels.new_row(
            to, usage, message_id=new_id(), language=language, now=now, until=now + TEST_LIFETIME
        ) | {
            # Never `queued`: whoever took it over would not have the unsaved values.
            "state": MessageState.SENDING,
            "is_test": True,
            "connector_id": connector_id,
            "connector_instance_id": keep_from.id if keep_from else None,
            "lease_holder": self.dispatch.holder,
            "lease_until": now + SENDING_LEASE,
            "sending_at": now,
            "attempts": MAX_ATTEMPTS,
        }
        await self.rows.add(row)
        message = self._message(row["id"], to, usage, language, keep_from)
        sending = self.dispatch.start(
            partial(self.sending.hand_over, connector, message, Attempt(MAX_ATTEMPTS, now))
        )
        await asyncio.wait({sending}, timeout=TEST_WAIT.total_seconds())
        found = await self.log.get(row["id"])
        await self.audit.record(
            "message.test",
            actor,
            subject=f"message:{row['id']}",
            result="failure" if found.state.has_failed else "success",
            payload={"connectorId": connector_id, "to": to.masked, "state": found.state},
        )
        # A report may be quicker than this question.
        is_taken = found.state in {MessageState.ACCEPTED, MessageState.DELIVERED}
        if is_taken and keep_from is not None:
            await self._note_taken(connector_id, config, keep_from)
        return found, sending.result() if sending.done() and not sending.cancelled() else None

    def _message(
        self,
        message_id: str,
        to: Recipient,
        usage: UsageType,
        language: str | None,
        keep_from: SavedConnector | None,
    ) -> OutgoingMessage:
        is_invitation = usage is UsageType.ORGANIZATION_INVITATION
        sample = INVITATION_SAMPLE if is_invitation else CODE_SAMPLE
        return message_to(
            to,
            id=message_id,
            usage=usage,
            variables=variables_of(sample, TEST_LIFETIME, language),
            time_left=TEST_LIFETIME,
            language=language,
            # A connector that is not saved has no address yet to report to.
            receipt_url=self.connectors.receipt_url(keep_from, message_id) if keep_from else None,
        )

    async def _note_taken(
        self, connector_id: str, config: Mapping[str, Any], saved: SavedConnector
    ) -> None:
        """Keep what the test proves of *saved*, where it was sent with the saved values."""
        completed = self.connectors.completed(connector_id, config, saved)
        if completed == {**saved.config, **self.connectors.opened_secrets(saved)}:
            await self.connectors.note_tested(saved)
            # The provider takes messages again: what waits need not wait any longer.
            await self.pace.resume(saved.id)
