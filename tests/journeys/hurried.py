"""`watchword`, for which time passes many times as fast: waiting for hours takes a test seconds.

HURRIED_SINCE=<seconds since 1970> HURRIED_RATE=100 python hurried.py serve --port …
"""

import asyncio
import os
import time
from datetime import UTC, datetime

import watchword.app
from watchword.cli import main
from watchword.core.clock import Clock

SINCE = float(os.environ["HURRIED_SINCE"])
RATE = float(os.environ["HURRIED_RATE"])


class HurriedClock(Clock):
    """Tells the same hurried time in every process that began with the same settings."""

    def now(self) -> datetime:
        """Return how late it is where time passes faster."""
        return datetime.fromtimestamp(SINCE + (time.time() - SINCE) * RATE, UTC)

    async def sleep_until(self, moment: datetime) -> None:
        """Return at *moment*."""
        while (left := (moment - self.now()).total_seconds()) > 0:  # noqa: ASYNC110
            await asyncio.sleep(left / RATE)


# Where the composition root takes its clock from.
setattr(watchword.app, "Clock", HurriedClock)  # noqa: B010  # a name it only imported

if __name__ == "__main__":
    main()
