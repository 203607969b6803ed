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
    text_of,
)
from watchword.web.console.kept_forms import KeptForm
from watchword.web.console.plain_pages import plain_page, remember_language
from watchword.web.console.routing import console_router
from watchword.web.cookies import CONSOLE, delete_cookie
from watchword.web.problems import message_of, status_of
from watchword.web.scope import ServerScope

router = console_router("/console")

HOME = "/console/default/get-started"
NAME_ERRORS = (OperatorNameInvalid, OperatorNameTaken)
PASSWORD_ERRORS = (
    OperatorPasswordTooShort,
    OperatorPasswordTooLong,
    OperatorPasswordTooCommon,
)


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
        return plain_page(
            request,
            server,
            "link_unusable.html",
            status_code=status_of(error),
            has_operators=await server.operators.has_any(),
        )
    return plain_page(request, server, "setup.html", token=token, invitation=invitation)


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
        return plain_page(
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
        return plain_page(request, server, "no_operator.html")
    return plain_page(
        request, server, "sign_in.html", next=_local(request.query_params.get("next"))
    )


@router.post("/sign-in")
async def sign_in(request: Request, server: ConsoleServer) -> Response:
    """Open a session, or a half one where a second factor is on."""
    form = await request.form()
    username, onwards = text_of(form, "username"), _local(text_of(form, "next"))
    kept = KeptForm.carried(form)
    try:
        opened = await server.operators.sign_in(username, text_of(form, "password"))
    except InvalidOperatorCredentials as error:
        await request.state.scope.audit.record(
            "operator.sign_in", Actor("operator", "unknown"), error=error
        )
        return plain_page(
            request,
            server,
            "sign_in.html",
            status_code=status_of(error),
            next=onwards,
            kept=kept,
            username=username,
            problem=message_of(request, error),
        )
    if opened.visit.session.needs_second_factor:
        if kept is not None:
            return _ask_for_code(request, server, opened, kept)
        return _let_in(request, opened, f"/console/second-factor?next={onwards}")
    await _record(request, "operator.sign_in", opened)
    return _let_in(request, opened, onwards, kept)


@router.get("/second-factor")
async def show_second_factor(request: Request, server: ConsoleServer, visit: HalfVisit) -> Response:
    """Ask for the authenticator's code."""
    onwards = _local(request.query_params.get("next"))
    return plain_page(
        request, server, "second_factor.html", csrf=visit.session.csrf_token, next=onwards
    )


@router.post("/second-factor")
async def verify_second_factor(
    request: Request, server: ConsoleServer, visit: HalfVisit
) -> Response:
    """Finish the sign-in."""
    form = await request.form()
    onwards, kept = _local(text_of(form, "next")), KeptForm.carried(form)
    try:
        opened = await server.operators.verify_second_factor(visit, text_of(form, "code"))
    except InvalidSecondFactor as error:
        await request.state.scope.audit.record(
            "operator.sign_in", _actor(visit), payload={"second_factor": True}, error=error
        )
        return plain_page(
            request,
            server,
            "second_factor.html",
            status_code=status_of(error),
            csrf=visit.session.csrf_token,
            next=onwards,
            kept=kept,
            problem=message_of(request, error),
        )
    await _record(request, "operator.sign_in", opened, second_factor=True)
    return _let_in(request, opened, onwards, kept)


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
        remember_language(response, language)
    return response


def _let_in(
    request: Request, opened: OpenedSession, address: str, kept: KeptForm | None = None
) -> Response:
    """Go on to an address, or to a form that was filled in before the session ended."""
    request.state.console_token = opened.token
    if kept is None:
        return RedirectResponse(address, 303)
    server: ServerScope = request.app.state.server
    return plain_page(
        request,
        server,
        "kept_form.html",
        kept=kept,
        csrf=opened.visit.session.csrf_token,
        home=HOME,
    )


def _ask_for_code(
    request: Request, server: ServerScope, opened: OpenedSession, kept: KeptForm
) -> Response:
    request.state.console_token = opened.token
    csrf = opened.visit.session.csrf_token
    return plain_page(request, server, "second_factor.html", csrf=csrf, next=HOME, kept=kept)


def _local(address: str | None) -> str:
    """Return an address of the console, whatever was asked for: no open redirects."""
    is_ours = bool(address) and str(address).startswith("/console/") and "\\" not in str(address)
    return str(address) if is_ours and "://" not in str(address) else HOME


async def _record(request: Request, event: str, opened: OpenedSession, **payload: Any) -> None:
    await request.state.scope.audit.record(event, _actor(opened.visit), payload=payload)


def _actor(visit: Visit) -> Actor:
    return Actor("operator", visit.operator.id, visit.operator.username)
