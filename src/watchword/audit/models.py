"""Who acts, and what is remembered of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

ActorKind = Literal["operator", "application", "user", "system"]
Result = Literal["success", "failure"]
NAME_LENGTH = 64


@dataclass(frozen=True)
class Actor:
    """Who acts: an operator in the console, a machine at the API, a person, or this server."""

    kind: ActorKind
    id: str
    name: str = ""

    def __str__(self) -> str:
        return ":".join(filter(None, (self.kind, self.id, self.name[:NAME_LENGTH])))

    @classmethod
    def system(cls, name: str = "") -> "Actor":
        """Return this server itself, or the named part of it that acts: `cli`, `purge`."""
        return cls("system", name or "system")

    @classmethod
    def parse(cls, text: str) -> "Actor":
        """Read what `str()` wrote; the name is as it was at the time."""
        kind, _, rest = text.partition(":")
        actor_id, _, name = rest.partition(":")
        return cls(kind, actor_id, name)  # type: ignore[arg-type]  # written from the same field


SYSTEM = Actor.system()


@dataclass(frozen=True)
class AuditEntry:
    """One thing that happened."""

    id: str
    event: str
    actor: Actor
    subject: str | None
    result: Result
    payload: Mapping[str, Any]
    correlation_id: str | None
    created_at: datetime


@dataclass(frozen=True)
class AuditFilter:
    """Which entries to list; what is None is not asked."""

    event: str | None = None
    actor: str | None = None
    """`<kind>:<id>`."""
    subject: str | None = None
    result: Result | None = None
    since: datetime | None = None
    until: datetime | None = None
