"""What the server counts, in Prometheus' words."""

import hmac
import ipaddress

from fastapi import APIRouter
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, Histogram
from prometheus_client.exposition import generate_latest
from prometheus_client.process_collector import ProcessCollector
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from watchword.core.errors import DomainError
from watchword.web.scope import Server

REGISTRY = CollectorRegistry()
ProcessCollector(registry=REGISTRY)

REQUEST_SECONDS = Histogram(
    "watchword_request_seconds",
    "Time to answer, by route",
    ("method", "route", "status"),
    buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
    registry=REGISTRY,
)
SQL_STATEMENTS = Gauge(
    "watchword_sql_statements_total", "Statements run since the start", registry=REGISTRY
)

router = APIRouter(include_in_schema=False)


class MetricsForbidden(DomainError):
    """Neither the token nor an allowed address."""

    code = "request.not_found"


@router.get("/metrics")
async def metrics(request: Request, server: Server) -> Response:
    """Answer to the token's bearer, or to the networks that are listed."""
    if not _may_read(request, server.metrics_token, server.metrics_allow):
        raise MetricsForbidden
    SQL_STATEMENTS.set(server.storage.statements)
    return PlainTextResponse(generate_latest(REGISTRY), media_type=CONTENT_TYPE_LATEST)


def _may_read(request: Request, token: str | None, networks: tuple[object, ...]) -> bool:
    given = request.headers.get("authorization", "")
    if token and hmac.compare_digest(given.encode(), f"Bearer {token}".encode()):
        return True
    client_ip = request.state.context.client_ip
    return client_ip is not None and any(
        ipaddress.ip_address(client_ip) in network  # type: ignore[operator]  # a network
        for network in networks
    )
