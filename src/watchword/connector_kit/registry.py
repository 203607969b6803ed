"""The connector classes of this server: those it ships with, and installed packages'."""

from collections.abc import Iterable
from importlib.metadata import entry_points
from typing import Any

import structlog

from watchword.connector_kit.connector import SmsConnector
from watchword.connector_kit.errors import ConnectorClassNotFound

ENTRY_POINTS = "watchword.connectors"

ConnectorClass = type[SmsConnector[Any]]

log = structlog.get_logger(__name__)


class ConnectorRegistry:
    """Connector classes by id, in the order they were given."""

    def __init__(self, classes: Iterable[ConnectorClass]) -> None:
        self._classes: dict[str, ConnectorClass] = {}
        for found in classes:
            self.add(found)

    @classmethod
    def with_installed(cls, classes: Iterable[ConnectorClass]) -> "ConnectorRegistry":
        """Return a registry of *classes* and of the entry points of installed packages.

        A package that does not load costs its own connector only, and a line in the log.
        """
        registry = cls(classes)
        for point in entry_points(group=ENTRY_POINTS):
            try:
                registry.add(point.load())
            except Exception as error:  # foreign code may fail in any way
                log.warning("connector_skipped", entry_point=point.value, detail=str(error))
        return registry

    def add(self, found: Any) -> None:
        """Add a class; raises TypeError for what is no connector, ValueError for a taken id."""
        if not (isinstance(found, type) and issubclass(found, SmsConnector)):
            raise TypeError(f"{found!r} is no connector class")
        if found.metadata.id in self._classes:
            raise ValueError(f"two connector classes have the id {found.metadata.id!r}")
        self._classes[found.metadata.id] = found

    def list(self) -> list[ConnectorClass]:
        """Return every class."""
        return [*self._classes.values()]

    def find(self, connector_id: str) -> ConnectorClass | None:
        """Return a class, or None."""
        return self._classes.get(connector_id)

    def get(self, connector_id: str) -> ConnectorClass:
        """Return a class; raises ConnectorClassNotFound."""
        found = self.find(connector_id)
        if found is None:
            raise ConnectorClassNotFound(connector_id)
        return found
