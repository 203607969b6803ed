"""Versions of configuration, and the differences between them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from watchword.audit.models import Actor
from watchword.connectors.models import MASK


class Kind(StrEnum):
    """What has versions."""

    CONNECTOR = "connector"
    SIGN_IN = "sign_in"
    GUARD = "guard"
    APPLICATION = "application"


class Action(StrEnum):
    """What was done to it."""

    CREATED = "created"
    CHANGED = "changed"
    REPLACED = "replaced"
    DELETED = "deleted"
    RESTORED = "restored"


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


@dataclass(frozen=True)
class Breakage:
    """One thing that stops working without a connector."""

    setting: str
    """`sign_up` | `sign_in` | `forgot_password` | `mfa` | `people_with_only_this`."""
    count: int | None = None
    """How many people it concerns, where that is known; counting stops at 1000."""


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
