"""Templates of a connector: choosing one for a message, and filling it."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Annotated, Any, TypeVar

import phonenumbers
from pydantic import BaseModel, ConfigDict, Field, field_validator
from pydantic_core import PydanticCustomError

from watchword.connector_kit.config import ConnectorConfig, Setting
from watchword.connector_kit.errors import TemplateNotFound
from watchword.connector_kit.models import OutgoingMessage, SmsMessage, UsageType
from watchword.connector_kit.wording import DEFAULTS, default_templates

REQUIRED = (UsageType.REGISTER, UsageType.SIGN_IN, UsageType.FORGOT_PASSWORD, UsageType.GENERIC)

VARIABLES = frozenset(
    {
        "code",
        "minutes",
        "application",
        "origin_line",
        "organization",
        "inviter",
        "link",
        # The contract's, which templates from elsewhere may name.
        "locale",
        "uiLocales",
        "user",
    }
)
"""What a template may name; `application.name` names a part of one."""

# Somebody else chose these: an organization's name must not put a link into our text.
WRITTEN_BY_OTHERS = frozenset({"application", "organization", "inviter", "user"})
LONGEST_NAME = 60

PLACEHOLDER = re.compile(r"\{\{\s*([\w.]+)\s*\}\}")
# With the line breaks in front, so that a message without it does not end in blank lines.
ORIGIN_LINE = re.compile(r"\s*\{\{\s*origin_line\s*\}\}")
SCHEME = re.compile(r"\b([a-z][a-z0-9+.-]*://|(mailto|tel|sms|data|javascript):)", re.IGNORECASE)
# Phones make a link of anything that looks like a host name.
DOT_OF_A_HOST = re.compile(r"(?<=\w)[.。．｡](?=[^\W\d_]{2})")
LANGUAGE_TAG = re.compile(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{1,8})*")


class Template(BaseModel):
    """Which messages a template is for; the keys are the contract's, and two of ours."""

    model_config = ConfigDict(frozen=True, populate_by_name=True, extra="ignore")

    usage_type: str = Field(alias="usageType", min_length=1)
    language: str | None = None
    """A language tag such as `ko` or `pt-BR`; None serves every language."""
    countries: tuple[str, ...] = ()
    """ISO 3166 codes such as `CN`; empty serves every country."""

    @field_validator("language")
    @classmethod
    def _is_a_language(cls, language: str | None) -> str | None:
        if language is not None and not LANGUAGE_TAG.fullmatch(language):
            raise PydanticCustomError("rule", "A language is a tag such as en or pt-BR", {})
        return language

    @field_validator("countries")
    @classmethod
    def _are_countries(cls, countries: tuple[str, ...]) -> tuple[str, ...]:
        named = tuple(country.upper() for country in countries)
        if not phonenumbers.SUPPORTED_REGIONS.issuperset(named):
            raise PydanticCustomError("rule", "A country is a code of two letters such as KR", {})
        return named


class TextTemplate(Template):
    """The wording for one usage type."""

    content: str = Field(min_length=1)

    @field_validator("content")
    @classmethod
    def _names_known_variables(cls, content: str) -> str:
        require_known_variables(content)
        return content


AnyTemplate = TypeVar("AnyTemplate", bound=Template)


def require_known_variables(content: str) -> None:
    """Raise a validator's error that names the variables that there are not."""
    unknown = sorted({name for name in roots_of(content) if name not in VARIABLES})
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


def roots_of(content: str) -> list[str]:
    """Return the variables that *content* names, `application` for `{{application.name}}`."""
    return [match[1].split(".")[0] for match in PLACEHOLDER.finditer(content)]


def choose(
    templates: Sequence[AnyTemplate],
    usage: UsageType,
    language: str | None = None,
    country: str | None = None,
) -> AnyTemplate:
    """Return the template of exactly this usage type, else a Generic one; raises TemplateNotFound.

    Among those of one usage type, one for the country comes before one for all, then the
    person's language before its relatives, one for every language, and English.
    """
    for wanted in (usage, UsageType.GENERIC):
        fitting = [
            template
            for template in templates
            if template.usage_type == wanted
            and (not template.countries or country in template.countries)
        ]
        if fitting:
            return min(fitting, key=lambda t: (not t.countries, _distance(t.language, language)))
    raise TemplateNotFound(f"no template for {usage} and no Generic one")


def choose_for(templates: Sequence[AnyTemplate], message: SmsMessage) -> AnyTemplate:
    """Return the template for *message*; raises TemplateNotFound."""
    # Reading a number's country takes a while, and few set-ups ask for it.
    country = message.to.region if any(template.countries for template in templates) else None
    return choose(templates, message.usage, message.language, country)


def _distance(offered: str | None, wanted: str | None) -> int:
    if offered is None:
        return 2
    tag, wish = (text.replace("_", "-").lower() for text in (offered, wanted or ""))
    if tag == wish:
        return 0
    if wish and tag.split("-")[0] == wish.split("-")[0]:
        return 1
    return 3 if tag.split("-")[0] == "en" else 4


def fill(content: str, variables: Mapping[str, Any], written: Callable[[str], str] = str) -> str:
    """Put the variables in: an unknown name stays as it is written, an unknown part is blank.

    What a variable holds is never looked at again, so it can't name another one; what other
    people wrote, such as an organization's name, can't bring links or line breaks. *written* says
    how a value is written where the content is in a language of its own, such as HTML.
    """
    if not variables.get("origin_line"):
        content = ORIGIN_LINE.sub("", content)
    return PLACEHOLDER.sub(lambda match: _placeholder(match, variables, written), content)


def _placeholder(
    match: re.Match[str], variables: Mapping[str, Any], written: Callable[[str], str]
) -> str:
    if match[1].split(".")[0] not in variables:
        return match[0]
    return written(value_of(match[1], variables))


def value_of(path: str, variables: Mapping[str, Any]) -> str:
    """Return what a variable, or a part of one such as `application.name`, says; blank if absent.

    For providers that fill their own templates.
    """
    root, *rest = path.split(".")
    value: Any = variables.get(root)
    for part in rest:
        value = value.get(part) if isinstance(value, Mapping) else None
    if isinstance(value, Mapping):
        value = value.get("name")
    if value is None:
        return ""
    return plain(str(value)) if root in WRITTEN_BY_OTHERS else str(value)


def plain(text: str) -> str:
    """Return a name that other people chose without links, line breaks or great length."""
    # Category C: control characters, and those that turn the direction of the text around.
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return DOT_OF_A_HOST.sub(". ", SCHEME.sub("", line))[:LONGEST_NAME].strip()


def render(templates: Sequence[TextTemplate], message: SmsMessage) -> str:
    """Return the text of *message* after the template for its usage; raises TemplateNotFound."""
    if message.notice is not None:
        return message.notice
    return fill(choose_for(templates, message).content, variables_of(message))


def variables_of(message: OutgoingMessage) -> dict[str, Any]:
    """Return what a template may name, `minutes` included."""
    return {"minutes": minutes_of(message.time_left), **message.variables}


def minutes_of(lifetime: timedelta) -> str:
    """Return whole minutes for a text; a few seconds on the way here do not make 10 into 9."""
    return str(max(1, int((lifetime.total_seconds() + 5) // 60)))


def require_usage_types(
    templates: Sequence[Template], required: Sequence[UsageType] = REQUIRED
) -> None:
    """Raise a validator's error that names the usage types without a template."""
    present = {template.usage_type for template in templates}
    missing = [usage.value for usage in required if usage not in present]
    if missing:
        raise PydanticCustomError(
            "rule",
            "Templates are missing for {missing}",
            {"missing": ", ".join(missing), "phrase": "template_missing"},
        )


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
        require_usage_types(templates)
        return templates

    def text_for(self, message: SmsMessage) -> str:
        """Return the text of *message*; raises TemplateNotFound."""
        return render(self.templates, message)


class ProviderTemplate(Template):
    """A template that stands at the provider: its id there, and the variables it declares."""

    template_code: str = Field(alias="templateCode", min_length=1)
    parameters: tuple[str, ...] = ("code",)
    """Which of our variables the provider's template takes, in its order; nothing else is sent."""

    @field_validator("parameters")
    @classmethod
    def _are_known(cls, parameters: tuple[str, ...]) -> tuple[str, ...]:
        unknown = [name for name in parameters if name.split(".")[0] not in VARIABLES]
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

    def values(self, message: SmsMessage) -> list[str]:
        """Return the values of the declared variables, in order."""
        variables = variables_of(message)
        return [value_of(name, variables) for name in self.parameters]
