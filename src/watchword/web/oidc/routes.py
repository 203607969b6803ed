"""What every OpenID endpoint has in common: parameters in, standard errors out, CORS."""

from collections.abc import Callable, Coroutine
from typing import Any
from urllib.parse import parse_qsl

import orjson
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from watchword.applications.models import Application
from watchword.interactions.errors import SessionNotFound
from watchword.oidc.errors import (
    AuthorizationExpired,
    AuthorizationRefused,
    BearerRefused,
    InvalidRequest,
    OidcError,
    RequestTooLarge,
)
from watchword.oidc.models import AuthorizationResponse
from watchword.oidc.parameters import MOST, Parameters
from watchword.web.problems import error_page, message_of, wants_page
from watchword.web.scope import TenantScope
from watchword.web.templating import render

MAX_BODY = 56 * 1024
FORM = "application/x-www-form-urlencoded"
JSON = "application/json"


class OidcRoute(APIRoute):
    """A route whose errors are the standards', and whose answers no cache keeps."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler with errors answered and headers set."""
        handle = super().get_route_handler()

        async def answer(request: Request) -> Response:
            try:
                response = await handle(request)
            except AuthorizationRefused as refused:
                response = respond(request, refused.response)
            except SessionNotFound:
                response = refusal(request, expired())
            except OidcError as error:
                response = refusal(request, error)
            response.headers.setdefault("Cache-Control", "no-store")
            _allow_origin(request, response)
            return response

        return answer


def expired() -> AuthorizationExpired:
    """Return the error of an interaction that this browser does not have."""
    return AuthorizationExpired("authorization request has expired")


def refusal(request: Request, error: OidcError) -> Response:
    """Return *error* as the contract's body, or as a page to a person in a browser."""
    if isinstance(error, BearerRefused):
        # Any page's script may learn that its token is worth nothing.
        request.state.cors = "*"
    message = message_of(request, error)
    if wants_page(request):
        return error_page(request, error.code, message, error.status)
    body = {
        "code": error.code,
        "message": message,
        "error": error.error,
        "error_description": error.detail,
    }
    if request.url.path.startswith("/oidc/auth"):
        scope: TenantScope = request.state.scope
        states = request.query_params.getlist("state")
        body |= {"state": states[0]} if len(states) == 1 else {}
        body["iss"] = scope.issuer
    return JSONResponse(body, error.status, headers=error.headers)


def respond(request: Request, response: AuthorizationResponse) -> Response:
    """Send the browser back to the client with *response*."""
    if response.mode == "form_post":
        return render(request, "oidc/form_post.html", response=response)
    return redirect(response.redirect_to)


def redirect(address: str) -> Response:
    """Send the browser on with a GET."""
    return RedirectResponse(address, 303, headers={"Cache-Control": "no-store"})


def allow_origins_of(request: Request, application: Application | None) -> None:
    """Let scripts of the application's own origins read the answer."""
    origin = request.headers.get("origin")
    if origin is not None and application is not None and origin in application.origins:
        request.state.cors = origin


def preflight(request: Request) -> Response:
    """Answer a browser's question before a cross-origin call.

    It names no client yet, so any origin may ask; only the answer itself decides who may read.
    """
    return Response(
        status_code=204,
        headers={
            "Access-Control-Allow-Origin": request.headers.get("origin", "*"),
            "Access-Control-Allow-Methods": "GET, POST",
            "Access-Control-Allow-Headers": "Authorization, Content-Type",
            "Access-Control-Max-Age": "3600",
            "Vary": "Origin",
        },
    )


def query_parameters(request: Request) -> Parameters:
    """Return the parameters of the address."""
    return Parameters.of(request.query_params.multi_items())


async def body_parameters(request: Request) -> Parameters:
    """Return the parameters of a form, or of a JSON object that means the same."""
    declared = request.headers.get("content-length", "0")
    if declared.isdigit() and int(declared) > MAX_BODY:
        raise RequestTooLarge("the body is too large")
    body = await request.body()
    if len(body) > MAX_BODY:
        raise RequestTooLarge("the body is too large")
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if not body:
        return Parameters.of(())
    if kind == FORM:
        return Parameters.of(_form(body))
    if kind == JSON:
        return Parameters.of(_json(body))
    raise InvalidRequest("the body must be a form or JSON")


def _form(body: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=MOST)
    except ValueError:
        raise InvalidRequest("the body is no form") from None


def _json(body: bytes) -> list[tuple[str, str]]:
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise InvalidRequest("the body is not JSON") from None
    if not isinstance(document, dict):
        raise InvalidRequest("the body is no JSON object")
    pairs = []
    for name, value in document.items():
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, bool | dict | list):
                raise InvalidRequest("a value in the body is no text")
            pairs.append((name, "" if item is None else str(item)))
    return pairs


def _allow_origin(request: Request, response: Response) -> None:
    allowed = getattr(request.state, "cors", None)
    if allowed is not None:
        response.headers["Access-Control-Allow-Origin"] = allowed
        response.headers["Access-Control-Expose-Headers"] = "WWW-Authenticate"
        response.headers.append("Vary", "Origin")
