"""What names the state that somebody looked at, so that nobody overwrites what they never saw."""

from hashlib import sha256
from typing import Any

import orjson

from watchword.core.errors import DomainError


class ChangedMeanwhile(DomainError):
    """Somebody else changed it since it was shown."""

    code = "configuration.changed"
    status = 409


def revision_of(shown: Any) -> str:
    """Return what names a state, given as JSON: the same for the same, another for any other."""
    return sha256(orjson.dumps(shown, option=orjson.OPT_SORT_KEYS)).hexdigest()[:24]


def require_unchanged(found: Any, seen: str | None) -> None:
    """Let the state pass that was seen, or any where nothing was; raises ChangedMeanwhile."""
    if seen is not None and revision_of(found) != seen:
        raise ChangedMeanwhile
