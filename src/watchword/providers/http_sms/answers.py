"""How a gateway's answer is tested: its status, and what stands where in its body."""

import re
from functools import lru_cache
from typing import Any, Literal

import orjson
from pydantic_core import SchemaError, SchemaValidator, core_schema

LONGEST_PATTERN = 500
RANGES = re.compile(r"[1-5]\d\d(\s*-\s*[1-5]\d\d)?(\s*,\s*[1-5]\d\d(\s*-\s*[1-5]\d\d)?)*")
ANY_GOOD = ((200, 299),)

Test = Literal["none", "equals", "contains", "matches"]


def status_ranges(text: str | None) -> tuple[tuple[int, int], ...] | None:
    """Return the ranges in `200, 202-204`, any 2xx for nothing, None for nonsense."""
    if text is None:
        return ANY_GOOD
    if not RANGES.fullmatch(text):
        return None
    bounds = [[int(number) for number in part.split("-")] for part in text.split(",")]
    return tuple((pair[0], pair[-1]) for pair in bounds)


def is_listed(status: int, text: str | None) -> bool:
    """Tell whether *status* is among the listed ones."""
    return any(low <= status <= high for low, high in status_ranges(text) or ())


def value_at(answer: Any, path: str) -> Any:
    """Return what stands at a path such as `messages[0].id`; None where there is nothing."""
    found = answer
    for step in re.split(r"[.\[\]]+", path.removeprefix("$").strip(".[]")):
        if isinstance(found, dict):
            found = found.get(step)
        elif isinstance(found, list) and step.isascii() and step.isdigit() and len(step) < 6:
            found = found[int(step)] if int(step) < len(found) else None
        else:
            return None
    return found


def written(value: Any) -> str:
    """Return a JSON value as it is written: `true`, `0`, and strings without their quotes."""
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def passes(test: Test, text: str, wanted: str) -> bool:
    """Tell whether *text* equals, contains or matches what is wanted."""
    if test == "equals":
        return text.strip() == wanted
    if test == "contains":
        return wanted in text
    return _pattern(wanted).isinstance_python(text)


def is_pattern(pattern: str) -> bool:
    """Tell whether *pattern* is a regular expression that can be matched in bounded time."""
    if len(pattern) > LONGEST_PATTERN:
        return False
    try:
        _pattern(pattern)
    except SchemaError:
        return False
    return True


@lru_cache(maxsize=64)
def _pattern(pattern: str) -> SchemaValidator:
    # Not `re`: somebody writes this pattern, and somebody else the text. This engine takes time in
    # proportion to the text whatever the pattern, and refuses one that grows too large.
    schema = core_schema.str_schema(pattern=pattern, regex_engine="rust-regex")
    return SchemaValidator(schema)
