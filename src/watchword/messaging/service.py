"""Messages of one tenant: written down first, then sent once by a task of their own."""

import asyncio
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property, partial
from typing import Any

from watchword.audit.service import AuditService
from watchword.connector_kit.models import UsageType
from watchword.connectors.errors import NoConnector
from watchword.connectors.models import SavedConnector
from watchword.connectors.service import ConnectorService
from watchword.core.clock import Clock
from watchword.core.digests import KeyedDigest
from watchword.core.ids import new_id
from watchword.core.recipients import Recipient, stored_form
from watchword.core.sealing import Sealer
from watchword.guard.service import SendGuard
from watchword.messaging.connector_tests import SentTests
from watchword.messaging.dispatch import QUEUED_LEASE, Dispatch
from watchword.messaging.early_report_repository import EarlyReportRows
from watchword.messaging.endings import Endings
from watchword.messaging.log import MessageLog
from watchword.messaging.log_repository import MessageLogRows
from watchword.messaging.models import Channel, MessageState, QueuedMessage
from watchword.messaging.pace_repository import PaceRows
from watchword.messaging.parcels import Parcels, variables_of
from watchword.messaging.reports import DeliveryReports
from watchword.messaging.repository import MessageRows
from watchword.messaging.sending import Sending, step_of
from watchword.storage import Database, Row
from watchword.webhooks.service import NOBODY_LISTENS, WebhookService

# How far ahead a message from the queue waits for its turn: a little longer than until the sweeper
# comes again, so that no turn is left out.
QUEUE_REACH = timedelta(seconds=6)
TAKEN_AT_ONCE = 100
MOST_TAKEN_AT_ONCE = 1000
# What it says stays true, and a provider may be away for a while.
NOTICE_LIFETIME = timedelta(hours=4)


@dataclass(frozen=True, kw_only=True)
class MessagingService:
    """Queues messages, and sees that each is sent once or given up.

    What became of them is in `log`, what providers say later comes through `reports`, and `tests`
    tries connectors.
    """

    rows: MessageRows
    pace: PaceRows
    early: EarlyReportRows
    connectors: ConnectorService
    sealer: Sealer
    digest: KeyedDigest
    audit: AuditService
    clock: Clock
    dispatch: Dispatch
    webhooks: WebhookService = NOBODY_LISTENS
    guard: SendGuard | None = None
    """Counts the parts of long texts; None where nobody limits a day."""

    @cached_property
    def endings(self) -> Endings:
        """Return what moves messages to where they end, and tells of it."""
        return Endings(self.rows, self.webhooks)

    @cached_property
    def parcels(self) -> Parcels:
        """Return what packs and opens the rows of messages."""
        return Parcels(self.rows.tenant_id, self.sealer, self.digest)

    @cached_property
    def sending(self) -> Sending:
        """Return what takes a queued message to its provider."""
        return Sending(
            rows=self.rows,
            pace=self.pace,
            connectors=self.connectors,
            parcels=self.parcels,
            endings=self.endings,
            clock=self.clock,
            dispatch=self.dispatch,
            guard=self.guard,
        )

    @cached_property
    def reports(self) -> DeliveryReports:
        """Return what moves messages on by their providers' word."""
        return DeliveryReports(self.rows, self.early, self.endings, self.clock)

    @cached_property
    def log(self) -> MessageLog:
        """Return what finds messages, and lists and exports them."""
        lists = MessageLogRows(self.rows.db, self.rows.tenant_id)
        return MessageLog(
            rows=self.rows, lists=lists, parcels=self.parcels, audit=self.audit, clock=self.clock
        )

    @cached_property
    def tests(self) -> SentTests:
        """Return what tries connectors, saved or not."""
        return SentTests(
            rows=self.rows,
            pace=self.pace,
            connectors=self.connectors,
            parcels=self.parcels,
            sending=self.sending,
            log=self.log,
            audit=self.audit,
            clock=self.clock,
            dispatch=self.dispatch,
        )

    async def queue(
        self,
        to: Recipient,
        usage: UsageType,
        *,
        variables: Mapping[str, Any],
        until: datetime,
        language: str | None = None,
        client_ip: str | None = None,
        deliver: bool = True,
        message_id: str | None = None,
    ) -> QueuedMessage:
        """Write a message down and start sending it; nothing is sent after *until*.

        A number is texted and an address is mailed, worded by the template for *usage*, which may
        name the *variables* (`connector_kit.templates.VARIABLES`: a code's message has `code`, an
        invitation `link`, `organization` and `inviter`, as texts or as objects with a `name`).
        What they hold is sealed until it is sent. Without *deliver* the row says `suppressed` and
        nobody hears anything. Raises NoConnector in both cases alike: the answer must not tell
        whether the number or address has an account.
        """
        channel, saved = await self._sender_for(to)
        now, message_id = self.clock.now(), message_id or new_id()
        row = self.parcels.new_row(
            to, usage, message_id=message_id, language=language, now=now, until=until
        ) | _through(saved)
        if not deliver:
            await self.rows.add(row | {"state": MessageState.SUPPRESSED, "final_at": now})
            return QueuedMessage(message_id, MessageState.SUPPRESSED, until)
        content = {
            "variables": variables_of(variables, until - now, language),
            "client_ip": client_ip,
        }
        is_elsewhere = self.dispatch.sessions.are_elsewhere(self.connectors, saved)
        await self.rows.add(row | self._waiting(message_id, content, now, is_elsewhere))
        sending = self.dispatch.start(
            partial(self.sending.follow, message_id)
            if is_elsewhere
            else partial(self.sending.send, channel, saved.id, message_id)
        )
        return QueuedMessage(message_id, MessageState.QUEUED, until, sending)

    async def queue_notice(
        self, to: Recipient, text: str, *, subject: str, language: str | None = None, tx: Database
    ) -> str:
        """Write down a text without a code, as part of *tx*; return the message's id.

        It goes out once *tx* is committed; only an e-mail has a subject. Where a connector sends
        nothing but its provider's templates, the message fails and says so. Raises NoConnector.
        """
        channel, saved = await self._sender_for(to)
        now, message_id = self.clock.now(), new_id()
        row = self.parcels.new_row(
            to,
            UsageType.GENERIC,
            message_id=message_id,
            language=language,
            now=now,
            until=now + NOTICE_LIFETIME,
        ) | _through(saved)
        content: dict[str, Any] = {
            "variables": {},
            "client_ip": None,
            "notice": text,
            "subject": subject,
        }
        is_elsewhere = self.dispatch.sessions.are_elsewhere(self.connectors, saved)
        row |= self._waiting(message_id, content, now, is_elsewhere)
        await self.rows.within(tx).add(row)
        if not is_elsewhere:
            send = partial(self.sending.send, channel, saved.id, message_id)
            tx.after_commit(partial(self.dispatch.start, send))
        return message_id

    async def outcome(self, queued: QueuedMessage, within: timedelta) -> MessageState:
        """Return how far a message is, after waiting *within* at most.

        Raises the connector's error where the provider has refused by then. To be awaited only
        where sending does not depend on whether an account exists.
        """
        if queued.sending is None:
            return queued.state
        await asyncio.wait({queued.sending}, timeout=within.total_seconds())
        if not queued.sending.done() or queued.sending.cancelled():
            return MessageState.SENDING
        sent = queued.sending.result()
        if sent.refusal is not None and not sent.state.is_open:
            raise sent.refusal
        return sent.state

    async def take_over_lapsed(self) -> int:
        """Finish what a lost process left: send what is queued, and give up what is too late.

        A message put back because its provider was throttled is sent by this, too.
        """
        ended = await self.endings.give_up(self.clock.now())
        return ended + sum([await self.take_over_queued(channel) for channel in Channel])

    async def take_over_queued(self, channel: Channel = Channel.SMS) -> int:
        """Send what is queued and nobody is about to send, if this process is the one to do so."""
        taken = await self._take_over(channel, await self.connectors.active(channel.connector_type))
        trial = self.connectors.running_trial
        if trial is not None and trial.saved.type is channel.connector_type:
            taken += await self._take_over(channel, trial.saved)
        return taken

    async def _take_over(self, channel: Channel, saved: SavedConnector | None) -> int:
        if self.dispatch.sessions.are_elsewhere(self.connectors, saved):
            return 0
        rate, trial = self.connectors.messages_per_second(saved), self.connectors.running_trial
        instance_id = saved.id if saved else None
        taken = await self.rows.take_over(
            channel,
            self.clock.now(),
            self.dispatch.holder,
            QUEUED_LEASE + QUEUE_REACH if rate else QUEUED_LEASE,
            instance_id=instance_id,
            trial_id=trial.saved.id if trial else None,
            # Not more than have a turn by then: the others stay for another process.
            at_most=_turns_within(QUEUE_REACH, rate) if rate else TAKEN_AT_ONCE,
        )
        for message_id in taken:
            # One after another, so that the most urgent one has the first turn.
            turn = await self.sending.turn(channel, instance_id, message_id, QUEUE_REACH)
            if turn is not None:
                send = partial(self.sending.send_at, turn, channel, instance_id, message_id)
                self.dispatch.start(send)
        return len(taken)

    async def drain(self, within: timedelta) -> int:
        """Wait for the sendings of this process, and return how many are left."""
        return await self.dispatch.drain(within)

    async def purge(self, before: datetime) -> int:
        """Forget finished messages from before a moment, and return how many."""
        return await self.rows.purge(before)

    async def _sender_for(self, to: Recipient) -> tuple[Channel, SavedConnector]:
        channel, recipient = Channel.to(to), stored_form(to)
        digests = partial(self.parcels.digests_of, to)
        saved = await self.connectors.sender_for(channel.connector_type, recipient, digests)
        if saved is None:
            raise NoConnector(type=channel.connector_type)
        return channel, saved

    def _waiting(
        self, message_id: str, content: Mapping[str, Any], now: datetime, is_elsewhere: bool
    ) -> Row:
        return {
            "state": MessageState.QUEUED,
            "content": self.parcels.seal_content(message_id, content),
            "lease_holder": self.dispatch.holder,
            # Whoever holds the session looks for it at once.
            "lease_until": now if is_elsewhere else now + QUEUED_LEASE,
        }


def _through(saved: SavedConnector) -> Row:
    return {"connector_instance_id": saved.id, "connector_id": saved.connector_id}


def _turns_within(reach: timedelta, rate: float) -> int:
    return min(math.ceil(reach / step_of(rate)) + 1, MOST_TAKEN_AT_ONCE)
