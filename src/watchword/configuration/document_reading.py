"""Reading a document somebody sent: what it is, and where it is wrong."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from pydantic import ValidationError

from watchword.configuration.document import Document, Path, stray_keys
from watchword.configuration.errors import ConfigurationChanged, DocumentRefused, Issue
from watchword.connector_kit.errors import ConnectorError, InvalidConfig
from watchword.core.errors import DomainError

DEEPEST = 40
MOST_ISSUES = 100


def parsed(given: Mapping[str, Any]) -> Document:
    """Return the document that *given* is; raises DocumentRefused, which names every mistake."""
    unstorable = [Issue(path, "guard.invalid_input", why) for path, why in _unstorable(given)]
    if unstorable:
        raise DocumentRefused(unstorable[:MOST_ISSUES])
    try:
        document = Document.model_validate(given)
    except ValidationError as error:
        raise DocumentRefused(_issues_of(error)) from None
    stray = [
        Issue(path, "configuration.unknown_key", "nobody knows this key")
        for path in stray_keys(given)
    ]
    if stray:
        raise DocumentRefused(stray[:MOST_ISSUES])
    return document


def _answerable(step: str | int) -> str | int:
    return step.encode(errors="replace").decode() if isinstance(step, str) else step


def _unstorable(value: Any, path: Path = ()) -> Iterator[tuple[Path, str]]:
    """Return what no database column takes, wherever it stands."""
    if len(path) > DEEPEST:
        yield path, "it goes deeper than a configuration does"
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _unstorable(key, (*path, str(key)))
            yield from _unstorable(item, (*path, str(key)))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _unstorable(item, (*path, number))
    elif isinstance(value, str):
        if "\0" in value or any("\ud800" <= character <= "\udfff" for character in value):
            yield tuple(_answerable(step) for step in path), "this is no text"
    elif isinstance(value, int) and abs(value) >= 2**63:
        yield path, "the number is too large"


@contextmanager
def refusing(path: Path) -> Iterator[None]:
    """Turn what goes wrong with a part of a document into DocumentRefused with its place."""
    try:
        yield
    except (DocumentRefused, ConfigurationChanged):
        raise
    except ValidationError as error:
        raise DocumentRefused(_issues_of(error, path)) from None
    except InvalidConfig as error:
        places = [(*path, "config", key) for key in error.fields] or [path]
        raise DocumentRefused([Issue(place, error.code, error.words) for place in places]) from None
    except DomainError as error:
        words = error.words if isinstance(error, ConnectorError) else error.detail
        raise DocumentRefused([Issue(path, error.code, words)]) from error


def _issues_of(error: ValidationError, path: Path = ()) -> list[Issue]:
    issues = error.errors(include_url=False, include_input=False)
    return [
        Issue((*path, *_of_document(issue["loc"])), "guard.invalid_input", issue["msg"])
        for issue in issues[:MOST_ISSUES]
    ]


def _of_document(location: Path) -> Iterator[str | int]:
    # The validator also names the kind of value it tried, which stands in no document.
    for step in location:
        if not (isinstance(step, str) and re.search(r"[\[\(]|^(?:str|int|float|bool)$", step)):
            yield step
