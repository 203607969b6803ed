"""What runs beside requests: learning of changes, finishing messages, throwing old rows away."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from watchword.audit.models import SYSTEM
from watchword.connector_kit.models import ConnectorType
from watchword.core.ids import new_id
from watchword.core.logs import get_logger
from watchword.messaging.models import Channel
from watchword.pictures.models import addresses_of
from watchword.scopes.server import ServerScope
from watchword.scopes.tenant import TenantScope
from watchword.storage import StorageUnavailable

log = get_logger(__name__)

# Often enough that a change is seen everywhere within a second of its commit.
REFRESH = timedelta(milliseconds=500)
SWEEP = timedelta(seconds=5)
PICTURES = timedelta(seconds=1)
PICTURES_LEASE = timedelta(seconds=30)
SESSIONS = timedelta(milliseconds=500)
HEALTH = timedelta(minutes=1)
PURGE = timedelta(minutes=10)
PURGE_LEASE = timedelta(minutes=5)


@dataclass(frozen=True)
class Retention:
    """How long finished rows are kept."""

    messages: timedelta
    audit: timedelta
    configuration: timedelta


@asynccontextmanager
async def background(server: ServerScope, retention: Retention) -> AsyncIterator[None]:
    """Run the tasks for the length of the block; at the end, let messages on their way finish."""
    holder = new_id()
    tasks = [
        asyncio.create_task(_every(REFRESH, server.refresh)),
        asyncio.create_task(_every(SWEEP, lambda: sweep(server))),
        asyncio.create_task(_every(SESSIONS, lambda: keep_sessions(server))),
        asyncio.create_task(_every(PICTURES, lambda: fetch_pictures(server, holder))),
        asyncio.create_task(_every(HEALTH, lambda: watch_connectors(server, holder))),
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


async def _one_by_one(
    server: ServerScope, work: Callable[[TenantScope], Awaitable[object]]
) -> None:
    for tenant_id in list(server.tenants):
        await _of_tenant(server, tenant_id, work)


async def _at_once(server: ServerScope, work: Callable[[TenantScope], Awaitable[object]]) -> None:
    tenants = list(server.tenants)
    # All of them to the end: the next round must not begin beside a part of this one.
    ended = await asyncio.gather(
        *(_of_tenant(server, tenant_id, work) for tenant_id in tenants), return_exceptions=True
    )
    for error in filter(None, ended):
        raise error


async def _of_tenant(
    server: ServerScope, tenant_id: str, work: Callable[[TenantScope], Awaitable[object]]
) -> None:
    """Do a tenant's part; what is wrong with one tenant stops nothing of another's."""
    try:
        await work(await server.scope_of(tenant_id))
    except StorageUnavailable:
        # Nor would the others find the database.
        raise
    except Exception as error:
        log.warning(
            "background_task_failed",
            tenant=tenant_id,
            error=type(error).__name__,
            detail=str(error),
        )


async def sweep(server: ServerScope) -> None:
    """Finish what a lost process left, and give early reports to their messages."""

    async def finish(scope: TenantScope) -> None:
        taken = await scope.messaging.take_over_lapsed()
        if taken:
            log.info("messages_taken_over", tenant=scope.tenant.id, count=taken)
        await scope.messaging.reports.match_early()
        await scope.webhooks.start_due()

    await _one_by_one(server, finish)


async def keep_sessions(server: ServerScope) -> None:
    """Hold the sessions that are this process's to hold, and send what others queued for them."""
    sessions = server.dispatch.sessions

    async def keep(scope: TenantScope) -> None:
        messaging = scope.messaging
        if await sessions.keep(scope.connectors, scope.leases, messaging.reports.apply):
            await messaging.take_over_queued(Channel.SMS)

    await sessions.close_others(server.tenants)
    # One tenant's provider that is slow to log out must not keep the others waiting.
    await _at_once(server, keep)


async def fetch_pictures(server: ServerScope, holder: str) -> None:
    """Fetch the pictures that pages want, in one process at a time for each tenant."""

    async def fetch(scope: TenantScope) -> None:
        now = server.clock.now()
        if scope.pictures.wanted:
            lease = partial(scope.leases.take, "pictures", holder, now, now + PICTURES_LEASE)
            await scope.pictures.fetch_wanted(lease)

    # One tenant's host that answers slowly must not keep the others waiting.
    await _at_once(server, fetch)


async def watch_connectors(server: ServerScope, holder: str) -> None:
    """Judge how the connectors do, in one process at a time for each tenant."""
    now = server.clock.now()

    async def watch(scope: TenantScope) -> None:
        if not await scope.leases.take("health", holder, now, now + 2 * HEALTH):
            return
        for saved in await scope.connectors.list():
            # Nothing is sent through those that people sign in with.
            if saved.type is not ConnectorType.SOCIAL:
                await scope.health.watch(saved)
        await watch_trial(scope)

    await _one_by_one(server, watch)


async def watch_trial(scope: TenantScope) -> None:
    """Stop a trial that does badly: whoever is part of it can't choose another connector."""
    trial = scope.connectors.running_trial
    if trial is None:
        return
    health = await scope.health.watch(trial.saved)
    if health.reason is not None:
        await scope.configuration.trials.stop(SYSTEM, trial.saved.id, health.reason)


async def purge(server: ServerScope, retention: Retention, holder: str) -> None:
    """Delete what is past its time, in one process at a time for each tenant."""
    now = server.clock.now()

    async def throw_away(scope: TenantScope) -> None:
        if await scope.leases.take("purge", holder, now, now + PURGE_LEASE):
            await purge_tenant(scope, retention, now)

    await _one_by_one(server, throw_away)
    await server.operators.purge(now)


async def purge_tenant(scope: TenantScope, retention: Retention, now: datetime) -> None:
    """Delete one tenant's rows that are past their time."""
    await scope.guard.purge(now)
    await scope.lockout.purge(now)
    await scope.fixed_numbers.purge(now)
    await scope.verification.purge(now)
    await scope.social.purge(now)
    await scope.interactions.purge(now)
    await scope.oidc.purge(now)
    await scope.messaging.purge(now - retention.messages)
    await scope.messaging.reports.purge_early()
    await scope.deliveries.purge(now)
    named = [scope.settings.document()["branding"], *await scope.organizations.brandings()]
    await scope.pictures.purge(set().union(*map(addresses_of, named)), now)
    await scope.audit.purge(now - retention.audit)
    await scope.versions.purge(now - retention.configuration)
