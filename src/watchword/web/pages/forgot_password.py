"""Forgot password: a code to the number or address, then another password."""

from dataclasses import replace

from fastapi import APIRouter
from starlette.responses import Response

from watchword.core.errors import DomainError
from watchword.web.pages import steps
from watchword.web.pages.visit import Looking, PageRoute, Posting, Visit, refused_on

router = APIRouter(route_class=PageRoute, include_in_schema=False)


async def identifier_screen(visit: Visit, error: DomainError | None = None) -> Response:
    """Ask for the number or address of the account."""
    types = visit.asked_for(await steps.recovery_types(visit))
    if not types:
        return visit.go("/sign-in")
    return visit.show(
        "identifier.html",
        error,
        flow="forgot_password",
        field=visit.identifier_field(types),
        has_password=False,
        action="/forgot-password",
        button="button_code",
        other="/sign-in" if visit.settings.allows_sign_in else None,
        terms=None,
        errors={"identifier": visit.words(error), "password": None, "agreement": None},
    )


async def password_screen(visit: Visit, error: DomainError | None = None) -> Response:
    """Ask for the new password of the person whose number or address was confirmed."""
    if not _is_open(visit):
        return visit.go("/forgot-password")
    record = steps.code_record(visit)
    return visit.show(
        "new_password.html",
        error,
        title="title_again",
        action="/forgot-password/reset",
        shown_identifier=steps.shown(record.identifier) if record else None,
        typed=steps.typed(record.identifier) if record else "",
        min_length=steps.shortest_password(visit),
        agreed=False,
        terms=None,
        error_words=visit.words(error),
    )


def _is_open(visit: Visit) -> bool:
    return visit.interaction.event is steps.FORGOT and visit.interaction.is_identified


@router.get("/forgot-password")
@router.get("/reset-password")
async def show_forgot_password(visit: Looking) -> Response:
    """Ask whose password was forgotten."""
    return await identifier_screen(visit)


@router.post("/forgot-password")
@refused_on(identifier_screen)
async def enter_identifier(visit: Posting) -> Response:
    """Send a code, or seem to where there is no such account."""
    types = visit.asked_for(await steps.recovery_types(visit))
    identifier = visit.read_identifier(types)
    await steps.send_code(visit, identifier, steps.FORGOT)
    return visit.go("/forgot-password/verification-code")


@router.get("/forgot-password/reset")
async def show_reset(visit: Looking) -> Response:
    """Ask for the new password."""
    return await password_screen(visit)


@router.post("/forgot-password/reset")
@refused_on(password_screen)
async def enter_password(visit: Posting) -> Response:
    """Set the new password; the person then signs in with it."""
    if not _is_open(visit):
        return visit.go("/forgot-password")
    interactions = visit.scope.interactions
    ready = await interactions.set_new_password(visit.interaction, visit.form.password())
    return await steps.finish(replace(visit, interaction=ready))


@router.get("/forgot-password/changed")
async def show_changed(visit: Looking) -> Response:
    """Say that the password was changed, and lead to signing in with it."""
    return visit.show("changed.html")
