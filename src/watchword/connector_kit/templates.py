"""Texts that we render: choosing, filling, the defaults, and what they cost in segments."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator
from pydantic_core import PydanticCustomError

from watchword.connector_kit.config import ConnectorConfig, Setting
from watchword.connector_kit.errors import TemplateNotFound
from watchword.connector_kit.models import SmsMessage, UsageType

REQUIRED = (UsageType.REGISTER, UsageType.SIGN_IN, UsageType.FORGOT_PASSWORD, UsageType.GENERIC)

PLACEHOLDER = re.compile(r"\{\{\s*([\w.]+)\s*\}\}")
# With the line breaks in front, so that a message without it does not end in blank lines.
ORIGIN_LINE = re.compile(r"\s*\{\{\s*origin_line\s*\}\}")


class TextTemplate(BaseModel):
    """The wording for one usage type; the keys are the contract's."""

    model_config = ConfigDict(frozen=True, populate_by_name=True, extra="ignore")

    usage_type: str = Field(alias="usageType", min_length=1)
    content: str = Field(min_length=1)


def choose(templates: Sequence[TextTemplate], usage: UsageType) -> TextTemplate:
    """Return the template of exactly this usage type, else the Generic one."""
    for wanted in (usage, UsageType.GENERIC):
        for template in templates:
            if template.usage_type == wanted:
                return template
    raise TemplateNotFound(f"no template for {usage} and no Generic one")


def fill(content: str, variables: Mapping[str, Any]) -> str:
    """Put the variables in: an unknown name stays as it is written, an unknown part is blank.

    What a variable holds is never looked at again, so it can't name another one.
    """
    if not variables.get("origin_line"):
        content = ORIGIN_LINE.sub("", content)
    return PLACEHOLDER.sub(lambda match: _value(match, variables), content)


def _value(match: re.Match[str], variables: Mapping[str, Any]) -> str:
    root, *rest = match[1].split(".")
    if root not in variables:
        return match[0]
    value: Any = variables[root]
    for part in rest:
        value = value.get(part) if isinstance(value, Mapping) else None
    return "" if value is None else str(value)


def render(templates: Sequence[TextTemplate], message: SmsMessage) -> str:
    """Return the text of *message* after the template for its usage; raises TemplateNotFound."""
    variables = {"minutes": minutes_of(message.time_left), **message.variables}
    return fill(choose(templates, message.usage).content, variables)


def minutes_of(lifetime: timedelta) -> str:
    """Return whole minutes for a text; a few seconds on the way here do not make 10 into 9."""
    return str(max(1, int((lifetime.total_seconds() + 5) // 60)))


# Each fits into one segment with a six-digit code and an origin line of ordinary length. Saying
# that nobody else needs the code is the cheapest defence against people who ask for it.
DEFAULTS: dict[str, dict[UsageType, str]] = {
    "en": {
        UsageType.SIGN_IN: "{{code}} is your code to sign in. "
        "Valid for {{minutes}} min. Don't share it.",
        UsageType.REGISTER: "{{code}} is your code to sign up. "
        "Valid for {{minutes}} min. Don't share it.",
        UsageType.FORGOT_PASSWORD: "{{code}} is your code to reset your password. "
        "Valid for {{minutes}} min. Don't share it.",
        UsageType.ORGANIZATION_INVITATION: "{{code}} is your code to accept the invitation. "
        "Valid for {{minutes}} min. Don't share it.",
        UsageType.GENERIC: "{{code}} is your verification code. "
        "Valid for {{minutes}} min. Don't share it.",
        UsageType.USER_PERMISSION_VALIDATION: "{{code}} is your code to confirm that it is you. "
        "Valid for {{minutes}} min. Don't share it.",
        UsageType.BIND_NEW_IDENTIFIER: "{{code}} is your code to add this number. "
        "Valid for {{minutes}} min. Don't share it.",
        UsageType.MFA_VERIFICATION: "{{code}} is your code for the second step. "
        "Valid for {{minutes}} min. Don't share it.",
        UsageType.BIND_MFA: "{{code}} is your code to set up 2-step sign-in. "
        "Valid for {{minutes}} min. Don't share it.",
    },
    "ko": {
        UsageType.SIGN_IN: "로그인 인증번호 {{code}}. "
        "{{minutes}}분간 유효, 남에게 알려주지 마세요.",
        UsageType.REGISTER: "회원가입 인증번호 {{code}}. "
        "{{minutes}}분간 유효, 남에게 알려주지 마세요.",
        UsageType.FORGOT_PASSWORD: "비밀번호 재설정 인증번호 {{code}}. "
        "{{minutes}}분간 유효, 남에게 알려주지 마세요.",
        UsageType.ORGANIZATION_INVITATION: "초대 수락 인증번호 {{code}}. "
        "{{minutes}}분간 유효, 남에게 알려주지 마세요.",
        UsageType.GENERIC: "인증번호 {{code}}. {{minutes}}분간 유효, 남에게 알려주지 마세요.",
        UsageType.USER_PERMISSION_VALIDATION: "본인 확인 인증번호 {{code}}. "
        "{{minutes}}분간 유효, 남에게 알려주지 마세요.",
        UsageType.BIND_NEW_IDENTIFIER: "번호 등록 인증번호 {{code}}. "
        "{{minutes}}분간 유효, 남에게 알려주지 마세요.",
        UsageType.MFA_VERIFICATION: "2단계 인증번호 {{code}}. "
        "{{minutes}}분간 유효, 남에게 알려주지 마세요.",
        UsageType.BIND_MFA: "2단계 등록 인증번호 {{code}}. "
        "{{minutes}}분간 유효, 남에게 알려주지 마세요.",
    },
}


def default_templates(language: str = "en") -> list[dict[str, str]]:
    """Return a text for each usage type, in the contract's shape."""
    texts = DEFAULTS.get(language, DEFAULTS["en"])
    return [
        {"usageType": usage.value, "content": f"{text}\n{{{{origin_line}}}}"}
        for usage, text in texts.items()
    ]


TEMPLATES_LABEL = {"en": "Templates", "ko": "템플릿"}
TEMPLATES_HELP = {
    "en": "One text for each usage type. {{code}} is the code, {{minutes}} its lifetime, and "
    "{{origin_line}}, on the last line, lets phones fill it in.",
    "ko": "용도마다 문구를 하나씩 적습니다. {{code}}는 인증번호, {{minutes}}는 유효 시간(분)입니다."
    " 마지막 줄에 {{origin_line}}이 있으면 휴대폰이 인증번호를 자동으로 입력합니다.",
}


class TextTemplatesConfig(ConnectorConfig):
    """Base of the settings of a connector whose texts are ours."""

    templates: Annotated[
        tuple[TextTemplate, ...],
        Setting(
            label=TEMPLATES_LABEL,
            help=TEMPLATES_HELP,
            default={language: default_templates(language) for language in DEFAULTS},
        ),
    ]

    @field_validator("templates")
    @classmethod
    def _has_required(cls, templates: tuple[TextTemplate, ...]) -> tuple[TextTemplate, ...]:
        present = {template.usage_type for template in templates}
        missing = [usage.value for usage in REQUIRED if usage not in present]
        if missing:
            raise PydanticCustomError(
                "rule",
                "Templates are missing for {missing}",
                {"missing": ", ".join(missing), "phrase": "template_missing"},
            )
        return templates

    def text_for(self, message: SmsMessage) -> str:
        """Return the text of *message*; raises TemplateNotFound."""
        return render(self.templates, message)


# 3GPP TS 23.038, 6.2.1 and 6.2.1.1.
GSM_7 = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM_7_EXTENSION = frozenset("\f^{}\\[~]|€")


@dataclass(frozen=True)
class Segments:
    """What a text costs: every segment is paid for."""

    encoding: Literal["GSM-7", "UCS-2"]
    count: int
    units: int
    """Septets of GSM-7, or UTF-16 units."""
    per_segment: int
    forcing_character: str | None
    """The first character that GSM-7 lacks, which makes the whole text UCS-2."""


def count_segments(text: str) -> Segments:
    """Return how a text is encoded and how many segments it takes."""
    forcing = next((c for c in text if c not in GSM_7 and c not in GSM_7_EXTENSION), None)
    if forcing is None:
        sizes = [2 if character in GSM_7_EXTENSION else 1 for character in text]
        return _packed("GSM-7", sizes, 160, 153, None)
    sizes = [2 if ord(character) > 0xFFFF else 1 for character in text]
    return _packed("UCS-2", sizes, 70, 67, forcing)


def _packed(
    encoding: Literal["GSM-7", "UCS-2"],
    sizes: list[int],
    alone: int,
    joined: int,
    forcing: str | None,
) -> Segments:
    units = sum(sizes)
    if units <= alone:
        return Segments(encoding, 1, units, alone, forcing)
    # An escaped character or a surrogate pair is never cut in two.
    count, used = 1, 0
    for size in sizes:
        if used + size > joined:
            count, used = count + 1, 0
        used += size
    return Segments(encoding, count, units, joined, forcing)
