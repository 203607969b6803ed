"""A mail server on a port of this machine: it takes mail, or refuses it as it is told to."""

import asyncio
import base64
import ipaddress
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage as MimeMessage
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from watchword.connector_kit.connector import ConnectorContext
from watchword.connector_kit.outbound import OutboundClient
from watchword.connector_kit.wording import default_email_templates
from watchword.providers.smtp.config import SmtpConfig
from watchword.providers.smtp.connector import SmtpConnector

CONNECT = "CONNECT"
USER, PASSWORD = "mailer", "not-a-real-password"
HOST = "127.0.0.1"
LOCAL = OutboundClient(is_development=True, total=timedelta(seconds=5))


@dataclass
class MailServer:
    """What the server took, and what it answers to whom."""

    port: int = 0
    ca: str = ""
    mails: list[Envelope] = field(default_factory=list)
    connections: int = 0
    to_sender: str = ""
    to_recipient: str = ""
    to_content: str = ""
    hangs_up: bool = False
    """Reads the content and is gone before it answers."""
    is_silent: bool = False
    """Reads the content and never answers."""
    token: str = ""
    """What XOAUTH2 has to bring."""
    _asleep: list["asyncio.Future[None]"] = field(default_factory=list)

    def last_mail(self) -> MimeMessage:
        """Return the last e-mail, read by the standard library."""
        content = self.mails[-1].original_content
        assert isinstance(content, bytes)
        parsed = message_from_bytes(content, policy=policy.default)
        assert isinstance(parsed, MimeMessage)
        return parsed

    def config(self, **changed: Any) -> dict[str, Any]:
        """Return settings that reach this server, as the contract writes them."""
        return {
            "host": HOST,
            "port": self.port,
            "auth": {"type": "login", "user": USER, "pass": PASSWORD},
            "fromEmail": "Acme <no-reply@acme.example>",
            "templates": default_email_templates(),
            "tls": {"ca": self.ca},
            **changed,
        }

    def connector(
        self, client: OutboundClient = LOCAL, redirected: str | None = None, **changed: Any
    ) -> SmtpConnector:
        """Return a connector that mails through this server."""
        config = SmtpConfig.parse(self.config(**changed))
        return SmtpConnector(config, ConnectorContext(client=client, base_url_override=redirected))

    # aiosmtpd asks these.

    async def handle_MAIL(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Say what comes of a sender."""
        if self.to_sender:
            return self.to_sender
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 Ok"

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Say what comes of a recipient."""
        if self.to_recipient:
            return self.to_recipient
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 Ok"

    async def handle_DATA(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        """Take an e-mail, or say what is wrong with it."""
        if self.hangs_up:
            assert isinstance(server.transport, asyncio.WriteTransport)
            server.transport.abort()
        if self.is_silent:
            self._asleep.append(asyncio.get_running_loop().create_future())
            await self._asleep[-1]
        if not self.to_content:
            self.mails.append(envelope)
        return self.to_content or f"250 2.0.0 Ok: queued as Q{len(self.mails)}"

    async def auth_XOAUTH2(self, server: SMTP, args: list[str]) -> AuthResult:  # noqa: N802
        """Compare the token."""
        given = base64.b64decode(args[1]).decode()
        is_right = given == f"user={USER}\x01auth=Bearer {self.token}\x01\x01"
        if not is_right:
            await server.push("535 5.7.8 Bad token")
        return AuthResult(success=is_right, handled=not is_right, auth_data=given)

    def wake(self) -> None:
        """Let whoever waits go home."""
        for sleeper in self._asleep:
            if not sleeper.done():
                sleeper.cancel()


def _is_right(
    server: SMTP, session: Session, envelope: Envelope, mechanism: str, given: Any
) -> AuthResult:
    is_right = isinstance(given, LoginPassword) and given == LoginPassword(
        USER.encode(), PASSWORD.encode()
    )
    return AuthResult(success=is_right, handled=False)


@asynccontextmanager
async def mail_server(
    folder: Path,
    *,
    starts_with_tls: bool = False,
    offers_tls: bool = True,
    is_international: bool = False,
    **options: Any,
) -> AsyncIterator[MailServer]:
    """Run a mail server for the length of the block."""
    running = MailServer()
    context, running.ca = server_context(folder)
    loop = asyncio.get_running_loop()

    def served() -> SMTP:
        running.connections += 1
        return SMTP(
            running,
            loop=loop,
            hostname="mail.example.com",
            authenticator=_is_right,
            auth_require_tls=offers_tls and not starts_with_tls,
            auth_required=offers_tls and not starts_with_tls,
            tls_context=context if offers_tls and not starts_with_tls else None,
            enable_SMTPUTF8=is_international,
            **options,
        )

    server = await loop.create_server(served, HOST, 0, ssl=context if starts_with_tls else None)
    running.port = server.sockets[0].getsockname()[1]
    try:
        yield running
    finally:
        running.wake()
        server.close()


@asynccontextmanager
async def scripted_server(answer: Callable[[str], str | None]) -> AsyncIterator[int]:
    """Run a server that answers each line with what *answer* says; None hangs up.

    The first line is CONNECT, for the greeting. Yields the port.
    """

    talks: list[asyncio.Task[None]] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = CONNECT.encode()
        with suppress(ConnectionError):
            while line and (reply := answer(line.decode().strip())) is not None:
                writer.write(reply.encode())
                await writer.drain()
                line = await reader.readline()
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()

    def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talks.append(asyncio.ensure_future(talk(reader, writer)))

    server = await asyncio.start_server(begin, HOST, 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await asyncio.gather(*talks)


def server_context(folder: Path) -> tuple[ssl.SSLContext, str]:
    """Return what a server on this machine proves itself with, and whom to believe for it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail.example.com")])
    here = x509.SubjectAlternativeName(
        [x509.IPAddress(ipaddress.ip_address(HOST)), x509.DNSName("mail.example.com")]
    )
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
    encoding = serialization.Encoding.PEM
    path = folder / "certificate.pem"
    path.write_bytes(
        key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + certificate.public_bytes(encoding)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context, certificate.public_bytes(encoding).decode()
