"""A saved connector, and how long it matters."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from watchword.connector_kit.models import ConnectorType, DeliveryReport, ReportReply

MASK = "••••••••"
"""Stands for a saved secret; sent back, it means "keep"."""

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
    def is_active(self) -> bool:
        """Tell whether messages go out through it."""
        return self.retired_at is None

    @property
    def target(self) -> str:
        """Return what the sign-in settings call a social provider."""
        return str(self.metadata.get("target", self.connector_id))

    def reads_reports_at(self, now: datetime) -> bool:
        """Tell whether a delivery report for it is still believed."""
        return self.retired_at is None or now < self.retired_at + KEPT_AFTER_RETIRING


@dataclass(frozen=True)
class Callback:
    """What a provider's call reports, and what it wants to hear back."""

    reports: tuple[DeliveryReport, ...]
    reply: ReportReply
