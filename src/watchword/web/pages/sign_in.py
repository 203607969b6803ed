"""Sign in: who one is, then a code or a password."""

from fastapi import APIRouter
from starlette.responses import Response

from watchword.core.errors import DomainError
from watchword.interactions.models import InteractionEvent
from watchword.sign_in_settings.sections import SignInMethod
from watchword.users.models import Identifier, IdentifierType
from watchword.web.pages import providers, steps
from watchword.web.pages.errors import AgreementMissing
from watchword.web.pages.visit import Looking, PageRoute, Posting, Visit, refused_on

router = APIRouter(route_class=PageRoute, include_in_schema=False)

PASSWORD_ERRORS = {"form.password_missing", "session.invalid_credentials"}


def methods_of(visit: Visit) -> tuple[SignInMethod, ...]:
    """Return the ways to sign in that are on and that the application wants to see."""
    usable = [
        method for method in visit.settings.sign_in.methods if method.password or has_code(method)
    ]
    wanted = visit.asked_for(tuple(method.identifier for method in usable))
    return tuple(method for method in usable if method.identifier in wanted)


def has_code(method: SignInMethod | None) -> bool:
    """Tell whether a code signs in with this identifier."""
    return method is not None and method.identifier in steps.CODES and method.verification_code


def types_of(visit: Visit) -> tuple[IdentifierType, ...]:
    """Return the identifiers that the sign-in field takes."""
    return tuple(method.identifier for method in methods_of(visit))


async def sign_in_screen(visit: Visit, error: DomainError | None = None) -> Response:
    """Show the first page: the identifier, with the password where nothing but it will do."""
    methods = methods_of(visit)
    offered = await providers.providers_of(visit)
    wants_password = bool(methods) and not any(has_code(method) for method in methods)
    has_password = any(method.password for method in methods)
    field = None
    if methods:
        field = visit.identifier_field(types_of(visit), has_password=has_password)
    button = "button_code" if field and not has_password else "button_next"
    return visit.show(
        "identifier.html",
        error,
        flow="sign_in",
        field=field,
        has_password=wants_password,
        action="/sign-in/password" if wants_password else "/sign-in",
        button="button_password" if wants_password else button,
        recovery=wants_password and await steps.recovery_types(visit),
        other="/register"
        if visit.settings.allows_register and (steps.sign_up_types(visit) or offered)
        else None,
        providers=offered,
        leave="/sign-in/social",
        terms=visit.terms(is_registration=False),
        agreed=visit.form.has("agree"),
        errors=_errors_by_field(visit, error),
    )


def _errors_by_field(visit: Visit, error: DomainError | None) -> dict[str, str | None]:
    words = visit.words(error)
    is_password = error is not None and error.code in PASSWORD_ERRORS
    is_agreement = isinstance(error, AgreementMissing)
    return {
        "identifier": None if is_password or is_agreement else words,
        "password": words if is_password else None,
        "agreement": words if is_agreement else None,
    }


async def password_screen(visit: Visit, error: DomainError | None = None) -> Response:
    """Show the password page for the identifier that was typed, or that a code went to."""
    methods = methods_of(visit)
    if not any(has_code(method) for method in methods) and methods:
        return await sign_in_screen(visit, error)
    identifier = _identifier_at_hand(visit)
    method = visit.settings.sign_in.method(identifier.type) if identifier else None
    if identifier is None or method is None or not method.password:
        return visit.go("/sign-in") if error is None else await sign_in_screen(visit, error)
    return visit.show(
        "password.html",
        error,
        identifier=identifier,
        shown_identifier=steps.shown(identifier),
        typed=steps.typed(identifier),
        has_code=has_code(method),
        recovery=await steps.recovery_types(visit),
        # Who waits for a code has ticked the box before it was sent.
        agreed=visit.form.has("agree") or not visit.form.fields,
        terms=None,
        error_words=visit.words(error),
    )


def _identifier_at_hand(visit: Visit) -> Identifier | None:
    if visit.form.text("identifier"):
        try:
            return visit.read_identifier(types_of(visit))
        except DomainError:
            return None
    record = steps.code_record(visit)
    return record.identifier if record else None


@router.get("/sign-in")
@router.get("/identifier-sign-in")
async def show_sign_in(visit: Looking) -> Response:
    """Show the first page."""
    if not visit.settings.allows_sign_in:
        return visit.go("/register")
    return await sign_in_screen(visit)


@router.post("/sign-in")
@refused_on(sign_in_screen)
async def enter_identifier(visit: Posting) -> Response:
    """Go on with the identifier: text a code, or ask for the password."""
    identifier = visit.read_identifier(types_of(visit))
    visit.require_agreement(is_registration=False)
    method = visit.settings.sign_in.method(identifier.type)
    is_code_asked = visit.form.text("way") == "code"
    if has_code(method) and (is_code_asked or not _is_password_first(method)):
        await steps.send_code(visit, identifier, InteractionEvent.SIGN_IN)
        return visit.go("/sign-in/verification-code")
    return await password_screen(visit)


def _is_password_first(method: SignInMethod | None) -> bool:
    return method is not None and method.password and method.is_password_primary


@router.get("/sign-in/password")
async def show_password(visit: Looking) -> Response:
    """Show the password page to someone who waits for a code."""
    return await password_screen(visit)


@router.post("/sign-in/password")
@refused_on(password_screen)
async def enter_password(visit: Posting) -> Response:
    """Check the password and finish."""
    identifier = visit.read_identifier(types_of(visit))
    visit.require_agreement(is_registration=False)
    return await steps.sign_in_with_password(visit, identifier, visit.form.password())
