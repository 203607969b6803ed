"""`/receipts/{instance}[/{token}]`: a provider says what became of a message."""

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from watchword.connector_kit.models import ReportRequest
from watchword.web.scope import Scope

router = APIRouter(include_in_schema=False)

MessageId = Annotated[str, Query(pattern=r"^[0-9a-z]{1,64}$")]
"""Ours, from the address that we gave the provider."""


@router.api_route("/receipts/{instance_id}", methods=["GET", "POST"])
@router.api_route("/receipts/{instance_id}/{token}", methods=["GET", "POST"])
async def receive(
    request: Request,
    scope: Scope,
    instance_id: str,
    token: str | None = None,
    message: MessageId | None = None,
) -> Response:
    """Believe the report if its provider wrote it; otherwise say nothing about why not."""
    report = ReportRequest(
        method=request.method,
        url=_public_url(request, scope.origin),
        headers={name.lower(): value for name, value in request.headers.items()},
        body=await request.body(),  # at most 64 KiB: `web.security.BodyLimit`,
    )
    callback = await scope.connectors.read_reports(instance_id, token, report)
    await scope.messaging.reports.apply(instance_id, callback.reports, message)
    reply = callback.reply
    return Response(reply.body, reply.status, media_type=reply.content_type)


def _public_url(request: Request, origin: str) -> str:
    # As the provider called it: behind a proxy, scheme and host of the request are others.
    path = request.scope.get("raw_path", b"").decode("latin-1") or request.url.path
    query = request.scope.get("query_string", b"").decode("latin-1")
    return f"{origin}{path}?{query}" if query else f"{origin}{path}"
