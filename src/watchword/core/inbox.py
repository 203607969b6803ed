"""What the development connector was given to send, kept in memory for the console's inbox."""

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime

KEPT = 200


@dataclass(frozen=True, repr=False)
class InboxEntry:
    """One message that stayed on this machine; it exists in development only."""

    id: str
    to: str
    """The number in its international form, or the address, in full: it is a developer's own
    test."""
    text: str
    usage: str
    language: str | None
    at: datetime
    subject: str | None = None
    """Of an e-mail."""


@dataclass
class Inbox:
    """The newest messages of each tenant; an older one falls out when a newer one comes."""

    _entries: dict[str, deque[InboxEntry]] = field(default_factory=dict)

    def add(self, tenant_id: str, entry: InboxEntry) -> None:
        """Keep *entry* as the tenant's newest."""
        self._entries.setdefault(tenant_id, deque(maxlen=KEPT)).appendleft(entry)

    def list(self, tenant_id: str) -> list[InboxEntry]:
        """Return the tenant's messages, the newest first."""
        return [*self._entries.get(tenant_id, ())]

    def forget(self, tenant_id: str) -> None:
        """Drop the tenant's messages."""
        self._entries.pop(tenant_id, None)
