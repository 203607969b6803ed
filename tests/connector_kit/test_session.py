"""Connectors that keep a connection: where it may lead, who shares it, and what its loss means."""

import asyncio
import ipaddress
import ssl
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pydantic import SecretStr

from tests.emulators.smsc import until
from watchword.connector_kit import session as kit
from watchword.connector_kit.config import ConnectorConfig, Setting
from watchword.connector_kit.connector import ConnectorContext
from watchword.connector_kit.errors import (
    AddressRefused,
    AnswerLost,
    ConnectorError,
    InvalidCredentials,
    InvalidRecipient,
    ProviderThrottled,
    ProviderUnavailable,
)
from watchword.connector_kit.models import ConnectorMetadata, DeliveryReport, Receipt, SmsMessage
from watchword.connector_kit.outbound import OutboundClient
from watchword.connector_kit.session import (
    Address,
    Link,
    Session,
    SessionConnector,
    SessionEnded,
    copied,
)
from watchword.connector_kit.testing import CODE, MESSAGE

SECRET = "not-a-real-secret"
LOCAL = OutboundClient(is_development=True)


@dataclass
class Provider:
    """A provider that is spoken to in lines, and does what a test wants."""

    port: int = 0
    lines: list[str] = field(default_factory=list)
    refuses: str = ""
    """What it says instead of OK."""
    is_silent: bool = False
    hangs_up_at: str = "-"
    connections: list[asyncio.StreamWriter] = field(default_factory=list)
    left: int = 0

    async def listen(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer each line."""
        self.connections.append(writer)
        while line := (await reader.readline()).decode():
            self.lines.append(line.strip())
            if line.startswith(self.hangs_up_at):
                break
            if not self.is_silent:
                writer.write(f"{self.refuses or 'OK':40}".encode())
        self.left += 1
        writer.close()

    @property
    def address(self) -> Address:
        """Return where it listens."""
        return Address("127.0.0.1", self.port, False)


class LineSession(Session):
    """A session in lines; each answer has forty characters."""

    ends_when_asked = False

    def __init__(self, link: Link) -> None:
        self.link = link
        self.has_ended = asyncio.Event()

    async def say(self, line: str) -> str:
        """Say a line and return the answer."""
        try:
            await self.link.write(f"{line}\n".encode())
            return (await self.link.read(40)).decode().strip()
        except AnswerLost:
            self.has_ended.set()
            raise

    async def log_in(self) -> None:
        """Say who we are; a provider may quote what it refuses."""
        answer = await self.say("LOGIN")
        if answer != "OK":
            raise InvalidCredentials(f"{answer} {SECRET}")
        self.greeting = "welcome"

    @property
    def is_open(self) -> bool:
        return not self.has_ended.is_set()

    async def send(self, message: SmsMessage) -> Receipt:
        if self.ends_when_asked:
            self.has_ended.set()
        if not self.is_open:
            raise SessionEnded("the session has ended")
        answer = await self.say(f"SEND {message.to.digits}")
        if answer != "OK":
            raise InvalidRecipient(f"{answer}: {message.to.e164}, {CODE}, {SECRET}")
        return Receipt("1")

    async def receipts(self) -> AsyncGenerator[DeliveryReport, None]:
        yield DeliveryReport("1", "delivered")

    async def ended(self) -> None:
        await self.has_ended.wait()

    async def close(self) -> None:
        self.has_ended.set()
        await self.link.close()


class LineConfig(ConnectorConfig):
    """A secret."""

    secret: Annotated[SecretStr, Setting(label={"en": "Secret"})]


class LineConnector(SessionConnector[LineConfig]):
    """A connector of the provider above."""

    metadata = ConnectorMetadata(
        id="lines", target="lines", name={"en": "Lines"}, description={"en": "Lines"}
    )
    config_type = LineConfig
    provider: Provider

    async def start(self) -> LineSession:
        link = await Link.open(self.context.client, self.provider.address)
        session = LineSession(link)
        try:
            await session.log_in()
        except BaseException:
            await session.close()
            raise
        return session


@pytest.fixture
async def provider() -> AsyncIterator[Provider]:
    provider = Provider()
    server = await asyncio.start_server(provider.listen, "127.0.0.1", 0)
    provider.port = server.sockets[0].getsockname()[1]
    yield provider
    server.close()
    for writer in provider.connections:
        writer.close()


@pytest.fixture
def connector(provider: Provider) -> LineConnector:
    config = LineConfig.parse({"secret": SECRET})
    connector = LineConnector(config, ConnectorContext(client=LOCAL))
    connector.provider = provider
    return connector


# Where a link may lead.


@pytest.mark.parametrize("is_encrypted", [True, False])
async def test_a_private_address_is_refused(provider: Provider, is_encrypted: bool) -> None:
    address = Address("127.0.0.1", provider.port, is_encrypted)

    with pytest.raises(AddressRefused):
        await Link.open(OutboundClient(), address)
    assert provider.connections == []


async def test_a_public_address_is_not_reached_in_the_clear() -> None:
    with pytest.raises(AddressRefused):
        await Link.open(LOCAL, Address("192.0.9.1", 2775, False))


async def test_the_operator_can_list_a_network(provider: Provider) -> None:
    client = OutboundClient(allowed=(ipaddress.ip_network("127.0.0.0/8"),))
    link = await Link.open(client, provider.address)

    await link.write(b"hello\n")
    assert await link.read(2) == b"OK"
    assert await link.read(38) == b" " * 38
    await link.close()


async def test_nobody_listening_means_that_nothing_was_sent(provider: Provider) -> None:
    closed = await asyncio.start_server(provider.listen, "127.0.0.1", 0)
    port = closed.sockets[0].getsockname()[1]
    closed.close()
    await closed.wait_closed()

    with pytest.raises(ProviderUnavailable) as failed:
        await Link.open(LOCAL, Address("127.0.0.1", port, False))
    assert failed.value.is_outcome_known


async def test_a_certificate_that_nobody_vouches_for_is_refused(
    provider: Provider, tmp_path: Path
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(self_signed(tmp_path))
    server = await asyncio.start_server(provider.listen, "127.0.0.1", 0, ssl=context)
    address = Address("127.0.0.1", server.sockets[0].getsockname()[1], True)

    with pytest.raises(ProviderUnavailable) as refused:
        await Link.open(LOCAL, address)
    server.close()

    assert "certificate" in refused.value.words.lower()
    assert provider.lines == []


async def test_a_certificate_of_a_known_authority_is_accepted(
    provider: Provider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = self_signed(tmp_path)
    known = ssl.create_default_context(cafile=str(path))
    monkeypatch.setattr(kit, "_tls", lambda: known)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    server = await asyncio.start_server(provider.listen, "127.0.0.1", 0, ssl=context)
    link = await Link.open(LOCAL, Address("127.0.0.1", server.sockets[0].getsockname()[1], True))

    # Both ways at once, as a session does.
    reading = asyncio.create_task(link.read(40 * 20))
    await asyncio.gather(*(link.write(b"hello\n") for _ in range(20)))
    assert (await reading).split() == [b"OK"] * 20
    await link.close()
    server.close()


def self_signed(folder: Path) -> Path:
    """Return a certificate for 127.0.0.1 with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    here = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(here, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "certificate.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    return path


async def test_a_link_that_ends_early_has_lost_the_answer(provider: Provider) -> None:
    provider.hangs_up_at = "hello"
    link = await Link.open(LOCAL, provider.address)
    await link.write(b"hello\n")

    with pytest.raises(AnswerLost):
        await link.read(1)
    await link.close()
    for attempt in (link.read(1), link.write(b"more")):
        with pytest.raises(AnswerLost):
            await attempt


def test_an_operators_address_wins_and_says_whether_it_is_encrypted() -> None:
    given = Address("smpp.example.com", 2775, True)

    assert given.redirected(None) == given
    assert given.redirected("http://127.0.0.1:3100") == Address("127.0.0.1", 3100, False)
    assert given.redirected("https://gateway.example") == Address("gateway.example", 2775, True)


# Short sessions.


async def test_a_sending_without_a_session_opens_and_closes_one(
    provider: Provider, connector: LineConnector
) -> None:
    receipt = await connector.send(MESSAGE)

    assert receipt.provider_message_id == "1"
    assert provider.lines == ["LOGIN", f"SEND {MESSAGE.to.digits}"]
    await left(provider, 1)


async def left(provider: Provider, count: int) -> None:
    """Wait until so many connections were closed."""
    await until(lambda: provider.left >= count)


async def test_a_refusal_closes_the_short_session_and_gives_nothing_away(
    provider: Provider, connector: LineConnector
) -> None:
    provider.hangs_up_at = "SEND"
    with pytest.raises(AnswerLost) as lost:
        await connector.send(MESSAGE)
    assert not lost.value.is_outcome_known
    await left(provider, 1)

    provider.hangs_up_at = "-"
    session = await connector.start()
    provider.refuses = "no"
    connector._shared, connector._settled = session, settled()
    with pytest.raises(InvalidRecipient) as refused:
        await connector.send(MESSAGE)
    shown = f"{refused.value.words} {refused.value.detail}"
    assert not any(part in shown for part in (SECRET, CODE, MESSAGE.to.digits))
    await session.close()


def settled() -> asyncio.Event:
    event = asyncio.Event()
    event.set()
    return event


async def test_a_refused_log_in_says_so_without_the_secret(
    provider: Provider, connector: LineConnector
) -> None:
    provider.refuses = "who are you"

    for attempt in (connector.send(MESSAGE), connector.check_credentials(), connector.open()):
        with pytest.raises(InvalidCredentials) as refused:
            await attempt
        assert "who are you" in refused.value.words
        assert SECRET not in refused.value.words
    await left(provider, 3)


@pytest.mark.parametrize("is_silent", [True, False])
async def test_a_log_in_that_comes_to_nothing_has_sent_nothing(
    provider: Provider,
    connector: LineConnector,
    monkeypatch: pytest.MonkeyPatch,
    is_silent: bool,
) -> None:
    monkeypatch.setattr(kit, "OPENING", timedelta(milliseconds=50))
    provider.is_silent = is_silent
    provider.hangs_up_at = "-" if is_silent else "LOGIN"

    with pytest.raises(ProviderUnavailable) as failed:
        await connector.send(MESSAGE)
    assert failed.value.is_outcome_known
    await left(provider, 1)


async def test_checking_credentials_logs_in_and_out(
    provider: Provider, connector: LineConnector
) -> None:
    assert await connector.check_credentials() == "welcome"

    assert provider.lines == ["LOGIN"]
    await left(provider, 1)


# The session that all share.


async def test_sendings_share_the_session_that_was_opened(
    provider: Provider, connector: LineConnector
) -> None:
    await connector.open()
    for _ in range(3):
        await connector.send(MESSAGE)
    assert await connector.check_credentials() == "welcome"

    assert provider.lines.count("LOGIN") == 1
    assert connector.is_open
    await connector.close()
    assert not connector.is_open
    await left(provider, 1)


async def test_a_message_waits_for_a_session_that_is_being_opened(
    provider: Provider, connector: LineConnector
) -> None:
    provider.is_silent = True
    opening = asyncio.create_task(connector.open())
    await until(lambda: provider.lines)
    sending = asyncio.create_task(connector.send(MESSAGE))
    await asyncio.sleep(0.02)
    assert not sending.done()
    provider.is_silent = False
    provider.connections[0].write(f"{'OK':40}".encode())

    await opening
    assert (await sending).provider_message_id == "1"
    await connector.close()


async def test_a_message_waits_while_a_lost_session_is_opened_anew(
    provider: Provider, connector: LineConnector
) -> None:
    await connector.open()
    provider.connections[0].close()
    with pytest.raises(AnswerLost):
        await connector.send(MESSAGE)
    assert not connector.is_open

    sending = asyncio.create_task(connector.send(MESSAGE))
    await asyncio.sleep(0.02)
    assert not sending.done()
    await connector.open()

    assert (await sending).provider_message_id == "1"
    await connector.close()


async def test_a_message_that_was_not_handed_over_goes_to_the_next_session(
    provider: Provider, connector: LineConnector
) -> None:
    await connector.open()
    first = connector._shared
    assert isinstance(first, LineSession)
    # It ends after the kit chose it, and before it is asked to send.
    first.ends_when_asked = True
    sending = asyncio.create_task(connector.send(MESSAGE))
    await first.ended()
    await connector.open()

    assert (await sending).provider_message_id == "1"
    assert provider.lines == ["LOGIN", "LOGIN", f"SEND {MESSAGE.to.digits}"]
    await connector.close()
    await first.close()


async def test_a_message_does_not_wait_for_long(
    connector: LineConnector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kit, "PATIENCE", timedelta(milliseconds=20))
    connector._settled = asyncio.Event()

    with pytest.raises(ProviderUnavailable) as refused:
        await connector.send(MESSAGE)
    assert refused.value.is_outcome_known


async def test_every_message_fails_as_the_log_in_did_with_an_error_of_its_own(
    provider: Provider, connector: LineConnector
) -> None:
    provider.refuses = "who are you"
    with pytest.raises(InvalidCredentials):
        await connector.open()

    found = await asyncio.gather(
        *(connector.send(MESSAGE) for _ in range(3)), return_exceptions=True
    )

    assert {type(each) for each in found} == {InvalidCredentials}
    assert len({id(each) for each in found}) == 3
    assert provider.lines == ["LOGIN"]


async def test_a_closed_session_leaves_messages_to_whoever_opens_the_next(
    provider: Provider, connector: LineConnector
) -> None:
    await connector.open()
    await connector.close()

    # Known not to be sent, and to be tried again.
    with pytest.raises(ProviderThrottled) as refused:
        await connector.send(MESSAGE)
    assert refused.value.is_outcome_known
    assert refused.value.retry_after == kit.MOVING
    await connector.open()
    await connector.send(MESSAGE)
    await connector.close()


async def test_reports_and_the_end_are_the_shared_sessions(connector: LineConnector) -> None:
    async with aclosing(connector.receipts()) as none:
        assert [each async for each in none] == []
    await connector.ended()

    await connector.open()
    async with aclosing(connector.receipts()) as reports:
        assert [each async for each in reports] == [DeliveryReport("1", "delivered")]
    ending = asyncio.create_task(connector.ended())
    await asyncio.sleep(0)
    assert not ending.done()
    await connector.close()
    await ending


@pytest.mark.parametrize(
    "error",
    [
        ProviderThrottled("slow down", retry_after=timedelta(seconds=7)),
        InvalidCredentials("who are you"),
        ConnectorError("no"),
    ],
)
def test_a_copy_of_an_error_says_the_same(error: ConnectorError) -> None:
    again = copied(error)

    assert again is not error
    assert (type(again), again.words) == (type(error), error.words)
    assert getattr(again, "retry_after", None) == getattr(error, "retry_after", None)
