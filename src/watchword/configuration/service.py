"""The configuration of a tenant: its parts, and the history they share."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from watchword.applications.service import ApplicationService
from watchword.audit.models import Actor
from watchword.configuration.applications import ApplicationConfiguration
from watchword.configuration.connectors import ConnectorConfiguration
from watchword.configuration.documents import DocumentConfiguration
from watchword.configuration.errors import VersionNotFound, VersionNotRestorable
from watchword.configuration.models import (
    Action,
    Change,
    ConfigurationVersion,
    Kind,
    changes_between,
    secret_changes,
)
from watchword.configuration.phrases import PhraseConfiguration
from watchword.configuration.resources import ResourceConfiguration
from watchword.configuration.settings import SettingsConfiguration
from watchword.configuration.test_numbers import TestNumberConfiguration
from watchword.configuration.trials import TrialConfiguration
from watchword.configuration.webhooks import WebhookConfiguration
from watchword.configuration.writing import ConfigurationWriter, expect
from watchword.connectors.models import SavedConnector
from watchword.connectors.service import ConnectorService
from watchword.core.digests import KeyedDigest
from watchword.core.pagination import Page, PageRequest
from watchword.custom_phrases.service import CustomPhraseService
from watchword.resources.service import ResourceService
from watchword.test_numbers.service import FixedNumbers
from watchword.users.service import UserService
from watchword.webhooks.deliveries import Deliveries


@dataclass(frozen=True, kw_only=True)
class ConfigurationService:
    """Changes what a tenant has configured; nothing else writes those rows."""

    writer: ConfigurationWriter
    connectors: ConnectorConfiguration
    settings: SettingsConfiguration
    applications: ApplicationConfiguration
    resources: ResourceConfiguration
    webhooks: WebhookConfiguration
    phrases: PhraseConfiguration
    test_numbers: TestNumberConfiguration
    trials: TrialConfiguration

    @classmethod
    def build(
        cls,
        writer: ConfigurationWriter,
        *,
        connectors: ConnectorService,
        applications: ApplicationService,
        users: UserService,
        resources: ResourceService,
        deliveries: Deliveries,
        fixed_numbers: FixedNumbers,
        recipients: KeyedDigest,
        phrases: CustomPhraseService,
    ) -> Self:
        """Return the service over the rooms whose rows it writes."""
        connector_configuration = ConnectorConfiguration(writer=writer, saved=connectors)
        return cls(
            writer=writer,
            connectors=connector_configuration,
            trials=TrialConfiguration(
                writer=writer, connectors=connector_configuration, recipients=recipients
            ),
            settings=SettingsConfiguration(
                writer=writer,
                connectors=connectors,
                users=users,
                numbers=fixed_numbers,
                phrases=phrases,
            ),
            applications=ApplicationConfiguration(
                writer=writer, saved=applications, connectors=connectors, resources=resources
            ),
            resources=ResourceConfiguration(writer=writer, saved=resources),
            webhooks=WebhookConfiguration(
                writer=writer,
                saved=deliveries.webhooks,
                deliveries=deliveries,
                connectors=connectors,
            ),
            phrases=PhraseConfiguration(writer=writer, saved=phrases),
            test_numbers=TestNumberConfiguration(writer=writer, numbers=fixed_numbers),
        )

    @property
    def documents(self) -> DocumentConfiguration:
        """Return what reads and writes the whole configuration as one document."""
        return DocumentConfiguration(
            writer=self.writer,
            connectors=self.connectors,
            settings=self.settings,
            applications=self.applications,
            resources=self.resources,
            webhooks=self.webhooks,
            phrases=self.phrases,
        )

    async def history(
        self,
        kind: Kind | None = None,
        subject_id: str | None = None,
        page: PageRequest = PageRequest(),  # noqa: B008  # frozen
    ) -> Page[ConfigurationVersion]:
        """Return one page of what was changed, newest first."""
        found, total = await self.writer.versions.page(kind, subject_id, page)
        return Page(found, total, page)

    async def bring_back(
        self, actor: Actor, instance_id: str, *, reason: str | None = None
    ) -> ConfigurationVersion:
        """Let a connector that was replaced or deleted send again, as it was last.

        The one that sends now is retired in the same step. Raises what `restore` raises.
        """
        versions, _ = await self.writer.versions.page(
            Kind.CONNECTOR, instance_id, PageRequest(1, 2)
        )
        # The newest one of a deleted connector holds nothing.
        for version in versions:
            if version.document is not None:
                return await self.restore(
                    actor, Kind.CONNECTOR, instance_id, version.version, reason=reason
                )
        raise VersionNotFound(f"{Kind.CONNECTOR} {instance_id}")

    async def compare(
        self, kind: Kind, subject_id: str, before: int, after: int
    ) -> tuple[Change, ...]:
        """Return what differs between two versions, secrets masked; raises VersionNotFound."""
        old = await self._version(kind, subject_id, before)
        new = await self._version(kind, subject_id, after)
        return changes_between(old.document, new.document) + secret_changes(
            self.connectors.saved.opened(subject_id, old.secrets),
            self.connectors.saved.opened(subject_id, new.secrets),
        )

    async def last_change(self, saved: SavedConnector) -> ConfigurationVersion | None:
        """Return the change that made a connector what it is; None if it was set up so.

        What was brought back is no change either: taking that back would break it again.
        """
        found = await self.writer.versions.find(Kind.CONNECTOR, saved.id, saved.version)
        return found if found is not None and found.action is Action.CHANGED else None

    async def present_versions(self) -> Mapping[tuple[Kind, str], int]:
        """Return which version of everything is the one in use, or its deletion."""
        return await self.writer.versions.newest_of_all()

    async def newest_version(self, kind: Kind, subject_id: str) -> int:
        """Return the number of the version in use, or of the deletion; 0 before the first."""
        return await self.writer.versions.newest(kind, subject_id)

    async def _version(self, kind: Kind, subject_id: str, version: int) -> ConfigurationVersion:
        found = await self.writer.versions.find(kind, subject_id, version)
        if found is None:
            raise VersionNotFound(f"{kind} {subject_id} {version}")
        return found

    async def restore(
        self,
        actor: Actor,
        kind: Kind,
        subject_id: str,
        version: int,
        *,
        expected_version: int | None = None,
        reason: str | None = None,
    ) -> ConfigurationVersion:
        """Bring a version back, secrets included, as a new version; it must still be valid.

        Raises ConfigurationChanged where the newest version is not the one expected.
        """
        async with self.writer.writing(actor, reason) as write:
            expect(await write.versions.newest(kind, subject_id), expected_version)
            wanted = await write.versions.find(kind, subject_id, version)
            if wanted is None:
                raise VersionNotFound(f"{kind} {subject_id} {version}")
            if wanted.document is None:
                raise VersionNotRestorable(f"{kind} {subject_id} {version}")
            match kind:
                case Kind.CONNECTOR:
                    await self.connectors.restore(write, wanted)
                case Kind.SIGN_IN:
                    await self.settings.restore_sign_in(write, wanted.document)
                case Kind.GUARD:
                    await self.settings.restore_guard(write, wanted.document)
                case Kind.ACCOUNT_CENTER:
                    await self.settings.restore_account_center(write, wanted.document)
                case Kind.TEST_NUMBERS | Kind.TRIAL:
                    # A decision of its day, not of a version.
                    raise VersionNotRestorable(f"{kind} {subject_id} {version}")
                case Kind.TENANT:
                    await self.settings.restore_tenant(write, wanted.document)
                case Kind.APPLICATION:
                    await self.applications.restore(write, wanted)
                case Kind.RESOURCE:
                    await self.resources.restore(write, wanted)
                case Kind.WEBHOOK:
                    await self.webhooks.restore(write, wanted)
                case Kind.PHRASES:
                    await self.phrases.restore(write, wanted)
            newest = await write.versions.newest(kind, subject_id)
            found = await write.versions.find(kind, subject_id, newest)
        assert found is not None
        return found
