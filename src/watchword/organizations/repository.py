"""The rows of one tenant's organizations, and of who belongs to them."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Integer,
    Select,
    String,
    and_,
    bindparam,
    delete,
    func,
    literal_column,
    null,
    select,
    union_all,
)
from sqlalchemy.dialects.postgresql import insert as upsert

from watchword.core.pagination import Page, PageRequest
from watchword.organization_roles.models import Named, OrganizationRole, OrganizationScope
from watchword.organization_roles.repository import grouped, role_of
from watchword.organizations.models import Featured, Member, Membership, Organization, Permit
from watchword.storage import Row
from watchword.storage.entities import EntityRows, EntityTable
from watchword.storage.lists import each_of
from watchword.storage.pages import (
    TENANT,
    Listing,
    PagedRepository,
    columns_of,
    listing,
    matching,
    pattern_of,
)
from watchword.storage.schema import (
    organization_member_roles,
    organization_members,
    organization_role_resource_scopes,
    organization_role_scopes,
    organization_roles,
    organization_scopes,
    organizations,
    users,
)

o, om, omr = organizations.c, organization_members.c, organization_member_roles.c
r, s, u = organization_roles.c, organization_scopes.c, users.c
rs, rrs = organization_role_scopes.c, organization_role_resource_scopes.c
ORGANIZATION = bindparam("organization_id", type_=String)
USER = bindparam("user_id", type_=String)
FEATURED_USERS = 3

# Organizations.

BRANDINGS = select(o.branding).where(o.tenant_id == TENANT, o.branding != bindparam("no_branding"))

_each_organization = each_of("ids")
_of_this = (om.tenant_id == TENANT, om.organization_id == _each_organization.c.value)
_members = select(func.count()).where(*_of_this).scalar_subquery()


def _at_place(place: int) -> Select[Any]:
    # Numbered by a window, every member of a large organization would be read.
    came = select(om.user_id).where(*_of_this).order_by(*_last_first).limit(1).offset(place)
    return select(
        _each_organization.c.value.label("organization_id"),
        literal_column(str(place)).label("place"),
        (_members if place == 0 else null()).label("total"),
        came.scalar_subquery().label("user_id"),
    )


_last_first = (om.created_at.desc(), om.user_id)
_came_last = union_all(*(_at_place(place) for place in range(FEATURED_USERS))).subquery("came")
FEATURED = (
    select(_came_last.c.organization_id, _came_last.c.total, u.id, u.avatar, u.name)
    .where(u.tenant_id == TENANT, u.id == _came_last.c.user_id)
    .order_by(_came_last.c.organization_id, _came_last.c.place)
)

_with_roles = and_(
    omr.tenant_id == TENANT,
    omr.organization_id == om.organization_id,
    omr.user_id == om.user_id,
)
_memberships = organization_members.join(
    organizations, and_(o.tenant_id == TENANT, o.id == om.organization_id)
).outerjoin(organization_member_roles, _with_roles)
OF_USER = (
    select(*columns_of(organizations), r.id.label("role_id"), r.name.label("role_name"))
    .select_from(
        _memberships.outerjoin(organization_roles, and_(r.tenant_id == TENANT, r.id == omr.role_id))
    )
    .where(om.tenant_id == TENANT, om.user_id == USER)
    .order_by(om.created_at.desc(), o.id, r.name)
)
_their_membership = (
    om.tenant_id == TENANT,
    om.organization_id == ORGANIZATION,
    om.user_id == USER,
)
# Apart and not joined: a role with ten of each kind would be a hundred rows.
PERMIT = union_all(
    select(o.is_mfa_required, s.name.label("scope"), null().label("resource_scope_id"))
    .select_from(
        _memberships.outerjoin(
            organization_role_scopes, and_(rs.tenant_id == TENANT, rs.role_id == omr.role_id)
        ).outerjoin(organization_scopes, and_(s.tenant_id == TENANT, s.id == rs.scope_id))
    )
    .where(*_their_membership)
    .distinct(),
    select(o.is_mfa_required, null(), rrs.scope_id)
    .select_from(
        _memberships.join(
            organization_role_resource_scopes,
            and_(rrs.tenant_id == TENANT, rrs.role_id == omr.role_id),
        )
    )
    .where(*_their_membership)
    .distinct(),
)

REQUIRES_MFA = (
    select(o.id)
    .join(organization_members, o.id == om.organization_id)
    .where(o.tenant_id == TENANT, om.tenant_id == TENANT, om.user_id == USER, o.is_mfa_required)
    .limit(1)
)

# Members.

_of_organization = (om.tenant_id == TENANT, om.organization_id == ORGANIZATION)
_people = select(*columns_of(users)).where(
    *_of_organization, u.tenant_id == TENANT, u.id == om.user_id
)
# The index of members tells who is on the page: of those before it nobody is read.
_on_page = (
    select(om.user_id, om.created_at)
    .where(*_of_organization)
    .order_by(*_last_first)
    .limit(bindparam("size", type_=Integer))
    .offset(bindparam("offset", type_=Integer))
    .subquery("page")
)
MEMBERS = Listing(
    page=select(*columns_of(users))
    .join(_on_page, u.id == _on_page.c.user_id)
    .where(u.tenant_id == TENANT)
    .order_by(_on_page.c.created_at.desc(), _on_page.c.user_id),
    count=select(func.count().label("total"))
    .select_from(organization_members)
    .where(*_of_organization),
)
FOUND_MEMBERS = listing(
    _people.where(matching(u.id, u.name, u.username, u.primary_email, u.primary_phone)),
    *_last_first,
)
FIND_MEMBER = select(om.user_id).where(*_of_organization, om.user_id == USER)
_each_user, _each_role = each_of("user_ids"), each_of("role_ids")
ADD_MEMBERS = (
    upsert(organization_members)
    .from_select(
        ["tenant_id", "organization_id", "user_id", "created_at"],
        select(
            TENANT,
            ORGANIZATION,
            _each_user.c.value,
            bindparam("created_at", type_=om.created_at.type),
            # Without a condition SQLite would take `ON CONFLICT` for a join's.
        ).where(_each_user.c.value.is_not(None)),
    )
    .on_conflict_do_nothing()
    .returning(om.user_id)
)
KEEP_MEMBERS = (
    delete(organization_members)
    .where(*_of_organization, om.user_id.not_in(select(_each_user.c.value)))
    .returning(om.user_id)
)
REMOVE_MEMBER = delete(organization_members).where(*_of_organization, om.user_id == USER)

# What members are.

_of_member = (omr.tenant_id == TENANT, omr.organization_id == ORGANIZATION, omr.user_id == USER)
ROLE_NAMES = (
    select(omr.user_id, r.id, r.name)
    .where(
        omr.tenant_id == TENANT,
        omr.organization_id == ORGANIZATION,
        omr.user_id.in_(select(_each_user.c.value)),
        r.tenant_id == TENANT,
        r.id == omr.role_id,
    )
    .order_by(r.name)
)
_their_roles = select(*columns_of(organization_roles)).where(
    *_of_member, r.tenant_id == TENANT, r.id == omr.role_id
)
ROLES = listing(_their_roles, r.name, count=select(omr.role_id).where(*_of_member))
ADD_ROLES = (
    upsert(organization_member_roles)
    .from_select(
        ["tenant_id", "organization_id", "user_id", "role_id"],
        select(TENANT, ORGANIZATION, _each_user.c.value, _each_role.c.value).where(
            _each_user.c.value.is_not(None), _each_role.c.value.is_not(None)
        ),
    )
    .on_conflict_do_nothing()
    .returning(omr.user_id, omr.role_id)
)
KEEP_ROLES = (
    delete(organization_member_roles)
    .where(*_of_member, omr.role_id.not_in(select(_each_role.c.value)))
    .returning(omr.role_id)
)
REMOVE_ROLE = delete(organization_member_roles).where(
    *_of_member, omr.role_id == bindparam("role_id")
)
SCOPES = (
    select(*columns_of(organization_scopes))
    .where(
        *_of_member,
        rs.tenant_id == TENANT,
        rs.role_id == omr.role_id,
        s.tenant_id == TENANT,
        s.id == rs.scope_id,
    )
    .distinct()
    .order_by(s.name)
)


class OrganizationRows(EntityRows[Organization]):
    """Finds, adds and changes organizations."""

    kept_in = EntityTable.of(
        organizations, order=[o.created_at.desc(), o.id], searched=[o.id, o.name]
    )

    def read(self, row: Row) -> Organization:
        """Return the organization that a row holds."""
        return Organization(**row)

    async def brandings(self) -> Sequence[Mapping[str, Any]]:
        """Return every branding that says something."""
        return [row["branding"] for row in await self.all(BRANDINGS, no_branding={})]

    async def featured(self, ids: Sequence[str]) -> Mapping[str, Featured]:
        """Return how many belong to each, and who came last, in one statement."""
        people: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
        totals: dict[str, int] = {}
        for row in await self.all(FEATURED, ids=[*ids]):
            of = row.pop("organization_id")
            totals[of] = row.pop("total") or totals.get(of, 0)
            people[of].append(row)
        return {of: Featured(totals.get(of, 0), tuple(people[of])) for of in ids}

    async def of_user(self, user_id: str) -> Sequence[Membership]:
        """Return what a user belongs to, and as what, in one statement."""
        found: dict[str, tuple[Organization, list[Named]]] = {}
        for row in await self.all(OF_USER, user_id=user_id):
            role_id, role_name = row.pop("role_id"), row.pop("role_name")
            _, roles = found.setdefault(row["id"], (Organization(**row), []))
            if role_id is not None:
                roles.append(Named(role_id, role_name))
        return [Membership(organization, tuple(roles)) for organization, roles in found.values()]

    async def permit(self, organization_id: str, user_id: str) -> Permit | None:
        """Return what a member may do, in one statement; None for who is no member."""
        rows = await self.all(PERMIT, organization_id=organization_id, user_id=user_id)
        if not rows:
            return None
        return Permit(
            scopes=_values(rows, "scope"),
            resource_scope_ids=_values(rows, "resource_scope_id"),
            is_mfa_required=rows[0]["is_mfa_required"],
        )

    async def requires_mfa(self, user_id: str) -> bool:
        """Tell whether one of a user's organizations wants a second factor, in one statement."""
        return await self.first(REQUIRES_MFA, user_id=user_id) is not None


class MemberRows(PagedRepository):
    """Who belongs to organizations, and as what."""

    async def list(self, organization_id: str, page: PageRequest, search: str) -> Page[Member]:
        """Return one page of members with their roles, who came last first."""
        of = {"organization_id": organization_id}
        if search:
            found = {**of, "pattern": pattern_of(search)}
            people, total = await self.page(FOUND_MEMBERS, page, **found)
        else:
            people, total = await self.page(MEMBERS, page, **of)
        named = await self.all(ROLE_NAMES, **of, user_ids=[row["id"] for row in people])
        roles = grouped("user_id", named)
        return Page([Member(row, roles[row["id"]]) for row in people], total, page)

    async def has(self, organization_id: str, user_id: str) -> bool:
        """Tell whether a user belongs to an organization."""
        of = {"organization_id": organization_id, "user_id": user_id}
        return await self.first(FIND_MEMBER, **of) is not None

    async def add(
        self, organization_id: str, user_ids: Sequence[str], now: datetime
    ) -> Sequence[str]:
        """Add members and return who is new; raises StorageReferenceMissing."""
        # In one order, so that two who add the same users never wait for each other.
        rows = await self.all(
            ADD_MEMBERS,
            organization_id=organization_id,
            user_ids=sorted(set(user_ids)),
            created_at=now,
        )
        return [row["user_id"] for row in rows]

    async def keep(self, organization_id: str, user_ids: Sequence[str]) -> Sequence[str]:
        """Remove all but these members, and return who is gone."""
        rows = await self.all(KEEP_MEMBERS, organization_id=organization_id, user_ids=[*user_ids])
        return [row["user_id"] for row in rows]

    async def remove(self, organization_id: str, user_id: str) -> int:
        """Remove a member, and with them their roles."""
        return await self.run(REMOVE_MEMBER, organization_id=organization_id, user_id=user_id)

    async def roles(
        self, organization_id: str, user_id: str, page: PageRequest
    ) -> Page[OrganizationRole]:
        """Return one page of a member's roles, by name."""
        of = {"organization_id": organization_id, "user_id": user_id}
        rows, total = await self.page(ROLES, page, **of)
        return Page([role_of(row) for row in rows], total, page)

    async def role_ids(self, organization_id: str, user_id: str) -> Sequence[str]:
        """Return the ids of a member's roles, in order."""
        of = {"organization_id": organization_id}
        return sorted(row["id"] for row in await self.all(ROLE_NAMES, **of, user_ids=[user_id]))

    async def add_roles(
        self, organization_id: str, user_ids: Sequence[str], role_ids: Sequence[str]
    ) -> Sequence[tuple[str, str]]:
        """Give each member each role, and return what is new; raises StorageReferenceMissing."""
        rows = await self.all(
            ADD_ROLES,
            organization_id=organization_id,
            user_ids=sorted(set(user_ids)),
            role_ids=sorted(set(role_ids)),
        )
        return [(row["user_id"], row["role_id"]) for row in rows]

    async def keep_roles(
        self, organization_id: str, user_id: str, role_ids: Sequence[str]
    ) -> Sequence[str]:
        """Take all but these roles from a member, and return which are gone."""
        of = {"organization_id": organization_id, "user_id": user_id}
        rows = await self.all(KEEP_ROLES, **of, role_ids=[*role_ids])
        return [row["role_id"] for row in rows]

    async def remove_role(self, organization_id: str, user_id: str, role_id: str) -> int:
        """Take a role from a member."""
        of = {"organization_id": organization_id, "user_id": user_id}
        return await self.run(REMOVE_ROLE, **of, role_id=role_id)

    async def scopes(self, organization_id: str, user_id: str) -> Sequence[OrganizationScope]:
        """Return what a member's roles allow, by name."""
        rows = await self.all(SCOPES, organization_id=organization_id, user_id=user_id)
        return [OrganizationScope(**row) for row in rows]


def _values(rows: Iterable[Row], column: str) -> frozenset[str]:
    return frozenset(row[column] for row in rows if row[column] is not None)
