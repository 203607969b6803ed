"""Stand-ins for what a test must control: time, first of all."""

import asyncio
from datetime import UTC, datetime, timedelta

from watchword.connector_kit.models import ConnectorType
from watchword.connectors.models import SavedConnector
from watchword.core.clock import Clock


class FakeClock(Clock):
    """A clock that moves only when it is told to, or by `tick` whenever somebody looks."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 5, 1, 9, 0, tzinfo=UTC)
        self.tick = timedelta(0)
        self._sleepers: list[tuple[datetime, asyncio.Future[None]]] = []

    def now(self) -> datetime:
        """Return the set moment."""
        self.moment += self.tick
        return self.moment

    def advance(self, by: timedelta) -> None:
        """Let time pass."""
        self.moment += by
        for moment, sleeper in self._sleepers:
            if moment <= self.moment and not sleeper.done():
                sleeper.set_result(None)

    @property
    def sleeping(self) -> int:
        """Return how many wait for time to pass."""
        return sum(not sleeper.done() for _, sleeper in self._sleepers)

    async def sleep_until(self, moment: datetime) -> None:
        """Return once time was let pass up to *moment*."""
        if self.moment >= moment:
            return
        sleeper: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._sleepers.append((moment, sleeper))
        await sleeper


def saved_connector(
    id_: str, connector_id: str, type_: ConnectorType, at: datetime
) -> SavedConnector:
    """Return a connector without settings, saved at that moment and never tested."""
    return SavedConnector(
        id=id_,
        connector_id=connector_id,
        type=type_,
        config={},
        secrets={},
        metadata={},
        sync_profile=False,
        version=1,
        tested_at=None,
        receipt_token="token",
        created_at=at,
        updated_at=at,
    )
