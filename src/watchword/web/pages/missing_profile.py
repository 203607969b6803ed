"""Ask for what the tenant wants to know and the account lacks: user name, password, number."""

from fastapi import APIRouter
from starlette.responses import Response

from watchword.core.errors import DomainError
from watchword.users.models import Identifier, IdentifierType
from watchword.web.joining import join
from watchword.web.pages import steps
from watchword.web.pages.visit import Looking, PageRoute, Posting, Visit, refused_on

router = APIRouter(route_class=PageRoute, include_in_schema=False)


def _is_open(visit: Visit) -> bool:
    profile = visit.interaction.state.profile
    return visit.interaction.is_identified or not profile.is_empty


async def username_screen(visit: Visit, error: DomainError | None = None) -> Response:
    """Ask for a user name."""
    return field_screen(visit, error, "username", ("username",))


def field_screen(
    visit: Visit, error: DomainError | None, asked: str, types: tuple[IdentifierType, ...]
) -> Response:
    """Ask for what the account lacks, in one field."""
    if not _is_open(visit):
        return visit.go("/sign-in")
    return visit.show(
        "missing.html",
        error,
        here=f"/continue/{asked}",
        asked=asked.replace("-", "_"),
        field=visit.identifier_field(types, is_new=True),
        terms=None,
        error_words=visit.words(error),
    )


async def password_screen(visit: Visit, error: DomainError | None = None) -> Response:
    """Ask for a password."""
    if not _is_open(visit):
        return visit.go("/sign-in")
    known = _known_as(visit)
    return visit.show(
        "new_password.html",
        error,
        action="/continue/password",
        shown_identifier=known and steps.shown(known),
        typed=steps.typed(known) if known else "",
        min_length=steps.shortest_password(visit),
        agreed=False,
        terms=None,
        error_words=visit.words(error),
    )


def _known_as(visit: Visit) -> Identifier | None:
    profile = visit.interaction.state.profile
    if profile.username:
        return Identifier("username", profile.username)
    if profile.email:
        return Identifier("email", profile.email)
    return Identifier("phone", profile.phone) if profile.phone else None


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


def _router_of(asked: str, types: tuple[IdentifierType, ...]) -> APIRouter:
    router = APIRouter(route_class=PageRoute, include_in_schema=False)

    async def screen(visit: Visit, error: DomainError | None = None) -> Response:
        return field_screen(visit, error, asked, types)

    @router.get(f"/continue/{asked}")
    async def show_field(visit: Looking) -> Response:
        """Ask for a number or an address."""
        return await screen(visit)

    @router.post(f"/continue/{asked}")
    @refused_on(screen)
    async def enter_identifier(visit: Posting) -> Response:
        """Send a code there, unless one went there a moment ago."""
        identifier = visit.read_identifier(types)
        if not await steps.is_on_its_way(visit, identifier):
            await steps.send_another(visit, identifier)
        return visit.go("/continue/verification-code")

    return router


ASKED: dict[str, tuple[IdentifierType, ...]] = {
    "phone": ("phone",),
    "email": ("email",),
    "email-or-phone": ("email", "phone"),
}
for _asked, _types in ASKED.items():
    join(router, _router_of(_asked, _types))
