"""The authorization endpoint, and the way back to it after signing in."""

from urllib.parse import urlencode

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from watchword.oidc.models import AuthorizationRequest, AuthorizationResponse
from watchword.oidc.sessions import SESSION_LIFETIME
from watchword.web.cookies import (
    SESSION,
    forget_interaction_token,
    holds_interaction_token,
    read_cookie,
    write_cookie,
    write_interaction_token,
)
from watchword.web.oidc.routes import (
    OidcRoute,
    body_parameters,
    expired,
    query_parameters,
    redirect,
    respond,
)
from watchword.web.scope import Scope, TenantScope

router = APIRouter(prefix="/oidc/auth", route_class=OidcRoute, include_in_schema=False)


@router.get("")
async def authorize(request: Request, scope: Scope) -> Response:
    """Answer from the session, or begin an interaction."""
    asked = await scope.oidc.authorization.validate(query_parameters(request))
    answer = await scope.oidc.answer(asked, read_cookie(request, SESSION))
    if isinstance(answer, AuthorizationResponse):
        return respond(request, answer)
    return await begin(request, scope, asked, answer)


@router.post("")
async def authorize_by_form(request: Request) -> Response:
    """Turn the form into an address: another site's post comes without our cookies."""
    parameters = await body_parameters(request)
    return redirect(f"/oidc/auth?{urlencode(list(parameters.pairs()))}")


@router.get("/{token}")
async def resume(token: str, request: Request, scope: Scope) -> Response:
    """Give the browser its session and the application its code."""
    # Someone else's finished interaction would sign this browser in as them.
    if not holds_interaction_token(request, token):
        raise expired()
    finished = await scope.interactions.finish(token, read_cookie(request, SESSION))
    if finished.response is None:
        response = await begin(request, scope, finished.request, finished.request.consent_page)
    else:
        response = respond(request, finished.response)
        forget_interaction_token(request, response, token)
    write_cookie(request, response, SESSION, finished.session.token, SESSION_LIFETIME)
    return response


async def begin(
    request: Request, scope: TenantScope, asked: AuthorizationRequest, page: str
) -> Response:
    """Keep what was asked in a new interaction and show the person *page*."""
    token = await scope.interactions.begin(asked)
    response = redirect(page)
    write_interaction_token(
        request,
        response,
        asked.client_id,
        token,
        organization_id=asked.organization_id,
        ui_locales=" ".join(asked.ui_locales),
    )
    return response
