"""The audit log: who did what."""

import json
from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from watchword.audit.models import AuditFilter
from watchword.core.pagination import PageRequest
from watchword.web.console.desk import WorkDesk, moment_of
from watchword.web.console.event_words import event_meant, events_to_choose, words_of_event
from watchword.web.console.routing import console_router

router = console_router("/console/{tenant}/audit-log")


@router.get("")
async def list_entries(  # noqa: PLR0917  # each is a field of the form
    desk: WorkDesk,
    event: str = "",
    actor: str = "",
    person: str = "",
    result: str = "",
    since: str = "",
    until: str = "",
    page: int = 1,
) -> Response:
    """List what happened, the newest first; the address is a link to share."""
    phrases, language = desk.server.phrases, desk.language
    event = event_meant(phrases, language, event)
    from_, to = moment_of(since), moment_of(until)
    filters = AuditFilter(
        event=_asked(event),
        actor=_asked(actor),
        user_id=_asked(person),
        result="success" if result == "success" else "failure" if result == "failure" else None,
        since=from_,
        until=to,
    )
    chosen = {
        "event": event,
        "actor": actor,
        "person": person,
        "result": result,
        "since": since,
        "until": until,
    }
    return desk.render(
        "audit_log.html",
        entries=await desk.scope.audit.list(PageRequest(max(1, page)), filters),
        chosen=chosen,
        events=events_to_choose(phrases, language),
        words_of=lambda name: words_of_event(phrases, language, name),
        is_filtered=any(chosen.values()),
        has_wrong_time=bool((since and from_ is None) or (until and to is None)),
        details=_details,
        page_address=lambda n: desk.address("audit-log", **chosen, page=n),
    )


def _details(payload: Mapping[str, Any]) -> str:
    # People's words and masks are read as they are, not as escapes.
    return json.dumps(payload, ensure_ascii=False, indent=2)


def _asked(text: str) -> str | None:
    return text.replace("\0", "").strip()[:128] or None
