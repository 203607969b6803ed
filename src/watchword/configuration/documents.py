"""Export a tenant's configuration, see what a document would change, and apply it as one change."""

import re
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, Self

from pydantic import ValidationError

from watchword.applications.models import EVERY
from watchword.audit.models import Actor
from watchword.configuration.applications import ApplicationConfiguration
from watchword.configuration.connectors import ConnectorConfiguration
from watchword.configuration.document import (
    FORMAT,
    REFERENCE,
    SLOTS,
    ConnectorPart,
    Document,
    Path,
    stray_keys,
)
from watchword.configuration.errors import (
    ConfigurationChanged,
    ConnectorNotTested,
    DeletionsNotAllowed,
    DocumentRefused,
    Issue,
)
from watchword.configuration.models import Action, Change, ConfigurationVersion, Kind
from watchword.configuration.phrases import PhraseConfiguration
from watchword.configuration.pictures import with_known_pictures, with_missing_pictures
from watchword.configuration.proofs_of_tests import ProofsOfTests
from watchword.configuration.resources import ResourceConfiguration
from watchword.configuration.sealed_secrets import SealedSecrets, SealingKey
from watchword.configuration.settings import SettingsConfiguration
from watchword.configuration.webhooks import WebhookConfiguration
from watchword.configuration.writing import MAKING, ConfigurationWriter, Write
from watchword.connector_kit.errors import ConnectorError, InvalidConfig
from watchword.connector_kit.models import ConnectorType
from watchword.connectors.models import MASK, SavedConnector
from watchword.core.digests import KeyedDigest
from watchword.core.errors import DomainError
from watchword.core.pagination import FURTHEST, PageRequest
from watchword.resources.models import Resource
from watchword.storage import Database
from watchword.webhooks.models import NewWebhook, Webhook, WebhookConfig
from watchword.webhooks.saved import headers_of

EVERYTHING = PageRequest(1, FURTHEST)
DEEPEST = 40
MOST_ISSUES = 100
WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|[^A-Za-z0-9]+")

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


@dataclass(frozen=True)
class PlannedChange:
    """One thing that a document makes of a tenant's configuration."""

    path: Path
    """The section, and within a list the key."""
    action: Action
    changes: tuple[Change, ...]

    @property
    def section(self) -> str:
        """Return the section of the document."""
        return str(self.path[0])

    @property
    def key(self) -> str:
        """Return which item of the section it is, where it has items."""
        return str(self.path[1]) if len(self.path) > 1 else ""


@dataclass(frozen=True)
class Plan:
    """What a document would change, as of a state of the tenant's configuration."""

    stamp: int
    """Names that state: `apply` refuses another one that is expected."""
    changes: tuple[PlannedChange, ...]
    kept_secrets: tuple[Path, ...] = ()
    """Secrets whose variables nobody gave: the tenant's own stay."""

    @property
    def deletions(self) -> tuple[PlannedChange, ...]:
        """Return what would be gone."""
        return tuple(change for change in self.changes if change.action is Action.DELETED)


@dataclass(frozen=True)
class Exported:
    """A tenant's configuration, and the state that it is of."""

    stamp: int
    document: Mapping[str, Any]


@dataclass(frozen=True)
class GivenConnector:
    """A connector that sends, as a document would make it."""

    connector_id: str
    config: Mapping[str, Any] = field(repr=False)
    """With the mask for the tenant's own secrets."""
    present: SavedConnector | None
    """The tenant's connector of that kind now, whose secrets those are."""


@dataclass(frozen=True, kw_only=True)
class _Terms:
    """How a document is carried out."""

    expected_stamp: int | None = None
    reason: str | None = None
    source: str | None = None
    keeps_others: bool = False
    may_delete: bool = False
    tests: Collection[str] = ()
    may_be_untested: bool = False
    is_plan: bool = False


class _OnlyPlanned(Exception):
    """No error: it undoes what was tried."""


@dataclass(frozen=True, kw_only=True)
class DocumentConfiguration:
    """A tenant's whole configuration, read and written as one document."""

    writer: ConfigurationWriter
    connectors: ConnectorConfiguration
    settings: SettingsConfiguration
    applications: ApplicationConfiguration
    resources: ResourceConfiguration
    webhooks: WebhookConfiguration
    phrases: PhraseConfiguration

    @property
    def sealed(self) -> SealedSecrets:
        """Return what opens secrets that were sealed to this tenant."""
        return SealedSecrets(self.connectors.saved.sealer.keys, self.writer.tenant.id)

    @property
    def proofs(self) -> ProofsOfTests:
        """Return what proves that a connector was tested here."""
        digest = KeyedDigest(self.connectors.saved.sealer.keys, "connector test")
        return ProofsOfTests(digest, self.writer.tenant.id, self.writer.clock)

    async def export(self, seal_to: SealingKey | None = None) -> Exported:
        """Return the configuration in a stable order, each secret a reference to a variable.

        With *seal_to*, secrets are in it, for that key's owner alone.
        """
        # Before what it stands for: a change in between is then seen as one.
        tenant = await self.writer.directory.get(self.writer.tenant.id)
        sections: dict[str, Any] = {"version": FORMAT}
        for name, read in (
            ("tenant", self.settings.tenant),
            ("signIn", self.settings.sign_in),
            ("guard", self.settings.guard),
            ("accountCenter", self.settings.account_center),
        ):
            settings, _ = await read()
            sections[name] = settings.document()
        connectors = await self.connectors.saved.rows.list()
        sections["connectors"] = {
            slot_of(saved): self._connector(saved, seal_to)
            for saved in sorted(connectors, key=slot_of)
        }
        resources = await self.resources_of(self.writer.storage)
        sections["resources"] = {
            indicator: _resource(resources[indicator]) for indicator in sorted(resources)
        }
        listed = await self.applications.saved.list(EVERYTHING)
        sections["applications"] = {
            application.id: _application(application.document(), resources)
            for application in sorted(listed.items, key=lambda item: item.id)
        }
        webhooks = await self.webhooks.saved.all()
        sections["webhooks"] = {
            webhook.id: self._webhook(webhook, seal_to)
            for webhook in sorted(webhooks, key=lambda item: item.id)
        }
        sections["phrases"] = {
            phrases.language: dict(sorted(phrases.texts.items()))
            for phrases in await self.phrases.saved.list()
        }
        return Exported(tenant.configuration_stamp, sections)

    async def plan(
        self,
        actor: Actor,
        document: Mapping[str, Any],
        variables: Mapping[str, str],
        *,
        keeps_others: bool = False,
    ) -> Plan:
        """Return what `apply` would do; raises what it raises, and changes nothing.

        It is tried out and undone, so a plan is never of another mind than the deed.
        """
        terms = _Terms(keeps_others=keeps_others, is_plan=True)
        return await self._carried_out(actor, document, variables, terms)

    async def apply(
        self,
        actor: Actor,
        document: Mapping[str, Any],
        variables: Mapping[str, str],
        *,
        expected_stamp: int | None = None,
        keeps_others: bool = False,
        may_delete: bool = False,
        tests: Collection[str] = (),
        may_be_untested: bool = False,
        reason: str | None = None,
        source: str | None = None,
    ) -> Plan:
        """Make the configuration what *document* says, all or nothing; return what changed.

        With *keeps_others* it is moved over: what a list leaves out stays, and a connector that
        sends goes live with a proof in *tests* that it was tested here, or untested where that is
        said. *source* is where it was moved from.
        Raises DocumentRefused with the place; ConfigurationChanged where the state is not the one
        expected; DeletionsNotAllowed where something would be gone and that was not said;
        ConnectorNotTested.
        """
        terms = _Terms(
            expected_stamp=expected_stamp,
            reason=reason,
            source=source,
            keeps_others=keeps_others,
            may_delete=may_delete,
            tests=tests,
            # A file that says everything is applied by pipelines, again and again.
            may_be_untested=may_be_untested or not keeps_others,
        )
        return await self._carried_out(actor, document, variables, terms)

    async def connector_in(
        self, given: Mapping[str, Any], slot: str, variables: Mapping[str, str]
    ) -> GivenConnector:
        """Return a connector that sends as a document would make it here, to try it first.

        Raises DocumentRefused, for instance where a secret is missing.
        """
        path: Path = ("connectors", slot)
        part = (parsed(given).connectors or {}).get(slot)
        if part is None:
            raise DocumentRefused(
                [Issue(path, "connector.not_found", "there is no such connector")]
            )
        with refusing(path):
            secrets = self.connectors.saved.class_of(part.connector_id).config_type.secret_keys()
            config = Values(variables, self.sealed).filled(
                part.config, (*path, "config"), lambda found: _setting(found) in secrets
            )
            present = await self.connectors.saved.active(SLOTS[slot])
            self.connectors.saved.build_unsaved(part.connector_id, config, present)
        return GivenConnector(part.connector_id, config, present)

    def proof_of(self, given: GivenConnector) -> str:
        """Return what lets a connector go live that was just tested as it is."""
        saved = self.connectors.saved
        completed = saved.completed(given.connector_id, given.config, given.present)
        stored, secrets = saved.split(given.connector_id, completed)
        return self.proofs.of(given.connector_id, {**stored, **secrets})

    async def _carried_out(
        self,
        actor: Actor,
        given: Mapping[str, Any],
        variables: Mapping[str, str],
        terms: _Terms,
    ) -> Plan:
        document = parsed(given)
        looks = await self._looks(document, is_plan=terms.is_plan)
        plan: Plan | None = None
        try:
            async with self.writer.writing(actor, terms.reason) as write:
                # The writer moved it on by one, and holds others off until the end.
                stamp = write.tenant.configuration_stamp - 1
                if terms.expected_stamp not in {None, stamp}:
                    raise ConfigurationChanged(
                        f"expected stamp {terms.expected_stamp}, found {stamp}"
                    )
                applying = _Applying(
                    parts=self._joined(write),
                    write=write,
                    document=document,
                    given=given,
                    values=Values(variables, self.sealed),
                    looks=looks,
                )
                await applying.everything(keeps_others=terms.keeps_others)
                plan = Plan(stamp, tuple(applying.done), tuple(applying.values.kept))
                _finish(plan, may_delete=terms.may_delete, is_plan=terms.is_plan)
                await self._go_live(write, applying.senders, terms)
                await self._audited(write, plan, terms.source)
        except _OnlyPlanned:
            pass
        assert plan is not None
        return plan

    async def _looks(self, document: Document, *, is_plan: bool) -> dict[str, dict[str, Any]]:
        """Return what connectors are shown as, by slot; fetched before anything is locked."""
        saved = self.connectors.saved
        known = {slot_of(one): one.metadata for one in await saved.rows.list()}
        looks = {}
        for slot, part in (document.connectors or {}).items():
            chosen, before = part.metadata.document(), known.get(slot, {})
            looks[slot] = (
                with_known_pictures(chosen, before)
                if is_plan
                else await with_missing_pictures(saved.context.client, chosen, before)
            )
        return looks

    async def _go_live(
        self, write: Write, senders: Mapping[str, SavedConnector], terms: _Terms
    ) -> None:
        """Note who was tested and who was not; raises ConnectorNotTested where that may not be."""
        connectors = self.connectors.saved
        untested = []
        for slot, saved in senders.items():
            config = {**saved.config, **connectors.opened_secrets(saved)}
            if any(self.proofs.holds(one, saved.connector_id, config) for one in terms.tests):
                now = self.writer.clock.now()
                await connectors.rows.within(write.tx).set_tested(saved, now)
            else:
                untested.append(slot)
        if not terms.keeps_others or not untested:
            return
        if not terms.may_be_untested:
            raise ConnectorNotTested(", ".join(untested), data={"connectors": untested})
        for slot in untested:
            await self.writer.audit.record(
                "connector.went_live_untested",
                write.actor,
                subject=f"connector:{senders[slot].id}",
                payload={"reason": write.reason, "source": terms.source},
                tx=write.tx,
            )

    async def _audited(self, write: Write, plan: Plan, source: str | None) -> None:
        await self.writer.audit.record(
            "configuration.applied",
            write.actor,
            subject=f"tenant:{write.tenant.id}",
            payload={
                "before": plan.stamp,
                "after": write.tenant.configuration_stamp,
                "reason": write.reason,
                "source": source,
                "versions": [
                    {
                        "kind": version.kind,
                        "subject": version.subject_id,
                        "version": version.version,
                    }
                    for version in write.written
                ],
            },
            tx=write.tx,
        )

    def _joined(self, write: Write) -> Self:
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

    # What is read.

    async def resources_of(self, database: Database) -> dict[str, Resource]:
        """Return the APIs by indicator, as a transaction sees them."""
        rows = self.resources.saved.repository.within(database)
        return {resource.indicator: resource for resource in await rows.list()}

    def _connector(self, saved: SavedConnector, seal_to: SealingKey | None) -> dict[str, Any]:
        slot = slot_of(saved)
        opened = self.connectors.saved.opened_secrets(saved) if seal_to else {}
        config = dict(saved.config)
        for name in saved.secrets:
            path = ("connectors", slot, "config", name)
            config[name] = _reference(path, opened.get(name), seal_to)
        part: dict[str, Any] = {
            "connectorId": saved.connector_id,
            "config": {name: config[name] for name in sorted(config)},
        }
        if saved.override:
            part["metadata"] = dict(saved.override)
        if saved.sync_profile:
            part["syncProfile"] = True
        return part

    def _webhook(self, webhook: Webhook, seal_to: SealingKey | None) -> dict[str, Any]:
        opened = headers_of(self.webhooks.saved.opened(webhook)) if seal_to else {}
        part = {key: value for key, value in webhook.document().items() if value is not None}
        part["headers"] = {
            name: _reference(("webhooks", webhook.id, "headers", name), opened.get(name), seal_to)
            for name in sorted(webhook.header_names)
        }
        return part


@dataclass
class Values:
    """Fills a document's references in."""

    variables: Mapping[str, str] = field(repr=False)
    sealed: SealedSecrets
    kept: list[Path] = field(default_factory=list)

    def filled(self, value: Any, path: Path, is_secret: Callable[[Path], bool]) -> Any:
        """Return *value* with what its references stand for, however deep.

        A secret whose variable is not there becomes the mask, which means "keep".
        """
        if isinstance(value, Mapping):
            return {k: self.filled(item, (*path, k), is_secret) for k, item in value.items()}
        if isinstance(value, list):
            return [self.filled(item, (*path, n), is_secret) for n, item in enumerate(value)]
        found = REFERENCE.fullmatch(value) if isinstance(value, str) else None
        if found is None:
            return value
        kind, name = found.groups()
        if kind == "sealed":
            return self.sealed.open(name, place_of(path))
        if name in self.variables:
            return self.variables[name]
        if is_secret(path):
            self.kept.append(path)
            return MASK
        raise DocumentRefused(
            [Issue(path, "configuration.variable_missing", f"there is no variable {name}")]
        )


@dataclass
class _Applying:
    """One document on its way into one tenant, inside one transaction."""

    parts: DocumentConfiguration
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
        config = self.values.filled(part.config, path, lambda found: _setting(found) in secrets)
        present = await connectors.present(self.write, sends, instance_id)
        is_same = present is not None and present.connector_id == part.connector_id
        had = present.secrets if present is not None and is_same else {}
        lost = [found for found in self.values.kept[known:] if _setting(found) not in had]
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


def _finish(plan: Plan, *, may_delete: bool, is_plan: bool) -> None:
    """Let a plan become a deed; raises _OnlyPlanned or DeletionsNotAllowed."""
    # Without a change, the stamp stays too: nobody has to read anything again.
    if is_plan or not plan.changes:
        raise _OnlyPlanned
    if plan.deletions and not may_delete:
        gone = [".".join(map(str, change.path)) for change in plan.deletions]
        raise DeletionsNotAllowed(", ".join(gone), data={"deletions": gone})


def parsed(given: Mapping[str, Any]) -> Document:
    """Return the document that *given* is; raises DocumentRefused, which names every mistake."""
    unstorable = [Issue(path, "guard.invalid_input", why) for path, why in _unstorable(given)]
    if unstorable:
        raise DocumentRefused(unstorable[:MOST_ISSUES])
    try:
        document = Document.model_validate(given)
    except ValidationError as error:
        raise DocumentRefused(_issues(error)) from None
    stray = [
        Issue(path, "configuration.unknown_key", "nobody knows this key")
        for path in stray_keys(given)
    ]
    if stray:
        raise DocumentRefused(stray[:MOST_ISSUES])
    return document


def _answerable(step: str | int) -> str | int:
    return step.encode(errors="replace").decode() if isinstance(step, str) else step


def _unstorable(value: Any, path: Path = ()) -> Iterator[tuple[Path, str]]:
    """Return what no database column takes, wherever it stands."""
    if len(path) > DEEPEST:
        yield path, "it goes deeper than a configuration does"
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _unstorable(key, (*path, str(key)))
            yield from _unstorable(item, (*path, str(key)))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _unstorable(item, (*path, number))
    elif isinstance(value, str):
        if "\0" in value or any("\ud800" <= character <= "\udfff" for character in value):
            yield tuple(_answerable(step) for step in path), "this is no text"
    elif isinstance(value, int) and abs(value) >= 2**63:
        yield path, "the number is too large"


@contextmanager
def refusing(path: Path) -> Iterator[None]:
    """Turn what goes wrong with a part of a document into DocumentRefused with its place."""
    try:
        yield
    except (DocumentRefused, ConfigurationChanged):
        raise
    except ValidationError as error:
        raise DocumentRefused(_issues(error, path)) from None
    except InvalidConfig as error:
        places = [(*path, "config", key) for key in error.fields] or [path]
        raise DocumentRefused([Issue(place, error.code, error.words) for place in places]) from None
    except DomainError as error:
        words = error.words if isinstance(error, ConnectorError) else error.detail
        raise DocumentRefused([Issue(path, error.code, words)]) from error


def slot_of(saved: SavedConnector) -> str:
    """Return the key that a connector has in a document."""
    for slot, sends in SLOTS.items():
        if saved.type is sends:
            return slot
    return saved.id


def variable_of(path: Path) -> str:
    """Return the name of the variable that a secret at *path* is exported as."""
    section, key, _, *rest = path
    front = "" if section == "connectors" else "webhook_"
    words = f"{front}{key}_{'_'.join(map(str, rest))}"
    return WORD.sub("_", words).upper()


def place_of(path: Path) -> str:
    """Return what a sealed secret is bound to."""
    return "/".join(str(step) for step in path)


def _reference(path: Path, secret: str | None, seal_to: SealingKey | None) -> str:
    if seal_to is None or secret is None:
        return f"${{env:{variable_of(path)}}}"
    return f"${{sealed:{seal_to.seal(secret, place_of(path))}}}"


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


def _setting(path: Path) -> str:
    """Return the key of a connector's setting, dotted where it stands in an object."""
    return ".".join(str(step) for step in path[3:])


def _wanted_secret(path: Path) -> Issue:
    message = "the tenant has no such secret yet, and its variable is not there"
    return Issue(path, "configuration.variable_missing", message)


def _issues(error: ValidationError, path: Path = ()) -> list[Issue]:
    issues = error.errors(include_url=False, include_input=False)
    return [
        Issue((*path, *_of_document(issue["loc"])), "guard.invalid_input", issue["msg"])
        for issue in issues[:MOST_ISSUES]
    ]


def _of_document(location: Path) -> Iterator[str | int]:
    # The validator also names the kind of value it tried, which stands in no document.
    for step in location:
        if not (isinstance(step, str) and re.search(r"[\[\(]|^(?:str|int|float|bool)$", step)):
            yield step
