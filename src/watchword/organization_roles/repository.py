"""The rows of one tenant's organization roles and scopes."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import Executable, String, Table, bindparam, delete, select
from sqlalchemy.dialects.postgresql import insert as upsert

from watchword.core.pagination import Page, PageRequest
from watchword.organization_roles.models import (
    Named,
    OrganizationRole,
    OrganizationScope,
    RoleType,
)
from watchword.storage import Row
from watchword.storage.entities import EntityRows, EntityTable
from watchword.storage.lists import each_of
from watchword.storage.pages import (
    TENANT,
    columns_of,
    listing,
)
from watchword.storage.schema import (
    organization_role_resource_scopes,
    organization_role_scopes,
    organization_roles,
    organization_scopes,
)

r, s = organization_roles.c, organization_scopes.c
rs, rrs = organization_role_scopes.c, organization_role_resource_scopes.c


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


class RoleRows(EntityRows[OrganizationRole]):
    """A tenant's organization roles, and what they allow."""

    kept_in = EntityTable.of(
        organization_roles, order=[r.name], searched=[r.id, r.name, r.description]
    )

    def read(self, row: Row) -> OrganizationRole:
        """Return the role that a row holds."""
        return role_of(row)

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


class ScopeRows(EntityRows[OrganizationScope]):
    """A tenant's organization scopes."""

    kept_in = EntityTable.of(organization_scopes, order=[s.name], searched=[s.name])

    def read(self, row: Row) -> OrganizationScope:
        """Return the scope that a row holds."""
        return OrganizationScope(**row)

    async def by_name(self, names: Sequence[str]) -> Sequence[str]:
        """Return those of these names that a scope has."""
        return [row["name"] for row in await self.all(SCOPES_BY_NAME, names=[*names])]


def role_of(row: Row) -> OrganizationRole:
    """Return the role that a row holds."""
    return OrganizationRole(**{**row, "type": RoleType(row["type"])})


def grouped(by: str, rows: Iterable[Row]) -> Mapping[str, tuple[Named, ...]]:
    """Return the names in *rows*, by what stands in the column *by*; nothing for what has none."""
    found: dict[str, tuple[Named, ...]] = defaultdict(tuple)
    for row in rows:
        found[row[by]] += (Named(row["id"], row["name"]),)
    return found
