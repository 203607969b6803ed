"""Create an account: by phone and code, or by user name and password."""

from fastapi import APIRouter
from starlette.responses import Response

from watchword.core.errors import DomainError
from watchword.interactions.models import InteractionEvent
from watchword.web.pages import providers, steps
from watchword.web.pages.errors import AgreementMissing
from watchword.web.pages.visit import Looking, PageRoute, Posting, Visit, refused_on

router = APIRouter(route_class=PageRoute, include_in_schema=False)

ABOUT_USERNAME = {
    "form.username_missing",
    "user.invalid_username",
    "user.username_already_in_use",
    "user.username_rejected",
}


async def register_screen(visit: Visit, error: DomainError | None = None) -> Response:
    """Show the first page of sign-up."""
    types = steps.sign_up_types(visit)
    is_agreement = isinstance(error, AgreementMissing)
    words = visit.words(error)
    field = visit.identifier_field(types, is_new=True) if types else None
    return visit.show(
        "identifier.html",
        error,
        flow="register",
        field=field,
        has_password=False,
        action="/register",
        button="button_next" if "username" in types else "button_code",
        other="/sign-in" if visit.settings.allows_sign_in else None,
        providers=await providers.providers_of(visit),
        leave="/register/social",
        terms=visit.terms(is_registration=True),
        agreed=visit.form.has("agree"),
        errors={
            "identifier": None if is_agreement else words,
            "password": None,
            "agreement": words if is_agreement else None,
        },
    )


async def password_screen(visit: Visit, error: DomainError | None = None) -> Response:
    """Show the page where a password is chosen; a user name that won't do leads back."""
    username = visit.form.text("identifier")
    if not username or (error is not None and error.code in ABOUT_USERNAME):
        return await register_screen(visit, error)
    return visit.show(
        "new_password.html",
        error,
        action="/register/password",
        shown_identifier=username,
        typed=username,
        min_length=steps.shortest_password(visit),
        agreed=visit.form.has("agree"),
        terms=None,
        error_words=visit.words(error),
    )


@router.get("/register")
@router.get("/identifier-register")
async def show_register(visit: Looking) -> Response:
    """Show the first page of sign-up."""
    ways = steps.sign_up_types(visit) or await providers.providers_of(visit)
    if not (visit.settings.allows_register and ways):
        return visit.go("/sign-in")
    return await register_screen(visit)


@router.post("/register")
@refused_on(register_screen)
async def enter_identifier(visit: Posting) -> Response:
    """Go on with the identifier: text a code, or ask for a new password."""
    identifier = visit.read_identifier(steps.sign_up_types(visit))
    visit.require_agreement(is_registration=True)
    if identifier.type in steps.CODES:
        await steps.send_code(visit, identifier, InteractionEvent.REGISTER)
        return visit.go("/register/verification-code")
    # Said now rather than after a password was thought up for it.
    await visit.scope.interactions.proofs.check_new_username(identifier.value)
    return await password_screen(visit)


@router.get("/register/password")
async def show_password(visit: Looking) -> Response:
    """Lead back to the start: the user name comes with the form."""
    return visit.go("/register")


@router.post("/register/password")
@refused_on(password_screen)
async def enter_password(visit: Posting) -> Response:
    """Create the account with the user name and the password, then finish."""
    visit.require_agreement(is_registration=True)
    identifier = visit.read_identifier(("username",))
    password = visit.form.password()
    interaction = await steps.begin(visit, InteractionEvent.REGISTER)
    record = await visit.scope.interactions.new_password_identity(interaction, identifier, password)
    return await steps.identify(await steps.again(visit), record.id)
