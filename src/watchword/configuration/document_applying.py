"""One document on its way into one tenant."""

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from watchword.applications.models import EVERY
from watchword.audit.models import Actor
from watchword.configuration.document import SLOTS, ConnectorPart, Document, Path, slot_of
from watchword.configuration.document_parts import EVERYTHING, DocumentParts
from watchword.configuration.document_plan import PlannedChange
from watchword.configuration.document_reading import refusing
from watchword.configuration.document_values import Values, setting_at
from watchword.configuration.errors import DocumentRefused, Issue
from watchword.configuration.models import ConfigurationVersion, Kind
from watchword.configuration.writing import MAKING, Write
from watchword.connector_kit.models import ConnectorType
from watchword.connectors.models import SavedConnector
from watchword.resources.models import Resource
from watchword.webhooks.models import NewWebhook, WebhookConfig

SECTIONS: Mapping[Kind, str] = {
    Kind.TENANT: "tenant",
    Kind.SIGN_IN: "signIn",
    Kind.GUARD: "guard",
    Kind.ACCOUNT_CENTER: "accountCenter",
    Kind.CONNECTOR: "connectors",
    Kind.RESOURCE: "resources",
    Kind.APPLICATION: "applications",
    Kind.WEBHOOK: "webhooks",
    Kind.PHRASES: "phrases",
}


@dataclass
class Applying:
    """One document on its way into one tenant, inside one transaction."""

    parts: DocumentParts
    write: Write
    document: Document
    given: Mapping[str, Any]
    values: Values
    looks: Mapping[str, Mapping[str, Any]]
    """By slot, what connectors are shown as, with the pictures."""
    done: list[PlannedChange] = field(default_factory=list)
    senders: dict[str, SavedConnector] = field(default_factory=dict)
    """By slot, the connectors that send otherwise than before."""

    @property
    def actor(self) -> Actor:
        """Return who applies it."""
        return self.write.actor

    async def everything(self, *, keeps_others: bool) -> None:
        """Write what differs: what others stand on first, and what goes last."""
        await self._resources()
        await self._applications()
        await self._connectors()
        # Before the settings: one of them names the language that the others fall back to.
        await self._phrases()
        await self._settings()
        await self._webhooks()
        if not keeps_others:
            await self._delete_the_rest()
            await self._delete_other_languages()
        await self._require_room()

    async def _resources(self) -> None:
        for indicator, part in (self.document.resources or {}).items():
            async with self._at("resources", indicator):
                await self.parts.resources.put(
                    self.actor,
                    indicator,
                    name=part.name,
                    access_token_ttl=timedelta(seconds=part.access_token_ttl),
                    scopes=part.scopes,
                    is_default=part.is_default,
                )

    async def _applications(self) -> None:
        resources = await self.parts.resources_of(self.write.tx)
        for client_id, part in (self.document.applications or {}).items():
            async with self._at("applications", client_id):
                wanted = part.model_dump(by_alias=True, mode="json")
                wanted["resourceScopes"] = list(
                    _scope_ids(("applications", client_id), part.resource_scopes, resources)
                )
                await self.parts.applications.put(self.actor, client_id, wanted)

    async def _connectors(self) -> None:
        for slot, part in (self.document.connectors or {}).items():
            async with self._at("connectors", slot):
                await self._connector(slot, part)

    async def _connector(self, slot: str, part: ConnectorPart) -> None:
        connectors = self.parts.connectors
        sends = SLOTS.get(slot, ConnectorType.SOCIAL)
        instance_id = None if slot in SLOTS else slot
        secrets = connectors.saved.class_of(part.connector_id).config_type.secret_keys()
        known = len(self.values.kept)
        path: Path = ("connectors", slot, "config")
        config = self.values.filled(part.config, path, lambda found: setting_at(found) in secrets)
        present = await connectors.present(self.write, sends, instance_id)
        is_same = present is not None and present.connector_id == part.connector_id
        had = present.secrets if present is not None and is_same else {}
        lost = [found for found in self.values.kept[known:] if setting_at(found) not in had]
        if lost:
            raise DocumentRefused([_wanted_secret(found) for found in lost])
        before = len(self.write.written)
        saved = await connectors.put(
            self.actor,
            sends,
            part.connector_id,
            config,
            id=instance_id,
            metadata=self.looks[slot],
            sync_profile=part.sync_profile,
        )
        if slot in SLOTS and len(self.write.written) > before:
            self.senders[slot] = saved

    async def _phrases(self) -> None:
        for language, texts in (self.document.phrases or {}).items():
            async with self._at("phrases", language):
                await self.parts.phrases.replace(self.actor, language, texts)

    async def _settings(self) -> None:
        settings = self.parts.settings
        for name, save in (
            ("signIn", settings.save_sign_in),
            ("guard", settings.save_guard),
            ("accountCenter", settings.save_account_center),
            ("tenant", settings.save_tenant),
        ):
            if self.given.get(name) is not None:
                async with self._at(name):
                    await save(self.actor, self.given[name])

    async def _webhooks(self) -> None:
        for webhook_id, part in (self.document.webhooks or {}).items():
            async with self._at("webhooks", webhook_id):
                path: Path = ("webhooks", webhook_id, "headers")
                headers = self.values.filled(part.headers, path, lambda _: True)
                wanted = NewWebhook(
                    name=part.name,
                    events=part.events,
                    enabled=part.enabled,
                    config=WebhookConfig(url=part.url, headers=headers, retries=part.retries),
                )
                await self.parts.webhooks.put(self.actor, webhook_id, wanted)

    async def _delete_the_rest(self) -> None:
        parts, document = self.parts, self.document
        if document.webhooks is not None:
            for webhook in await parts.webhooks.saved.rows.within(self.write.tx).list():
                if webhook.id not in document.webhooks:
                    async with self._at("webhooks", webhook.id):
                        await parts.webhooks.delete(self.actor, webhook.id)
        if document.applications is not None:
            rows = parts.applications.saved.repository.within(self.write.tx)
            for application in (await rows.list(EVERYTHING, EVERY)).items:
                if application.id not in document.applications:
                    async with self._at("applications", application.id):
                        await parts.applications.delete(self.actor, application.id)
        if document.resources is not None:
            for indicator, resource in (await parts.resources_of(self.write.tx)).items():
                if indicator not in document.resources:
                    async with self._at("resources", indicator):
                        await parts.resources.delete(self.actor, resource.id)
        if document.connectors is not None:
            for saved in await parts.connectors.saved.rows.within(self.write.tx).list():
                if slot_of(saved) not in document.connectors:
                    async with self._at("connectors", slot_of(saved)):
                        await parts.connectors.delete(self.actor, saved.id)

    async def _delete_other_languages(self) -> None:
        if self.document.phrases is None:
            return
        rows = self.parts.phrases.saved.rows.within(self.write.tx)
        for phrases in await rows.list():
            if phrases.language not in self.document.phrases:
                async with self._at("phrases", phrases.language):
                    await self.parts.phrases.delete(self.actor, phrases.language)

    async def _require_room(self) -> None:
        """Count what there is of each kind now that everything is done."""
        made = {version.kind for version in self.write.written if version.action in MAKING}
        for kind in sorted(made):
            async with self._at(SECTIONS[kind]):
                await self.parts.writer.require_room(self.write, kind)
                if kind is Kind.PHRASES:
                    await self.parts.phrases.require_room(self.write)

    @asynccontextmanager
    async def _at(self, *path: str) -> AsyncIterator[None]:
        """Note what is written as what stands at *path*; name the place of what goes wrong."""
        before = len(self.write.written)
        with refusing(path):
            yield
        for version in self.write.written[before:]:
            self.done.append(_planned(path, version))


def _planned(path: Path, version: ConfigurationVersion) -> PlannedChange:
    if version.kind is Kind.RESOURCE and version.document is not None:
        # One that stops being the default, since another becomes it.
        path = ("resources", version.document["indicator"])
    return PlannedChange(path, version.action, version.changes)


def _scope_ids(
    path: Path, named: Mapping[str, tuple[str, ...]], resources: Mapping[str, Resource]
) -> Iterator[str]:
    for indicator, names in named.items():
        resource = resources.get(indicator)
        ids = {scope.name: scope.id for scope in resource.scopes} if resource else {}
        for name in names:
            if name not in ids:
                place = (*path, "resourceScopes", indicator)
                raise DocumentRefused([Issue(place, "scope.not_found", f"no scope {name}")])
            yield ids[name]


def _wanted_secret(path: Path) -> Issue:
    message = "the tenant has no such secret yet, and its variable is not there"
    return Issue(path, "configuration.variable_missing", message)
