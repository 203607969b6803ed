"""Make, change and delete a tenant's organizations, and say who belongs to them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from watchword.audit.models import Actor
from watchword.audit.service import AuditService
from watchword.core.clock import Clock
from watchword.core.ids import new_id
from watchword.core.pagination import Page, PageRequest
from watchword.core.revisions import require_unchanged
from watchword.organization_roles.changes import Changes, Kind
from watchword.organization_roles.errors import OrganizationRoleNotFound
from watchword.organization_roles.models import OrganizationRole, OrganizationScope
from watchword.organization_roles.service import OrganizationRoleService
from watchword.organizations.errors import (
    MemberNotFound,
    MembershipRequired,
    OrganizationNotFound,
)
from watchword.organizations.models import (
    Featured,
    Member,
    Membership,
    NewOrganization,
    Organization,
    Permit,
    membership_change,
)
from watchword.organizations.repository import MemberRows, OrganizationRows
from watchword.storage import Database, Storage
from watchword.tenants.limits import Limited, TenantLimits
from watchword.webhooks.models import Event
from watchword.webhooks.service import WebhookService

ID_LENGTH = 12
KIND = Kind(
    "organization",
    Event.ORGANIZATION_CREATED,
    Event.ORGANIZATION_DATA_UPDATED,
    Event.ORGANIZATION_DELETED,
    OrganizationNotFound,
    Limited.ORGANIZATIONS,
)


@dataclass(frozen=True, kw_only=True)
class OrganizationService:
    """One tenant's organizations and their members."""

    organizations: OrganizationRows
    members: MemberRows
    roles: OrganizationRoleService
    storage: Storage
    audit: AuditService
    webhooks: WebhookService
    clock: Clock
    limits: TenantLimits | None = None

    # Organizations.

    async def list(self, page: PageRequest, search: str = "") -> Page[Organization]:
        """Return organizations, the newest first; *search* looks into ids and names."""
        return await self.organizations.list(page, search.strip())

    async def featured(self, ids: Sequence[str]) -> Mapping[str, Featured]:
        """Return of each organization how many belong to it, and who came last."""
        return await self.organizations.featured(ids)

    async def find(self, id: str) -> Organization | None:
        """Return an organization, or None."""
        return await self.organizations.find(id)

    async def brandings(self) -> Sequence[Mapping[str, Any]]:
        """Return every branding that says something."""
        return await self.organizations.brandings()

    async def get(self, id: str) -> Organization:
        """Return an organization; raises OrganizationNotFound."""
        return await self._changes.get(id)

    async def create(self, actor: Actor, new: NewOrganization) -> Organization:
        """Make an organization without members; raises TenantLimitReached."""
        made = Organization(id=new_id(ID_LENGTH), created_at=self.clock.now(), **vars(new))
        async with self.storage.transaction() as tx:
            await self._changes.add(tx, actor, made)
        return made

    async def change(
        self, actor: Actor, id: str, changes: Mapping[str, Any], *, seen: str | None = None
    ) -> Organization:
        """Change what is named in *changes*, by field; raises OrganizationNotFound.

        With *seen*, the revision that the change was made from, ChangedMeanwhile, too.
        """
        async with self.storage.transaction() as tx:
            return await self._changes.change(tx, actor, id, changes, seen)

    async def delete(self, actor: Actor, id: str, *, seen: str | None = None) -> None:
        """Delete an organization with its members and invitations; raises OrganizationNotFound.

        With *seen*, the revision that was shown, ChangedMeanwhile, too.
        """
        async with self.storage.transaction() as tx:
            await self._changes.delete(tx, actor, id, seen)

    # Who belongs to them.

    async def list_members(self, id: str, page: PageRequest, search: str = "") -> Page[Member]:
        """Return members with their roles, who came last first; raises OrganizationNotFound."""
        await self.get(id)
        return await self.members.list(id, page, search.strip())

    async def add_members(self, actor: Actor, id: str, user_ids: Sequence[str]) -> None:
        """Add users to an organization; raises StorageReferenceMissing, and then adds nobody."""
        async with self.storage.transaction() as tx:
            added = await self.members.within(tx).add(id, user_ids, self.clock.now())
            await self._note_members(tx, actor, id, added=added)

    async def replace_members(self, actor: Actor, id: str, user_ids: Sequence[str]) -> None:
        """Let exactly these users belong to an organization.

        Who stays keeps their roles. Raises StorageReferenceMissing, also for an organization that
        is not there and nobody in it.
        """
        async with self.storage.transaction() as tx:
            members = self.members.within(tx)
            if await self.organizations.within(tx).lock(id) is None and not user_ids:
                raise OrganizationNotFound(id)
            removed = await members.keep(id, user_ids)
            added = await members.add(id, user_ids, self.clock.now())
            await self._note_members(tx, actor, id, added=added, removed=removed)

    async def remove_member(
        self, actor: Actor, id: str, user_id: str, *, seen: str | None = None
    ) -> None:
        """Remove a user, and with them their roles; raises MemberNotFound.

        With *seen*, the revision of the ids of those roles, ChangedMeanwhile, too.
        """
        async with self.storage.transaction() as tx:
            if seen is not None:
                await self.organizations.within(tx).lock(id)
                require_unchanged(await self.members.within(tx).role_ids(id, user_id), seen)
            if not await self.members.within(tx).remove(id, user_id):
                raise MemberNotFound(user_id)
            await self._note_members(tx, actor, id, removed=[user_id])

    async def join(
        self, actor: Actor, id: str, user_id: str, role_ids: Sequence[str], tx: Database
    ) -> None:
        """Let a user belong to an organization with these roles, too, as part of *tx*."""
        members = self.members.within(tx)
        added = await members.add(id, [user_id], self.clock.now())
        await self._note_members(tx, actor, id, added=added, is_told=True)
        if role_ids:
            given = await members.add_roles(id, [user_id], role_ids)
            await self._note_roles(tx, actor, id, [user_id], added=[role for _, role in given])

    # What members are.

    async def list_roles_of(
        self, id: str, user_id: str, page: PageRequest
    ) -> Page[OrganizationRole]:
        """Return one page of a member's roles, by name; raises MembershipRequired."""
        await self._require_member(id, user_id)
        return await self.members.roles(id, user_id, page)

    async def role_ids_of(self, id: str, user_id: str) -> Sequence[str]:
        """Return the ids of a member's roles, in order; raises MembershipRequired."""
        await self._require_member(id, user_id)
        return await self.members.role_ids(id, user_id)

    async def list_scopes_of(self, id: str, user_id: str) -> Sequence[OrganizationScope]:
        """Return what a member's roles allow, by name; raises MembershipRequired."""
        await self._require_member(id, user_id)
        return await self.members.scopes(id, user_id)

    async def add_roles(
        self,
        actor: Actor,
        id: str,
        user_id: str,
        *,
        role_ids: Sequence[str] = (),
        role_names: Sequence[str] = (),
    ) -> Sequence[str]:
        """Give a member roles, and return their ids.

        Raises MembershipRequired, RoleNamesNotFound, RoleIsForMachines, StorageReferenceMissing.
        """
        await self._require_member(id, user_id)
        ids = await self.roles.role_ids(role_ids, role_names)
        await self.add_roles_to_all(actor, id, [user_id], ids)
        return ids

    async def add_roles_to_all(
        self, actor: Actor, id: str, user_ids: Sequence[str], role_ids: Sequence[str]
    ) -> None:
        """Give each member each role; raises RoleIsForMachines, StorageReferenceMissing."""
        async with self.storage.transaction() as tx:
            await self.roles.require_for_people(role_ids, tx)
            given = await self.members.within(tx).add_roles(id, user_ids, role_ids)
            # Whoever got one.
            changed = dict.fromkeys(user for user, _ in given)
            roles = dict.fromkeys(role for _, role in given)
            await self._note_roles(tx, actor, id, [*changed], added=[*roles])

    async def replace_roles(
        self,
        actor: Actor,
        id: str,
        user_id: str,
        *,
        role_ids: Sequence[str] = (),
        role_names: Sequence[str] = (),
        seen: str | None = None,
    ) -> None:
        """Let a member have exactly these roles; raises as `add_roles` does.

        With *seen*, the revision of the ids that they had, ChangedMeanwhile, too.
        """
        await self._require_member(id, user_id)
        ids = await self.roles.role_ids(role_ids, role_names)
        async with self.storage.transaction() as tx:
            await self.organizations.within(tx).lock(id)
            await self.roles.require_for_people(ids, tx)
            members = self.members.within(tx)
            if seen is not None:
                require_unchanged(await members.role_ids(id, user_id), seen)
            removed = await members.keep_roles(id, user_id, ids)
            given = await members.add_roles(id, [user_id], ids)
            added = [role for _, role in given]
            await self._note_roles(tx, actor, id, [user_id], added=added, removed=removed)

    async def remove_role(self, actor: Actor, id: str, user_id: str, role_id: str) -> None:
        """Take a role from a member; raises MembershipRequired, OrganizationRoleNotFound."""
        await self._require_member(id, user_id)
        async with self.storage.transaction() as tx:
            if not await self.members.within(tx).remove_role(id, user_id, role_id):
                raise OrganizationRoleNotFound(role_id)
            await self._note_roles(tx, actor, id, [user_id], removed=[role_id])

    # For tokens: one statement each.

    async def list_of_user(self, user_id: str) -> Sequence[Membership]:
        """Return the organizations that a user belongs to, and as what."""
        return await self.organizations.of_user(user_id)

    async def find_permit(self, id: str, user_id: str) -> Permit | None:
        """Return what a user may do in an organization; None where they don't belong to it."""
        return await self.organizations.permit(id, user_id)

    async def requires_mfa(self, user_id: str) -> bool:
        """Tell whether an organization that a user belongs to wants a second factor."""
        return await self.organizations.requires_mfa(user_id)

    # Inside a change.

    @cached_property
    def _changes(self) -> Changes[Organization]:
        return Changes(
            kind=KIND,
            rows=self.organizations,
            audit=self.audit,
            webhooks=self.webhooks,
            limits=self.limits,
        )

    async def _require_member(self, id: str, user_id: str) -> None:
        if not await self.members.has(id, user_id):
            raise MembershipRequired

    async def _note_members(
        self,
        tx: Database,
        actor: Actor,
        id: str,
        *,
        added: Sequence[str] = (),
        removed: Sequence[str] = (),
        is_told: bool = False,
    ) -> None:
        """Write down and tell who came and went; *is_told* even where nobody did."""
        change = membership_change(id, added=added, removed=removed)
        if added or removed or is_told:
            await self.webhooks.announce(Event.ORGANIZATION_MEMBERSHIP_UPDATED, change, tx=tx)
        if added or removed:
            await self.audit.record(
                "organization.members_changed",
                actor,
                subject=f"organization:{id}",
                payload=change,
                user_id=only(added or removed),
                tx=tx,
            )

    async def _note_roles(
        self,
        tx: Database,
        actor: Actor,
        id: str,
        user_ids: Sequence[str],
        *,
        added: Sequence[str] = (),
        removed: Sequence[str] = (),
    ) -> None:
        if not added and not removed:
            return
        await self.audit.record(
            "organization.member_roles_changed",
            actor,
            subject=f"organization:{id}",
            payload={"userIds": [*user_ids], "added": [*added], "removed": [*removed]},
            user_id=only(user_ids),
            tx=tx,
        )


def only(ids: Sequence[str]) -> str | None:
    """Return the id where there is exactly one."""
    return ids[0] if len(ids) == 1 else None
