"""What Meta has to be told; the contract's three keys, and ours."""

from typing import Annotated, Any

from pydantic import Field, SecretStr, field_validator
from pydantic_core import PydanticCustomError

from watchword.connector_kit.config import ConnectorConfig, Setting, looks_like
from watchword.connector_kit.models import UsageType
from watchword.connector_kit.templates import (
    TEMPLATES_LABEL,
    VARIABLES,
    ProviderTemplate,
    require_usage_types,
)

# Introduced in October 2025; Meta keeps a version for about two years.
CURRENT_VERSION = "v24.0"

NAMES = {
    UsageType.SIGN_IN: "sign_in_code",
    UsageType.REGISTER: "sign_up_code",
    UsageType.FORGOT_PASSWORD: "reset_password_code",
}
ANY_NAME = "verification_code"


class WhatsAppTemplate(ProviderTemplate):
    """An approved template: its name and one of its languages, as Meta writes it (`es_AR`)."""

    template_code: str = Field(alias="templateName", min_length=1)
    language: str = "en"
    button: str | None = "code"
    """The variable of the button that copies the code; None where the template has no button."""

    @field_validator("button")
    @classmethod
    def _is_known(cls, button: str | None) -> str | None:
        if button is not None and button.split(".", maxsplit=1)[0] not in VARIABLES:
            raise PydanticCustomError(
                "rule",
                "There is no variable {unknown}; there are {variables}",
                {
                    "unknown": button,
                    "variables": ", ".join(sorted(VARIABLES)),
                    "phrase": "unknown_variable",
                },
            )
        return button


def default_templates(language: str) -> list[dict[str, Any]]:
    """Return a template name for each usage type, in the contract's shape."""
    return [
        {
            "usageType": usage.value,
            "templateName": NAMES.get(usage, ANY_NAME),
            "language": language,
        }
        for usage in UsageType
    ]


class WhatsAppConfig(ConnectorConfig):
    """A business number, its token and templates; a config saved elsewhere pastes in unchanged."""

    access_token: Annotated[
        SecretStr,
        Setting(
            label={"en": "System user access token", "ko": "시스템 사용자 액세스 토큰"},
            help={
                "en": "With the permissions whatsapp_business_messaging and "
                "whatsapp_business_management, and without an expiry date.",
                "ko": "whatsapp_business_messaging과 whatsapp_business_management 권한이 있고 만료 "
                "기한이 없는 토큰입니다.",
            },
        ),
    ] = Field(alias="accessToken")
    phone_number_id: Annotated[
        str,
        Setting(
            label={"en": "Phone number ID", "ko": "전화번호 ID"},
            help={
                "en": "Meta's ID of your business number, not the number itself.",
                "ko": "비즈니스 번호에 Meta가 붙인 ID이며, 번호 자체가 아닙니다.",
            },
            placeholder="106540352242922",
            hint=looks_like(
                r"\d{10,20}", {"en": "10 to 20 digits, without +", "ko": "+ 없는 숫자 10~20자리"}
            ),
        ),
    ] = Field(alias="phoneNumberId")
    templates: Annotated[
        tuple[WhatsAppTemplate, ...],
        Setting(
            label=TEMPLATES_LABEL,
            help={
                "en": "The name and language of an approved template for each usage type; add one "
                "entry for each further language.",
                "ko": "용도마다 승인된 템플릿의 이름과 언어를 적습니다. 언어를 더하려면 항목을 "
                "하나 더 적습니다.",
            },
            default={language: default_templates(language) for language in ("en", "ko")},
        ),
    ]
    app_secret: Annotated[
        SecretStr | None,
        Setting(
            label={"en": "App secret", "ko": "앱 시크릿 코드"},
            help={
                "en": "Needed for delivery reports: it proves that they are Meta's.",
                "ko": "전송 결과를 받을 때 필요합니다. Meta에서 온 것인지 이 값으로 확인합니다.",
            },
            hint=looks_like(
                r"[0-9a-f]{32}",
                {"en": "32 digits or letters a to f", "ko": "숫자나 a~f 글자 32개"},
            ),
        ),
    ] = Field(default=None, alias="appSecret")
    verify_token: Annotated[
        SecretStr | None,
        Setting(
            label={"en": "Webhook verify token", "ko": "웹훅 확인 토큰"},
            help={
                "en": "Any text of your own; enter the same one where you set up the webhook.",
                "ko": "직접 정하는 문자열입니다. 웹훅을 설정할 때 같은 값을 적습니다.",
            },
        ),
    ] = Field(default=None, alias="verifyToken")
    graph_version: Annotated[
        str,
        Setting(
            label={"en": "Graph API version", "ko": "그래프 API 버전"},
            help={
                "en": "Meta switches a version off about two years after its release.",
                "ko": "Meta는 출시한 지 2년쯤 지난 버전의 사용을 중단합니다.",
            },
            placeholder=CURRENT_VERSION,
        ),
        # A segment of the path that the token goes to.
        Field(pattern=r"^v[1-9]\d{0,2}\.\d{1,2}$"),
    ] = Field(default=CURRENT_VERSION, alias="graphVersion")

    @field_validator("templates")
    @classmethod
    def _has_required(cls, templates: tuple[WhatsAppTemplate, ...]) -> tuple[WhatsAppTemplate, ...]:
        require_usage_types(templates)
        return templates
