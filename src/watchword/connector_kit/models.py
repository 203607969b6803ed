"""What goes into a connector and what comes out of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any, Literal
from urllib.parse import parse_qsl, urlsplit

from watchword.core.email import EmailAddress
from watchword.core.phone import PhoneNumber

Localized = Mapping[str, str]
"""One text in several languages, by language tag; `en` is always there."""

# Ours, for texts that we render; a receiver that renders by itself gets the contract's names only.
OWN_VARIABLES = frozenset({"minutes", "origin_line"})


class UsageType(StrEnum):
    """Why a message is sent; the contract's template types."""

    SIGN_IN = "SignIn"
    REGISTER = "Register"
    FORGOT_PASSWORD = "ForgotPassword"  # noqa: S105  # a purpose, not a password
    ORGANIZATION_INVITATION = "OrganizationInvitation"
    GENERIC = "Generic"
    USER_PERMISSION_VALIDATION = "UserPermissionValidation"
    BIND_NEW_IDENTIFIER = "BindNewIdentifier"
    MFA_VERIFICATION = "MfaVerification"
    BIND_MFA = "BindMfa"


class ConnectorType(StrEnum):
    """What a connector is for."""

    SMS = "Sms"
    EMAIL = "Email"
    SOCIAL = "Social"


@dataclass(frozen=True, kw_only=True)
class ConnectorMetadata:
    """How a provider is named and shown; files stand in the connector's own package."""

    id: str
    """Stable and public: the contract calls it the factory id."""
    target: str
    """The contract's name for the provider; where it has none, the id once more."""
    name: Localized
    description: Localized
    type: ConnectorType = ConnectorType.SMS
    logo: str = "logo.svg"
    """A file of the connector's package, SVG or PNG."""
    features: tuple[str, ...] = ()
    """Tags that the console translates: `delivery_reports`, `credential_check`, …"""
    messages_per_second: float | None = None
    """The pace that the provider documents for an ordinary account; None where it queues what
    comes too fast, or documents none."""
    countries: tuple[str, ...] = ()
    """ISO 3166 codes of the only countries it sends to; empty where there is no such list."""
    at_home_in: tuple[str, ...] = ()
    """ISO 3166 codes of the countries it is made for: whoever looks for one finds it first."""
    development_only: bool = False
    """True: refused in production tenants."""
    is_standard: bool = False
    """True for a protocol rather than a provider: a tenant may have several, each with a target,
    a name and a logo of its own."""

    @property
    def platform(self) -> str | None:
        """Return where people can sign in with it; messages have no such thing."""
        return "Universal" if self.type is ConnectorType.SOCIAL else None


@dataclass(frozen=True, kw_only=True, repr=False)
class OutgoingMessage:
    """One text for one person; its `repr` names neither the person nor the code."""

    id: str
    """Ours: up to 32 small letters and digits, the same in every attempt."""
    to: PhoneNumber | EmailAddress
    usage: UsageType
    variables: Mapping[str, Any]
    """What templates may name: `code`, `locale`, `link`, `origin_line`, …"""
    time_left: timedelta
    """How long the message still makes sense."""
    language: str | None = None
    """The person's, as a tag such as `ko` or `pt-BR`."""
    client_ip: str | None = None
    """Of the browser that asked for the message; personal data."""
    receipt_url: str | None = None
    """Where the provider may report delivery, if it can reach us."""

    @property
    def payload(self) -> dict[str, Any]:
        """Return the variables that the contract knows, without our own."""
        return {name: self.variables[name] for name in self.variables.keys() - OWN_VARIABLES}

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.id}, {self.usage}, to {self.to.masked})"


@dataclass(frozen=True, kw_only=True, repr=False)
class SmsMessage(OutgoingMessage):
    """One text message for one person."""

    to: PhoneNumber
    notice: str | None = None
    """A whole text of ours that carries no code: it goes out as it is, without a template."""


@dataclass(frozen=True, kw_only=True, repr=False)
class EmailMessage(OutgoingMessage):
    """One e-mail for one person."""

    to: EmailAddress
    notice: str | None = None
    """A whole text of ours that carries no code: it goes out as it is, without a template."""
    subject: str = ""
    """Of a notice; templates have their own."""


@dataclass(frozen=True)
class Receipt:
    """The provider's answer that it took the message."""

    provider_message_id: str | None = None
    """What delivery reports will name the message by; at most 255 characters."""
    words: str = ""
    """What the provider said, for administrators; scrubbed by the kit."""
    segments: int | None = None
    """Messages that the provider charges for; None where it does not say."""


@dataclass(frozen=True)
class DeliveryReport:
    """The provider's later, final word on one message."""

    provider_message_id: str
    """Empty where the report names the message by our id alone."""
    state: Literal["delivered", "undelivered"]
    error_class: str | None = None
    """Of the ConnectorError that the provider's reason amounts to."""
    words: str = ""
    """The provider's reason, for administrators."""
    message_id: str | None = None
    """Ours (`SmsMessage.id`), where the provider gives back what the request carried."""


@dataclass(frozen=True, repr=False)
class ReportRequest:
    """A provider's callback as it came in; `url` is the public one, as the provider called it."""

    method: str
    url: str
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes
    """As it came, since signatures are made over it."""

    @property
    def query(self) -> list[tuple[str, str]]:
        """Return the fields of the address, repeated and empty ones included."""
        return parse_qsl(urlsplit(self.url).query, keep_blank_values=True)

    @property
    def form(self) -> list[tuple[str, str]]:
        """Return the fields of a form body, repeated and empty ones included."""
        text = self.body.decode("utf-8", "replace")
        return parse_qsl(text, keep_blank_values=True)


@dataclass(frozen=True)
class ReportReply:
    """What a provider wants to hear back from its callback; by default nothing but success."""

    status: int = 204
    """Of HTTP; providers repeat a callback that is not answered with 2xx."""
    body: bytes = b""
    """As it is sent, in the encoding that `content_type` names."""
    content_type: str | None = None
