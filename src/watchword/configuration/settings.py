"""Changes of the settings that a tenant has one of each: sign-in, guard, and what it is for."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel

from watchword.account.models import AccountCenterSettings
from watchword.audit.models import Actor
from watchword.configuration.errors import ConfigurationChanged, DevelopmentPartsInUse
from watchword.configuration.models import Action, Kind, TenantSettings
from watchword.configuration.phrases import languages_of
from watchword.configuration.repository import VersionRows
from watchword.configuration.saved_trial import trial_of
from watchword.configuration.writing import ConfigurationWriter, Write, expect
from watchword.connector_kit.models import ConnectorType
from watchword.connectors.service import ConnectorService
from watchword.custom_phrases.service import CustomPhraseService
from watchword.guard.models import GuardPolicy
from watchword.sign_in_settings.models import SignInSettings, SignInSettingsPatch
from watchword.sign_in_settings.service import SignInRules
from watchword.tenants.errors import TenantOwnsPort
from watchword.tenants.models import TenantTag
from watchword.test_numbers.service import FixedNumbers
from watchword.users.service import UserService

Document = TypeVar("Document", GuardPolicy, AccountCenterSettings, TenantSettings)
"""Settings that fit together however they are changed."""
Saved = TypeVar("Saved", bound=BaseModel)


@dataclass(frozen=True, kw_only=True)
class SettingsConfiguration:
    """Changes a tenant's settings; nothing else writes them."""

    writer: ConfigurationWriter
    connectors: ConnectorService
    users: UserService
    numbers: FixedNumbers
    phrases: CustomPhraseService
    """Its languages may be fallen back to, besides those this server ships with."""

    async def sign_in(self) -> tuple[SignInSettings, int]:
        """Return the saved sign-in settings and their version; 0 while they are the defaults."""
        return await sign_in_settings_of(self.writer.versions)

    async def save_sign_in(
        self,
        actor: Actor,
        patch: Mapping[str, Any],
        *,
        expected_version: int | None = None,
        reason: str | None = None,
    ) -> SignInSettings:
        """Change what the patch names, if the settings then fit together."""
        async with self.writer.writing(actor, reason) as write:
            before, version = await sign_in_settings_of(write.versions)
            expect(version, expected_version)
            after = await self._checked(write, before, patch)
            await self.writer.save_settings(
                write, Kind.SIGN_IN, Action.CHANGED, before.document(), after.document()
            )
        return after

    async def guard(self) -> tuple[GuardPolicy, int]:
        """Return the saved guard policy and its version; 0 while it is the default."""
        return await guard_policy_of(self.writer.versions)

    async def save_guard(
        self,
        actor: Actor,
        patch: Mapping[str, Any],
        *,
        expected_version: int | None = None,
        reason: str | None = None,
    ) -> GuardPolicy:
        """Change what the patch names of the guard's policy."""
        async with self.writer.writing(actor, reason) as write:
            return await self._change(write, Kind.GUARD, GuardPolicy, patch, expected_version)

    async def account_center(self) -> tuple[AccountCenterSettings, int]:
        """Return the account centre's settings and their version; 0 while they are the defaults."""
        return await account_center_of(self.writer.versions)

    async def save_account_center(
        self,
        actor: Actor,
        patch: Mapping[str, Any],
        *,
        expected_version: int | None = None,
        reason: str | None = None,
    ) -> AccountCenterSettings:
        """Change what the patch names of the account centre's settings."""
        async with self.writer.writing(actor, reason) as write:
            return await self._change(
                write, Kind.ACCOUNT_CENTER, AccountCenterSettings, patch, expected_version
            )

    async def tenant(self) -> tuple[TenantSettings, int]:
        """Return the tenant's own settings and their version; 0 while they are the defaults."""
        return await tenant_settings_of(self.writer.versions)

    async def save_tenant(
        self,
        actor: Actor,
        patch: Mapping[str, Any],
        *,
        expected_version: int | None = None,
        reason: str | None = None,
    ) -> TenantSettings:
        """Change what the patch names of the tenant's own settings."""
        async with self.writer.writing(actor, reason) as write:
            return await self._change(write, Kind.TENANT, TenantSettings, patch, expected_version)

    async def set_tag(
        self,
        actor: Actor,
        tag: TenantTag,
        *,
        seen: str | None = None,
        reason: str | None = None,
    ) -> None:
        """Say what this tenant is for.

        Raises DevelopmentPartsInUse or TenantOwnsPort for production, and ConfigurationChanged
        where it is not for what was *seen*.
        """
        async with self.writer.writing(actor, reason) as write:
            if seen is not None and seen != write.tenant.tag:
                raise ConfigurationChanged(f"expected {seen}, found {write.tenant.tag}")
            if tag is TenantTag.PRODUCTION:
                if write.tenant.port is not None:
                    raise TenantOwnsPort(str(write.tenant.port))
                rows = self.connectors.rows.within(write.tx)
                trial = await trial_of(write.versions, rows)
                tried = [trial.saved] if trial is not None else []
                for saved in [*await rows.list(), *tried]:
                    if self.connectors.is_for_development(saved):
                        raise DevelopmentPartsInUse(saved.connector_id)
                now = self.writer.clock.now()
                listed = await self.numbers.rows.within(write.tx).list()
                if any(number.is_active(now) for number in listed):
                    raise DevelopmentPartsInUse("a test number")
            await self.writer.directory.set_tag(self.writer.tenant.id, tag, write.tx)
            await self.writer.audit.record(
                "tenant.tagged",
                actor,
                subject=f"tenant:{self.writer.tenant.id}",
                payload={"before": write.tenant.tag, "after": tag, "reason": reason},
                tx=write.tx,
            )

    async def restore_sign_in(self, write: Write, wanted: Mapping[str, Any]) -> None:
        """Bring a document back if it still fits; raises what `save_sign_in` raises."""
        before, _ = await sign_in_settings_of(write.versions)
        after = await self._checked(write, before, wanted)
        await self.writer.save_settings(
            write, Kind.SIGN_IN, Action.RESTORED, before.document(), after.document()
        )

    async def restore_guard(self, write: Write, wanted: Mapping[str, Any]) -> None:
        """Bring a policy back."""
        await self._restore(write, Kind.GUARD, GuardPolicy, wanted)

    async def restore_account_center(self, write: Write, wanted: Mapping[str, Any]) -> None:
        """Bring the account centre's settings back."""
        await self._restore(write, Kind.ACCOUNT_CENTER, AccountCenterSettings, wanted)

    async def restore_tenant(self, write: Write, wanted: Mapping[str, Any]) -> None:
        """Bring the tenant's own settings back."""
        await self._restore(write, Kind.TENANT, TenantSettings, wanted)

    # Inside a change.

    async def _change(
        self,
        write: Write,
        kind: Kind,
        model: type[Document],
        patch: Mapping[str, Any],
        expected_version: int | None,
    ) -> Document:
        before, version = await _saved(write.versions, kind, model)
        expect(version, expected_version)
        after = before.changed(patch)
        await self.writer.save_settings(
            write, kind, Action.CHANGED, before.document(), after.document()
        )
        return after

    async def _restore(
        self, write: Write, kind: Kind, model: type[Document], wanted: Mapping[str, Any]
    ) -> None:
        before, _ = await _saved(write.versions, kind, model)
        after = model.model_validate(wanted)
        await self.writer.save_settings(
            write, kind, Action.RESTORED, before.document(), after.document()
        )

    async def _checked(
        self, write: Write, before: SignInSettings, patch: Mapping[str, Any]
    ) -> SignInSettings:
        wanted = SignInSettingsPatch.model_validate(patch)
        connectors = await self.connectors.rows.within(write.tx).list()
        available = {saved.type for saved in connectors}
        conflicts = []
        # Asked only now: it reads every user name of the tenant.
        if before.username_policy.case_sensitive and not wanted.username_policy.case_sensitive:
            conflicts = await self.users.username_conflicts(tx=write.tx)
        after = SignInRules.check(
            before,
            wanted,
            available,
            languages=await languages_of(self.phrases.rows.within(write.tx)),
            username_conflicts=conflicts,
        )
        # As the contract does: a button for a provider that is not there is left out, silently.
        return after.with_social_targets(
            self.connectors.target_of(saved)
            for saved in connectors
            if saved.type is ConnectorType.SOCIAL
        )


async def sign_in_settings_of(versions: VersionRows) -> tuple[SignInSettings, int]:
    """Return the saved settings and their version; 0 while they are the defaults."""
    return await _saved(versions, Kind.SIGN_IN, SignInSettings)


async def guard_policy_of(versions: VersionRows) -> tuple[GuardPolicy, int]:
    """Return the saved policy and its version; 0 while it is the default."""
    return await _saved(versions, Kind.GUARD, GuardPolicy)


async def account_center_of(versions: VersionRows) -> tuple[AccountCenterSettings, int]:
    """Return the saved settings and their version; 0 while they are the defaults."""
    return await _saved(versions, Kind.ACCOUNT_CENTER, AccountCenterSettings)


async def tenant_settings_of(versions: VersionRows) -> tuple[TenantSettings, int]:
    """Return the saved settings and their version; 0 while they are the defaults."""
    return await _saved(versions, Kind.TENANT, TenantSettings)


async def _saved(versions: VersionRows, kind: Kind, model: type[Saved]) -> tuple[Saved, int]:
    row = await versions.settings(kind)
    return (model(), 0) if row is None else (model.model_validate(row["document"]), row["version"])
