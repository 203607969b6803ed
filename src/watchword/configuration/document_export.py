"""A tenant's configuration leaves as a document."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from watchword.configuration.document import FORMAT, slot_of
from watchword.configuration.document_parts import EVERYTHING, DocumentParts
from watchword.configuration.document_values import reference
from watchword.configuration.sealed_secrets import SealingKey
from watchword.connectors.models import SavedConnector
from watchword.resources.models import Resource
from watchword.webhooks.models import Webhook
from watchword.webhooks.saved import headers_of


@dataclass(frozen=True)
class Exported:
    """A tenant's configuration, and the state that it is of."""

    stamp: int
    document: Mapping[str, Any]


async def exported(parts: DocumentParts, seal_to: SealingKey | None = None) -> Exported:
    """Return the configuration in a stable order, each secret a reference to a variable.

    With *seal_to*, secrets are in it, for that key's owner alone.
    """
    # Before what it stands for: a change in between is then seen as one.
    tenant = await parts.writer.directory.get(parts.writer.tenant.id)
    sections: dict[str, Any] = {"version": FORMAT}
    for name, read in (
        ("tenant", parts.settings.tenant),
        ("signIn", parts.settings.sign_in),
        ("guard", parts.settings.guard),
        ("accountCenter", parts.settings.account_center),
    ):
        settings, _ = await read()
        sections[name] = settings.document()
    connectors = await parts.connectors.saved.rows.list()
    sections["connectors"] = {
        slot_of(saved): _connector(parts, saved, seal_to)
        for saved in sorted(connectors, key=slot_of)
    }
    resources = await parts.resources_of(parts.writer.storage)
    sections["resources"] = {
        indicator: _resource(resources[indicator]) for indicator in sorted(resources)
    }
    listed = await parts.applications.saved.list(EVERYTHING)
    sections["applications"] = {
        application.id: _application(application.document(), resources)
        for application in sorted(listed.items, key=lambda item: item.id)
    }
    webhooks = await parts.webhooks.saved.all()
    sections["webhooks"] = {
        webhook.id: _webhook(parts, webhook, seal_to)
        for webhook in sorted(webhooks, key=lambda item: item.id)
    }
    sections["phrases"] = {
        phrases.language: dict(sorted(phrases.texts.items()))
        for phrases in await parts.phrases.saved.list()
    }
    return Exported(tenant.configuration_stamp, sections)


def _connector(
    parts: DocumentParts, saved: SavedConnector, seal_to: SealingKey | None
) -> dict[str, Any]:
    slot = slot_of(saved)
    opened = parts.connectors.saved.opened_secrets(saved) if seal_to else {}
    config = dict(saved.config)
    for name in saved.secrets:
        path = ("connectors", slot, "config", name)
        config[name] = reference(path, opened.get(name), seal_to)
    part: dict[str, Any] = {
        "connectorId": saved.connector_id,
        "config": {name: config[name] for name in sorted(config)},
    }
    if saved.override:
        part["metadata"] = dict(saved.override)
    if saved.sync_profile:
        part["syncProfile"] = True
    return part


def _webhook(parts: DocumentParts, webhook: Webhook, seal_to: SealingKey | None) -> dict[str, Any]:
    opened = headers_of(parts.webhooks.saved.opened(webhook)) if seal_to else {}
    part = {key: value for key, value in webhook.document().items() if value is not None}
    part["headers"] = {
        name: reference(("webhooks", webhook.id, "headers", name), opened.get(name), seal_to)
        for name in sorted(webhook.header_names)
    }
    return part


def _resource(resource: Resource) -> dict[str, Any]:
    scopes = {scope.name: scope.description for scope in resource.scopes}
    return {
        "name": resource.name,
        "accessTokenTtl": int(resource.access_token_ttl.total_seconds()),
        "isDefault": resource.is_default,
        "scopes": {name: scopes[name] for name in sorted(scopes)},
    }


def _application(document: Mapping[str, Any], resources: Mapping[str, Resource]) -> dict[str, Any]:
    ids = document["resourceScopes"]
    named = {
        indicator: sorted(resource.names_of(ids))
        for indicator, resource in sorted(resources.items())
    }
    left_out = {"id", "secrets", "resourceScopes"}
    part = {key: value for key, value in document.items() if key not in left_out}
    return {**part, "resourceScopes": {key: names for key, names in named.items() if names}}
