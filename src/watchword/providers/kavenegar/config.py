"""What Kavenegar has to be told."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Discriminator, Field, SecretStr, Tag, field_validator
from pydantic_core import PydanticCustomError

from watchword.connector_kit.config import ConnectorConfig, Setting, looks_like
from watchword.connector_kit.templates import (
    TEMPLATES_LABEL,
    ProviderTemplate,
    TextTemplate,
    require_usage_types,
)
from watchword.connector_kit.wording import DEFAULTS, default_templates

TOKENS = ("token", "token2", "token3")


class LookupTemplate(ProviderTemplate):
    """A verification template that Kavenegar approved: `%token`, `%token2` and `%token3`."""

    @field_validator("parameters")
    @classmethod
    def _fit_the_tokens(cls, parameters: tuple[str, ...]) -> tuple[str, ...]:
        if not 1 <= len(parameters) <= len(TOKENS):
            raise PydanticCustomError(
                "rule", "A Kavenegar template takes one to three variables", {}
            )
        return parameters


def _kind_of(template: Any) -> str:
    if isinstance(template, Mapping):
        named = template.get("templateCode", template.get("template_code"))
        return "text" if named is None else "lookup"
    return "lookup" if isinstance(template, LookupTemplate) else "text"


AnyKavenegarTemplate = Annotated[
    Annotated[LookupTemplate, Tag("lookup")] | Annotated[TextTemplate, Tag("text")],
    Discriminator(_kind_of),
]


class KavenegarConfig(ConnectorConfig):
    """An API key, perhaps a line, and templates or texts."""

    api_key: Annotated[
        SecretStr,
        Setting(
            label={"en": "API key", "ko": "API 키"},
            help={
                "en": "In the Kavenegar panel, under account settings.",
                "ko": "Kavenegar 패널의 계정 설정에 있습니다.",
            },
        ),
    ] = Field(alias="apiKey")
    sender: Annotated[
        str | None,
        Setting(
            label={"en": "Sender line", "ko": "발신 회선"},
            help={
                "en": "For texts of your own; your account's default line if empty. "
                "Verification templates choose theirs by themselves.",
                "ko": "직접 쓴 문구를 보낼 회선입니다. 비우면 계정의 기본 회선을 씁니다. "
                "인증 템플릿은 회선을 알아서 고릅니다.",
            },
            placeholder="10004346",
            hint=looks_like(r"\d{4,14}", {"en": "digits only", "ko": "숫자만"}),
        ),
    ] = None
    templates: Annotated[
        tuple[AnyKavenegarTemplate, ...],
        Setting(
            label=TEMPLATES_LABEL,
            help={
                "en": "For each usage type the name of an approved verification template "
                "(templateCode; parameters become token, token2, token3), or a text (content).",
                "ko": "용도마다 승인된 인증 템플릿의 이름(templateCode)이나 문구(content)를 "
                "적습니다. parameters는 차례로 token, token2, token3에 들어갑니다.",
            },
            default={language: default_templates(language) for language in DEFAULTS},
        ),
    ]

    @field_validator("templates")
    @classmethod
    def _has_required(
        cls, templates: tuple[LookupTemplate | TextTemplate, ...]
    ) -> tuple[LookupTemplate | TextTemplate, ...]:
        require_usage_types(templates)
        return templates
