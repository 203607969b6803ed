"""Who acts, and what is remembered of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal

ActorKind = Literal["operator", "application", "user", "system"]
Result = Literal["success", "failure"]
NAME_LENGTH = 64


class Event(StrEnum):
    """What happens to people and their tokens; the names are the contract's where it has one.

    Steps of an interaction are named by `interaction_event`. Everything else is named here or,
    for changes of what is configured or stored, `<what>.<done>`: `configuration.connector.created`.
    """

    EXCHANGED_CODE = "ExchangeTokenBy.AuthorizationCode"
    EXCHANGED_REFRESH_TOKEN = "ExchangeTokenBy.RefreshToken"  # noqa: S105  # a name
    EXCHANGED_CREDENTIALS = "ExchangeTokenBy.ClientCredentials"
    EXCHANGED_UNKNOWN = "ExchangeTokenBy.Unknown"
    REFUSED_CLIENT = "application.refused"
    REVOKED_TOKEN = "RevokeToken"  # noqa: S105  # a name
    ENDED_SESSION = "session.ended"
    UNBLOCKED = "guard.unblocked"
    REFUSED_MESSAGE = "guard.refused"
    DAY_NEARLY_SPENT = "guard.day_nearly_spent"


# What the contract's keys call a type of verification record.
VERIFICATIONS = {
    "PhoneVerificationCode": "VerificationCode",
    "EmailVerificationCode": "VerificationCode",
    "MfaPhoneVerificationCode": "MfaVerificationCode",
    "MfaEmailVerificationCode": "MfaVerificationCode",
}


def interaction_event(event: str, action: str = "Submit", *, method: str | None = None) -> str:
    """Return the name of a step: `Interaction.SignIn.Submit`, or with a method, of a proof in it.

    *event* is `SignIn`, `Register` or `ForgotPassword`; *action* `Create` (a code was sent),
    `Submit` or `Update`; *method* a type of verification record.
    """
    if method is None:
        return f"Interaction.{event}.{action}"
    return f"Interaction.{event}.Verification.{VERIFICATIONS.get(method, method)}.{action}"


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
    user_id: str | None = None
    """Whom it is about, or who did it."""
    application_id: str | None = None
    method: str | None = None
    """How somebody proved who they are, where they did: a type of verification record."""


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
    user_id: str | None = None
    application_id: str | None = None
    prefixes: tuple[str, ...] | None = None
    """Entries whose event begins with one of these."""
