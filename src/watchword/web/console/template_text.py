"""What is wrong with a JSON text of templates, and in which line."""

import json
import re
from dataclasses import dataclass
from enum import Enum
from typing import Any

from pydantic import ValidationError

from watchword.connector_kit.models import UsageType
from watchword.connector_kit.templates import REQUIRED, VARIABLES, Template, roots_of

USAGES = (UsageType.GENERIC, *(usage for usage in UsageType if usage is not UsageType.GENERIC))
CONTENT_TYPES = ("text/plain", "text/html")
BLANK = " \t\r\n"
MISFITS = {"language": "wrong_language", "countries": "wrong_countries"}
"""Keys of a template that have a phrase of their own."""


class Wording(Enum):
    """What a connector's templates hold."""

    TEXT = "text"
    EMAIL = "email"
    ELSEWHERE = "elsewhere"
    """The wording stands at the provider, and only its id is here."""


@dataclass(frozen=True)
class Problem:
    """One thing to mend: a phrase of the console, its values, and the line."""

    phrase: str
    line: int
    values: dict[str, Any]

    @property
    def is_warning(self) -> bool:
        """Tell whether the text can be saved all the same: other systems have other types."""
        return self.phrase == "unknown_usage"


class NotJson(ValueError):
    """A text is not JSON; `line` is where reading ended."""

    def __init__(self, line: int) -> None:
        super().__init__(f"not JSON in line {line}")
        self.line = line


def read_json(text: str) -> Any:
    """Return what *text* means as JSON; raises NotJson."""
    try:
        return json.loads(text, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise NotJson(error.lineno) from None
    except (ValueError, RecursionError):
        # NaN, which no standard knows, numbers of thousands of digits, brackets without end.
        raise NotJson(1) from None


def _no_constant(name: str) -> Any:
    raise ValueError(name)


def problems_of(
    text: str, wording: Wording = Wording.TEXT, model: type[Template] | None = None
) -> list[Problem]:
    """Return what keeps *text* from being a list of *model*s; empty when it is one."""
    try:
        parsed = read_json(text)
    except NotJson as error:
        return [Problem("not_json", error.line, {})]
    if not isinstance(parsed, list):
        return [Problem("not_a_list", 1, {})]
    found: list[Problem] = []
    seen: set[Variant] = set()
    for item, span in zip(parsed, _spans_of_items(text), strict=True):
        faults = _faults_of(item, seen, wording)
        if model is not None and isinstance(item, dict):
            faults += _misfits(item, model, {fault.key for fault in faults})
        found.extend(
            Problem(fault.phrase, _line_of(text, span, fault.key), fault.values) for fault in faults
        )
    missing = [usage for usage in REQUIRED if usage not in {variant[0] for variant in seen}]
    if missing:
        last = text.rstrip().count("\n") + 1
        found.append(Problem("missing_usage", last, {"usages": ", ".join(missing)}))
    return found


Variant = tuple[str, str, str]
"""What one template is for: usage type, language, countries."""


@dataclass(frozen=True)
class _Fault:
    phrase: str
    key: str
    """Of the template, where the fault is in one; else empty."""
    values: dict[str, Any]


def _faults_of(item: Any, seen: set[Variant], wording: Wording) -> list[_Fault]:
    if not isinstance(item, dict):
        return [_Fault("not_an_object", "", {})]
    usage = str(item.get("usageType"))
    variant = (usage, str(item.get("language") or ""), str(item.get("countries") or ""))
    found: list[_Fault] = []
    if usage not in list(UsageType):
        found.append(_Fault("unknown_usage", "usageType", {"usage": usage[:40]}))
    elif variant in seen:
        found.append(_Fault("repeated_usage", "usageType", {"usage": usage}))
    seen.add(variant)
    if wording is Wording.EMAIL:
        found.extend(_text_faults(item, "subject", usage[:40], "no_subject"))
        if item.get("contentType", "text/plain") not in CONTENT_TYPES:
            found.append(_Fault("content_type", "contentType", {"usage": usage[:40]}))
    if wording is not Wording.ELSEWHERE:
        found.extend(_text_faults(item, "content", usage[:40], "no_content"))
    return found


def _text_faults(item: dict[str, Any], key: str, usage: str, missing: str) -> list[_Fault]:
    content = item.get(key)
    if not isinstance(content, str) or not content.strip():
        return [_Fault(missing, key, {"usage": usage})]
    unknown = sorted({name for name in roots_of(content) if name not in VARIABLES})
    return [_Fault("unknown_variable", key, {"names": _cut(unknown)})] if unknown else []


def _misfits(item: dict[str, Any], model: type[Template], named: set[str]) -> list[_Fault]:
    """Return what the connector's own model says of a template, where nothing was said yet."""
    try:
        model.model_validate(item)
    except ValidationError as error:
        issues = error.errors(include_input=False, include_url=False)
    else:
        return []
    usage = str(item.get("usageType"))[:40]
    found: dict[str, _Fault] = {}
    for issue in issues:
        key = str(issue["loc"][0]) if issue["loc"] else ""
        if key in named or key in found:
            continue
        context = issue.get("ctx", {})
        if context.get("phrase") == "unknown_variable":
            names = str(context.get("unknown") or issue["msg"].rpartition(" ")[2])
            found[key] = _Fault("unknown_variable", key, {"names": names[:80]})
            continue
        phrase = MISFITS.get(key, "missing_field" if issue["type"] == "missing" else "wrong_field")
        found[key] = _Fault(phrase, key, {"usage": usage, "field": key[:40]})
    return list(found.values())


def _cut(names: list[str]) -> str:
    return ", ".join(names)[:80]


Span = tuple[int, int]


def _line_of(text: str, span: Span, key: str) -> int:
    """Return the line of a template's key, or the one that the template begins on."""
    start, end = span
    named = re.compile(rf'"{re.escape(key)}"\s*:').search(text, start, end) if key else None
    return text.count("\n", 0, named.start() if named else start) + 1


def _spans_of_items(text: str) -> list[Span]:
    """Return where each element of the outer array stands; *text* is known to be JSON."""
    decoder = json.JSONDecoder()
    position = text.index("[") + 1
    spans: list[Span] = []
    while True:
        while text[position] in BLANK + ",":
            position += 1
        if text[position] == "]":
            return spans
        start = position
        _, position = decoder.raw_decode(text, position)
        spans.append((start, position))
