"""Discovery and keys: public, for anyone and any origin."""

from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from watchword.web.oidc.routes import OidcRoute, preflight
from watchword.web.scope import Scope

router = APIRouter(route_class=OidcRoute, include_in_schema=False)

READING = ["GET", "HEAD"]
DISCOVERY = "/oidc/.well-known/openid-configuration"
OF_OAUTH = "/oidc/.well-known/oauth-authorization-server"
# RFC 8414, 3.1 puts the well-known part before the issuer's path.
OF_OAUTH_IN_FRONT = "/.well-known/oauth-authorization-server/oidc"
KEYS = "/oidc/jwks"

for _path in (DISCOVERY, OF_OAUTH, OF_OAUTH_IN_FRONT, KEYS):
    router.add_api_route(_path, preflight, methods=["OPTIONS"])


class JwkSetResponse(JSONResponse):
    """A JWK Set (RFC 7517, 8.5)."""

    media_type = "application/jwk-set+json"


@router.api_route(DISCOVERY, methods=READING)
@router.api_route(OF_OAUTH, methods=READING)
@router.api_route(OF_OAUTH_IN_FRONT, methods=READING)
async def discovery(request: Request, scope: Scope) -> Response:
    """Return what the provider can do."""
    request.state.cors = "*"
    document: dict[str, Any] = scope.oidc.discovery()
    return JSONResponse(document, headers={"Cache-Control": "public, max-age=300"})


@router.api_route(KEYS, methods=READING)
async def keys(request: Request, scope: Scope) -> Response:
    """Return the public keys of every token that may still be good."""
    request.state.cors = "*"
    return JwkSetResponse(
        {"keys": await scope.oidc.keys.published()},
        headers={"Cache-Control": "no-cache, max-age=0, must-revalidate"},
    )
