"""What GatewayAPI has to be told: the contract's four keys, and ours."""

from typing import Annotated, Final, Literal

from pydantic import Field, SecretStr

from watchword.connector_kit.config import Setting, looks_like
from watchword.connector_kit.templates import TextTemplatesConfig

GLOBAL: Final = "https://gatewayapi.com/rest/mtsms"
EU: Final = "https://gatewayapi.eu/rest/mtsms"


class GatewayApiConfig(TextTemplatesConfig):
    """A platform, a token, a sender and the texts; a config saved elsewhere pastes in unchanged."""

    endpoint: Annotated[
        Literal["https://gatewayapi.com/rest/mtsms", "https://gatewayapi.eu/rest/mtsms"],
        Setting(
            label={"en": "Endpoint", "ko": "엔드포인트"},
            help={
                "en": "Two platforms apart from each other; a token works on one of them.",
                "ko": "서로 분리된 두 플랫폼입니다. 토큰은 한쪽에서만 통합니다.",
            },
            titles={
                GLOBAL: {"en": "Global (gatewayapi.com)", "ko": "글로벌(gatewayapi.com)"},
                EU: {"en": "European Union (gatewayapi.eu)", "ko": "유럽 연합(gatewayapi.eu)"},
            },
        ),
        # A closed list of the provider's own hosts: no choice leads a token elsewhere.
    ] = GLOBAL
    api_token: Annotated[
        SecretStr,
        Setting(
            label={"en": "API Token", "ko": "API 토큰"},
            help={
                "en": "In GatewayAPI's dashboard, under API keys.",
                "ko": "GatewayAPI 대시보드의 API keys에 있습니다.",
            },
        ),
    ] = Field(alias="apiToken")
    sender: Annotated[
        str,
        Setting(
            label={"en": "Sender", "ko": "발신자"},
            help={
                "en": "A name of up to 11 characters, or a number of up to 15 digits.",
                "ko": "11자 이하의 이름이나 15자리 이하의 번호입니다.",
            },
            placeholder="Watchword",
            hint=looks_like(
                r"[0-9]{1,15}|[\x20-\x7e]{1,11}",
                {
                    "en": "up to 11 letters and digits, or up to 15 digits",
                    "ko": "11자 이하의 영문자와 숫자, 또는 15자리 이하의 숫자",
                },
            ),
        ),
    ]
    webhook_token: Annotated[
        SecretStr | None,
        Setting(
            label={"en": "Webhook authentication token", "ko": "웹훅 인증 토큰"},
            help={
                "en": "The text you entered at the webhook for delivery reports. Without it no "
                "report is believed.",
                "ko": "전송 결과를 보낼 웹훅에 적은 값입니다. 비워 두면 전송 결과를 받지 않습니다.",
            },
            hint=looks_like(
                r".{16,}",
                {"en": "16 characters or more", "ko": "16자 이상"},
            ),
        ),
    ] = Field(default=None, alias="webhookToken")
