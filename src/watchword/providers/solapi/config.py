"""What SOLAPI has to be told."""

from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_core import PydanticCustomError

from watchword.connector_kit.config import ConfigWarning, Setting, looks_like, rule_broken
from watchword.connector_kit.korean import warn_of_letters
from watchword.connector_kit.models import SmsMessage
from watchword.connector_kit.templates import (
    TEMPLATES_LABEL,
    VARIABLES,
    TextTemplate,
    TextTemplatesConfig,
    value_of,
    variables_of,
)
from watchword.connector_kit.wording import DEFAULTS, default_templates

ALIMTALK_COUNTRY = "82"


class SolapiTemplate(TextTemplate):
    """A text, and beside it perhaps an Alimtalk template that goes first in Korea."""

    template_code: str | None = Field(default=None, alias="templateCode", min_length=1)
    """The id that SOLAPI gave the approved template."""
    parameters: Mapping[str, str] = Field(default_factory=lambda: {"code": "code"})
    """Our variable for each `#{name}` of the Alimtalk template; nothing else is sent."""

    @field_validator("parameters", mode="before")
    @classmethod
    def _from_a_list(cls, parameters: Any) -> Any:
        # Where the Alimtalk template calls its variables as we do, a list of them is enough.
        if isinstance(parameters, list | tuple):
            return {str(name): name for name in parameters}
        return parameters

    @field_validator("parameters")
    @classmethod
    def _are_known(cls, parameters: Mapping[str, str]) -> Mapping[str, str]:
        unknown = sorted(
            name for name in parameters.values() if name.split(".")[0] not in VARIABLES
        )
        if unknown:
            raise PydanticCustomError(
                "rule",
                "There is no variable {unknown}; there are {variables}",
                {
                    "unknown": ", ".join(unknown),
                    "variables": ", ".join(sorted(VARIABLES)),
                    "phrase": "unknown_variable",
                },
            )
        return parameters

    def alimtalk_variables(self, message: SmsMessage) -> dict[str, str]:
        """Return the values of the Alimtalk template's variables, by Kakao's spelling of them."""
        variables = variables_of(message)
        return {
            f"#{{{name.removeprefix('#{').removesuffix('}')}}}": value_of(ours, variables)
            for name, ours in self.parameters.items()
        }


class SolapiConfig(TextTemplatesConfig):
    """An API key, a registered sender and the texts."""

    api_key: Annotated[
        SecretStr,
        Setting(
            label={"en": "API Key", "ko": "API Key"},
            help={
                "en": "In the SOLAPI console, under API Key management.",
                "ko": "SOLAPI 콘솔의 'API Key 관리'에서 만듭니다.",
            },
            hint=looks_like(
                r"NCS[0-9A-Z]{13}",
                {
                    "en": "NCS and 13 capital letters or digits",
                    "ko": "NCS 뒤에 대문자나 숫자 13개",
                },
            ),
        ),
    ] = Field(alias="apiKey")
    api_secret: Annotated[
        SecretStr,
        Setting(
            label={"en": "API Secret", "ko": "API Secret"},
            help={
                "en": "Made together with the API Key. It signs every request.",
                "ko": "API Key와 함께 발급됩니다. 모든 요청을 이 값으로 서명합니다.",
            },
            hint=looks_like(
                r"[0-9A-Z]{32}",
                {"en": "32 capital letters or digits", "ko": "대문자나 숫자 32개"},
            ),
        ),
    ] = Field(alias="apiSecret")
    sender: Annotated[
        str,
        Setting(
            label={"en": "Sender number", "ko": "발신번호"},
            help={
                "en": "A number that is registered with SOLAPI, as it is dialled in Korea.",
                "ko": "SOLAPI에 사전등록한 번호를 국내에서 거는 그대로 적습니다.",
            },
            placeholder="0212345678",
            hint=looks_like(
                r"0\d{8,10}|1\d{7}",
                {
                    "en": "a Korean number with its 0, or eight digits such as 15881234",
                    "ko": "0으로 시작하는 국내 번호, 또는 15881234와 같은 8자리 대표번호",
                },
            ),
        ),
    ] = Field(alias="from")
    channel_id: Annotated[
        str | None,
        Setting(
            label={"en": "Kakao channel ID (pfId)", "ko": "카카오톡 채널 연동 ID(pfId)"},
            help={
                "en": "Only for Alimtalk: the ID that SOLAPI gave your connected channel.",
                "ko": "알림톡을 쓸 때만 적습니다. 채널을 연동하면 SOLAPI가 발급하는 ID입니다.",
            },
        ),
    ] = Field(default=None, alias="pfId")
    templates: Annotated[
        tuple[SolapiTemplate, ...],
        Setting(
            label=TEMPLATES_LABEL,
            help={
                "en": "One text for each usage type. With a templateCode, people in Korea get "
                "that Alimtalk template; parameters says which variable each #{name} of it takes.",
                "ko": "용도마다 문구를 하나씩 적습니다. templateCode를 함께 적으면 국내 번호에는 그"
                " 알림톡 템플릿으로 보내며, parameters에 템플릿의 #{변수}마다 넣을 값을 적습니다.",
            },
            default={language: default_templates(language) for language in DEFAULTS},
        ),
    ]

    @field_validator("sender")
    @classmethod
    def _without_hyphens(cls, sender: str) -> str:
        return sender.replace("-", "").replace(" ", "")

    @model_validator(mode="after")
    def _has_a_channel(self) -> Self:
        if self.channel_id is None and any(t.template_code for t in self.templates):
            raise rule_broken(
                "pfId",
                {
                    "en": "Alimtalk templates need the Kakao channel ID (pfId).",
                    "ko": "알림톡 템플릿을 쓰려면 카카오톡 채널 연동 ID(pfId)를 적으세요.",
                },
            )
        return self

    def warnings(self) -> list[ConfigWarning]:
        """Return what looks unusual, letters that Korean carriers refuse among it."""
        return [*super().warnings(), *warn_of_letters(self.templates)]
