"""Make, change and delete a tenant's organization roles and scopes."""

import builtins
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from watchword.audit.models import Actor
from watchword.audit.service import AuditService
from watchword.core.ids import new_id
from watchword.core.pagination import Page, PageRequest
from watchword.core.revisions import require_unchanged
from watchword.organization_roles.changes import Changes, Kind
from watchword.organization_roles.errors import (
    NameTaken,
    OrganizationRoleNotFound,
    OrganizationScopeNotFound,
    RoleIsForMachines,
    RoleNamesNotFound,
)
from watchword.organization_roles.models import (
    NewRole,
    OrganizationRole,
    OrganizationScope,
    RoleWithScopes,
)
from watchword.organization_roles.repository import RoleRows, ScopeRows
from watchword.storage import Database, Storage
from watchword.storage.database import StorageConflict
from watchword.tenants.limits import Limited, TenantLimits
from watchword.webhooks.models import Event
from watchword.webhooks.service import WebhookService

ROLE = Kind(
    "organization_role",
    Event.ORGANIZATION_ROLE_CREATED,
    Event.ORGANIZATION_ROLE_DATA_UPDATED,
    Event.ORGANIZATION_ROLE_DELETED,
    OrganizationRoleNotFound,
    Limited.ORGANIZATION_ROLES,
)
SCOPE = Kind(
    "organization_scope",
    Event.ORGANIZATION_SCOPE_CREATED,
    Event.ORGANIZATION_SCOPE_DATA_UPDATED,
    Event.ORGANIZATION_SCOPE_DELETED,
    OrganizationScopeNotFound,
)


@dataclass(frozen=True, kw_only=True)
class OrganizationRoleService:
    """The roles and scopes that one tenant's organizations share."""

    roles: RoleRows
    scopes: ScopeRows
    storage: Storage
    audit: AuditService
    webhooks: WebhookService
    limits: TenantLimits | None = None

    # Roles.

    async def list(self, page: PageRequest, search: str = "") -> Page[RoleWithScopes]:
        """Return roles with what they allow, by name."""
        found = await self.roles.list(page, search.strip())
        return Page(await self._with_scopes(found.items), found.total, page)

    async def get(self, id: str) -> RoleWithScopes:
        """Return a role with what it allows; raises OrganizationRoleNotFound."""
        return (await self._with_scopes([await self._role_changes.get(id)]))[0]

    async def create(self, actor: Actor, new: NewRole) -> OrganizationRole:
        """Make a role; raises NameTaken, and StorageReferenceMissing for an unknown scope.

        In a development tenant that is full, TenantLimitReached.
        """
        role = OrganizationRole(
            id=new_id(), name=new.name, description=new.description, type=new.type
        )
        told = {
            "organizationScopeIds": [*new.scope_ids],
            "resourceScopeIds": [*new.resource_scope_ids],
        }
        async with self._writing() as tx:
            await self._role_changes.add(tx, actor, role, **told)
            rows = self.roles.within(tx)
            if new.scope_ids:
                await rows.add_scopes(role.id, new.scope_ids)
            if new.resource_scope_ids:
                await rows.add_resource_scopes(role.id, new.resource_scope_ids)
        return role

    async def change(self, actor: Actor, id: str, changes: Mapping[str, Any]) -> OrganizationRole:
        """Change a role's name, description or type; raises NameTaken and …NotFound."""
        async with self._writing() as tx:
            return await self._role_changes.change(tx, actor, id, changes)

    async def save(
        self,
        actor: Actor,
        id: str,
        changes: Mapping[str, Any],
        *,
        scope_ids: Sequence[str],
        seen: str | None = None,
    ) -> None:
        """Change a role and what it allows at once; raises as `change` and `replace_scopes` do.

        With *seen*, the revision that the change was made from, ChangedMeanwhile, too.
        """
        async with self._writing() as tx:
            await self._require_as_seen(tx, id, seen)
            await self._role_changes.change(tx, actor, id, changes)
            await self._replace_scopes(tx, actor, id, scope_ids)

    async def delete(self, actor: Actor, id: str, *, seen: str | None = None) -> None:
        """Delete a role and take it from whoever has it; raises OrganizationRoleNotFound.

        With *seen*, the revision that was shown, ChangedMeanwhile, too.
        """
        async with self._writing() as tx:
            await self._require_as_seen(tx, id, seen)
            await self._role_changes.delete(tx, actor, id)

    async def role_ids(self, ids: Sequence[str], names: Sequence[str]) -> Sequence[str]:
        """Return the ids and those of the roles with these names, each once.

        Raises RoleNamesNotFound.
        """
        named = {role.name: role.id for role in await self.roles.by_name(names)} if names else {}
        missing = [name for name in names if name not in named]
        if missing:
            raise RoleNamesNotFound(data={"names": missing})
        return [*dict.fromkeys([*ids, *(named[name] for name in names)])]

    async def require_for_people(self, ids: Sequence[str], tx: Database) -> None:
        """Raise RoleIsForMachines where one of the roles is none that people can have."""
        if ids and await self.roles.within(tx).are_for_machines(ids):
            raise RoleIsForMachines

    # What roles allow.

    async def list_scopes_of(self, id: str, page: PageRequest) -> Page[OrganizationScope]:
        """Return what a role allows, by name; raises OrganizationRoleNotFound."""
        await self._role_changes.get(id)
        return await self.roles.scopes(id, page)

    async def add_scopes(self, actor: Actor, id: str, scope_ids: Sequence[str]) -> None:
        """Let a role allow more; raises StorageReferenceMissing."""
        async with self._writing() as tx:
            added = await self.roles.within(tx).add_scopes(id, scope_ids)
            await self._note_scopes(tx, actor, id, added=added)

    async def replace_scopes(self, actor: Actor, id: str, scope_ids: Sequence[str]) -> None:
        """Let a role allow exactly these; raises StorageReferenceMissing.

        OrganizationRoleNotFound where there is no such role and nothing that it should allow.
        """
        async with self._writing() as tx:
            if await self.roles.within(tx).lock(id) is None and not scope_ids:
                raise OrganizationRoleNotFound(id)
            await self._replace_scopes(tx, actor, id, scope_ids)

    async def remove_scope(self, actor: Actor, id: str, scope_id: str) -> None:
        """Let a role allow less; raises OrganizationScopeNotFound."""
        async with self._writing() as tx:
            rows = self.roles.within(tx)
            # Who deletes the role as they saw it waits, and then sees what it allows.
            await rows.lock(id)
            if not await rows.remove_scope(id, scope_id):
                raise OrganizationScopeNotFound(scope_id)
            await self._note_scopes(tx, actor, id, removed=[scope_id])

    # Scopes.

    async def list_scopes(self, page: PageRequest, search: str = "") -> Page[OrganizationScope]:
        """Return scopes, by name."""
        return await self.scopes.list(page, search.strip())

    async def known_scopes(self, names: Sequence[str]) -> Sequence[str]:
        """Return those of these names that a scope has, in one statement."""
        return await self.scopes.by_name(names)

    async def get_scope(self, id: str) -> OrganizationScope:
        """Return a scope; raises OrganizationScopeNotFound."""
        return await self._scope_changes.get(id)

    async def create_scope(
        self, actor: Actor, name: str, description: str | None = None
    ) -> OrganizationScope:
        """Make a scope; raises NameTaken."""
        scope = OrganizationScope(id=new_id(), name=name, description=description)
        async with self._writing() as tx:
            await self._scope_changes.add(tx, actor, scope)
        return scope

    async def change_scope(
        self, actor: Actor, id: str, changes: Mapping[str, Any], *, seen: str | None = None
    ) -> OrganizationScope:
        """Change a scope's name or description; raises NameTaken and …NotFound.

        With *seen*, the revision that the change was made from, ChangedMeanwhile, too.
        """
        async with self._writing() as tx:
            return await self._scope_changes.change(tx, actor, id, changes, seen)

    async def delete_scope(self, actor: Actor, id: str, *, seen: str | None = None) -> None:
        """Delete a scope and take it from every role; raises OrganizationScopeNotFound.

        With *seen*, the revision that was shown, ChangedMeanwhile, too.
        """
        async with self._writing() as tx:
            await self._scope_changes.delete(tx, actor, id, seen)

    # Inside a change.

    async def _require_as_seen(self, tx: Database, id: str, seen: str | None) -> None:
        """Hold a role; raises OrganizationRoleNotFound or ChangedMeanwhile."""
        rows = self.roles.within(tx)
        before = await rows.lock(id)
        if before is None:
            raise OrganizationRoleNotFound(id)
        if seen is not None:
            require_unchanged((await self._with_scopes([before], rows))[0].shown, seen)

    @asynccontextmanager
    async def _writing(self) -> AsyncIterator[Database]:
        try:
            async with self.storage.transaction() as tx:
                yield tx
        except StorageConflict as conflict:
            raise NameTaken from conflict

    @cached_property
    def _role_changes(self) -> Changes[OrganizationRole]:
        return Changes(
            kind=ROLE,
            rows=self.roles,
            audit=self.audit,
            webhooks=self.webhooks,
            limits=self.limits,
        )

    @cached_property
    def _scope_changes(self) -> Changes[OrganizationScope]:
        return Changes(kind=SCOPE, rows=self.scopes, audit=self.audit, webhooks=self.webhooks)

    async def _replace_scopes(
        self, tx: Database, actor: Actor, id: str, scope_ids: Sequence[str]
    ) -> None:
        rows = self.roles.within(tx)
        removed = await rows.keep_scopes(id, scope_ids)
        added = await rows.add_scopes(id, scope_ids)
        await self._note_scopes(tx, actor, id, added=added, removed=removed)

    async def _with_scopes(
        self, roles: Sequence[OrganizationRole], rows: RoleRows | None = None
    ) -> builtins.list[RoleWithScopes]:
        ids = [role.id for role in roles]
        rows = rows or self.roles
        scopes = await rows.scope_names(ids)
        resource_scopes = await rows.resource_scope_ids(ids)
        return [
            RoleWithScopes(role, scopes.get(role.id, ()), resource_scopes.get(role.id, ()))
            for role in roles
        ]

    async def _note_scopes(
        self,
        tx: Database,
        actor: Actor,
        id: str,
        *,
        added: Sequence[str] = (),
        removed: Sequence[str] = (),
    ) -> None:
        if not added and not removed:
            return
        await self.audit.record(
            "organization_role.scopes_changed",
            actor,
            subject=f"organization_role:{id}",
            payload={"added": [*added], "removed": [*removed]},
            tx=tx,
        )
