"""One model per connector: draws the form, validates, marks secrets, warns."""

import re
import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, Self, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, model_validator
from pydantic.fields import FieldInfo
from pydantic_core import PydanticCustomError

from watchword.connector_kit.errors import InvalidConfig
from watchword.connector_kit.models import Localized

SLOWEST, FASTEST = 0.1, 1000.0
"""Messages a second that a connector's pace may be set to."""

# `in` compares by equality, and 0 and False equal none of these.
BLANKS: tuple[Any, ...] = (None, "", [])


@dataclass(frozen=True)
class LooksLike:
    """A shape that a value usually has; another one warns and is accepted."""

    pattern: re.Pattern[str]
    shape: Localized

    def fits(self, value: str) -> bool:
        """Tell whether *value* has the usual shape."""
        return self.pattern.fullmatch(value) is not None


def looks_like(pattern: str, shape: Localized) -> LooksLike:
    """Return a hint; *shape* says in words what is expected."""
    return LooksLike(re.compile(pattern), shape)


@dataclass(frozen=True, kw_only=True)
class Setting:
    """How a field of a config is asked for; stands in the field's `Annotated`."""

    label: Localized
    help: Localized = field(default_factory=dict)
    placeholder: str | None = None
    hint: LooksLike | None = None
    titles: Mapping[str, Localized] = field(default_factory=dict)
    """Of the choices of a Literal, by value."""
    default: Mapping[str, Any] = field(default_factory=dict)
    """What the form starts with, by language; the model's own default otherwise."""
    decides_destination: bool = False
    """True where it may name a host that is not the provider's: when it changes, no saved secret
    goes along unless it is typed again."""


@dataclass(frozen=True)
class ConfigWarning:
    """A value that does not look as usual: the setting's key and what is expected."""

    key: str
    shape: Localized


class ConnectorConfig(BaseModel):
    """Base of a connector's settings. Aliases are the contract's keys; SecretStr marks secrets.

    An alias with a dot, such as `auth.user`, is what the contract keeps inside an object.
    """

    model_config = ConfigDict(frozen=True, populate_by_name=True, extra="ignore", defer_build=True)

    messages_per_second: Annotated[
        float | None,
        Setting(
            label={"en": "Messages per second", "ko": "초당 메시지 수"},
            help={
                "en": "The most this connector sends in a second; what is too many waits its turn. "
                "Leave it empty to keep the provider's usual pace.",
                "ko": "이 커넥터가 1초에 보내는 최대 건수입니다. 넘치는 메시지는 차례를 "
                "기다립니다. 비워 두면 사업자의 기본 속도에 맞춥니다.",
            },
        ),
    ] = Field(default=None, alias="messagesPerSecond", ge=SLOWEST, le=FASTEST, allow_inf_nan=False)
    """Of a second; None keeps the provider's own pace."""

    @model_validator(mode="before")
    @classmethod
    def _drop_blanks(cls, value: Any) -> Any:
        # A form sends every field; a blank one was not answered. Pasted keys bring white space.
        if not isinstance(value, Mapping):
            return value
        flat = cls.flat(value)
        stripped = {k: v.strip() if isinstance(v, str) else v for k, v in flat.items()}
        return {k: v for k, v in stripped.items() if v not in BLANKS}

    @classmethod
    def parse(cls, config: Mapping[str, Any]) -> Self:
        """Return the checked settings; raises InvalidConfig, which repeats no value."""
        try:
            return cls.model_validate(dict(config))
        except ValidationError as error:
            raise _invalid(error) from None

    @classmethod
    def flat(cls, config: Mapping[str, Any]) -> dict[str, Any]:
        """Return *config* with what stands inside the contract's objects under dotted keys."""
        flat = dict(config)
        for key in cls._dotted_keys():
            outer, _, inner = key.partition(".")
            within = config.get(outer)
            if isinstance(within, Mapping):
                flat.pop(outer, None)
                if inner in within:
                    flat.setdefault(key, within[inner])
        return flat

    @classmethod
    def nested(cls, config: Mapping[str, Any]) -> dict[str, Any]:
        """Return *config* as the contract writes it, dotted keys inside their objects."""
        nested = {key: value for key, value in config.items() if key not in cls._dotted_keys()}
        for key in cls._dotted_keys():
            outer, _, inner = key.partition(".")
            if key in config:
                nested.setdefault(outer, {})[inner] = config[key]
        return nested

    @classmethod
    def _dotted_keys(cls) -> list[str]:
        aliases = [item.alias or "" for item in cls.model_fields.values()]
        return [alias for alias in aliases if "." in alias]

    def reveal(self) -> dict[str, Any]:
        """Return the settings under the contract's keys, secrets in clear: for sealing them."""
        revealed: dict[str, Any] = {}
        for name, item in type(self).model_fields.items():
            if name in self.model_fields_set:
                revealed[item.alias or name] = _plain(getattr(self, name))
        return revealed

    @classmethod
    def secret_keys(cls) -> frozenset[str]:
        """Return the contract's keys of the settings that are secrets."""
        return frozenset(
            item.alias or name for name, item in cls.model_fields.items() if _is_secret(item)
        )

    @classmethod
    def sends_elsewhere(cls, before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
        """Tell whether requests would go to another place than before."""
        return any(
            _said(before, name, item) != _said(after, name, item)
            for name, item in cls.model_fields.items()
            if (setting := _setting(item)) and setting.decides_destination
        )

    def secret_values(self) -> tuple[str, ...]:
        """Return the secrets in clear, for keeping them out of what is written down."""
        values = (getattr(self, name) for name in type(self).model_fields)
        return tuple(
            value.get_secret_value()
            for value in values
            if isinstance(value, SecretStr) and value.get_secret_value()
        )

    def warnings(self) -> list[ConfigWarning]:
        """Return what looks unusual; nothing here is a reason to refuse."""
        found = []
        for name, item in type(self).model_fields.items():
            setting = _setting(item)
            value = _plain(getattr(self, name))
            hint = setting.hint if setting else None
            if hint and isinstance(value, str) and not hint.fits(value):
                found.append(ConfigWarning(item.alias or name, hint.shape))
        return found

    @classmethod
    def common_keys(cls) -> frozenset[str]:
        """Return the keys of the settings that every connector has."""
        return frozenset(item.alias or name for name, item in ConnectorConfig.model_fields.items())

    @classmethod
    def form_items(cls, language: str = "en") -> list[dict[str, Any]]:
        """Return the form in the contract's shape, labels in *language*.

        A connector's own settings come first, then those that all have; templates come last.
        """
        common = cls.common_keys()
        items = list(_form_items(cls, language))
        return sorted(items, key=lambda item: (item["type"] == "Json", item["key"] in common))


def _form_items(cls: type[ConnectorConfig], language: str) -> Iterator[dict[str, Any]]:
    for name, field_info in cls.model_fields.items():
        setting = _setting(field_info)
        if setting is None:
            raise TypeError(f"{cls.__name__}.{name} needs a Setting to be asked for")
        annotation = _without_none(field_info.annotation)
        item: dict[str, Any] = {
            "key": field_info.alias or name,
            "label": localized(setting.label, language),
            "type": _form_type(annotation),
            "required": field_info.is_required(),
        }
        if setting.placeholder:
            item["placeholder"] = setting.placeholder
        if setting.help:
            item["description"] = localized(setting.help, language)
        if _is_secret(field_info):
            item["isConfidential"] = True
        default = setting.default.get(language, setting.default.get("en"))
        if default is None and not field_info.is_required():
            default = _plain(field_info.get_default(call_default_factory=True))
        if default is not None:
            item["defaultValue"] = default
        if item["type"] == "Select":
            item["selectItems"] = [
                {
                    "value": str(choice),
                    "title": localized(setting.titles.get(str(choice), {}), language)
                    or str(choice),
                }
                for choice in get_args(annotation)
            ]
        yield item


def rule_broken(key: str, message: str | Localized, phrase: str = "invalid") -> PydanticCustomError:
    """Return what a model's own validator raises: the setting at fault, and what to do.

    A connector brings its own sentence in every language; *phrase* names one that all share
    (`required`, `invalid`, `unknown_variable`), and *message* is then for programs.
    """
    if isinstance(message, str):
        return PydanticCustomError("rule", message, {"key": key, "phrase": phrase})
    return PydanticCustomError(
        # In a placeholder, so that braces in a sentence stay what they are.
        "rule",
        "{text}",
        {"key": key, "text": message["en"], "texts": dict(message)},
    )


def localized(text: Localized, language: str) -> str:
    """Return *text* in *language*, else in English."""
    return text.get(language) or text.get("en", "")


def _setting(item: FieldInfo) -> Setting | None:
    return next((extra for extra in item.metadata if isinstance(extra, Setting)), None)


def _without_none(annotation: Any) -> Any:
    if get_origin(annotation) in {Union, types.UnionType}:
        rest = [choice for choice in get_args(annotation) if choice is not type(None)]
        if len(rest) == 1:
            annotation = rest[0]
    # A rule for the value, such as a shape, says nothing of how it is asked for.
    return get_args(annotation)[0] if get_origin(annotation) is Annotated else annotation


def _is_secret(item: FieldInfo) -> bool:
    return _without_none(item.annotation) is SecretStr


def _form_type(annotation: Any) -> str:
    if annotation is bool:
        return "Switch"
    if annotation in {int, float}:
        return "Number"
    if annotation in {str, SecretStr}:
        return "Text"
    return "Select" if get_origin(annotation) is Literal else "Json"


def _said(config: Mapping[str, Any], name: str, item: FieldInfo) -> Any:
    value = config.get(item.alias or name, config.get(name))
    value = value.strip() if isinstance(value, str) else value
    if value in BLANKS:
        # Leaving a setting out and spelling out its default are the same.
        value = _plain(item.get_default(call_default_factory=True))
    # A form writes a number as a text.
    return str(value) if type(value) in {int, float} else value


def _plain(value: Any) -> Any:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, BaseModel):
        # As it was given: what was left out may have another default tomorrow.
        return value.model_dump(mode="json", by_alias=True, exclude_unset=True)
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


def _invalid(error: ValidationError) -> InvalidConfig:
    # Neither inputs nor contexts go out: one of them may be a secret.
    issues = []
    fields: dict[str, str] = {}
    texts: dict[str, Localized] = {}
    for issue in error.errors(include_input=False, include_url=False):
        context = issue.get("ctx", {})
        path = [str(part) for part in issue["loc"]] or [str(context.get("key", ""))]
        is_missing = issue["type"] == "missing"
        message = "Required" if is_missing else issue["msg"].removeprefix("Value error, ")
        kind = "invalid_type" if is_missing or issue["type"].endswith("_type") else "custom"
        issues.append({"code": kind, "path": path, "message": message})
        phrase = "required" if is_missing else context.get("phrase", "invalid")
        if path[0] not in fields and "texts" in context:
            texts[path[0]] = context["texts"]
        fields.setdefault(path[0], f"connector_kit.form.{phrase}")
    data = {"issues": issues, "name": "ZodError"}
    failure = InvalidConfig(data=data, fields=fields, texts=texts)
    failure.replace_words(
        "; ".join(f"{'.'.join(issue['path'])}: {issue['message']}" for issue in issues)
    )
    return failure
