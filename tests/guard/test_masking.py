"""What the audit log may hold of an identifier that somebody gave."""

import pytest

from watchword.guard.models import masked_identifier


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("447700900123", "+44 77•• ••0123"),
        ("+44 7700 900123", "+44 77•• ••0123"),
        ("Alice@Example.com", "a•••@example.com"),
        ("alice", "alice"),
        ("Alice1990", "alice1990"),
        ("alice447700900123", "alice•••"),
        ("Alice, +44 (7700) 900-123", "alice, +•••"),
        # A code that was typed into the wrong field, and parts of numbers.
        ("123456", "•••56"),
        ("0123-45", "•••45"),
        ("12 34", "•••"),
        ("7", "•••"),
        ("00 00 00 00 00 00 00 00 00", "•••00"),
        ("", ""),
        ("--", "--"),
    ],
)
def test_nothing_whole_of_a_number_or_a_code_is_kept(given: str, kept: str) -> None:
    assert masked_identifier(given) == kept
