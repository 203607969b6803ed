"""The time, as something a test can set."""

from datetime import UTC, datetime


class Clock:
    """Tells the time in UTC."""

    def now(self) -> datetime:
        """Return the present moment, in UTC."""
        return datetime.now(UTC)
