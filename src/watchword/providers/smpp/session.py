"""One bound session: requests go out in a window, answers and receipts come back as they come."""

import asyncio
import secrets
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from watchword.connector_kit.errors import (
    AnswerLost,
    ConnectorError,
    ProviderRejected,
    ProviderThrottled,
    ProviderTimeout,
    UnreadableAnswer,
)
from watchword.connector_kit.models import DeliveryReport, Receipt, SmsMessage
from watchword.connector_kit.session import Link, Session, SessionEnded, copied
from watchword.providers.smpp.config import SmppConfig
from watchword.providers.smpp.errors import SUCCESS, error_of
from watchword.providers.smpp.pdu import (
    HEADER,
    LARGEST_SEQUENCE,
    Header,
    Pdu,
    UnreadablePdu,
)
from watchword.providers.smpp.receipts import LONGEST_ID, SentIds, is_receipt, read_receipt
from watchword.providers.smpp.texts import Alphabet, LongTexts, Part, parts_of

INTERFACE_VERSION = 0x34
INVALID_COMMAND, QUEUE_FULL, NOT_NOW = 0x03, 0x14, 0x64
WRONG_BIND_STATE = 0x04
WAITING_REPORTS = 1000
FAREWELL = timedelta(seconds=2)
# What an SMSC counts, it counts by the second.
THROTTLED = timedelta(seconds=1)
THROTTLED_TRIES = 3
# SMPP 3.4, 7.1.1; a message that waits longer than a day is no code.
LONGEST_VALIDITY = timedelta(days=1)


class SmppSession(Session):
    """A transceiver's session with an SMSC."""

    def __init__(
        self,
        link: Link,
        config: SmppConfig,
        ids: SentIds,
        now: Callable[[], datetime],
        total: timedelta,
    ) -> None:
        self._link = link
        self._config = config
        self._ids = ids
        self._now = now
        self._total = total.total_seconds()
        self._sequence = 0
        self._window = asyncio.Semaphore(config.window)
        self._answers: dict[int, asyncio.Future[Pdu]] = {}
        self._reports: asyncio.Queue[tuple[Pdu, DeliveryReport] | None] = asyncio.Queue()
        self._loss: ConnectorError | None = None
        self._is_bound = False
        self._heard = asyncio.Event()
        self._has_ended = asyncio.Event()
        self._tasks = [asyncio.create_task(self._listen()), asyncio.create_task(self._enquire())]

    # Coming and going.

    @property
    def is_open(self) -> bool:
        """Tell whether messages can go out here."""
        return self._is_bound and self._loss is None

    async def bind(self) -> None:
        """Log in as a transceiver; raises ConnectorError."""
        config = self._config
        answer = await self._request(
            "bind_transceiver",
            system_id=config.system_id,
            password=config.password.get_secret_value(),
            system_type=config.system_type,
            interface_version=INTERFACE_VERSION,
            address_range="",
        )
        if answer.status != SUCCESS:
            raise error_of(answer.status, "the SMSC refused the log-in")
        self._is_bound = True
        self.greeting = f"SMPP: bound to {answer.text('system_id') or 'the SMSC'}"

    async def ended(self) -> None:
        """Return once the session has ended."""
        await self._has_ended.wait()

    async def close(self) -> None:
        """Wait a moment for answers, unbind and disconnect."""
        if self.is_open:
            self._is_bound = False
            with suppress(TimeoutError, ConnectorError):
                async with asyncio.timeout(FAREWELL.total_seconds()):
                    if self._answers:
                        await asyncio.wait(self._answers.values())
                    await self._request("unbind")
        self._end(AnswerLost("the session was closed"))
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._link.close()

    # Messages.

    async def send(self, message: SmsMessage) -> Receipt:
        """Submit one message, in as many parts as its text needs."""
        config = self._config
        parts = parts_of(
            config.text_for(message),
            Alphabet(config.alphabet),
            LongTexts(config.long_texts),
            secrets.randbelow(256),
        )
        common = {
            **config.source,
            **config.destination(message.to.digits),
            "validity_period": validity(config.validity, message.time_left, self._now()),
        }
        given = ""
        for number, part in enumerate(parts, 1):
            # The last part's receipt speaks for all: phones show a text when they have all of it.
            wants_receipt = config.wants_receipts and number == len(parts)
            fields = {**common, **fields_of(part), "registered_delivery": int(wants_receipt)}
            answer = await (self._submit(fields) if number == 1 else self._submit_rest(fields))
            given = answer.text("message_id")[:LONGEST_ID]
        return Receipt(
            provider_message_id=self._ids.given(given) if given else None,
            words="SMPP: accepted",
            segments=len(parts) if parts[0].message_payload is None else None,
        )

    async def _submit(self, fields: Mapping[str, Any]) -> Pdu:
        if not self.is_open:
            raise SessionEnded("the session has ended")
        try:
            async with asyncio.timeout(self._total):
                await self._window.acquire()
        except TimeoutError:
            raise ProviderThrottled("the window is full", retry_after=THROTTLED) from None
        try:
            answer = await self._request("submit_sm", **fields)
        finally:
            self._window.release()
        if answer.status == SUCCESS:
            return answer
        if answer.status == WRONG_BIND_STATE:
            self._end(AnswerLost("the SMSC forgot the log-in"))
            await self._link.close()
        error = error_of(answer.status)
        if isinstance(error, ProviderThrottled):
            error.retry_after = THROTTLED
        raise error

    async def _submit_rest(self, fields: Mapping[str, Any]) -> Pdu:
        # The parts before are on their way: the whole text must not be sent again.
        refusal: ConnectorError
        for wait in [THROTTLED] * THROTTLED_TRIES:
            try:
                return await self._submit(fields)
            except SessionEnded as error:
                refusal = error
                break
            except ProviderThrottled as error:
                refusal = error
            await asyncio.sleep(wait.total_seconds())
        raise ProviderRejected(f"only a part of the text was taken: {refusal.words}")

    # Reports.

    async def receipts(self) -> AsyncGenerator[DeliveryReport, None]:
        """Yield reports until the session ends; see `Session.receipts`."""
        while (waiting := await self._reports.get()) is not None:
            pdu, report = waiting
            try:
                yield report
            except BaseException:
                await self._answer(pdu, NOT_NOW)
                raise
            await self._answer(pdu)
        # The others that iterate wait for the same end.
        self._reports.put_nowait(None)

    # The wire.

    async def _request(self, command: str, **fields: Any) -> Pdu:
        self._sequence = self._sequence % LARGEST_SEQUENCE + 1
        pdu = Pdu(command, self._sequence, fields=fields)
        if self._loss is not None:
            raise SessionEnded(self._loss.words)
        answer: asyncio.Future[Pdu] = asyncio.get_running_loop().create_future()
        self._answers[pdu.sequence] = answer
        try:
            async with asyncio.timeout(self._total):
                await self._link.write(pdu.octets())
                return await answer
        except TimeoutError:
            raise ProviderTimeout(f"no answer within {self._total:g} seconds") from None
        finally:
            del self._answers[pdu.sequence]
            # One that came to nothing is nobody's surprise.
            answer.cancel()

    async def _answer(self, request: Pdu, status: int = SUCCESS) -> None:
        # A report that is not acknowledged comes again, so a lost link loses nothing here.
        with suppress(AnswerLost):
            await self._link.write(
                Pdu(f"{request.command}_resp", request.sequence, status).octets()
            )

    async def _listen(self) -> None:
        try:
            while True:
                octets = await self._link.read(HEADER.size)
                header = Header.read(octets)
                octets += await self._link.read(header.length - HEADER.size)
                self._heard.set()
                await self._take(header, octets)
        except UnreadablePdu as error:
            self._end(UnreadableAnswer(f"not SMPP: {error}"))
        except ConnectorError as error:
            self._end(error)
        await self._link.close()

    async def _take(self, header: Header, octets: bytes) -> None:
        if header.is_response:
            self._resolve(header, octets)
            return
        match header.command:
            case "deliver_sm" | "data_sm":
                await self._take_delivery(Pdu.read(header, octets))
            case "enquire_link":
                await self._answer(Pdu("enquire_link", header.sequence))
            case "unbind":
                await self._answer(Pdu("unbind", header.sequence))
                raise AnswerLost("the SMSC ended the session")
            case "alert_notification" | "outbind":
                # Neither has an answer.
                pass
            case _:
                nack = Pdu("generic_nack", header.sequence, INVALID_COMMAND)
                await self._link.write(nack.octets())

    def _resolve(self, header: Header, octets: bytes) -> None:
        answer = self._answers.get(header.sequence)
        if answer is None or answer.done():
            # Too late: the message is already unknown, and a receipt may still come for it.
            return
        if header.command in {"", "generic_nack"} or header.status != SUCCESS:
            # Refusals come with a body or without.
            status = header.status or INVALID_COMMAND
            answer.set_result(Pdu(header.command, header.sequence, status))
            return
        answer.set_result(Pdu.read(header, octets))

    async def _take_delivery(self, pdu: Pdu) -> None:
        report = read_receipt(pdu) if is_receipt(pdu) else None
        if report is None:
            # A person's reply, or a station on the way.
            await self._answer(pdu)
            return
        kept_id = self._ids.reported(report.provider_message_id)
        known = replace(report, provider_message_id=kept_id)
        if self._reports.qsize() < WAITING_REPORTS:
            self._reports.put_nowait((pdu, known))
        else:
            await self._answer(pdu, QUEUE_FULL)

    async def _enquire(self) -> None:
        while self._loss is None:
            self._heard.clear()
            try:
                async with asyncio.timeout(self._config.enquire_link):
                    await self._heard.wait()
            except TimeoutError:
                try:
                    await self._request("enquire_link")
                except ConnectorError:
                    self._end(AnswerLost("the SMSC fell silent"))
                    await self._link.close()

    def _end(self, loss: ConnectorError) -> None:
        if self._loss is not None:
            return
        self._loss = loss
        for answer in self._answers.values():
            if not answer.done():
                answer.set_exception(copied(loss))
        self._reports.put_nowait(None)
        self._has_ended.set()


def fields_of(part: Part) -> dict[str, Any]:
    """Return the fields of a `submit_sm` that carry a part of a text."""
    fields: dict[str, Any] = {
        "data_coding": part.data_coding,
        "esm_class": part.esm_class,
        "short_message": part.short_message,
    }
    if part.message_payload is not None:
        fields["message_payload"] = part.message_payload
    if part.sar is not None:
        names = ("sar_msg_ref_num", "sar_total_segments", "sar_segment_seqnum")
        fields |= dict(zip(names, part.sar, strict=True))
    return fields


def validity(form: str, time_left: timedelta, now: datetime) -> str:
    """Return the time left as SMPP 3.4 writes it (7.1.1): sixteen characters, or none."""
    left = min(max(time_left, timedelta(seconds=1)), LONGEST_VALIDITY)
    if form == "relative":
        minutes, seconds = divmod(int(left.total_seconds()), 60)
        hours, minutes = divmod(minutes, 60)
        days, hours = divmod(hours, 24)
        return f"0000{days:02}{hours:02}{minutes:02}{seconds:02}000R"
    return f"{now + left:%y%m%d%H%M%S}000+" if form == "absolute" else ""
