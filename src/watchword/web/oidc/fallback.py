"""What no endpoint under `/oidc` answers."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from watchword.oidc.errors import RouteNotFound
from watchword.web.oidc.routes import OidcRoute

router = APIRouter(route_class=OidcRoute, include_in_schema=False)


@router.api_route(
    "/oidc/{path:path}", methods=["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
)
async def unknown(request: Request) -> Response:
    """Refuse an unknown endpoint, or a known one under another method."""
    raise RouteNotFound(f"unrecognized route or not allowed method ({request.method})")
