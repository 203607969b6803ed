"""The OpenID provider of one tenant: its endpoints' services, wired together."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from watchword.applications.models import Application
from watchword.applications.service import ApplicationService
from watchword.core.clock import Clock
from watchword.core.keys import SecretKeys
from watchword.core.sealing import Sealer
from watchword.oidc.authorization_code import AuthorizationCodeGrant
from watchword.oidc.authorize import AuthorizationService
from watchword.oidc.client_credentials import ClientCredentialsGrant
from watchword.oidc.clients import ClientAuthentication
from watchword.oidc.codes import AuthorizationCodes
from watchword.oidc.consents import ConsentService
from watchword.oidc.discovery import discovery_document
from watchword.oidc.errors import UnsupportedGrantType
from watchword.oidc.introspection import Introspection
from watchword.oidc.jwt import Signer
from watchword.oidc.keys import SigningKeys
from watchword.oidc.logout import LogoutService
from watchword.oidc.parameters import Parameters
from watchword.oidc.refresh_token import RefreshTokenGrant
from watchword.oidc.repository import (
    ConsentRepository,
    SessionRepository,
    SigningKeyRepository,
    TokenRepository,
)
from watchword.oidc.revocation import Revocation
from watchword.oidc.sessions import SessionService
from watchword.oidc.tokens import TokenIssuer, TokenResponse
from watchword.oidc.userinfo import Userinfo
from watchword.storage import Database
from watchword.users.service import UserService


@dataclass(frozen=True, kw_only=True)
class OpenIdProvider:
    """What a tenant's `/oidc` can do."""

    issuer: str
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
    tokens: TokenRepository

    @classmethod
    def build(
        cls,
        *,
        storage: Database,
        tenant_id: str,
        origin: str,
        keys: SecretKeys,
        clock: Clock,
        applications: ApplicationService,
        users: UserService,
        signing_keys: SigningKeys | None = None,
    ) -> Self:
        """Wire the provider of a tenant; pass *signing_keys* on when only settings changed."""
        issuer = f"{origin}/oidc"
        # The contract's own name of the resource is taken too, so that its SDKs work unchanged.
        resources = frozenset({f"{origin}/api", f"https://{tenant_id}.logto.app/api"})
        repository = TokenRepository(storage, tenant_id)
        signing = signing_keys or SigningKeys(
            repository=SigningKeyRepository(storage, tenant_id),
            sealer=Sealer(keys, "signing key"),
            clock=clock,
        )
        signer = Signer(keys=signing, issuer=issuer)
        sessions = SessionService(
            repository=SessionRepository(storage, tenant_id), clock=clock
        )
        consents = ConsentService(
            repository=ConsentRepository(storage, tenant_id), clock=clock
        )
        issuing = TokenIssuer(repository=repository, users=users, signer=signer, clock=clock)
        return cls(
            issuer=issuer,
            clients=ClientAuthentication(applications=applications, issuer=issuer),
            authorization=AuthorizationService(
                applications=applications, signer=signer, clock=clock, resources=resources
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
            refresh_token=RefreshTokenGrant(
                repository=repository, tokens=issuing, clock=clock
            ),
            client_credentials=ClientCredentialsGrant(tokens=issuing, resources=resources),
            userinfo=Userinfo(repository=repository, users=users, clock=clock, issuer=issuer),
            introspection=Introspection(repository=repository, signer=signer, clock=clock),
            revocation=Revocation(repository=repository, clock=clock),
            logout=LogoutService(
                applications=applications, sessions=sessions, signer=signer
            ),
            tokens=repository,
        )

    async def exchange(self, application: Application, parameters: Parameters) -> TokenResponse:
        """Answer a token request by its grant type."""
        grants = {
            "authorization_code": self.authorization_code,
            "refresh_token": self.refresh_token,
            "client_credentials": self.client_credentials,
        }
        grant = grants.get(parameters.get("grant_type"))
        if grant is None:
            raise UnsupportedGrantType("unsupported grant_type requested")
        parameters.check_repeats()
        return await grant.exchange(application, parameters)

    def discovery(self) -> dict[str, Any]:
        """Return the provider's metadata."""
        return discovery_document(self.issuer)

    async def purge(self, now: datetime) -> None:
        """Delete expired tokens, sessions that are over, and keys that no living token needs."""
        await self.tokens.purge(now)
        await self.sessions.purge()
        await self.keys.purge()
