"""The audit log: who did what."""

from starlette.responses import Response

from watchword.audit.models import AuditFilter
from watchword.core.pagination import PageRequest
from watchword.web.console.desk import WorkDesk
from watchword.web.console.routing import console_router

router = console_router("/console/{tenant}/audit-log")


@router.get("")
async def list_entries(
    desk: WorkDesk, event: str = "", result: str = "", page: int = 1
) -> Response:
    """List what happened, the newest first."""
    filters = AuditFilter(
        event=event.strip()[:128] or None,
        result="success" if result == "success" else "failure" if result == "failure" else None,
    )
    entries = await desk.scope.audit.list(PageRequest(max(1, page)), filters)
    chosen = {"event": event, "result": result}
    return desk.render(
        "audit_log.html",
        entries=entries,
        chosen=chosen,
        is_filtered=any(chosen.values()),
        page_address=lambda n: desk.address("audit-log", **chosen, page=n),
    )
