"""Changes of API resources and their scopes: a resource with its scopes is one document."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from watchword.audit.models import Actor
from watchword.configuration.errors import ConfigurationChanged
from watchword.configuration.models import Action, ConfigurationVersion, Kind
from watchword.configuration.writing import ConfigurationWriter, Write, expect
from watchword.core.ids import new_id
from watchword.resources.errors import (
    ManagementApiNotChangeable,
    ManagementApiNotDeletable,
    ResourceIdentifierInUse,
    ResourceNotFound,
)
from watchword.resources.models import DEFAULT_TTL, MANAGEMENT_API_ID, Resource, ResourceScope
from watchword.resources.service import ResourceService


@dataclass(frozen=True, kw_only=True)
class ResourceConfiguration:
    """Changes a tenant's API resources; nothing else writes their rows."""

    writer: ConfigurationWriter
    saved: ResourceService

    async def create(
        self, actor: Actor, name: str, indicator: str, access_token_ttl: timedelta = DEFAULT_TTL
    ) -> Resource:
        """Register an API without scopes; raises ResourceIdentifierInUse."""
        created = Resource(
            id=new_id(),
            name=name,
            indicator=indicator,
            created_at=self.writer.clock.now(),
            access_token_ttl=access_token_ttl,
        )
        async with self.writer.writing(actor, None) as write:
            await self._insert(write, Action.CREATED, created)
        return created

    async def change(
        self,
        actor: Actor,
        id: str,
        *,
        name: str | None = None,
        access_token_ttl: timedelta | None = None,
        is_default: bool | None = None,
        expected_version: int | None = None,
    ) -> Resource:
        """Change what is named; tokens that were given keep their time.

        Raises ConfigurationChanged where it is no longer as it was.
        """
        async with self.writer.writing(actor, None) as write:
            before = await self._changeable(write, id)
            expect(before.version, expected_version)
            if is_default:
                await self._unset_default(write, id)
            changed = replace(
                before,
                name=before.name if name is None else name,
                access_token_ttl=access_token_ttl or before.access_token_ttl,
                is_default=before.is_default if is_default is None else is_default,
            )
            return await self._update(write, before, changed)

    async def set_default(self, actor: Actor, id: str, *, is_default: bool) -> Resource:
        """Make it the resource of requests that name none, in the place of another; or unmake."""
        return await self.change(actor, id, is_default=is_default)

    async def delete(self, actor: Actor, id: str, *, expected_version: int | None = None) -> None:
        """Forget an API; no more tokens are made for it, and history can bring it back.

        Raises ConfigurationChanged where it is no longer as it was.
        """
        if id == MANAGEMENT_API_ID:
            raise ManagementApiNotDeletable
        async with self.writer.writing(actor, None) as write:
            before = await self._changeable(write, id)
            expect(before.version, expected_version)
            await self.saved.repository.within(write.tx).delete(id)
            await self.writer.record_row(write, Kind.RESOURCE, Action.DELETED, before, None)

    async def add_scope(
        self, actor: Actor, id: str, name: str, description: str | None = None
    ) -> ResourceScope:
        """Add a scope, which nobody is given yet; raises what speaks against its name."""
        scope = ResourceScope(
            id=new_id(), name=name, description=description, created_at=self.writer.clock.now()
        )
        async with self.writer.writing(actor, None) as write:
            before = await self._changeable(write, id)
            await self._update(write, before, before.with_scope(scope))
        return scope

    async def change_scope(
        self, actor: Actor, id: str, scope_id: str, changes: dict[str, str | None]
    ) -> ResourceScope:
        """Change a scope's name or description; who may be given it stays."""
        async with self.writer.writing(actor, None) as write:
            before = await self._changeable(write, id)
            old = before.scope(scope_id)
            scope = replace(
                old,
                name=changes.get("name") or old.name,
                description=changes.get("description", old.description),
            )
            await self._update(write, before, before.with_changed_scope(scope))
        return scope

    async def delete_scope(
        self, actor: Actor, id: str, scope_id: str, *, expected_version: int | None = None
    ) -> None:
        """Delete a scope; new tokens have it no more.

        Raises ConfigurationChanged where the resource is no longer as it was.
        """
        async with self.writer.writing(actor, None) as write:
            before = await self._changeable(write, id)
            expect(before.version, expected_version)
            await self._update(write, before, before.without_scope(scope_id))

    async def put(
        self,
        actor: Actor,
        indicator: str,
        *,
        name: str,
        access_token_ttl: timedelta,
        scopes: Mapping[str, str | None],
        is_default: bool,
        reason: str | None = None,
    ) -> Resource:
        """Make the API with this indicator what is said; scopes of the same name keep their ids."""
        now = self.writer.clock.now()
        async with self.writer.writing(actor, reason) as write:
            rows = self.saved.repository.within(write.tx)
            listed = {resource.indicator: resource for resource in await rows.list()}
            before = listed.get(indicator) or Resource(
                id=new_id(), name=name, indicator=indicator, created_at=now
            )
            if is_default:
                await self._unset_default(write, before.id)
            wanted = replace(
                before,
                name=name,
                access_token_ttl=access_token_ttl,
                is_default=is_default,
            ).with_scopes(scopes, now)
            if indicator in listed:
                return await self._update(write, before, wanted)
            await self._insert(write, Action.CREATED, wanted)
        return wanted

    async def restore(self, write: Write, wanted: ConfigurationVersion) -> None:
        """Bring a version back; whether it is the default stays as it is now."""
        document = wanted.document
        assert document is not None
        present = await self._find(write, wanted.subject_id)
        restored = Resource(
            id=wanted.subject_id,
            name=document["name"],
            indicator=document["indicator"],
            created_at=self.writer.clock.now(),
            access_token_ttl=timedelta(seconds=document["accessTokenTtl"]),
            scopes=tuple(ResourceScope.of(scope) for scope in document["scopes"]),
            version=await write.versions.newest(Kind.RESOURCE, wanted.subject_id) + 1,
        )
        if present is None:
            await self._insert(write, Action.RESTORED, restored)
            return
        changed = replace(
            present,
            name=restored.name,
            access_token_ttl=restored.access_token_ttl,
            scopes=restored.scopes,
        )
        await self._update(write, present, changed, Action.RESTORED)

    # Inside a change.

    async def _unset_default(self, write: Write, id: str) -> None:
        """Let nothing but this one be the default: first, for there is never more than one."""
        for other in await self.saved.repository.within(write.tx).list():
            if other.is_default and other.id != id:
                await self._update(write, other, replace(other, is_default=False))

    async def _find(self, write: Write, id: str) -> Resource | None:
        for resource in await self.saved.repository.within(write.tx).list():
            if resource.id == id:
                return resource
        return None

    async def _changeable(self, write: Write, id: str) -> Resource:
        if id == MANAGEMENT_API_ID:
            raise ManagementApiNotChangeable
        found = await self._find(write, id)
        if found is None:
            raise ResourceNotFound(id[:64])
        return found

    async def _insert(self, write: Write, action: Action, resource: Resource) -> None:
        rows = self.saved.repository.within(write.tx)
        taken = {other.indicator for other in await rows.list()}
        if resource.indicator in taken | self.saved.management_indicators:
            raise ResourceIdentifierInUse(resource.indicator)
        await rows.insert(resource)
        await self.writer.record_row(write, Kind.RESOURCE, action, None, resource)

    async def _update(
        self, write: Write, before: Resource, changed: Resource, action: Action = Action.CHANGED
    ) -> Resource:
        if changed == before:
            return before
        after = await self.saved.repository.within(write.tx).update(changed)
        if after is None:
            raise ConfigurationChanged(before.id)
        await self.writer.record_row(write, Kind.RESOURCE, action, before, after)
        return after
