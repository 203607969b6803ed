"""The other shape that a connector builds on: a connection that stays open, as SMPP has.

A connector's own part is two classes: a `Session`, which speaks the protocol over a `Link`, and a
`SessionConnector`, whose `start` makes one. The kit keeps the session that all sendings share, and
makes a short one for whoever sends without it: a test with values that are not saved.
"""

import asyncio
import socket
import ssl
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import lru_cache
from typing import Annotated
from urllib.parse import urlsplit

import httpcore2
import httpx2
from pydantic import Field

from watchword.connector_kit.config import Setting
from watchword.connector_kit.connector import Config, ConnectorContext, SmsConnector
from watchword.connector_kit.errors import (
    AnswerLost,
    ConnectorError,
    ProviderThrottled,
    ProviderUnavailable,
)
from watchword.connector_kit.models import DeliveryReport, Localized, Receipt, SmsMessage
from watchword.connector_kit.outbound import (
    CONNECT,
    Destinations,
    GuardedBackend,
    OutboundClient,
)
from watchword.connector_kit.scrubbing import scrub

# A connection and a log-in; more than this, and a person would look at a page that says nothing.
OPENING = timedelta(seconds=6)
# How long a message waits for a session that is just being opened.
PATIENCE = timedelta(seconds=3)
LOOK_AGAIN = timedelta(milliseconds=50)
MOVING = timedelta(seconds=1)
READ_AT_ONCE = 64 * 1024


@dataclass(frozen=True)
class Address:
    """Where a provider listens, and whether it is spoken to inside TLS."""

    host: str
    port: int
    """Of TCP."""
    is_encrypted: bool

    def redirected(self, url: str | None) -> "Address":
        """Return the place that the operator names instead: `http://…` plain, `https://…` TLS."""
        if url is None:
            return self
        parts = urlsplit(url)
        return Address(
            parts.hostname or self.host, parts.port or self.port, parts.scheme[-1] == "s"
        )


HostName = Annotated[str, Field(pattern=r"^[A-Za-z0-9._:-]{1,253}$")]
"""The name or the address of a host, in a config."""
PortNumber = Annotated[int, Field(ge=1, le=65_535)]
"""A port of TCP, in a config."""


def asks_for_host(help: Localized, placeholder: str) -> Setting:
    """Return how a config asks where to connect to."""
    return Setting(
        label={"en": "Host", "ko": "호스트"},
        help=help,
        placeholder=placeholder,
        decides_destination=True,
    )


def asks_for_port(help: Localized) -> Setting:
    """Return how a config asks for the port there."""
    return Setting(label={"en": "Port", "ko": "포트"}, help=help, decides_destination=True)


class Link:
    """A connection to a permitted address: bytes in, bytes out, and errors in the kit's words."""

    def __init__(self, stream: httpcore2.AsyncNetworkStream) -> None:
        self._stream = stream
        self._writing = asyncio.Lock()
        self._unread = bytearray()

    @classmethod
    async def open(cls, client: OutboundClient, address: Address) -> "Link":
        """Connect; raises AddressRefused, ProviderUnavailable.

        As with HTTP, a public address is reached inside TLS, or where the operator lists its
        network.
        """
        within = CONNECT.total_seconds()
        try:
            stream = await _guarded(client, address).connect_tcp(address.host, address.port, within)
            if address.is_encrypted:
                stream = await stream.start_tls(_tls(), address.host, within)
        except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
            words = str(error) or type(error).__name__
            raise ProviderUnavailable(f"no connection: {words}") from None
        return cls(stream)

    async def read(self, count: int) -> bytes:
        """Return exactly *count* bytes; raises AnswerLost where the connection ends before."""
        while len(self._unread) < count:
            try:
                read = await self._stream.read(READ_AT_ONCE)
            except (httpcore2.NetworkError, OSError) as error:
                raise AnswerLost(f"the connection broke: {type(error).__name__}") from None
            if not read:
                raise AnswerLost("the provider closed the connection")
            self._unread += read
        wanted = bytes(self._unread[:count])
        del self._unread[:count]
        return wanted

    async def write(self, content: bytes) -> None:
        """Send all of *content*; raises AnswerLost, since some of it may have arrived."""
        async with self._writing:
            try:
                await self._stream.write(content)
            except (httpcore2.NetworkError, OSError) as error:
                raise AnswerLost(f"the connection broke: {type(error).__name__}") from None

    async def close(self) -> None:
        """Close the connection; one that is broken already is closed, too."""
        with suppress(httpcore2.NetworkError, OSError):
            await self._stream.aclose()


async def open_socket(client: OutboundClient, address: Address) -> socket.socket:
    """Connect to a permitted address, for a library that speaks over a socket by itself.

    Raises AddressRefused, ProviderUnavailable. TLS is left to the library: an address that is
    called encrypted must be spoken to inside TLS before anything secret is said.
    """
    try:
        return await _guarded(client, address).connect_socket(address.host, address.port)
    except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
        words = str(error) or type(error).__name__
        raise ProviderUnavailable(f"no connection: {words}") from None


def _guarded(client: OutboundClient, address: Address) -> GuardedBackend:
    destinations = Destinations(client.allowed, client.is_development)
    if not address.is_encrypted:
        destinations = replace(destinations, allows_public=False)
    return GuardedBackend(destinations)


@lru_cache(maxsize=1)
def _tls() -> ssl.SSLContext:
    # Once: reading the certificate store takes a while.
    return httpx2.create_ssl_context()


class SessionEnded(ProviderUnavailable):
    """The session ended before anything of the message was handed over: the next may have it."""


class Session(ABC):
    """A connection on which we are logged in."""

    greeting: str = ""
    """What the provider said when it let us in."""

    @property
    @abstractmethod
    def is_open(self) -> bool:
        """Tell whether messages can go out here."""

    @abstractmethod
    async def send(self, message: SmsMessage) -> Receipt:
        """Hand over one message; raises ConnectorError.

        SessionEnded where the session had ended before: then the kit hands it to the next one.
        AnswerLost where it ends between the message and its answer: nobody knows, so nobody sends
        it again.
        """

    @abstractmethod
    def receipts(self) -> AsyncGenerator[DeliveryReport, None]:
        """Yield reports until the session ends; each is acknowledged when the next is asked for.

        Several may iterate at once, and each report goes to one of them. An iterator that is
        closed at a report has failed with it: the provider is asked to report again.
        """

    @abstractmethod
    async def ended(self) -> None:
        """Return once the session has ended, for whatever reason."""

    @abstractmethod
    async def close(self) -> None:
        """Let what is under way finish for a moment, log out and disconnect."""


class SessionConnector(SmsConnector[Config]):
    """A provider that keeps a connection open.

    One process opens the session that all messages share, under a lease (`messaging.sessions`).
    """

    def __init__(self, config: Config, context: ConnectorContext) -> None:
        super().__init__(config, context)
        self._shared: Session | None = None
        self._refusal: ConnectorError | None = None
        self._settled: asyncio.Event | None = None
        """Unset while the shared session is being opened; None where nobody ever opened one."""

    @abstractmethod
    async def start(self) -> Session:
        """Connect and log in; raises ConnectorError. The kit limits how long it may take."""

    @property
    def is_open(self) -> bool:
        """Tell whether there is a session for messages to share."""
        return self._shared is not None and self._shared.is_open

    async def open(self) -> None:
        """Open the session that sendings share; raises ConnectorError.

        Until it is open, sendings wait for a moment; after a failure, they fail as it did.
        """
        self._settled = settled = asyncio.Event()
        self._refusal = None
        try:
            self._shared = await self._started()
        except ConnectorError as error:
            self._refusal = error
            raise
        finally:
            settled.set()

    async def send(self, message: SmsMessage) -> Receipt:
        """Send on the shared session, or on a short one where nobody opened any."""
        try:
            if self._settled is not None:
                return await self._send_shared(message)
            session = await self._started()
            try:
                return await session.send(message)
            finally:
                await session.close()
        except ConnectorError as error:
            error.replace_words(self._scrub(error.words, message))
            raise

    async def _send_shared(self, message: SmsMessage) -> Receipt:
        while True:
            session = await self._ready()
            try:
                return await session.send(message)
            except SessionEnded:
                if session.is_open:
                    # Or it would be asked again and again.
                    raise

    async def receipts(self) -> AsyncGenerator[DeliveryReport, None]:
        """Yield the shared session's reports until it ends, as `Session.receipts` says."""
        if self._shared is not None:
            async with aclosing(self._shared.receipts()) as reports:
                async for report in reports:
                    yield report

    async def ended(self) -> None:
        """Return once the shared session has ended."""
        if self._shared is not None:
            await self._shared.ended()

    async def close(self) -> None:
        """Close the shared session; what is still to be sent is refused until another time."""
        session, self._shared = self._shared, None
        self._refusal = ProviderThrottled("the session moves elsewhere", retry_after=MOVING)
        self._settled = self._settled or asyncio.Event()
        self._settled.set()
        if session is not None:
            await session.close()

    async def check_credentials(self) -> str | None:
        """Log in and out again, or say what the provider said when the open session logged in."""
        if self._shared is not None and self._shared.is_open:
            return self._shared.greeting
        session = await self._started()
        await session.close()
        return session.greeting

    async def _started(self) -> Session:
        seconds = OPENING.total_seconds()
        try:
            async with asyncio.timeout(seconds):
                return await self.start()
        except TimeoutError:
            raise ProviderUnavailable(f"no session within {seconds:g} seconds") from None
        except ConnectorError as error:
            error.replace_words(self._scrub(error.words, None))
            # Nothing was sent yet, however the connection ended.
            raise error if error.is_outcome_known else ProviderUnavailable(error.words) from None

    async def _ready(self) -> Session:
        try:
            async with asyncio.timeout(PATIENCE.total_seconds()):
                if self._settled is not None:
                    await self._settled.wait()
                while self._refusal is None:
                    if self._shared is not None and self._shared.is_open:
                        return self._shared
                    # It was lost a moment ago, and whoever keeps it has not seen that yet.
                    await asyncio.sleep(LOOK_AGAIN.total_seconds())
        except TimeoutError:
            raise ProviderUnavailable("the session is still being opened") from None
        raise copied(self._refusal)

    def _scrub(self, words: str, message: SmsMessage | None) -> str:
        return scrub(words, message, self.config.secret_values())


def copied(error: ConnectorError) -> ConnectorError:
    """Return an error anew, for one who fails as another did: whoever catches one writes on it."""
    if isinstance(error, ProviderThrottled):
        return type(error)(error.words, retry_after=error.retry_after)
    return type(error)(error.words)
