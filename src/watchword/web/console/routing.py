"""How every console route is guarded, and where its refusals lead."""

import json
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import APIRouter
from fastapi.routing import APIRoute
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from watchword.core.errors import DomainError
from watchword.operators.errors import FormExpired, OperatorNotSignedIn
from watchword.operators.models import SESSION_LIFETIME, Visit
from watchword.web.console.desk import SAFE_METHODS, Desk
from watchword.web.console.errors import ProofNeeded, SecondFactorNeeded
from watchword.web.console.kept_forms import OWN_FIELDS, KeptForm
from watchword.web.console.plain_pages import plain_page
from watchword.web.cookies import CONSOLE, write_cookie
from watchword.web.problems import status_of
from watchword.web.scope import ServerScope
from watchword.web.security import require_same_origin
from watchword.web.templating import render

Handler = Callable[[Request], Coroutine[Any, Any, Response]]

STOP_POLLING = 286
"""What ends htmx's asking again and again."""


class ConsoleRoute(APIRoute):
    """A route that refuses foreign posts and answers refusals with pages of the console."""

    def get_route_handler(self) -> Handler:
        """Return the route's handler, guarded."""
        handle = super().get_route_handler()

        async def guarded(request: Request) -> Response:
            try:
                if request.method not in SAFE_METHODS:
                    require_same_origin(request)
                response = await handle(request)
            except OperatorNotSignedIn:
                response = await _ask_to_sign_in(request)
            except FormExpired as error:
                response = await _offer_again(request, error)
            except SecondFactorNeeded:
                response = _lead_to(request, "/console/second-factor")
            except ProofNeeded as needed:
                response = _ask_for_proof(request.state.desk, needed, await request.form())
            except DomainError as error:
                desk = getattr(request.state, "desk", None)
                if desk is None:
                    raise
                response = _problem(desk, error)
            token = getattr(request.state, "console_token", None)
            if token is not None:
                write_cookie(request, response, CONSOLE, token, SESSION_LIFETIME)
            return response

        return guarded


def console_router(prefix: str = "") -> APIRouter:
    """Return a router whose routes are guarded and stay out of the API's document."""
    return APIRouter(prefix=prefix, route_class=ConsoleRoute, include_in_schema=False)


async def _ask_to_sign_in(request: Request) -> Response:
    """Lead to the sign-in; what was filled into a form stays, and comes along."""
    if request.headers.get("hx-request") == "true":
        return _said_in_place(render(request, "console/signed_out.html", is_renewed=False))
    kept = None if request.method in SAFE_METHODS else await KeptForm.refused(request)
    if kept is None:
        return _lead_to(request, "/console/sign-in")
    server: ServerScope = request.app.state.server
    return plain_page(request, server, "sign_in.html", status_code=401, next="", kept=kept)


async def _offer_again(request: Request, error: FormExpired) -> Response:
    """Offer to send a form whose page was drawn in an earlier session; one press is needed."""
    visit: Visit | None = getattr(request.state, "console_visit", None)
    if visit is None or visit.session.needs_second_factor:
        raise error
    csrf = visit.session.csrf_token
    if request.headers.get("hx-request") == "true":
        response = _said_in_place(render(request, "console/signed_out.html", is_renewed=True))
        # Who reads this answer is a page of ours; the next press then carries the right token.
        response.headers["HX-Trigger"] = json.dumps({"session-renewed": {"csrf": csrf}})
        return response
    kept = await KeptForm.refused(request)
    if kept is None:
        raise error
    server: ServerScope = request.app.state.server
    return plain_page(
        request,
        server,
        "kept_form.html",
        status_code=status_of(error),
        kept=kept,
        csrf=csrf,
        home="/console",
    )


def _said_in_place(response: Response) -> Response:
    """Show a piece where problems are shown: the rest of the page stays as it is."""
    response.status_code = STOP_POLLING
    response.headers["HX-Retarget"] = "#flash"
    response.headers["HX-Reswap"] = "innerHTML show:top"
    response.headers["HX-Reselect"] = ".notice"
    return response


def _lead_to(request: Request, address: str) -> Response:
    if request.headers.get("hx-request") == "true":
        return Response(status_code=204, headers={"HX-Redirect": address})
    if request.method in SAFE_METHODS:
        # Only the path is carried: a query may hold a search for someone's number.
        address = f"{address}?next={request.url.path}"
    return RedirectResponse(address, 303)


def _ask_for_proof(desk: Desk, needed: ProofNeeded, form: FormData) -> Response:
    carried = [
        (name, value)
        for name, value in form.multi_items()
        if name not in OWN_FIELDS and isinstance(value, str)
    ]
    return desk.render(
        "prove.html",
        status_code=status_of(needed),
        action=str(desk.request.url.path),
        carried=carried,
        problem=needed.problem,
    )


def _problem(desk: Desk, error: DomainError) -> Response:
    template = "problem.html" if desk.is_partial else "error.html"
    status = status_of(error)
    response = desk.render(
        template, status_code=status, status=status, message=desk.message(error), code=error.code
    )
    # For htmx: whatever piece was asked for, this one goes where problems are shown.
    response.headers["HX-Retarget"] = "#flash"
    response.headers["HX-Reswap"] = "innerHTML show:top"
    response.headers["HX-Reselect"] = ".notice"
    return response
