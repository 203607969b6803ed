"""An operator's own account: password, second factor, sessions."""

from typing import Any

from starlette.responses import Response

from watchword.core.email import InvalidEmailAddress
from watchword.core.errors import DomainError
from watchword.operators.errors import InvalidOperatorCredentials, InvalidSecondFactor
from watchword.web.console.desk import Desk, OwnDesk, text_of
from watchword.web.console.routing import console_router
from watchword.web.qr_codes import drawing_of

router = console_router("/console/{tenant}/profile")


@router.get("")
async def show_profile(desk: OwnDesk) -> Response:
    """Show the account and its sessions."""
    return await _page(desk)


@router.post("/password")
async def change_password(desk: OwnDesk) -> Response:
    """Replace the password; other sessions end."""
    form = await desk.form()
    operators = desk.server.operators
    try:
        digest = await operators.check_new_password(
            desk.visit, text_of(form, "present"), text_of(form, "new")
        )
    except InvalidOperatorCredentials:
        problem = desk.text("console.profile.present_wrong")
        return await _page(desk, present_problem=problem, status_code=422)
    except DomainError as error:
        return await _page(desk, password_problem=desk.message(error), status_code=422)
    async with desk.server.storage.transaction() as tx:
        await operators.set_password(desk.visit, digest, tx=tx)
        await desk.scope.audit.record("operator.password_changed", desk.actor, tx=tx)
    return desk.go("profile", done="password_changed")


@router.post("/alerts")
async def set_alerts(desk: OwnDesk) -> Response:
    """Remember where to write when a connector needs a look."""
    address = text_of(await desk.form(), "alert_email")
    try:
        async with desk.server.storage.transaction() as tx:
            await desk.server.operators.set_alert_email(desk.operator, address, tx=tx)
            await desk.scope.audit.record("operator.alerts_changed", desk.actor, tx=tx)
    except InvalidEmailAddress as error:
        return await _page(
            desk, alert_problem=desk.message(error), alert_email=address, status_code=422
        )
    return desk.go("profile", done="saved")


@router.post("/second-factor/begin")
async def begin_second_factor(desk: OwnDesk) -> Response:
    """Show a secret for an authenticator app."""
    await desk.prove_fresh()
    return _enrolment_page(desk, desk.server.operators.begin_totp(desk.operator))


@router.post("/second-factor/enable")
async def enable_second_factor(desk: OwnDesk) -> Response:
    """Turn it on with a first code, and show the recovery codes this once."""
    await desk.prove_fresh()
    form = await desk.form()
    sealed = text_of(form, "sealed")
    try:
        async with desk.server.storage.transaction() as tx:
            codes = await desk.server.operators.enable_totp(
                desk.operator, sealed, text_of(form, "code"), tx=tx
            )
            await desk.scope.audit.record("operator.second_factor_on", desk.actor, tx=tx)
    except InvalidSecondFactor as error:
        enrolment = desk.server.operators.resume_totp(desk.operator, sealed)
        return _enrolment_page(desk, enrolment, problem=desk.message(error), status_code=422)
    return desk.render("recovery_codes.html", codes=codes)


@router.post("/second-factor/disable")
async def disable_second_factor(desk: OwnDesk) -> Response:
    """Turn it off."""
    await desk.prove_fresh()
    async with desk.server.storage.transaction() as tx:
        await desk.server.operators.disable_totp(desk.operator, tx=tx)
        await desk.scope.audit.record("operator.second_factor_off", desk.actor, tx=tx)
    return desk.go("profile", done="second_factor_off")


@router.post("/sessions/end")
async def end_session(desk: OwnDesk) -> Response:
    """End one session, or all others."""
    session = text_of(await desk.form(), "session")
    async with desk.server.storage.transaction() as tx:
        if session == "others":
            await desk.server.operators.end_other_sessions(desk.visit, tx=tx)
        else:
            await desk.server.operators.end_session(desk.operator, session, tx=tx)
        await desk.scope.audit.record("operator.sessions_ended", desk.actor, tx=tx)
    return desk.go("profile", done="session_ended")


async def _page(desk: Desk, **context: Any) -> Response:
    return desk.render(
        "profile.html",
        **{
            "sessions": await desk.server.operators.list_sessions(desk.operator),
            "password_problem": "",
            "present_problem": "",
            "alert_problem": "",
            **context,
        },
    )


def _enrolment_page(desk: Desk, enrolment: Any, **context: Any) -> Response:
    return desk.render(
        "second_factor_new.html",
        **{
            "enrolment": enrolment,
            "drawing": drawing_of(enrolment.uri),
            "problem": "",
            **context,
        },
    )
