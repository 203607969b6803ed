"""The units of SMPP 3.4, read with code of the emulator's own and checked field by field."""

import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass

# SMPP 3.4, 5.1.2.1 and 5.1.3.
GENERIC_NACK, UNBIND, ENQUIRE_LINK, DELIVER_SM, SUBMIT_SM = 0x80000000, 6, 0x15, 5, 4
BINDS = {1: "receiver", 2: "transmitter", 9: "transceiver"}
RESPONSE = 0x80000000
OK, INVMSGLEN, INVCMDLEN, INVCMDID, INVBNDSTS, ALYBND = 0, 1, 2, 3, 4, 5
INVPRTFLG, INVREGDLVFLG, SYSERR, INVSRCADR, INVDSTADR = 6, 7, 8, 0x0A, 0x0B
BINDFAIL, INVPASWD, INVSYSID, INVSERTYP, INVESMCLASS = 0x0D, 0x0E, 0x0F, 0x15, 0x43
SUBMITFAIL, INVSRCTON, INVSRCNPI, INVDSTTON, INVDSTNPI = 0x45, 0x48, 0x49, 0x50, 0x51
INVREPFLAG, THROTTLED, INVSCHED, INVEXPIRY, INVDFTMSGID = 0x54, 0x58, 0x61, 0x62, 0x63
INVOPTPARSTREAM, OPTPARNOTALLWD, INVPARLEN = 0xC0, 0xC1, 0xC2
MISSINGOPTPARAM, INVOPTPARAMVAL, INVDCS, NO_BALANCE = 0xC3, 0xC4, 0x104, 0x401

HEADER = struct.Struct(">IIII")
LARGEST = 4096
# 5.3.2, and how long each may be.
PAYLOAD, SAR_REFERENCE, SAR_TOTAL, SAR_NUMBER = 0x0424, 0x020C, 0x020E, 0x020F
RECEIPTED_ID, MESSAGE_STATE = 0x001E, 0x0427
LENGTHS = {SAR_REFERENCE: (2, 2), SAR_TOTAL: (1, 1), SAR_NUMBER: (1, 1), PAYLOAD: (1, 64_000)}
STATES = {"ENROUTE": 1, "DELIVRD": 2, "UNDELIV": 5}
# 7.1.1.
DURATION = re.compile(r"0000[0-3]\d[01]\d[0-5]\d[0-5]\d000R|0000[0-3]\d2[0-3][0-5]\d[0-5]\d000R")
MOMENT = re.compile(r"\d\d[01]\d[0-3]\d[0-2]\d[0-5]\d[0-5]\d\d\d\d[+-]")

SENDERS = frozenset({"Watchword", "12345", "447700900001"})

# TS 23.038, 6.2.1 in columns of sixteen, as the specification prints it.
GSM_COLUMNS = (
    "@£$¥èéùìòÇ\nØø\rÅå",
    "Δ_ΦΓΛΩΠΨΣΘΞ\0ÆæßÉ",
    " !\"#¤%&'()*+,-./",
    "0123456789:;<=>?",
    "¡ABCDEFGHIJKLMNO",
    "PQRSTUVWXYZÄÖÑÜ§",
    "¿abcdefghijklmno",
    "pqrstuvwxyzäöñüà",
)
GSM_ESCAPED = {
    0x0A: "\f", 0x14: "^", 0x28: "{", 0x29: "}", 0x2F: "\\",
    0x3C: "[", 0x3D: "~", 0x3E: "]", 0x40: "|", 0x65: "€",
}  # fmt: skip


@dataclass
class Refused(Exception):
    """Ends a request with this status."""

    status: int


class Reader:
    """Reads a unit's body from front to back."""

    def __init__(self, body: bytes) -> None:
        self.body = body
        self.place = 0

    def octet(self) -> int:
        """Read a number of one octet."""
        return self.octets(1)[0]

    def octets(self, count: int) -> bytes:
        """Read so many octets."""
        taken = self.body[self.place : self.place + count]
        if len(taken) < count:
            raise Refused(INVCMDLEN)
        self.place += count
        return taken

    def string(self, longest: int, status: int = INVPARLEN) -> str:
        """Read up to a NUL, which counts towards *longest*."""
        end = self.body.find(b"\0", self.place)
        if end < 0 or end - self.place + 1 > longest:
            raise Refused(status)
        text = self.body[self.place : end]
        self.place = end + 1
        if not text.isascii():
            raise Refused(status)
        return text.decode("ascii")

    def parameters(self) -> dict[int, bytes]:
        """Read the optional parameters, which end the body."""
        found: dict[int, bytes] = {}
        while self.place < len(self.body):
            tag, length = struct.unpack(">HH", self.octets(4))
            if tag not in LENGTHS or tag in found:
                raise Refused(OPTPARNOTALLWD)
            shortest, longest = LENGTHS[tag]
            if not shortest <= length <= longest:
                raise Refused(INVPARLEN)
            if self.place + length > len(self.body):
                raise Refused(INVOPTPARSTREAM)
            found[tag] = self.octets(length)
        return found


@dataclass(frozen=True)
class Submitted:
    """A `submit_sm` whose fields are all as they must be."""

    sender: str
    to: str
    content: bytes
    """Without a header."""
    coding: int
    part: tuple[int, int, int] | None
    """Reference, parts altogether, number of this one."""
    has_header: bool
    is_whole: bool
    """In `message_payload`."""
    wants_receipt: bool
    validity: str


def read_submission(body: bytes) -> Submitted:
    """Read and check a `submit_sm`; raises Refused."""
    reader = Reader(body)
    if reader.string(6, INVSERTYP):
        raise Refused(INVSERTYP)
    sender = _source(reader.octet(), reader.octet(), reader.string(21, INVSRCADR))
    to = _destination(reader.octet(), reader.octet(), reader.string(21, INVDSTADR))
    esm_class, protocol, priority = reader.octets(3)
    scheduled = reader.string(17, INVSCHED)
    validity = reader.string(17, INVEXPIRY)
    registered, replaces, coding, canned, length = reader.octets(5)
    text = reader.octets(length)
    parameters = reader.parameters()
    for is_broken, status in (
        (esm_class not in {0, 0x40}, INVESMCLASS),
        (protocol != 0, SUBMITFAIL),
        (priority > 3, INVPRTFLG),
        (scheduled != "", INVSCHED),
        (validity and not (DURATION.fullmatch(validity) or MOMENT.fullmatch(validity)), INVEXPIRY),
        (registered > 1, INVREGDLVFLG),
        (replaces != 0, INVREPFLAG),
        (coding not in {0, 3, 8}, INVDCS),
        (canned != 0, INVDFTMSGID),
        (length > 254 or (length == 0) != (PAYLOAD in parameters), INVMSGLEN),
    ):
        if is_broken:
            raise Refused(status)
    content, part = _part(esm_class, text, parameters)
    return Submitted(
        sender,
        to,
        content,
        coding,
        part,
        has_header=esm_class == 0x40,
        is_whole=PAYLOAD in parameters,
        wants_receipt=registered == 1,
        validity=validity,
    )


def _source(kind: int, plan: int, address: str) -> str:
    is_name = re.fullmatch(r"(?=.*[A-Za-z])[A-Za-z0-9 &+_.-]{1,11}", address)
    is_short = re.fullmatch(r"\d{3,8}", address)
    is_number = re.fullmatch(r"[1-9]\d{6,14}", address)
    expected = {5: (0, is_name), 3: (0, is_short), 1: (1, is_number)}
    if kind not in expected:
        raise Refused(INVSRCTON)
    wanted_plan, is_right = expected[kind]
    if plan != wanted_plan:
        raise Refused(INVSRCNPI)
    if not is_right or address not in SENDERS:
        raise Refused(INVSRCADR)
    return address


def _destination(kind: int, plan: int, address: str) -> str:
    if kind != 1:
        raise Refused(INVDSTTON)
    if plan != 1:
        raise Refused(INVDSTNPI)
    if not re.fullmatch(r"[1-9]\d{6,14}", address):
        raise Refused(INVDSTADR)
    return address


def _part(
    esm_class: int, text: bytes, parameters: Mapping[int, bytes]
) -> tuple[bytes, tuple[int, int, int] | None]:
    sar = [parameters.get(tag) for tag in (SAR_REFERENCE, SAR_TOTAL, SAR_NUMBER)]
    if any(sar) and (not all(sar) or esm_class == 0x40 or PAYLOAD in parameters):
        raise Refused(MISSINGOPTPARAM if not all(sar) else OPTPARNOTALLWD)
    part = None
    if all(sar):
        reference, total, number = (int.from_bytes(value or b"", "big") for value in sar)
        part = (reference, total, number)
    elif esm_class == 0x40:
        # TS 23.040, 9.2.3.24.1: six octets, of which the first counts the other five.
        if len(text) <= 6 or text[:3] != b"\x05\x00\x03":
            raise Refused(SUBMITFAIL)
        part, text = (text[3], text[4], text[5]), text[6:]
    if part and not 1 <= part[2] <= part[1] != 1:
        raise Refused(INVOPTPARAMVAL)
    return parameters.get(PAYLOAD, text), part


def decode(content: bytes, coding: int) -> str:
    """Return what a phone would show; raises Refused for what no phone can read."""
    if coding == 8:
        try:
            return content.decode("utf-16-be")
        except UnicodeDecodeError:
            raise Refused(SUBMITFAIL) from None
    if coding == 3:
        return content.decode("latin-1")
    text, is_escaped = "", False
    for octet in content:
        if octet > 0x7F or (is_escaped and octet not in GSM_ESCAPED):
            raise Refused(SUBMITFAIL)
        if is_escaped:
            text += GSM_ESCAPED[octet]
        elif octet != 0x1B:
            text += GSM_COLUMNS[octet >> 4][octet & 15]
        is_escaped = octet == 0x1B and not is_escaped
    if is_escaped:
        raise Refused(SUBMITFAIL)
    return text


def fits(submitted: Submitted) -> bool:
    """Tell whether the content is no longer than what one segment holds."""
    # One segment has 140 octets, of which a header takes six, and with GSM-7 one bit more.
    if submitted.is_whole:
        return True
    is_part = submitted.part is not None
    longest = 134 if is_part else 140
    if submitted.coding == 0:
        longest = 153 if is_part else 160
    return len(submitted.content) <= longest
