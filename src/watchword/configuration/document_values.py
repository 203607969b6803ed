"""The secrets of a document: what stands in their place, and what is filled in there."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from watchword.configuration.document import REFERENCE, Path
from watchword.configuration.errors import DocumentRefused, Issue
from watchword.configuration.sealed_secrets import SealedSecrets, SealingKey
from watchword.connectors.models import MASK

WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|[^A-Za-z0-9]+")


@dataclass
class Values:
    """Fills a document's references in."""

    variables: Mapping[str, str] = field(repr=False)
    sealed: SealedSecrets
    kept: list[Path] = field(default_factory=list)

    def filled(self, value: Any, path: Path, is_secret: Callable[[Path], bool]) -> Any:
        """Return *value* with what its references stand for, however deep.

        A secret whose variable is not there becomes the mask, which means "keep".
        """
        if isinstance(value, Mapping):
            return {k: self.filled(item, (*path, k), is_secret) for k, item in value.items()}
        if isinstance(value, list):
            return [self.filled(item, (*path, n), is_secret) for n, item in enumerate(value)]
        found = REFERENCE.fullmatch(value) if isinstance(value, str) else None
        if found is None:
            return value
        kind, name = found.groups()
        if kind == "sealed":
            return self.sealed.open(name, place_of(path))
        if name in self.variables:
            return self.variables[name]
        if is_secret(path):
            self.kept.append(path)
            return MASK
        raise DocumentRefused(
            [Issue(path, "configuration.variable_missing", f"there is no variable {name}")]
        )


def variable_of(path: Path) -> str:
    """Return the name of the variable that a secret at *path* is exported as."""
    section, key, _, *rest = path
    front = "" if section == "connectors" else "webhook_"
    words = f"{front}{key}_{'_'.join(map(str, rest))}"
    return WORD.sub("_", words).upper()


def place_of(path: Path) -> str:
    """Return what a sealed secret is bound to."""
    return "/".join(str(step) for step in path)


def reference(path: Path, secret: str | None, seal_to: SealingKey | None) -> str:
    """Return what an export has in the place of a secret; the sealed one where that is asked."""
    if seal_to is None or secret is None:
        return f"${{env:{variable_of(path)}}}"
    return f"${{sealed:{seal_to.seal(secret, place_of(path))}}}"


def setting_at(path: Path) -> str:
    """Return the key of a connector's setting, dotted where it stands in an object."""
    return ".".join(str(step) for step in path[3:])
