"""Operators, their sessions, and what a user name and password must be."""

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from watchword.core.common_passwords import is_common
from watchword.operators.errors import (
    OperatorNameInvalid,
    OperatorPasswordTooCommon,
    OperatorPasswordTooLong,
    OperatorPasswordTooShort,
)

INVITATION_LIFETIME = timedelta(hours=1)
SESSION_IDLE = timedelta(hours=8)
SESSION_LIFETIME = timedelta(days=7)
FRESH = timedelta(minutes=30)
"""How long a proof of identity serves for changes to connectors, keys and operators."""

FREE_FAILURES = 4
FIRST_WAIT = timedelta(seconds=30)
WAITS = tuple(FIRST_WAIT * 2**step for step in range(6))
"""After the fifth wrong try each next one costs more: 30 s, 1 min … 16 min."""

USERNAME = re.compile(r"[\w.@-]{1,64}")
SHORTEST_PASSWORD = 8
LONGEST_PASSWORD = 256


class Role(StrEnum):
    """What an operator may do: everything; everything but operators; look."""

    OWNER = "owner"
    EDITOR = "editor"
    VIEWER = "viewer"

    @property
    def can_change(self) -> bool:
        """Tell whether this role may change a tenant's configuration."""
        return self is not Role.VIEWER

    @property
    def can_manage_operators(self) -> bool:
        """Tell whether this role may invite and remove operators."""
        return self is Role.OWNER


@dataclass(frozen=True)
class Operator:
    """A person who runs the server."""

    id: str
    username: str
    role: Role
    password_digest: str = field(repr=False)
    sealed_totp_secret: str | None = field(repr=False)
    recovery_codes: tuple[str, ...] = field(repr=False)
    preferences: dict[str, Any]
    created_at: datetime
    last_sign_in_at: datetime | None

    @property
    def has_second_factor(self) -> bool:
        """Tell whether signing in asks for an authenticator's code too."""
        return self.sealed_totp_secret is not None

    @property
    def language(self) -> str | None:
        """Return the chosen language, or None for the browser's."""
        return self.preferences.get("language")

    @property
    def alert_email(self) -> str | None:
        """Return where to write when a connector needs a look; None for nowhere."""
        return self.preferences.get("alert_email")

    @property
    def theme(self) -> str | None:
        """Return `light` or `dark`, or None for the system's."""
        return self.preferences.get("theme")


@dataclass(frozen=True)
class OperatorSession:
    """One browser in which an operator is signed in, or half-way there."""

    id: str
    """The digest of the token: names the session without opening it."""
    csrf_token: str = field(repr=False)
    needs_second_factor: bool
    authenticated_at: datetime
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime


@dataclass(frozen=True)
class Visit:
    """A request's operator and session."""

    operator: Operator
    session: OperatorSession

    def is_fresh(self, now: datetime) -> bool:
        """Tell whether the operator proved who they are a short while ago."""
        return now - self.session.authenticated_at < FRESH


@dataclass(frozen=True)
class OpenedSession:
    """A new session and the token that only its browser knows."""

    token: str = field(repr=False)
    visit: Visit


@dataclass(frozen=True)
class Invitation:
    """A one-time link to become an operator."""

    role: Role
    is_setup: bool
    expires_at: datetime


@dataclass(frozen=True)
class OpenInvitation:
    """A one-time link that was passed on and not used yet."""

    id: str
    """The digest of the token: names the link without opening it."""
    role: Role
    is_setup: bool
    invited_by: str | None
    """A user name; None where it came from the command line, or from somebody who left."""
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True)
class TotpEnrolment:
    """A secret on its way into an authenticator app; `sealed` comes back with the first code."""

    secret: str = field(repr=False)
    uri: str = field(repr=False)
    sealed: str = field(repr=False)


def check_username(username: str) -> str:
    """Return the user name in the form it is stored in; raises OperatorNameInvalid."""
    username = username.strip()
    if not USERNAME.fullmatch(username):
        raise OperatorNameInvalid
    return username.casefold()


def check_password(password: str, username: str) -> None:
    """Raise the reason why *password* would not protect *username*."""
    if len(password) < SHORTEST_PASSWORD:
        raise OperatorPasswordTooShort(least=SHORTEST_PASSWORD)
    if len(password) > LONGEST_PASSWORD:
        raise OperatorPasswordTooLong(most=LONGEST_PASSWORD)
    plain = password.casefold()
    if is_common(password) or plain == username.casefold() or len(set(plain)) == 1:
        raise OperatorPasswordTooCommon
