"""The list of tenants."""

import builtins
from dataclasses import dataclass

from watchword.core.clock import Clock
from watchword.storage import Database
from watchword.storage.database import StorageConflict
from watchword.tenants.errors import (
    DefaultTenantNotDeletable,
    InvalidTenantHost,
    InvalidTenantId,
    InvalidTenantName,
    InvalidTenantPort,
    TenantInUse,
    TenantNotFound,
    TenantPortInUse,
)
from watchword.tenants.models import (
    DEFAULT_TENANT_ID,
    LONGEST_NAME,
    PORTS,
    TENANT_HOST,
    TENANT_ID,
    Tenant,
    TenantTag,
    resolve,
)
from watchword.tenants.repository import TenantRows

__all__ = ["TenantDirectory", "resolve"]


@dataclass(frozen=True)
class TenantDirectory:
    """Knows every tenant of this server."""

    rows: TenantRows
    clock: Clock

    @classmethod
    def of(cls, storage: Database, clock: Clock) -> "TenantDirectory":
        """Return the directory of the tenants in *storage*."""
        return cls(TenantRows(storage), clock)

    async def list(self) -> builtins.list[Tenant]:
        """Return every tenant; there are few."""
        return await self.rows.list()

    async def get(self, tenant_id: str) -> Tenant:
        """Return a tenant; raises TenantNotFound."""
        tenant = await self.rows.find(tenant_id)
        if tenant is None:
            raise TenantNotFound(tenant_id)
        return tenant

    async def create(
        self,
        tenant_id: str,
        name: str,
        tag: TenantTag,
        host: str | None = None,
        tx: Database | None = None,
        *,
        port: int | None = None,
    ) -> Tenant:
        """Add a tenant; raises what speaks against id, name, domain or port, or …InUse."""
        if not TENANT_ID.fullmatch(tenant_id):
            raise InvalidTenantId(tenant_id)
        host = host.lower() if host else None
        if host is not None and not TENANT_HOST.fullmatch(host):
            raise InvalidTenantHost(host[:255])
        if port is not None and port not in PORTS:
            raise InvalidTenantPort(str(port))
        tenant = self._new(tenant_id, checked_name(name), tag, host, port)
        rows = self.rows if tx is None else self.rows.within(tx)
        try:
            await rows.add(tenant)
        except StorageConflict as conflict:
            # PostgreSQL names the index, SQLite the column.
            if "port" in conflict.constraint:
                raise TenantPortInUse(str(port)) from None
            raise TenantInUse(tenant_id) from None
        return tenant

    async def ensure_default(self, tag: TenantTag, name: str = "Default") -> Tenant:
        """Return the default tenant, made at the first start; an existing one keeps its tag."""
        await self.rows.add_if_missing(self._new(DEFAULT_TENANT_ID, name, tag))
        return await self.get(DEFAULT_TENANT_ID)

    async def bump_stamp(self, tenant_id: str, tx: Database) -> Tenant:
        """Say that a tenant's configuration changes; other changes of it wait until *tx* ends."""
        tenant = await self.rows.within(tx).bump(tenant_id)
        if tenant is None:
            raise TenantNotFound(tenant_id)
        return tenant

    async def set_tag(self, tenant_id: str, tag: TenantTag, tx: Database | None = None) -> None:
        """Change what a tenant is for; `configuration` checks that it may."""
        rows = self.rows if tx is None else self.rows.within(tx)
        if not await rows.set_tag(tenant_id, tag):
            raise TenantNotFound(tenant_id)

    async def rename(self, tenant_id: str, name: str, tx: Database) -> None:
        """Call a tenant otherwise; raises InvalidTenantName or TenantNotFound."""
        if not await self.rows.within(tx).set_name(tenant_id, checked_name(name)):
            raise TenantNotFound(tenant_id)

    async def empty(self, tenant_id: str, tx: Database) -> None:
        """Delete everything that a tenant owns."""
        await self.rows.within(tx).empty(tenant_id)

    async def delete(self, tenant_id: str, tx: Database) -> None:
        """Delete a tenant and all it owns; raises DefaultTenantNotDeletable or TenantNotFound."""
        if tenant_id == DEFAULT_TENANT_ID:
            raise DefaultTenantNotDeletable
        # First: whoever changes its configuration waits, and then finds no tenant.
        if not await self.rows.within(tx).delete(tenant_id):
            raise TenantNotFound(tenant_id)
        await self.empty(tenant_id, tx)

    def _new(
        self,
        tenant_id: str,
        name: str,
        tag: TenantTag,
        host: str | None = None,
        port: int | None = None,
    ) -> Tenant:
        return Tenant(tenant_id, name, tag, host, 0, self.clock.now(), port)


def checked_name(name: str) -> str:
    """Return a tenant's name without blanks around it; raises InvalidTenantName."""
    name = name.strip()
    if not 1 <= len(name) <= LONGEST_NAME or not name.isprintable():
        raise InvalidTenantName(name[:LONGEST_NAME])
    return name
