"""Messages of one tenant: written down first, then sent once by a task of their own."""

import asyncio
import math
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property, partial
from typing import Any

import orjson

from watchword.audit.models import Actor
from watchword.audit.service import AuditService
from watchword.connector_kit.connector import Connector, SmsConnector
from watchword.connector_kit.errors import (
    ConnectorError,
    ProviderThrottled,
    ProviderTimeout,
    TemplateNotFound,
)
from watchword.connector_kit.models import (
    DeliveryReport,
    EmailMessage,
    OutgoingMessage,
    Receipt,
    SmsMessage,
    UsageType,
)
from watchword.connector_kit.segments import Segments, count_segments
from watchword.connector_kit.templates import minutes_of
from watchword.connectors.errors import NoConnector, ReceiverOfAnotherType
from watchword.connectors.models import SavedConnector
from watchword.connectors.service import ConnectorService
from watchword.core.clock import Clock
from watchword.core.context import correlation_id
from watchword.core.digests import KeyedDigest
from watchword.core.errors import DomainError
from watchword.core.ids import new_id
from watchword.core.logs import get_logger
from watchword.core.pagination import Page, PageRequest
from watchword.core.phone import PhoneNumber
from watchword.core.recipients import Recipient, stored_form
from watchword.core.sealing import Sealer
from watchword.guard.service import SendGuard
from watchword.messaging.endings import Endings
from watchword.messaging.errors import ConnectorDefect, MessageNotFound, TooLateToSend
from watchword.messaging.models import (
    NO_COUNTRY,
    Channel,
    Message,
    MessageFilter,
    MessageState,
    QueuedMessage,
    Sent,
)
from watchword.messaging.repository import EarlyReportRows, MessageRows, PaceRows
from watchword.messaging.sessions import Sessions
from watchword.storage import Database, Row
from watchword.webhooks.service import NOBODY_LISTENS, WebhookService

log = get_logger(__name__)

# A queued row belongs to the process that wrote it for this long; then any may send it.
QUEUED_LEASE = timedelta(seconds=5)
# Longer than the kit ever waits for a provider, so a lease that ran out has no sender left.
SENDING_LEASE = timedelta(seconds=30)
MAX_ATTEMPTS = 3
THROTTLED_WAIT = timedelta(seconds=5)
SHORTEST_WAIT = timedelta(seconds=1)
# Some ask for a day where they mean a quota; an hour on, one message asks them again.
LONGEST_PAUSE = timedelta(hours=1)
# How far ahead a message waits for its turn: a new one inside its first lease, and one from the
# queue a little longer than until the sweeper comes again, so that no turn is left out.
NEW_REACH = timedelta(seconds=3)
QUEUE_REACH = timedelta(seconds=6)
TAKEN_AT_ONCE = 100
MOST_TAKEN_AT_ONCE = 1000
EXPORTED_AT_ONCE = 500
TEST_LIFETIME = timedelta(minutes=10)
# What it says stays true, and a provider may be away for a while.
NOTICE_LIFETIME = timedelta(hours=4)
# A little longer than the kit waits for a provider, so that a test ends with what came of it.
TEST_WAIT = timedelta(seconds=11)
CODE_SAMPLE = {"code": "000000"}
INVITATION_SAMPLE = {
    "link": "https://example.com/invitation",
    "organization": {"name": "Acme"},
    "inviter": {"name": "Ada"},
}
# As long as a request ever waits for what becomes of its message.
FOLLOWED = timedelta(seconds=3)
LOOK_AGAIN = timedelta(milliseconds=200)
# A provider may report before its own answer is read and written.
EARLY_REPORT_LIFETIME = timedelta(hours=1)
LONGEST_PROVIDERS_ID = 255
MESSAGE_ID = re.compile(r"[0-9a-z]{1,32}")


@dataclass
class Dispatch:
    """The sendings under way in this process; shared by all tenants, so that a stop waits for all.

    `holder` names the process in leases.
    """

    holder: str = field(default_factory=new_id)
    sessions: Sessions = field(default_factory=Sessions)
    _running: set["asyncio.Task[Sent]"] = field(default_factory=set, init=False, repr=False)

    def start(self, sending: Callable[[], Awaitable[Sent]]) -> "asyncio.Task[Sent]":
        """Run *sending* whatever becomes of the request that asked for it."""
        task = asyncio.create_task(_to_the_end(sending))
        # The event loop itself keeps only weak references to tasks.
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task

    async def drain(self, within: timedelta) -> int:
        """Wait for what is under way and return how many are left; a successor finishes those."""
        if not self._running:
            return 0
        _, left = await asyncio.wait(self._running, timeout=within.total_seconds())
        return len(left)


async def _to_the_end(sending: Callable[[], Awaitable[Sent]]) -> Sent:
    try:
        return await sending()
    except DomainError as error:
        # Storage is gone, or a key: the row keeps its state, its lease runs out, and the sweeper
        # decides.
        log.warning("message_left_to_the_sweeper", code=error.code, detail=error.detail)
    except Exception:
        log.exception("message_left_to_the_sweeper")
    return Sent(MessageState.UNKNOWN)


@dataclass(frozen=True, kw_only=True)
class MessagingService:
    """Sends messages and knows what became of them."""

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

    # Sending.

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
        channel = Channel.to(to)
        saved = await self._sender_for(channel, to)
        if saved is None:
            raise NoConnector(type=channel.connector_type)
        now = self.clock.now()
        content = {
            "variables": _variables(variables, until - now, language),
            "client_ip": client_ip,
        }
        row = self._new_row(
            to, usage, message_id=message_id or new_id(), language=language, now=now, until=until
        )
        is_elsewhere = self.dispatch.sessions.are_elsewhere(self.connectors, saved)
        if deliver:
            row |= {
                "state": MessageState.QUEUED,
                "content": self._seal("content", row["id"], orjson.dumps(content).decode()),
                "lease_holder": self.dispatch.holder,
                # Whoever holds the session looks for it at once.
                "lease_until": now if is_elsewhere else now + QUEUED_LEASE,
            }
        else:
            row |= {"state": MessageState.SUPPRESSED, "final_at": now}
        row |= {"connector_instance_id": saved.id, "connector_id": saved.connector_id}
        await self.rows.add(row)
        send = self._follow if is_elsewhere else partial(self._send, channel, saved.id)
        sending = self.dispatch.start(partial(send, row["id"])) if deliver else None
        return QueuedMessage(row["id"], row["state"], until, sending)

    async def queue_notice(
        self, to: Recipient, text: str, *, subject: str, language: str | None = None, tx: Database
    ) -> str:
        """Write down a text without a code, as part of *tx*; return the message's id.

        It goes out once *tx* is committed; only an e-mail has a subject. Where a connector sends
        nothing but its provider's templates, the message fails and says so. Raises NoConnector.
        """
        channel = Channel.to(to)
        saved = await self._sender_for(channel, to)
        if saved is None:
            raise NoConnector(type=channel.connector_type)
        now, message_id = self.clock.now(), new_id()
        row = self._new_row(
            to,
            UsageType.GENERIC,
            message_id=message_id,
            language=language,
            now=now,
            until=now + NOTICE_LIFETIME,
        )
        content: dict[str, Any] = {
            "variables": {},
            "client_ip": None,
            "notice": text,
            "subject": subject,
        }
        is_elsewhere = self.dispatch.sessions.are_elsewhere(self.connectors, saved)
        row |= {
            "state": MessageState.QUEUED,
            "content": self._seal("content", message_id, orjson.dumps(content).decode()),
            "lease_holder": self.dispatch.holder,
            "lease_until": now if is_elsewhere else now + QUEUED_LEASE,
            "connector_instance_id": saved.id,
            "connector_id": saved.connector_id,
        }
        await self.rows.within(tx).add(row)
        if not is_elsewhere:
            send = partial(self._send, channel, saved.id, message_id)
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

    async def send_test(
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
        """Send the code 000000 with values that may not be saved, and return what came of it.

        Raises UnknownConnectorClass, DevelopmentConnectorRefused, ReceiverOfAnotherType or
        InvalidConfig, before anything is written; a provider's refusal is in the message's state
        and words.
        """
        found, _ = await self._send_test(
            to,
            connector_id,
            config,
            actor=actor,
            keep_from=keep_from,
            usage=usage,
            language=language,
        )
        return found

    async def require_sent(
        self,
        to: Recipient,
        connector_id: str,
        config: Mapping[str, Any],
        *,
        actor: Actor,
        language: str | None = None,
    ) -> None:
        """Send a test as `send_test` does; raises what the connector or its provider refused."""
        _, sent = await self._send_test(
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

    async def _send_test(
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
        until = now + TEST_LIFETIME
        row = self._new_row(
            to, usage, message_id=new_id(), language=language, now=now, until=until
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
        message = _message_to(
            to,
            id=row["id"],
            usage=usage,
            variables=_variables(
                INVITATION_SAMPLE if usage is UsageType.ORGANIZATION_INVITATION else CODE_SAMPLE,
                TEST_LIFETIME,
                language,
            ),
            time_left=TEST_LIFETIME,
            language=language,
            # A connector that is not saved has no address yet to report to.
            receipt_url=self.connectors.receipt_url(keep_from, row["id"]) if keep_from else None,
        )
        sending = self.dispatch.start(
            partial(self._hand_over, connector, message, Attempt(MAX_ATTEMPTS, now))
        )
        await asyncio.wait({sending}, timeout=TEST_WAIT.total_seconds())
        found = await self.get(row["id"])
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
            completed = self.connectors.completed(connector_id, config, keep_from)
            if completed == {**keep_from.config, **self.connectors.opened_secrets(keep_from)}:
                await self.connectors.note_tested(keep_from)
                # The provider takes messages again: what waits need not wait any longer.
                await self.pace.resume(keep_from.id)
        return found, sending.result() if sending.done() and not sending.cancelled() else None

    # What became of them.

    async def get(self, message_id: str) -> Message:
        """Return a message; raises MessageNotFound."""
        found = await self.rows.find(message_id)
        if found is None:
            raise MessageNotFound(message_id)
        return found

    async def find_state(self, message_id: str) -> MessageState | None:
        """Return a message's state alone, or None: a code is saved a moment before its message."""
        return await self.rows.find_state(message_id)

    async def list(
        self,
        filters: MessageFilter = MessageFilter(),  # noqa: B008  # frozen
        page: PageRequest = PageRequest(),  # noqa: B008  # frozen
    ) -> Page[Message]:
        """Return one page of messages, newest first."""
        asked, digests = self._asked(filters)
        items, total = await self.rows.page(asked, digests, page)
        return Page(items, total, page)

    async def export(
        self, filters: MessageFilter, actor: Actor, *, at_most: int
    ) -> AsyncIterator[Message]:
        """Return the newest messages one by one, and write down who took them."""
        await self.audit.record("message.exported", actor)
        asked, digests = self._asked(filters)
        # Clocks of several processes differ a little.
        before, after_id, left = self.clock.now() + timedelta(days=1), "", at_most
        while left > 0:
            found = await self.rows.slice(
                asked, digests, before, after_id, min(EXPORTED_AT_ONCE, left)
            )
            for message in found:
                yield message
            if len(found) < EXPORTED_AT_ONCE:
                return
            left -= len(found)
            before, after_id = found[-1].created_at, found[-1].id

    def _asked(self, filters: MessageFilter) -> tuple[dict[str, Any], Sequence[str]]:
        asked = {
            name: value
            for name, value in vars(filters).items()
            if value is not None and name != "recipient"
        }
        if filters.recipient is None:
            return asked, ()
        return asked, self.digest.all_of(self.rows.tenant_id, stored_form(filters.recipient))

    async def reveal_recipient(self, message_id: str, actor: Actor) -> Recipient:
        """Return the full number or address a message went to, and write down who looked."""
        found = await self.rows.sealed_recipient(message_id)
        if found is None:
            raise MessageNotFound(message_id)
        channel, sealed = found
        await self.audit.record("message.recipient_shown", actor, subject=f"message:{message_id}")
        return channel.recipient(self._unseal("recipient", message_id, sealed))

    async def apply_reports(
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

    async def match_early_reports(self) -> int:
        """Apply the reports that came before their message's answer was written."""
        found = await self.early.matching()
        for instance_id, report in found:
            await self.endings.report(instance_id, report, self.clock.now())
            await self.early.drop(instance_id, report)
        return len(found)

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

    # Keeping promises after a crash.

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
            turn = await self._turn(channel, instance_id, message_id, QUEUE_REACH)
            if turn is not None:
                send = partial(self._send_at, turn, channel, instance_id, message_id)
                self.dispatch.start(send)
        return len(taken)

    async def drain(self, within: timedelta) -> int:
        """Wait for the sendings of this process, and return how many are left."""
        return await self.dispatch.drain(within)

    async def purge(self, before: datetime) -> int:
        """Forget finished messages from before a moment, and return how many."""
        return await self.rows.purge(before)

    async def purge_early_reports(self) -> int:
        """Forget reports that no message came for, and return how many."""
        return await self.early.purge(self.clock.now() - EARLY_REPORT_LIFETIME)

    # One sending.

    async def _sender_for(self, channel: Channel, to: Recipient) -> SavedConnector | None:
        recipient = stored_form(to)
        digests = partial(self.digest.all_of, self.rows.tenant_id, recipient)
        return await self.connectors.sender_for(channel.connector_type, recipient, digests)

    async def _send(self, channel: Channel, instance_id: str | None, message_id: str) -> Sent:
        turn = await self._turn(channel, instance_id, message_id, NEW_REACH)
        if turn is None:
            return Sent(MessageState.QUEUED)
        return await self._send_at(turn, channel, instance_id, message_id)

    async def _follow(self, message_id: str) -> Sent:
        """Return what another process made of a message, or how far it is after a while."""
        state = MessageState.QUEUED
        for _ in range(FOLLOWED // LOOK_AGAIN):
            await asyncio.sleep(LOOK_AGAIN.total_seconds())
            state = await self.rows.find_state(message_id) or MessageState.UNKNOWN
            if not state.is_open:
                break
        return Sent(state, ConnectorError() if state.has_failed else None)

    async def _turn(
        self, channel: Channel, instance_id: str | None, message_id: str, reach: timedelta
    ) -> datetime | None:
        """Return when the message may go, and leave it to the queue where that is out of reach."""
        saved = await self.connectors.sender_now(channel.connector_type, instance_id)
        rate, now = self.connectors.messages_per_second(saved), self.clock.now()
        if saved is None or rate is None:
            return now
        turn = await self.pace.reserve(saved.id, now, step=_step(rate), reach=reach)
        if turn is None:
            await self.rows.let_go(message_id, self.dispatch.holder, now)
        return turn

    async def _send_at(
        self, turn: datetime, channel: Channel, instance_id: str | None, message_id: str
    ) -> Sent:
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
            session = self.dispatch.sessions.find(self.rows.tenant_id, saved)
            connector = session or self.connectors.build(saved)
        except DomainError as error:
            return await self._failed(message_id, error)
        content = orjson.loads(self._unseal("content", message_id, row["content"]))
        message = _message_to(
            channel.recipient(self._unseal("recipient", message_id, row["recipient"])),
            id=message_id,
            usage=UsageType(row["usage_type"]),
            variables=content["variables"],
            time_left=row["expires_at"] - now,
            language=row["language"],
            client_ip=content["client_ip"],
            receipt_url=self.connectors.receipt_url(saved, message_id),
            notice=content.get("notice"),
            subject=content.get("subject", ""),
        )
        return await self._hand_over(connector, message, Attempt(row["attempts"], now, saved.id))

    async def _hand_over(
        self, connector: Connector[Any, Any], message: OutgoingMessage, attempt: "Attempt"
    ) -> Sent:
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
        self, message: OutgoingMessage, error: ProviderThrottled, attempt: "Attempt"
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

    # Rows.

    def _new_row(
        self,
        to: Recipient,
        usage: UsageType,
        *,
        message_id: str,
        language: str | None,
        now: datetime,
        until: datetime,
    ) -> Row:
        return {
            "id": message_id,
            "channel": Channel.to(to),
            "usage_type": usage,
            "is_test": False,
            "recipient": self._seal("recipient", message_id, stored_form(to)),
            "recipient_masked": to.masked,
            "recipient_digest": self.digest.of(self.rows.tenant_id, stored_form(to)),
            "country": to.region if isinstance(to, PhoneNumber) else NO_COUNTRY,
            "language": language,
            "attempts": 0,
            "correlation_id": correlation_id.get(),
            "created_at": now,
            "expires_at": until,
        }

    def _seal(self, field: str, message_id: str, text: str) -> str:
        return self.sealer.seal(text, field, self.rows.tenant_id, message_id)

    def _unseal(self, field: str, message_id: str, sealed: str) -> str:
        return self.sealer.unseal(sealed, field, self.rows.tenant_id, message_id)


@dataclass(frozen=True)
class Attempt:
    """Which attempt at a message this is, and since when its lease runs."""

    number: int
    started_at: datetime
    instance_id: str | None = None
    """Of the saved connector; None for a test, whose refusal says nothing of what is saved."""


def _variables(
    given: Mapping[str, Any], lifetime: timedelta, language: str | None
) -> dict[str, Any]:
    # All are always there: a template that names one must not be sent with its placeholder.
    return {
        "origin_line": "",
        "minutes": minutes_of(lifetime),
        **({"locale": language} if language else {}),
        **given,
    }


def _message_to(to: Recipient, *, subject: str = "", **others: Any) -> OutgoingMessage:
    if isinstance(to, PhoneNumber):
        return SmsMessage(to=to, **others)
    return EmailMessage(to=to, subject=subject, **others)


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


def _step(rate: float) -> timedelta:
    # Rounded up: a provider counts what comes too fast, not what comes too slow.
    return timedelta(microseconds=math.ceil(1_000_000 / rate))


def _turns_within(reach: timedelta, rate: float) -> int:
    return min(math.ceil(reach / _step(rate)) + 1, MOST_TAKEN_AT_ONCE)


def _named(report: DeliveryReport, message_id: str | None) -> DeliveryReport:
    # Both ids may come from a body that anybody with the address could write.
    provider_id = report.provider_message_id
    is_ours = message_id is not None and MESSAGE_ID.fullmatch(message_id)
    return replace(
        report,
        provider_message_id=provider_id if len(provider_id) <= LONGEST_PROVIDERS_ID else "",
        message_id=message_id if is_ours else None,
    )
