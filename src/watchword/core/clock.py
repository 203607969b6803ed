"""The time, as something a test can set."""

import asyncio
from datetime import UTC, datetime


class Clock:
    """Tells the time in UTC."""

    def now(self) -> datetime:
        """Return the present moment, in UTC."""
        return datetime.now(UTC)

    async def sleep_until(self, moment: datetime) -> None:
        """Return at *moment*, or at once where it has passed."""
        # A timer may fire a little early, and what waits for a moment must not come before it.
        while (left := (moment - self.now()).total_seconds()) > 0:  # noqa: ASYNC110  # time is all
            await asyncio.sleep(left)
