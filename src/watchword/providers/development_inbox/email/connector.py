"""The connector that mails nothing: e-mails go to the console's inbox and the terminal."""

from typing import Annotated

from watchword.connector_kit.config import Setting
from watchword.connector_kit.connector import EmailConnector
from watchword.connector_kit.errors import ProviderUnavailable
from watchword.connector_kit.mail import (
    EMAIL_TEMPLATES_HELP,
    EmailTemplate,
    EmailTemplatesConfig,
    Mail,
    render_email,
)
from watchword.connector_kit.models import (
    ConnectorMetadata,
    ConnectorType,
    EmailMessage,
    Receipt,
)
from watchword.connector_kit.templates import TEMPLATES_LABEL
from watchword.connector_kit.wording import default_email_templates


class DevelopmentEmailInboxConfig(EmailTemplatesConfig):
    """Nothing has to be filled in: without templates, the defaults in the person's language."""

    templates: Annotated[
        tuple[EmailTemplate, ...], Setting(label=TEMPLATES_LABEL, help=EMAIL_TEMPLATES_HELP)
    ] = ()


class DevelopmentEmailInboxConnector(EmailConnector[DevelopmentEmailInboxConfig]):
    """Keeps e-mails on this machine."""

    metadata = ConnectorMetadata(
        id="development-email-inbox",
        target="development-email-inbox",
        type=ConnectorType.EMAIL,
        name={"en": "Development inbox", "ko": "개발용 수신함"},
        description={
            "en": "Mails nothing: e-mails appear in the console's inbox and on the terminal.",
            "ko": "이메일을 보내지 않습니다. 메시지는 콘솔의 수신함과 터미널에 나타납니다.",
        },
        features=("free",),
        development_only=True,
    )
    config_type = DevelopmentEmailInboxConfig

    def mail_of(self, message: EmailMessage) -> Mail:
        """Return the e-mail that is shown."""
        if self.config.templates:
            return self.config.mail_for(message)
        language = (message.language or "en").partition("-")[0].lower()
        defaults = default_email_templates(language)
        return render_email([EmailTemplate.model_validate(item) for item in defaults], message)

    async def deliver(self, message: EmailMessage, mail: Mail) -> Receipt:
        """Put the e-mail into the inbox, at once."""
        if self.context.inbox is None:
            raise ProviderUnavailable("this server has no development inbox")
        self.context.inbox(message, mail.text, mail.subject)
        return Receipt(provider_message_id=message.id, words="in the development inbox")
