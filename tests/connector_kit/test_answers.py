"""Statuses and Retry-After."""

from datetime import UTC, datetime, timedelta

import httpx2
import pytest

from watchword.connector_kit import errors
from watchword.connector_kit.answers import error_of_status, retry_after

NOW = datetime(2026, 5, 1, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("0", timedelta()),
        ("120", timedelta(seconds=120)),
        (" 5 ", timedelta(seconds=5)),
        ("Fri, 01 May 2026 09:01:00 GMT", timedelta(seconds=60)),
        ("Fri, 01 May 2026 08:00:00 GMT", timedelta()),
        ("9" * 9, timedelta(days=1)),
        ("9" * 5000, timedelta(days=1)),
        ("-5", None),
        ("soon", None),
        ("", None),
        ("٣", None),
    ],
)
def test_reads_retry_after(value: str, expected: timedelta | None) -> None:
    response = httpx2.Response(429, headers=[(b"Retry-After", value.encode())])

    assert retry_after(response, NOW) == expected


@pytest.mark.parametrize(
    ("status", "expected", "acts"),
    [
        (400, errors.ProviderRejected, "us"),
        (401, errors.InvalidCredentials, "administrator"),
        (402, errors.InsufficientBalance, "administrator"),
        (403, errors.InvalidCredentials, "administrator"),
        (404, errors.ProviderSettingsRefused, "administrator"),
        (302, errors.ProviderSettingsRefused, "administrator"),
        (408, errors.ProviderThrottled, "nobody"),
        (429, errors.ProviderThrottled, "nobody"),
        (500, errors.ProviderUnavailable, "nobody"),
    ],
)
def test_a_status_says_who_must_act(
    status: int, expected: type[errors.ConnectorError], acts: str
) -> None:
    error = error_of_status(httpx2.Response(status, text="why"))

    assert type(error) is expected
    assert error.acts == acts
    assert error.words == f"HTTP {status}: why"


def test_every_error_class_has_a_name_of_its_own_in_both_languages() -> None:
    from watchword.core.phrases import Phrases

    phrases = Phrases.load()
    found = all_below(errors.ConnectorError)
    for error in found:
        for language in ("en", "ko"):
            catalogue = phrases.languages[language]
            assert f"connector_kit.error_class.{error.error_class}" in catalogue
            assert f"errors.{error.code}" in catalogue


def all_below(error: type[errors.ConnectorError]) -> set[type[errors.ConnectorError]]:
    return {error}.union(*(all_below(child) for child in error.__subclasses__()))
