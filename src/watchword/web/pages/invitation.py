"""The page behind an invitation's link: who invites to what, and the way in."""

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from babel.dates import format_timedelta
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from watchword.applications.models import INVITATIONS_APP_ID
from watchword.audit.models import Actor
from watchword.core.clock import Clock
from watchword.core.email import EmailAddress
from watchword.core.errors import DomainError
from watchword.core.ids import new_token
from watchword.core.phrases import locale_of
from watchword.core.recipients import Recipient
from watchword.invitations.errors import InvitationNotFound, InvitationRefused
from watchword.invitations.models import InvitationStatus, OpenedInvitation
from watchword.oidc.models import AuthorizationRequest, FirstScreen
from watchword.users.models import User
from watchword.web.cookies import SESSION, read_cookie, write_interaction_token
from watchword.web.pages.brand import brand_of
from watchword.web.pages.errors import TokenMismatch
from watchword.web.pages.forms import form_token, read_form
from watchword.web.pages.people import name_of
from watchword.web.pages.visit import PageRoute, redirect
from watchword.web.problems import language_of, message_of, status_of
from watchword.web.scope import Scope, TenantScope
from watchword.web.templating import render

A_FEW_DAYS = timedelta(days=2)
NEVER_WEEKS = 10_000
TOKEN = re.compile(r"[0-9A-Za-z]{22}")
FIRST_SCREENS: dict[str, FirstScreen] = {"sign_in": "sign-in", "register": "register"}
STATUSES = {"unknown": 404, "accepted": 410, "expired": 410, "revoked": 410}

router = APIRouter(route_class=PageRoute, include_in_schema=False)


@dataclass(frozen=True, kw_only=True)
class Guest:
    """Somebody who opened a link, and who they are if their browser is signed in."""

    request: Request
    scope: TenantScope
    token: str = field(repr=False)
    session: str | None = field(repr=False)
    opened: OpenedInvitation | None
    user: User | None

    @property
    def state(self) -> str:
        """Return which of the page's forms this is."""
        if self.opened is None:
            return "unknown"
        invitation = self.opened.invitation
        if invitation.status is InvitationStatus.ACCEPTED and self.user is not None:
            return "joined" if invitation.accepted_user_id == self.user.id else "accepted"
        if invitation.status is not InvitationStatus.PENDING:
            return invitation.status.value.lower()
        if self.user is None:
            return "invited"
        return "ready" if invitation.is_for(self.user) else "other"

    @property
    def now(self) -> datetime:
        """Return the server's time."""
        clock: Clock = self.request.app.state.server.clock
        return clock.now()

    @property
    def form_secret(self) -> str:
        """Return what the form's token stands for: this link in this signed-in browser."""
        return f"{self.token} {self.session or ''}"

    def show(self, error: DomainError | None = None, state: str | None = None) -> Response:
        """Return the page; with *error* under the status that it has."""
        shown = state or self.state
        status = STATUSES.get(shown, 200 if error is None else status_of(error))
        brand = brand_of(self.request, self.scope, None, self.request.url.path)
        settings = self.scope.settings
        # `Referrer-Policy: no-referrer`, which every answer has unless it says otherwise: the
        # address of this page is a secret.
        return render(
            self.request,
            "pages/invitation.html",
            status_code=status,
            brand=brand,
            state=shown,
            opened=self.opened,
            person=None if self.user is None else name_of(self.user),
            ends=None if self.opened is None else self._ends_in(self.opened),
            action=f"/i/{self.token}",
            token=form_token(self.form_secret),
            can_sign_in=settings.allows_sign_in,
            can_register=settings.allows_register and bool(settings.sign_up.identifiers),
            notice=message_of(self.request, error) if isinstance(error, TokenMismatch) else None,
        )

    def _ends_in(self, opened: OpenedInvitation) -> str:
        left = opened.invitation.expires_at - self.now
        locale = locale_of(language_of(self.request))
        if left < A_FEW_DAYS:
            return str(format_timedelta(left, add_direction=True, locale=locale))
        # Left to itself it makes a week of ten days.
        return str(
            format_timedelta(
                timedelta(days=left.days),
                granularity="day",
                threshold=NEVER_WEEKS,
                add_direction=True,
                locale=locale,
            )
        )


async def guest(token: str, request: Request, scope: Scope) -> Guest:
    """Return who looks at which invitation; a look spends nothing."""
    cookie = read_cookie(request, SESSION)
    session = await scope.oidc.sessions.find(cookie)
    return Guest(
        request=request,
        scope=scope,
        token=token,
        session=cookie,
        opened=await _find(scope, token),
        user=None if session is None else await scope.users.find(session.user_id),
    )


async def _find(scope: TenantScope, token: str) -> OpenedInvitation | None:
    if not TOKEN.fullmatch(token):
        return None
    try:
        return await scope.invitations.open(token)
    except InvitationNotFound:
        return None


@router.get("/i/back")
async def come_back(request: Request, scope: Scope) -> Response:
    """Lead from signing in to the invitation again; what the address says besides is not used."""
    try:
        token = scope.invitations.unseal_link(request.query_params.get("state", ""))
    except DomainError:
        return (await guest("", request, scope)).show()
    return redirect(f"/i/{token}")


@router.get("/i/{token}")
async def show_invitation(token: str, request: Request, scope: Scope) -> Response:
    """Say who invites to what, and ask who this is."""
    return (await guest(token, request, scope)).show()


@router.post("/i/{token}")
async def answer_invitation(token: str, request: Request, scope: Scope) -> Response:
    """Accept, leave it, or sign in first."""
    who = await guest(token, request, scope)
    try:
        form = await read_form(request, who.form_secret)
    except TokenMismatch as error:
        # Somebody signed in or out in another tab: the page as it is now asks again.
        return who.show(error)
    decision = form.text("decision")
    if decision == "accept":
        return await _accept(who)
    if decision == "decline":
        # Left, not taken back: who taps beside the button must be able to come again.
        return who.show(state="declined" if who.state == "ready" else None)
    if decision in FIRST_SCREENS and who.state in {"invited", "ready", "other"}:
        return await _begin(who, FIRST_SCREENS[decision])
    return who.show()


async def _accept(who: Guest) -> Response:
    if who.user is None:
        return who.show()
    actor = Actor("user", who.user.id)
    try:
        await who.scope.invitations.accept_by_link(actor, who.token, who.user.id)
    except (InvitationNotFound, InvitationRefused) as error:
        # It ended, or their number became another, since the page was shown: it says so itself.
        return (await guest(who.token, who.request, who.scope)).show(error)
    return redirect(f"/i/{who.token}")


async def _begin(who: Guest, first_screen: FirstScreen) -> Response:
    assert who.opened is not None
    invitee = who.opened.invitation.invitee
    asked = AuthorizationRequest(
        client_id=INVITATIONS_APP_ID,
        redirect_uri=f"{who.scope.origin}/i/back",
        requested_at=who.now.timestamp(),
        state=who.scope.invitations.seal_link(who.token),
        # Nobody has the verifier: the code that comes back opens nothing.
        code_challenge=new_token(),
        login_hint=typed(invitee),
        first_screen=first_screen,
        identifiers=("email",) if isinstance(invitee, EmailAddress) else ("phone",),
    )
    interaction = await who.scope.interactions.begin(asked)
    response = redirect(asked.first_page)
    write_interaction_token(who.request, response, INVITATIONS_APP_ID, interaction)
    return response


def typed(invitee: Recipient) -> str:
    """Return whom an invitation is for in a form that the pages' fields read."""
    return invitee.address if isinstance(invitee, EmailAddress) else invitee.e164
