"""The audit log of one tenant."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from watchword.audit.models import Actor, AuditEntry, AuditFilter, Result
from watchword.audit.repository import AuditRows
from watchword.core.clock import Clock
from watchword.core.context import correlation_id
from watchword.core.ids import new_id
from watchword.core.pagination import Page, PageRequest
from watchword.storage import Database


@dataclass(frozen=True)
class AuditService:
    """Remembers who did what; a payload holds no code, no secret and no full number."""

    rows: AuditRows
    clock: Clock

    async def record(
        self,
        event: str,
        actor: Actor,
        *,
        subject: str | None = None,
        result: Result = "success",
        payload: Mapping[str, Any] | None = None,
        tx: Database | None = None,
    ) -> None:
        """Write down what happened, inside *tx* where it is part of a change."""
        rows = self.rows if tx is None else self.rows.within(tx)
        entry = AuditEntry(
            id=new_id(),
            event=event,
            actor=actor,
            subject=subject,
            result=result,
            payload=dict(payload or {}),
            correlation_id=correlation_id.get(),
            created_at=self.clock.now(),
        )
        await rows.add(entry)

    async def list(
        self,
        page: PageRequest = PageRequest(),  # noqa: B008  # frozen
        filters: AuditFilter = AuditFilter(),  # noqa: B008  # frozen
    ) -> Page[AuditEntry]:
        """Return one page of what happened, newest first."""
        entries, total = await self.rows.page(filters, page)
        return Page(entries, total, page)

    async def purge(self, before: datetime) -> int:
        """Forget what happened before a moment, and return how much."""
        return await self.rows.purge(before)
