"""What a connector builds on: text messages in any way or in one HTTP request, and e-mail."""

from abc import ABC, abstractmethod
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Generic, TypeVar

import httpx2
from pydantic import SecretStr

from watchword.connector_kit.answers import Answer, read_by
from watchword.connector_kit.config import ConnectorConfig
from watchword.connector_kit.errors import (
    ConnectorError,
    InvalidConfig,
    ReportRefused,
)
from watchword.connector_kit.mail import Mail
from watchword.connector_kit.models import (
    ConnectorMetadata,
    DeliveryReport,
    EmailMessage,
    OutgoingMessage,
    Receipt,
    ReportReply,
    ReportRequest,
    SmsMessage,
)
from watchword.connector_kit.outbound import OutboundClient
from watchword.connector_kit.scrubbing import scrub
from watchword.connector_kit.segments import Segments, count_segments
from watchword.core.clock import Clock

Config = TypeVar("Config", bound=ConnectorConfig)
Outgoing = TypeVar("Outgoing", bound=OutgoingMessage)


@dataclass(frozen=True, kw_only=True)
class ConnectorContext:
    """What a connector gets from the server it runs in."""

    client: OutboundClient
    base_url_override: str | None = None
    """From the operator, for emulators and private gateways; wins over the connector's own."""
    public_receipts: bool = False
    """True where providers can reach this server's public URL."""
    inbox: Callable[[OutgoingMessage, str, str | None], None] | None = None
    """Where the development inbox puts a message, its text and, of an e-mail, its subject."""
    clock: Clock = field(default_factory=Clock)
    """For requests that are signed with the time."""


class Connector(ABC, Generic[Config, Outgoing]):
    """A tenant's set-up of one provider, ready to send one kind of message."""

    metadata: ClassVar[ConnectorMetadata]
    config_type: ClassVar[type[ConnectorConfig]]
    has_reports: ClassVar[bool] = False
    signs_reports: ClassVar[bool] = False
    """False: the address it reports to carries a token instead."""

    def __init__(self, config: Config, context: ConnectorContext) -> None:
        self.config = config
        self.context = context

    @property
    def messages_per_second(self) -> float | None:
        """Return the pace to keep: the administrator's, else the provider's; None is unpaced."""
        return self.config.messages_per_second or self.metadata.messages_per_second

    @abstractmethod
    async def send(self, message: Outgoing) -> Receipt:
        """Hand the message to the provider once; raises ConnectorError."""

    async def check_credentials(self) -> str | None:
        """Ask the provider, at no cost, who we are; None where there is no such question."""
        return None

    def read_report(self, request: ReportRequest) -> list[DeliveryReport]:  # noqa: ARG002
        """Return the final states that a callback reports; raises ReportRefused."""
        raise ReportRefused("this provider reports nothing")

    def answer_report(self, request: ReportRequest) -> ReportReply:  # noqa: ARG002
        """Return what the provider wants to hear, once `read_report` took its callback.

        A call that proves the address and reports nothing is read as no report and answered here;
        raises ReportRefused where what the answer rests on was not checked by then.
        """
        return ReportReply()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.metadata.id})"


class SmsConnector(Connector[Config, SmsMessage]):
    """A tenant's set-up of one provider of text messages, ready to send."""

    @abstractmethod
    async def send(self, message: SmsMessage) -> Receipt:
        """Hand the message to the provider once; raises ConnectorError."""

    def text_of(self, message: SmsMessage) -> str | None:  # noqa: ARG002
        """Return the text that goes out; None where the provider renders it."""
        return None

    @classmethod
    def cost_of(cls, text: str) -> Segments:
        """Return what a text costs, as its carriers count; the console shows it beside the text."""
        return count_segments(text)


class EmailConnector(Connector[Config, EmailMessage]):
    """A tenant's set-up of one way to send e-mail; its `metadata.type` is `ConnectorType.EMAIL`."""

    @abstractmethod
    def mail_of(self, message: EmailMessage) -> Mail:
        """Return the e-mail that goes out; raises TemplateNotFound, TemplateRejected."""

    @abstractmethod
    async def deliver(self, message: EmailMessage, mail: Mail) -> Receipt:
        """Hand the e-mail over once; raises ConnectorError."""

    async def send(self, message: EmailMessage) -> Receipt:
        """Deliver what `mail_of` says; the kit keeps address and code out of what is answered."""
        try:
            receipt = await self.deliver(message, self.mail_of(message))
        except ConnectorError as error:
            error.replace_words(self._scrub(error.words, message))
            raise
        return replace(receipt, words=self._scrub(receipt.words, message))

    def _scrub(self, words: str, message: EmailMessage | None) -> str:
        return scrub(words, message, self.config.secret_values())


class HttpSmsConnector(SmsConnector[Config]):
    """A provider that takes a message in one HTTP request; both methods to write are pure."""

    @property
    def base_url(self) -> str:
        """Return where the provider's API stands; a class attribute does for most."""
        raise NotImplementedError

    @abstractmethod
    def build_request(self, message: SmsMessage) -> httpx2.Request:
        """Say what to ask."""

    @abstractmethod
    def read_response(self, response: httpx2.Response) -> Receipt:
        """Read the answer; raise the ConnectorError that the provider's code stands for."""

    async def send(self, message: SmsMessage) -> Receipt:
        """Send what `build_request` says, and read the answer."""
        try:
            request = self.build_request(message)
        except ConnectorError as error:
            error.replace_words(self._scrub(error.words, message))
            raise
        except (httpx2.InvalidURL, UnicodeEncodeError):
            # A pasted setting with a line break or a letter that no header can carry.
            raise InvalidConfig("a setting has characters that can't be sent") from None
        receipt = await self.exchange(request, self.read_response, message)
        return replace(receipt, words=self._scrub(receipt.words, message))

    def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        data: Mapping[str, str] | None = None,
        json: Any = None,
        content: bytes | None = None,
    ) -> httpx2.Request:
        """Return a request to the provider, or to where the operator redirects its connector."""
        base = self.context.base_url_override or self.base_url
        try:
            return httpx2.Request(
                method,
                base.rstrip("/") + path if path else base,
                params=params,
                headers=headers,
                data=data,
                json=json,
                content=content,
            )
        except (httpx2.InvalidURL, UnicodeEncodeError):
            # Here and not in `send` alone: a credential check makes its request this way, too.
            raise InvalidConfig("a setting has characters that can't be sent") from None

    async def exchange(
        self,
        request: httpx2.Request,
        read: Callable[[httpx2.Response], Answer],
        message: SmsMessage | None = None,
    ) -> Answer:
        """Send one request and read its answer; what is raised is a ConnectorError, scrubbed.

        For a provider that wants a token first, and for credential checks.
        """
        try:
            response = await self.context.client.send(request)
            return read_by(read, response)
        except ConnectorError as error:
            # Some providers quote the credentials that they refuse.
            sent = request.headers.get("Authorization", "")
            error.replace_words(self._scrub(error.words, message, sent))
            raise

    def _scrub(self, words: str, message: SmsMessage | None, *sent: str) -> str:
        return scrub(words, message, [*self.config.secret_values(), *sent])


def basic_auth(user: str, password: SecretStr | str) -> dict[str, str]:
    """Return the header of HTTP Basic authentication (RFC 7617)."""
    secret = password if isinstance(password, str) else password.get_secret_value()
    return {"Authorization": "Basic " + b64encode(f"{user}:{secret}".encode()).decode()}
