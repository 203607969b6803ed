"""Tell a tenant's servers what happened."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from watchword.storage import Database
from watchword.webhooks.models import Event


@dataclass(frozen=True, kw_only=True)
class WebhookService:
    """Queues events of one tenant for whoever asked for them; costs nothing where nobody did."""

    async def announce(
        self, event: Event, payload: Mapping[str, Any], *, tx: Database | None = None
    ) -> None:
        """Queue *event* for every hook that listens to it, inside *tx* where it is part of one.

        *payload* is what the contract puts beside `event` and `createdAt`; it holds no code and no
        secret.
        """
