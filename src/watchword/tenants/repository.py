"""The tenants' rows."""

from typing import Any

from sqlalchemy import bindparam, delete, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from watchword.storage import Row, ServerRepository, TenantRepository
from watchword.storage.schema import (
    SERVER_TABLES,
    applications,
    connectors,
    metadata,
    organization_roles,
    organizations,
    resources,
    tenants,
    webhooks,
)
from watchword.tenants.models import Tenant, TenantTag

LIST = select(tenants).order_by(tenants.c.id)
FIND = select(tenants).where(tenants.c.id == bindparam("id"))
VALUES: dict[str, Any] = {column.name: bindparam(column.name) for column in tenants.c}
INSERT = insert(tenants).values(VALUES)
INSERT_IF_MISSING = upsert(tenants).values(VALUES).on_conflict_do_nothing()
BUMP = (
    update(tenants)
    .where(tenants.c.id == bindparam("id_"))
    .values(configuration_stamp=tenants.c.configuration_stamp + 1)
    .returning(tenants)
)
SET_TAG = (
    update(tenants)
    .where(tenants.c.id == bindparam("id_"))
    .values(tag=bindparam("tag"), configuration_stamp=tenants.c.configuration_stamp + 1)
)
SET_NAME = (
    update(tenants)
    .where(tenants.c.id == bindparam("id_"))
    .values(name=bindparam("name"), configuration_stamp=tenants.c.configuration_stamp + 1)
)
DELETE = delete(tenants).where(tenants.c.id == bindparam("id_"))
# What others point to goes last.
EMPTY = tuple(
    delete(table).where(table.c.tenant_id == bindparam("tenant_id_"))
    for table in reversed(metadata.sorted_tables)
    if table.name not in SERVER_TABLES
)

# Not stronger than what changes of the configuration hold, which they may hold already.
LOCK = (
    select(tenants.c.id)
    .where(tenants.c.id == bindparam("tenant_id"))
    .with_for_update(key_share=True)
)
HELD = {
    table.name: select(func.count().label("held"))
    .select_from(table)
    .where(table.c.tenant_id == bindparam("tenant_id"))
    for table in (applications, resources, webhooks, organizations, organization_roles)
} | {
    # Retired ones are kept for late receipts, and may come back.
    connectors.name: select(func.count().label("held"))
    .select_from(connectors)
    .where(connectors.c.tenant_id == bindparam("tenant_id"), connectors.c.retired_at.is_(None))
}


class HoldingRows(TenantRepository):
    """Counts what one tenant holds, with nobody else making more of it meanwhile."""

    async def lock(self) -> None:
        """Let others who ask the same wait until this transaction ends."""
        await self.first(LOCK)

    async def count(self, table: str) -> int:
        """Return how many rows of a table the tenant holds."""
        row = await self.first(HELD[table])
        return int(row["held"]) if row else 0


class TenantRows(ServerRepository):
    """Reads and writes the tenants."""

    async def list(self) -> list[Tenant]:
        """Return every tenant, by id."""
        return [_tenant(row) for row in await self.all(LIST)]

    async def find(self, tenant_id: str) -> Tenant | None:
        """Return a tenant, or None."""
        row = await self.first(FIND, id=tenant_id)
        return _tenant(row) if row else None

    async def add(self, tenant: Tenant) -> None:
        """Write a new tenant; raises StorageConflict."""
        await self.run(INSERT, **vars(tenant))

    async def add_if_missing(self, tenant: Tenant) -> None:
        """Write the tenant unless its id is taken."""
        await self.run(INSERT_IF_MISSING, **vars(tenant))

    async def bump(self, tenant_id: str) -> Tenant | None:
        """Move the stamp on and return the tenant; in a transaction, others wait for it."""
        row = await self.first(BUMP, id_=tenant_id)
        return _tenant(row) if row else None

    async def set_tag(self, tenant_id: str, tag: TenantTag) -> int:
        """Change what a tenant is for."""
        return await self.run(SET_TAG, id_=tenant_id, tag=tag)

    async def set_name(self, tenant_id: str, name: str) -> int:
        """Change what a tenant is called."""
        return await self.run(SET_NAME, id_=tenant_id, name=name)

    async def delete(self, tenant_id: str) -> int:
        """Forget a tenant; its own rows are emptied apart."""
        return await self.run(DELETE, id_=tenant_id)

    async def empty(self, tenant_id: str) -> None:
        """Delete every row of every table that a tenant owns."""
        for statement in EMPTY:
            await self.run(statement, tenant_id_=tenant_id)


def _tenant(row: Row) -> Tenant:
    return Tenant(**{**row, "tag": TenantTag(row["tag"])})
