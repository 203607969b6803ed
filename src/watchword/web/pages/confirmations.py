"""A number was confirmed, but for the other story: create an account, or sign in to it."""

from fastapi import APIRouter
from starlette.responses import Response

from watchword.core.errors import DomainError
from watchword.interactions.models import InteractionEvent
from watchword.verification.models import VerificationRecord
from watchword.web.pages import steps
from watchword.web.pages.visit import Looking, PageRoute, Posting, Visit, refused_on

router = APIRouter(route_class=PageRoute, include_in_schema=False)


def confirmed_record(visit: Visit) -> VerificationRecord | None:
    """Return the confirmed number or address of a visit that nobody is identified in yet."""
    record = steps.code_record(visit)
    is_open = record is not None and record.is_verified and not visit.interaction.is_identified
    return record if is_open else None


def _screen(
    visit: Visit, error: DomainError | None, *, question: str, start: str, is_registration: bool
) -> Response:
    record = confirmed_record(visit)
    if record is None:
        return visit.go(start)
    return visit.show(
        "confirm.html",
        error,
        question=question,
        here=visit.request.url.path,
        start=start,
        by=record.identifier.type,
        masked=record.identifier.masked,
        terms=visit.terms(is_registration=is_registration),
        agreed=visit.form.has("agree"),
        error_words=visit.words(error),
    )


async def no_account_screen(visit: Visit, error: DomainError | None = None) -> Response:
    """Offer to create an account with the confirmed number."""
    return _screen(visit, error, question="no_account", start="/sign-in", is_registration=True)


async def has_account_screen(visit: Visit, error: DomainError | None = None) -> Response:
    """Offer to sign in to the account that has the confirmed number."""
    return _screen(visit, error, question="has_account", start="/register", is_registration=False)


@router.get("/sign-in/no-account")
async def show_no_account(visit: Looking) -> Response:
    """Ask whether to create an account."""
    return await no_account_screen(visit)


@router.post("/sign-in/no-account")
@refused_on(no_account_screen)
async def create_account(visit: Posting) -> Response:
    """Create an account with the number that was confirmed for signing in."""
    visit.require_agreement(is_registration=True)
    return await _turn(visit, InteractionEvent.REGISTER, start="/sign-in")


@router.get("/register/has-account")
async def show_has_account(visit: Looking) -> Response:
    """Ask whether to sign in instead."""
    return await has_account_screen(visit)


@router.post("/register/has-account")
@refused_on(has_account_screen)
async def sign_in_instead(visit: Posting) -> Response:
    """Sign in with the number that was confirmed for signing up."""
    visit.require_agreement(is_registration=False)
    return await _turn(visit, InteractionEvent.SIGN_IN, start="/register")


async def _turn(visit: Visit, event: InteractionEvent, *, start: str) -> Response:
    record = confirmed_record(visit)
    if record is None:
        return visit.go(start)
    await visit.scope.interactions.switch_event(visit.interaction, event)
    return await steps.identify(await steps.again(visit), record.id)
