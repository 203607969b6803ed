"""Changes of the configuration in an operator's words: what is called how, and what it says."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from watchword.configuration.models import Change, ConfigurationVersion, Kind
from watchword.connector_kit.config import localized
from watchword.connector_kit.registry import ConnectorRegistry
from watchword.connectors.models import SavedConnector
from watchword.core.phrases import Phrases
from watchword.web.console.field_names import (
    LIMIT_PARTS,
    SIGN_IN_METHODS,
    SOCIAL_TARGETS,
    lines_that_differ,
    merged,
    phrases_of_field,
    phrases_of_method,
    phrases_of_value,
)
from watchword.web.pages.countries import countries
from watchword.web.scope import TenantScope
from watchword.web.templating import moment_text

SCOPES, GRANTED = "scopes", "resourceScopes"
CONNECTORS = {"instanceId", "replacedBy", SOCIAL_TARGETS}
"""Settings that hold ids or targets of connectors."""
EMPTY: tuple[Any, ...] = (None, [], {})
"""What a table of changes calls empty."""
MOST_RETIRED = 20
CONFIG, TEMPLATES, HEADERS = "config", "templates", "headers"


@dataclass
class ChangeWords:
    """Says changes as the pages say the settings; what nobody has a word for stays as it is."""

    phrases: Phrases
    language: str
    registry: ConnectorRegistry
    names: dict[str, str] = field(default_factory=dict)
    """Names of the ids that changes hold, as far as `learn` found them."""
    _forms: dict[str, Mapping[str, Mapping[str, Any]]] = field(
        default_factory=dict, init=False, repr=False
    )

    async def learn(self, scope: TenantScope, changes: Iterable[Change]) -> None:
        """Look up the names of the ids in *changes*."""
        changes = list(changes)
        fields = {change.field for change in changes}
        if GRANTED in fields:
            for resource in await scope.resources.list():
                self.names |= {one.id: one.name for one in resource.scopes}
        if fields & CONNECTORS:
            for saved in await _every_connector(scope):
                name = localized(scope.connectors.shown(saved).name, self.language)
                self.names |= {saved.id: name, scope.connectors.target_of(saved): name}
        for change in changes:
            if change.field == SCOPES:
                listed = [*(change.before or ()), *(change.after or ())]
                self.names |= {one["id"]: one["name"] for one in listed}

    def thing(self, kind: str, key: str, document: Mapping[str, Any]) -> str:
        """Return what something is called by its document; empty where its kind says it all."""
        if kind == Kind.PHRASES:
            return self.phrases.name_of(key)
        if kind == Kind.CONNECTOR:
            return self.provider(document.get("connectorId", ""))
        return str(document.get("name") or "")

    def version(self, version: ConfigurationVersion) -> str:
        """Return what a version is one of; of what was deleted, as it was called."""
        return self.thing(version.kind, version.subject_id, _document_of(version))

    def provider_of(self, version: ConfigurationVersion) -> str:
        """Return the connector class that a version is one of; empty for anything else."""
        return str(_document_of(version).get("connectorId", ""))

    def provider(self, connector_id: str) -> str:
        """Return a provider's name; of one that is no longer installed, its id."""
        found = self.registry.find(connector_id)
        return localized(found.metadata.name, self.language) if found else connector_id

    def setting(self, field: str, kind: str = "", connector_id: str = "") -> str:
        """Return what a setting is called; empty where it has only its own name."""
        first, _, rest = field.partition(".")
        if kind == Kind.CONNECTOR and first == CONFIG:
            return self._of_form(rest, connector_id)
        if kind == Kind.WEBHOOK and first in {CONFIG, HEADERS} and rest:
            return f"{self._text('console.webhooks.headers')} · {rest}"
        return " · ".join(self._text(phrase) for phrase in phrases_of_field(field, kind))

    def rows(self, changes: Sequence[Change]) -> list[Change]:
        """Return what a table of changes has a row for: a limit's two numbers have one.

        What was empty and still is has none.
        """
        rows = merged(changes)
        return [row for row in rows if row.before not in EMPTY or row.after not in EMPTY]

    def value(self, field: str, value: Any, kind: str = "", connector_id: str = "") -> str:
        """Return a setting's value in words; empty where it is shown as it is."""
        if field in SAID_APART:
            return SAID_APART[field](self, value)
        if isinstance(value, Mapping) and value.keys() <= LIMIT_PARTS:
            phrase = "limit" if "count" in value else "unanswered_limit"
            return self._text(f"console.change.{phrase}", **value)
        first, _, key = field.partition(".")
        if kind == Kind.CONNECTOR and first == CONFIG and isinstance(value, str):
            return self._choice(key, value, connector_id)
        phrases = phrases_of_value(field, value, kind)
        if phrases is not None:
            return ", ".join(self._text(phrase) for phrase in phrases)
        return ", ".join(self._items(field, value))

    def lines(self, change: Change) -> tuple[list[str], list[str]] | None:
        """Return a long text's lines that went and came; None for what is no such text."""
        return lines_that_differ(change.field, change.before, change.after)

    def _items(self, field: str, value: Any) -> list[str]:
        if field == "allowedCountries":
            names = {one.region: one.name for one in countries(self.language)}
            return [names.get(str(one), str(one)) for one in value]
        if field in {*CONNECTORS, GRANTED}:
            listed = value if isinstance(value, list | tuple) else [value]
            return [self.names.get(str(one), str(one)) for one in listed]
        if not isinstance(value, list | tuple):
            return []
        if all(isinstance(one, Mapping) and "name" in one for one in value):
            return [_named(one) for one in value]
        return list(value) if all(isinstance(one, str) for one in value) else []

    def _language(self, tag: str) -> str:
        return self.phrases.name_of(tag)

    def _methods(self, methods: Iterable[Mapping[str, Any]]) -> str:
        return "; ".join(self._method(method) for method in methods)

    def _moment(self, text: str) -> str:
        return moment_text(self.language, datetime.fromisoformat(text))

    def _of_form(self, path: str, connector_id: str) -> str:
        """Return what a connector's form calls a setting, or a part of one of its templates."""
        key, *parts = path.split(".")
        label = self._form_item(key, connector_id).get("label", key)
        if key == TEMPLATES and parts:
            parts[0] = self._text(f"console.usage.{parts[0]}")
            parts[1:] = [self._text(f"console.texts.{part}") for part in parts[1:]]
        return " · ".join([label, *parts])

    def _choice(self, key: str, value: str, connector_id: str) -> str:
        """Return what a connector's form calls one of the choices that it offers."""
        choices = self._form_item(key, connector_id).get("selectItems", ())
        return next((one["title"] for one in choices if one["value"] == value), "")

    def _form_item(self, key: str, connector_id: str) -> Mapping[str, Any]:
        # Drawn once: a page has hundreds of rows, and nobody else is served while it is drawn.
        if connector_id not in self._forms:
            found = self.registry.find(connector_id)
            items = found.config_type.form_items(self.language) if found else ()
            self._forms[connector_id] = {item["key"]: item for item in items}
        return self._forms[connector_id].get(key, {})

    def _method(self, method: Mapping[str, Any]) -> str:
        identifier, factors = phrases_of_method(method)
        return f"{self._text(identifier)}: {', '.join(self._text(factor) for factor in factors)}"

    def _text(self, key: str, **values: Any) -> str:
        # Packages and other servers' documents may hold a word that no page knows.
        is_known = self.phrases.find(self.language, key, count=values.get("count")) is not None
        return (
            self.phrases.text(self.language, key, **values) if is_known else key.rpartition(".")[2]
        )


SAID_APART: Mapping[str, Callable[[ChangeWords, Any], str]] = {
    "languageInfo.fallbackLanguage": ChangeWords._language,
    SIGN_IN_METHODS: ChangeWords._methods,
    "connectorId": ChangeWords.provider,
    "startedAt": ChangeWords._moment,
    "endsAt": ChangeWords._moment,
}
"""Settings whose values are neither phrases nor shown as they are."""


async def _every_connector(scope: TenantScope) -> list[SavedConnector]:
    trial = scope.connectors.trial
    retired = await scope.connectors.list_retired(MOST_RETIRED)
    return [*await scope.connectors.list(), *retired, *([trial.saved] if trial else [])]


def _document_of(version: ConfigurationVersion) -> Mapping[str, Any]:
    if version.document is not None:
        return version.document
    return {change.field: change.before for change in version.changes}


def _named(item: Mapping[str, Any]) -> str:
    description = item.get("description")
    return f"{item['name']} ({description})" if description else str(item["name"])
