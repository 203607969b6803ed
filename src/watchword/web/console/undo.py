"""A connector's newest change, and the button that takes it back where trouble is read of."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from watchword.configuration.models import ConfigurationVersion
from watchword.connector_kit.models import ConnectorType
from watchword.connectors.models import SavedConnector
from watchword.messaging.health import Health
from watchword.web.console.connector_parts import Card, card_of
from watchword.web.console.desk import Desk

LATELY = timedelta(days=7)
"""A change from before that is hardly the reason for what is wrong now."""


@dataclass(frozen=True)
class Undo:
    """A change of a connector that sends, and how it is taken back."""

    saved: SavedConnector
    card: Card
    change: ConfigurationVersion

    @property
    def version(self) -> int:
        """Return the version that comes back."""
        return self.change.version - 1


@dataclass(frozen=True)
class Unwell:
    """A connector that somebody has to look at, and the change that may be why."""

    saved: SavedConnector
    card: Card
    health: Health
    undo: Undo | None


async def undo_of(desk: Desk, saved: SavedConnector) -> Undo | None:
    """Return the newest change of a connector, where it is of these days and can be taken back."""
    change = await desk.scope.configuration.last_change(saved)
    if change is None or change.created_at < desk.server.clock.now() - LATELY:
        return None
    return Undo(saved, card_of(desk, saved), change)


async def undos_of(desk: Desk) -> Mapping[str, Undo]:
    """Return the newest changes of the connectors that send, by connector."""
    found = [await undo_of(desk, saved) for saved in await _senders(desk)]
    return {undo.saved.id: undo for undo in found if undo is not None}


async def unwell_of(desk: Desk, undos: Mapping[str, Undo]) -> list[Unwell]:
    """Return the connectors that something speaks against now."""
    return [
        Unwell(saved, card_of(desk, saved), health, undos.get(saved.id))
        for saved in await _senders(desk)
        if (health := await desk.scope.health.of(saved.id)).reason is not None
    ]


async def _senders(desk: Desk) -> list[SavedConnector]:
    # Two at most: one for each kind of message.
    listed = await desk.scope.connectors.list()
    return [saved for saved in listed if saved.type is not ConnectorType.SOCIAL]
