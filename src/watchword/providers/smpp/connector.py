"""SMPP 3.4, the protocol between an SMS centre and those who send. https://smpp.org/SMPP_v3_4_Issue1_2.pdf"""

import asyncio
import logging

from watchword.connector_kit.connector import ConnectorContext
from watchword.connector_kit.models import ConnectorMetadata, SmsMessage
from watchword.connector_kit.session import Link, SessionConnector
from watchword.providers.smpp.config import SmppConfig
from watchword.providers.smpp.receipts import MessageIds, SentIds
from watchword.providers.smpp.session import SmppSession


class SmppConnector(SessionConnector[SmppConfig]):
    """Texts through an SMSC of a carrier, an aggregator or one's own."""

    metadata = ConnectorMetadata(
        id="smpp",
        target="smpp",
        name={"en": "SMPP 3.4", "ko": "SMPP 3.4"},
        description={
            "en": "Texts through the message centre (SMSC) of a carrier or an aggregator.",
            "ko": "통신사나 문자 중계사의 메시지 센터(SMSC)로 문자를 보냅니다.",
        },
        features=("delivery_reports", "credential_check"),
    )
    config_type = SmppConfig

    def __init__(self, config: SmppConfig, context: ConnectorContext) -> None:
        super().__init__(config, context)
        # Receipts may come in a later session than the one that sent the message.
        self._ids = SentIds(MessageIds(config.message_ids))

    def text_of(self, message: SmsMessage) -> str:
        """Return the text that goes out."""
        return self.config.text_for(message)

    async def start(self) -> SmppSession:
        """Connect and bind as a transceiver."""
        # The codec would write what it reads.
        logging.getLogger("smpplib").setLevel(logging.CRITICAL)
        address = self.config.address.redirected(self.context.base_url_override)
        client, now = self.context.client, self.context.clock.now
        link = await Link.open(client, address)
        session = SmppSession(link, self.config, self._ids, now, client.total)
        try:
            await session.bind()
        except (Exception, asyncio.CancelledError):
            await session.close()
            raise
        return session
