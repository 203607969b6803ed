"""The deliveries of this process: one line for each webhook, so that none waits for another's."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta

from watchword.connector_kit.outbound import OutboundClient
from watchword.core.errors import DomainError
from watchword.core.ids import new_id
from watchword.core.logs import get_logger

log = get_logger(__name__)

AT_ONCE = 4
"""How many requests one webhook is sent at the same time."""
# Together fewer than the client has connections, so that no line waits for another's in there.
QUICK_LINES = 16
SLOW_LINES = 30

Key = tuple[str, str]
"""Tenant and webhook."""


@dataclass(frozen=True)
class Batch:
    """What came of a few deliveries that were posted together."""

    sent: int = 0
    failed: int = 0


Deliver = Callable[[int], Awaitable[Batch]]


@dataclass
class Courier:
    """Posts what is due, line by line; shared by all tenants.

    A receiver that failed gets one request at a time, among others that failed, until it takes one:
    whoever is slow or gone takes no turn from those who answer.
    """

    client: OutboundClient
    holder: str = field(default_factory=new_id)
    """Names the process in leases."""
    _running: "dict[Key, asyncio.Task[None]]" = field(default_factory=dict, init=False, repr=False)
    _again: dict[Key, Deliver] = field(default_factory=dict, init=False, repr=False)
    _failing: set[Key] = field(default_factory=set, init=False, repr=False)
    _quick: asyncio.Semaphore = field(
        default_factory=lambda: asyncio.Semaphore(QUICK_LINES), init=False, repr=False
    )
    _slow: asyncio.Semaphore = field(
        default_factory=lambda: asyncio.Semaphore(SLOW_LINES), init=False, repr=False
    )
    _is_stopping: bool = field(default=False, init=False)

    def start(self, key: Key, deliver: Deliver) -> None:
        """Post what is due for a webhook, from now on until nothing is."""
        if self._is_stopping:
            return
        if key in self._running:
            # It may have looked just before this was written.
            self._again[key] = deliver
            return
        self._running[key] = asyncio.create_task(self._line(key, deliver))

    async def settle(self, within: timedelta) -> int:
        """Wait until nothing is under way, and return how many lines are left."""
        loop = asyncio.get_running_loop()
        until = loop.time() + within.total_seconds()
        while self._running and (left := until - loop.time()) > 0:
            await asyncio.wait({*self._running.values()}, timeout=left)
        return len(self._running)

    async def drain(self, within: timedelta) -> int:
        """Begin nothing new, wait for what is under way, and return how many lines are left.

        What is not finished then is posted once more by whoever comes next.
        """
        self._is_stopping = True
        left = await self.settle(within)
        for task in self._running.values():
            task.cancel()
        await asyncio.gather(*self._running.values(), return_exceptions=True)
        return left

    async def _line(self, key: Key, deliver: Deliver) -> None:
        try:
            while not self._is_stopping and await self._goes_on(key, deliver):
                deliver = self._again.pop(key, deliver)
        except DomainError as error:
            # The database is gone, or a key: the lease runs out, and another round begins.
            log.warning("deliveries_left_to_the_sweeper", code=error.code, detail=error.detail)
        except Exception:
            log.exception("deliveries_left_to_the_sweeper")
        finally:
            del self._running[key]
            self._again.pop(key, None)

    async def _goes_on(self, key: Key, deliver: Deliver) -> bool:
        is_failing = key in self._failing
        async with self._slow if is_failing else self._quick:
            batch = await deliver(1 if is_failing else AT_ONCE)
        if batch.failed:
            # What else is due waits for the sweeper: it would only fail, too.
            self._failing.add(key)
            return False
        if batch.sent:
            self._failing.discard(key)
        return batch.sent > 0 or key in self._again
