"""Ask for what the tenant wants to know and the account lacks: user name, password, number."""

from fastapi import APIRouter
from starlette.responses import Response

from watchword.core.errors import DomainError
from watchword.core.phone import PhoneNumber
from watchword.users.models import Identifier, IdentifierType
from watchword.web.pages import steps
from watchword.web.pages.visit import Looking, PageRoute, Posting, Visit, refused_on

router = APIRouter(route_class=PageRoute, include_in_schema=False)


def _is_open(visit: Visit) -> bool:
    profile = visit.interaction.state.profile
    return visit.interaction.is_identified or not profile.is_empty


async def username_screen(visit: Visit, error: DomainError | None = None) -> Response:
    """Ask for a user name."""
    return _field_screen(visit, error, "username")


async def phone_screen(visit: Visit, error: DomainError | None = None) -> Response:
    """Ask for a phone number."""
    return _field_screen(visit, error, "phone")


def _field_screen(visit: Visit, error: DomainError | None, identifier: IdentifierType) -> Response:
    if not _is_open(visit):
        return visit.go("/sign-in")
    return visit.show(
        "missing.html",
        error,
        here=f"/continue/{identifier}",
        asked=identifier,
        field=visit.identifier_field((identifier,), is_new=True),
        terms=None,
        error_words=visit.words(error),
    )


async def password_screen(visit: Visit, error: DomainError | None = None) -> Response:
    """Ask for a password."""
    if not _is_open(visit):
        return visit.go("/sign-in")
    profile = visit.interaction.state.profile
    known = profile.username or (profile.phone and steps.shown(Identifier("phone", profile.phone)))
    return visit.show(
        "new_password.html",
        error,
        action="/continue/password",
        shown_identifier=known,
        typed=profile.username or (profile.phone and f"+{profile.phone}") or "",
        min_length=steps.shortest_password(visit),
        agreed=False,
        terms=None,
        error_words=visit.words(error),
    )


@router.get("/continue/username")
async def show_username(visit: Looking) -> Response:
    """Ask for a user name."""
    return await username_screen(visit)


@router.post("/continue/username")
@refused_on(username_screen)
async def enter_username(visit: Posting) -> Response:
    """Add the user name, then go on."""
    identifier = visit.read_identifier(("username",))
    await visit.scope.interactions.set_username(visit.interaction, identifier.value)
    return await steps.after_profile(await steps.again(visit))


@router.get("/continue/password")
async def show_password(visit: Looking) -> Response:
    """Ask for a password."""
    return await password_screen(visit)


@router.post("/continue/password")
@refused_on(password_screen)
async def enter_password(visit: Posting) -> Response:
    """Add the password, then go on."""
    await visit.scope.interactions.set_password(visit.interaction, visit.form.password())
    return await steps.after_profile(await steps.again(visit))


@router.get("/continue/phone")
async def show_phone(visit: Looking) -> Response:
    """Ask for a phone number."""
    return await phone_screen(visit)


@router.post("/continue/phone")
@refused_on(phone_screen)
async def enter_phone(visit: Posting) -> Response:
    """Text a code to the number, unless one went there a moment ago."""
    identifier = visit.read_identifier(("phone",))
    phone = PhoneNumber.from_digits(identifier.value)
    if not await steps.is_on_its_way(visit, phone):
        await steps.send_another(visit, phone)
    return visit.go("/continue/verification-code")
