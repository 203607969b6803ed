"""A tenant's colour on its pages, moved as little as legibility allows."""

import re
from dataclasses import dataclass

HEX = re.compile(r"#(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6})")
READABLE = 4.5
"""The contrast of text with its background: WCAG 2.2, 1.4.3 (AA)."""

LIGHT_SURFACE = "#ffffff"
DARK_SURFACE = "#18191c"
WHITE = "#ffffff"
NEAR_BLACK = "#0c0d0e"

Rgb = tuple[int, int, int]


@dataclass(frozen=True)
class Accent:
    """A colour for buttons and links, and the colour of text on it."""

    accent: str
    on_accent: str


def accent_on(surface: str, wanted: str | None) -> Accent | None:
    """Return *wanted* made readable on *surface*; None where there is no such colour."""
    if not wanted or not HEX.fullmatch(wanted):
        return None
    background = _parse(surface)
    # Towards black on a light page and towards white on a dark one, in twentieths.
    target = (0, 0, 0) if _luminance(background) > 0.5 else (255, 255, 255)
    colour = _parse(wanted)
    for step in range(21):
        mixed = _mix(colour, target, step / 20)
        if _contrast(mixed, background) >= READABLE:
            break
    return Accent(_hex(mixed), _text_on(mixed))


def contrast(first: str, second: str) -> float:
    """Return the contrast ratio of two colours: WCAG 2.2, definition of contrast ratio."""
    return _contrast(_parse(first), _parse(second))


def _text_on(background: Rgb) -> str:
    return max((WHITE, NEAR_BLACK), key=lambda text: _contrast(_parse(text), background))


def _parse(text: str) -> Rgb:
    digits = text[1:]
    if len(digits) == 3:
        digits = "".join(digit * 2 for digit in digits)
    return int(digits[:2], 16), int(digits[2:4], 16), int(digits[4:], 16)


def _hex(colour: Rgb) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)


def _mix(colour: Rgb, target: Rgb, share: float) -> Rgb:
    red, green, blue = (
        round(own + (other - own) * share) for own, other in zip(colour, target, strict=True)
    )
    return red, green, blue


def _luminance(colour: Rgb) -> float:
    red, green, blue = (_linear(channel / 255) for channel in colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else float(((channel + 0.055) / 1.055) ** 2.4)


def _contrast(first: Rgb, second: Rgb) -> float:
    brighter, darker = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (brighter + 0.05) / (darker + 0.05)
