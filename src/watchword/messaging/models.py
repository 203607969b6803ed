"""A message, its states, and what its text is made from."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from watchword.connector_kit.models import ConnectorType, UsageType
from watchword.core.email import EmailAddress
from watchword.core.errors import DomainError
from watchword.core.phone import PhoneNumber
from watchword.core.recipients import Recipient

NO_COUNTRY = "ZZ"
"""Of a number that belongs to no country, and of every e-mail address."""


class Channel(StrEnum):
    """How a message goes: each has one connector that sends."""

    SMS = "sms"
    EMAIL = "email"

    @classmethod
    def to(cls, recipient: Recipient) -> "Channel":
        """Return the channel that reaches *recipient*."""
        return cls.SMS if isinstance(recipient, PhoneNumber) else cls.EMAIL

    @property
    def connector_type(self) -> ConnectorType:
        """Return what the connector of this channel is for."""
        return ConnectorType.SMS if self is Channel.SMS else ConnectorType.EMAIL

    def recipient(self, stored: str) -> Recipient:
        """Read the stored form of a recipient."""
        return PhoneNumber(stored) if self is Channel.SMS else EmailAddress(stored)


class MessageState(StrEnum):
    """What became of a message.

    queued → sending, expired · sending → accepted, failed, unknown, or queued again when the
    provider refused for being asked too often · accepted, unknown → delivered, undelivered.
    `suppressed` is where a message to nobody starts and ends.
    """

    QUEUED = "queued"
    SENDING = "sending"
    ACCEPTED = "accepted"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    FAILED = "failed"
    UNKNOWN = "unknown"
    EXPIRED = "expired"
    SUPPRESSED = "suppressed"

    @property
    def is_open(self) -> bool:
        """Tell whether the provider's answer is still to come."""
        return self in {MessageState.QUEUED, MessageState.SENDING}

    @property
    def has_failed(self) -> bool:
        """Tell whether the person should ask again."""
        return self in {MessageState.FAILED, MessageState.UNDELIVERED, MessageState.EXPIRED}


@dataclass(frozen=True)
class Message:
    """One text to one person, without the text."""

    id: str
    channel: Channel
    state: MessageState
    usage_type: UsageType
    is_test: bool
    connector_instance_id: str | None
    connector_id: str | None
    recipient_masked: str
    country: str
    language: str | None
    encoding: str | None
    segments: int | None
    provider_message_id: str | None
    provider_words: str | None
    """The provider's answer: for administrators only."""
    error_class: str | None
    attempts: int
    correlation_id: str | None
    created_at: datetime
    expires_at: datetime
    sending_at: datetime | None
    accepted_at: datetime | None
    final_at: datetime | None


@dataclass(frozen=True)
class Sample:
    """One of a connector's newest messages, as far as its health goes."""

    state: MessageState
    error_class: str | None
    provider_words: str | None
    created_at: datetime
    accepted_at: datetime | None
    final_at: datetime | None


@dataclass(frozen=True)
class QueuedMessage:
    """A message whose row is written; its sending goes on by itself."""

    id: str
    state: MessageState
    expires_at: datetime
    sending: "asyncio.Task[Sent] | None" = field(default=None, repr=False, compare=False)


@dataclass(frozen=True)
class Sent:
    """How an attempt to send ended."""

    state: MessageState
    refusal: DomainError | None = None
    """The connector's error, where the provider is known to have refused."""


@dataclass(frozen=True)
class MessageFilter:
    """Which messages to list; what is None is not asked."""

    state: MessageState | None = None
    connector_instance_id: str | None = None
    usage_type: UsageType | None = None
    country: str | None = None
    error_class: str | None = None
    is_test: bool | None = None
    recipient: Recipient | None = None
    since: datetime | None = None
    until: datetime | None = None


def origin_line(host: str, code: str) -> str:
    """Return the last line that lets a phone offer the code on *host* only.

    https://wicg.github.io/sms-one-time-codes/: `@host #code`, host without a port.
    """
    return f"@{host.partition(':')[0]} #{code}"
