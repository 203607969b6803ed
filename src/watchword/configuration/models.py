"""Versions of configuration, and the differences between them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from watchword.audit.models import Actor
from watchword.connectors.models import MASK


class Kind(StrEnum):
    """What has versions."""

    CONNECTOR = "connector"
    SIGN_IN = "sign_in"
    GUARD = "guard"
    APPLICATION = "application"
    RESOURCE = "resource"
    WEBHOOK = "webhook"
    ACCOUNT_CENTER = "account_center"
    TENANT = "tenant"
    TEST_NUMBERS = "test_numbers"
    TRIAL = "trial"
    PHRASES = "phrases"


class Action(StrEnum):
    """What was done to it."""

    CREATED = "created"
    CHANGED = "changed"
    REPLACED = "replaced"
    DELETED = "deleted"
    RESTORED = "restored"
    PROMOTED = "promoted"


SINGLE = "default"
"""The subject of what a tenant has exactly one of."""


@dataclass(frozen=True)
class Change:
    """One field before and after; a secret is masked on both sides."""

    field: str
    before: Any
    after: Any


@dataclass(frozen=True)
class ConfigurationVersion:
    """How something was after a change, and who changed it why."""

    kind: Kind
    subject_id: str
    version: int
    document: Mapping[str, Any] | None
    """None when it was deleted."""
    secrets: Mapping[str, str] = field(repr=False)
    """Sealed; only restoring reads them."""
    author: Actor
    action: Action
    reason: str | None
    changes: tuple[Change, ...]
    created_at: datetime


class TenantSettings(BaseModel):
    """The document `tenant`: how this server treats the tenant's administrators."""

    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, extra="ignore", frozen=True
    )

    connector_deletion: Literal["strict", "permissive"] = "strict"
    """Whether a program that does not say `force` may delete a connector that is needed:
    `permissive` lets scripts work that were written for a server without that question."""

    def changed(self, patch: Mapping[str, Any]) -> "TenantSettings":
        """Return the settings with *patch* in place; raises pydantic's ValidationError."""
        given = TenantSettings.model_validate(patch)
        return self.model_copy(
            update={name: getattr(given, name) for name in given.model_fields_set}
        )

    def document(self) -> dict[str, Any]:
        """Return the document as it is stored and as the wire spells it."""
        return self.model_dump(by_alias=True, mode="json")


@dataclass(frozen=True)
class Breakage:
    """One thing that stops working without a connector."""

    setting: str
    """`sign_up` | `sign_in` | `forgot_password` | `mfa` | `invitations` | `people_with_only_this`
    | `signed_in_lately`."""
    count: int | None = None
    """How many people or invitations it concerns, where that is known."""
    is_at_least: bool = False
    """Whether counting stopped there."""

    def document(self) -> dict[str, Any]:
        """Return what the wire says of it."""
        return {"setting": self.setting, "count": self.count, "isAtLeast": self.is_at_least}


@dataclass(frozen=True)
class Losses:
    """What the connector in use serves and its successor would not."""

    usage_types: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    """Tags of languages that would be written in another one from then on."""
    countries: tuple[str, ...] = ()
    """ISO 3166 codes; where the present connector serves every country, `*`."""
    allowed_countries: tuple[str, ...] = ()
    """The only countries that the successor serves, where it has such a list."""

    def __bool__(self) -> bool:
        return bool(self.usage_types or self.languages or self.countries)


def changes_between(
    before: Mapping[str, Any] | None, after: Mapping[str, Any] | None
) -> tuple[Change, ...]:
    """Return what differs, field by field; templates are compared one usage type at a time."""
    old, new = dict(_flat(before or {})), dict(_flat(after or {}))
    names = [*old, *(name for name in new if name not in old)]
    return tuple(
        Change(name, old.get(name), new.get(name))
        for name in names
        if old.get(name) != new.get(name)
    )


def secret_changes(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[Change, ...]:
    """Return which secrets differ, without saying how."""
    names = [*before, *(name for name in after if name not in before)]
    return tuple(
        Change(
            f"config.{name}",
            MASK if name in before else None,
            MASK if name in after else None,
        )
        for name in names
        if before.get(name) != after.get(name)
    )


def _flat(tree: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in tree.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{name}.")
        elif isinstance(value, list) and value and all(_is_template(item) for item in value):
            for item in value:
                rest = {part: text for part, text in item.items() if part != "usageType"}
                yield from _flat(rest, f"{name}.{item['usageType']}.")
        else:
            yield name, value


def _is_template(item: Any) -> bool:
    return isinstance(item, Mapping) and isinstance(item.get("usageType"), str)
