"""The parts of a tenant's configuration that stand in a document."""

from dataclasses import dataclass, replace
from typing import Self

from watchword.configuration.applications import ApplicationConfiguration
from watchword.configuration.connectors import ConnectorConfiguration
from watchword.configuration.phrases import PhraseConfiguration
from watchword.configuration.resources import ResourceConfiguration
from watchword.configuration.settings import SettingsConfiguration
from watchword.configuration.webhooks import WebhookConfiguration
from watchword.configuration.writing import ConfigurationWriter, Write
from watchword.core.pagination import FURTHEST, PageRequest
from watchword.resources.models import Resource
from watchword.storage import Database

EVERYTHING = PageRequest(1, FURTHEST)


@dataclass(frozen=True, kw_only=True)
class DocumentParts:
    """What reads and writes the sections of a document."""

    writer: ConfigurationWriter
    connectors: ConnectorConfiguration
    settings: SettingsConfiguration
    applications: ApplicationConfiguration
    resources: ResourceConfiguration
    webhooks: WebhookConfiguration
    phrases: PhraseConfiguration

    def joined(self, write: Write) -> Self:
        """Return parts whose changes are parts of *write*: they stand or fall together."""
        writer = self.writer.joining(write)
        return replace(
            self,
            writer=writer,
            connectors=replace(self.connectors, writer=writer),
            settings=replace(self.settings, writer=writer),
            applications=replace(self.applications, writer=writer),
            resources=replace(self.resources, writer=writer),
            webhooks=replace(self.webhooks, writer=writer),
            phrases=replace(self.phrases, writer=writer),
        )

    async def resources_of(self, database: Database) -> dict[str, Resource]:
        """Return the APIs by indicator, as a transaction sees them."""
        rows = self.resources.saved.repository.within(database)
        return {resource.indicator: resource for resource in await rows.list()}
