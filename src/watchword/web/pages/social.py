"""Social sign-in: go to the provider, come back, and say which account it is."""

import hmac
from collections.abc import Awaitable, Callable
from urllib.parse import quote

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from watchword.account.step_up import is_account_flow
from watchword.connector_kit.errors import AuthorizationDenied
from watchword.core.digests import digest_of_token
from watchword.core.errors import DomainError
from watchword.interactions.errors import SessionNotFound
from watchword.oidc.models import FirstScreen
from watchword.social.errors import StateMismatch
from watchword.social.models import SocialVerification
from watchword.web.cookies import interaction_tokens, read_interaction_token
from watchword.web.pages import failures, providers, register, sign_in, steps
from watchword.web.pages.forms import Form
from watchword.web.pages.visit import (
    ENDS_VISIT,
    FAULTS,
    Looking,
    PageRoute,
    Posting,
    Visit,
    redirect,
    visit_of,
)
from watchword.web.scope import Scope, TenantScope

router = APIRouter(route_class=PageRoute, include_in_schema=False)

FALLBACKS: frozenset[FirstScreen] = frozenset(
    {"sign-in", "register", "reset-password", "identifier-sign-in", "identifier-register"}
)


# There.


@router.post("/sign-in/social/{connector_id}")
async def leave_from_sign_in(connector_id: str, visit: Posting) -> Response:
    """Go to the provider from the sign-in page."""
    return await _leave(visit, connector_id, sign_in.sign_in_screen, is_registration=False)


@router.post("/register/social/{connector_id}")
async def leave_from_register(connector_id: str, visit: Posting) -> Response:
    """Go to the provider from the sign-up page."""
    return await _leave(visit, connector_id, register.register_screen, is_registration=True)


async def _leave(
    visit: Visit,
    connector_id: str,
    screen: Callable[[Visit, DomainError | None], Awaitable[Response]],
    *,
    is_registration: bool,
) -> Response:
    try:
        visit.require_agreement(is_registration=is_registration)
        return await providers.depart(visit, connector_id)
    except DomainError as error:
        if error.code in ENDS_VISIT or error.code in FAULTS:
            raise
        return await screen(visit, error)


@router.get("/direct/social/{target}")
async def go_directly(target: str, visit: Looking, fallback: str = "sign-in") -> Response:
    """Go to the provider that the application named, or to the first page without it."""
    provider = await providers.provider_named(visit, target)
    terms = visit.terms(is_registration=False)
    # Where the terms have to be ticked first, there is a page to do that on.
    if provider is None or terms == "check":
        return visit.go(f"/{fallback if fallback in FALLBACKS else 'sign-in'}")
    try:
        return await providers.depart(visit, provider.connector_id)
    except DomainError as error:
        if error.code in ENDS_VISIT or error.code in FAULTS:
            raise
        return await _failed(visit, error, provider.connector_id)


# And back.


@router.get("/callback/{connector_id}")
@router.get("/callback/social/{connector_id}")
async def come_back(connector_id: str, request: Request, scope: Scope) -> Response:
    """Take the provider's answer, which must be to a try of this very browser."""
    answer = providers.answer_of(request)
    proof = await scope.social.find_by_state(answer.get("state", ""))
    if proof is not None and is_account_flow(proof.flow_id):
        # Somebody who is signed in adds it to their account.
        return redirect(f"/account/social/{quote(proof.target, safe='')}/back?{request.url.query}")
    token = _token_of(request, proof)
    if proof is None or token is None:
        return await _strange(request, scope, connector_id)
    visit = await visit_of(request, scope, await scope.interactions.load(token), Form({}))
    if proof.is_verified:
        # The page was loaded again; it proves nothing anew, and the visit goes on where it was.
        return await _go_on(visit, proof)
    try:
        verified = await visit.scope.interactions.social.verify(
            visit.interaction, connector_id, answer, proof.id
        )
        return await _go_on(await steps.again(visit), verified)
    except DomainError as error:
        if error.code in ENDS_VISIT or error.code in FAULTS:
            raise
        return await _failed(visit, error, connector_id)


async def _go_on(visit: Visit, proof: SocialVerification) -> Response:
    if visit.interaction.is_identified:
        return await steps.finish(visit)
    return await providers.welcome(visit, proof)


def _token_of(request: Request, proof: SocialVerification | None) -> str | None:
    """Return the interaction's token, if this browser is the one that began it."""
    if proof is None:
        return None
    for token in interaction_tokens(request):
        if hmac.compare_digest(digest_of_token(token), proof.flow_id):
            return token
    return None


async def _strange(request: Request, scope: TenantScope, connector_id: str) -> Response:
    """Answer somebody who comes back from a try that is over, or was another browser's."""
    token = read_interaction_token(request)
    if token is None:
        raise SessionNotFound
    visit = await visit_of(request, scope, await scope.interactions.load(token), Form({}))
    return await _failed(visit, StateMismatch(), connector_id)


async def _failed(visit: Visit, error: DomainError, connector_id: str) -> Response:
    # A page of its own: what the provider sent along leaves the address bar, and neither loading
    # the page again nor another language looks at that answer twice.
    name = failures.name_of(error)
    if name is None:
        return await _failure_screen(visit, error, connector_id)
    return visit.go(f"/social/failed/{quote(connector_id, safe='')}/{name}")


@router.get("/social/failed/{connector_id}/{failure}")
async def show_failure(connector_id: str, failure: str, visit: Looking) -> Response:
    """Say why the provider did not do."""
    error = failures.named(failure)
    # What failed was an earlier request; this one shows what there is to show.
    return await _failure_screen(visit, error, connector_id, is_over=True)


async def _failure_screen(
    visit: Visit, error: DomainError, connector_id: str, *, is_over: bool = False
) -> Response:
    """Say why the provider did not do, and offer another try and the other ways."""
    provider = await providers.provider_of(visit, connector_id)
    tried = await visit.scope.interactions.social.of(visit.interaction)
    return visit.show(
        "social_failed.html",
        None if is_over else error,
        provider=provider,
        is_denied=isinstance(error, AuthorizationDenied),
        start="/sign-in" if visit.settings.allows_sign_in else "/register",
        terms=None,
        agreed=tried is not None and tried.is_agreed,
        error_words=visit.words(error),
    )


# Which account.


async def question_screen(
    visit: Visit, connector_id: str, error: DomainError | None = None
) -> Response:
    """Ask whether to link the social account, or to create an account with it."""
    proof = await providers.proof_of(visit)
    provider = await providers.provider_of(visit, connector_id)
    if proof is None or provider is None or visit.interaction.is_identified:
        return visit.go("/sign-in")
    taken = await providers.taken_record(visit)
    related = None if taken else await visit.scope.interactions.social.related(proof)
    identifier = taken.identifier if taken else related[0] if related else None
    may_create = taken is None and providers.may_create(visit)
    asks = may_create and providers.asks_for_terms(visit, proof)
    return visit.show(
        "social_link.html",
        error,
        here=visit.request.url.path,
        provider=provider,
        question=_question(taken is not None, related is not None, may_create),
        masked=identifier.masked if identifier else "",
        can_link=identifier is not None,
        may_create=may_create,
        other="/continue/phone" if taken else "/sign-in",
        terms="check" if asks else None,
        agreed=visit.form.has("agree"),
        error_words=visit.words(error),
    )


def _question(is_taken: bool, is_related: bool, may_create: bool) -> str:
    if is_taken:
        return "taken"
    if is_related:
        return "related"
    return "new" if may_create else "nobody"


@router.get("/social/link/{connector_id}")
async def show_question(connector_id: str, visit: Looking) -> Response:
    """Ask which account it is."""
    return await question_screen(visit, connector_id)


@router.post("/social/link/{connector_id}")
async def answer_question(connector_id: str, visit: Posting) -> Response:
    """Do what the pressed button says."""
    try:
        return await _answered(visit, connector_id)
    except DomainError as error:
        if error.code in ENDS_VISIT or error.code in FAULTS:
            raise
        return await question_screen(visit, connector_id, error)


async def _answered(visit: Visit, connector_id: str) -> Response:
    proof = await providers.proof_of(visit)
    if proof is None or proof.connector_instance_id != connector_id:
        return visit.go("/sign-in")
    if visit.interaction.is_identified:
        # A button that was pressed twice.
        return await steps.finish(visit)
    taken = await providers.taken_record(visit)
    if taken is not None:
        return await providers.link_by_code(visit, proof, taken)
    if visit.form.text("do") == "link":
        return await providers.link(visit, proof)
    if providers.asks_for_terms(visit, proof):
        visit.require_agreement(is_registration=True)
    return await providers.create(visit, proof)
