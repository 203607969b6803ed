"""A provider that a test controls, and a connector for it written with the real kit."""

import asyncio
import hmac
import json
from collections import deque
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar

from pydantic import Field, SecretStr

from watchword.connector_kit.config import Setting
from watchword.connector_kit.connector import SmsConnector
from watchword.connector_kit.errors import ReportRefused
from watchword.connector_kit.models import (
    ConnectorMetadata,
    DeliveryReport,
    Receipt,
    ReportRequest,
    SmsMessage,
)
from watchword.connector_kit.templates import TextTemplatesConfig
from watchword.connector_kit.wording import default_templates

PROVIDER_ID = "test-provider"
OTHER_PROVIDER_ID = "other-provider"
UNSIGNED_PROVIDER_ID = "unsigned-provider"
DEVELOPMENT_ID = "development-provider"

TEMPLATES = default_templates()
CONFIG: dict[str, Any] = {"apiKey": "key-7f3a", "sender": "Example", "templates": TEMPLATES}


@dataclass
class Provider:
    """What reached the provider, and how it answers: the next of `answers`, else it accepts."""

    sent: list[SmsMessage] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    answers: deque[BaseException | Receipt] = field(default_factory=deque)
    gate: asyncio.Event | None = None
    """Unset: the provider takes its time until it is set."""
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    """Set as soon as a message reached it."""

    async def take(self, message: SmsMessage, text: str, key: str) -> Receipt:
        """Take a message, or do what the test wants instead."""
        self.sent.append(message)
        self.texts.append(text)
        self.keys.append(key)
        self.asked.set()
        if self.gate is not None:
            await self.gate.wait()
        answer = self.answers.popleft() if self.answers else Receipt(f"P-{message.id}", "queued")
        if isinstance(answer, BaseException):
            raise answer
        return answer


class ProviderConfig(TextTemplatesConfig):
    """An open field, a secret and templates."""

    api_key: Annotated[SecretStr, Setting(label={"en": "API key"})] = Field(alias="apiKey")
    sender: Annotated[str, Setting(label={"en": "Sender"})]
    gateway: Annotated[str, Setting(label={"en": "Gateway"}, decides_destination=True)] = (
        "https://gateway.example"
    )


class ProviderConnector(SmsConnector[ProviderConfig]):
    """Sends to the test's provider; reports are signed with the API key."""

    config_type = ProviderConfig
    metadata = ConnectorMetadata(
        id=PROVIDER_ID, target="test", name={"en": "Test"}, description={"en": "Test"}
    )
    has_reports = True
    signs_reports = True
    provider: ClassVar[Provider]

    def text_of(self, message: SmsMessage) -> str:
        """Return the text that goes out."""
        return self.config.text_for(message)

    async def send(self, message: SmsMessage) -> Receipt:
        """Hand the message to the test's provider."""
        key = self.config.api_key.get_secret_value()
        return await self.provider.take(message, self.text_of(message), key)

    def read_report(self, request: ReportRequest) -> list[DeliveryReport]:
        """Read `{id, state}`, signed over URL and body."""
        if self.signs_reports:
            wanted = signature(self.config.api_key.get_secret_value(), request.url, request.body)
            if not hmac.compare_digest(request.headers.get("x-signature", ""), wanted):
                raise ReportRefused("signature")
        answer = json.loads(request.body)
        return [
            DeliveryReport(
                answer["id"], answer["state"], answer.get("error"), "carrier", answer.get("message")
            )
        ]


def signature(key: str, url: str, body: bytes) -> str:
    """Return what the test's provider signs a report with."""
    return hmac.new(key.encode(), url.encode() + body, "sha256").hexdigest()


def connector_classes(provider: Provider) -> list[type[SmsConnector[Any]]]:
    """Return a connector class, another one, one without signatures, and one for development."""

    def named(connector_id: str, **attributes: Any) -> type[SmsConnector[Any]]:
        metadata = ConnectorMetadata(
            id=connector_id,
            target=connector_id,
            name={"en": connector_id},
            description={"en": "Test"},
            development_only=connector_id == DEVELOPMENT_ID,
        )
        names = {"provider": provider, "metadata": metadata, **attributes}
        return type(connector_id, (ProviderConnector,), names)

    return [
        named(PROVIDER_ID),
        named(OTHER_PROVIDER_ID),
        named(UNSIGNED_PROVIDER_ID, signs_reports=False),
        named(DEVELOPMENT_ID),
    ]
