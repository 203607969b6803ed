"""A tenant's colour stays readable."""

import pytest

from watchword.web.pages.colours import (
    DARK_SURFACE,
    LIGHT_SURFACE,
    READABLE,
    Accent,
    accent_on,
    contrast,
)

COLOURS = ["#6139F6", "#ffe100", "#000", "#fff", "#0b6e4f", "#ff8800", "#7f7f7f"]


@pytest.mark.parametrize("surface", [LIGHT_SURFACE, DARK_SURFACE])
@pytest.mark.parametrize("colour", COLOURS)
@pytest.mark.proves("S85")
def test_any_colour_becomes_readable_as_link_and_as_button(surface: str, colour: str) -> None:
    corrected = accent_on(surface, colour)

    assert corrected is not None
    assert contrast(corrected.accent, surface) >= READABLE
    assert contrast(corrected.accent, corrected.on_accent) >= READABLE


def test_a_readable_colour_is_left_alone() -> None:
    assert accent_on(LIGHT_SURFACE, "#0B6E4F") == Accent("#0b6e4f", "#ffffff")


@pytest.mark.parametrize("text", [None, "", "green", "#12", "#12345g", "red;}body{"])
def test_what_is_no_colour_never_reaches_the_style(text: str | None) -> None:
    assert accent_on(LIGHT_SURFACE, text) is None
