"""Every configuration write of a tenant: checked, versioned, audited, in one transaction."""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

from watchword.applications.errors import ApplicationNotFound
from watchword.applications.models import Application, CreatedApplication, NewApplication
from watchword.applications.service import ApplicationService
from watchword.audit.models import Actor
from watchword.audit.service import AuditService
from watchword.configuration.errors import (
    ConfigurationChanged,
    ConnectorInUse,
    DevelopmentPartsInUse,
    VersionNotFound,
    VersionNotRestorable,
)
from watchword.configuration.models import (
    SINGLE,
    Action,
    Breakage,
    Change,
    ConfigurationVersion,
    Kind,
    changes_between,
    secret_changes,
)
from watchword.configuration.repository import VersionRows
from watchword.connector_kit.models import ConnectorType
from watchword.connectors.errors import (
    ConnectorIdTaken,
    ConnectorNotFound,
    DevelopmentConnectorRefused,
    MetadataNotAllowed,
    SyncProfileNotAllowed,
    TokenStorageNotSupported,
)
from watchword.connectors.models import SavedConnector
from watchword.connectors.repository import ConnectorRows
from watchword.connectors.service import ConnectorService
from watchword.core.clock import Clock
from watchword.core.ids import new_id, new_token
from watchword.core.pagination import Page, PageRequest
from watchword.guard.models import GuardPolicy
from watchword.sign_in_settings.errors import NothingToChange
from watchword.sign_in_settings.models import CODE_FACTORS, SignInSettings, SignInSettingsPatch
from watchword.sign_in_settings.service import CONNECTOR_TYPES, SignInRules
from watchword.storage import Database, Storage
from watchword.tenants.models import Tenant, TenantTag
from watchword.tenants.service import TenantDirectory
from watchword.users.service import UserService

APPLICATION_SECRET = "secret"  # noqa: S105  # a field's name
IDENTIFIERS = {connector_type: identifier for identifier, connector_type in CONNECTOR_TYPES.items()}


@dataclass(frozen=True, kw_only=True)
class _Write:
    """One change under way: who makes it, why, and the rows inside its transaction."""

    tx: Database
    tenant: Tenant
    """As it is now; the service's own may be a moment old."""
    actor: Actor
    reason: str | None
    versions: VersionRows
    connectors: ConnectorRows


@dataclass(frozen=True, kw_only=True)
class ConfigurationService:
    """Changes what a tenant has configured; nothing else writes those rows."""

    tenant: Tenant
    storage: Storage
    directory: TenantDirectory
    versions: VersionRows
    connectors: ConnectorService
    applications: ApplicationService
    users: UserService
    audit: AuditService
    clock: Clock
    on_change: Callable[[], Awaitable[None]]
    languages: Collection[str] | None = None
    """What a fallback language may be; None stands for those this server ships with."""

    # Connectors.

    async def create_connector(
        self,
        actor: Actor,
        connector_id: str,
        config: Mapping[str, Any] | None = None,
        *,
        id: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        sync_profile: bool = False,
        store_tokens: bool = False,
        reason: str | None = None,
    ) -> SavedConnector:
        """Set a provider up; it takes the place of the active one of its type.

        Raises UnknownConnectorClass, DevelopmentConnectorRefused, InvalidConfig,
        TokenStorageNotSupported or ConnectorIdTaken, and then the present one stays.
        """
        found = self.connectors.class_of(connector_id)
        stored, secrets = self._parted(connector_id, config, None)
        if store_tokens:
            raise TokenStorageNotSupported(connector_id)
        now = self.clock.now()
        instance_id = id or new_id()
        saved = SavedConnector(
            id=instance_id,
            connector_id=connector_id,
            type=found.metadata.type,
            config=stored,
            secrets=self.connectors.sealed(instance_id, secrets),
            metadata=dict(metadata or {}),
            sync_profile=sync_profile,
            version=1,
            tested_at=None,
            receipt_token=new_token(),
            created_at=now,
            updated_at=now,
        )
        async with self._writing(actor, reason) as write:
            if await write.connectors.find(instance_id) is not None:
                raise ConnectorIdTaken(instance_id)
            self._require_allowed(write, saved)
            await self._retire_active(write, saved)
            await write.connectors.add(saved)
            await self._record_connector(write, Action.CREATED, None, saved)
        return saved

    async def change_connector(
        self,
        actor: Actor,
        id: str,
        config: Mapping[str, Any] | None = None,
        *,
        metadata: Mapping[str, Any] | None = None,
        sync_profile: bool | None = None,
        store_tokens: bool | None = None,
        expected_version: int | None = None,
        reason: str | None = None,
    ) -> SavedConnector:
        """Replace the config of an active connector as a whole; a masked secret is kept.

        Raises NothingToChange where nothing is named, and what `create_connector` raises.
        """
        async with self._writing(actor, reason) as write:
            before = await self._active(write, id)
            self.connectors.class_of(before.connector_id)
            if metadata is not None:
                raise MetadataNotAllowed(before.connector_id)
            if sync_profile and before.type is not ConnectorType.SOCIAL:
                raise SyncProfileNotAllowed(before.connector_id)
            if store_tokens:
                raise TokenStorageNotSupported(before.connector_id)
            if config is None and sync_profile is None and store_tokens is None:
                raise NothingToChange(before.connector_id)
            _expect(before.version, expected_version)
            after = before
            if config is not None:
                stored, secrets = self._parted(before.connector_id, config, before)
                if secrets != self.connectors.opened_secrets(before):
                    sealed = self.connectors.sealed(id, secrets)
                    after = replace(after, config=stored, secrets=sealed)
                else:
                    after = replace(after, config=stored)
            if after == before:
                return before
            after = await self._next(write, after)
            await write.connectors.save(after)
            await self._record_connector(write, Action.CHANGED, before, after)
        return after

    async def delete_connector(
        self, actor: Actor, id: str, *, force: bool = False, reason: str | None = None
    ) -> None:
        """Stop using a connector; raises ConnectorInUse unless *force*."""
        async with self._writing(actor, reason) as write:
            before = await self._active(write, id)
            broken = await self._what_breaks(write.versions, before)
            if broken and not force:
                raise ConnectorInUse(id, data={"breaks": [vars(breakage) for breakage in broken]})
            version = await write.versions.newest(Kind.CONNECTOR, id) + 1
            await write.connectors.retire(before, version, self.clock.now())
            await self._record(
                write,
                Kind.CONNECTOR,
                id,
                version,
                Action.DELETED,
                document=None,
                changes=changes_between(_document(before), None)
                + secret_changes(before.secrets, {}),
            )

    async def what_breaks(self, id: str) -> list[Breakage]:
        """Return what would stop working without this connector."""
        return await self._what_breaks(self.versions, await self.connectors.get(id))

    # Settings.

    async def sign_in_settings(self) -> tuple[SignInSettings, int]:
        """Return the saved sign-in settings and their version; 0 while they are the defaults."""
        return await _sign_in(self.versions)

    async def save_sign_in_settings(
        self,
        actor: Actor,
        patch: Mapping[str, Any],
        *,
        expected_version: int | None = None,
        reason: str | None = None,
    ) -> SignInSettings:
        """Change what the patch names, if the settings then fit together."""
        async with self._writing(actor, reason) as write:
            before, version = await _sign_in(write.versions)
            _expect(version, expected_version)
            after = await self._checked(write, before, patch)
            await self._save_settings(
                write, Kind.SIGN_IN, Action.CHANGED, before.document(), after.document()
            )
        return after

    async def guard_policy(self) -> tuple[GuardPolicy, int]:
        """Return the saved guard policy and its version; 0 while it is the default."""
        return await _guard(self.versions)

    async def save_guard(
        self,
        actor: Actor,
        patch: Mapping[str, Any],
        *,
        expected_version: int | None = None,
        reason: str | None = None,
    ) -> GuardPolicy:
        """Change what the patch names of the guard's policy."""
        async with self._writing(actor, reason) as write:
            before, version = await _guard(write.versions)
            _expect(version, expected_version)
            after = before.changed(patch)
            await self._save_settings(
                write, Kind.GUARD, Action.CHANGED, before.document(), after.document()
            )
        return after

    async def set_tag(self, actor: Actor, tag: TenantTag, *, reason: str | None = None) -> None:
        """Say what this tenant is for; raises DevelopmentPartsInUse for production."""
        async with self._writing(actor, reason) as write:
            if tag is TenantTag.PRODUCTION:
                for saved in await write.connectors.list():
                    if self._is_for_development(saved):
                        raise DevelopmentPartsInUse(saved.connector_id)
            await self.directory.set_tag(self.tenant.id, tag, write.tx)
            await self.audit.record(
                "tenant.tagged",
                actor,
                subject=f"tenant:{self.tenant.id}",
                payload={"before": write.tenant.tag, "after": tag, "reason": reason},
                tx=write.tx,
            )

    # Applications.

    async def create_application(
        self, actor: Actor, new: NewApplication, *, id: str | None = None, reason: str | None = None
    ) -> CreatedApplication:
        """Register an application; its secret is returned this once."""
        created = self.applications.prepare(new, id=id)
        async with self._writing(actor, reason) as write:
            await self.applications.repository.within(write.tx).insert(created.application)
            await self._record_application(write, Action.CREATED, None, created.application)
        return created

    async def change_application(
        self,
        actor: Actor,
        id: str,
        patch: Mapping[str, Any],
        *,
        expected_version: int | None = None,
        reason: str | None = None,
    ) -> Application:
        """Apply the contract's PATCH body to an application."""
        async with self._writing(actor, reason) as write:
            before = await self._application(write, id)
            _expect(before.version, expected_version)
            return await self._update_application(write, Action.CHANGED, before, patch)

    async def delete_application(self, actor: Actor, id: str, *, reason: str | None = None) -> None:
        """Forget an application; its tokens die with it, and history can bring it back."""
        async with self._writing(actor, reason) as write:
            before = await self._application(write, id)
            await self.applications.repository.within(write.tx).delete(id)
            await self._record_application(write, Action.DELETED, before, None)

    # History.

    async def history(
        self,
        kind: Kind | None = None,
        subject_id: str | None = None,
        page: PageRequest = PageRequest(),  # noqa: B008  # frozen
    ) -> Page[ConfigurationVersion]:
        """Return one page of what was changed, newest first."""
        found, total = await self.versions.page(kind, subject_id, page)
        return Page(found, total, page)

    async def restore(
        self,
        actor: Actor,
        kind: Kind,
        subject_id: str,
        version: int,
        *,
        reason: str | None = None,
    ) -> ConfigurationVersion:
        """Bring a version back, secrets included, as a new version; it must still be valid."""
        async with self._writing(actor, reason) as write:
            wanted = await write.versions.find(kind, subject_id, version)
            if wanted is None:
                raise VersionNotFound(f"{kind} {subject_id} {version}")
            if wanted.document is None:
                raise VersionNotRestorable(f"{kind} {subject_id} {version}")
            match kind:
                case Kind.CONNECTOR:
                    await self._restore_connector(write, wanted)
                case Kind.SIGN_IN:
                    before, _ = await _sign_in(write.versions)
                    after = await self._checked(write, before, wanted.document)
                    await self._save_settings(
                        write, kind, Action.RESTORED, before.document(), after.document()
                    )
                case Kind.GUARD:
                    policy, _ = await _guard(write.versions)
                    restored = GuardPolicy.model_validate(wanted.document)
                    await self._save_settings(
                        write, kind, Action.RESTORED, policy.document(), restored.document()
                    )
                case Kind.APPLICATION:
                    await self._restore_application(write, wanted)
            newest = await write.versions.newest(kind, subject_id)
            found = await write.versions.find(kind, subject_id, newest)
        assert found is not None
        return found

    # How a change is made.

    @asynccontextmanager
    async def _writing(self, actor: Actor, reason: str | None) -> AsyncIterator[_Write]:
        async with self.storage.transaction() as tx:
            # First, because it locks the tenant's row: two changes of one tenant never overlap, so
            # what is read from here on is what is written over.
            tenant = await self.directory.bump_stamp(self.tenant.id, tx)
            yield _Write(
                tx=tx,
                tenant=tenant,
                actor=actor,
                reason=reason,
                versions=self.versions.within(tx),
                connectors=self.connectors.rows.within(tx),
            )
        await self.on_change()

    async def _record(
        self,
        write: _Write,
        kind: Kind,
        subject_id: str,
        version: int,
        action: Action,
        *,
        document: Mapping[str, Any] | None,
        changes: tuple[Change, ...],
        secrets: Mapping[str, str] | None = None,
    ) -> None:
        recorded = ConfigurationVersion(
            kind=kind,
            subject_id=subject_id,
            version=version,
            document=document,
            secrets=dict(secrets or {}),
            author=write.actor,
            action=action,
            reason=write.reason,
            changes=changes,
            created_at=self.clock.now(),
        )
        await write.versions.add(recorded)
        await self.audit.record(
            f"configuration.{kind}.{action}",
            write.actor,
            subject=f"{kind}:{subject_id}",
            payload={
                "version": version,
                "reason": write.reason,
                "changes": [vars(change) for change in changes],
            },
            tx=write.tx,
        )

    # Connectors, inside a change.

    def _parted(
        self,
        connector_id: str,
        config: Mapping[str, Any] | None,
        keep_from: SavedConnector | None,
    ) -> tuple[dict[str, Any], dict[str, str]]:
        if config is None:
            # The contract's POST may leave it out; sending then fails, as it says there.
            return {}, {}
        complete = self.connectors.completed(connector_id, config, keep_from)
        return self.connectors.split(connector_id, complete)

    async def _active(self, write: _Write, id: str) -> SavedConnector:
        saved = await write.connectors.find(id)
        if saved is None or not saved.is_active:
            raise ConnectorNotFound(id)
        return saved

    def _is_for_development(self, saved: SavedConnector) -> bool:
        found = self.connectors.registry.find(saved.connector_id)
        return found is not None and found.metadata.development_only

    def _require_allowed(self, write: _Write, saved: SavedConnector) -> None:
        if write.tenant.is_production and self._is_for_development(saved):
            raise DevelopmentConnectorRefused(saved.connector_id)

    async def _next(self, write: _Write, saved: SavedConnector) -> SavedConnector:
        version = await write.versions.newest(Kind.CONNECTOR, saved.id) + 1
        # A test that was passed says nothing of other values.
        return replace(saved, version=version, tested_at=None, updated_at=self.clock.now())

    async def _retire_active(self, write: _Write, successor: SavedConnector) -> None:
        if successor.type is ConnectorType.SOCIAL:
            return
        present = await write.connectors.find_active(successor.type)
        if present is None or present.id == successor.id:
            return
        version = await write.versions.newest(Kind.CONNECTOR, present.id) + 1
        await write.connectors.retire(present, version, self.clock.now())
        await self._record(
            write,
            Kind.CONNECTOR,
            present.id,
            version,
            Action.REPLACED,
            document=_document(present),
            changes=(Change("replacedBy", None, successor.id),),
            secrets=present.secrets,
        )

    async def _record_connector(
        self,
        write: _Write,
        action: Action,
        before: SavedConnector | None,
        after: SavedConnector,
    ) -> None:
        opened = {} if before is None else self.connectors.opened_secrets(before)
        await self._record(
            write,
            Kind.CONNECTOR,
            after.id,
            after.version,
            action,
            document=_document(after),
            changes=changes_between(_document(before) if before else None, _document(after))
            + secret_changes(opened, self.connectors.opened_secrets(after)),
            secrets=after.secrets,
        )

    async def _restore_connector(self, write: _Write, wanted: ConfigurationVersion) -> None:
        assert wanted.document is not None
        before = await write.connectors.find(wanted.subject_id)
        if before is None:
            raise VersionNotRestorable(f"the connector {wanted.subject_id} is gone for good")
        after = await self._next(
            write,
            replace(
                before,
                config=wanted.document["config"],
                secrets=wanted.secrets,
                metadata=wanted.document["metadata"],
                sync_profile=wanted.document["syncProfile"],
                retired_at=None,
            ),
        )
        # It must still be a class of this server, allowed here, with settings that do. One saved
        # without any settings comes back the same way.
        self.connectors.class_of(after.connector_id)
        if after.config or after.secrets:
            opened = self.connectors.opened_secrets(after)
            self.connectors.split(after.connector_id, {**after.config, **opened})
        self._require_allowed(write, after)
        await self._retire_active(write, after)
        await write.connectors.save(after)
        await self._record_connector(write, Action.RESTORED, before, after)

    async def _what_breaks(self, versions: VersionRows, saved: SavedConnector) -> list[Breakage]:
        identifier = IDENTIFIERS.get(saved.type)
        if identifier is None:
            return []
        settings, _ = await _sign_in(versions)
        factor = CODE_FACTORS[identifier]
        method = settings.sign_in.method(identifier)
        recovery = settings.forgot_password_methods
        broken = {
            "sign_up": identifier in settings.sign_up.required_identifiers,
            "sign_in": method is not None and method.verification_code,
            "forgot_password": recovery is None or factor in recovery,
            "mfa": factor in settings.mfa.factors,
        }
        found = [Breakage(setting) for setting, is_broken in broken.items() if is_broken]
        if broken["sign_in"] and identifier == "phone":
            people = await versions.count_people_with_phone_only()
            if people:
                found.append(Breakage("people_with_only_this", people))
        return found

    # Settings, inside a change.

    async def _checked(
        self, write: _Write, before: SignInSettings, patch: Mapping[str, Any]
    ) -> SignInSettings:
        wanted = SignInSettingsPatch.model_validate(patch)
        connectors = await write.connectors.list()
        available = {saved.type for saved in connectors}
        conflicts = []
        # Asked only now: it reads every user name of the tenant.
        if before.username_policy.case_sensitive and not wanted.username_policy.case_sensitive:
            conflicts = await self.users.username_conflicts(tx=write.tx)
        after = SignInRules.check(
            before,
            wanted,
            available,
            languages=self.languages,
            username_conflicts=conflicts,
        )
        # As the contract does: a button for a provider that is not there is left out, silently.
        return after.with_social_targets(
            saved.target for saved in connectors if saved.type is ConnectorType.SOCIAL
        )

    async def _save_settings(
        self,
        write: _Write,
        kind: Kind,
        action: Action,
        before: Mapping[str, Any],
        after: Mapping[str, Any],
    ) -> None:
        if before == after:
            return
        version = await write.versions.newest(kind, SINGLE) + 1
        await write.versions.save_settings(
            kind, document=after, version=version, updated_at=self.clock.now()
        )
        await self._record(
            write,
            kind,
            SINGLE,
            version,
            action,
            document=after,
            changes=changes_between(before, after),
        )

    # Applications, inside a change.

    async def _application(self, write: _Write, id: str) -> Application:
        found = await self.applications.repository.within(write.tx).find(id)
        if found is None:
            raise ApplicationNotFound(id)
        return found

    async def _update_application(
        self, write: _Write, action: Action, before: Application, patch: Mapping[str, Any]
    ) -> Application:
        changed = before.changed(patch)
        if changed == before:
            return before
        after = await self.applications.repository.within(write.tx).update(changed)
        if after is None:
            raise ConfigurationChanged(before.id)
        await self._record_application(write, action, before, after)
        return after

    async def _restore_application(self, write: _Write, wanted: ConfigurationVersion) -> None:
        assert wanted.document is not None
        document = wanted.document
        rows = self.applications.repository.within(write.tx)
        present = await rows.find(wanted.subject_id)
        if present is not None:
            await self._update_application(write, Action.RESTORED, present, document)
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
            self.applications.sealer.seal(secret, self.tenant.id, wanted.subject_id)
            if secret is not None
            else None
        )
        version = await write.versions.newest(Kind.APPLICATION, wanted.subject_id) + 1
        after = replace(new.build(wanted.subject_id, sealed, self.clock.now()), version=version)
        await rows.insert(after)
        await self._record_application(write, Action.RESTORED, None, after)

    async def _record_application(
        self,
        write: _Write,
        action: Action,
        before: Application | None,
        after: Application | None,
    ) -> None:
        subject = (after or before).id  # type: ignore[union-attr]  # one of them is there
        document = after.document() if after else None
        old, new = self._application_secret(before), self._application_secret(after)
        version = await write.versions.newest(Kind.APPLICATION, subject) + 1
        await self._record(
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
        secret = self.applications.sealer.unseal(application.secret, self.tenant.id, application.id)
        return {APPLICATION_SECRET: secret}


async def _sign_in(versions: VersionRows) -> tuple[SignInSettings, int]:
    row = await versions.settings(Kind.SIGN_IN)
    if row is None:
        return SignInSettings(), 0
    return SignInSettings.model_validate(row["document"]), row["version"]


async def _guard(versions: VersionRows) -> tuple[GuardPolicy, int]:
    row = await versions.settings(Kind.GUARD)
    return (
        (GuardPolicy.model_validate(row["document"]), row["version"]) if row else (GuardPolicy(), 0)
    )


def _expect(version: int, expected: int | None) -> None:
    if expected is not None and expected != version:
        raise ConfigurationChanged(f"expected version {expected}, found {version}")


def _document(saved: SavedConnector) -> dict[str, Any]:
    return {
        "connectorId": saved.connector_id,
        "type": saved.type.value,
        "config": dict(saved.config),
        "metadata": dict(saved.metadata),
        "syncProfile": saved.sync_profile,
    }
