"""What is wrong with a JSON text of templates, and in which line."""

import json
from dataclasses import dataclass
from enum import Enum
from typing import Any

from watchword.connector_kit.models import UsageType
from watchword.connector_kit.templates import REQUIRED, VARIABLES, roots_of

USAGES = (UsageType.GENERIC, *(usage for usage in UsageType if usage is not UsageType.GENERIC))
CONTENT_TYPES = ("text/plain", "text/html")
BLANK = " \t\r\n"


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


def problems_of(text: str, wording: Wording = Wording.TEXT) -> list[Problem]:
    """Return what keeps *text* from being a list of templates; empty when it is one."""
    try:
        parsed = read_json(text)
    except NotJson as error:
        return [Problem("not_json", error.line, {})]
    if not isinstance(parsed, list):
        return [Problem("not_a_list", 1, {})]
    found: list[Problem] = []
    seen: set[Variant] = set()
    for item, line in zip(parsed, _lines_of_items(text), strict=True):
        found.extend(
            Problem(phrase, line, values) for phrase, values in _item_problems(item, seen, wording)
        )
    missing = [usage for usage in REQUIRED if usage not in {variant[0] for variant in seen}]
    if missing:
        last = text.rstrip().count("\n") + 1
        found.append(Problem("missing_usage", last, {"usages": ", ".join(missing)}))
    return found


Variant = tuple[str, str, str]
"""What one template is for: usage type, language, countries."""


def _item_problems(
    item: Any, seen: set[Variant], wording: Wording
) -> list[tuple[str, dict[str, Any]]]:
    if not isinstance(item, dict):
        return [("not_an_object", {})]
    usage = str(item.get("usageType"))
    variant = (usage, str(item.get("language") or ""), str(item.get("countries") or ""))
    found: list[tuple[str, dict[str, Any]]] = []
    if usage not in list(UsageType):
        found.append(("unknown_usage", {"usage": usage[:40]}))
    elif variant in seen:
        found.append(("repeated_usage", {"usage": usage}))
    seen.add(variant)
    if wording is Wording.EMAIL:
        found.extend(_text_problems(item.get("subject"), usage[:40], "no_subject"))
        if item.get("contentType", "text/plain") not in CONTENT_TYPES:
            found.append(("content_type", {"usage": usage[:40]}))
    if wording is not Wording.ELSEWHERE:
        found.extend(_text_problems(item.get("content"), usage[:40], "no_content"))
    return found


def _text_problems(content: Any, usage: str, missing: str) -> list[tuple[str, dict[str, Any]]]:
    if not isinstance(content, str) or not content.strip():
        return [(missing, {"usage": usage})]
    unknown = sorted({name for name in roots_of(content) if name not in VARIABLES})
    return [("unknown_variable", {"names": ", ".join(unknown)[:80]})] if unknown else []


def _lines_of_items(text: str) -> list[int]:
    """Return the line each element of the outer array begins on; *text* is known to be JSON."""
    decoder = json.JSONDecoder()
    position = text.index("[") + 1
    lines: list[int] = []
    while True:
        while text[position] in BLANK + ",":
            position += 1
        if text[position] == "]":
            return lines
        lines.append(text.count("\n", 0, position) + 1)
        _, position = decoder.raw_decode(text, position)
