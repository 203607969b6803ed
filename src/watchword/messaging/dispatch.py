"""The sendings under way in this process, and how long a process holds a message."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta

from watchword.core.errors import DomainError
from watchword.core.ids import new_id
from watchword.core.logs import get_logger
from watchword.messaging.models import MessageState, Sent
from watchword.messaging.sessions import Sessions

log = get_logger(__name__)

# A queued row belongs to the process that wrote it for this long; then any may send it.
QUEUED_LEASE = timedelta(seconds=5)
# Longer than the kit ever waits for a provider, so a lease that ran out has no sender left.
SENDING_LEASE = timedelta(seconds=30)


@dataclass
class Dispatch:
    """The sendings under way in this process; shared by all tenants, so that a stop waits for all.

    `holder` names the process in leases.
    """

    holder: str = field(default_factory=new_id)
    sessions: Sessions = field(default_factory=Sessions)
    _running: set["asyncio.Task[Sent]"] = field(default_factory=set, init=False, repr=False)

    def start(self, sending: Callable[[], Awaitable[Sent]]) -> "asyncio.Task[Sent]":
        """Run *sending* whatever becomes of the request that asked for it."""
        task = asyncio.create_task(_to_the_end(sending))
        # The event loop itself keeps only weak references to tasks.
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task

    async def drain(self, within: timedelta) -> int:
        """Wait for what is under way and return how many are left; a successor finishes those."""
        if not self._running:
            return 0
        _, left = await asyncio.wait(self._running, timeout=within.total_seconds())
        return len(left)


async def _to_the_end(sending: Callable[[], Awaitable[Sent]]) -> Sent:
    try:
        return await sending()
    except DomainError as error:
        # Storage is gone, or a key: the row keeps its state, its lease runs out, and the sweeper
        # decides.
        log.warning("message_left_to_the_sweeper", code=error.code, detail=error.detail)
    except Exception:
        log.exception("message_left_to_the_sweeper")
    return Sent(MessageState.UNKNOWN)
