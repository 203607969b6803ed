"""What a document would change, or did."""

from dataclasses import dataclass

from watchword.configuration.document import Path
from watchword.configuration.models import Action, Change


@dataclass(frozen=True)
class PlannedChange:
    """One thing that a document makes of a tenant's configuration."""

    path: Path
    """The section, and within a list the key."""
    action: Action
    changes: tuple[Change, ...]

    @property
    def section(self) -> str:
        """Return the section of the document."""
        return str(self.path[0])

    @property
    def key(self) -> str:
        """Return which item of the section it is, where it has items."""
        return str(self.path[1]) if len(self.path) > 1 else ""


@dataclass(frozen=True)
class Plan:
    """What a document would change, as of a state of the tenant's configuration."""

    stamp: int
    """Names that state: `apply` refuses another one that is expected."""
    changes: tuple[PlannedChange, ...]
    kept_secrets: tuple[Path, ...] = ()
    """Secrets whose variables nobody gave: the tenant's own stay."""

    @property
    def deletions(self) -> tuple[PlannedChange, ...]:
        """Return what would be gone."""
        return tuple(change for change in self.changes if change.action is Action.DELETED)
