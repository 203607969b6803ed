"""The messages that were written: found, listed, exported, and whom they went to."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from watchword.audit.models import Actor
from watchword.audit.service import AuditService
from watchword.core.clock import Clock
from watchword.core.pagination import Page, PageRequest
from watchword.core.recipients import Recipient
from watchword.messaging.errors import MessageNotFound
from watchword.messaging.log_repository import MessageLogRows
from watchword.messaging.models import Message, MessageFilter, MessageState
from watchword.messaging.parcels import Parcels
from watchword.messaging.repository import MessageRows

EXPORTED_AT_ONCE = 500


@dataclass(frozen=True, kw_only=True)
class MessageLog:
    """Reads one tenant's messages, without their texts."""

    rows: MessageRows
    lists: MessageLogRows
    parcels: Parcels
    audit: AuditService
    clock: Clock

    async def get(self, message_id: str) -> Message:
        """Return a message; raises MessageNotFound."""
        found = await self.rows.find(message_id)
        if found is None:
            raise MessageNotFound(message_id)
        return found

    async def find_state(self, message_id: str) -> MessageState | None:
        """Return a message's state alone, or None: a code is saved a moment before its message."""
        return await self.rows.find_state(message_id)

    async def list(
        self,
        filters: MessageFilter = MessageFilter(),  # noqa: B008  # frozen
        page: PageRequest = PageRequest(),  # noqa: B008  # frozen
    ) -> Page[Message]:
        """Return one page of messages, newest first."""
        asked, digests = self._asked(filters)
        items, total = await self.lists.page(asked, digests, page)
        return Page(items, total, page)

    async def export(
        self, filters: MessageFilter, actor: Actor, *, at_most: int
    ) -> AsyncIterator[Message]:
        """Return the newest messages one by one, and write down who took them."""
        await self.audit.record("message.exported", actor)
        asked, digests = self._asked(filters)
        # Clocks of several processes differ a little.
        before, after_id, left = self.clock.now() + timedelta(days=1), "", at_most
        while left > 0:
            found = await self.lists.slice(
                asked, digests, before, after_id, min(EXPORTED_AT_ONCE, left)
            )
            for message in found:
                yield message
            if len(found) < EXPORTED_AT_ONCE:
                return
            left -= len(found)
            before, after_id = found[-1].created_at, found[-1].id

    async def reveal_recipient(self, message_id: str, actor: Actor) -> Recipient:
        """Return the full number or address a message went to, and write down who looked.

        Raises MessageNotFound.
        """
        found = await self.lists.sealed_recipient(message_id)
        if found is None:
            raise MessageNotFound(message_id)
        channel, sealed = found
        await self.audit.record("message.recipient_shown", actor, subject=f"message:{message_id}")
        return self.parcels.recipient(channel, message_id, sealed)

    def _asked(self, filters: MessageFilter) -> tuple[dict[str, Any], Sequence[str]]:
        asked = {
            name: value
            for name, value in vars(filters).items()
            if value is not None and name != "recipient"
        }
        recipient = filters.recipient
        return asked, () if recipient is None else self.parcels.digests_of(recipient)
