"""What can be told, to whom, and how far the telling is."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from watchword import __version__
from watchword.webhooks.errors import HeaderWantedAgain


class Event(StrEnum):
    """What a tenant's servers can be told of; the contract's names, and ours."""

    POST_REGISTER = "PostRegister"
    POST_SIGN_IN = "PostSignIn"
    POST_RESET_PASSWORD = "PostResetPassword"  # noqa: S105  # a name
    USER_CREATED = "User.Created"
    USER_DELETED = "User.Deleted"
    USER_DATA_UPDATED = "User.Data.Updated"
    USER_SUSPENSION_STATUS_UPDATED = "User.SuspensionStatus.Updated"
    ORGANIZATION_CREATED = "Organization.Created"
    ORGANIZATION_DELETED = "Organization.Deleted"
    ORGANIZATION_DATA_UPDATED = "Organization.Data.Updated"
    ORGANIZATION_MEMBERSHIP_UPDATED = "Organization.Membership.Updated"
    ORGANIZATION_ROLE_CREATED = "OrganizationRole.Created"
    ORGANIZATION_ROLE_DELETED = "OrganizationRole.Deleted"
    ORGANIZATION_ROLE_DATA_UPDATED = "OrganizationRole.Data.Updated"
    ORGANIZATION_SCOPE_CREATED = "OrganizationScope.Created"
    ORGANIZATION_SCOPE_DELETED = "OrganizationScope.Deleted"
    ORGANIZATION_SCOPE_DATA_UPDATED = "OrganizationScope.Data.Updated"
    IDENTIFIER_LOCKOUT = "Identifier.Lockout"
    MESSAGE_RATE_LIMITED = "Message.RateLimited"
    # Ours.
    DAILY_MESSAGES_NEAR_LIMIT = "DailyMessages.NearLimit"
    MESSAGE_DELIVERED = "Message.Delivered"
    MESSAGE_FAILED = "Message.Failed"
    CONNECTOR_UNHEALTHY = "Connector.Unhealthy"
    CONNECTOR_RECOVERED = "Connector.Recovered"


SIGNATURE = "logto-signature-sha-256"
"""The header of the contract: HMAC-SHA-256 of the body under the signing key, in hexadecimal."""
DELIVERY_ID = "webhook-id"
"""Ours: the same in every attempt, so that a receiver can drop what it has."""
USER_AGENT = f"Watchword/{__version__}"

# RFC 9110, 5.6.2 and 5.5; what frames the request is the client's own business.
HEADER_NAME = r"^[A-Za-z0-9!#$%&'*+.^_`|~-]+$"
HEADER_VALUE = r"^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$"
NOT_YOURS = frozenset(
    {
        "accept-encoding",
        "connection",
        "content-length",
        "content-type",
        "host",
        "transfer-encoding",
        "upgrade",
        "user-agent",
        DELIVERY_ID,
        SIGNATURE,
    }
)
MOST_HEADERS = 20


def _address(value: str) -> str:
    try:
        parts = urlsplit(value)
        is_whole = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:
        is_whole = False
    if not is_whole or not value.isascii() or not value.isprintable() or " " in value:
        raise ValueError("this is no web address; it begins with https://")
    if "@" in parts.netloc:
        # An address is shown to everyone who may look, and stands in logs.
        raise ValueError("a user and a password belong into a header, not into the address")
    return value


def _free(name: str) -> str:
    if name.lower() in NOT_YOURS:
        raise ValueError(f"the header {name} is set by the server")
    return name


HeaderName = Annotated[
    str, StringConstraints(pattern=HEADER_NAME, max_length=128), AfterValidator(_free)
]
# The mask is no header value, and stands for one that is kept.
HeaderValue = Annotated[str, Field(max_length=4096, pattern=f"{HEADER_VALUE}|^••••••••$")]


class WebhookConfig(BaseModel):
    """Where events are posted, and what the request carries besides."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    url: Annotated[str, Field(max_length=2048), AfterValidator(_address)]
    headers: dict[HeaderName, HeaderValue] | None = Field(default=None, max_length=MOST_HEADERS)
    retries: int | None = Field(default=None, ge=0, le=3)
    """Of the contract, which no longer heeds it either."""


MASK = "••••••••"
"""Stands for a header's saved value; sent back, it means "keep"."""
SIGNING_KEY = "signingKey"
HEADER = "header:"


@dataclass(frozen=True)
class Webhook:
    """One address of a tenant's, and the events that it wants to hear of."""

    id: str
    name: str
    events: tuple[Event, ...]
    url: str
    retries: int | None
    secrets: Mapping[str, str] = field(repr=False)
    """Sealed: the signing key, and the headers' values."""
    enabled: bool
    version: int
    created_at: datetime
    updated_at: datetime

    @property
    def header_names(self) -> tuple[str, ...]:
        """Return the headers that go out with each request."""
        return tuple(n.removeprefix(HEADER) for n in self.secrets if n.startswith(HEADER))

    @property
    def origin(self) -> str:
        """Return scheme, host and port of the address."""
        return origin_of(self.url)

    def document(self) -> dict[str, Any]:
        """Return what history shows of it; headers by their names."""
        return {
            "name": self.name,
            "events": [event.value for event in self.events],
            "url": self.url,
            "retries": self.retries,
            "headers": list(self.header_names),
            "enabled": self.enabled,
        }


@dataclass(frozen=True, kw_only=True)
class NewWebhook:
    """A webhook as somebody wants it."""

    name: str
    events: tuple[Event, ...]
    config: WebhookConfig
    enabled: bool = True


@dataclass(frozen=True, kw_only=True)
class WebhookChange:
    """What changes of a webhook; what is None stays."""

    name: str | None = None
    events: tuple[Event, ...] | None = None
    config: WebhookConfig | None = None
    enabled: bool | None = None


def origin_of(url: str) -> str:
    """Return scheme, host and port of an address."""
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{urlsplit(url).netloc or rest}".lower()


def kept_headers(
    given: Mapping[str, str], saved: Mapping[str, str], *, same_origin: bool
) -> dict[str, str]:
    """Return *given* with saved values in the place of masks; raises HeaderWantedAgain.

    A value goes only where it went before: otherwise whoever may change an address could read it.
    """
    if MASK in given.values() and not same_origin:
        raise HeaderWantedAgain
    kept = {}
    for name, value in given.items():
        if value == MASK and name not in saved:
            raise HeaderWantedAgain
        kept[name] = saved[name] if value == MASK else value
    return kept


class DeliveryState(StrEnum):
    """How far an event is on its way: waiting → delivered, failed."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    FAILED = "failed"


class DeliveryError(StrEnum):
    """Why an attempt did not end well."""

    REFUSED = "refused"
    """The receiver answered, and not with 2xx."""
    REDIRECTED = "redirected"
    NO_CONNECTION = "no_connection"
    TIMED_OUT = "timed_out"
    CONNECTION_LOST = "connection_lost"
    ADDRESS_REFUSED = "address_refused"
    NOT_SENDABLE = "not_sendable"
    UNREADABLE_ANSWER = "unreadable_answer"
    TOO_LATE = "too_late"
    WEBHOOK_DELETED = "webhook_deleted"


@dataclass(frozen=True)
class Delivery:
    """One event on its way to one webhook, without what it says."""

    id: str
    webhook_id: str
    event: Event
    state: DeliveryState
    attempts: int
    next_at: datetime
    last_status: int | None
    last_error: DeliveryError | None
    created_at: datetime
    tried_at: datetime | None
    final_at: datetime | None
    can_be_repeated: bool
    """Whether it failed and what it says is still there."""


@dataclass(frozen=True)
class Claimed:
    """A delivery that this process is to post now."""

    id: str
    sealed_body: str = field(repr=False)
    attempts: int
    expires_at: datetime
    claimed_at: datetime


@dataclass(frozen=True)
class Outcome:
    """How an attempt ended: a status, an error, or both."""

    status: int | None = None
    error: DeliveryError | None = None

    @property
    def is_success(self) -> bool:
        """Tell whether the receiver took it."""
        return self.error is None


@dataclass(frozen=True)
class ExecutionStats:
    """How a webhook did in the last day, as the contract counts."""

    success_count: int = 0
    request_count: int = 0


@dataclass(frozen=True)
class RetrySchedule:
    """When to try again: soon at first, then ever less often, for a day."""

    shortest: timedelta = timedelta(seconds=10)
    factor: float = 3.0
    longest: timedelta = timedelta(hours=4)
    give_up_after: timedelta = timedelta(days=1)
    spread: float = 0.2
    """By which part a wait varies, so that what failed together does not come back together."""

    def wait(self, attempts: int) -> timedelta:
        """Return how long to wait after so many attempts."""
        # Far fewer than would overflow reach the longest wait.
        wait = min(self.shortest * self.factor ** min(attempts - 1, 16), self.longest)
        return wait * (1 + secrets.SystemRandom().uniform(-self.spread, self.spread))
