"""A connector's form, drawn from its config model and read back."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, get_args

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_core import StateCore
from markupsafe import Markup
from starlette.datastructures import FormData

from watchword.connector_kit.config import localized
from watchword.connector_kit.connector import Connector
from watchword.connector_kit.errors import InvalidConfig
from watchword.connector_kit.mail import EmailTemplate
from watchword.connector_kit.templates import Template, TextTemplate
from watchword.connectors.models import MASK
from watchword.web.console.desk import Desk, text_of
from watchword.web.console.template_text import NotJson, Wording, problems_of, read_json

TEMPLATES = "templates"
ConnectorClass = type[Connector[Any, Any]]


@dataclass(frozen=True)
class FormField:
    """One setting as the page shows it."""

    key: str
    type: str
    label: str
    is_required: bool
    help: str
    placeholder: str
    choices: tuple[tuple[str, str], ...]
    is_secret: bool
    is_kept: bool
    """A secret is saved, and stays unless another one is typed."""
    value: Any
    error: str = ""
    warning: str = ""


@dataclass
class Answers:
    """What an operator filled in: the config it means, and what is wrong where."""

    config: dict[str, Any] = field(repr=False)
    shown: dict[str, Any] = field(repr=False)
    """The fields as they were typed, to be shown again."""
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def fingerprint(self) -> str:
        """Return a digest that tells these values from any others."""
        text = json.dumps(self.config, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()


def form_fields(
    desk: Desk,
    found: ConnectorClass,
    values: Mapping[str, Any],
    *,
    kept: frozenset[str] = frozenset(),
    errors: Mapping[str, str] | None = None,
    with_defaults: bool = False,
) -> list[FormField]:
    """Return the fields of a connector's form, filled with *values*."""
    errors = errors or {}
    warnings = _warnings(found, values, desk.language) if not with_defaults else {}
    in_use = _defaults_in_use(found)
    fields = []
    for item in found.config_type.form_items(desk.language):
        key = item["key"]
        is_secret = bool(item.get("isConfidential"))
        default = item.get("defaultValue", "") if with_defaults else in_use.get(key, "")
        value = values.get(key, default)
        fields.append(
            FormField(
                key=key,
                type=item["type"],
                label=item["label"],
                is_required=item["required"],
                help=item.get("description", ""),
                placeholder=item.get("placeholder", ""),
                choices=tuple(
                    (choice["value"], choice["title"]) for choice in item.get("selectItems", ())
                ),
                is_secret=is_secret,
                is_kept=is_secret and key in kept,
                value=_shown(value, item["type"], is_secret),
                error=errors.get(key, ""),
                warning=warnings.get(key, ""),
            )
        )
    return fields


def _defaults_in_use(found: ConnectorClass) -> dict[str, str | float]:
    """Return what holds for each single value that is left out."""
    defaults = {
        item.alias or name: item.get_default(call_default_factory=True)
        for name, item in found.config_type.model_fields.items()
        if not item.is_required()
    }
    return {key: value for key, value in defaults.items() if isinstance(value, str | int | float)}


def read_answers(desk: Desk, found: ConnectorClass, form: FormData) -> Answers:
    """Return what was filled in; JSON that can't be read is an error of its field."""
    answers = Answers({}, {})
    for item in found.config_type.form_items(desk.language):
        key, text = item["key"], text_of(form, item["key"])
        answers.shown[key] = text
        if item["type"] == "Switch":
            answers.config[key] = answers.shown[key] = key in form
        elif item["type"] != "Json":
            answers.config[key] = text
        elif text.strip():
            try:
                answers.config[key] = read_json(text)
            except NotJson as error:
                answers.errors[key] = desk.text("console.templates.not_json", line=error.line)
        if key == TEMPLATES and template_type(found) and key in answers.config:
            listed = problems_of(text, wording_of(found), template_type(found))
            problems = [problem for problem in listed if not problem.is_warning]
            if problems:
                answers.errors[key] = desk.text(
                    f"console.templates.{problems[0].phrase}",
                    line=problems[0].line,
                    **problems[0].values,
                )
    return answers


def template_type(found: ConnectorClass) -> type[Template] | None:
    """Return what a connector's templates are; None where it has none."""
    field_info = found.config_type.model_fields.get(TEMPLATES)
    item = get_args(field_info.annotation)[0] if field_info else None
    return item if isinstance(item, type) and issubclass(item, Template) else None


def wording_of(found: ConnectorClass) -> Wording:
    """Return what a connector's templates hold, so that what is ours can be shown filled in."""
    model = template_type(found)
    if model is EmailTemplate:
        return Wording.EMAIL
    is_text = model is not None and issubclass(model, TextTemplate)
    return Wording.TEXT if is_text else Wording.ELSEWHERE


def field_errors(desk: Desk, error: InvalidConfig) -> dict[str, str]:
    """Return an invalid config's errors by field; empty where it names none."""
    return {
        key: localized(error.texts[key], desk.language) if key in error.texts else desk.text(phrase)
        for key, phrase in error.fields.items()
    }


def _warnings(found: ConnectorClass, values: Mapping[str, Any], language: str) -> dict[str, str]:
    readable = {key: value for key, value in values.items() if value != MASK}
    try:
        config = found.config_type.parse(parsed(readable))
    except InvalidConfig:
        # Half a form has errors to show first; a secret that is kept can't be looked at anyway.
        return {}
    return {
        warning.key: warning.shape.get(language) or warning.shape.get("en", "")
        for warning in config.warnings()
    }


def parsed(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return a form's values with the templates as a list; without them, if they are none."""
    config = dict(values)
    if isinstance(config.get(TEMPLATES), str):
        try:
            config[TEMPLATES] = read_json(config[TEMPLATES])
        except NotJson:
            del config[TEMPLATES]
    return config


def _shown(value: Any, type_: str, is_secret: bool) -> Any:
    if is_secret:
        return "" if value == MASK else value
    if type_ == "Json" and not isinstance(value, str):
        return json.dumps(value, ensure_ascii=False, indent=2) if value else ""
    return value


def rendered_guide(markdown: str) -> Markup:
    """Return a guide as HTML; raw HTML in it stays text, and links open beside the console."""
    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    parser.add_render_rule("link_open", _link_open)
    # A table may be wider than the guide: whoever has no mouse scrolls it with the keys.
    parser.add_render_rule("table_open", lambda *_: '<div class="scroll" tabindex="0"><table>')
    parser.add_render_rule("table_close", lambda *_: "</table></div>")
    parser.core.ruler.push("name_cells", _name_cells)
    return Markup(parser.render(markdown))  # noqa: S704  # from a package's file, HTML is off


def _name_cells(state: StateCore) -> None:
    """Tell each cell the name of its column: a phone shows it there; the first names its row."""
    names: list[str] = []
    column = 0
    for token, content in pairwise(state.tokens):
        if token.type == "table_open":
            names = []
        elif token.type == "th_open":
            names.append(content.content[:1].upper() + content.content[1:])
        elif token.type == "tr_open":
            column = 0
        elif token.type == "td_open":
            if column:
                token.attrSet("data-label", names[column])
            column += 1


def _link_open(self: RendererHTML, tokens: Any, index: int, options: Any, env: Any) -> str:
    if str(tokens[index].attrs.get("href", "")).startswith("http"):
        tokens[index].attrSet("target", "_blank")
        tokens[index].attrSet("rel", "noopener noreferrer")
    return str(self.renderToken(tokens, index, options, env))
