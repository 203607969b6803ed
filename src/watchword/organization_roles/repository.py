"""The rows of one tenant's organization roles and scopes."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Executable, String, Table, bindparam, delete, insert, select
from sqlalchemy.dialects.postgresql import insert as upsert

from watchword.core.pagination import Page, PageRequest
from watchword.organization_roles.models import (
    Named,
    OrganizationRole,
    OrganizationScope,
    RoleType,
)
from watchword.storage import Row
from watchword.storage.lists import each_of
from watchword.storage.pages import (
    TENANT,
    THIS,
    PagedRepository,
    columns_of,
    find_in,
    listing,
    matching,
    pattern_of,
)
from watchword.storage.schema import (
    organization_role_resource_scopes,
    organization_role_scopes,
    organization_roles,
    organization_scopes,
)

r, s = organization_roles.c, organization_scopes.c
rs, rrs = organization_role_scopes.c, organization_role_resource_scopes.c


def _insert(table: Table) -> Executable:
    return insert(table).values({column.name: bindparam(column.name) for column in table.columns})


ADD_ROLE, ADD_SCOPE = _insert(organization_roles), _insert(organization_scopes)
FIND_ROLE, FIND_SCOPE = find_in(organization_roles), find_in(organization_scopes)
LOCK_ROLE, LOCK_SCOPE = FIND_ROLE.with_for_update(), FIND_SCOPE.with_for_update()
DELETE_ROLE = delete(organization_roles).where(r.tenant_id == TENANT, r.id == THIS)
DELETE_SCOPE = delete(organization_scopes).where(s.tenant_id == TENANT, s.id == THIS)
ROLES = select(*columns_of(organization_roles)).where(r.tenant_id == TENANT)
ALL_ROLES = listing(ROLES, r.name)
FOUND_ROLES = listing(ROLES.where(matching(r.id, r.name, r.description)), r.name)
SCOPES = select(*columns_of(organization_scopes)).where(s.tenant_id == TENANT)
ALL_SCOPES = listing(SCOPES, s.name)
FOUND_SCOPES = listing(SCOPES.where(matching(s.name)), s.name)

_each_role, _each_scope, _each_name = each_of("role_ids"), each_of("scope_ids"), each_of("names")
ROLES_BY_NAME = select(r.id, r.name).where(
    r.tenant_id == TENANT, r.name.in_(select(_each_name.c.value))
)
SCOPES_BY_NAME = (
    select(s.name)
    .where(s.tenant_id == TENANT, s.name.in_(select(_each_name.c.value)))
    .order_by(s.name)
)
ROLES_FOR_MACHINES = (
    select(r.id)
    .where(
        r.tenant_id == TENANT,
        r.id.in_(select(_each_role.c.value)),
        r.type != RoleType.USER.value,
    )
    .limit(1)
)

_role = bindparam("role_id", type_=String)
_of_role = (rs.tenant_id == TENANT, rs.role_id == _role)
SCOPE_NAMES = (
    select(rs.role_id, s.id, s.name)
    .where(
        rs.tenant_id == TENANT,
        rs.role_id.in_(select(_each_role.c.value)),
        s.tenant_id == TENANT,
        s.id == rs.scope_id,
    )
    .order_by(s.name)
)
RESOURCE_SCOPE_IDS = (
    select(rrs.role_id, rrs.scope_id)
    .where(rrs.tenant_id == TENANT, rrs.role_id.in_(select(_each_role.c.value)))
    .order_by(rrs.scope_id)
)
ROLE_SCOPES = listing(
    select(*columns_of(organization_scopes)).where(
        *_of_role, s.tenant_id == TENANT, s.id == rs.scope_id
    ),
    s.name,
    count=select(rs.scope_id).where(*_of_role),
)


def _add_scopes(table: Table) -> Executable:
    return (
        upsert(table)
        .from_select(
            ["tenant_id", "role_id", "scope_id"],
            # Without a condition SQLite would take `ON CONFLICT` for a join's.
            select(TENANT, _role, _each_scope.c.value).where(_each_scope.c.value.is_not(None)),
        )
        .on_conflict_do_nothing()
        .returning(table.c.scope_id)
    )


ADD_ROLE_SCOPES = _add_scopes(organization_role_scopes)
ADD_ROLE_RESOURCE_SCOPES = _add_scopes(organization_role_resource_scopes)
KEEP_ROLE_SCOPES = (
    delete(organization_role_scopes)
    .where(*_of_role, rs.scope_id.not_in(select(_each_scope.c.value)))
    .returning(rs.scope_id)
)
REMOVE_ROLE_SCOPE = delete(organization_role_scopes).where(
    *_of_role, rs.scope_id == bindparam("scope_id")
)


class RoleRows(PagedRepository):
    """A tenant's organization roles, and what they allow."""

    async def find(self, id: str) -> OrganizationRole | None:
        """Return the role, or None."""
        row = await self.first(FIND_ROLE, id_=id)
        return role_of(row) if row else None

    async def lock(self, id: str) -> OrganizationRole | None:
        """Return the role, or None; nobody else changes it before the transaction ends."""
        row = await self.first(LOCK_ROLE, id_=id)
        return role_of(row) if row else None

    async def add(self, role: OrganizationRole) -> None:
        """Insert the row; raises StorageConflict."""
        await self.run(ADD_ROLE, **{**vars(role), "type": role.type.value})

    async def change(self, id: str, columns: Mapping[str, Any]) -> OrganizationRole | None:
        """Write these columns and return the row, or None; raises StorageConflict."""
        row = await self.change_row(organization_roles, id, columns)
        return role_of(row) if row else None

    async def delete(self, id: str) -> int:
        """Delete the row, and take the role from whoever has it."""
        return await self.run(DELETE_ROLE, id_=id)

    async def list(self, page: PageRequest, search: str) -> Page[OrganizationRole]:
        """Return one page, by name."""
        if search:
            rows, total = await self.page(FOUND_ROLES, page, pattern=pattern_of(search))
        else:
            rows, total = await self.page(ALL_ROLES, page)
        return Page([role_of(row) for row in rows], total, page)

    async def by_name(self, names: Sequence[str]) -> Sequence[Named]:
        """Return the roles that have one of these names."""
        return [Named(**row) for row in await self.all(ROLES_BY_NAME, names=[*names])]

    async def are_for_machines(self, ids: Sequence[str]) -> bool:
        """Tell whether one of these roles is for machines only."""
        return await self.first(ROLES_FOR_MACHINES, role_ids=[*ids]) is not None

    async def scope_names(self, ids: Sequence[str]) -> Mapping[str, tuple[Named, ...]]:
        """Return what each role allows, by role."""
        return grouped("role_id", await self.all(SCOPE_NAMES, role_ids=[*ids]))

    async def resource_scope_ids(self, ids: Sequence[str]) -> Mapping[str, tuple[str, ...]]:
        """Return which scopes of API resources each role has, by role."""
        found: dict[str, tuple[str, ...]] = defaultdict(tuple)
        for row in await self.all(RESOURCE_SCOPE_IDS, role_ids=[*ids]):
            found[row["role_id"]] += (row["scope_id"],)
        return found

    async def scopes(self, id: str, page: PageRequest) -> Page[OrganizationScope]:
        """Return one page of what a role allows, by name."""
        rows, total = await self.page(ROLE_SCOPES, page, role_id=id)
        return Page([OrganizationScope(**row) for row in rows], total, page)

    async def add_scopes(self, id: str, scope_ids: Sequence[str]) -> Sequence[str]:
        """Let a role allow more, and return what is new; raises StorageReferenceMissing."""
        rows = await self.all(ADD_ROLE_SCOPES, role_id=id, scope_ids=[*scope_ids])
        return [row["scope_id"] for row in rows]

    async def add_resource_scopes(self, id: str, scope_ids: Sequence[str]) -> Sequence[str]:
        """Note scopes of API resources, and return which are new."""
        rows = await self.all(ADD_ROLE_RESOURCE_SCOPES, role_id=id, scope_ids=[*scope_ids])
        return [row["scope_id"] for row in rows]

    async def keep_scopes(self, id: str, scope_ids: Sequence[str]) -> Sequence[str]:
        """Take all but these scopes from a role, and return which are gone."""
        rows = await self.all(KEEP_ROLE_SCOPES, role_id=id, scope_ids=[*scope_ids])
        return [row["scope_id"] for row in rows]

    async def remove_scope(self, id: str, scope_id: str) -> int:
        """Take a scope from a role."""
        return await self.run(REMOVE_ROLE_SCOPE, role_id=id, scope_id=scope_id)


class ScopeRows(PagedRepository):
    """A tenant's organization scopes."""

    async def find(self, id: str) -> OrganizationScope | None:
        """Return the scope, or None."""
        row = await self.first(FIND_SCOPE, id_=id)
        return OrganizationScope(**row) if row else None

    async def by_name(self, names: Sequence[str]) -> Sequence[str]:
        """Return those of these names that a scope has."""
        return [row["name"] for row in await self.all(SCOPES_BY_NAME, names=[*names])]

    async def lock(self, id: str) -> OrganizationScope | None:
        """Return the scope, or None; nobody else changes it before the transaction ends."""
        row = await self.first(LOCK_SCOPE, id_=id)
        return OrganizationScope(**row) if row else None

    async def add(self, scope: OrganizationScope) -> None:
        """Insert the row; raises StorageConflict."""
        await self.run(ADD_SCOPE, **vars(scope))

    async def change(self, id: str, columns: Mapping[str, Any]) -> OrganizationScope | None:
        """Write these columns and return the row, or None; raises StorageConflict."""
        row = await self.change_row(organization_scopes, id, columns)
        return OrganizationScope(**row) if row else None

    async def delete(self, id: str) -> int:
        """Delete the row, and take the scope from every role."""
        return await self.run(DELETE_SCOPE, id_=id)

    async def list(self, page: PageRequest, search: str) -> Page[OrganizationScope]:
        """Return one page, by name."""
        if search:
            rows, total = await self.page(FOUND_SCOPES, page, pattern=pattern_of(search))
        else:
            rows, total = await self.page(ALL_SCOPES, page)
        return Page([OrganizationScope(**row) for row in rows], total, page)


def role_of(row: Row) -> OrganizationRole:
    """Return the role that a row holds."""
    return OrganizationRole(**{**row, "type": RoleType(row["type"])})


def grouped(by: str, rows: Iterable[Row]) -> Mapping[str, tuple[Named, ...]]:
    """Return the names in *rows*, by what stands in the column *by*; nothing for what has none."""
    found: dict[str, tuple[Named, ...]] = defaultdict(tuple)
    for row in rows:
        found[row[by]] += (Named(row["id"], row["name"]),)
    return found
