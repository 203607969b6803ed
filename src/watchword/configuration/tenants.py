"""Tenants come and go: made, renamed and deleted by the operators of the server."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from watchword.audit.models import Actor
from watchword.audit.service import AuditService
from watchword.core.ports import is_free
from watchword.core.revisions import ChangedMeanwhile, require_unchanged
from watchword.storage import Storage
from watchword.tenants.errors import (
    InvalidTenantPort,
    TenantInUse,
    TenantNameMistyped,
    TenantPortInUse,
    TenantPortNotPossible,
)
from watchword.tenants.models import PORTS, Tenant, TenantTag, allows_ports, resolve
from watchword.tenants.service import TenantDirectory


@dataclass(frozen=True, kw_only=True)
class TenantAdministration:
    """Makes and deletes tenants; the default tenant's audit log, which stays, tells of both."""

    storage: Storage
    directory: TenantDirectory
    audit: AuditService
    public_url: str

    async def create(
        self,
        actor: Actor,
        tenant_id: str,
        name: str,
        tag: TenantTag,
        host: str | None = None,
        *,
        port: int | None = None,
    ) -> Tenant:
        """Add a tenant with nothing in it; raises what speaks against id, name, domain or port.

        The server listens on the port from its next start on.
        """
        if port is not None:
            self._check_port(port, tag, host)
        if host and resolve(host, await self.directory.list(), self.public_url) is not None:
            raise TenantInUse(host[:255])
        async with self.storage.transaction() as tx:
            tenant = await self.directory.create(tenant_id, name, tag, host, tx, port=port)
            # A request that outlived a deleted tenant of this id may have left something.
            await self.directory.empty(tenant_id, tx)
            await self.audit.record(
                "tenant.created",
                actor,
                subject=f"tenant:{tenant_id}",
                payload={"name": tenant.name, "tag": tag, "host": tenant.host, "port": tenant.port},
                tx=tx,
            )
        return tenant

    def _check_port(self, port: int, tag: TenantTag, host: str | None) -> None:
        if tag is TenantTag.PRODUCTION or host or not allows_ports(self.public_url):
            raise TenantPortNotPossible(str(port))
        if port not in PORTS:
            raise InvalidTenantPort(str(port))
        # The server's own is refused also where the server does not run just now.
        if port == urlsplit(self.public_url).port or not is_free(port):
            raise TenantPortInUse(str(port))

    async def rename(
        self, actor: Actor, tenant_id: str, name: str, *, seen: str | None = None
    ) -> None:
        """Call a tenant otherwise; its address stays.

        Raises ChangedMeanwhile where its name is not the one that was *seen*.
        """
        async with self.storage.transaction() as tx:
            before = await self.directory.bump_stamp(tenant_id, tx)
            if seen is not None and seen != before.name:
                raise ChangedMeanwhile
            await self.directory.rename(tenant_id, name, tx)
            await self.audit.record(
                "tenant.renamed",
                actor,
                subject=f"tenant:{tenant_id}",
                payload={"before": before.name, "after": name.strip()},
                tx=tx,
            )

    async def delete(
        self, actor: Actor, tenant_id: str, typed: str, *, seen: str | None = None
    ) -> None:
        """Delete a tenant and everything in it, for good, if its id was typed.

        Raises TenantNameMistyped, DefaultTenantNotDeletable, TenantNotFound, and ChangedMeanwhile
        where it is not in the state that was *seen*.
        """
        if typed != tenant_id:
            raise TenantNameMistyped(tenant_id)
        async with self.storage.transaction() as tx:
            if seen is not None:
                require_unchanged((await self.directory.bump_stamp(tenant_id, tx)).shown, seen)
            await self.directory.delete(tenant_id, tx)
            await self.audit.record("tenant.deleted", actor, subject=f"tenant:{tenant_id}", tx=tx)
