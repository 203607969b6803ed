"""The console's side of a request: who is there, for which tenant, and how a page is drawn."""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Annotated, Any
from urllib.parse import quote, urlencode

from fastapi import Depends
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from watchword.audit.models import Actor
from watchword.configuration.errors import ConfigurationChanged
from watchword.core.errors import DomainError
from watchword.core.revisions import ChangedMeanwhile
from watchword.operators.errors import (
    FormExpired,
    InvalidOperatorCredentials,
    InvalidSecondFactor,
    OperatorNotAllowed,
    OperatorNotSignedIn,
)
from watchword.operators.models import OpenedSession, Operator, Visit
from watchword.tenants.models import Tenant
from watchword.web.console.change_words import ChangeWords
from watchword.web.console.errors import NoSuchPage, ProofNeeded, SecondFactorNeeded
from watchword.web.cookies import CONSOLE, read_cookie
from watchword.web.problems import language_of, message_of
from watchword.web.scope import ServerScope, TenantScope, server_scope
from watchword.web.templating import render

SAFE_METHODS = frozenset({"GET", "HEAD"})
THEMES = ("light", "dark")

NAVIGATION = (
    ("overview", (("get-started", "rocket"),)),
    (
        "authentication",
        (
            ("connectors", "plug"),
            ("sign-in-experience", "log-in"),
            ("mfa", "key-round"),
            ("applications", "app-window"),
            ("resources", "server"),
            ("security", "shield"),
        ),
    ),
    (
        "people",
        (
            ("users", "users"),
            ("organizations", "building-2"),
            ("organization-roles", "badge-check"),
        ),
    ),
    (
        "developer",
        (("webhooks", "send"), ("test-numbers", "smartphone"), ("configuration", "history")),
    ),
    (
        "activity",
        (("messages", "message-square-text"), ("inbox", "inbox"), ("audit-log", "scroll-text")),
    ),
)


@dataclass
class Desk:
    """One operator at work on one tenant, for the length of a request."""

    request: Request
    server: ServerScope
    visit: Visit
    scope: TenantScope

    @property
    def operator(self) -> Operator:
        """Return who is there."""
        return self.visit.operator

    @property
    def actor(self) -> Actor:
        """Return who is there, as history and the audit log call them."""
        return Actor("operator", self.operator.id, self.operator.username)

    @property
    def tenant(self) -> Tenant:
        """Return the tenant that the address names."""
        return self.scope.tenant

    @property
    def tenants(self) -> list[Tenant]:
        """Return what the switcher offers, by name."""
        return sorted(self.server.tenants.values(), key=lambda t: (not t.is_default, t.name))

    @property
    def csrf(self) -> str:
        """Return the token that this session's forms carry."""
        return self.visit.session.csrf_token

    @property
    def theme(self) -> str | None:
        """Return the chosen theme, or None for the system's."""
        return self.operator.theme if self.operator.theme in THEMES else None

    @property
    def language(self) -> str:
        """Return the page's language."""
        return language_of(self.request)

    @property
    def languages(self) -> list[tuple[str, str]]:
        """Return what the language switch offers."""
        return language_names(self.server)

    @cached_property
    def words(self) -> ChangeWords:
        """Return what says changes in the page's language."""
        return ChangeWords(self.server.phrases, self.language, self.server.registry)

    @property
    def navigation(self) -> list[tuple[str, list[tuple[str, str]]]]:
        """Return the menu; the inbox exists for development only."""
        return [
            (
                group,
                [(n, icon) for n, icon in items if n != "inbox" or not self.tenant.is_production],
            )
            for group, items in NAVIGATION
        ]

    @property
    def section(self) -> str:
        """Return the menu item that the page belongs to."""
        parts = self.request.url.path.split("/")
        return parts[3] if len(parts) > 3 else ""

    @property
    def here(self) -> str:
        """Return the page's own address, to come back to."""
        if self.request.method not in SAFE_METHODS:
            return self.address(self.section or "get-started")
        query = self.request.url.query
        return self.request.url.path + (f"?{query}" if query else "")

    @property
    def done(self) -> str | None:
        """Return what the last form did, to be said once."""
        done = self.request.query_params.get("done", "")
        is_known = self.server.phrases.find("en", f"console.done.{done}") is not None
        return done if done.isidentifier() and is_known else None

    @property
    def is_partial(self) -> bool:
        """Tell whether htmx asks for a piece of the page."""
        return self.request.headers.get("hx-request") == "true"

    def address(self, *path: str, **query: Any) -> str:
        """Return an address in this tenant's console."""
        parts = "/".join(quote(part, safe="/") for part in path)
        chosen = {name: value for name, value in query.items() if value not in {None, ""}}
        return f"/console/{self.tenant.id}/{parts}" + (f"?{urlencode(chosen)}" if chosen else "")

    def text(self, key: str, **values: Any) -> str:
        """Return a phrase in the page's language."""
        return self.server.phrases.text(self.language, key, **values)

    def message(self, error: DomainError) -> str:
        """Return what an operator may read of an error."""
        if isinstance(error, ConfigurationChanged | ChangedMeanwhile):
            # The page says what to do: it shows what was changed.
            return self.text("console.others.told")
        own = f"console.errors.{error.code}"
        if self.server.phrases.find(self.language, own) is not None:
            return self.text(own)
        return message_of(self.request, error)

    def render(self, template: str, *, status_code: int = 200, **context: Any) -> Response:
        """Return a page of the console."""
        return render(
            self.request,
            f"console/{template}",
            status_code=status_code,
            desk=self,
            **context,
        )

    def go(self, *path: str, done: str | None = None, **query: Any) -> Response:
        """Answer a form: go on to another page."""
        address = self.address(*path, done=done, **query)
        if self.is_partial:
            # A script would follow a redirect by itself and put the page into a piece of this one.
            return Response(status_code=204, headers={"HX-Redirect": address})
        return RedirectResponse(address, 303)

    async def form(self) -> FormData:
        """Return the posted fields."""
        return await self.request.form()

    async def prove_fresh(self) -> None:
        """Make sure that the operator proved who they are lately; raises ProofNeeded.

        The page that then asks for the password carries the form along, so nothing typed is lost.
        """
        if self.visit.is_fresh(self.server.clock.now()):
            return
        form = await self.form()
        if "_password" not in form:
            raise ProofNeeded
        try:
            opened = await self.server.operators.reauthenticate(
                self.visit, text_of(form, "_password"), text_of(form, "_code")
            )
        except (InvalidOperatorCredentials, InvalidSecondFactor) as error:
            await self.scope.audit.record("operator.proof", self.actor, error=error)
            raise ProofNeeded(self.message(error)) from None
        self.renew(opened)

    def renew(self, opened: OpenedSession) -> None:
        """Go on in a session with a new id; the answer tells the browser."""
        self.visit = opened.visit
        self.request.state.console_token = opened.token


def text_of(form: Mapping[str, Any], name: str) -> str:
    """Return a posted text, empty if it is missing or a file."""
    value = form.get(name, "")
    return value if isinstance(value, str) else ""


def whole_number(text: str) -> int | None:
    """Return a version that a form carried; raises NoSuchPage for what is no number."""
    if text and not (text.isascii() and text.isdigit() and len(text) < 10):
        raise NoSuchPage
    return int(text) if text else None


def moment_of(text: str) -> datetime | None:
    """Return a moment that a form or an address carried; None for what is none."""
    try:
        moment = datetime.fromisoformat(text)
        # What a browser's field gives has no zone; the page says that it is UTC.
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def language_names(server: ServerScope) -> list[tuple[str, str]]:
    """Return every language with its name in itself, English first."""
    phrases = server.phrases
    return sorted((tag, phrases.text(tag, "language_name")) for tag in phrases.languages)


async def console_server(request: Request) -> ServerScope:
    """Return the server; the console exists on the public host only."""
    if not request.state.scope.tenant.is_default:
        raise NoSuchPage
    return await server_scope(request)


ConsoleServer = Annotated[ServerScope, Depends(console_server)]


async def half_visit(request: Request, server: ConsoleServer) -> Visit:
    """Return a session, perhaps one whose second factor is still to come."""
    token = read_cookie(request, CONSOLE)
    visit = await server.operators.find_visit(token) if token else None
    if visit is None:
        raise OperatorNotSignedIn
    if visit.operator.language:
        request.state.languages = (visit.operator.language, *request.state.languages)
    request.state.console_visit = visit
    if request.method not in SAFE_METHODS:
        sent = request.headers.get("x-csrf-token") or text_of(await request.form(), "csrf")
        if not sent.isascii() or not hmac.compare_digest(sent, visit.session.csrf_token):
            raise FormExpired
    return visit


HalfVisit = Annotated[Visit, Depends(half_visit)]


async def operator_desk(
    request: Request, server: ConsoleServer, visit: HalfVisit, tenant: str = "default"
) -> Desk:
    """Return a signed-in operator's desk at the tenant that the address names."""
    if visit.session.needs_second_factor:
        raise SecondFactorNeeded
    if tenant not in server.tenants:
        raise NoSuchPage
    desk = Desk(request, server, visit, await server.scope_of(tenant))
    request.state.desk = desk
    return desk


OwnDesk = Annotated[Desk, Depends(operator_desk)]
"""For what every operator may do: their own account."""


async def working_desk(desk: OwnDesk) -> Desk:
    """Return the desk of an operator whose role allows what the method does."""
    if desk.request.method not in SAFE_METHODS and not desk.operator.role.can_change:
        raise OperatorNotAllowed
    return desk


WorkDesk = Annotated[Desk, Depends(working_desk)]
"""For the tenant's configuration: viewers look, editors and owners change."""
