"""One sending: when its turn comes, to its provider and what came of that."""

import asyncio
import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from watchword.connector_kit.connector import Connector, SmsConnector
from watchword.connector_kit.errors import (
    ConnectorError,
    ProviderThrottled,
    ProviderTimeout,
    TemplateNotFound,
)
from watchword.connector_kit.models import OutgoingMessage, Receipt, SmsMessage
from watchword.connector_kit.segments import Segments, count_segments
from watchword.connectors.errors import NoConnector
from watchword.connectors.models import SavedConnector
from watchword.connectors.service import ConnectorService
from watchword.core.clock import Clock
from watchword.core.errors import DomainError
from watchword.core.logs import get_logger
from watchword.guard.service import SendGuard
from watchword.messaging.dispatch import SENDING_LEASE, Dispatch
from watchword.messaging.endings import Endings
from watchword.messaging.errors import ConnectorDefect, TooLateToSend
from watchword.messaging.models import Channel, MessageState, Sent
from watchword.messaging.pace_repository import PaceRows
from watchword.messaging.parcels import Parcels
from watchword.messaging.repository import MessageRows

log = get_logger(__name__)

MAX_ATTEMPTS = 3
THROTTLED_WAIT = timedelta(seconds=5)
SHORTEST_WAIT = timedelta(seconds=1)
# Some ask for a day where they mean a quota; an hour on, one message asks them again.
LONGEST_PAUSE = timedelta(hours=1)
# How far ahead a new message waits for its turn: inside its first lease.
NEW_REACH = timedelta(seconds=3)
# As long as a request ever waits for what becomes of its message.
FOLLOWED = timedelta(seconds=3)
LOOK_AGAIN = timedelta(milliseconds=200)


@dataclass(frozen=True)
class Attempt:
    """Which attempt at a message this is, and since when its lease runs."""

    number: int
    started_at: datetime
    instance_id: str | None = None
    """Of the saved connector; None for a test, whose refusal says nothing of what is saved."""


@dataclass(frozen=True, kw_only=True)
class Sending:
    """Takes one tenant's queued messages to their providers, one at a time."""

    rows: MessageRows
    pace: PaceRows
    connectors: ConnectorService
    parcels: Parcels
    endings: Endings
    clock: Clock
    dispatch: Dispatch
    guard: SendGuard | None

    async def send(self, channel: Channel, instance_id: str | None, message_id: str) -> Sent:
        """Send a message that this process holds; it stays queued where its turn is far away."""
        turn = await self.turn(channel, instance_id, message_id, NEW_REACH)
        if turn is None:
            return Sent(MessageState.QUEUED)
        return await self.send_at(turn, channel, instance_id, message_id)

    async def follow(self, message_id: str) -> Sent:
        """Return what another process made of a message, or how far it is after a while."""
        state = MessageState.QUEUED
        for _ in range(FOLLOWED // LOOK_AGAIN):
            await asyncio.sleep(LOOK_AGAIN.total_seconds())
            state = await self.rows.find_state(message_id) or MessageState.UNKNOWN
            if not state.is_open:
                break
        return Sent(state, ConnectorError() if state.has_failed else None)

    async def turn(
        self, channel: Channel, instance_id: str | None, message_id: str, reach: timedelta
    ) -> datetime | None:
        """Return when the message may go; None leaves it to the queue: that is out of reach."""
        saved = await self.connectors.sender_now(channel.connector_type, instance_id)
        rate, now = self.connectors.messages_per_second(saved), self.clock.now()
        if saved is None or rate is None:
            return now
        turn = await self.pace.reserve(saved.id, now, step=step_of(rate), reach=reach)
        if turn is None:
            await self.rows.let_go(message_id, self.dispatch.holder, now)
        return turn

    async def send_at(
        self, turn: datetime, channel: Channel, instance_id: str | None, message_id: str
    ) -> Sent:
        """Send a message at its turn, once, if nobody else did by then."""
        # Still `queued` meanwhile: should this process die, another one sends it.
        await self.clock.sleep_until(turn)
        saved = await self.connectors.sender_now(channel.connector_type, instance_id)
        now = self.clock.now()
        if self.dispatch.sessions.are_elsewhere(self.connectors, saved):
            await self.rows.let_go(message_id, self.dispatch.holder, now)
            return Sent(MessageState.QUEUED)
        row = await self.rows.claim(
            message_id,
            now=now,
            holder=self.dispatch.holder,
            lease=SENDING_LEASE,
            instance_id=saved.id if saved else None,
            connector_id=saved.connector_id if saved else None,
        )
        if row is None:
            return await self._found(message_id)
        try:
            if saved is None:
                raise NoConnector(type=channel.connector_type)
            connector = self._connector_of(saved)
        except DomainError as error:
            return await self._failed(message_id, error)
        receipt_url = self.connectors.receipt_url(saved, message_id)
        message = self.parcels.open(row, channel, message_id, now=now, receipt_url=receipt_url)
        return await self.hand_over(connector, message, Attempt(row["attempts"], now, saved.id))

    def _connector_of(self, saved: SavedConnector) -> Connector[Any, Any]:
        session = self.dispatch.sessions.find(self.rows.tenant_id, saved)
        return session or self.connectors.build(saved)

    async def hand_over(
        self, connector: Connector[Any, Any], message: OutgoingMessage, attempt: Attempt
    ) -> Sent:
        """Give *message* to its provider, and write down what came of it."""
        # A process that slept through its lease must not send what another one gave up.
        seconds = min(
            (attempt.started_at + SENDING_LEASE - self.clock.now()).total_seconds(),
            (attempt.started_at + message.time_left - self.clock.now()).total_seconds(),
        )
        if seconds <= 0:
            return await self._failed(message.id, TooLateToSend())
        try:
            size = _size(connector, message)
            _require_own_text(connector, message)
            async with asyncio.timeout(seconds):
                receipt = await connector.send(message)
        except ProviderThrottled as error:
            return await self._throttled(message, error, attempt)
        except ConnectorError as error:
            return await self._failed(message.id, error)
        except TimeoutError:
            return await self._failed(message.id, ProviderTimeout())
        except Exception as error:
            # Without its text, which may quote the number or the code.
            log.warning(
                "connector_defect", connector=connector.metadata.id, error=type(error).__name__
            )
            return await self._failed(message.id, ConnectorDefect())
        return await self._accepted(message, receipt, size)

    async def _accepted(
        self, message: OutgoingMessage, receipt: Receipt, size: Segments | None
    ) -> Sent:
        parts = receipt.segments or (size.count if size else None)
        sent = await self._finish(
            message.id,
            Sent(MessageState.ACCEPTED),
            accepted_at=self.clock.now(),
            provider_message_id=receipt.provider_message_id or None,
            provider_words=receipt.words or None,
            encoding=size.encoding if size else None,
            segments=parts,
        )
        if self.guard is not None and parts and parts > 1 and isinstance(message, SmsMessage):
            await self.guard.spend_parts(parts - 1)
        return sent

    async def _throttled(
        self, message: OutgoingMessage, error: ProviderThrottled, attempt: Attempt
    ) -> Sent:
        wait = max(error.retry_after or THROTTLED_WAIT, SHORTEST_WAIT)
        not_before = self.clock.now() + min(wait, LONGEST_PAUSE)
        if attempt.instance_id is not None and error.holds_others:
            # What else is queued would only be refused, too, and has three attempts.
            await self.pace.pause(attempt.instance_id, not_before)
        if attempt.number >= MAX_ATTEMPTS or not_before >= attempt.started_at + message.time_left:
            return await self._failed(message.id, error)
        # The refusal is known, so a second request can't be a second text.
        if await self.rows.put_back(
            message.id,
            self.dispatch.holder,
            not_before=not_before,
            words=error.words,
            error_class=error.error_class,
        ):
            return Sent(MessageState.QUEUED)
        return await self._found(message.id)

    async def _failed(self, message_id: str, error: DomainError) -> Sent:
        # Whoever waits for the outcome is not the administrator: no data, and words stay here.
        error.data = None
        is_known = getattr(error, "is_outcome_known", True)
        sent = Sent(MessageState.FAILED, error) if is_known else Sent(MessageState.UNKNOWN)
        return await self._finish(
            message_id,
            sent,
            final_at=self.clock.now(),
            error_class=getattr(error, "error_class", error.code),
            provider_words=getattr(error, "words", None) or None,
        )

    async def _finish(self, message_id: str, sent: Sent, **outcome: Any) -> Sent:
        if await self.endings.finish(message_id, self.dispatch.holder, state=sent.state, **outcome):
            return sent
        log.warning("message_lease_lost", message=message_id, outcome=sent.state)
        return await self._found(message_id)

    async def _found(self, message_id: str) -> Sent:
        return Sent(await self.rows.find_state(message_id) or MessageState.UNKNOWN)


def _size(connector: Connector[Any, Any], message: OutgoingMessage) -> Segments | None:
    if not (isinstance(connector, SmsConnector) and isinstance(message, SmsMessage)):
        return None
    # A provider that renders by itself has texts that we do not know.
    text = connector.text_of(message)
    return None if text is None else count_segments(text)


def _require_own_text(connector: Connector[Any, Any], message: OutgoingMessage) -> None:
    if not (isinstance(connector, SmsConnector) and isinstance(message, SmsMessage)):
        return
    # A provider that fills its own templates would text a code that is not there.
    if message.notice is not None and connector.text_of(message) != message.notice:
        raise TemplateNotFound("this connector can't send a text without a template")


def step_of(rate: float) -> timedelta:
    """Return how far apart messages go, at *rate* a second."""
    # Rounded up: a provider counts what comes too fast, not what comes too slow.
    return timedelta(microseconds=math.ceil(1_000_000 / rate))
