"""What Yunpian has to be told: the contract's four keys, and ours."""

from typing import Annotated, Literal

from pydantic import Field, SecretStr, field_validator
from pydantic_core import PydanticCustomError

from watchword.connector_kit.config import Setting
from watchword.connector_kit.models import UsageType
from watchword.connector_kit.templates import (
    TEMPLATES_LABEL,
    TextTemplate,
    TextTemplatesConfig,
    require_usage_types,
)

# How Yunpian writes a variable; sent like that, it would reach the person as it is.
THEIR_VARIABLE = "#code#"
WORDING = "【Watchword】您的验证码是{{code}}，{{minutes}}分钟内有效，请勿泄露给他人。"
DEFAULTS = [{"usageType": usage.value, "content": WORDING} for usage in UsageType]


class YunpianConfig(TextTemplatesConfig):
    """A key, where to send and the texts; a config saved elsewhere pastes in unchanged."""

    api_key: Annotated[
        SecretStr,
        Setting(
            label={"en": "API Key", "ko": "API 키"},
            help={
                "en": "In Yunpian's console, in the account settings.",
                "ko": "Yunpian 콘솔의 계정 설정에 있습니다.",
            },
        ),
    ] = Field(alias="apikey")
    sends_abroad: Annotated[
        bool,
        Setting(
            label={"en": "Enable International SMS", "ko": "국제 문자 보내기"},
            help={
                "en": "Needs an international template at Yunpian. Otherwise only numbers of "
                "mainland China get texts.",
                "ko": "Yunpian에 국제 문자용 템플릿이 있어야 합니다. 끄면 중국 본토 번호에만 "
                "보냅니다.",
            },
        ),
    ] = Field(default=False, alias="enableInternational")
    refusal: Annotated[
        str | None,
        Setting(
            label={
                "en": "Unsupported Countries Error Message",
                "ko": "지원하지 않는 나라의 오류 문구",
            },
            help={
                "en": "What the message log says when a number abroad is turned down.",
                "ko": "해외 번호를 거절할 때 메시지 기록에 남길 문구입니다.",
            },
        ),
    ] = Field(default=None, alias="unsupportedCountriesMsg")
    host: Annotated[
        Literal["sms.yunpian.com", "us.yunpian.com"],
        Setting(
            label={"en": "Host", "ko": "호스트"},
            help={
                "en": "The second is nearer to servers outside China.",
                "ko": "두 번째 호스트는 중국 밖의 서버에서 더 가깝습니다.",
            },
        ),
        # A closed list of Yunpian's own hosts: no choice leads a key elsewhere.
    ] = "sms.yunpian.com"
    templates: Annotated[
        tuple[TextTemplate, ...],
        Setting(
            label=TEMPLATES_LABEL,
            help={
                "en": "Each text must equal a template that Yunpian approved, sign included, with "
                "{{code}} where Yunpian writes #code#.",
                "ko": "문구는 서명까지 Yunpian에 승인된 템플릿과 똑같아야 합니다. Yunpian의 "
                "#code# 자리에는 {{code}}를 적습니다.",
            },
            default={"en": DEFAULTS},
        ),
    ]

    @field_validator("templates")
    @classmethod
    def _has_required(cls, templates: tuple[TextTemplate, ...]) -> tuple[TextTemplate, ...]:
        require_usage_types(templates)
        if any(THEIR_VARIABLE in template.content for template in templates):
            raise PydanticCustomError(
                "rule", "Write {{code}} where Yunpian's template has #code#", {"phrase": "invalid"}
            )
        return templates
