"""Moments on the wire."""

from datetime import UTC, datetime

from watchword.core.moments import iso_of, milliseconds, moment_of

NOON = datetime(2026, 3, 1, 12, 0, 0, 45_678, UTC)


def test_a_moment_is_written_to_the_millisecond_and_read_back() -> None:
    assert milliseconds(NOON) == 1_772_366_400_045
    assert moment_of(1_772_366_400_045) == NOON.replace(microsecond=45_000)
    assert iso_of(NOON) == "2026-03-01T12:00:00.045Z"
