"""Tenants come and go: made, renamed and deleted by the operators of the server."""

from dataclasses import dataclass

from watchword.audit.models import Actor
from watchword.audit.service import AuditService
from watchword.storage import Storage
from watchword.tenants.errors import TenantInUse, TenantNameMistyped
from watchword.tenants.models import Tenant, TenantTag, resolve
from watchword.tenants.service import TenantDirectory


@dataclass(frozen=True, kw_only=True)
class TenantAdministration:
    """Makes and deletes tenants; the default tenant's audit log, which stays, tells of both."""

    storage: Storage
    directory: TenantDirectory
    audit: AuditService
    public_url: str

    async def create(
        self, actor: Actor, tenant_id: str, name: str, tag: TenantTag, host: str | None = None
    ) -> Tenant:
        """Add a tenant with nothing in it; raises what speaks against id, name or domain."""
        if host and resolve(host, await self.directory.list(), self.public_url) is not None:
            raise TenantInUse(host[:255])
        async with self.storage.transaction() as tx:
            tenant = await self.directory.create(tenant_id, name, tag, host, tx)
            # A request that outlived a deleted tenant of this id may have left something.
            await self.directory.empty(tenant_id, tx)
            await self.audit.record(
                "tenant.created",
                actor,
                subject=f"tenant:{tenant_id}",
                payload={"name": tenant.name, "tag": tag, "host": tenant.host},
                tx=tx,
            )
        return tenant

    async def rename(self, actor: Actor, tenant_id: str, name: str) -> None:
        """Call a tenant otherwise; its address stays."""
        async with self.storage.transaction() as tx:
            before = await self.directory.bump_stamp(tenant_id, tx)
            await self.directory.rename(tenant_id, name, tx)
            await self.audit.record(
                "tenant.renamed",
                actor,
                subject=f"tenant:{tenant_id}",
                payload={"before": before.name, "after": name.strip()},
                tx=tx,
            )

    async def delete(self, actor: Actor, tenant_id: str, typed: str) -> None:
        """Delete a tenant and everything in it, for good, if its id was typed.

        Raises TenantNameMistyped, DefaultTenantNotDeletable or TenantNotFound.
        """
        if typed != tenant_id:
            raise TenantNameMistyped(tenant_id)
        async with self.storage.transaction() as tx:
            await self.directory.delete(tenant_id, tx)
            await self.audit.record("tenant.deleted", actor, subject=f"tenant:{tenant_id}", tx=tx)
