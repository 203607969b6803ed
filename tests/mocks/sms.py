"""A connector for text messages that keeps them in a list."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, SecretStr

from watchword.connector_kit.config import ConnectorConfig, Setting
from watchword.connector_kit.connector import SmsConnector
from watchword.connector_kit.models import ConnectorMetadata, Receipt, SmsMessage
from watchword.connector_kit.templates import TextTemplate, render


class MockTemplate(TextTemplate):
    """A text for one of the nine usage types."""

    usage_type: Literal[
        "SignIn",
        "Register",
        "ForgotPassword",
        "OrganizationInvitation",
        "Generic",
        "UserPermissionValidation",
        "BindNewIdentifier",
        "MfaVerification",
        "BindMfa",
    ] = Field(alias="usageType")


def _named(text: str) -> Setting:
    return Setting(label={"en": text, "ko": text})


class MockSmsConfig(ConnectorConfig):
    """What the recorded exchanges configure."""

    account_sid: Annotated[str, _named("Account SID")] = Field(alias="accountSID")
    auth_token: Annotated[SecretStr, _named("Auth token")] = Field(alias="authToken")
    sender: Annotated[str, _named("From")] = Field(alias="fromMessagingServiceSID")
    templates: Annotated[tuple[MockTemplate, ...], _named("Templates")]


class MockSmsConnector(SmsConnector[MockSmsConfig]):
    """Keeps its messages in a list."""

    metadata = ConnectorMetadata(
        id="mock-short-message-service",
        target="mock-sms",
        name={
            "en": "Mock SMS Service",
            "zh-CN": "Mock 短信服务",
            "tr-TR": "Mock SMS Servis",
            "ko": "Mock SMS Service",
        },
        description={"en": "Keeps messages.", "ko": "메시지를 보관합니다."},
    )
    config_type = MockSmsConfig
    sent: ClassVar[list[SmsMessage]] = []

    def text_of(self, message: SmsMessage) -> str:
        """Return the text that goes out."""
        return render(self.config.templates, message)

    async def send(self, message: SmsMessage) -> Receipt:
        """Keep the message."""
        self.text_of(message)
        self.sent.append(message)
        return Receipt(provider_message_id=f"mock-{message.id}")
