"""E-mail over SMTP, the protocol that every mail server speaks. https://www.rfc-editor.org/rfc/rfc5321"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta

from watchword.connector_kit.connector import ConnectorContext, EmailConnector
from watchword.connector_kit.errors import MessageDeferred, ProviderThrottled
from watchword.connector_kit.mail import Mail
from watchword.connector_kit.models import (
    ConnectorMetadata,
    ConnectorType,
    EmailMessage,
    Receipt,
)
from watchword.providers.smtp.access_tokens import AccessTokens
from watchword.providers.smtp.config import SmtpConfig
from watchword.providers.smtp.conversation import Conversation, conversation
from watchword.providers.smtp.mime import envelope_of

# Of one process; servers commonly let one client have 20 to 50 connections.
CONNECTIONS = 10
SOONEST, LATEST = timedelta(seconds=30), timedelta(minutes=5)


class SmtpConnector(EmailConnector[SmtpConfig]):
    """Mails through a server of one's own, or of a provider."""

    metadata = ConnectorMetadata(
        id="simple-mail-transfer-protocol",
        target="smtp",
        type=ConnectorType.EMAIL,
        name={"en": "SMTP", "ko": "SMTP"},
        description={
            "en": "E-mail through any mail server: your own, or your provider's.",
            "ko": "자체 메일 서버나 이메일 사업자의 서버로 이메일을 보냅니다.",
        },
        features=("credential_check",),
    )
    config_type = SmtpConfig

    def __init__(self, config: SmtpConfig, context: ConnectorContext) -> None:
        super().__init__(config, context)
        self._places = asyncio.Semaphore(CONNECTIONS)
        self._tokens = AccessTokens(config, context)

    def mail_of(self, message: EmailMessage) -> Mail:
        """Return the e-mail that goes out."""
        return self.config.mail_for(message)

    async def deliver(self, message: EmailMessage, mail: Mail) -> Receipt:
        """Connect, log in, hand the e-mail over, and leave."""
        envelope = envelope_of(message, mail, self.config, self.context.clock.now())
        total = self.context.client.total
        try:
            async with self._place(total), self._conversation() as talk:
                words = await talk.hand_over(envelope, total)
        except MessageDeferred as error:
            error.retry_after = min(max(message.time_left / 4, SOONEST), LATEST)
            raise
        return Receipt(provider_message_id=envelope.message_id, words=words)

    async def check_credentials(self) -> str | None:
        """Connect, log in and leave."""
        async with self._conversation() as talk:
            return talk.greeting

    def _conversation(self) -> AbstractAsyncContextManager[Conversation]:
        return conversation(self.config, self.context, self._tokens)

    @asynccontextmanager
    async def _place(self, within: timedelta) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(within.total_seconds()):
                await self._places.acquire()
        except TimeoutError:
            raise ProviderThrottled("all connections to the server are busy") from None
        try:
            yield
        finally:
            self._places.release()
