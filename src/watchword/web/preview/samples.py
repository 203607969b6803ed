"""Visits that nobody makes: the real pages draw them, and they lead nowhere."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from watchword.account.models import Asker
from watchword.applications.models import DEMO_APP_ID, demo_application
from watchword.core.clock import Clock
from watchword.core.email import EmailAddress
from watchword.core.phone import PhoneNumber
from watchword.factors.models import Pending, SavedFactors, Standing
from watchword.interactions.models import Interaction, InteractionEvent, InteractionState
from watchword.invitations.models import Invitation, InvitationStatus, OpenedInvitation
from watchword.oidc.models import AuthorizationRequest, Session
from watchword.organizations.models import Organization
from watchword.sign_in_settings.models import SignInSettings
from watchword.users.models import Identifier, IdentifierType, User
from watchword.verification.models import RecordState, VerificationRecord
from watchword.web.account_pages.options import Options
from watchword.web.account_pages.visit import Visit as AccountVisit
from watchword.web.pages import steps
from watchword.web.pages.forms import Form
from watchword.web.pages.invitation import Guest
from watchword.web.pages.visit import Visit
from watchword.web.scope import TenantScope, request_context

NOWHERE = "#"
NOBODY = "preview"
PHONE, EMAIL = PhoneNumber("447700900123"), EmailAddress("alex@example.com")
SAMPLES: Mapping[IdentifierType, Identifier] = {
    "phone": Identifier.of_phone(PHONE),
    "email": Identifier("email", EMAIL.address),
    "username": Identifier("username", "alex"),
}


@dataclass(frozen=True, kw_only=True)
class SampleVisit(Visit):
    """A visit to a sign-in page that is only looked at."""

    def address(self, path: str) -> str:  # noqa: ARG002  # nowhere, whatever it is
        """Lead nowhere."""
        return NOWHERE

    def go(self, path: str) -> Response:  # noqa: ARG002  # nowhere, whatever it is
        """Say that nobody sees this page, where a visit would be sent to another."""
        return self.show("never_shown.html")

    def work(self) -> dict[str, Any] | None:
        """Let no browser compute for a code that is not sent."""
        return None


@dataclass(frozen=True, kw_only=True)
class SampleAccountVisit(AccountVisit):
    """A visit to an account page that is only looked at."""

    def address(self, path: str, **more: str) -> str:  # noqa: ARG002  # nowhere, whatever it is
        """Lead nowhere."""
        return NOWHERE


@dataclass(frozen=True, kw_only=True)
class Stage:
    """Where the pages are drawn: a tenant with its settings as they might become."""

    request: Request
    scope: TenantScope

    @classmethod
    def of(cls, request: Request, scope: TenantScope, settings: SignInSettings) -> "Stage":
        """Return a stage for *scope*, as if *settings* were its own."""
        return cls(request=request, scope=replace(scope, settings=settings, derived={}))

    @property
    def settings(self) -> SignInSettings:
        """Return what is tried."""
        return self.scope.settings

    @property
    def now(self) -> datetime:
        """Return the server's time."""
        clock: Clock = self.request.app.state.server.clock
        return clock.now()

    async def visit(
        self,
        event: InteractionEvent | None = None,
        *,
        records: Sequence[VerificationRecord] = (),
        typed: IdentifierType | None = None,
        is_identified: bool = False,
    ) -> SampleVisit:
        """Return a visit that came so far; *typed* is in the field already."""
        application = demo_application(self.scope.origin, self.now)
        asked = AuthorizationRequest(
            client_id=DEMO_APP_ID, redirect_uri=NOWHERE, requested_at=self.now.timestamp()
        )
        form = {"identifier": steps.typed(SAMPLES[typed])} if typed else {}
        return SampleVisit(
            request=self.request,
            scope=self.scope,
            context=await request_context(self.request),
            application=application,
            form=Form(form),
            look=self.scope.settings,
            interaction=Interaction(
                token=NOBODY,
                id_digest=NOBODY,
                application_id=application.id,
                request=asked,
                event=event,
                user_id=NOBODY if is_identified else None,
                state=InteractionState(),
                result=None,
                records={record.type: record for record in records},
                record_ids={},
                version=1,
                expires_at=self.now + timedelta(hours=1),
            ),
        )

    async def never_shown(self) -> Response:
        """Say that nobody sees the page that was asked for."""
        return (await self.visit()).go(NOWHERE)

    def code(self, by: IdentifierType, state: RecordState = "pending") -> VerificationRecord:
        """Return a code that was never sent."""
        return VerificationRecord(
            id=NOBODY,
            flow_id=NOBODY,
            type=steps.CODES[by],
            identifier=SAMPLES[by],
            template_type=None,
            state=state,
            code_digest=None,
            tries=0,
            message_id=None,
            details={},
            created_at=self.now,
            expires_at=self.now + self.settings.code_policy.lifetime,
        )

    async def account_visit(self) -> SampleAccountVisit:
        """Return the visit of a person who has one of everything."""
        session, user = self.session(), self._person()
        return SampleAccountVisit(
            request=self.request,
            scope=self.scope,
            context=await request_context(self.request),
            session=session,
            token=NOBODY,
            asker=Asker(
                user=user, application=None, scope=frozenset(), session_digest=session.id_digest
            ),
            options=Options({}),
            form=Form({}),
        )

    def standing(self, user: User) -> Standing:
        """Return how somebody stands who has set no second step up."""
        return Standing(
            mfa=self.settings.mfa,
            user=user,
            saved=SavedFactors(),
            pending=Pending(),
            amr=(),
            is_sign_up=False,
        )

    def session(self) -> Session:
        """Return a browser that somebody is signed in with."""
        return Session(
            id_digest=NOBODY,
            user_id=NOBODY,
            amr=("sms", "otp"),
            acr=None,
            authenticated_at=self.now - timedelta(hours=3),
            created_at=self.now - timedelta(hours=3),
            last_seen_at=self.now - timedelta(minutes=5),
            expires_at=self.now + timedelta(days=1),
        )

    def guest(self, *, is_signed_in: bool) -> Guest:
        """Return somebody who opened the link of an invitation."""
        tenant = self.scope.tenant
        invitation = Invitation(
            id=NOBODY,
            organization_id=NOBODY,
            inviter_id=None,
            invitee=PHONE,
            accepted_user_id=None,
            status=InvitationStatus.PENDING,
            message_id=None,
            created_at=self.now,
            updated_at=self.now,
            expires_at=self.now + timedelta(days=7),
        )
        organization = Organization(id=NOBODY, name=tenant.name, created_at=self.now)
        return Guest(
            request=self.request,
            scope=self.scope,
            token=NOBODY,
            session=None,
            opened=OpenedInvitation(invitation, organization, None),
            user=self._person() if is_signed_in else None,
        )

    def _person(self) -> User:
        return User(
            id=NOBODY,
            username="alex",
            primary_email=EMAIL.address,
            primary_phone=PHONE.digits,
            email_verified_at=self.now,
            phone_verified_at=self.now,
            password_digest=NOBODY,
            name="Alex Kim",
            avatar=None,
            profile={},
            custom_data={},
            identities={},
            mfa={},
            application_id=None,
            is_suspended=False,
            last_sign_in_at=self.now,
            created_at=self.now,
            updated_at=self.now,
        )
