"""Moments as the contract writes them: milliseconds since 1970, or ISO 8601."""

from datetime import UTC, datetime


def milliseconds(moment: datetime) -> int:
    """Return a moment as the contract's numbers are."""
    return round(moment.timestamp() * 1000)


def moment_of(milliseconds: float) -> datetime:
    """Read a moment that is such a number."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def iso_of(moment: datetime) -> str:
    """Return a moment in UTC as the contract's texts are: to the millisecond."""
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03}Z"
