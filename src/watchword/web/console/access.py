"""Coming in and going out: set-up link, sign-in, second factor, sign-out."""

from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from watchword.audit.models import Actor
from watchword.operators.errors import (
    InvalidOperatorCredentials,
    InvalidSecondFactor,
    InvitationNotUsable,
    OperatorNameInvalid,
    OperatorNameTaken,
    OperatorNotSignedIn,
    OperatorPasswordTooCommon,
    OperatorPasswordTooLong,
    OperatorPasswordTooShort,
)
from watchword.operators.models import OpenedSession, Visit
from watchword.web.console.desk import (
    ConsoleServer,
    HalfVisit,
    OwnDesk,
    half_visit,
    language_names,
    text_of,
)
from watchword.web.console.routing import console_router
from watchword.web.cookies import CONSOLE, delete_cookie
from watchword.web.problems import message_of, status_of
from watchword.web.scope import ServerScope
from watchword.web.templating import render

router = console_router("/console")

HOME = "/console/default/get-started"
NAME_ERRORS = (OperatorNameInvalid, OperatorNameTaken)
PASSWORD_ERRORS = (
    OperatorPasswordTooShort,
    OperatorPasswordTooLong,
    OperatorPasswordTooCommon,
)
LANGUAGE_SECONDS = 365 * 24 * 3600


@router.get("")
@router.get("/")
async def front(request: Request, server: ConsoleServer) -> Response:
    """Lead to where this browser can go on."""
    try:
        await half_visit(request, server)
    except OperatorNotSignedIn:
        return RedirectResponse("/console/sign-in", 303)
    return RedirectResponse(HOME, 303)


@router.get("/setup")
async def show_setup(request: Request, server: ConsoleServer, token: str = "") -> Response:
    """Show what the one-time link is for; looking does not use it up."""
    try:
        invitation = await server.operators.get_invitation(token)
    except InvitationNotUsable as error:
        return _page(
            request,
            server,
            "link_unusable.html",
            status_code=status_of(error),
            has_operators=await server.operators.has_any(),
        )
    return _page(request, server, "setup.html", token=token, invitation=invitation)


@router.post("/setup")
async def set_up(request: Request, server: ConsoleServer) -> Response:
    """Use the link up: create the operator and let them in."""
    form = await request.form()
    token, username = text_of(form, "token"), text_of(form, "username")
    try:
        opened = await server.operators.accept_invitation(
            token, username, text_of(form, "password")
        )
    except (*NAME_ERRORS, *PASSWORD_ERRORS) as error:
        return _page(
            request,
            server,
            "setup.html",
            status_code=status_of(error),
            token=token,
            username=username,
            invitation=await server.operators.get_invitation(token),
            errors={
                "username" if isinstance(error, NAME_ERRORS) else "password": message_of(
                    request, error
                )
            },
        )
    except InvitationNotUsable:
        return await show_setup(request, server, token)
    await _record(request, "operator.created", opened)
    return _let_in(request, opened, HOME)


@router.get("/sign-in")
async def show_sign_in(request: Request, server: ConsoleServer) -> Response:
    """Ask for user name and password; before the first operator, say how to make one."""
    if not await server.operators.has_any():
        return _page(request, server, "no_operator.html")
    return _page(request, server, "sign_in.html", next=_local(request.query_params.get("next")))


@router.post("/sign-in")
async def sign_in(request: Request, server: ConsoleServer) -> Response:
    """Open a session, or a half one where a second factor is on."""
    form = await request.form()
    username, onwards = text_of(form, "username"), _local(text_of(form, "next"))
    try:
        opened = await server.operators.sign_in(username, text_of(form, "password"))
    except InvalidOperatorCredentials as error:
        await request.state.scope.audit.record(
            "operator.sign_in", Actor("operator", "unknown"), error=error
        )
        return _page(
            request,
            server,
            "sign_in.html",
            status_code=status_of(error),
            next=onwards,
            username=username,
            problem=message_of(request, error),
        )
    if opened.visit.session.needs_second_factor:
        return _let_in(request, opened, f"/console/second-factor?next={onwards}")
    await _record(request, "operator.sign_in", opened)
    return _let_in(request, opened, onwards)


@router.get("/second-factor")
async def show_second_factor(request: Request, server: ConsoleServer, visit: HalfVisit) -> Response:
    """Ask for the authenticator's code."""
    onwards = _local(request.query_params.get("next"))
    return _page(request, server, "second_factor.html", csrf=visit.session.csrf_token, next=onwards)


@router.post("/second-factor")
async def verify_second_factor(
    request: Request, server: ConsoleServer, visit: HalfVisit
) -> Response:
    """Finish the sign-in."""
    form = await request.form()
    onwards = _local(text_of(form, "next"))
    try:
        opened = await server.operators.verify_second_factor(visit, text_of(form, "code"))
    except InvalidSecondFactor as error:
        await request.state.scope.audit.record(
            "operator.sign_in", _actor(visit), payload={"second_factor": True}, error=error
        )
        return _page(
            request,
            server,
            "second_factor.html",
            status_code=status_of(error),
            csrf=visit.session.csrf_token,
            next=onwards,
            problem=message_of(request, error),
        )
    await _record(request, "operator.sign_in", opened, second_factor=True)
    return _let_in(request, opened, onwards)


@router.post("/sign-out")
async def sign_out(request: Request, server: ConsoleServer, visit: HalfVisit) -> Response:
    """End the session on the server and in the browser."""
    await server.operators.sign_out(visit)
    await request.state.scope.audit.record("operator.sign_out", _actor(visit))
    response = RedirectResponse("/console/sign-in", 303)
    delete_cookie(request, response, CONSOLE)
    return response


@router.post("/appearance")
async def set_appearance(request: Request, server: ConsoleServer, desk: OwnDesk) -> Response:
    """Remember language or theme, and come back."""
    form = await request.form()
    language, theme = text_of(form, "language"), text_of(form, "theme")
    operator = desk.operator
    await server.operators.set_preferences(
        operator,
        language=language if language in server.phrases.languages else operator.language,
        theme=operator.theme if not theme else None if theme == "system" else theme[:8],
    )
    response = RedirectResponse(_local(text_of(form, "next")), 303)
    if language in server.phrases.languages:
        _remember_language(response, language)
    return response


def _page(
    request: Request,
    server: ServerScope,
    template: str,
    *,
    status_code: int = 200,
    **context: Any,
) -> Response:
    chosen = request.query_params.get("lang", "")
    if chosen in server.phrases.languages:
        request.state.languages = (chosen, *request.state.languages)
    response = render(
        request,
        f"console/{template}",
        status_code=status_code,
        languages=language_names(server),
        language_address=lambda tag: str(request.url.include_query_params(lang=tag)),
        **context,
    )
    if chosen in server.phrases.languages:
        _remember_language(response, chosen)
    return response


def _remember_language(response: Response, language: str) -> None:
    response.set_cookie("lang", language, max_age=LANGUAGE_SECONDS, path="/", samesite="lax")


def _let_in(request: Request, opened: OpenedSession, address: str) -> Response:
    request.state.console_token = opened.token
    return RedirectResponse(address, 303)


def _local(address: str | None) -> str:
    """Return an address of the console, whatever was asked for: no open redirects."""
    is_ours = bool(address) and str(address).startswith("/console/") and "\\" not in str(address)
    return str(address) if is_ours and "://" not in str(address) else HOME


async def _record(request: Request, event: str, opened: OpenedSession, **payload: Any) -> None:
    await request.state.scope.audit.record(event, _actor(opened.visit), payload=payload)


def _actor(visit: Visit) -> Actor:
    return Actor("operator", visit.operator.id, visit.operator.username)
