"""The endpoints that programs call: token, userinfo, introspection, revocation."""

from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from watchword.applications.models import Application
from watchword.oidc.parameters import Parameters
from watchword.web.oidc.routes import OidcRoute, allow_origins_of, body_parameters, preflight
from watchword.web.scope import Scope, TenantScope

router = APIRouter(prefix="/oidc", route_class=OidcRoute, include_in_schema=False)

for _path in ("/token", "/me", "/token/introspection", "/token/revocation"):
    router.add_api_route(_path, preflight, methods=["OPTIONS"])


@router.post("/token")
async def exchange(request: Request, scope: Scope) -> Response:
    """Exchange a code, a refresh token or a client's own secret for tokens."""
    parameters = await body_parameters(request)
    application = await _client(request, scope, parameters)
    return JSONResponse(await scope.oidc.exchange(application, parameters))


@router.get("/me")
async def userinfo(request: Request, scope: Scope) -> Response:
    """Say who the access token is for."""
    return JSONResponse(await _claims(request, scope, Parameters.of(())))


@router.post("/me")
async def userinfo_by_form(request: Request, scope: Scope) -> Response:
    """Say who the access token is for; the token may be in the body."""
    return JSONResponse(await _claims(request, scope, await body_parameters(request)))


@router.post("/token/introspection")
async def introspect(request: Request, scope: Scope) -> Response:
    """Say what a token is worth."""
    parameters = await body_parameters(request)
    application = await _client(request, scope, parameters)
    return JSONResponse(await scope.oidc.introspection.describe(application, parameters))


@router.post("/token/revocation")
async def revoke(request: Request, scope: Scope) -> Response:
    """Take a token back."""
    parameters = await body_parameters(request)
    application = await _client(request, scope, parameters)
    await scope.oidc.revocation.revoke(application, parameters)
    # Without a content type: there is none, and oidc-client-ts takes no other than JSON.
    return Response()


async def _client(request: Request, scope: TenantScope, parameters: Parameters) -> Application:
    authorization = request.headers.get("authorization")
    named = await scope.oidc.clients.find_named(parameters, authorization)
    # Before the secret is checked: its own page may read why it is refused.
    allow_origins_of(request, named)
    return await scope.oidc.authenticate(named, parameters, authorization)


async def _claims(request: Request, scope: TenantScope, parameters: Parameters) -> dict[str, Any]:
    authorization = request.headers.get("authorization")
    grant = await scope.oidc.userinfo.authenticate(parameters, authorization)
    allow_origins_of(request, await scope.applications.find(grant.client_id))
    return await scope.oidc.userinfo.claims(grant)
