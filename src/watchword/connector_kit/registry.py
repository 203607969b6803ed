"""The connector classes of this server: those it ships with, and installed packages'."""

import inspect
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from pkgutil import resolve_name
from typing import Any, Literal

from watchword.connector_kit.connector import Connector, EmailConnector, SmsConnector
from watchword.connector_kit.errors import ConnectorClassNotFound
from watchword.connector_kit.guides import logo
from watchword.connector_kit.models import ConnectorMetadata, ConnectorType
from watchword.connector_kit.social import SocialConnector
from watchword.core.logs import get_logger

ENTRY_POINTS = "watchword.connectors"
LONGEST_DETAIL = 300

ConnectorClass = type[Connector[Any, Any]]

# Any: the checker takes no abstract class for a type, and nothing is made of these.
SHAPES: Mapping[ConnectorType, Any] = {
    ConnectorType.SMS: SmsConnector,
    ConnectorType.EMAIL: EmailConnector,
    ConnectorType.SOCIAL: SocialConnector,
}

log = get_logger(__name__)


@dataclass(frozen=True)
class Shipped:
    """A class of ours, imported when it is asked for: a server sends by one or two of many."""

    id: str
    """The id in its metadata."""
    path: str
    """Where it is: `package.module:Class`."""

    def load(self) -> ConnectorClass:
        """Return the class."""
        found: ConnectorClass = resolve_name(self.path)
        return found


@dataclass(frozen=True)
class RegistryProblem:
    """A connector of an installed package that this server does without, and why."""

    entry_point: str
    """As the package declares it: `acme-sms = watchword_acme.connector:AcmeConnector`."""
    package: str
    """Name and version of the package."""
    reason: Literal["not_loaded", "no_connector", "id_taken"]
    detail: str
    """What Python said, what the class lacks, or who else has the id."""

    def __str__(self) -> str:
        return f"{self.package} ({self.entry_point}): {self.detail}"


class ConnectorRegistry:
    """Connector classes by id, in the order they were given; and the packages left out."""

    def __init__(self, classes: Iterable[ConnectorClass | Shipped]) -> None:
        self._classes: dict[str, ConnectorClass | Shipped] = {}
        self.problems: list[RegistryProblem] = []
        for found in classes:
            self.add(found)

    @classmethod
    def with_installed(cls, classes: Iterable[ConnectorClass | Shipped]) -> "ConnectorRegistry":
        """Return a registry of *classes* and of the entry points of installed packages.

        A package that does not load costs its own connector only: it stands in `problems`. Of two
        connectors with one id the server's own stays; of two packages' neither does, since one of
        them would get the other's secrets.
        """
        registry = cls(classes)
        registry._add_installed([_Installed(point) for point in _declared(tuple(sys.path))])
        for problem in registry.problems:
            log.warning("connector_skipped", reason=problem.reason, detail=str(problem))
        return registry

    def add(self, found: Any) -> None:
        """Add a class; raises TypeError for what is no connector, ValueError for a taken id."""
        # No more than that: ours keep the contract suite's promises, and looking at every form
        # and logo at each start takes a while.
        if not isinstance(found, Shipped):
            _require_class(found)
        connector_id = _id(found)
        other = self._classes.get(connector_id)
        if other is not None:
            raise ValueError(
                f"two connector classes have the id {connector_id!r}: "
                f"{_path(other)} and {_path(found)}"
            )
        self._classes[connector_id] = found

    def list(self) -> list[ConnectorClass]:
        """Return every class."""
        return [self.get(connector_id) for connector_id in self._classes]

    def find(self, connector_id: str) -> ConnectorClass | None:
        """Return a class, or None."""
        found = self._classes.get(connector_id)
        if isinstance(found, Shipped):
            found = self._classes[connector_id] = found.load()
        return found

    def get(self, connector_id: str) -> ConnectorClass:
        """Return a class; raises ConnectorClassNotFound."""
        found = self.find(connector_id)
        if found is None:
            raise ConnectorClassNotFound(connector_id)
        return found

    def _add_installed(self, installed: "Sequence[_Installed]") -> None:
        own = dict(self._classes)
        self.problems += [item.problem for item in installed if item.problem]
        usable = [item for item in installed if item.problem is None]
        for item in usable:
            others = [f"{i.package}'s {_path(i.found)}" for i in usable if i.clashes_with(item)]
            if item.id in own:
                others = [f"Watchword's {_path(own[item.id])}"]
            if others:
                self.problems.append(item.taken_by(others))
            else:
                self._classes[item.id] = item.found


class _Installed:
    """What one entry point of an installed package leads to."""

    def __init__(self, point: EntryPoint) -> None:
        self.entry_point = f"{point.name} = {point.value}"
        self.package = f"{point.dist.name} {point.dist.version}" if point.dist else "?"
        self.problem: RegistryProblem | None = None
        self.found: Any = None
        self.id = ""
        # Foreign code may fail in any way, and a module that calls `sys.exit` must not end us.
        try:
            self.found = point.load()
        except (Exception, SystemExit) as error:
            self.problem = self._problem("not_loaded", f"{type(error).__name__}: {error}")
            return
        try:
            require_connector(self.found)
        except Exception as error:
            self.problem = self._problem("no_connector", str(error))
            return
        self.id = self.found.metadata.id

    def clashes_with(self, other: "_Installed") -> bool:
        """Tell whether another class claims the same id."""
        return self.id == other.id and self.found is not other.found

    def taken_by(self, others: Sequence[str]) -> RegistryProblem:
        """Return the problem that *others* have this id, too."""
        return self._problem(
            "id_taken", f"{_path(self.found)} has the id {self.id!r}, as has {', '.join(others)}"
        )

    def _problem(
        self, reason: Literal["not_loaded", "no_connector", "id_taken"], detail: str
    ) -> RegistryProblem:
        line = " ".join(detail.split())[:LONGEST_DETAIL]
        return RegistryProblem(self.entry_point, self.package, reason, line)


@cache
def _declared(path: tuple[str, ...]) -> tuple[EntryPoint, ...]:  # noqa: ARG001  # what it depends on
    """Return the entry points of the packages on *path*.

    Kept: finding them reads a file of every package, and a running process gets no new ones.
    """
    return tuple(entry_points(group=ENTRY_POINTS))


def require_connector(found: Any) -> None:
    """Raise TypeError where *found* lacks what every page and sending relies on."""
    _require_class(found)
    if inspect.isabstract(found):
        missing = ", ".join(sorted(found.__abstractmethods__))
        raise TypeError(f"{_path(found)} does not define {missing}")
    if not isinstance(getattr(found, "metadata", None), ConnectorMetadata):
        raise TypeError(f"{_path(found)} has no ConnectorMetadata in `metadata`")
    shape = SHAPES.get(found.metadata.type)
    if shape is None or not issubclass(found, shape):
        raise TypeError(f"{_path(found)} is no connector of the type {found.metadata.type}")
    if not hasattr(found, "config_type"):
        raise TypeError(f"{_path(found)} has no config in `config_type`")
    found.config_type.form_items()
    try:
        logo(found)
    except (OSError, LookupError):
        raise TypeError(f"{_path(found)} has no logo {found.metadata.logo}") from None


def _require_class(found: Any) -> None:
    if not (isinstance(found, type) and issubclass(found, Connector)):
        raise TypeError(f"{found!r} is no connector class")


def _id(found: ConnectorClass | Shipped) -> str:
    return found.id if isinstance(found, Shipped) else found.metadata.id


def _path(found: type[Any] | Shipped) -> str:
    if isinstance(found, Shipped):
        return found.path.replace(":", ".")
    return f"{found.__module__}.{found.__qualname__}"
