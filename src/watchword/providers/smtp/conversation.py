"""One conversation with a mail server: connect, log in, hand over one e-mail, leave."""

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from datetime import timedelta

import aiosmtplib
from aiosmtplib import SMTP, SMTPResponse
from pydantic import SecretStr

from watchword.connector_kit.connector import ConnectorContext
from watchword.connector_kit.errors import (
    AnswerLost,
    InvalidRecipient,
    ProviderSettingsRefused,
    ProviderTimeout,
    ProviderUnavailable,
    UnreadableAnswer,
)
from watchword.connector_kit.mail import Mailbox
from watchword.connector_kit.session import open_socket
from watchword.providers.smtp.access_tokens import AccessTokens
from watchword.providers.smtp.config import Security, SmtpConfig, tls_context
from watchword.providers.smtp.mime import Envelope
from watchword.providers.smtp.replies import Stage, error_of, said

# Servers look through an e-mail before they answer for it.
ANSWER = timedelta(seconds=15)
FAREWELL = timedelta(seconds=1)
UNREADABLE = -1  # aiosmtplib's code for a reply that is none


class Conversation:
    """A connection on which we are logged in, as long as the block that opened it."""

    def __init__(self, smtp: SMTP, greeting: str) -> None:
        self._smtp = smtp
        self.greeting = greeting
        """What the server said when it let us in."""

    async def hand_over(self, envelope: Envelope, within: timedelta) -> str:
        """Hand over one e-mail and return the server's answer; raises ConnectorError.

        Once the content is on its way, an answer that does not come leaves open what happened:
        AnswerLost or ProviderTimeout, and nobody sends it again.
        """
        async with _until(within):
            options, encoding = self._options(envelope)
            with _told("sender"):
                await self._smtp.mail(envelope.sender, options=options, encoding=encoding)
            with _told("recipient"):
                await self._smtp.rcpt(envelope.recipient, encoding=encoding)
        try:
            async with asyncio.timeout(ANSWER.total_seconds()):
                reply = await self._smtp.data(envelope.content)
        except aiosmtplib.SMTPResponseException as error:
            if error.code == UNREADABLE:
                raise UnreadableAnswer(said(error.code, error.message)) from None
            raise error_of("content", error.code, error.message) from None
        except TimeoutError:
            raise ProviderTimeout(f"no answer within {ANSWER.total_seconds():g} seconds") from None
        except (aiosmtplib.SMTPException, OSError) as error:
            raise AnswerLost(f"the connection broke: {type(error).__name__}") from None
        return said(reply.code, reply.message)

    def _options(self, envelope: Envelope) -> tuple[list[str], str]:
        if not envelope.is_international:
            return [], "ascii"
        if not self._smtp.supports_extension("smtputf8"):
            raise InvalidRecipient("the server takes no addresses in other scripts than Latin")
        return ["SMTPUTF8"], "utf-8"


@asynccontextmanager
async def conversation(
    config: SmtpConfig, context: ConnectorContext, tokens: AccessTokens
) -> AsyncIterator[Conversation]:
    """Connect and log in; raises ConnectorError, and then nothing was sent."""
    # It would write what it sends.
    logging.getLogger("aiosmtplib").setLevel(logging.WARNING)
    # Of this, too: an access token may have to be fetched first.
    async with _until(context.client.total):
        smtp, security = await _connected(config, context)
        try:
            greeting = await _introduced(smtp, config, security, tokens)
        except BaseException:
            smtp.close()
            raise
    try:
        yield Conversation(smtp, greeting)
    finally:
        # What was answered is answered, however the farewell goes.
        with suppress(Exception):
            async with asyncio.timeout(FAREWELL.total_seconds()):
                await smtp.quit()
        smtp.close()


async def _connected(config: SmtpConfig, context: ConnectorContext) -> tuple[SMTP, Security]:
    override = context.base_url_override
    address = config.address.redirected(override)
    security = config.security
    if override is not None:
        security = "tls" if address.is_encrypted else "plain"
    named = config.tls.servername if config.tls is not None else None
    # The socket is ours: the kit resolves the name once, and connects where it may.
    sock = await open_socket(context.client, address)
    try:
        smtp = SMTP(
            hostname=named or address.host,
            sock=sock,
            use_tls=security == "tls",
            start_tls=False,
            tls_context=None if security == "plain" else tls_context(config.tls),
            # Or it would ask DNS for this machine's own name, which is nobody's business.
            local_hostname=Mailbox.parse(config.from_email).address.ascii_domain,
        )
        with _told("greeting"):
            await smtp.connect()
    except BaseException:
        sock.close()
        raise
    return smtp, security


async def _introduced(
    smtp: SMTP, config: SmtpConfig, security: Security, tokens: AccessTokens
) -> str:
    with _told("greeting"):
        reply = await smtp.ehlo()
        if security == "starttls":
            if not smtp.supports_extension("starttls"):
                # Going on without would send the password and the code to whoever listens.
                raise ProviderSettingsRefused("the server offers no STARTTLS")
            await smtp.starttls()
            reply = await smtp.ehlo()
    if config.user is not None:
        with _told("login"):
            reply = await _logged_in(smtp, config.user, config.password, tokens)
    return said(reply.code, reply.message)


async def _logged_in(
    smtp: SMTP, user: str, password: SecretStr | None, tokens: AccessTokens
) -> SMTPResponse:
    offered = smtp.server_auth_methods
    if password is None:
        if "xoauth2" not in offered:
            raise ProviderSettingsRefused("the server offers no log-in with OAuth 2 (XOAUTH2)")
        try:
            return await smtp.auth_xoauth2(user, await tokens.current())
        except aiosmtplib.SMTPAuthenticationError:
            tokens.forget()
            raise
    if "plain" in offered:
        return await smtp.auth_plain(user, password.get_secret_value())
    if "login" in offered:
        return await smtp.auth_login(user, password.get_secret_value())
    raise ProviderSettingsRefused("the server offers no log-in with a password (PLAIN, LOGIN)")


@asynccontextmanager
async def _until(within: timedelta) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(within.total_seconds()):
            yield
    except TimeoutError:
        seconds = within.total_seconds()
        raise ProviderUnavailable(f"no answer within {seconds:g} seconds") from None


@contextmanager
def _told(stage: Stage) -> Iterator[None]:
    """Put what goes wrong before the content is sent into the kit's words."""
    try:
        yield
    except aiosmtplib.SMTPResponseException as error:
        if error.code == UNREADABLE:
            raise ProviderUnavailable(
                f"no mail server: {said(error.code, error.message)}"
            ) from None
        raise error_of(stage, error.code, error.message) from None
    except (aiosmtplib.SMTPException, OSError) as error:
        refused = _tls_failure(error)
        if refused is not None:
            raise ProviderSettingsRefused(f"TLS: {refused}") from None
        raise ProviderUnavailable(f"the connection broke: {type(error).__name__}") from None


def _tls_failure(error: BaseException | None) -> str | None:
    while error is not None:
        if isinstance(error, ssl.SSLError):
            return str(getattr(error, "verify_message", "") or error.reason or type(error).__name__)
        error = error.__cause__
    return None
