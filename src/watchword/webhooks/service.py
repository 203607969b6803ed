"""Tell a tenant's servers what happened."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from watchword.storage import Database, Storage
from watchword.webhooks.deliveries import Deliveries
from watchword.webhooks.models import Event, Webhook


@dataclass(frozen=True, kw_only=True)
class WebhookService:
    """Queues events of one tenant for whoever asked for them; costs nothing where nobody did."""

    webhooks: tuple[Webhook, ...] = ()
    """The tenant's, as they were when its services were built: a change builds them anew."""
    deliveries: Deliveries | None = None
    """None where nobody is ever told anything."""
    storage: Storage | None = None

    async def announce(
        self, event: Event, payload: Mapping[str, Any], *, tx: Database | None = None
    ) -> None:
        """Queue *event* for every hook that listens to it, inside *tx* where it is part of one.

        *payload* is what the contract puts beside `event` and `createdAt`; it holds no code and no
        secret.
        """
        listeners = self._listeners(event)
        if listeners and self.deliveries is not None:
            await self.deliveries.add(event, payload, listeners, tx)

    def is_heard(self, event: Event) -> bool:
        """Tell whether anybody listens to *event*: what is not heard need not be gathered."""
        return bool(self._listeners(event))

    @asynccontextmanager
    async def told_with(self, event: Event) -> AsyncIterator[Database | None]:
        """Open a transaction for a change and what is told of it, if anybody listens to *event*.

        Otherwise None: a change that nobody hears of stays a statement of its own.
        """
        if self.storage is None or not self.is_heard(event):
            yield None
            return
        async with self.storage.transaction() as tx:
            yield tx

    async def start_due(self) -> None:
        """Post what is due again, and what a lost process left."""
        enabled = [webhook for webhook in self.webhooks if webhook.enabled]
        if enabled and self.deliveries is not None:
            await self.deliveries.start_due(enabled)

    def _listeners(self, event: Event) -> list[Webhook]:
        return [hook for hook in self.webhooks if hook.enabled and event in hook.events]


NOBODY_LISTENS = WebhookService()
"""For a service that is used where no tenant's webhooks are known."""
