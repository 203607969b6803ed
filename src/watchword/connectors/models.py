"""A saved connector, how long it matters, and one on trial beside it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Any

from watchword.connector_kit.models import (
    ConnectorType,
    DeliveryReport,
    Localized,
    ReportReply,
)

MASK = "••••••••"
"""Stands for a saved secret; sent back, it means "keep"."""

PICTURES = "pictures"
"""Where a connector's metadata keeps what the addresses of its logos led to."""

KEPT_AFTER_RETIRING = timedelta(days=7)
"""How long reports for a replaced connector's messages are still read."""


@dataclass(frozen=True)
class SavedConnector:
    """One set-up of a provider; `id` is ours, `connector_id` names the connector class."""

    id: str
    connector_id: str
    type: ConnectorType
    config: Mapping[str, Any]
    """Without secrets, in the contract's keys."""
    secrets: Mapping[str, str] = field(repr=False)
    """Sealed, by the contract's key."""
    metadata: Mapping[str, Any]
    sync_profile: bool
    version: int
    tested_at: datetime | None
    receipt_token: str = field(repr=False)
    created_at: datetime
    updated_at: datetime
    retired_at: datetime | None = None

    @property
    def override(self) -> dict[str, Any]:
        """Return what the tenant chose of how people see it, without what we fetched for it."""
        return {name: value for name, value in self.metadata.items() if name != PICTURES}

    @property
    def is_active(self) -> bool:
        """Tell whether messages go out through it."""
        return self.retired_at is None

    def reads_reports_at(self, now: datetime) -> bool:
        """Tell whether a delivery report for it is still believed."""
        return self.retired_at is None or now < self.retired_at + KEPT_AFTER_RETIRING


class TrialState(StrEnum):
    """How far a trial is."""

    RUNNING = "running"
    ENDED = "ended"
    """Its time is over: everything goes through the active connector again."""
    STOPPED = "stopped"
    """It ended before its time, because its connector did badly."""


@dataclass(frozen=True)
class ChosenNumber:
    """A number whose messages go through the connector on trial; only its digest tells which."""

    digest: str = field(repr=False)
    masked: str


@dataclass(frozen=True, kw_only=True)
class Trial:
    """A connector that some messages go through until a moment, beside the active one.

    Its row is one that retires at that moment: at no time are two connectors active.
    """

    saved: SavedConnector
    beside: str
    """The active connector; without it there is no trial."""
    share: int | None
    """Of a hundred numbers, so many; None where numbers were chosen."""
    numbers: tuple[ChosenNumber, ...]
    started_at: datetime
    ends_at: datetime
    stopped: str | None
    """What spoke against it, where it was stopped."""
    version: int

    def state_at(self, now: datetime) -> TrialState:
        """Return whether messages go through it."""
        if self.stopped is not None:
            return TrialState.STOPPED
        return TrialState.RUNNING if now < self.ends_at else TrialState.ENDED

    def runs_at(self, now: datetime) -> bool:
        """Tell whether messages go through it."""
        return self.state_at(now) is TrialState.RUNNING

    def takes(self, recipient: str, digests: Callable[[], Sequence[str]], now: datetime) -> bool:
        """Tell whether a recipient's messages go through it: always the same for one recipient."""
        if not self.runs_at(now):
            return False
        if self.share is None:
            chosen = {number.digest for number in self.numbers}
            return not chosen.isdisjoint(digests())
        # With the trial's own id, so that not the same people are asked by every trial.
        digest = sha256(f"{self.saved.id} {recipient}".encode()).digest()
        return int.from_bytes(digest[:8]) % 100 < self.share


@dataclass(frozen=True)
class ShownConnector:
    """How people see a connector that they sign in with."""

    id: str
    """Of the set-up, not of the connector class."""
    target: str
    name: Localized
    logo: str = ""
    """A data URI, or an address that the tenant chose."""
    logo_dark: str | None = None
    picture: str = ""
    """The logo as a data URI always, for pages of ours: they ask no other host for anything."""
    is_own_picture: bool = True
    """False where the tenant's address leads to none, and the connector class's stands for it."""
    platform: str | None = None
    is_standard: bool = False

    def document(self) -> dict[str, Any]:
        """Return what a sign-in page may know, in the contract's words."""
        return {
            "id": self.id,
            "target": self.target,
            "platform": self.platform,
            "name": dict(self.name),
            "logo": self.logo,
            "logoDark": self.logo_dark,
            "isStandard": self.is_standard,
        }


@dataclass(frozen=True)
class Callback:
    """What a provider's call reports, and what it wants to hear back."""

    reports: tuple[DeliveryReport, ...]
    reply: ReportReply
