"""A connector for e-mail that keeps it in a list."""

from typing import Annotated, Any, ClassVar

from pydantic import Field, SecretStr, model_validator

from watchword.connector_kit.config import ConnectorConfig, Setting
from watchword.connector_kit.connector import EmailConnector
from watchword.connector_kit.mail import EmailTemplate, Mail, render_email
from watchword.connector_kit.models import (
    ConnectorMetadata,
    ConnectorType,
    EmailMessage,
    Receipt,
)


class MockEmailTemplate(EmailTemplate):
    """As the recorded exchanges have it: with `type` in the place of `contentType`."""

    @model_validator(mode="before")
    @classmethod
    def _has_a_type(cls, value: Any) -> Any:
        return {"contentType": value.get("type", "text/plain"), **value}


def _named(text: str) -> Setting:
    return Setting(label={"en": text, "ko": text})


class MockEmailConfig(ConnectorConfig):
    """What the recorded exchanges configure."""

    api_key: Annotated[SecretStr, _named("API key")] = Field(alias="apiKey")
    from_email: Annotated[str, _named("From")] = Field(alias="fromEmail")
    from_name: Annotated[str | None, _named("Name")] = Field(default=None, alias="fromName")
    templates: Annotated[tuple[MockEmailTemplate, ...], _named("Templates")]


class MockEmailConnector(EmailConnector[MockEmailConfig]):
    """Keeps its e-mails in a list."""

    metadata = ConnectorMetadata(
        id="mock-email-service",
        target="mock-mail",
        type=ConnectorType.EMAIL,
        name={
            "en": "Mock Mail Service",
            "zh-CN": "Mock 邮件服务",
            "tr-TR": "Mock Mail Servis",
            "ko": "Mock Mail Service",
        },
        description={"en": "Keeps e-mails.", "ko": "이메일을 보관합니다."},
    )
    config_type = MockEmailConfig
    sent: ClassVar[list[EmailMessage]] = []
    mails: ClassVar[list[Mail]] = []

    def mail_of(self, message: EmailMessage) -> Mail:
        """Return the e-mail that goes out."""
        return render_email(self.config.templates, message)

    async def deliver(self, message: EmailMessage, mail: Mail) -> Receipt:
        """Keep the e-mail."""
        self.sent.append(message)
        self.mails.append(mail)
        return Receipt(provider_message_id=f"mock-{message.id}")
