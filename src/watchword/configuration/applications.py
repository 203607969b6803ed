"""Changes of applications: register, change, delete, bring back."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from watchword.applications.errors import ApplicationNotFound
from watchword.applications.models import Application, CreatedApplication, NewApplication
from watchword.applications.service import ApplicationService
from watchword.audit.models import Actor
from watchword.configuration.errors import ConfigurationChanged
from watchword.configuration.models import (
    Action,
    ConfigurationVersion,
    Kind,
    changes_between,
    secret_changes,
)
from watchword.configuration.writing import ConfigurationWriter, Write, expect
from watchword.connectors.service import ConnectorService

APPLICATION_SECRET = "secret"  # noqa: S105  # a field's name


@dataclass(frozen=True, kw_only=True)
class ApplicationConfiguration:
    """Changes a tenant's applications; nothing else writes their rows."""

    writer: ConfigurationWriter
    saved: ApplicationService
    connectors: ConnectorService
    """Seals what history keeps."""

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

    async def delete(self, actor: Actor, id: str, *, reason: str | None = None) -> None:
        """Forget an application; its tokens die with it, and history can bring it back."""
        async with self.writer.writing(actor, reason) as write:
            before = await self._application(write, id)
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
        changed = before.changed(patch)
        if changed == before:
            return before
        after = await self.saved.repository.within(write.tx).update(changed)
        if after is None:
            raise ConfigurationChanged(before.id)
        await self._record(write, action, before, after)
        return after

    async def restore(self, write: Write, wanted: ConfigurationVersion) -> None:
        """Bring a version back, with its secret where it was deleted."""
        assert wanted.document is not None
        document = wanted.document
        rows = self.saved.repository.within(write.tx)
        present = await rows.find(wanted.subject_id)
        if present is not None:
            await self._update(write, Action.RESTORED, present, document)
            return
        secret = self.connectors.opened(wanted.subject_id, wanted.secrets).get(APPLICATION_SECRET)
        new = NewApplication(
            name=document["name"],
            type=document["type"],
            description=document["description"],
            redirect_uris=tuple(document["oidcClientMetadata"]["redirectUris"]),
            post_logout_redirect_uris=tuple(
                document["oidcClientMetadata"]["postLogoutRedirectUris"]
            ),
            is_third_party=document["isThirdParty"],
            is_management=document["isManagement"],
            custom_client_metadata=document["customClientMetadata"],
        )
        sealed = (
            self.saved.sealer.seal(secret, self.writer.tenant.id, wanted.subject_id)
            if secret is not None
            else None
        )
        version = await write.versions.newest(Kind.APPLICATION, wanted.subject_id) + 1
        after = replace(
            new.build(wanted.subject_id, sealed, self.writer.clock.now()), version=version
        )
        await rows.insert(after)
        await self._record(write, Action.RESTORED, None, after)

    async def _record(
        self,
        write: Write,
        action: Action,
        before: Application | None,
        after: Application | None,
    ) -> None:
        subject = (after or before).id  # type: ignore[union-attr]  # one of them is there
        document = after.document() if after else None
        old, new = self._application_secret(before), self._application_secret(after)
        version = await write.versions.newest(Kind.APPLICATION, subject) + 1
        await self.writer.record(
            write,
            Kind.APPLICATION,
            subject,
            version,
            action,
            document=document,
            changes=changes_between(before.document() if before else None, document)
            + secret_changes(old, new),
            # Sealed anew for its place in history, so that a deleted application can come back.
            secrets=self.connectors.sealed(subject, new),
        )

    def _application_secret(self, application: Application | None) -> dict[str, str]:
        if application is None or application.secret is None:
            return {}
        secret = self.saved.sealer.unseal(application.secret, self.writer.tenant.id, application.id)
        return {APPLICATION_SECRET: secret}
