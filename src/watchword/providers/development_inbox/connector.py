"""The connector that sends nothing: messages go to the console's inbox and the terminal."""

from typing import Annotated

from watchword.connector_kit.config import Setting
from watchword.connector_kit.connector import SmsConnector
from watchword.connector_kit.errors import ProviderUnavailable
from watchword.connector_kit.models import ConnectorMetadata, Receipt, SmsMessage
from watchword.connector_kit.segments import count_segments
from watchword.connector_kit.templates import (
    TEMPLATES_HELP,
    TEMPLATES_LABEL,
    TextTemplate,
    TextTemplatesConfig,
    render,
)
from watchword.connector_kit.wording import default_templates


class DevelopmentInboxConfig(TextTemplatesConfig):
    """Nothing has to be filled in: without templates, the defaults in the person's language."""

    templates: Annotated[
        tuple[TextTemplate, ...], Setting(label=TEMPLATES_LABEL, help=TEMPLATES_HELP)
    ] = ()


class DevelopmentInboxConnector(SmsConnector[DevelopmentInboxConfig]):
    """Keeps messages on this machine."""

    metadata = ConnectorMetadata(
        id="development-inbox",
        target="development-inbox",
        name={"en": "Development inbox", "ko": "개발용 수신함"},
        description={
            "en": "Sends nothing: messages appear in the console's inbox and on the terminal.",
            "ko": "문자를 보내지 않습니다. 메시지는 콘솔의 수신함과 터미널에 나타납니다.",
        },
        features=("free",),
        development_only=True,
    )
    config_type = DevelopmentInboxConfig

    def text_of(self, message: SmsMessage) -> str:
        """Return the text that is shown."""
        if self.config.templates:
            return self.config.text_for(message)
        language = (message.language or "en").partition("-")[0].lower()
        defaults = [
            TextTemplate.model_validate(template) for template in default_templates(language)
        ]
        return render(defaults, message)

    async def send(self, message: SmsMessage) -> Receipt:
        """Put the message into the inbox, at once."""
        if self.context.inbox is None:
            raise ProviderUnavailable("this server has no development inbox")
        text = self.text_of(message)
        self.context.inbox(message, text, None)
        return Receipt(
            provider_message_id=message.id,
            words="in the development inbox",
            segments=count_segments(text).count,
        )
