"""Signing out, asked for by an application or by the person."""

from urllib.parse import urlencode

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from watchword.oidc.logout import LogoutRequest
from watchword.oidc.parameters import Parameters
from watchword.web.cookies import SESSION, delete_cookie, read_cookie
from watchword.web.oidc.routes import OidcRoute, body_parameters, query_parameters, redirect
from watchword.web.pages.brand import brand_of
from watchword.web.pages.visit import HEADERS
from watchword.web.scope import Scope, TenantScope
from watchword.web.security import require_same_origin
from watchword.web.templating import render

router = APIRouter(prefix="/oidc/session/end", route_class=OidcRoute, include_in_schema=False)


@router.get("")
async def sign_out(request: Request, scope: Scope) -> Response:
    """Sign out where the client proves that it is this person's; ask where it does not."""
    parameters = query_parameters(request)
    asked = await scope.oidc.logout.validate(parameters)
    token = read_cookie(request, SESSION)
    if asked.needs_confirmation(await scope.oidc.sessions.find(token)):
        return _confirmation(request, scope, asked, parameters)
    return await _end(request, scope, asked)


@router.post("")
async def sign_out_by_form(request: Request) -> Response:
    """Turn the form into an address: another site's post comes without our cookies."""
    parameters = await body_parameters(request)
    return redirect(f"/oidc/session/end?{urlencode(list(parameters.pairs()))}")


@router.post("/confirm")
async def confirm(request: Request, scope: Scope) -> Response:
    """Sign out: the person pressed the button on our own page."""
    require_same_origin(request)
    parameters = await body_parameters(request)
    scope.oidc.logout.check_confirmation(
        parameters.find("confirmation") or "", read_cookie(request, SESSION)
    )
    return await _end(request, scope, await scope.oidc.logout.validate(parameters))


async def _end(request: Request, scope: TenantScope, asked: LogoutRequest) -> Response:
    await scope.oidc.logout.end(read_cookie(request, SESSION), asked.application)
    if asked.redirect_to is not None:
        response = redirect(asked.redirect_to)
    else:
        brand = brand_of(request, scope, asked.application, "/oidc/session/end")
        response = render(request, "oidc/signed_out.html", brand=brand)
    delete_cookie(request, response, SESSION)
    return response


def _confirmation(
    request: Request, scope: TenantScope, asked: LogoutRequest, parameters: Parameters
) -> Response:
    brand = brand_of(request, scope, asked.application, "/oidc/session/end")
    kept = ("client_id", "id_token_hint", "post_logout_redirect_uri", "state")
    return render(
        request,
        "oidc/sign_out.html",
        headers=HEADERS,
        brand=brand,
        fields={name: parameters.find(name) for name in kept if parameters.find(name)},
        # Never an address that the request brought along: it may have come from anywhere.
        stay=brand.application_address
        or ("/account" if scope.account_center.enabled else None)
        or scope.settings.unknown_session_redirect_url,
        confirmation=scope.oidc.logout.confirmation_token(read_cookie(request, SESSION)),
    )
