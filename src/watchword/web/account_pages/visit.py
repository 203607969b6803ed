"""A signed-in person on an account page: who they are, what they ask, how a page answers."""

from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, replace
from datetime import datetime
from functools import wraps
from typing import Annotated, Any

from fastapi import Depends
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response

from watchword.account.errors import AccountCenterNotEnabled, ProofRequired
from watchword.account.models import AccountCenterSettings, Asker
from watchword.account.own_account import OwnAccount
from watchword.account.step_up import StepUp, is_proof_of, page_flow
from watchword.core.clock import Clock
from watchword.core.context import RequestContext
from watchword.core.errors import DomainError
from watchword.oidc.models import Session
from watchword.oidc.tokens import session_name
from watchword.users.models import User
from watchword.web.account_pages.errors import NotSignedIn
from watchword.web.account_pages.options import Options
from watchword.web.account_pages.signing_in import sign_in_address
from watchword.web.cookies import SESSION, read_cookie
from watchword.web.pages.brand import brand_of
from watchword.web.pages.errors import ResendTooSoon
from watchword.web.pages.forms import Form, form_token, read_form
from watchword.web.pages.visit import (
    FAULTS,
    HEADERS,
    LANGUAGE_COOKIE,
    redirect,
    switch_language,
    words_of,
)
from watchword.web.problems import language_of, status_of
from watchword.web.scope import TenantScope, request_context, tenant_scope
from watchword.web.templating import render


@dataclass(frozen=True, kw_only=True)
class Visit:
    """A request of a signed-in person to one of their account's pages."""

    request: Request
    scope: TenantScope
    context: RequestContext
    session: Session
    token: str
    asker: Asker
    options: Options
    form: Form

    @property
    def account(self) -> OwnAccount:
        """Return what can be done with the account."""
        return self.scope.own_account

    @property
    def settings(self) -> AccountCenterSettings:
        """Return what the tenant lets people see and change."""
        return self.scope.account_center

    @property
    def step_up(self) -> StepUp:
        """Return what can be proved."""
        return self.account.step_up

    @property
    def user(self) -> User:
        """Return the person."""
        return self.asker.user

    @property
    def now(self) -> datetime:
        """Return the server's time."""
        clock: Clock = self.request.app.state.server.clock
        return clock.now()

    @property
    def language(self) -> str:
        """Return the page's language."""
        return language_of(self.request)

    def flow(self, purpose: str) -> str:
        """Return the flow of this browser's proofs."""
        return _flow(self.session, purpose)

    def address(self, path: str, **more: str) -> str:
        """Return the address of another page, with what this one was asked for."""
        return self.options.address(path, **more)

    def go(self, path: str, **more: str) -> Response:
        """Send the browser on, so that loading the page again posts nothing again."""
        return redirect(self.address(path, **more))

    def show(self, template: str, error: DomainError | None = None, **context: Any) -> Response:
        """Return a page; with *error* the page says it, under the status that it has."""
        here = str(self.request.url.path)
        asked = {name: self.request.query_params[name] for name in CHOICES & self._asked}
        brand = brand_of(
            self.request,
            self.scope,
            None,
            self.address(here, **asked),
            account_css=self.settings.custom_css,
        )
        return render(
            self.request,
            f"account/{template}",
            status_code=200 if error is None else status_of(error),
            headers=HEADERS,
            brand=brand,
            address=self.address,
            token=form_token(self.token),
            error_words=words_of(self.request, error),
            is_too_soon=isinstance(error, ResendTooSoon),
            **context,
        )

    @property
    def _asked(self) -> set[str]:
        return set(self.request.query_params)


CHOICES = frozenset({"task", "by", "removed", "failed"})
"""What an address says beside its options; kept when the page is asked for in another language."""


def _flow(session: Session, purpose: str) -> str:
    return page_flow(session.user_id, session_name(session.id_digest) or "", purpose)


async def looking(request: Request) -> Visit:
    """Return the visit of a page that is looked at.

    Raises NotSignedIn and AccountCenterNotEnabled.
    """
    scope = await tenant_scope(request)
    options = Options.of(request)
    request.state.languages = (
        *filter(None, [request.cookies.get(LANGUAGE_COOKIE)]),
        *options.locales,
        *request.state.languages,
    )
    if not scope.account_center.enabled:
        raise AccountCenterNotEnabled
    token = read_cookie(request, SESSION) or ""
    session = await scope.oidc.sessions.find(token)
    user = await scope.users.find(session.user_id) if session else None
    if session is None or user is None:
        raise NotSignedIn
    await scope.oidc.sessions.touch(session)
    return Visit(
        request=request,
        scope=scope,
        context=replace(await request_context(request), page_language=language_of(request)),
        session=session,
        token=token,
        asker=await _asker(scope, session, user),
        options=options,
        form=Form({}),
    )


async def posting(request: Request) -> Visit:
    """Return the visit of a page whose form was posted."""
    visit = await looking(request)
    return replace(visit, form=await read_form(request, visit.token))


Looking = Annotated[Visit, Depends(looking)]
Posting = Annotated[Visit, Depends(posting)]


async def _asker(scope: TenantScope, session: Session, user: User) -> Asker:
    records = await scope.own_account.step_up.list_live(user, _flow(session, "own"))
    proof = next((record.id for record in records if is_proof_of(user, record)), None)
    return Asker(
        user=user,
        application=None,
        scope=frozenset(),
        session_digest=session.id_digest,
        proof_id=proof,
    )


class AccountPageRoute(APIRoute):
    """A page's route that sends people to sign in, or to prove that it is they, and back."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler with these cases seen to."""
        handle = super().get_route_handler()

        async def answer(request: Request) -> Response:
            if request.method == "GET" and LANGUAGE_COOKIE in request.query_params:
                return switch_language(request)
            try:
                return await handle(request)
            except NotSignedIn:
                return redirect(sign_in_address(request))
            except ProofRequired:
                path = request.url.path.removeprefix("/account/")
                return redirect(Options.of(request).address("/account/verify", task=task_of(path)))

        return answer


def task_of(path: str) -> str:
    """Return which task a page below `/account/` belongs to: what a proof is needed for."""
    name, _, rest = path.partition("/")
    # Of social accounts there are many.
    return f"{name}/{rest.partition('/')[0]}" if name == "social" else name


Screen = Callable[[Visit, DomainError], Awaitable[Response]]
Handler = Callable[..., Coroutine[Any, Any, Response]]


def refused_on(screen: Screen) -> Callable[[Handler], Handler]:
    """Show on *screen* what a person can mend."""

    def decorate(handle: Handler) -> Handler:
        @wraps(handle)
        async def attempt(visit: Visit) -> Response:
            try:
                return await handle(visit)
            except (NotSignedIn, ProofRequired):
                raise
            except DomainError as error:
                if error.code in FAULTS:
                    raise
                return await screen(visit, error)

        return attempt

    return decorate
