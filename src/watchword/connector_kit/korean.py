"""What Korean carriers count: bytes of EUC-KR, not septets, and only the letters it has."""

from collections.abc import Iterable

from watchword.connector_kit.config import ConfigWarning
from watchword.connector_kit.segments import Segments
from watchword.connector_kit.templates import TextTemplate

SHORT = 90
"""Bytes of one SMS; a longer text becomes an LMS, which costs more."""
LONG = 2000
"""Bytes of one LMS."""


def size_of(text: str) -> int:
    """Return the bytes that carriers count: two for a Hangul syllable, one for a Latin letter."""
    return sum(1 if character.isascii() else 2 for character in text)


def unsupported(text: str) -> str | None:
    """Return the first character that EUC-KR lacks, such as an emoji; None where it has all."""
    return next((character for character in text if not _is_supported(character)), None)


def count_bytes(text: str) -> Segments:
    """Return what a text costs in Korea: it goes out whole, as an SMS or an LMS."""
    size = size_of(text)
    return Segments("EUC-KR", 1, size, SHORT if size <= SHORT else LONG, unsupported(text))


def warn_of_letters(templates: Iterable[TextTemplate]) -> list[ConfigWarning]:
    """Return a warning where a text has a character that carriers refuse."""
    odd = next(filter(None, (unsupported(template.content) for template in templates)), None)
    if odd is None:
        return []
    shape = {
        "en": f"letters that EUC-KR has; carriers refuse a text with {odd}",
        "ko": f"EUC-KR에 있는 글자. {odd} 글자가 있으면 문자가 발송되지 않습니다",
    }
    return [ConfigWarning("templates", shape)]


def _is_supported(character: str) -> bool:
    # Python spells syllables outside KS X 1001 with eight bytes, which no phone puts together.
    return 0 < len(character.encode("euc_kr", "ignore")) <= 2
