"""The rows of one tenant's invitations; each statement allows exactly one change of status."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Executable, String, and_, bindparam, delete, insert, or_, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from watchword.core.pagination import Page, PageRequest
from watchword.core.recipients import stored_form
from watchword.invitations.models import Invitation, InvitationStatus, invitee_of
from watchword.organization_roles.models import Named
from watchword.organization_roles.repository import grouped
from watchword.organizations.models import Organization
from watchword.storage import Row
from watchword.storage.lists import each_of
from watchword.storage.pages import (
    TENANT,
    THIS,
    PagedRepository,
    columns_of,
    find_in,
    listing,
)
from watchword.storage.schema import (
    organization_invitation_links,
    organization_invitation_roles,
    organization_invitations,
    organization_members,
    organization_roles,
    organizations,
    users,
)
from watchword.storage.types import UtcDateTime

i, ir = organization_invitations.c, organization_invitation_roles.c
link, o, om = organization_invitation_links.c, organizations.c, organization_members.c
r, u = organization_roles.c, users.c
Status = InvitationStatus
NOW = bindparam("now", type_=UtcDateTime)
INVITEE = bindparam("invitee", type_=String)
ORGANIZATION = bindparam("organization_id", type_=String)
COLUMNS = columns_of(organization_invitations)

ADD = insert(organization_invitations).values({column.name: bindparam(column.name) for column in i})
_each_role, _each_invitation = each_of("role_ids"), each_of("ids")
ADD_ROLES = (
    upsert(organization_invitation_roles)
    .from_select(
        ["tenant_id", "invitation_id", "role_id"],
        # Without a condition SQLite would take `ON CONFLICT` for a join's.
        select(TENANT, THIS, _each_role.c.value).where(_each_role.c.value.is_not(None)),
    )
    .on_conflict_do_nothing()
)
ROLES = (
    select(ir.invitation_id, r.id, r.name)
    .where(
        ir.tenant_id == TENANT,
        ir.invitation_id.in_(select(_each_invitation.c.value)),
        r.tenant_id == TENANT,
        r.id == ir.role_id,
    )
    .order_by(r.name)
)
FIND = find_in(organization_invitations)
DELETE = delete(organization_invitations).where(i.tenant_id == TENANT, i.id == THIS)
NOTE_MESSAGE = (
    update(organization_invitations)
    .where(i.tenant_id == TENANT, i.id == THIS)
    .values(message_id=bindparam("message_id"))
)

# An index lets one be pending; one that is past its time must not stand in the way of the next.
EXPIRE = (
    update(organization_invitations)
    .where(
        i.tenant_id == TENANT,
        i.organization_id == ORGANIZATION,
        i.invitee == INVITEE,
        i.status == Status.PENDING.value,
        i.expires_at <= NOW,
    )
    .values(status=Status.EXPIRED.value, updated_at=NOW)
)
FIND_MEMBER = (
    select(om.user_id)
    .where(
        om.tenant_id == TENANT,
        om.organization_id == ORGANIZATION,
        u.tenant_id == TENANT,
        u.id == om.user_id,
        or_(u.primary_phone == INVITEE, u.primary_email == INVITEE),
    )
    .limit(1)
)

WITHDRAW = delete(organization_invitations).where(
    i.tenant_id == TENANT, i.id == THIS, i.status == Status.PENDING.value
)

# Before the invitation itself: whoever deletes the organization takes the two in this order.
LOCK_ORGANIZATION = (
    select(o.id)
    .where(i.tenant_id == TENANT, i.id == THIS, o.tenant_id == TENANT, o.id == i.organization_id)
    .with_for_update(read=True, key_share=True, of=organizations)
)
_is_pending = and_(
    i.tenant_id == TENANT, i.id == THIS, i.status == Status.PENDING.value, i.expires_at > NOW
)
_user = bindparam("user_id", type_=String)
_is_theirs = (
    select(u.id)
    .where(
        u.tenant_id == TENANT,
        u.id == _user,
        or_(
            and_(u.primary_phone == i.invitee, u.phone_verified_at.is_not(None)),
            and_(u.primary_email == i.invitee, u.email_verified_at.is_not(None)),
        ),
    )
    .correlate(organization_invitations)
    .exists()
)
# The whole rule in one statement: of many who accept at once one does, only while it is pending,
# and only with a number or an address that is proved at that moment.
ACCEPT = (
    update(organization_invitations)
    .where(_is_pending, _is_theirs)
    .values(status=Status.ACCEPTED.value, accepted_user_id=_user, updated_at=NOW)
    .returning(*COLUMNS)
)
REVOKE = (
    update(organization_invitations)
    .where(_is_pending)
    .values(status=Status.REVOKED.value, updated_at=NOW)
    .returning(*COLUMNS)
)

# With the lock on the row, so that of two new links one stays; and none opens what came to an end.
TOUCH = (
    update(organization_invitations).where(_is_pending).values(updated_at=NOW).returning(*COLUMNS)
)
DELETE_LINKS = delete(organization_invitation_links).where(
    link.tenant_id == TENANT, link.invitation_id == THIS
)
ADD_LINK = insert(organization_invitation_links).values(
    {column.name: bindparam(column.name) for column in link}
)
_by_link = and_(
    link.tenant_id == TENANT,
    link.token_digest == bindparam("token_digest"),
    i.tenant_id == TENANT,
    i.id == link.invitation_id,
)
FIND_ID = select(i.id).where(_by_link)
OPEN = (
    select(
        *COLUMNS,
        *(column.label(f"of_{column.name}") for column in columns_of(organizations)),
        u.name.label("inviter_name"),
    )
    .select_from(
        organization_invitation_links.join(organization_invitations, _by_link)
        .join(organizations, and_(o.tenant_id == TENANT, o.id == i.organization_id))
        .outerjoin(users, and_(u.tenant_id == TENANT, u.id == i.inviter_id))
    )
    .where(link.tenant_id == TENANT)
)


@lru_cache(maxsize=8)
def list_statement(names: frozenset[str]) -> Executable:
    """Return the list of invitations with these columns as asked, the newest first."""
    return (
        select(*COLUMNS)
        .where(i.tenant_id == TENANT, *(i[name] == bindparam(name) for name in sorted(names)))
        .order_by(i.created_at.desc(), i.id)
    )


OF_ORGANIZATION = listing(
    select(*COLUMNS).where(i.tenant_id == TENANT, i.organization_id == ORGANIZATION),
    i.created_at.desc(),
    i.id,
)


class InvitationRows(PagedRepository):
    """Reads and writes one tenant's invitations."""

    async def add(self, invitation: Invitation, role_ids: Sequence[str]) -> None:
        """Insert the row and its roles; raises StorageConflict, StorageReferenceMissing."""
        columns = {name: value for name, value in vars(invitation).items() if name != "roles"}
        columns["invitee"] = stored_form(invitation.invitee)
        await self.run(ADD, **{**columns, "status": invitation.status.value})
        if role_ids:
            await self.run(ADD_ROLES, id_=invitation.id, role_ids=[*role_ids])

    async def find(self, id: str, now: datetime) -> Invitation | None:
        """Return the invitation as it is now, or None."""
        row = await self.first(FIND, id_=id)
        return (await self._with_roles([row], now))[0] if row else None

    async def list(self, asked: Mapping[str, str], now: datetime) -> Sequence[Invitation]:
        """Return the invitations whose columns are as asked, the newest first."""
        return await self._with_roles(
            await self.all(list_statement(frozenset(asked)), **asked), now
        )

    async def of_organization(
        self, organization_id: str, page: PageRequest, now: datetime
    ) -> Page[Invitation]:
        """Return one page of an organization's invitations, the newest first."""
        rows, total = await self.page(OF_ORGANIZATION, page, organization_id=organization_id)
        return Page([*await self._with_roles(rows, now)], total, page)

    async def expire(self, organization_id: str, invitee: str, now: datetime) -> None:
        """Write down that a person's earlier invitation is past its time, if it is."""
        await self.run(EXPIRE, organization_id=organization_id, invitee=invitee, now=now)

    async def is_member(self, organization_id: str, invitee: str) -> bool:
        """Tell whether whoever has this number or address belongs to the organization."""
        found = await self.first(FIND_MEMBER, organization_id=organization_id, invitee=invitee)
        return found is not None

    async def accept(self, id: str, user_id: str, now: datetime) -> Invitation | None:
        """Accept a pending invitation for whom it is for; None where it is not so."""
        await self.first(LOCK_ORGANIZATION, id_=id)
        row = await self.first(ACCEPT, id_=id, user_id=user_id, now=now)
        return (await self._with_roles([row], now))[0] if row else None

    async def revoke(self, id: str, now: datetime) -> Invitation | None:
        """Take a pending invitation back; None where there is none."""
        row = await self.first(REVOKE, id_=id, now=now)
        return (await self._with_roles([row], now))[0] if row else None

    async def delete(self, id: str) -> int:
        """Delete the row, and with it its links."""
        return await self.run(DELETE, id_=id)

    async def withdraw(self, id: str) -> int:
        """Delete the row unless it came to an end meanwhile."""
        return await self.run(WITHDRAW, id_=id)

    async def note_message(self, id: str, message_id: str) -> None:
        """Remember the newest message about an invitation."""
        await self.run(NOTE_MESSAGE, id_=id, message_id=message_id)

    async def add_link(self, id: str, token_digest: str, now: datetime) -> None:
        """Let a token open an invitation."""
        await self.run(ADD_LINK, token_digest=token_digest, invitation_id=id, created_at=now)

    async def replace_links(self, id: str, token_digest: str, now: datetime) -> Invitation | None:
        """Let this token alone open a pending invitation; None where there is none."""
        row = await self.first(TOUCH, id_=id, now=now)
        if row is None:
            return None
        await self.run(DELETE_LINKS, id_=id)
        await self.add_link(id, token_digest, now)
        return (await self._with_roles([row], now))[0]

    async def find_id(self, token_digest: str) -> str | None:
        """Return the id of the invitation that a token opens, or None."""
        row = await self.first(FIND_ID, token_digest=token_digest)
        return row["id"] if row else None

    async def open(
        self, token_digest: str, now: datetime
    ) -> tuple[Invitation, Organization, str | None] | None:
        """Return the invitation that a token opens, where it leads, and who invites."""
        row = await self.first(OPEN, token_digest=token_digest)
        if row is None:
            return None
        name = row.pop("inviter_name")
        names = [column.name for column in columns_of(organizations)]
        organization = Organization(**{column: row.pop(f"of_{column}") for column in names})
        return (await self._with_roles([row], now))[0], organization, name

    async def _with_roles(self, rows: Sequence[Row], now: datetime) -> Sequence[Invitation]:
        if not rows:
            return []
        named = await self.all(ROLES, ids=[row["id"] for row in rows])
        roles = grouped("invitation_id", named)
        return [_invitation(row, roles.get(row["id"], ()), now) for row in rows]


def _invitation(row: Row, roles: tuple[Named, ...], now: datetime) -> Invitation:
    fields: dict[str, Any] = {**row, "invitee": invitee_of(row["invitee"]), "roles": roles}
    status = Status(row["status"])
    is_over = status is Status.PENDING and row["expires_at"] <= now
    return Invitation(**{**fields, "status": Status.EXPIRED if is_over else status})
