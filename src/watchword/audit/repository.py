"""The audit log's rows."""

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    String,
    bindparam,
    delete,
    func,
    insert,
    literal,
    or_,
    select,
)

from watchword.audit.models import Actor, AuditEntry, AuditFilter
from watchword.core.pagination import PageRequest
from watchword.storage import Row, TenantRepository
from watchword.storage.schema import audit_log

COLUMNS = audit_log.c
COUNTED_AT_MOST = 10_000
"""Counting a log of millions would cost more than anybody wants to know."""

INSERT = insert(audit_log).values({column.name: bindparam(column.name) for column in COLUMNS})
PURGE = delete(audit_log).where(
    COLUMNS.tenant_id == bindparam("tenant_id"), COLUMNS.created_at < bindparam("before")
)
CONDITIONS: Mapping[str, ColumnElement[bool]] = {
    "event": COLUMNS.event == bindparam("event"),
    "actor": or_(
        COLUMNS.actor == bindparam("actor"),
        # `operator:<id>:<name>`: the name may have been another one then.
        func.substr(COLUMNS.actor, 1, func.length(bindparam("actor", type_=String)) + 1)
        == bindparam("actor", type_=String) + ":",
    ),
    "subject": COLUMNS.subject == bindparam("subject"),
    "result": COLUMNS.result == bindparam("result"),
    "since": COLUMNS.created_at >= bindparam("since"),
    "until": COLUMNS.created_at < bindparam("until"),
    "user_id": COLUMNS.user_id == bindparam("user_id"),
    "application_id": COLUMNS.application_id == bindparam("application_id"),
}
FIND = select(audit_log).where(
    COLUMNS.tenant_id == bindparam("tenant_id"), COLUMNS.id == bindparam("id")
)


@lru_cache(maxsize=128)
def _page(filters: frozenset[str], prefixes: int) -> tuple[Select[Any], Select[Any]]:
    ours = COLUMNS.tenant_id == bindparam("tenant_id")
    wanted = [ours, *(CONDITIONS[name] for name in sorted(filters))]
    if prefixes:
        wanted.append(or_(*(_begins_with(f"prefix_{number}") for number in range(prefixes))))
    newest = (COLUMNS.created_at.desc(), COLUMNS.id)
    # An index tells which are on the page: what is before it is never read.
    page = (
        select(COLUMNS.id)
        .where(*wanted)
        .order_by(*newest)
        .limit(bindparam("limit"))
        .offset(bindparam("offset"))
        .subquery("page")
    )
    rows = select(audit_log).join(page, COLUMNS.id == page.c.id).where(ours).order_by(*newest)
    counted = select(COLUMNS.id).where(*wanted).limit(literal(COUNTED_AT_MOST)).subquery()
    return rows, select(func.count().label("total")).select_from(counted)


def _begins_with(name: str) -> ColumnElement[bool]:
    prefix = bindparam(name, type_=String)
    return func.substr(COLUMNS.event, 1, func.length(prefix)) == prefix


class AuditRows(TenantRepository):
    """Reads and writes the audit log of one tenant."""

    async def add(self, entry: AuditEntry) -> None:
        """Write an entry."""
        await self.run(INSERT, **{**vars(entry), "actor": str(entry.actor)})

    async def find(self, id: str) -> AuditEntry | None:
        """Return one entry, or None."""
        row = await self.first(FIND, id=id)
        return _entry(row) if row else None

    async def page(self, filters: AuditFilter, page: PageRequest) -> tuple[list[AuditEntry], int]:
        """Return one page, newest first, and how many there are; counting ends at 10 000."""
        asked = {name: value for name, value in vars(filters).items() if value is not None}
        prefixes = asked.pop("prefixes", ())
        rows, count = _page(frozenset(asked), len(prefixes))
        asked |= {f"prefix_{number}": prefix for number, prefix in enumerate(prefixes)}
        found = await self.all(rows, limit=page.size, offset=page.offset, **asked)
        counted = await self.first(count, **asked)
        return [_entry(row) for row in found], counted["total"] if counted else 0

    async def purge(self, before: datetime) -> int:
        """Delete what happened before a moment."""
        return await self.run(PURGE, before=before)


def _entry(row: Row) -> AuditEntry:
    del row["tenant_id"]
    return AuditEntry(**{**row, "actor": Actor.parse(row["actor"])})
