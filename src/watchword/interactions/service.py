"""The way from authorize back to the application, step by step."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property

from watchword.audit.service import AuditService
from watchword.core.clock import Clock
from watchword.core.context import RequestContext
from watchword.core.digests import digest_of_token
from watchword.core.ids import new_token
from watchword.core.phrases import Phrases
from watchword.factors.models import Pending
from watchword.factors.service import FactorService
from watchword.guard.service import Lockout
from watchword.interactions.errors import (
    CaptchaFailed,
    CaptchaRequired,
    EventForbidden,
    ForgotPasswordUnsupported,
    IdentifierNotFound,
    InteractionNotFound,
)
from watchword.interactions.events import Events
from watchword.interactions.models import (
    Finished,
    Identification,
    Interaction,
    InteractionEvent,
    InteractionResult,
    InteractionState,
    PendingProfile,
)
from watchword.interactions.old_numbers import OldNumbers
from watchword.interactions.profile import ProfileForm, change_of, news_of, require_complete
from watchword.interactions.proofs import Proofs
from watchword.interactions.recover import Recover
from watchword.interactions.register import Register
from watchword.interactions.repository import InteractionRepository
from watchword.interactions.second_factor import SecondFactor
from watchword.interactions.sign_in import SignIn
from watchword.interactions.social import Social
from watchword.interactions.work import Work, challenge_of, is_answer
from watchword.notices.service import Notices
from watchword.oidc.errors import ConsentRequired
from watchword.oidc.models import AuthorizationRequest, AuthorizationResponse, NewSession
from watchword.oidc.service import OpenIdProvider
from watchword.organizations.service import OrganizationService
from watchword.sign_in_settings.models import SignInSettings
from watchword.social.service import SocialService
from watchword.storage import Database, Storage
from watchword.users.errors import UserSuspended
from watchword.users.models import Identifier, User
from watchword.users.service import UserService
from watchword.verification.models import VerificationRecord
from watchword.verification.service import VerificationService
from watchword.webhooks.models import Event
from watchword.webhooks.service import WebhookService

LIFETIME = timedelta(hours=1)


@dataclass(frozen=True, kw_only=True)
class InteractionService:
    """One tenant's interactions: begun, filled with proofs, submitted, finished."""

    interactions: InteractionRepository
    storage: Storage
    users: UserService
    settings: SignInSettings
    verification: VerificationService
    lockout: Lockout
    oidc: OpenIdProvider
    social_accounts: SocialService
    audit: AuditService
    webhooks: WebhookService
    phrases: Phrases
    origin: str
    clock: Clock
    factors: FactorService
    organizations: OrganizationService

    @cached_property
    def events(self) -> Events:
        """Return what interactions leave behind in the audit log, and tell."""
        return Events(audit=self.audit, webhooks=self.webhooks, applications=self.oidc.applications)

    @cached_property
    def notices(self) -> Notices:
        """Return what tells people of a change that may not have been theirs."""
        return Notices(
            messaging=self.verification.messaging,
            guard=self.verification.guard,
            phrases=self.phrases,
            origin=self.origin,
        )

    @cached_property
    def proofs(self) -> Proofs:
        """Return what can be proved inside an interaction."""
        return Proofs(
            users=self.users,
            settings=self.settings,
            verification=self.verification,
            lockout=self.lockout,
            events=self.events,
            phrases=self.phrases,
            origin=self.origin,
        )

    @cached_property
    def profile(self) -> ProfileForm:
        """Return what can be added to the pending profile."""
        return ProfileForm(
            interactions=self.interactions,
            users=self.users,
            settings=self.settings,
            proofs=self.proofs,
            clock=self.clock,
        )

    @cached_property
    def sign_in(self) -> SignIn:
        """Return the story of people with an account."""
        return SignIn(
            interactions=self.interactions,
            users=self.users,
            settings=self.settings,
            old_numbers=self.old_numbers,
            clock=self.clock,
        )

    @cached_property
    def old_numbers(self) -> OldNumbers:
        """Return what judges numbers that were long unused."""
        days = self.verification.guard.policy.unused_days
        return OldNumbers(
            unused=timedelta(days=days) if days else None,
            second_factor=self.second_factor,
            clock=self.clock,
        )

    @cached_property
    def register(self) -> Register:
        """Return the story of people without one."""
        return Register(
            storage=self.storage,
            interactions=self.interactions,
            users=self.users,
            settings=self.settings,
            events=self.events,
            clock=self.clock,
        )

    @cached_property
    def social(self) -> Social:
        """Return the story of people who come by way of a provider."""
        return Social(
            interactions=self.interactions,
            users=self.users,
            settings=self.settings,
            accounts=self.social_accounts,
            register=self.register,
            events=self.events,
            clock=self.clock,
        )

    @cached_property
    def recover(self) -> Recover:
        """Return the story of people who forgot their password."""
        return Recover(
            storage=self.storage,
            interactions=self.interactions,
            users=self.users,
            settings=self.settings,
            sessions=self.oidc.sessions,
            notices=self.notices,
            proofs=self.proofs,
            old_numbers=self.old_numbers,
            events=self.events,
            clock=self.clock,
        )

    @cached_property
    def second_factor(self) -> SecondFactor:
        """Return the story of people who prove who they are once more."""
        return SecondFactor(
            interactions=self.interactions,
            users=self.users,
            factors=self.factors,
            organizations=self.organizations,
            settings=self.settings,
            proofs=self.proofs,
            notices=self.notices,
            profile=self.profile,
            events=self.events,
            clock=self.clock,
        )

    async def begin(self, request: AuthorizationRequest) -> str:
        """Keep a checked authorization request; return the token for the browser's cookie."""
        token = new_token()
        now = self.clock.now()
        await self.interactions.add(
            digest_of_token(token), request, created_at=now, expires_at=now + LIFETIME
        )
        return token

    async def load(self, token: str) -> Interaction:
        """Return the interaction and what was proved in it; raises SessionNotFound."""
        return await self.interactions.get(token, digest_of_token(token), self.clock.now())

    async def load_started(self, token: str) -> Interaction:
        """Return an interaction in which an event was started; raises InteractionNotFound."""
        interaction = await self.load(token)
        if interaction.event is None:
            raise InteractionNotFound
        return interaction

    async def start(
        self,
        token: str,
        event: InteractionEvent,
        *,
        client_ip: str | None = None,
        known_version: int | None = None,
        work: Work = Work(),  # noqa: B008  # frozen
    ) -> Interaction:
        """Begin *event*; whatever the interaction held before counts no more, but for *work*.

        With *known_version*, raises InteractionConflict where another request was faster.
        """
        now = self.clock.now()
        state = InteractionState(started_at=now, client_ip=client_ip, work=work)
        return await self.interactions.start(
            token, digest_of_token(token), event, state, now, known_version=known_version
        )

    async def start_with_answer(
        self,
        token: str,
        event: InteractionEvent,
        answer: str | None,
        *,
        client_ip: str | None = None,
    ) -> Interaction:
        """Begin *event* with a proof of work, if there is one; raises CaptchaFailed."""
        work = Work()
        if answer is not None and self.settings.captcha_policy.enabled:
            work = self.accept_work(await self.load(token), answer)
        return await self.start(token, event, client_ip=client_ip, work=work)

    async def switch_event(self, interaction: Interaction, event: InteractionEvent) -> Interaction:
        """Turn signing in into signing up, or back; proofs stay, the pending profile goes.

        Raises ForgotPasswordUnsupported, EventForbidden.
        """
        if InteractionEvent.FORGOT_PASSWORD in {event, interaction.event}:
            raise ForgotPasswordUnsupported
        is_sign_in = event is InteractionEvent.SIGN_IN
        if not (self.settings.allows_sign_in if is_sign_in else self.settings.allows_register):
            raise EventForbidden
        state = replace(interaction.state, profile=PendingProfile())
        switched = replace(interaction, event=event, state=state, result=None)
        if event is not interaction.event:
            # Who they are is found out again, by the rules of the other event.
            switched = replace(
                switched,
                user_id=None,
                state=replace(
                    state, amr=(), verified_phone=None, verified_email=None, second=Pending()
                ),
            )
        return await self.interactions.save(switched, self.clock.now())

    def may_show_delivery(self, interaction: Interaction) -> bool:
        """Tell whether a page may say what became of the message it asked for."""
        return self.proofs.may_show_delivery(interaction)

    async def send_code(
        self,
        interaction: Interaction,
        identifier: Identifier,
        event: InteractionEvent,
        context: RequestContext,
        *,
        known_id: str | None = None,
    ) -> VerificationRecord:
        """Send a code to the identifier; an earlier one of this interaction stops working.

        With *known_id*, as `VerificationService.send_code` has it, of two at once one is sent.
        Raises CaptchaRequired where the tenant asks for a proof of work that is missing.
        """
        if self.asks_for_work(interaction):
            interaction = await self._spend_work(interaction, identifier)
        return await self.proofs.send_code(
            interaction, identifier, event, context, known_id=known_id
        )

    def asks_for_work(self, interaction: Interaction) -> bool:
        """Tell whether a browser has to work before a code: until it is known who is there."""
        return bool(self.settings.captcha_policy.enabled) and not interaction.is_identified

    def challenge_of(self, interaction: Interaction) -> str:
        """Return what the visit's next proof of work is an answer to."""
        state = interaction.state
        return challenge_of(interaction.id_digest, state.started_at, state.work)

    def accept_work(self, interaction: Interaction, answer: str) -> Work:
        """Return the visit's work with *answer* in it; raises CaptchaFailed."""
        if not is_answer(self.challenge_of(interaction), answer):
            raise CaptchaFailed
        return Work(interaction.state.work.count + 1)

    async def _spend_work(self, interaction: Interaction, identifier: Identifier) -> Interaction:
        state = interaction.state
        if not state.work.is_good_for(identifier.value):
            raise CaptchaRequired
        if state.work.spent_on is not None:
            return interaction
        # Written down before anything is sent, so that of two requests at once one is served.
        work = replace(state.work, spent_on=identifier.value)
        return await self.interactions.save(
            replace(interaction, state=replace(state, work=work)), self.clock.now()
        )

    async def verify_code(
        self,
        interaction: Interaction,
        identifier: Identifier,
        verification_id: str,
        code: str,
    ) -> VerificationRecord:
        """Accept the code that was sent to the identifier, once."""
        return await self.proofs.verify_code(interaction, identifier, verification_id, code)

    async def verify_password(
        self,
        interaction: Interaction,
        identifier: Identifier,
        password: str,
    ) -> VerificationRecord:
        """Accept the password of whoever owns the identifier; raises InvalidCredentials."""
        return await self.proofs.verify_password(interaction, identifier, password)

    async def new_password_identity(
        self, interaction: Interaction, identifier: Identifier, password: str
    ) -> VerificationRecord:
        """Accept a user name and a password for a new account."""
        return await self.proofs.new_password_identity(interaction, identifier, password)

    async def check_new_username(self, username: str) -> None:
        """Raise what speaks against a new user name: its shape, the tenant's rules, its owner."""
        await self.proofs.check_new_username(username)

    async def identify(
        self,
        interaction: Interaction,
        verification_id: str | None = None,
        *,
        links_social: bool = False,
    ) -> Identification:
        """Say who the person is: one who has an account, or one who gets one now.

        With *links_social*, a social account is linked to the account that its provider proves.
        """
        proof = await self.social.find(interaction, verification_id)
        if proof is not None and interaction.event is not InteractionEvent.FORGOT_PASSWORD:
            return await self.social.identify(interaction, proof, links=links_social)
        if interaction.event is InteractionEvent.REGISTER:
            await self.register.identify(interaction, verification_id)
            return Identification.CREATED
        if interaction.event is InteractionEvent.FORGOT_PASSWORD:
            await self.recover.identify(interaction, verification_id)
            return Identification.IDENTIFIED
        await self.sign_in.identify(interaction, verification_id)
        return Identification.IDENTIFIED

    async def set_phone(self, interaction: Interaction, verification_id: str) -> Interaction:
        """Add a proved number to the pending profile."""
        await self._require_proved(interaction)
        return await self.profile.set_phone(interaction, verification_id)

    async def set_email(self, interaction: Interaction, verification_id: str) -> Interaction:
        """Add a proved address to the pending profile."""
        await self._require_proved(interaction)
        return await self.profile.set_email(interaction, verification_id)

    async def add_social(self, interaction: Interaction, verification_id: str) -> Interaction:
        """Add a proved social account to the pending profile."""
        await self._require_proved(interaction)
        return await self.social.add(interaction, verification_id)

    async def set_username(self, interaction: Interaction, username: str) -> Interaction:
        """Add a user name to the pending profile."""
        await self._require_proved(interaction)
        return await self.profile.set_username(interaction, username)

    async def set_password(self, interaction: Interaction, password: str) -> Interaction:
        """Add a password to the pending profile."""
        await self._require_proved(interaction)
        return await self.profile.set_password(interaction, password)

    async def set_new_password(self, interaction: Interaction, password: str) -> Interaction:
        """Keep the new password of someone who forgot theirs, until it is submitted."""
        return await self.recover.set_password(interaction, password)

    async def submit(self, interaction: Interaction, context: RequestContext) -> str | None:
        """Let the identified person in; return where the browser goes to be given its session.

        None where a password was recovered: that signs nobody in. Raises IdentifierNotFound, and
        what says that a second factor is missing (`SecondFactor.require_proved`, `require_bound`).
        """
        if interaction.event is InteractionEvent.FORGOT_PASSWORD:
            if interaction.state.profile.password_digest is not None:
                await self.second_factor.require_proved(interaction)
            await self.recover.submit(interaction, context)
            return None
        if interaction.user_id is None:
            raise IdentifierNotFound
        if interaction.result is None:
            now = self.clock.now()
            standing = await self.second_factor.require_proved(interaction)
            amr, acr = self.second_factor.context_of(interaction)
            result = InteractionResult(interaction.user_id, amr, now, acr)
            # Together: a refusal after the account was written takes everything back.
            async with self.storage.transaction() as tx:
                user = await self._sign_in(interaction, interaction.user_id, tx)
                if standing is not None:
                    standing = replace(standing, user=user)
                    self.second_factor.require_bound(standing)
                    language = self.proofs.language(interaction, context)
                    user = await self.second_factor.write(standing, language, tx=tx)
                await self.events.submitted(interaction, user, context, tx=tx)
                if not interaction.state.profile.is_empty or interaction.second.changes_person:
                    await self.events.written(Event.USER_DATA_UPDATED, user, tx=tx)
                await self.interactions.within(tx).save(replace(interaction, result=result), now)
        return f"{self.origin}/oidc/auth/{interaction.token}"

    async def finish(self, token: str, session_token: str | None = None) -> Finished:
        """End a submitted interaction, once: a fresh session, and a code for the application.

        Raises SessionNotFound for one that is not submitted, over, or finished before.
        """
        now = self.clock.now()
        async with self.storage.transaction() as tx:
            # Taken away first: of two resumes at once, one waits for this row and finds it gone.
            interaction, result = await self.interactions.within(tx).end(
                token, digest_of_token(token), now
            )
            sessions = self.oidc.sessions.within(tx)
            # A browser's earlier session, of whomever, ends with a new sign-in.
            await sessions.end(session_token)
            session = await sessions.create(
                result.user_id, result.amr, result.acr, authenticated_at=result.authenticated_at
            )
            response = await self._answer(interaction, result, session, tx)
        return Finished(response=response, session=session, request=interaction.request)

    async def purge(self, now: datetime) -> int:
        """Delete the interactions that are past their time, and return how many."""
        return await self.interactions.purge(now)

    async def _answer(
        self,
        interaction: Interaction,
        result: InteractionResult,
        session: NewSession,
        tx: Database,
    ) -> AuthorizationResponse | None:
        try:
            return await self.oidc.codes.within(tx).issue(
                interaction.request,
                user_id=result.user_id,
                amr=result.amr,
                acr=result.acr,
                auth_time=result.authenticated_at,
                session_digest=session.session.id_digest,
            )
        except ConsentRequired:
            return None

    async def _require_proved(self, interaction: Interaction) -> None:
        """Let only who owes no second proof add to the account that they signed in to."""
        if interaction.event is InteractionEvent.SIGN_IN:
            await self.second_factor.require_proved(interaction)

    async def _sign_in(self, interaction: Interaction, user_id: str, tx: Database) -> User:
        state = interaction.state
        change = change_of(state.profile)
        if change is not None and state.profile.social:
            linked = await self.social.linked(user_id, state.profile.social, tx=tx)
            change = replace(change, identities=linked)
        user = await self.users.record_sign_in(user_id, change, tx=tx)
        if user.is_suspended:
            raise UserSuspended
        require_complete(self.settings, user)
        news = news_of(user, state)
        return await self.users.change(user_id, news, tx=tx) if news else user
