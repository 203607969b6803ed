"""One person's visit to the sign-in pages: whose interaction it is, and how a page answers."""

from collections.abc import Awaitable, Callable, Coroutine, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from functools import wraps
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import Depends
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from watchword.applications.models import Application
from watchword.connectors.errors import NoConnector
from watchword.core.clock import Clock
from watchword.core.context import RequestContext
from watchword.core.errors import DomainError
from watchword.interactions.errors import SessionNotFound
from watchword.interactions.models import Interaction
from watchword.interactions.work import BITS
from watchword.sign_in_settings.errors import PasswordRejected
from watchword.sign_in_settings.models import SignInSettings
from watchword.users.models import Identifier, IdentifierType
from watchword.web.cookies import is_https, read_interaction_token
from watchword.web.looks import settings_looking_right
from watchword.web.pages.brand import brand_of
from watchword.web.pages.countries import countries, default_country
from watchword.web.pages.errors import AgreementMissing, ResendTooSoon
from watchword.web.pages.forms import Form, form_token, read_form
from watchword.web.pages.identifiers import (
    IdentifierField,
    beside_country,
    read_identifier,
    region_or_none,
)
from watchword.web.problems import language_of, message_of, phrases_of, status_of
from watchword.web.scope import TenantScope, request_context, tenant_scope
from watchword.web.templating import render

LANGUAGE_COOKIE = "lang"
A_YEAR = 365 * 24 * 3600

# `no-referrer`, which other surfaces send, would make browsers post forms with `Origin: null`.
HEADERS = {"Referrer-Policy": "same-origin"}


@dataclass(frozen=True, kw_only=True)
class Visit:
    """A request to a page, with the interaction of its browser."""

    request: Request
    scope: TenantScope
    context: RequestContext
    interaction: Interaction
    application: Application | None
    form: Form
    look: SignInSettings
    """What says how the pages look."""

    @property
    def settings(self) -> SignInSettings:
        """Return what the tenant allows."""
        return self.scope.settings

    @property
    def now(self) -> datetime:
        """Return the server's time."""
        clock: Clock = self.request.app.state.server.clock
        return clock.now()

    def address(self, path: str) -> str:
        """Return *path* for the same interaction: a browser may hold several."""
        return f"{path}?{urlencode({'app_id': self.interaction.application_id})}"

    def go(self, path: str) -> Response:
        """Send the browser on, so that loading the page again posts nothing again."""
        return redirect(self.address(path))

    def show(self, template: str, error: DomainError | None = None, **context: Any) -> Response:
        """Return a page; with *error* the page says it, under the status that it has."""
        brand = brand_of(
            self.request,
            self.scope,
            self.application,
            self.address(self.request.url.path),
            settings=self.look,
        )
        return render(
            self.request,
            f"pages/{template}",
            status_code=200 if error is None else status_of(error),
            headers=HEADERS,
            brand=brand,
            address=self.address,
            token=form_token(self.interaction.token),
            work=self.work(),
            is_too_soon=isinstance(error, ResendTooSoon),
            **context,
        )

    def work(self) -> dict[str, Any] | None:
        """Return what the browser is asked to compute before a code, if anything."""
        interactions = self.scope.interactions
        if not interactions.asks_for_work(self.interaction):
            return None
        return {"challenge": interactions.challenge_of(self.interaction), "bits": BITS}

    def words(self, error: DomainError | None) -> str | None:
        """Return what a person may read of *error*."""
        return words_of(self.request, error)

    def asked_for(self, types: tuple[IdentifierType, ...]) -> tuple[IdentifierType, ...]:
        """Return those of *types* that the application wants to see, or all of them."""
        wanted = self.interaction.request.identifiers
        return tuple(name for name in types if name in wanted) or types

    def read_identifier(self, types: tuple[IdentifierType, ...]) -> Identifier:
        """Return what the person typed into the identifier field."""
        return read_identifier(self.form.text("identifier"), types, self.form.text("country"))

    def identifier_field(
        self, types: tuple[IdentifierType, ...], *, is_new: bool = False, has_password: bool = False
    ) -> IdentifierField:
        """Return the identifier field with what was typed, or hinted at, before."""
        language = language_of(self.request)
        allowed = self._allowed_countries
        listed = countries(language, allowed)
        region = region_or_none(self.form.text("country")) or default_country(
            (*self.request.state.languages, language), listed
        )
        value = self.form.text("identifier") or self.request.query_params.get("login_hint", "")
        value = value[:128]
        if "phone" in types:
            region, value = beside_country(value, region, {country.region for country in listed})
        return IdentifierField(
            types=types,
            region=region,
            language=language,
            allowed=allowed,
            value=value,
            is_new=is_new,
            has_password=has_password,
        )

    @property
    def _allowed_countries(self) -> frozenset[str] | None:
        return self.scope.guard.allowed_countries

    def terms(self, *, is_registration: bool) -> str | None:
        """Return how this page asks for consent to the terms: `text`, `check` or not at all."""
        if not (self.settings.terms_of_use_url or self.settings.privacy_policy_url):
            return None
        policy = self.settings.agree_to_terms_policy
        if policy == "Automatic":
            return "text"
        if policy == "Manual" or is_registration:
            return "check"
        return None

    def require_agreement(self, *, is_registration: bool) -> None:
        """Refuse a form whose box was to be ticked and was not."""
        if self.terms(is_registration=is_registration) == "check" and not self.form.has("agree"):
            raise AgreementMissing


def words_of(request: Request, error: DomainError | None) -> str | None:
    """Return what a person may read of *error* on a page."""
    if isinstance(error, PasswordRejected):
        return " ".join(_password_issues(request, error))
    if isinstance(error, NoConnector):
        # What is not set up is said to those who can set it up.
        return phrases_of(request).text(language_of(request), "pages.error.no_connector")
    return None if error is None else message_of(request, error)


def _password_issues(request: Request, error: PasswordRejected) -> Iterator[str]:
    phrases = phrases_of(request)
    # The contract's `data` of this error is a list.
    issues: Any = error.data or []
    for issue in issues[:2]:
        key = f"pages.{issue['code']}"
        yield phrases.text(language_of(request), key, **issue.get("interpolation", {}))


async def visit(request: Request) -> Visit:
    """Return the visit of a page that is looked at."""
    scope, token = await tenant_scope(request), _token(request)
    interaction = await scope.interactions.load(token)
    return await visit_of(request, scope, interaction, Form({}))


async def posted_visit(request: Request) -> Visit:
    """Return the visit of a page whose form was posted."""
    scope, token = await tenant_scope(request), _token(request)
    form = await read_form(request, token)
    interaction = await scope.interactions.load(token)
    return await visit_of(request, scope, interaction, form)


Looking = Annotated[Visit, Depends(visit)]
Posting = Annotated[Visit, Depends(posted_visit)]


def _token(request: Request) -> str:
    token = read_interaction_token(request, request.query_params.get("app_id"))
    if token is None:
        raise SessionNotFound
    return token


async def visit_of(
    request: Request, scope: TenantScope, interaction: Interaction, form: Form
) -> Visit:
    """Return the visit of an interaction that the browser was shown to have begun."""
    request.state.languages = (
        *filter(None, [request.cookies.get(LANGUAGE_COOKIE)]),
        *interaction.request.ui_locales,
        *request.state.languages,
    )
    application = await scope.applications.find(interaction.application_id)
    return Visit(
        request=request,
        scope=scope,
        context=replace(await request_context(request), page_language=language_of(request)),
        interaction=interaction,
        application=application,
        form=form,
        look=await settings_looking_right(scope, interaction.request.organization_id, application),
    )


Screen = Callable[[Visit, DomainError], Awaitable[Response]]
Handler = Callable[..., Coroutine[Any, Any, Response]]


def refused_on(screen: Screen) -> Callable[[Handler], Handler]:
    """Show on *screen* what a person can mend; let through what ends the visit or is a fault."""

    def decorate(handle: Handler) -> Handler:
        @wraps(handle)
        async def attempt(visit: Visit) -> Response:
            try:
                return await handle(visit)
            except DomainError as error:
                if error.code in ENDS_VISIT or error.code in FAULTS:
                    raise
                return await screen(visit, error)

        return attempt

    return decorate


FAULTS = {"server.internal", "server.storage_unavailable"}

ENDS_VISIT = {
    "session.not_found": "expired",
    "session.interaction_not_found": "expired",
    "user.suspended": "suspended",
}
"""Errors after which the same page is of no use, and the reason shown instead."""


class PageRoute(APIRoute):
    """A route whose visit may be over, and whose page may be asked for in another language."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler with both cases seen to."""
        handle = super().get_route_handler()

        async def answer(request: Request) -> Response:
            if request.method == "GET" and LANGUAGE_COOKIE in request.query_params:
                return switch_language(request)
            try:
                return await handle(request)
            except DomainError as error:
                if error.code not in ENDS_VISIT:
                    raise
                return await stopped(request, ENDS_VISIT[error.code], status_of(error))

        return answer


def switch_language(request: Request) -> Response:
    """Remember a language and show the same page in it."""
    chosen = request.query_params[LANGUAGE_COOKIE]
    rest = [item for item in request.query_params.multi_items() if item[0] != LANGUAGE_COOKIE]
    response = redirect(f"{request.url.path}{'?' if rest else ''}{urlencode(rest)}")
    if chosen in phrases_of(request).languages:
        response.set_cookie(
            LANGUAGE_COOKIE,
            chosen,
            max_age=A_YEAR,
            path="/",
            secure=is_https(request),
            httponly=True,
            samesite="lax",
        )
    return response


async def stopped(request: Request, reason: str, status: int) -> Response:
    """Return the page that ends a visit, with the way back to the application."""
    scope = await tenant_scope(request)
    application = await scope.applications.find(request.query_params.get("app_id", ""))
    return ending(request, scope, application, reason, status)


def ending(
    request: Request, scope: TenantScope, application: Application | None, reason: str, status: int
) -> Response:
    """Return the page that ends a visit to *application* for a reason."""
    query = f"?{urlencode({'app_id': application.id})}" if application else ""
    brand = brand_of(request, scope, application, f"/{PATHS[reason]}{query}")
    link = brand.application_address or scope.settings.unknown_session_redirect_url
    button = f"pages.{reason}.button"
    if reason == "suspended":
        link = f"/sign-in{query}"
    elif brand.application_address:
        button += "_application"
    phrases = phrases_of(request)
    return render(
        request,
        "pages/stopped.html",
        status_code=status,
        headers=HEADERS,
        brand=brand,
        reason=reason,
        link=link,
        button=phrases.text(language_of(request), button, application=brand.application_name),
    )


PATHS = {"expired": "unknown-session", "suspended": "account-suspended"}


def redirect(address: str) -> Response:
    """Send the browser to another page with a GET."""
    return RedirectResponse(address, 303, headers={"Cache-Control": "no-store"})
