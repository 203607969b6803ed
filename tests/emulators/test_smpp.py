"""The emulated SMSC refuses what an SMSC refuses; spoken to in octets written here by hand."""

import asyncio
import struct
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

import pytest

from tests.emulators.smsc import RunningSmsc, cleared, running_smsc

BIND, SUBMIT, DELIVER, UNBIND, ENQUIRE, RESPONSE = 9, 4, 5, 6, 0x15, 0x80000000
TO = "447700900123"


@dataclass
class Esme:
    """A connection that says what a test wants said."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    sequence: int = 0

    def write(self, command: int, body: bytes = b"", status: int = 0, sequence: int = 0) -> int:
        """Send a unit, and return its number."""
        self.sequence += 1
        number = sequence or self.sequence
        self.writer.write(struct.pack(">IIII", 16 + len(body), command, status, number) + body)
        return number

    async def read(self) -> tuple[int, int, int, bytes]:
        """Return the next unit: command, status, number, body."""
        async with asyncio.timeout(5):
            length, *header = struct.unpack(">IIII", await self.reader.readexactly(16))
            body = await self.reader.readexactly(length - 16)
        return header[0], header[1], header[2], body

    async def ask(self, command: int, body: bytes = b"") -> tuple[int, bytes]:
        """Send a request, and return the status and body of its answer."""
        number = self.write(command, body)
        answered, status, sequence, content = await self.read()
        assert (answered, sequence) in {(command | RESPONSE, number), (RESPONSE, number)}
        return status, content


def bind(
    system_id: str = "watchword",
    password: str = "emulated",
    system_type: str = "",
    version: int = 0x34,
) -> bytes:
    names = b"".join(text.encode() + b"\0" for text in (system_id, password, system_type))
    return names + bytes([version, 0, 0, 0])


def submit(
    text: bytes = b"hello",
    *,
    service: bytes = b"\0",
    source: tuple[int, int, str] = (5, 0, "Watchword"),
    to: tuple[int, int, str] = (1, 1, TO),
    esm_class: int = 0,
    protocol: int = 0,
    priority: int = 0,
    scheduled: bytes = b"\0",
    validity: bytes = b"\0",
    registered: int = 0,
    replaces: int = 0,
    coding: int = 0,
    canned: int = 0,
    length: int | None = None,
    parameters: bytes = b"",
) -> bytes:
    addresses = b"".join(
        bytes([kind, plan]) + address.encode() + b"\0" for kind, plan, address in (source, to)
    )
    return (
        service
        + addresses
        + bytes([esm_class, protocol, priority])
        + scheduled
        + validity
        + bytes([registered, replaces, coding, canned, len(text) if length is None else length])
        + text
        + parameters
    )


def parameter(tag: int, value: bytes) -> bytes:
    return struct.pack(">HH", tag, len(value)) + value


def sar(reference: int, total: int, number: int) -> bytes:
    return (
        parameter(0x020C, struct.pack(">H", reference))
        + parameter(0x020E, bytes([total]))
        + parameter(0x020F, bytes([number]))
    )


@pytest.fixture(scope="module")
def smsc_process() -> Iterator[RunningSmsc]:
    with running_smsc() as smsc:
        yield smsc


@pytest.fixture
def smsc(smsc_process: RunningSmsc) -> RunningSmsc:
    return cleared(smsc_process)


@pytest.fixture
async def stranger(smsc: RunningSmsc) -> AsyncIterator[Esme]:
    """Return a connection that is not bound."""
    reader, writer = await asyncio.open_connection("127.0.0.1", smsc.port)
    yield Esme(reader, writer)
    writer.close()


@pytest.fixture
async def esme(stranger: Esme) -> Esme:
    """Return a connection that is bound as a transceiver."""
    assert (await stranger.ask(BIND, bind()))[0] == 0
    return stranger


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (bind(), 0),
        (bind(system_type="SMPP"), 0),
        (bind(system_id="nobody"), 0x0F),
        (bind(password="wrong"), 0x0E),
        (bind(password="emulated1"), 0x0E),
        (bind(system_id="sixteen-letters-"), 0x0F),
        (bind(system_id="suspended"), 0x0D),
        (bind(system_type="OTHER"), 0x53),
        (bind(version=0x50), 0x0D),
        (bind() + b"more", 0x02),
        (bind()[:-2], 0x02),
    ],
)
async def test_lets_in_who_says_it_right(stranger: Esme, body: bytes, status: int) -> None:
    answered, content = await stranger.ask(BIND, body)

    assert answered == status
    assert content == (b"EMULATOR\0\x02\x10\x00\x01\x34" if status == 0 else b"")


async def test_one_connection_binds_once_and_an_account_may_have_one_only(
    smsc: RunningSmsc, esme: Esme
) -> None:
    assert (await esme.ask(BIND, bind()))[0] == 0x05
    statuses = []
    writers = []
    for _ in range(2):
        reader, writer = await asyncio.open_connection("127.0.0.1", smsc.port)
        statuses.append((await Esme(reader, writer).ask(BIND, bind("single")))[0])
        writers.append(writer)
    for writer in writers:
        writer.close()

    assert statuses == [0, 0x0D]


@pytest.mark.parametrize(("command", "status"), [(SUBMIT, 0x04), (UNBIND, 0x03), (0x77, 0x03)])
async def test_answers_nothing_else_before(stranger: Esme, command: int, status: int) -> None:
    assert (await stranger.ask(command, submit() if command == SUBMIT else b""))[0] == status


async def test_takes_a_message_and_names_it(smsc: RunningSmsc, esme: Esme) -> None:
    status, content = await esme.ask(SUBMIT, submit(b"\x00 is at, \x1be is euro"))

    [message] = await smsc.messages()
    assert status == 0
    assert content == message["id"].encode() + b"\0"
    assert message["text"] == "@ is at, € is euro"
    assert (message["to"], message["sender"], message["parts"]) == (TO, "Watchword", 1)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (submit(service=b"OTP\0"), 0x15),
        (submit(source=(0, 0, "Watchword")), 0x48),
        (submit(source=(5, 1, "Watchword")), 0x49),
        (submit(source=(5, 0, "Stranger")), 0x0A),
        (submit(source=(5, 0, "12345")), 0x0A),
        (submit(source=(3, 0, "54321")), 0x0A),
        (submit(source=(1, 1, "+447700900001")), 0x0A),
        (submit(to=(0, 1, TO)), 0x50),
        (submit(to=(1, 0, TO)), 0x51),
        (submit(to=(1, 1, f"+{TO}")), 0x0B),
        (submit(to=(1, 1, "1" * 21)), 0x0B),
        (submit(esm_class=3), 0x43),
        (submit(protocol=64), 0x45),
        (submit(priority=4), 0x06),
        (submit(scheduled=b"260501000000000+\0"), 0x61),
        (submit(validity=b"10 minutes\0"), 0x62),
        (submit(validity=b"000000009900000R\0"), 0x62),
        (submit(registered=2), 0x07),
        (submit(replaces=1), 0x54),
        (submit(coding=4), 0x104),
        (submit(canned=1), 0x63),
        (submit(b""), 0x01),
        (submit(b"a" * 161), 0x01),
        (submit(b"a" * 255), 0x01),
        (submit(b"\x00a" * 71, coding=8), 0x01),
        (submit(length=200), 0x02),
        (submit(b"\x80"), 0x45),
        (submit(b"\x1b"), 0x45),
        (submit(b"\x1ba"), 0x45),
        (submit(b"\xd8\x00", coding=8), 0x45),
        (submit(parameters=parameter(0x1401, b"x")), 0xC1),
        (submit(parameters=parameter(0x0424, b"both")), 0x01),
        (submit(parameters=parameter(0x020C, b"\x01")), 0xC2),
        (submit(parameters=b"\x04\x24\x00\x09short"), 0xC0),
        (submit(parameters=parameter(0x020E, b"\x02")), 0xC3),
        (submit(parameters=sar(1, 2, 3)), 0xC4),
        (submit(parameters=sar(1, 1, 1)), 0xC4),
        (submit(b"\x05\x00\x03\x01\x02\x01hi", esm_class=0x40, parameters=sar(1, 2, 1)), 0xC1),
        (submit(b"\x06\x08\x04\x00\x01\x02\x01hi", esm_class=0x40), 0x45),
        (submit(b"\x05\x00\x03\x01\x02\x00hi", esm_class=0x40), 0xC4),
        (submit(b"\x05\x00\x03\x01\x02\x01" + b"a" * 154, esm_class=0x40), 0x01),
    ],
)
async def test_refuses_a_field_that_is_not_as_it_must_be(
    smsc: RunningSmsc, esme: Esme, body: bytes, status: int
) -> None:
    assert (await esme.ask(SUBMIT, body))[0] == status

    assert await smsc.messages() == []


@pytest.mark.parametrize(
    "body",
    [
        submit(source=(3, 0, "12345")),
        submit(source=(1, 1, "447700900001")),
        submit(validity=b"000000001000000R\0"),
        submit(validity=b"000000233000000R\0"),
        submit(validity=b"260501093000000+\0"),
        submit(b"a" * 160),
        submit(b"\x00a" * 70, coding=8),
        submit(b"", parameters=parameter(0x0424, b"a" * 400)),
    ],
)
async def test_takes_what_is_right(smsc: RunningSmsc, esme: Esme, body: bytes) -> None:
    assert (await esme.ask(SUBMIT, body))[0] == 0

    assert len(await smsc.messages()) == 1


@pytest.mark.parametrize("has_headers", [True, False])
async def test_joins_parts_in_whatever_order_they_come(
    smsc: RunningSmsc, esme: Esme, has_headers: bool
) -> None:
    for number, text in ((2, b"world"), (1, b"hello ")):
        header = bytes([5, 0, 3, 7, 2, number]) if has_headers else b""
        parameters = b"" if has_headers else sar(7, 2, number)
        body = submit(header + text, esm_class=0x40 * has_headers, parameters=parameters)
        assert (await esme.ask(SUBMIT, body))[0] == 0

    [message] = await smsc.messages()
    assert (message["text"], message["parts"]) == ("hello world", 2)


async def test_refuses_a_part_that_came_before(smsc: RunningSmsc, esme: Esme) -> None:
    body = submit(parameters=sar(7, 2, 1))

    assert (await esme.ask(SUBMIT, body))[0] == 0
    assert (await esme.ask(SUBMIT, body))[0] == 0xC4


async def test_refuses_more_than_its_window(smsc: RunningSmsc, esme: Esme) -> None:
    for _ in range(12):
        esme.write(SUBMIT, submit())
    statuses = [(await esme.read())[1] for _ in range(12)]

    assert sorted(statuses) == [0] * 10 + [0x58] * 2
    assert (await smsc.sessions())["peak"] == 10


async def test_reports_until_it_is_acknowledged(esme: Esme) -> None:
    await esme.ask(SUBMIT, submit(b"135790 is your code", registered=1))
    states = []
    for _ in range(4):
        command, _, number, body = await esme.read()
        assert command == DELIVER
        states.append(body.partition(b"stat:")[2][:7].decode())
        # The first one is refused for now, and comes again.
        esme.write(
            DELIVER | RESPONSE, b"\0", status=0 if len(states) > 1 else 0x64, sequence=number
        )
        if states[-1] == "DELIVRD":
            break

    assert states == ["ENROUTE", "ENROUTE", "DELIVRD"]
    assert body.startswith(b"\0\x01\x01" + TO.encode() + b"\0\x05\0Watchword\0\x04")


async def test_says_that_it_is_there_and_lets_go(smsc: RunningSmsc, esme: Esme) -> None:
    assert await esme.ask(ENQUIRE) == (0, b"")
    assert await esme.ask(UNBIND) == (0, b"")
    assert await esme.reader.read() == b""
    assert (await smsc.sessions())["bound"] == []


async def test_leaves_who_does_not_speak_smpp(esme: Esme) -> None:
    esme.writer.write(b"GET / HTTP/1.1\r\nHost: smsc\r\n\r\n")

    assert (await esme.read())[:2] == (RESPONSE, 0x02)
    assert await esme.reader.read() == b""


async def test_forgets_what_it_accepted(smsc: RunningSmsc, esme: Esme) -> None:
    await esme.ask(SUBMIT, submit())
    await smsc.forget()

    assert await smsc.messages() == []
