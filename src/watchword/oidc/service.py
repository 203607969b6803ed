"""The OpenID provider of one tenant: its endpoints' services, wired together."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from watchword.applications.models import Application
from watchword.applications.service import ApplicationService
from watchword.audit.repository import AuditRows
from watchword.audit.service import AuditService
from watchword.core.clock import Clock
from watchword.core.keys import SecretKeys
from watchword.core.sealing import Sealer
from watchword.oidc.account_access import AccountAccess
from watchword.oidc.authorization_code import AuthorizationCodeGrant
from watchword.oidc.authorize import AuthorizationService
from watchword.oidc.client_credentials import ClientCredentialsGrant
from watchword.oidc.clients import ClientAuthentication
from watchword.oidc.codes import AuthorizationCodes
from watchword.oidc.consent_repository import ConsentRepository
from watchword.oidc.consents import ConsentQuestion, ConsentService
from watchword.oidc.discovery import discovery_document
from watchword.oidc.errors import (
    ConsentRequired,
    InvalidClient,
    OidcError,
    UnsupportedGrantType,
)
from watchword.oidc.introspection import Introspection
from watchword.oidc.jwt import Signer
from watchword.oidc.key_repository import SigningKeyRepository
from watchword.oidc.keys import SigningKeys
from watchword.oidc.logout import LogoutService
from watchword.oidc.management_access import ManagementAccess
from watchword.oidc.models import AuthorizationRequest, AuthorizationResponse
from watchword.oidc.organizations import OrganizationAccess
from watchword.oidc.parameters import Parameters
from watchword.oidc.refresh_token import RefreshTokenGrant
from watchword.oidc.repository import TokenRepository
from watchword.oidc.resources import ResourceIndicators
from watchword.oidc.revocation import Revocation
from watchword.oidc.session_repository import SessionRepository
from watchword.oidc.sessions import SessionService
from watchword.oidc.signed_in import SignedIn
from watchword.oidc.tokens import TokenIssuer, TokenResponse
from watchword.oidc.trail import Trail
from watchword.oidc.userinfo import Userinfo
from watchword.organizations.service import OrganizationService
from watchword.resources.service import ResourceService
from watchword.storage import Storage
from watchword.users.service import UserService


@dataclass(frozen=True, kw_only=True)
class OpenIdProvider:
    """What a tenant's `/oidc` can do."""

    issuer: str
    applications: ApplicationService
    clients: ClientAuthentication
    authorization: AuthorizationService
    codes: AuthorizationCodes
    sessions: SessionService
    consents: ConsentService
    keys: SigningKeys
    authorization_code: AuthorizationCodeGrant
    refresh_token: RefreshTokenGrant
    client_credentials: ClientCredentialsGrant
    userinfo: Userinfo
    introspection: Introspection
    revocation: Revocation
    logout: LogoutService
    management: ManagementAccess
    account: AccountAccess
    signed_in: SignedIn
    tokens: TokenRepository
    trail: Trail

    @classmethod
    def build(
        cls,
        *,
        storage: Storage,
        tenant_id: str,
        origin: str,
        keys: SecretKeys,
        clock: Clock,
        applications: ApplicationService,
        users: UserService,
        resources: ResourceService,
        organizations: OrganizationService,
        signing_keys: SigningKeys | None = None,
    ) -> Self:
        """Wire the provider of a tenant; pass *signing_keys* on when only settings changed."""
        issuer = f"{origin}/oidc"
        memberships = OrganizationAccess(organizations=organizations)
        targets = ResourceIndicators(resources=resources, organizations=memberships)
        repository = TokenRepository(storage, tenant_id)
        signing = signing_keys or SigningKeys(
            repository=SigningKeyRepository(storage, tenant_id),
            sealer=Sealer(keys, "signing key"),
            clock=clock,
        )
        signer = Signer(keys=signing, issuer=issuer)
        sessions = SessionService(repository=SessionRepository(storage, tenant_id), clock=clock)
        consents = ConsentService(repository=ConsentRepository(storage, tenant_id), clock=clock)
        trail = Trail(audit=AuditService(AuditRows(storage, tenant_id), clock))
        issuing = TokenIssuer(
            repository=repository,
            users=users,
            signer=signer,
            clock=clock,
            trail=trail,
            targets=targets,
            organizations=memberships,
        )
        return cls(
            issuer=issuer,
            applications=applications,
            clients=ClientAuthentication(applications=applications, issuer=issuer),
            authorization=AuthorizationService(
                applications=applications, signer=signer, clock=clock, targets=targets
            ),
            codes=AuthorizationCodes(
                repository=repository,
                applications=applications,
                consents=consents,
                clock=clock,
                issuer=issuer,
            ),
            sessions=sessions,
            consents=consents,
            keys=signing,
            authorization_code=AuthorizationCodeGrant(
                repository=repository, tokens=issuing, clock=clock
            ),
            refresh_token=RefreshTokenGrant(repository=repository, tokens=issuing, clock=clock),
            client_credentials=ClientCredentialsGrant(tokens=issuing),
            userinfo=Userinfo(
                repository=repository,
                users=users,
                applications=applications,
                organizations=memberships,
                clock=clock,
                issuer=issuer,
            ),
            introspection=Introspection(repository=repository, signer=signer, clock=clock),
            revocation=Revocation(repository=repository, clock=clock, trail=trail),
            logout=LogoutService(
                storage=storage,
                applications=applications,
                sessions=sessions,
                signer=signer,
                trail=trail,
            ),
            management=ManagementAccess(
                applications=applications,
                signer=signer,
                clock=clock,
                resources=resources.management_indicators,
            ),
            account=AccountAccess(tokens=repository, applications=applications, clock=clock),
            signed_in=SignedIn(
                storage=storage,
                sessions=sessions.repository,
                tokens=repository,
                applications=applications,
                clock=clock,
            ),
            tokens=repository,
            trail=trail,
        )

    async def authenticate(
        self, named: Application | None, parameters: Parameters, authorization: str | None
    ) -> Application:
        """Return the calling application, which says that it is *named*; raises InvalidClient."""
        try:
            return await self.clients.authenticate(parameters, authorization)
        except InvalidClient as error:
            # What names no application is about nobody here, and is not written down.
            if named is not None:
                await self.trail.client_refused(named, parameters, error)
            raise

    async def exchange(self, application: Application, parameters: Parameters) -> TokenResponse:
        """Answer a token request by its grant type; tokens and refusals are both audited."""
        try:
            return await self._exchange(application, parameters)
        except OidcError as error:
            await self.trail.refused(application, parameters, error)
            raise

    async def _exchange(self, application: Application, parameters: Parameters) -> TokenResponse:
        parameters.check_repeats()
        grant_type = parameters.get("grant_type")
        if grant_type == "authorization_code":
            return await self.authorization_code.exchange(application, parameters)
        if grant_type == "refresh_token":
            return await self.refresh_token.exchange(application, parameters)
        if grant_type == "client_credentials":
            return await self.client_credentials.exchange(application, parameters)
        raise UnsupportedGrantType("unsupported grant_type requested")

    async def answer(
        self, request: AuthorizationRequest, session_token: str | None
    ) -> AuthorizationResponse | str:
        """Answer from the browser's session, or return the page that the person must see first.

        Raises AuthorizationRefused where `prompt=none` forbids any page.
        """
        found = await self.sessions.find(session_token)
        session = self.authorization.check_session(request, found)
        if session is None:
            return request.first_page
        try:
            response = await self.codes.issue(
                request,
                user_id=session.user_id,
                amr=session.amr,
                acr=session.acr,
                auth_time=session.authenticated_at,
                session_digest=session.id_digest,
            )
        except ConsentRequired as error:
            if "none" in request.prompt:
                raise self.authorization.refuse(request, error) from None
            return request.consent_page
        await self.sessions.touch(session)
        return response

    async def consent_question(
        self, request: AuthorizationRequest, session_token: str | None
    ) -> ConsentQuestion | None:
        """Return what the signed-in person must be asked before *request* is answered, or None."""
        found = await self.sessions.find(session_token)
        session = self.authorization.check_session(request, found)
        if session is None:
            return None
        application = await self.applications.get(request.client_id)
        missing = await self.consents.missing_scope(request, application, session.user_id)
        if missing is None:
            return None
        return ConsentQuestion.of(application, session.user_id, missing)

    async def allow(self, request: AuthorizationRequest, session_token: str | None) -> None:
        """Remember that the signed-in person said yes to what they were asked."""
        question = await self.consent_question(request, session_token)
        if question is not None:
            await self.consents.allow(request, question.application, question.user_id)

    def discovery(self) -> dict[str, Any]:
        """Return the provider's metadata."""
        return discovery_document(self.issuer)

    async def purge(self, now: datetime) -> None:
        """Delete expired tokens, sessions that are over, and keys that no living token needs."""
        await self.tokens.purge(now)
        await self.sessions.purge()
        await self.keys.purge()
