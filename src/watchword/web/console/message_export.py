"""The message log as a file: masked numbers, the newest first, up to a cap."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime

from starlette.responses import Response, StreamingResponse

from watchword.messaging.models import Message
from watchword.web.console.desk import WorkDesk
from watchword.web.console.messages import filter_of
from watchword.web.console.routing import console_router
from watchword.web.csv_files import csv_file

router = console_router("/console/{tenant}/messages")

MOST_ROWS = 50_000
COLUMNS = (
    "created_at",
    "id",
    "channel",
    "state",
    "usage_type",
    "is_test",
    "connector_id",
    "connector_instance_id",
    "country",
    "recipient_masked",
    "language",
    "encoding",
    "segments",
    "provider_message_id",
    "error_class",
    "provider_words",
    "accepted_at",
    "final_at",
    "correlation_id",
)


@router.get("/export.csv")
async def export(
    desk: WorkDesk, state: str = "", usage: str = "", test: str = "", number: str = ""
) -> Response:
    """Return what the filter of the log finds; the audit log remembers who took it."""
    filters, _ = filter_of(desk, state, usage, test, number)
    messages = desk.scope.messaging.log.export(filters, desk.actor, at_most=MOST_ROWS)
    name = f"messages-{desk.server.clock.now():%Y-%m-%d}.csv"
    return StreamingResponse(
        csv_file(COLUMNS, _rows(messages)),
        media_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "Cache-Control": "no-store",
        },
    )


async def _rows(messages: AsyncIterator[Message]) -> AsyncIterator[Sequence[object]]:
    async for message in messages:
        yield [_cell(getattr(message, name)) for name in COLUMNS]


def _cell(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else value
