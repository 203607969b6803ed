"""What runs beside requests: learning of changes, finishing messages, throwing old rows away."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from watchword.core.ids import new_id
from watchword.web.scope import ServerScope, TenantScope

log = structlog.get_logger(__name__)

REFRESH = timedelta(seconds=1)
SWEEP = timedelta(seconds=5)
PURGE = timedelta(minutes=10)
PURGE_LEASE = timedelta(minutes=5)


@dataclass(frozen=True)
class Retention:
    """How long finished rows are kept."""

    messages: timedelta
    audit: timedelta


@asynccontextmanager
async def background(server: ServerScope, retention: Retention) -> AsyncIterator[None]:
    """Run the tasks for the length of the block; at the end, let messages on their way finish."""
    holder = new_id()
    tasks = [
        asyncio.create_task(_every(REFRESH, server.refresh)),
        asyncio.create_task(_every(SWEEP, lambda: _sweep(server))),
        asyncio.create_task(_every(PURGE, lambda: purge(server, retention, holder))),
    ]
    try:
        yield
    finally:
        server.is_stopping = True
        for task in tasks:
            task.cancel()
        for task in tasks:
            with suppress(asyncio.CancelledError):
                await task


async def _every(interval: timedelta, work: Callable[[], Awaitable[object]]) -> None:
    while True:
        await asyncio.sleep(interval.total_seconds())
        try:
            await work()
        except Exception as error:
            # The database may be gone for a while; the next round tries again.
            log.warning("background_task_failed", error=type(error).__name__, detail=str(error))


async def _sweep(server: ServerScope) -> None:
    for tenant_id in list(server.tenants):
        scope = await server.scope_of(tenant_id)
        taken = await scope.messaging.take_over_lapsed()
        if taken:
            log.info("messages_taken_over", tenant=tenant_id, count=taken)


async def purge(server: ServerScope, retention: Retention, holder: str) -> None:
    """Delete what is past its time, in one process at a time for each tenant."""
    now = server.clock.now()
    for tenant_id in list(server.tenants):
        scope = await server.scope_of(tenant_id)
        if await scope.leases.take("purge", holder, now, now + PURGE_LEASE):
            await purge_tenant(scope, retention, now)
    await server.operators.purge(now)


async def purge_tenant(scope: TenantScope, retention: Retention, now: datetime) -> None:
    """Delete one tenant's rows that are past their time."""
    await scope.guard.purge(now)
    await scope.lockout.purge(now)
    await scope.verification.purge(now)
    await scope.interactions.purge(now)
    await scope.oidc.purge(now)
    await scope.messaging.purge(now - retention.messages)
    await scope.audit.purge(now - retention.audit)
