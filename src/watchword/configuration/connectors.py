"""Changes of connectors: set up, replace, change, delete, bring back."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from watchword.audit.models import Actor
from watchword.configuration.connector_logos import with_known_logos, with_logos
from watchword.configuration.consequences import Consequences, Served
from watchword.configuration.errors import (
    ConfigurationChanged,
    ConnectorInUse,
    VersionNotRestorable,
)
from watchword.configuration.models import (
    Action,
    Breakage,
    Change,
    ConfigurationVersion,
    Kind,
    Losses,
    changes_between,
    secret_changes,
)
from watchword.configuration.repository import VersionRows
from watchword.configuration.saved_trial import save_trial, trial_of
from watchword.configuration.settings import sign_in_settings_of, tenant_settings_of
from watchword.configuration.social_connectors import (
    changed_override,
    check_new_override,
    require_own_target,
)
from watchword.configuration.writing import ConfigurationWriter, Write, expect
from watchword.connector_kit.models import ConnectorType
from watchword.connectors.errors import (
    ConnectorIdTaken,
    ConnectorNotFound,
    ConnectorOfAnotherType,
    DevelopmentConnectorRefused,
    SyncProfileNotAllowed,
    TokenStorageNotSupported,
)
from watchword.connectors.models import SavedConnector, Trial
from watchword.connectors.repository import ConnectorRows
from watchword.connectors.service import ConnectorService
from watchword.core.ids import new_id, new_token
from watchword.sign_in_settings.errors import NothingToChange


@dataclass(frozen=True, kw_only=True)
class ConnectorConfiguration:
    """Changes a tenant's connectors; nothing else writes their rows."""

    writer: ConfigurationWriter
    saved: ConnectorService

    async def create(
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
        check_new_override(self.saved.class_of(connector_id), metadata)
        chosen = await with_logos(self.saved.context.client, metadata or {}, {})
        prepared = self.prepare(connector_id, config, id=id)
        if store_tokens:
            raise TokenStorageNotSupported(connector_id)
        saved = replace(prepared, metadata=chosen, sync_profile=sync_profile)
        async with self.writer.writing(actor, reason) as write:
            return await self._set_up(write, saved)

    async def change(
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

        Raises NothingToChange where nothing is named, and what `create` raises.
        """
        if metadata is not None:
            # Before anything is locked: another host may take its time.
            known = (await self.saved.get(id)).metadata
            metadata = await with_logos(self.saved.context.client, metadata, known)
        async with self.writer.writing(actor, reason) as write:
            before = await self.require_active(write, id)
            found = self.saved.class_of(before.connector_id)
            after = before
            if metadata is not None:
                after = replace(after, metadata=changed_override(found, before, metadata))
            if sync_profile and before.type is not ConnectorType.SOCIAL:
                raise SyncProfileNotAllowed(before.connector_id)
            if store_tokens:
                raise TokenStorageNotSupported(before.connector_id)
            if (config, sync_profile, store_tokens, metadata) == (None,) * 4:
                raise NothingToChange(before.connector_id)
            expect(before.version, expected_version)
            if sync_profile is not None:
                after = replace(after, sync_profile=sync_profile)
            if config is not None:
                after = self._with_config(after, config)
            return await self._save(write, before, after)

    async def put(
        self,
        actor: Actor,
        type: ConnectorType,
        connector_id: str,
        config: Mapping[str, Any],
        *,
        id: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        sync_profile: bool = False,
        reason: str | None = None,
    ) -> SavedConnector:
        """Make the connector of this type, or with this id, what is said; a masked secret is kept.

        One of another provider takes its place. *metadata* brings its pictures along, for this may
        be a part of a larger change, which waits for nobody. Raises what `create` and `change`
        raise, and ConnectorOfAnotherType.
        """
        found = self.saved.class_of(connector_id)
        if found.metadata.type is not type:
            raise ConnectorOfAnotherType(connector_id)
        if sync_profile and type is not ConnectorType.SOCIAL:
            raise SyncProfileNotAllowed(connector_id)
        chosen = dict(metadata or {})
        async with self.writer.writing(actor, reason) as write:
            before = await self.present(write, type, id)
            if before is None or before.connector_id != connector_id:
                check_new_override(found, chosen)
                prepared = self.prepare(connector_id, config or None, id=id)
                new = replace(prepared, metadata=chosen, sync_profile=sync_profile)
                return await self._set_up(write, new)
            if type is ConnectorType.SOCIAL and (chosen or found.metadata.is_standard):
                chosen = changed_override(found, before, chosen)
            after = self._with_config(before, config) if config else before
            after = replace(after, metadata=chosen, sync_profile=sync_profile)
            return await self._save(write, before, after)

    async def present(
        self, write: Write, type: ConnectorType, id: str | None = None
    ) -> SavedConnector | None:
        """Return the active connector of a type, or of this id where there may be many."""
        if id is None:
            return await self._rows(write).find_active(type)
        found = await self._rows(write).find(id)
        return found if found is not None and found.is_active else None

    async def delete(
        self,
        actor: Actor,
        id: str,
        *,
        force: bool | None = None,
        expected_version: int | None = None,
        foreseen: Collection[str] | None = None,
        reason: str | None = None,
    ) -> None:
        """Stop using a connector; raises ConnectorInUse where something needs it.

        Unless *force*, or the tenant is permissive with whoever does not say. Raises
        ConfigurationChanged where it is no longer as it was, or breaks what is not *foreseen*.
        """
        async with self.writer.writing(actor, reason) as write:
            before = await self.require_active(write, id)
            expect(before.version, expected_version)
            if foreseen is not None:
                await self._require_foreseen(write, before, foreseen)
            if not await self._may_break(write, force):
                broken = await self.consequences.of_deleting(write.versions, before)
                if broken:
                    breaks = [breakage.document() for breakage in broken]
                    raise ConnectorInUse(id, data={"breaks": breaks})
            version = await write.versions.newest(Kind.CONNECTOR, id) + 1
            await self._rows(write).retire(before, version, self.writer.clock.now())
            await self._end_trial_beside(write, before)
            await self.writer.record(
                write,
                Kind.CONNECTOR,
                id,
                version,
                Action.DELETED,
                document=None,
                changes=changes_between(_document(before), None)
                + secret_changes(before.secrets, {}),
            )
            if before.type is ConnectorType.SOCIAL:
                await self._take_button_away(write, before)

    async def _take_button_away(self, write: Write, gone: SavedConnector) -> None:
        """Leave the provider out of the sign-in settings, as the contract does."""
        before, _ = await sign_in_settings_of(write.versions)
        target = self.saved.target_of(gone)
        kept = [name for name in before.social_sign_in_connector_targets if name != target]
        after = before.with_social_targets(kept)
        await self.writer.save_settings(
            write, Kind.SIGN_IN, Action.CHANGED, before.document(), after.document()
        )

    async def what_breaks(self, id: str) -> list[Breakage]:
        """Return what would stop working without this connector."""
        return await self._breakages(self.writer.versions, await self.saved.get(id))

    async def _breakages(self, versions: VersionRows, saved: SavedConnector) -> list[Breakage]:
        if saved.type is ConnectorType.SOCIAL:
            return await self.consequences.of_taking_away(versions, saved)
        return await self.consequences.of_deleting(versions, saved)

    async def _require_foreseen(
        self, write: Write, saved: SavedConnector, foreseen: Collection[str]
    ) -> None:
        found = {item.setting for item in await self._breakages(write.versions, saved)}
        if unforeseen := found.difference(foreseen):
            raise ConfigurationChanged(f"{', '.join(sorted(unforeseen))} needs it now")

    def what_is_lost(
        self, present: SavedConnector, connector_id: str, config: Mapping[str, Any]
    ) -> Losses:
        """Return what the connector in use serves and the one about to be saved would not."""
        return self.consequences.of_replacing(present, connector_id, config)

    def what_it_serves(self, connector_id: str, config: Mapping[str, Any]) -> Served:
        """Return what a connector of this class and config serves, saved or not."""
        return self.consequences.served(connector_id, config)

    @property
    def consequences(self) -> Consequences:
        """Return what foresees what a change means."""
        return Consequences(saved=self.saved, clock=self.writer.clock)

    # Inside a change.

    def prepare(
        self, connector_id: str, config: Mapping[str, Any] | None, *, id: str | None = None
    ) -> SavedConnector:
        """Return a new connector that nothing is written of yet; raises what `create` raises."""
        found = self.saved.class_of(connector_id)
        stored, secrets = self._parted(connector_id, config, None)
        now, instance_id = self.writer.clock.now(), id or new_id()
        return SavedConnector(
            id=instance_id,
            connector_id=connector_id,
            type=found.metadata.type,
            config=stored,
            secrets=self.saved.sealed(instance_id, secrets),
            metadata={},
            sync_profile=False,
            version=1,
            tested_at=None,
            receipt_token=new_token(),
            created_at=now,
            updated_at=now,
        )

    async def _set_up(self, write: Write, new: SavedConnector) -> SavedConnector:
        require_own_target(self.saved, await self._rows(write).list(), new)
        await self._retire_active(write, new)
        await self.add(write, new)
        return new

    async def add(self, write: Write, saved: SavedConnector) -> None:
        """Write a new connector and its first version."""
        if await self._rows(write).find(saved.id) is not None:
            raise ConnectorIdTaken(saved.id)
        self._require_allowed(write, saved)
        await self._rows(write).add(saved)
        await self._record(write, Action.CREATED, None, saved)

    async def keep(self, write: Write, saved: SavedConnector) -> None:
        """Write when a connector on trial retires; its settings have no new version by that."""
        await self._rows(write).save(saved)

    async def promote(self, write: Write, tried: SavedConnector) -> SavedConnector:
        """Make a connector on trial the active one; raises what `create` raises."""
        version = await write.versions.newest(Kind.CONNECTOR, tried.id) + 1
        # What was tested and tried is exactly what goes on.
        after = replace(tried, version=version, retired_at=None)
        self.require_sendable(write, after)
        await self._retire_active(write, after, ends_trial=False)
        await self._rows(write).save(after)
        await self._record(write, Action.PROMOTED, tried, after)
        return after

    async def end_trial(self, write: Write, trial: Trial) -> None:
        """End a trial for good; its connector stays among the earlier ones."""
        now = self.writer.clock.now()
        if trial.runs_at(now):
            await self.keep(write, replace(trial.saved, retired_at=now))
        await save_trial(self.writer, write, Action.DELETED, trial, None)

    async def _end_trial_beside(self, write: Write, active: SavedConnector) -> None:
        # What is tried beside a connector falls back on it, so it goes with it.
        trial = await trial_of(write.versions, self._rows(write))
        if trial is not None and trial.beside == active.id:
            await self.end_trial(write, trial)

    def _with_config(self, before: SavedConnector, config: Mapping[str, Any]) -> SavedConnector:
        stored, secrets = self._parted(before.connector_id, config, before)
        if secrets == self.saved.opened_secrets(before):
            return replace(before, config=stored)
        return replace(before, config=stored, secrets=self.saved.sealed(before.id, secrets))

    async def _save(
        self, write: Write, before: SavedConnector, after: SavedConnector
    ) -> SavedConnector:
        if after == before:
            return before
        after = await self._next(write, after)
        await self._rows(write).save(after)
        await self._record(write, Action.CHANGED, before, after)
        return after

    def _rows(self, write: Write) -> ConnectorRows:
        return self.saved.rows.within(write.tx)

    def _parted(
        self,
        connector_id: str,
        config: Mapping[str, Any] | None,
        keep_from: SavedConnector | None,
    ) -> tuple[dict[str, Any], dict[str, str]]:
        if config is None:
            # The contract's POST may leave it out; sending then fails, as it says there.
            return {}, {}
        complete = self.saved.completed(connector_id, config, keep_from)
        return self.saved.split(connector_id, complete)

    async def require_active(self, write: Write, id: str) -> SavedConnector:
        """Return an active connector as it is now; raises ConnectorNotFound."""
        saved = await self._rows(write).find(id)
        if saved is None or not saved.is_active:
            raise ConnectorNotFound(id)
        return saved

    async def _may_break(self, write: Write, force: bool | None) -> bool:
        if force is not None:
            return force
        settings, _ = await tenant_settings_of(write.versions)
        return settings.connector_deletion == "permissive"

    def _require_allowed(self, write: Write, saved: SavedConnector) -> None:
        if write.tenant.is_production and self.saved.is_for_development(saved):
            raise DevelopmentConnectorRefused(saved.connector_id)

    def require_sendable(self, write: Write, saved: SavedConnector) -> None:
        """Raise what `create` raises where a saved connector could not send here any more."""
        # It must still be a class of this server, allowed here, with settings that do. One saved
        # without any settings comes back the same way.
        self.saved.class_of(saved.connector_id)
        if saved.config or saved.secrets:
            opened = self.saved.opened_secrets(saved)
            self.saved.split(saved.connector_id, {**saved.config, **opened})
        self._require_allowed(write, saved)

    async def _next(self, write: Write, saved: SavedConnector) -> SavedConnector:
        version = await write.versions.newest(Kind.CONNECTOR, saved.id) + 1
        # A test that was passed says nothing of other values.
        return replace(saved, version=version, tested_at=None, updated_at=self.writer.clock.now())

    async def _retire_active(
        self, write: Write, successor: SavedConnector, *, ends_trial: bool = True
    ) -> None:
        if successor.type is ConnectorType.SOCIAL:
            return
        present = await self._rows(write).find_active(successor.type)
        if present is None or present.id == successor.id:
            return
        version = await write.versions.newest(Kind.CONNECTOR, present.id) + 1
        await self._rows(write).retire(present, version, self.writer.clock.now())
        if ends_trial:
            await self._end_trial_beside(write, present)
        await self.writer.record(
            write,
            Kind.CONNECTOR,
            present.id,
            version,
            Action.REPLACED,
            document=_document(present),
            changes=(Change("replacedBy", None, successor.id),),
            secrets=present.secrets,
        )

    async def _record(
        self,
        write: Write,
        action: Action,
        before: SavedConnector | None,
        after: SavedConnector,
    ) -> None:
        opened = {} if before is None else self.saved.opened_secrets(before)
        await self.writer.record(
            write,
            Kind.CONNECTOR,
            after.id,
            after.version,
            action,
            document=_document(after),
            changes=changes_between(_document(before) if before else None, _document(after))
            + secret_changes(opened, self.saved.opened_secrets(after)),
            secrets=after.secrets,
        )

    async def restore(self, write: Write, wanted: ConfigurationVersion) -> None:
        """Bring a version back, secrets included; raises what `create` raises."""
        assert wanted.document is not None
        before = await self._rows(write).find(wanted.subject_id)
        if before is None:
            raise VersionNotRestorable(f"the connector {wanted.subject_id} is gone for good")
        after = await self._next(
            write,
            replace(
                before,
                config=wanted.document["config"],
                secrets=wanted.secrets,
                metadata=with_known_logos(wanted.document["metadata"], before.metadata),
                sync_profile=wanted.document["syncProfile"],
                retired_at=None,
            ),
        )
        self.require_sendable(write, after)
        require_own_target(self.saved, await self._rows(write).list(), after)
        await self._retire_active(write, after)
        await self._rows(write).save(after)
        await self._record(write, Action.RESTORED, before, after)


def _document(saved: SavedConnector) -> dict[str, Any]:
    return {
        "connectorId": saved.connector_id,
        "type": saved.type.value,
        "config": dict(saved.config),
        "metadata": saved.override,
        "syncProfile": saved.sync_profile,
    }
