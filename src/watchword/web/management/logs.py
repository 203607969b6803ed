"""`/api/logs`: what happened, who did it, to whom."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from watchword.audit.errors import EndsBeforeItBegins, EntryNotFound
from watchword.audit.models import AuditEntry, AuditFilter
from watchword.core.moments import milliseconds, moment_of
from watchword.web.documented import problems
from watchword.web.management.access import Caller
from watchword.web.management.paging import InvalidPagination, Paged, describe_page
from watchword.web.models import ApiModel

router = APIRouter(prefix="/logs", tags=["Audit log"])

END_OF_TIME = 253_402_300_799_998  # the last millisecond of the year 9999 but one
RESULTS = {"success": "Success", "failure": "Error"}

Id = Annotated[str, Path(max_length=128)]
Milliseconds = Annotated[
    int | None, Query(ge=0, le=END_OF_TIME, description="Milliseconds since 1970, as `createdAt`.")
]


class LogEntry(ApiModel):
    """One thing that happened."""

    id: str
    key: str
    payload: dict[str, Any]
    """`key` and `result` always; `error`, `userId`, `applicationId`, `ip`, `userAgent` where they
    are known. Ours: `actor`, `subject`, `correlationId`, `method`; of a change, `changes`."""
    created_at: int

    @classmethod
    def of(cls, entry: AuditEntry) -> "LogEntry":
        """Return an entry in the contract's form."""
        told = {
            "key": entry.event,
            "result": RESULTS[entry.result],
            "userId": entry.user_id,
            "applicationId": entry.application_id,
            "method": entry.method,
            "actor": str(entry.actor),
            "subject": entry.subject,
            "correlationId": entry.correlation_id,
        }
        known = {name: value for name, value in told.items() if value is not None}
        return cls(
            id=entry.id,
            key=entry.event,
            payload={**entry.payload, **known},
            created_at=milliseconds(entry.created_at),
        )


class WholeLogEntry(LogEntry):
    """One thing that happened, with whose log it stands in."""

    tenant_id: str


async def asked_entries(  # noqa: PLR0917  # the filters of the address
    user_id: Annotated[str | None, Query(alias="userId", max_length=128)] = None,
    application_id: Annotated[str | None, Query(alias="applicationId", max_length=128)] = None,
    log_key: Annotated[str | None, Query(alias="logKey", max_length=128)] = None,
    start_time: Milliseconds = None,
    end_time: Milliseconds = None,
    include_key_prefix: Annotated[
        list[Annotated[str, Query(min_length=1, max_length=128)]] | None,
        Query(alias="includeKeyPrefix", max_length=8, description="May be repeated."),
    ] = None,
) -> AuditFilter:
    """Return which entries are asked for; an empty filter counts as none.

    Both ends of a time belong to it. Raises EndsBeforeItBegins.
    """
    if start_time is not None and end_time is not None and start_time > end_time:
        raise EndsBeforeItBegins
    return AuditFilter(
        event=log_key or None,
        user_id=user_id or None,
        application_id=application_id or None,
        since=None if start_time is None else moment_of(start_time),
        until=None if end_time is None else moment_of(end_time + 1),
        prefixes=tuple(include_key_prefix or ()) or None,
    )


Asked = Annotated[AuditFilter, Depends(asked_entries)]


@router.get("", responses=problems(InvalidPagination, EndsBeforeItBegins))
async def list_entries(
    caller: Caller, asked: Asked, page: Paged, request: Request, response: Response
) -> list[LogEntry]:
    """List what happened, the newest first; the total is exact up to 10 000."""
    found = await caller.tenant.audit.list(page, asked)
    describe_page(request, response, found)
    return [LogEntry.of(entry) for entry in found.items]


@router.get("/{id}", responses=problems(EntryNotFound))
async def get_entry(id: Id, caller: Caller) -> WholeLogEntry:
    """Show one thing that happened."""
    entry = LogEntry.of(await caller.tenant.audit.get(id))
    return WholeLogEntry(**vars(entry), tenant_id=caller.tenant.tenant.id)
