"""Stand-ins for what a test must control: time, first of all."""

from datetime import UTC, datetime, timedelta

from watchword.core.clock import Clock


class FakeClock(Clock):
    """A clock that moves only when it is told to, or by `tick` whenever somebody looks."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 5, 1, 9, 0, tzinfo=UTC)
        self.tick = timedelta(0)

    def now(self) -> datetime:
        """Return the set moment."""
        self.moment += self.tick
        return self.moment

    def advance(self, by: timedelta) -> None:
        """Let time pass."""
        self.moment += by
