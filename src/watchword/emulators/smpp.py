"""A strict stand-in for an SMSC that speaks SMPP 3.4, with numbers that make it fail on purpose.

It reads and writes units with code of its own, checks every field, joins long texts, counts the
window, and reports; a report that nobody acknowledged comes again. The last four digits of a number
decide what becomes of its message (`Trouble`); SMPP has no word of its own for some troubles, and
`REFUSALS` says what stands for them.

`SYSTEM_ID` gets receipts with parameters and text; `TEXTUAL` gets text alone, with ids in decimal
whereas its answers have them in hexadecimal; `SINGLE` may be bound once at a time; `SUSPENDED` not
at all. Beside it, on a port of its own, stand

* `GET /emulator/messages` for what it accepted, `DELETE` to forget it;
* `GET /emulator/sessions` for who is bound, how many log-ins there were, and the fullest window;
* `POST /emulator/drop` to break all connections, `POST /emulator/unbind` to end all sessions;
* `PUT /emulator/throttle` to refuse every message as one too many, `DELETE` to end that;
* `POST /emulator/enquire` to ask everyone whether they are there, for how many answered.
"""

import asyncio
import struct
from collections.abc import Coroutine, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from watchword.emulators.kit import BETWEEN_REPORTS, SLOW, Trouble
from watchword.emulators.smpp_units import (
    ALYBND,
    BINDFAIL,
    BINDS,
    DELIVER_SM,
    ENQUIRE_LINK,
    GENERIC_NACK,
    HEADER,
    INVBNDSTS,
    INVCMDID,
    INVCMDLEN,
    INVDSTADR,
    INVMSGLEN,
    INVOPTPARAMVAL,
    INVPASWD,
    INVSYSID,
    LARGEST,
    MESSAGE_STATE,
    NO_BALANCE,
    OK,
    RECEIPTED_ID,
    RESPONSE,
    STATES,
    SUBMIT_SM,
    SYSERR,
    THROTTLED,
    UNBIND,
    Reader,
    Refused,
    Submitted,
    decode,
    fits,
    read_submission,
)

# Known to everyone: they open nothing but this emulator.
SYSTEM_ID, TEXTUAL, SINGLE, SUSPENDED = "watchword", "textual", "single", "suspended"
PASSWORD = "emulated"  # noqa: S105
WINDOW = 10
DEFAULT_PORT = 2775
ANSWER_AFTER = timedelta(milliseconds=2)

REFUSALS = {
    Trouble.LANDLINE: INVDSTADR,
    Trouble.BLOCKED: 0xFE,  # ESME_RDELIVERYFAILURE
    Trouble.TEMPLATE: INVMSGLEN,
    Trouble.BALANCE: NO_BALANCE,  # of the range that 5.1.3 leaves to vendors
    Trouble.CREDENTIALS: INVPASWD,
    Trouble.THROTTLED: THROTTLED,
    Trouble.FAULT: SYSERR,
}


@dataclass(kw_only=True)
class Smsc:
    """One emulated message centre: its accounts, who is bound, and what they sent."""

    accounts: Mapping[str, str] = field(
        default_factory=lambda: dict.fromkeys((SYSTEM_ID, TEXTUAL, SINGLE, SUSPENDED), PASSWORD)
    )
    window: int = WINDOW
    slow: timedelta = SLOW
    answer_after: timedelta = ANSWER_AFTER
    accepted: list[dict[str, Any]] = field(default_factory=list)
    bound: list["Bound"] = field(default_factory=list)
    binds: int = 0
    is_throttling: bool = False
    waiting: dict[str, list[bytes]] = field(default_factory=dict)
    """Receipts that nobody took yet, by system id."""
    peak: int = 0
    """The most submissions that ever waited for an answer in one session."""
    _parts: dict[tuple[str, str, int, int], dict[int, Submitted]] = field(default_factory=dict)
    _last_id: int = 0x5F3A10

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Speak with one ESME until it leaves."""
        session = Bound(self, reader, writer)
        try:
            await session.run()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            if session in self.bound:
                self.bound.remove(session)
            session.leave()

    def take(self, submitted: Submitted, system_id: str) -> str:
        """Keep a message or a part of one, and return its id."""
        self._last_id += 1
        message_id = f"{self._last_id:X}"
        if submitted.part is None:
            self._accept([submitted], message_id, system_id)
            return message_id
        reference, total, number = submitted.part
        key = (system_id, submitted.to, reference, total)
        parts = self._parts.setdefault(key, {})
        if number in parts:
            raise Refused(INVOPTPARAMVAL)
        parts[number] = submitted
        if len(parts) == total:
            del self._parts[key]
            self._accept([parts[n] for n in sorted(parts)], message_id, system_id)
        return message_id

    def _accept(self, parts: list[Submitted], message_id: str, system_id: str) -> None:
        last = parts[-1]
        self.accepted.append(
            {
                "id": message_id,
                "system_id": system_id,
                "to": last.to,
                "sender": last.sender,
                # Each part by itself: a character cut in two is no character.
                "text": "".join(decode(part.content, part.coding) for part in parts),
                "data_coding": last.coding,
                "parts": len(parts),
                "has_headers": last.has_header,
                "is_whole": last.is_whole,
                "registered": [part.wants_receipt for part in parts],
                "validity": last.validity,
            }
        )

    # The control port.

    @property
    def app(self) -> Starlette:
        """Return the ASGI application for tests and scripts to look and to meddle."""
        return Starlette(
            routes=[
                Route("/emulator/messages", self._list, methods=["GET"]),
                Route("/emulator/messages", self._clear, methods=["DELETE"]),
                Route("/emulator/sessions", self._sessions, methods=["GET"]),
                Route("/emulator/drop", self._drop, methods=["POST"]),
                Route("/emulator/unbind", self._unbind, methods=["POST"]),
                Route("/emulator/enquire", self._enquire, methods=["POST"]),
                Route("/emulator/throttle", self._throttle, methods=["PUT", "DELETE"]),
            ]
        )

    async def _list(self, request: Request) -> Response:  # noqa: ARG002
        return JSONResponse(self.accepted)

    async def _clear(self, request: Request) -> Response:  # noqa: ARG002
        self.accepted.clear()
        self._parts.clear()
        self.waiting.clear()
        self.binds = self.peak = 0
        return Response(status_code=204)

    async def _sessions(self, request: Request) -> Response:  # noqa: ARG002
        bound = [session.system_id for session in self.bound]
        return JSONResponse({"bound": bound, "binds": self.binds, "peak": self.peak})

    async def _throttle(self, request: Request) -> Response:
        self.is_throttling = request.method == "PUT"
        return Response(status_code=204)

    async def _drop(self, request: Request) -> Response:  # noqa: ARG002
        for session in list(self.bound):
            session.leave()
        return Response(status_code=204)

    async def _unbind(self, request: Request) -> Response:  # noqa: ARG002
        answers = await asyncio.gather(*(each.ask(UNBIND) for each in self.bound))
        return JSONResponse({"answered": sum(answers)})

    async def _enquire(self, request: Request) -> Response:  # noqa: ARG002
        answers = await asyncio.gather(*(each.ask(ENQUIRE_LINK) for each in self.bound))
        return JSONResponse({"answered": sum(answers)})


class Bound:
    """One connection, and what is under way on it."""

    def __init__(
        self, smsc: Smsc, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.smsc = smsc
        self.reader = reader
        self.writer = writer
        self.system_id = ""
        self.mode = ""
        self._waiting = 0
        self._sequence = 0
        self._asked: dict[int, asyncio.Future[int]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Read units and answer them until the ESME leaves."""
        while True:
            header = await self.reader.readexactly(HEADER.size)
            length, command, status, sequence = HEADER.unpack(header)
            if not HEADER.size <= length <= HEADER.size + LARGEST + 64_000:
                self._write(GENERIC_NACK, INVCMDLEN, sequence)
                return
            body = await self.reader.readexactly(length - HEADER.size)
            if command & RESPONSE:
                answer = self._asked.get(sequence)
                if answer is not None and not answer.done():
                    answer.set_result(status)
                continue
            if not 1 <= sequence <= 0x7FFFFFFF or status != 0:
                self._write(GENERIC_NACK, INVCMDLEN, sequence)
                return
            self._take(command, sequence, body)
            if command == UNBIND:
                await self.writer.drain()
                return

    def leave(self) -> None:
        """Close the connection."""
        for task in self._tasks:
            task.cancel()
        self.writer.close()

    async def ask(self, command: int, body: bytes = b"") -> bool:
        """Send a request, and return whether it was answered well."""
        self._sequence += 1
        answer: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._asked[self._sequence] = answer
        self._write(command, 0, self._sequence, body)
        with suppress(TimeoutError):
            async with asyncio.timeout(5):
                return await answer == OK
        return False

    def _take(self, command: int, sequence: int, body: bytes) -> None:
        if command == ENQUIRE_LINK and not body:
            self._write(ENQUIRE_LINK | RESPONSE, OK, sequence)
        elif command == UNBIND and self.mode and not body:
            self._write(UNBIND | RESPONSE, OK, sequence)
        elif command in {*BINDS, SUBMIT_SM}:
            take = self._submit if command == SUBMIT_SM else partial(self._bind, command)
            try:
                take(sequence, body)
            except Refused as refused:
                self._write(command | RESPONSE, refused.status, sequence)
        else:
            self._write(GENERIC_NACK, INVCMDID, sequence)

    def _bind(self, command: int, sequence: int, body: bytes) -> None:
        reader = Reader(body)
        system_id = reader.string(16, INVSYSID)
        password = reader.string(9, INVPASWD)
        system_type = reader.string(13, BINDFAIL)
        version, _kind, _plan = reader.octets(3)
        reader.string(41, BINDFAIL)
        is_taken = system_id == SINGLE and any(
            session.system_id == system_id for session in self.smsc.bound
        )
        for is_broken, status in (
            (self.mode != "", ALYBND),
            (reader.place != len(body), INVCMDLEN),
            (version != 0x34, BINDFAIL),
            (system_id not in self.smsc.accounts, INVSYSID),
            (self.smsc.accounts.get(system_id) != password, INVPASWD),
            (system_type not in {"", "SMPP"}, 0x53),
            (system_id == SUSPENDED or is_taken, BINDFAIL),
        ):
            if is_broken:
                raise Refused(status)
        self.system_id, self.mode = system_id, BINDS[command]
        self.smsc.bound.append(self)
        self.smsc.binds += 1
        version_parameter = struct.pack(">HHB", 0x0210, 1, 0x34)
        self._write(command | RESPONSE, OK, sequence, b"EMULATOR\0" + version_parameter)
        if self.mode != "transmitter":
            self._start(self.deliver(self.smsc.waiting.pop(system_id, [])))

    def _submit(self, sequence: int, body: bytes) -> None:
        if self.mode in {"", "receiver"}:
            raise Refused(INVBNDSTS)
        submitted = read_submission(body)
        if self._waiting >= self.smsc.window or self.smsc.is_throttling:
            raise Refused(THROTTLED)
        trouble = Trouble.of(submitted.to)
        if trouble in REFUSALS:
            raise Refused(REFUSALS[trouble])
        decode(submitted.content, submitted.coding)
        if not fits(submitted):
            raise Refused(INVMSGLEN)
        message_id = self.smsc.take(submitted, self.system_id)
        self._waiting += 1
        self.smsc.peak = max(self.smsc.peak, self._waiting)
        self._start(self._answer(sequence, submitted, message_id, trouble))

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _answer(
        self, sequence: int, submitted: Submitted, message_id: str, trouble: Trouble | None
    ) -> None:
        wants_receipt = submitted.wants_receipt and self.mode == "transceiver"
        is_slow = trouble is Trouble.SLOW
        await asyncio.sleep((self.smsc.slow if is_slow else self.smsc.answer_after).total_seconds())
        self._waiting -= 1
        if trouble is Trouble.DROPPED:
            # In the middle of the answer.
            self.writer.write(HEADER.pack(25, SUBMIT_SM | RESPONSE, OK, sequence)[:9])
            self.leave()
            return
        if trouble is Trouble.NONSENSE:
            self.writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")
            return
        if wants_receipt and trouble is Trouble.REPORT_FIRST:
            await self._report(submitted, message_id, trouble)
        self._write(SUBMIT_SM | RESPONSE, OK, sequence, message_id.encode() + b"\0")
        if wants_receipt and trouble is not Trouble.REPORT_FIRST:
            await self._report(submitted, message_id, trouble)

    async def _report(self, submitted: Submitted, message_id: str, trouble: Trouble | None) -> None:
        stations = _stations(trouble)
        await self.deliver(
            [self._receipt(submitted, message_id, state, trouble) for state in stations]
        )

    async def deliver(self, receipts: list[bytes]) -> None:
        """Hand over receipts; what this session does not take waits for the next."""
        left = list(receipts)
        try:
            while left:
                await asyncio.sleep(BETWEEN_REPORTS.total_seconds())
                if await self.ask(DELIVER_SM, left[0]):
                    del left[0]
        finally:
            self.smsc.waiting.setdefault(self.system_id, []).extend(left)

    def _receipt(
        self, submitted: Submitted, message_id: str, state: str, trouble: Trouble | None
    ) -> bytes:
        is_textual = self.system_id == TEXTUAL
        shown_id = f"{int(message_id, 16):010d}" if is_textual else message_id
        now = datetime.now(UTC)
        is_delivered = state == "DELIVRD"
        # Appendix B. The first characters of the text are in it, as they are in theirs.
        text = (
            f"id:{shown_id} sub:001 dlvrd:{int(is_delivered):03d} submit date:{now:%y%m%d%H%M} "
            f"done date:{now:%y%m%d%H%M} stat:{state} err:{0 if is_delivered else 27:03d} "
            f"text:{decode(submitted.content, submitted.coding)[:20]}"
        ).encode("latin-1", "replace")
        # A person's text that merely looks like a receipt is no receipt.
        esm_class = 0 if trouble is Trouble.REPORTS_BADLY_SIGNED else 0x04
        parameters = b""
        if not is_textual and esm_class:
            value = message_id.encode() + b"\0"
            parameters = struct.pack(">HH", RECEIPTED_ID, len(value)) + value
            parameters += struct.pack(">HHB", MESSAGE_STATE, 1, STATES[state])
            # One that 3.4 does not know, and one of a vendor.
            parameters += struct.pack(">HHBHHB", 0x0613, 1, 1, 0x1401, 1, 7)
        return (
            b"\0\x01\x01"
            + submitted.to.encode()
            + b"\0\x05\x00"
            + submitted.sender.encode()
            + bytes([0, esm_class, 0, 0, 0, 0, 0, 0, 0, 0, len(text)])
            + text
            + parameters
        )

    def _write(self, command: int, status: int, sequence: int, body: bytes = b"") -> None:
        if not self.writer.is_closing():
            header = HEADER.pack(HEADER.size + len(body), command, status, sequence)
            self.writer.write(header + body)


def _stations(trouble: Trouble | None) -> list[str]:
    if trouble is Trouble.UNDELIVERED:
        return ["UNDELIV"]
    if trouble is Trouble.REPORTS_OUT_OF_ORDER:
        return ["DELIVRD", "ENROUTE"]
    if trouble is Trouble.REPORTS_REPEATED:
        return ["DELIVRD"] * 3
    return ["ENROUTE", "DELIVRD"]


async def serve(
    host: str = "127.0.0.1", port: int = DEFAULT_PORT, control: int | None = None, **options: Any
) -> None:
    """Serve an SMSC, and beside it its control port (the next one), until interrupted."""
    smsc = Smsc(**options)
    server = await asyncio.start_server(smsc.serve, host, port)
    config = uvicorn.Config(
        smsc.app,
        host=host,
        port=control or port + 1,
        log_level="warning",
        lifespan="off",
        timeout_graceful_shutdown=1,
    )
    try:
        await uvicorn.Server(config).serve()
    finally:
        server.close()
        for session in list(smsc.bound):
            session.leave()
