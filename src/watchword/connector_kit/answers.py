"""What an HTTP status says where the provider's own code says nothing."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TypeVar

import httpx2

from watchword.connector_kit.errors import (
    AnswerLost,
    ConnectorError,
    InsufficientBalance,
    InvalidCredentials,
    ProviderRejected,
    ProviderSettingsRefused,
    ProviderThrottled,
    ProviderTimeout,
    ProviderUnavailable,
    UnreadableAnswer,
)

Answer = TypeVar("Answer")
LONGEST_WAIT = timedelta(days=1)

ERRORS: dict[int, type[ConnectorError]] = {
    401: InvalidCredentials,
    402: InsufficientBalance,
    403: InvalidCredentials,
    404: ProviderSettingsRefused,
    405: ProviderSettingsRefused,
    410: ProviderSettingsRefused,
    # Something in front of the provider lost the answer: it may have worked behind it.
    502: AnswerLost,
    504: ProviderTimeout,
}


def error_of_status(response: httpx2.Response, words: str = "") -> ConnectorError:
    """Return the error that an unsuccessful answer's status stands for."""
    status = response.status_code
    words = words or f"HTTP {status}: {response.text}".strip(": ")
    if status in {408, 429}:
        return ProviderThrottled(words, retry_after=retry_after(response))
    if status in ERRORS:
        return ERRORS[status](words)
    if status >= 500:
        return ProviderUnavailable(words)
    # We follow no redirects: whoever answers with one is not at the address we were given.
    return ProviderSettingsRefused(words) if 300 <= status < 400 else ProviderRejected(words)


def read_by(read: Callable[[httpx2.Response], Answer], response: httpx2.Response) -> Answer:
    """Return what *read* makes of the answer; raises ConnectorError for a shape it can't read."""
    try:
        return read(response)
    except (ValueError, LookupError, TypeError, AttributeError):
        # Not the shape that the connector expects: then the status says what there is to say.
        error = error_of_status(response) if not response.is_success else UnreadableAnswer()
        error.words = error.words or f"HTTP {response.status_code}: {response.text}"
    raise error


def retry_after(response: httpx2.Response, now: datetime | None = None) -> timedelta | None:
    """Read Retry-After, seconds or a date (RFC 9110, 10.2.3); None if absent or nonsense."""
    value = response.headers.get("Retry-After", "").strip()
    if value.isascii() and value.isdigit():
        # Python refuses to read a number of thousands of digits.
        wait = timedelta(seconds=int(value)) if len(value) < 10 else LONGEST_WAIT
    else:
        try:
            wait = parsedate_to_datetime(value) - (now or datetime.now(UTC))
        except (ValueError, TypeError):
            return None
    return min(max(wait, timedelta()), LONGEST_WAIT)
