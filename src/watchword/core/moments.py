"""Moments as the contract writes them: milliseconds since 1970, or ISO 8601."""

from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)


def milliseconds(moment: datetime) -> int:
    """Return a moment as the contract's numbers are.

    Never a later one than it was: whoever asks for what is from then on wants to find it.
    """
    return (moment - EPOCH) // MILLISECOND


def moment_of(milliseconds: float) -> datetime:
    """Read a moment that is such a number; raises OverflowError where no calendar goes."""
    return EPOCH + milliseconds * MILLISECOND


def iso_of(moment: datetime) -> str:
    """Return a moment in UTC as the contract's texts are: to the millisecond."""
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03}Z"
