"""Changes of applications: register, change, delete, bring back; their secrets and scopes."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from watchword.applications.errors import ApplicationNotFound, InvalidApplication
from watchword.applications.models import (
    APPLICATION_ID,
    BUILT_IN,
    FIRST_SECRET,
    Application,
    ApplicationSecret,
    CreatedApplication,
    CreatedSecret,
    NewApplication,
    secret_of,
)
from watchword.applications.service import ApplicationService
from watchword.audit.models import Actor
from watchword.configuration.errors import ConfigurationChanged
from watchword.configuration.models import (
    Action,
    ConfigurationVersion,
    Kind,
)
from watchword.configuration.writing import ConfigurationWriter, Write, expect
from watchword.connectors.service import ConnectorService
from watchword.core.moments import milliseconds
from watchword.resources.service import ResourceService, check_assignable

APPLICATION_SECRET = "secret"  # noqa: S105  # a field's name


@dataclass(frozen=True, kw_only=True)
class ApplicationConfiguration:
    """Changes a tenant's applications; nothing else writes their rows."""

    writer: ConfigurationWriter
    saved: ApplicationService
    connectors: ConnectorService
    """Seals what history keeps."""
    resources: ResourceService

    async def create(
        self, actor: Actor, new: NewApplication, *, id: str | None = None, reason: str | None = None
    ) -> CreatedApplication:
        """Register an application; its secret is returned this once."""
        created = self.saved.prepare(new, id=id)
        async with self.writer.writing(actor, reason) as write:
            await self.saved.repository.within(write.tx).insert(created.application)
            await self._record(write, Action.CREATED, None, created.application)
        return created

    async def change(
        self,
        actor: Actor,
        id: str,
        patch: Mapping[str, Any],
        *,
        expected_version: int | None = None,
        reason: str | None = None,
    ) -> Application:
        """Apply the contract's PATCH body to an application."""
        async with self.writer.writing(actor, reason) as write:
            before = await self._application(write, id)
            expect(before.version, expected_version)
            return await self._update(write, Action.CHANGED, before, patch)

    async def put(
        self, actor: Actor, id: str, document: Mapping[str, Any], *, reason: str | None = None
    ) -> Application:
        """Make the application with this id what is said; a new one has no secret yet.

        Raises InvalidApplication where it is of another type already.
        """
        rows = self.saved.repository
        async with self.writer.writing(actor, reason) as write:
            before = await rows.within(write.tx).find(id)
            if before is not None:
                if before.type != document["type"]:
                    raise InvalidApplication(field="type")
                if set(document["resourceScopes"]) == set(before.resource_scopes):
                    # Their order says nothing, so another one is no change.
                    document = {**document, "resourceScopes": before.resource_scopes}
                return await self._update(write, Action.CHANGED, before, document)
            if not APPLICATION_ID.fullmatch(id) or id in BUILT_IN:
                raise InvalidApplication(field="id")
            blank = NewApplication(name=document["name"], type=document["type"])
            version = await write.versions.newest(Kind.APPLICATION, id) + 1
            created = replace(blank.build(id, self.writer.clock.now()), version=version)
            created = created.changed(document)
            await rows.within(write.tx).insert(created)
            await self._record(write, Action.CREATED, None, created)
        return created

    async def change_custom_data(
        self, actor: Actor, id: str, changes: Mapping[str, Any]
    ) -> Application:
        """Change what is kept for an application's owner, key by key."""
        async with self.writer.writing(actor, None) as write:
            before = await self._application(write, id)
            merged = {**before.custom_data, **changes}
            return await self._update(write, Action.CHANGED, before, {"customData": merged})

    async def assign_scopes(
        self,
        actor: Actor,
        id: str,
        scope_ids: Collection[str],
        *,
        expected_version: int | None = None,
        reason: str | None = None,
    ) -> Application:
        """Say which scopes of API resources an application may be given; raises UnknownScopes."""
        wanted = tuple(dict.fromkeys(scope_ids))
        async with self.writer.writing(actor, reason) as write:
            check_assignable(wanted, await self.resources.repository.within(write.tx).list())
            before = await self._application(write, id)
            expect(before.version, expected_version)
            return await self._update(write, Action.CHANGED, before, {"resourceScopes": wanted})

    async def add_secret(
        self, actor: Actor, id: str, name: str, expires_at: datetime | None = None
    ) -> CreatedSecret:
        """Give an application one more secret; its value is returned this once."""
        async with self.writer.writing(actor, None) as write:
            before = await self._application(write, id)
            created = self.saved.prepare_secret(before, name, expires_at)
            after = await self._write(write, Action.CHANGED, before, created.application)
        return replace(created, application=after)

    async def rename_secret(self, actor: Actor, id: str, name: str, new_name: str) -> Application:
        """Call a secret otherwise; its value stays."""
        async with self.writer.writing(actor, None) as write:
            before = await self._application(write, id)
            renamed = before.with_renamed_secret(name, new_name)
            return await self._write(write, Action.CHANGED, before, renamed)

    async def delete_secret(
        self, actor: Actor, id: str, name: str, *, expected_version: int | None = None
    ) -> None:
        """Take a secret away, for good: restoring an earlier version does not bring it back.

        Raises ConfigurationChanged where the application is no longer as it was: another secret
        may have got the name.
        """
        async with self.writer.writing(actor, None) as write:
            before = await self._application(write, id)
            expect(before.version, expected_version)
            await self._write(write, Action.CHANGED, before, before.without_secret(name))

    async def delete(
        self,
        actor: Actor,
        id: str,
        *,
        expected_version: int | None = None,
        reason: str | None = None,
    ) -> None:
        """Forget an application; its tokens die with it, and history can bring it back.

        Raises ConfigurationChanged where it is no longer as it was.
        """
        async with self.writer.writing(actor, reason) as write:
            before = await self._application(write, id)
            expect(before.version, expected_version)
            await self.saved.repository.within(write.tx).delete(id)
            await self._record(write, Action.DELETED, before, None)

    # Inside a change.

    async def _application(self, write: Write, id: str) -> Application:
        found = await self.saved.repository.within(write.tx).find(id)
        if found is None:
            raise ApplicationNotFound(id)
        return found

    async def _update(
        self, write: Write, action: Action, before: Application, patch: Mapping[str, Any]
    ) -> Application:
        return await self._write(write, action, before, before.changed(patch))

    async def _write(
        self, write: Write, action: Action, before: Application, changed: Application
    ) -> Application:
        if changed == before:
            return before
        after = await self.saved.repository.within(write.tx).update(changed)
        if after is None:
            raise ConfigurationChanged(before.id)
        await self._record(write, action, before, after)
        return after

    async def restore(self, write: Write, wanted: ConfigurationVersion) -> None:
        """Bring a version back; of one that was deleted, with the secrets it had then."""
        assert wanted.document is not None
        rows = self.saved.repository.within(write.tx)
        present = await rows.find(wanted.subject_id)
        if present is not None:
            await self._update(write, Action.RESTORED, present, wanted.document)
            return
        after = await self._deleted(write, wanted.subject_id, wanted.document)
        await rows.insert(after)
        await self._record(write, Action.RESTORED, None, after)

    async def _deleted(self, write: Write, id: str, document: Mapping[str, Any]) -> Application:
        newest = await write.versions.newest(Kind.APPLICATION, id)
        # A secret that was taken away before stays away, whichever version is wanted.
        last = await write.versions.find(Kind.APPLICATION, id, newest - 1)
        blank = NewApplication(name=document["name"], type=document["type"]).build(
            id, self.writer.clock.now()
        )
        with_secrets = replace(
            blank, version=newest + 1, secrets=self._kept_secrets(last) if last else ()
        )
        return with_secrets.changed(document)

    def _kept_secrets(self, last: ConfigurationVersion) -> tuple[ApplicationSecret, ...]:
        opened = self.connectors.opened(last.subject_id, last.secrets)
        listed = (last.document or {}).get("secrets")
        if listed is None:
            # Written down when an application had no more than one.
            moment = milliseconds(last.created_at)
            listed = [{"id": "", "name": FIRST_SECRET, "createdAt": moment, "expiresAt": None}]
        return tuple(
            secret_of(details, self.saved.sealed(last.subject_id, details["id"], opened[place]))
            for details in listed
            if (place := _place(details["id"])) in opened
        )

    async def _record(
        self,
        write: Write,
        action: Action,
        before: Application | None,
        after: Application | None,
    ) -> None:
        old, new = self._opened_secrets(before), self._opened_secrets(after)
        await self.writer.record_row(
            write,
            Kind.APPLICATION,
            action,
            before,
            after,
            opened=(old, new),
            # Sealed anew for its place in history, so that a deleted application can come back.
            secrets=self.connectors.sealed(after.id, new) if after else {},
        )

    def _opened_secrets(self, application: Application | None) -> dict[str, str]:
        if application is None:
            return {}
        return {
            _place(secret.id): self.saved.opened(application.id, secret)
            for secret in application.secrets
        }


def _place(secret_id: str) -> str:
    return f"{APPLICATION_SECRET}.{secret_id}" if secret_id else APPLICATION_SECRET
