"""The sessions that this process holds: one for each connector that keeps a connection open.

Whoever has a connector's lease opens its session, sends what all processes queue for it, and gives
the reports that come back to their messages. The lease keeps a provider from seeing two log-ins at
once; that nothing is sent twice rests on the messages' rows alone.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Collection, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from watchword.connector_kit.errors import ConnectorError, ProviderUnavailable
from watchword.connector_kit.models import ConnectorType, DeliveryReport
from watchword.connector_kit.session import SessionConnector
from watchword.connectors.models import SavedConnector
from watchword.connectors.service import ConnectorService
from watchword.core.clock import Clock
from watchword.core.ids import new_id
from watchword.core.logs import get_logger
from watchword.messaging.errors import ConnectorDefect
from watchword.storage.leases import Leases

log = get_logger(__name__)

ApplyReports = Callable[[str, Sequence[DeliveryReport]], Awaitable[object]]

SESSION_LEASE = timedelta(seconds=10)
RENEWED_AFTER = timedelta(seconds=2)
# As many reports are on their way into the database at once.
APPLIERS = 8
APPLY_AGAIN = timedelta(seconds=1)
# A session that lived as long was no mistake, and after it we begin to count anew.
SETTLED = timedelta(seconds=10)


@dataclass(frozen=True)
class Backoff:
    """How long to wait before a session is opened again."""

    shortest: timedelta = timedelta(milliseconds=500)
    longest: timedelta = timedelta(minutes=1)
    after_refusal: timedelta = timedelta(seconds=20)
    """Where only the administrator can help: some providers lock accounts that keep on asking."""

    def after(self, failures: int, error: ConnectorError) -> timedelta:
        """Return the wait after so many failures; of many processes, each waits another while."""
        # Doubled for each failure; a large exponent would overflow long before it mattered.
        wait = self.shortest * 2.0 ** min(failures - 1, 16)
        if error.acts == "administrator":
            wait = max(wait, self.after_refusal)
        return min(wait, self.longest) * secrets.SystemRandom().uniform(0.5, 1)


@dataclass
class Sessions:
    """The sessions of this process, by tenant; shared by all tenants."""

    holder: str = field(default_factory=new_id)
    """Names the process in leases."""
    backoff: Backoff = field(default_factory=Backoff)
    _held: "dict[str, HeldSession]" = field(default_factory=dict, init=False, repr=False)

    def find(self, tenant_id: str, saved: SavedConnector) -> SessionConnector[Any] | None:
        """Return the connector whose session is open here, or about to be; None if not here."""
        held = self._held.get(tenant_id)
        return held.connector if held is not None and held.is_of(saved) else None

    def are_elsewhere(self, connectors: ConnectorService, saved: SavedConnector | None) -> bool:
        """Tell whether messages have to be left to the process that holds the session."""
        return (
            saved is not None
            and needs_session(connectors, saved)
            and self.find(connectors.tenant.id, saved) is None
        )

    async def keep(
        self, connectors: ConnectorService, leases: Leases, apply_reports: ApplyReports
    ) -> bool:
        """Hold the session of the tenant's connector where the lease is to be had.

        True where this process holds it: then it is the one to send what is queued. To be called
        again and again, since a lease has to be renewed and others let theirs go.
        """
        tenant_id = connectors.tenant.id
        saved = await connectors.active(ConnectorType.SMS)
        held = self._held.get(tenant_id)
        if held is not None and (saved is None or not held.is_of(saved)):
            await self._let_go(tenant_id)
            held = None
        if saved is None or not needs_session(connectors, saved):
            return False
        now = connectors.clock.now()
        if held is not None and now < held.lease_until - SESSION_LEASE + RENEWED_AFTER:
            return True
        if not await self._has_lease(held, saved, leases, now):
            await self._let_go(tenant_id)
            return False
        if held is None:
            connector = connectors.build(saved)
            assert isinstance(connector, SessionConnector)
            held = HeldSession(
                saved,
                connector,
                leases=leases,
                clock=connectors.clock,
                sessions=self,
                apply_reports=apply_reports,
            )
            self._held[tenant_id] = held
        held.lease_until = now + SESSION_LEASE
        return True

    async def close_others(self, tenant_ids: Collection[str]) -> None:
        """Let go of the sessions of tenants that are not among these."""
        for tenant_id in [*self._held.keys() - set(tenant_ids)]:
            await self._let_go(tenant_id)

    async def close(self) -> None:
        """Log out everywhere, so that another process can log in at once."""
        await self.close_others(())

    async def _has_lease(
        self, held: "HeldSession | None", saved: SavedConnector, leases: Leases, now: datetime
    ) -> bool:
        try:
            return await leases.take(lease_of(saved), self.holder, now, now + SESSION_LEASE)
        except Exception:
            # Without the database nobody can tell who holds it, and by now it may be another one.
            if held is not None and now >= held.lease_until:
                return False
            raise

    async def _let_go(self, tenant_id: str) -> None:
        held = self._held.pop(tenant_id, None)
        if held is not None:
            await held.close()


class HeldSession:
    """One connector's session: opened, opened again whenever it is lost, and at last closed."""

    def __init__(
        self,
        saved: SavedConnector,
        connector: SessionConnector[Any],
        *,
        leases: Leases,
        clock: Clock,
        sessions: Sessions,
        apply_reports: ApplyReports,
    ) -> None:
        self.saved = saved
        self.connector = connector
        self.lease_until = clock.now()
        self._leases = leases
        self._holder = sessions.holder
        self._clock = clock
        self._backoff = sessions.backoff
        self._apply_reports = apply_reports
        self._log = log.bind(connector=saved.connector_id, instance=saved.id)
        self._keeping = asyncio.create_task(self._keep_open())

    def is_of(self, saved: SavedConnector) -> bool:
        """Tell whether it was opened with exactly this set-up."""
        return (self.saved.id, self.saved.version) == (saved.id, saved.version)

    async def close(self) -> None:
        """Log out, and let go of the lease."""
        self._keeping.cancel()
        await asyncio.gather(self._keeping, return_exceptions=True)
        await self.connector.close()
        now = self._clock.now()
        try:
            # A lease that ends now is one that anybody may take.
            await self._leases.take(lease_of(self.saved), self._holder, now, now)
        except Exception as error:
            # It runs out by itself.
            self._log.warning("session_lease_kept", error=type(error).__name__)

    async def _keep_open(self) -> None:
        failures = 0
        loop = asyncio.get_running_loop()
        while True:
            try:
                await self.connector.open()
            except ConnectorError as error:
                loss = error
            except Exception as error:
                # The connector's own code; without its text, which may quote a secret.
                loss = ConnectorDefect(type(error).__name__)
            else:
                opened = loop.time()
                self._log.info("session_opened")
                await self._give_reports()
                if loop.time() - opened >= SETTLED.total_seconds():
                    failures = -1
                loss = ProviderUnavailable("the session was lost")
            failures += 1
            wait = self._backoff.after(failures, loss)
            self._log.warning(
                "session_not_open",
                error_class=loss.error_class,
                detail=loss.words,
                wait=round(wait.total_seconds(), 1),
            )
            await asyncio.sleep(wait.total_seconds())

    async def _give_reports(self) -> None:
        async with asyncio.TaskGroup() as group:
            for _ in range(APPLIERS):
                group.create_task(self._give_each())
        await self.connector.ended()

    async def _give_each(self) -> None:
        is_done = False
        while not is_done:
            try:
                async with aclosing(self.connector.receipts()) as reports:
                    async for report in reports:
                        await self._apply_reports(self.saved.id, [report])
                is_done = True
            except Exception as error:
                # The provider was asked to report again.
                self._log.warning("report_not_applied", error=type(error).__name__)
                await asyncio.sleep(APPLY_AGAIN.total_seconds())
                is_done = not self.connector.is_open


def needs_session(connectors: ConnectorService, saved: SavedConnector) -> bool:
    """Tell whether a connector keeps a connection open."""
    try:
        return isinstance(connectors.build(saved), SessionConnector)
    except Exception:
        # Whoever sends says what is wrong with it.
        return False


def lease_of(saved: SavedConnector) -> str:
    """Return the name of the lease on a connector's session; ids are longer than names may be."""
    return f"session:{sha256(saved.id.encode()).hexdigest()[:32]}"
