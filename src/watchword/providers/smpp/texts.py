"""A text as octets: the alphabets of 3GPP TS 23.038, and long texts in parts (TS 23.040, 9.2.3.24).

Nothing here is sent: what comes out are the fields of each `submit_sm`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from watchword.connector_kit.errors import TemplateRejected

# TS 23.038, 6.2.1: a character's place is its septet. The escape itself stands at 27.
BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
ESCAPE = 27
# 6.2.1.1: these take two septets, the escape and then the place.
EXTENSION = {
    "\f": 10, "^": 20, "{": 40, "}": 41, "\\": 47, "[": 60, "~": 61, "]": 62, "|": 64, "€": 101,
}  # fmt: skip
SEPTETS = {
    **{character: bytes([place]) for place, character in enumerate(BASIC) if place != ESCAPE},
    **{character: bytes([ESCAPE, place]) for character, place in EXTENSION.items()},
}
# 6.1.2.3.1: seven spare bits would read as one `@` more.
PADDING = 0x0D

# SMPP 3.4, 5.2.19.
DEFAULT_CODING, LATIN_1_CODING, UCS_2_CODING = 0, 3, 8
# 5.2.12: the text begins with a user data header.
HAS_HEADER = 0x40

MOST_PARTS = 255


class Alphabet(StrEnum):
    """How the SMSC reads texts without characters that need UCS-2."""

    GSM_7 = "gsm7"
    """Its default alphabet is GSM-7, one character in each octet."""
    GSM_7_PACKED = "gsm7Packed"
    """Its default alphabet is GSM-7, eight characters in seven octets."""
    LATIN_1_DEFAULT = "latin1Default"
    """Its default alphabet is Latin-1."""
    LATIN_1 = "latin1"
    """It has to be told that a text is Latin-1."""


class LongTexts(StrEnum):
    """How a text of more than one segment is handed over."""

    HEADERS = "udh"
    """In parts, each with the header that phones join them by."""
    SAR = "sar"
    """In parts, numbered in parameters of their own; the SMSC writes the headers."""
    PAYLOAD = "payload"
    """Whole; the SMSC cuts it."""


@dataclass(frozen=True)
class Part:
    """What one `submit_sm` carries of a text."""

    data_coding: int
    short_message: bytes = b""
    esm_class: int = 0
    message_payload: bytes | None = None
    sar: tuple[int, int, int] | None = None
    """Reference, number of parts, number of this part (5.3.2.22 to 5.3.2.24)."""


@dataclass(frozen=True)
class _Coded:
    """A text in the smallest units that must not be cut, and what goes into one segment."""

    coding: int
    units: Sequence[bytes]
    alone: int
    joined: int
    is_packed: bool = False

    def octets(self, units: Sequence[bytes], header: bytes = b"") -> bytes:
        text = b"".join(units)
        # After a header, characters begin at the next multiple of seven bits.
        spare = -len(header) * 8 % 7
        return header + (pack(text, spare) if self.is_packed else text)


def parts_of(text: str, alphabet: Alphabet, long_texts: LongTexts, reference: int) -> list[Part]:
    """Return what to submit for *text*; *reference* (0 to 255) tells its parts from other texts'.

    Raises TemplateRejected where the text is longer than phones can join.
    """
    coded = _coded(text, alphabet)
    if len(b"".join(coded.units)) <= coded.alone:
        return [Part(coded.coding, coded.octets(coded.units))]
    if long_texts is LongTexts.PAYLOAD:
        return [Part(coded.coding, message_payload=coded.octets(coded.units))]
    cuts = _cut(coded.units, coded.joined)
    if len(cuts) > MOST_PARTS:
        raise TemplateRejected(f"the text has {len(cuts)} parts; {MOST_PARTS} can be joined")
    numbered = list(enumerate(cuts, 1))
    if long_texts is LongTexts.SAR:
        return [
            Part(coded.coding, coded.octets(units), sar=(reference, len(cuts), number))
            for number, units in numbered
        ]
    return [
        Part(
            coded.coding,
            coded.octets(units, bytes([5, 0, 3, reference, len(cuts), number])),
            esm_class=HAS_HEADER,
        )
        for number, units in numbered
    ]


def _coded(text: str, alphabet: Alphabet) -> _Coded:
    if alphabet in {Alphabet.GSM_7, Alphabet.GSM_7_PACKED}:
        units = [SEPTETS.get(character) for character in text]
        if None not in units:
            known = [unit for unit in units if unit is not None]
            is_packed = alphabet is Alphabet.GSM_7_PACKED
            return _Coded(DEFAULT_CODING, known, 160, 153, is_packed)
    else:
        try:
            octets = text.encode("latin-1")
        except UnicodeEncodeError:
            pass
        else:
            coding = LATIN_1_CODING if alphabet is Alphabet.LATIN_1 else DEFAULT_CODING
            return _Coded(coding, [bytes([octet]) for octet in octets], 140, 134)
    # A character beyond the first 65,536 is a pair, which is one unit here.
    pairs = [character.encode("utf-16-be", "replace") for character in text]
    return _Coded(UCS_2_CODING, pairs, 140, 134)


def _cut(units: Sequence[bytes], size: int) -> list[list[bytes]]:
    cuts: list[list[bytes]] = [[]]
    used = 0
    for unit in units:
        if used + len(unit) > size:
            cuts.append([])
            used = 0
        cuts[-1].append(unit)
        used += len(unit)
    return cuts


def pack(septets: bytes, spare: int = 0) -> bytes:
    """Return septets bit by bit, the lowest first, after *spare* bits (TS 23.038, 6.1.2.1)."""
    bits = spare + 7 * len(septets)
    if -bits % 8 == 7:
        septets += bytes([PADDING])
    number = 0
    for position, septet in enumerate(septets):
        number |= septet << (spare + 7 * position)
    return number.to_bytes((spare + 7 * len(septets) + 7) // 8, "little")
