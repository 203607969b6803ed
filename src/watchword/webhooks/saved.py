"""A tenant's saved webhooks: read, and their secrets sealed and opened."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from watchword.core.pagination import FURTHEST, Page, PageRequest
from watchword.core.sealing import Sealer
from watchword.webhooks.errors import WebhookNotFound
from watchword.webhooks.models import HEADER, SIGNING_KEY, Webhook
from watchword.webhooks.repository import WebhookRows


@dataclass(frozen=True, kw_only=True)
class SavedWebhooks:
    """Knows what one tenant has set up; `configuration` alone writes it."""

    rows: WebhookRows
    sealer: Sealer

    async def all(self) -> Sequence[Webhook]:
        """Return every webhook, the oldest first."""
        return await self.rows.list()

    async def list(
        self,
        page: PageRequest = PageRequest(1, FURTHEST),  # noqa: B008  # frozen
    ) -> Page[Webhook]:
        """Return one page of webhooks, newest first."""
        found, total = await self.rows.page(page)
        return Page([*found], total, page)

    async def get(self, webhook_id: str) -> Webhook:
        """Return a webhook; raises WebhookNotFound."""
        found = await self.rows.find(webhook_id)
        if found is None:
            raise WebhookNotFound(webhook_id)
        return found

    def sealed(self, webhook_id: str, opened: Mapping[str, str]) -> dict[str, str]:
        """Seal secrets, each for its tenant, webhook and name."""
        return {
            name: self.sealer.seal(value, self.rows.tenant_id, webhook_id, name)
            for name, value in opened.items()
        }

    def opened(self, webhook: Webhook) -> dict[str, str]:
        """Return a webhook's secrets in the clear."""
        return {
            name: self.sealer.unseal(sealed, self.rows.tenant_id, webhook.id, name)
            for name, sealed in webhook.secrets.items()
        }

    def signing_key(self, webhook: Webhook) -> str:
        """Return what the webhook's requests are signed with."""
        return self.opened(webhook)[SIGNING_KEY]

    def headers(self, webhook: Webhook) -> dict[str, str]:
        """Return the headers that its requests carry."""
        return headers_of(self.opened(webhook))


def headers_of(opened: Mapping[str, str]) -> dict[str, str]:
    """Return the headers among a webhook's opened secrets."""
    return {
        name.removeprefix(HEADER): value
        for name, value in opened.items()
        if name.startswith(HEADER)
    }


def new_signing_key() -> str:
    """Return a fresh key of 256 bits, in letters and digits that survive every environment."""
    return secrets.token_hex(32)
