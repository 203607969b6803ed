"""What is wrong with a body, in the contract's words: its issues have the shape of zod's."""

from collections.abc import Iterable, Mapping
from typing import Any

RECEIVED = {
    type(None): "null",
    bool: "boolean",
    int: "number",
    float: "number",
    str: "string",
    list: "array",
    dict: "object",
}
EXPECTED = {
    "string_type": "string",
    "bool_type": "boolean",
    "int_type": "number",
    "float_type": "number",
    "list_type": "array",
    "tuple_type": "array",
    "dict_type": "object",
    "model_type": "object",
    "model_attributes_type": "object",
}
PLACES = ("body", "query", "path", "header", "cookie")

Issue = dict[str, Any]


def issue_of(error: Mapping[str, Any]) -> Issue:
    """Return one of pydantic's errors as an issue."""
    kind = str(error["type"])
    path = list(error["loc"])
    if path and path[0] in PLACES:
        del path[0]
    build = BUILDERS.get(kind, _wrong_type if kind in EXPECTED else _custom)
    issue = build(error, error.get("ctx") or {})
    # pydantic points at an object; the contract at the key that says which kind it should be.
    return {**issue, "path": [*path, *issue.pop("path", [])]}


def details_of(issues: Iterable[Mapping[str, Any]]) -> str:
    """Return the issues as text, one a line."""
    return "\n".join(
        f'Error in key path "{".".join(str(part) for part in issue["path"])}": '
        f"({issue['code']}) {issue['message']}"
        for issue in issues
    )


def _custom(error: Mapping[str, Any], _context: Mapping[str, Any]) -> Issue:
    return {"code": "custom", "message": str(error["msg"])}


def _missing(_error: Mapping[str, Any], _context: Mapping[str, Any]) -> Issue:
    return {"code": "invalid_type", "received": "undefined", "message": "Required"}


def _wrong_type(error: Mapping[str, Any], _context: Mapping[str, Any]) -> Issue:
    expected = EXPECTED[str(error["type"])]
    received = RECEIVED.get(type(error.get("input")), "object")
    return {
        "code": "invalid_type",
        "expected": expected,
        "received": received,
        "message": f"Expected {expected}, received {received}",
    }


def _wrong_value(error: Mapping[str, Any], context: Mapping[str, Any]) -> Issue:
    options, listed = _options(context.get("expected"))
    # Half a surrogate pair has no UTF-8 to answer it in.
    received = str(error.get("input"))[:100].encode(errors="replace").decode()
    return {
        "code": "invalid_enum_value",
        "received": received,
        "options": options,
        "message": f"Invalid enum value. Expected {listed}, received '{received}'",
    }


def _wrong_kind(_error: Mapping[str, Any], context: Mapping[str, Any]) -> Issue:
    options, listed = _options(context.get("expected_tags") or context.get("expected"))
    discriminator = context.get("discriminator")
    return {
        "code": "invalid_union_discriminator",
        "options": options,
        "message": f"Invalid discriminator value. Expected {listed}".rstrip(),
        "path": [str(discriminator).strip("'")] if discriminator else [],
    }


def _wrong_form(error: Mapping[str, Any], _context: Mapping[str, Any]) -> Issue:
    return {
        "code": "invalid_string",
        "validation": "regex",
        "message": str(error["msg"]).removeprefix("Value error, "),
    }


def _too_short(_error: Mapping[str, Any], context: Mapping[str, Any]) -> Issue:
    least = context["min_length"]
    message = f"String must contain at least {least} character(s)"
    return {"code": "too_small", "minimum": least, **STRING, "message": message}


def _too_long(_error: Mapping[str, Any], context: Mapping[str, Any]) -> Issue:
    most = context["max_length"]
    message = f"String must contain at most {most} character(s)"
    return {"code": "too_big", "maximum": most, **STRING, "message": message}


def _options(expected: Any) -> tuple[list[str], str]:
    # pydantic lists the values as text: 'a', 'b' or 'c'.
    options = str(expected or "").split("'")[1::2]
    return options, " | ".join(f"'{option}'" for option in options)


STRING: Issue = {"type": "string", "inclusive": True, "exact": False}

BUILDERS = {
    "missing": _missing,
    "enum": _wrong_value,
    "literal_error": _wrong_value,
    "union_tag_invalid": _wrong_kind,
    "union_tag_not_found": _wrong_kind,
    "value_error": _wrong_form,
    "string_pattern_mismatch": _wrong_form,
    "string_too_short": _too_short,
    "string_too_long": _too_long,
}
