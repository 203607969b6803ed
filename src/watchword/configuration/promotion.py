"""Promotion: what was tried in one tenant moves to another, as one change, secrets apart."""

import hmac
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from watchword.audit.models import Actor
from watchword.configuration.document import FORMAT, Path, slot_of
from watchword.configuration.document_plan import Plan
from watchword.configuration.document_values import variable_of
from watchword.configuration.documents import DocumentConfiguration
from watchword.configuration.errors import NothingChosen, SameTenant
from watchword.webhooks.saved import headers_of

LISTS = ("connectors", "resources", "applications", "webhooks", "phrases")
SETTINGS = ("signIn", "guard", "accountCenter", "tenant")


class SecretState(StrEnum):
    """How a secret of the source stands to the one of the target; neither is ever shown."""

    SAME = "same"
    DIFFERENT = "different"
    MISSING = "missing"


@dataclass(frozen=True)
class MovedSecret:
    """A secret of something that moves."""

    path: Path
    state: SecretState

    @property
    def variable(self) -> str:
        """Return the name under which another value is entered."""
        return variable_of(self.path)


@dataclass(frozen=True)
class Preview:
    """What moving would change in the target, and how its secrets stand."""

    plan: Plan
    secrets: tuple[MovedSecret, ...]


@dataclass(frozen=True, kw_only=True)
class Promotion:
    """Moves chosen parts of one tenant's configuration to another.

    What the target has besides stays. A secret is the target's own: the one that it has, or one
    that is entered; the source's never leaves it.
    """

    source: DocumentConfiguration
    target: DocumentConfiguration

    def __post_init__(self) -> None:
        if self.source.writer.tenant.id == self.target.writer.tenant.id:
            raise SameTenant

    async def choices(self) -> tuple[str, ...]:
        """Return what could be moved, by its place in the document."""
        return tuple(await self.offered())

    async def offered(self) -> dict[str, Mapping[str, Any]]:
        """Return what the source has of all that could be moved, by its place in the document."""
        exported = await self.source.export()
        return dict(_choices(exported.document))

    async def preview(
        self, actor: Actor, chosen: Collection[str], entered: Mapping[str, str]
    ) -> Preview:
        """Return what moving *chosen* would change; *entered* are secrets by their variables.

        A secret that is missing in the target does not stop a preview, only the moving itself.
        """
        document = await self.document(chosen)
        secrets = await self._secrets(document)
        # Any text does: a preview is undone, and shows of a secret only that it is there.
        stand_ins = {
            secret.variable: "to-be-entered"
            for secret in secrets
            if secret.state is SecretState.MISSING
        }
        plan = await self.target.plan(actor, document, {**stand_ins, **entered}, keeps_others=True)
        return Preview(plan, secrets)

    async def move(
        self,
        actor: Actor,
        chosen: Collection[str],
        entered: Mapping[str, str],
        *,
        expected_stamp: int | None = None,
        tests: Collection[str] = (),
        may_be_untested: bool = False,
        reason: str | None = None,
    ) -> Plan:
        """Move *chosen*, all of it or nothing.

        Raises DocumentRefused, for instance where a secret is missing, ConfigurationChanged where
        the target is not as it was, and ConnectorNotTested.
        """
        return await self.target.apply(
            actor,
            await self.document(chosen),
            entered,
            expected_stamp=expected_stamp,
            keeps_others=True,
            tests=tests,
            may_be_untested=may_be_untested,
            reason=reason,
            source=self.source.writer.tenant.id,
        )

    async def document(self, chosen: Collection[str]) -> dict[str, Any]:
        """Return what would move; raises NothingChosen."""
        exported = (await self.source.export()).document
        document: dict[str, Any] = {"version": FORMAT}
        for section in SETTINGS:
            if section in chosen:
                document[section] = exported[section]
        for section in LISTS:
            items = {
                key: part for key, part in exported[section].items() if f"{section}.{key}" in chosen
            }
            if items:
                document[section] = items
        if len(document) == 1:
            raise NothingChosen
        return document

    async def _secrets(self, document: Mapping[str, Any]) -> tuple[MovedSecret, ...]:
        theirs, ours = await _opened(self.source), await _opened(self.target)
        return tuple(
            MovedSecret(path, _state(secret, ours.get(path)))
            for path, secret in theirs.items()
            if path[1] in document.get(str(path[0]), {})
        )


def _choices(document: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for section in SETTINGS:
        yield section, document[section]
    for section in LISTS:
        for key, item in document[section].items():
            yield f"{section}.{key}", item


def _state(theirs: str, ours: str | None) -> SecretState:
    if ours is None:
        return SecretState.MISSING
    is_same = hmac.compare_digest(theirs.encode(), ours.encode())
    return SecretState.SAME if is_same else SecretState.DIFFERENT


async def _opened(documents: DocumentConfiguration) -> dict[Path, str]:
    found: dict[Path, str] = {}
    for saved in await documents.connectors.saved.rows.list():
        for name, secret in documents.connectors.saved.opened_secrets(saved).items():
            found["connectors", slot_of(saved), "config", name] = secret
    for webhook in await documents.webhooks.saved.all():
        for name, value in headers_of(documents.webhooks.saved.opened(webhook)).items():
            found["webhooks", webhook.id, "headers", name] = value
    return found
