"""What a text costs: its encoding and its segments. 3GPP TS 23.038."""

from dataclasses import dataclass
from typing import Literal

# 3GPP TS 23.038, 6.2.1 and 6.2.1.1.
GSM_7 = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM_7_EXTENSION = frozenset("\f^{}\\[~]|€")


@dataclass(frozen=True)
class Segments:
    """What a text costs: every segment is paid for."""

    encoding: Literal["GSM-7", "UCS-2", "EUC-KR"]
    count: int
    """Messages that carriers send, and charge for."""
    units: int
    """Septets of GSM-7, UTF-16 units, or bytes of EUC-KR."""
    per_segment: int
    """Units that fit into each segment of this text."""
    forcing_character: str | None
    """The first character that GSM-7 lacks, which makes the whole text UCS-2; of those that EUC-KR
    lacks, which carriers refuse."""


def count_segments(text: str) -> Segments:
    """Return how a text is encoded and how many segments it takes."""
    forcing = next((c for c in text if c not in GSM_7 and c not in GSM_7_EXTENSION), None)
    if forcing is None:
        sizes = [2 if character in GSM_7_EXTENSION else 1 for character in text]
        return _packed("GSM-7", sizes, 160, 153, None)
    sizes = [2 if ord(character) > 0xFFFF else 1 for character in text]
    return _packed("UCS-2", sizes, 70, 67, forcing)


def _packed(
    encoding: Literal["GSM-7", "UCS-2"],
    sizes: list[int],
    alone: int,
    joined: int,
    forcing: str | None,
) -> Segments:
    units = sum(sizes)
    if units <= alone:
        return Segments(encoding, 1, units, alone, forcing)
    # An escaped character or a surrogate pair is never cut in two.
    count, used = 1, 0
    for size in sizes:
        if used + size > joined:
            count, used = count + 1, 0
        used += size
    return Segments(encoding, count, units, joined, forcing)
