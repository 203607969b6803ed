"""The audit log of one tenant."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from watchword.audit.errors import EntryNotFound
from watchword.audit.models import Actor, AuditEntry, AuditFilter, Result
from watchword.audit.repository import AuditRows
from watchword.core.clock import Clock
from watchword.core.context import asked_by, correlation_id
from watchword.core.errors import DomainError
from watchword.core.ids import new_id
from watchword.core.pagination import Page, PageRequest
from watchword.storage import Database

USER_AGENT_LENGTH = 256


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
        user_id: str | None = None,
        application_id: str | None = None,
        method: str | None = None,
        error: DomainError | None = None,
        tx: Database | None = None,
    ) -> None:
        """Write down what happened, inside *tx* where it is part of a change.

        The person and the application are taken from the actor or the subject (`user:<id>`) where
        they are not named; *error* makes it a failure and says why.
        """
        rows = self.rows if tx is None else self.rows.within(tx)
        entry = AuditEntry(
            id=new_id(),
            event=event,
            actor=actor,
            subject=subject,
            result="failure" if error is not None else result,
            payload={**_asked_by(), **(payload or {}), **_reason(error)},
            correlation_id=correlation_id.get(),
            created_at=self.clock.now(),
            user_id=user_id or _named("user", actor, subject),
            application_id=application_id or _named("application", actor, subject),
            method=method,
        )
        await rows.add(entry)

    async def get(self, id: str) -> AuditEntry:
        """Return one entry; raises EntryNotFound."""
        entry = await self.rows.find(id)
        if entry is None:
            raise EntryNotFound(id)
        return entry

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


def _asked_by() -> dict[str, str]:
    request = asked_by.get()
    if request is None:
        return {}
    told = {"ip": request.client_ip, "userAgent": request.user_agent[:USER_AGENT_LENGTH]}
    return {name: value for name, value in told.items() if value}


def _reason(error: DomainError | None) -> dict[str, Any]:
    # The code alone: a detail may quote what somebody typed.
    return {} if error is None else {"error": error.code}


def _named(kind: str, actor: Actor, subject: str | None) -> str | None:
    if actor.kind == kind:
        return actor.id
    named, _, subject_id = (subject or "").partition(":")
    return subject_id if named == kind and subject_id else None
