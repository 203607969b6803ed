"""Discovery and keys: public, for anyone and any origin."""

from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from watchword.web.oidc.routes import OidcRoute, preflight
from watchword.web.scope import Scope

router = APIRouter(prefix="/oidc", route_class=OidcRoute, include_in_schema=False)

for _path in (
    "/.well-known/openid-configuration",
    "/.well-known/oauth-authorization-server",
    "/jwks",
):
    router.add_api_route(_path, preflight, methods=["OPTIONS"])


class JwkSetResponse(JSONResponse):
    """A JWK Set (RFC 7517, 8.5)."""

    media_type = "application/jwk-set+json"


@router.get("/.well-known/openid-configuration")
@router.get("/.well-known/oauth-authorization-server")
async def discovery(request: Request, scope: Scope) -> Response:
    """Return what the provider can do."""
    request.state.cors = "*"
    document: dict[str, Any] = scope.oidc.discovery()
    return JSONResponse(document, headers={"Cache-Control": "public, max-age=300"})


@router.get("/jwks")
async def keys(request: Request, scope: Scope) -> Response:
    """Return the public keys of every token that may still be good."""
    request.state.cors = "*"
    return JwkSetResponse(
        {"keys": await scope.oidc.keys.published()},
        headers={"Cache-Control": "no-cache, max-age=0, must-revalidate"},
    )
