"""A configuration copied from elsewhere, and the form that it fills."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.datastructures import FormData

from watchword.connectors.models import MASK
from watchword.web.console.desk import Desk, text_of
from watchword.web.console.forms import TEMPLATES, ConnectorClass
from watchword.web.console.template_text import NotJson, read_json

FIELD = "pasted"
MOST_NAMES = 12
CLASS_KEYS = ("connectorId", "connectorFactoryId")


@dataclass(frozen=True)
class Pasted:
    """What was found in a pasted text: values for the form, or why there are none."""

    text: str = field(default="", repr=False)
    values: Mapping[str, Any] = field(default_factory=dict, repr=False)
    unknown: tuple[str, ...] = ()
    """Keys that this connector has no field for."""
    hidden: tuple[str, ...] = ()
    """Labels of secrets that were masked where they were copied."""
    shapeless: tuple[str, ...] = ()
    """Keys of text fields that hold an object or a list."""
    problem: str = ""
    line: int = 0
    other: str = ""
    """The class that the configuration is for, if it is another one."""


def read_pasted(desk: Desk, found: ConnectorClass, form: FormData) -> Pasted:
    """Return what the pasted text has for this connector's form.

    It takes a config, or a connector as the Management API shows it, alone or in a list.
    """
    text = text_of(form, FIELD)
    try:
        parsed = read_json(text)
    except NotJson as error:
        return Pasted(text, problem="not_json" if text.strip() else "empty", line=error.line)
    config = _config_in(parsed, found.metadata.id)
    if isinstance(config, str):
        return Pasted(text, problem="other_connector", other=config)
    if config is None:
        return Pasted(text, problem="no_config")
    read = _sorted_out(desk, found, config)
    is_known = read.values or read.hidden or read.shapeless
    return read if is_known else Pasted(text, problem="nothing_known")


def filled(desk: Desk, found: ConnectorClass, form: FormData, pasted: Pasted) -> FormData:
    """Return the form with the pasted values in it; what they do not name stays as it was."""
    values = {name: value for name, value in form.items() if name != FIELD}
    for item in found.config_type.form_items(desk.language):
        key = item["key"]
        if key not in pasted.values:
            continue
        value = pasted.values[key]
        if item["type"] == "Json":
            values[key] = json.dumps(value, ensure_ascii=False, indent=2)
        elif item["type"] != "Switch":
            values[key] = "" if value is None else str(value)
        elif value is True:
            values[key] = "yes"
        else:
            values.pop(key, None)
    return FormData(values)


def _config_in(parsed: Any, class_id: str) -> Mapping[str, Any] | str | None:
    """Return the config, the class it is for where that is another one, or None."""
    if isinstance(parsed, list):
        read = [_config_in(one, class_id) for one in parsed if isinstance(one, dict)]
        fitting = [one for one in read if isinstance(one, Mapping)]
        return next(iter(fitting or read), None)
    if not isinstance(parsed, dict):
        return None
    named = next((parsed[key] for key in CLASS_KEYS if isinstance(parsed.get(key), str)), None)
    if named not in {None, class_id}:
        return str(named)[:128]
    inner = parsed.get("config")
    if isinstance(inner, dict):
        return inner
    return parsed if named is None and parsed else None


def _sorted_out(desk: Desk, found: ConnectorClass, config: Mapping[str, Any]) -> Pasted:
    flat = found.config_type.flat(config)
    items = {item["key"]: item for item in found.config_type.form_items(desk.language)}
    hidden = tuple(
        item["label"]
        for key, item in items.items()
        if item.get("isConfidential") and _is_masked(flat.get(key))
    )
    known = {
        key: value
        for key, value in flat.items()
        if key in items and not (items[key].get("isConfidential") and _is_masked(value))
    }
    shapeless = tuple(
        key
        for key, value in known.items()
        if isinstance(value, dict | list) and items[key]["type"] != "Json" and key != TEMPLATES
    )
    return Pasted(
        values={key: value for key, value in known.items() if key not in shapeless},
        unknown=tuple(str(key)[:64] for key in flat if key not in items)[:MOST_NAMES],
        hidden=hidden,
        shapeless=shapeless,
    )


def _is_masked(value: Any) -> bool:
    return isinstance(value, str) and (value == MASK or (value != "" and not value.strip("*•")))
