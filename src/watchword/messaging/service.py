"""Messages of one tenant: written down first, then sent once by a task of their own."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import orjson
import structlog

from watchword.audit.models import Actor
from watchword.audit.service import AuditService
from watchword.connector_kit.connector import SmsConnector
from watchword.connector_kit.errors import ConnectorError, ProviderThrottled, ProviderTimeout
from watchword.connector_kit.models import (
    ConnectorType,
    DeliveryReport,
    Receipt,
    SmsMessage,
    UsageType,
)
from watchword.connector_kit.templates import Segments, count_segments, minutes_of
from watchword.connectors.errors import NoConnector
from watchword.connectors.models import SavedConnector
from watchword.connectors.service import ConnectorService
from watchword.core.clock import Clock
from watchword.core.context import correlation_id
from watchword.core.digests import KeyedDigest
from watchword.core.errors import DomainError
from watchword.core.ids import new_id
from watchword.core.pagination import Page, PageRequest
from watchword.core.phone import PhoneNumber
from watchword.core.sealing import Sealer
from watchword.messaging.errors import ConnectorDefect, MessageNotFound, TooLateToSend
from watchword.messaging.models import (
    Message,
    MessageFilter,
    MessageState,
    QueuedMessage,
    Sent,
)
from watchword.messaging.repository import MessageRows
from watchword.storage import Row

log = structlog.get_logger(__name__)

# A queued row belongs to the process that wrote it for this long; then any may send it.
QUEUED_LEASE = timedelta(seconds=5)
# Longer than the kit ever waits for a provider, so a lease that ran out has no sender left.
SENDING_LEASE = timedelta(seconds=30)
MAX_ATTEMPTS = 3
THROTTLED_WAIT = timedelta(seconds=5)
SHORTEST_WAIT = timedelta(seconds=1)
TEST_LIFETIME = timedelta(minutes=10)
# A little longer than the kit waits for a provider, so that a test ends with what came of it.
TEST_WAIT = timedelta(seconds=11)
TEST_CODE = "000000"
# A provider may report before its own answer is read and written.
REPORT_TRIES = 4
REPORT_PAUSE = timedelta(milliseconds=250)


@dataclass
class Dispatch:
    """The sendings under way in this process; shared by all tenants, so that a stop waits for all.

    `holder` names the process in leases.
    """

    holder: str = field(default_factory=new_id)
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
    connectors: ConnectorService
    sealer: Sealer
    digest: KeyedDigest
    audit: AuditService
    clock: Clock
    dispatch: Dispatch

    # Sending.

    async def queue_sms(
        self,
        to: PhoneNumber,
        usage: UsageType,
        *,
        variables: Mapping[str, str],
        until: datetime,
        language: str | None = None,
        client_ip: str | None = None,
        deliver: bool = True,
        message_id: str | None = None,
    ) -> QueuedMessage:
        """Write a message down and start sending it; nothing is sent after *until*.

        Without *deliver* the row says `suppressed` and nobody is texted. Raises NoConnector in
        both cases alike: the answer must not tell whether the number has an account.
        """
        saved = await self.connectors.active(ConnectorType.SMS)
        if saved is None:
            raise NoConnector(type=ConnectorType.SMS)
        now = self.clock.now()
        content = {
            "variables": _variables(variables, until - now, language),
            "client_ip": client_ip,
        }
        row = self._new_row(
            to, usage, message_id=message_id or new_id(), language=language, now=now, until=until
        )
        if deliver:
            row |= {
                "state": MessageState.QUEUED,
                "content": self._seal("content", row["id"], orjson.dumps(content).decode()),
                "lease_holder": self.dispatch.holder,
                "lease_until": now + QUEUED_LEASE,
            }
        else:
            row |= {"state": MessageState.SUPPRESSED, "final_at": now}
        row |= {"connector_instance_id": saved.id, "connector_id": saved.connector_id}
        await self.rows.add(row)
        sending = self.dispatch.start(partial(self._send, row["id"])) if deliver else None
        return QueuedMessage(row["id"], row["state"], until, sending)

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
        to: PhoneNumber,
        connector_id: str,
        config: Mapping[str, Any],
        *,
        actor: Actor,
        keep_from: SavedConnector | None = None,
        usage: UsageType = UsageType.GENERIC,
        language: str | None = None,
    ) -> Message:
        """Send the code 000000 with values that may not be saved, and return what came of it.

        Raises UnknownConnectorClass, DevelopmentConnectorRefused or InvalidConfig, before anything
        is written; a provider's refusal is in the message's state and words.
        """
        connector = self.connectors.build_unsaved(connector_id, config, keep_from)
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
        message = SmsMessage(
            id=row["id"],
            to=to,
            usage=usage,
            variables=_variables({"code": TEST_CODE}, TEST_LIFETIME, language),
            time_left=TEST_LIFETIME,
            language=language,
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
        if found.state is MessageState.ACCEPTED and keep_from is not None:
            completed = self.connectors.completed(connector_id, config, keep_from)
            if completed == {**keep_from.config, **self.connectors.opened_secrets(keep_from)}:
                await self.connectors.note_tested(keep_from)
        return found

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
        asked = {
            name: value
            for name, value in vars(filters).items()
            if value is not None and name != "recipient"
        }
        digests = (
            self.digest.all_of(self.rows.tenant_id, filters.recipient.digits)
            if filters.recipient is not None
            else ()
        )
        items, total = await self.rows.page(asked, digests, page)
        return Page(items, total, page)

    async def reveal_recipient(self, message_id: str, actor: Actor) -> PhoneNumber:
        """Return the full number a message went to, and write down who looked."""
        sealed = await self.rows.sealed_recipient(message_id)
        if sealed is None:
            raise MessageNotFound(message_id)
        await self.audit.record("message.recipient_shown", actor, subject=f"message:{message_id}")
        return PhoneNumber(self._unseal("recipient", message_id, sealed))

    async def apply_reports(
        self, instance_id: str, reports: Sequence[DeliveryReport], message_id: str | None = None
    ) -> int:
        """Move messages on by their provider's word, and return how many moved.

        *message_id* is what the called address named: it finds a message whose answer was lost,
        and with it the provider's id.
        """
        # An address names one message, so it says nothing of a batch.
        named = message_id if message_id and len(reports) == 1 else ""
        return sum([await self._apply(instance_id, named, report) for report in reports])

    async def _apply(self, instance_id: str, named: str, report: DeliveryReport) -> bool:
        for attempt in range(REPORT_TRIES):
            if await self._move(instance_id, named, report):
                return True
            if await self.rows.knows(instance_id, named, report.provider_message_id):
                return False
            if attempt < REPORT_TRIES - 1:
                await asyncio.sleep(REPORT_PAUSE.total_seconds())
        # Still `sending`: its answer is late, or lost with its process. The provider's word that
        # it took the message is here first.
        accepted = await self.rows.accept_reported(
            instance_id, named, report.provider_message_id, self.clock.now()
        )
        return accepted and await self._move(instance_id, named, report)

    async def _move(self, instance_id: str, named: str, report: DeliveryReport) -> bool:
        return await self.rows.report(
            instance_id,
            named,
            report.provider_message_id,
            state=MessageState(report.state),
            error_class=report.error_class,
            words=report.words or None,
            now=self.clock.now(),
        )

    # Keeping promises after a crash.

    async def take_over_lapsed(self) -> int:
        """Finish what a lost process left: send what is queued, and give up what is too late.

        A message put back because its provider was throttled is sent by this, too.
        """
        now = self.clock.now()
        ended = await self.rows.give_up(now)
        taken = await self.rows.take_over(now, self.dispatch.holder, QUEUED_LEASE)
        for message_id in taken:
            self.dispatch.start(partial(self._send, message_id))
        return ended + len(taken)

    async def drain(self, within: timedelta) -> int:
        """Wait for the sendings of this process, and return how many are left."""
        return await self.dispatch.drain(within)

    async def purge(self, before: datetime) -> int:
        """Forget finished messages from before a moment, and return how many."""
        return await self.rows.purge(before)

    # One sending.

    async def _send(self, message_id: str) -> Sent:
        saved = await self.connectors.active(ConnectorType.SMS)
        now = self.clock.now()
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
                raise NoConnector(type=ConnectorType.SMS)
            connector = self.connectors.build(saved)
        except DomainError as error:
            return await self._failed(message_id, error)
        content = orjson.loads(self._unseal("content", message_id, row["content"]))
        message = SmsMessage(
            id=message_id,
            to=PhoneNumber(self._unseal("recipient", message_id, row["recipient"])),
            usage=UsageType(row["usage_type"]),
            variables=content["variables"],
            time_left=row["expires_at"] - now,
            language=row["language"],
            client_ip=content["client_ip"],
            receipt_url=self.connectors.receipt_url(saved, message_id),
        )
        return await self._hand_over(connector, message, Attempt(row["attempts"], now))

    async def _hand_over(
        self, connector: SmsConnector[Any], message: SmsMessage, attempt: "Attempt"
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

    async def _accepted(self, message: SmsMessage, receipt: Receipt, size: Segments | None) -> Sent:
        return await self._finish(
            message.id,
            Sent(MessageState.ACCEPTED),
            accepted_at=self.clock.now(),
            provider_message_id=receipt.provider_message_id,
            provider_words=receipt.words or None,
            encoding=size.encoding if size else None,
            segments=receipt.segments or (size.count if size else None),
        )

    async def _throttled(
        self, message: SmsMessage, error: ProviderThrottled, attempt: "Attempt"
    ) -> Sent:
        not_before = self.clock.now() + max(error.retry_after or THROTTLED_WAIT, SHORTEST_WAIT)
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
        if await self.rows.finish(message_id, self.dispatch.holder, state=sent.state, **outcome):
            return sent
        log.warning("message_lease_lost", message=message_id, outcome=sent.state)
        return await self._found(message_id)

    async def _found(self, message_id: str) -> Sent:
        return Sent(await self.rows.find_state(message_id) or MessageState.UNKNOWN)

    # Rows.

    def _new_row(
        self,
        to: PhoneNumber,
        usage: UsageType,
        *,
        message_id: str,
        language: str | None,
        now: datetime,
        until: datetime,
    ) -> Row:
        return {
            "id": message_id,
            "channel": "sms",
            "usage_type": usage,
            "is_test": False,
            "recipient": self._seal("recipient", message_id, to.digits),
            "recipient_masked": to.masked,
            "recipient_digest": self.digest.of(self.rows.tenant_id, to.digits),
            "country": to.region,
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


def _variables(
    given: Mapping[str, str], lifetime: timedelta, language: str | None
) -> dict[str, str]:
    # All are always there: a template that names one must not be sent with its placeholder.
    return {
        "origin_line": "",
        "minutes": minutes_of(lifetime),
        **({"locale": language} if language else {}),
        **given,
    }


def _size(connector: SmsConnector[Any], message: SmsMessage) -> Segments | None:
    # A provider that renders by itself has texts that we do not know.
    text = connector.text_of(message)
    return None if text is None else count_segments(text)
