"""One tenant's provider on a real database, and a client that goes through its flows."""

import base64
import hashlib
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

from joserfc import jwt
from joserfc.jwk import KeySet

from tests.fakes import FakeClock
from tests.oidc.prepared_keys import prepared
from watchword.applications.models import Application, NewApplication
from watchword.applications.repository import ApplicationRepository
from watchword.applications.service import ApplicationService
from watchword.audit.repository import AuditRows
from watchword.audit.service import AuditService
from watchword.core.keys import SecretKeys
from watchword.core.phone import PhoneNumber
from watchword.core.sealing import Sealer
from watchword.oidc.models import AuthorizationResponse, NewSession
from watchword.oidc.parameters import Parameters
from watchword.oidc.service import OpenIdProvider
from watchword.organization_roles.repository import RoleRows, ScopeRows
from watchword.organization_roles.service import OrganizationRoleService
from watchword.organizations.repository import MemberRows, OrganizationRows
from watchword.organizations.service import OrganizationService
from watchword.resources.repository import ResourceRepository
from watchword.resources.service import ResourceService
from watchword.storage import Storage
from watchword.users.models import NewUser, User
from watchword.users.repository import UserRepository
from watchword.users.service import UserService
from watchword.webhooks.service import WebhookService

ORIGIN = "https://auth.example"
ISSUER = f"{ORIGIN}/oidc"
CALLBACK = "https://shop.example/callback"
VERIFIER = "v" * 43
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=")
PKCE = {"code_challenge": CHALLENGE.decode(), "code_challenge_method": "S256"}


@dataclass
class World:
    """A tenant with users, applications and a provider."""

    storage: Storage
    clock: FakeClock
    keys: SecretKeys
    tenant_id: str = "default"
    secrets: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Wire the services."""
        self.users = UserService(
            users=UserRepository(self.storage, self.tenant_id), clock=self.clock
        )
        self.applications = ApplicationService(
            repository=ApplicationRepository(self.storage, self.tenant_id),
            sealer=Sealer(self.keys, "application"),
            clock=self.clock,
            origin=ORIGIN,
        )
        self.resources = ResourceService(
            repository=ResourceRepository(self.storage, self.tenant_id), origin=ORIGIN
        )
        self.organizations = organizations_of(self.storage, self.tenant_id, self.clock)
        self.oidc = OpenIdProvider.build(
            storage=self.storage,
            tenant_id=self.tenant_id,
            origin=ORIGIN,
            keys=self.keys,
            clock=self.clock,
            applications=self.applications,
            users=self.users,
            resources=self.resources,
            organizations=self.organizations,
        )
        self.oidc.keys.generate = prepared

    async def add_user(self, **values: Any) -> User:
        """Add a person with a confirmed number."""
        given = {
            "primary_phone": PhoneNumber("821012345678"),
            "is_phone_verified": True,
            **values,
        }
        return await self.users.create(NewUser(**given))

    async def add_application(self, kind: str = "SPA", **values: Any) -> Application:
        """Register an application that returns to CALLBACK."""
        uris = {} if kind == "MachineToMachine" else {"redirect_uris": (CALLBACK,)}
        created = self.applications.prepare(
            NewApplication(**{"name": "Shop", "type": kind, **uris, **values})
        )
        await self.applications.repository.insert(created.application)
        if created.secret is not None:
            self.secrets[created.application.id] = created.secret
        return created.application

    async def sign_in(self, user: User) -> NewSession:
        """Start a session, a moment before whatever is asked next."""
        session = await self.oidc.sessions.create(user.id, ("sms", "otp"))
        self.clock.advance(timedelta(milliseconds=1))
        return session

    async def authorize(
        self, application: Application, session: NewSession | None = None, **values: Any
    ) -> AuthorizationResponse | str:
        """Send an authorization request."""
        request = await self.oidc.authorization.validate(
            params(
                **{
                    "client_id": application.id,
                    "redirect_uri": CALLBACK,
                    "response_type": "code",
                    "scope": "openid",
                    "state": "s1",
                    **PKCE,
                    **values,
                }
            )
        )
        return await self.oidc.answer(request, session.token if session else None)

    async def code(self, application: Application, session: NewSession, **values: Any) -> str:
        """Return a fresh code."""
        answer = await self.authorize(application, session, **values)
        assert isinstance(answer, AuthorizationResponse)
        return answer.parameters["code"]

    async def token(self, application: Application, **values: Any) -> dict[str, Any]:
        """Send a token request as the application."""
        secret = self.secrets.get(application.id)
        parameters = params(client_id=application.id, client_secret=secret, **values)
        client = await self.oidc.clients.authenticate(parameters, None)
        return await self.oidc.exchange(client, parameters)

    async def exchange(self, application: Application, code: str, **values: Any) -> dict[str, Any]:
        """Exchange a code."""
        return await self.token(
            application,
            **{
                "grant_type": "authorization_code",
                "code": code,
                "redirect_uri": CALLBACK,
                "code_verifier": VERIFIER,
                **values,
            },
        )

    async def tokens(self, application: Application, user: User, **values: Any) -> dict[str, Any]:
        """Sign *user* in and return the application's tokens."""
        return await self.exchange(
            application, await self.code(application, await self.sign_in(user), **values)
        )

    async def offline_tokens(self, application: Application, user: User) -> dict[str, Any]:
        """Sign *user* in and return tokens with a refresh token."""
        return await self.tokens(
            application, user, scope="openid phone offline_access", prompt="consent"
        )

    async def refresh(self, application: Application, token: str, **values: Any) -> dict[str, Any]:
        """Exchange a refresh token."""
        return await self.token(
            application, grant_type="refresh_token", refresh_token=token, **values
        )

    async def claims(self, token: str) -> dict[str, Any]:
        """Return a JWT's claims, its signature checked with the published keys."""
        published: Any = {"keys": await self.oidc.keys.published()}
        keys = KeySet.import_key_set(published)
        return jwt.decode(token, keys, algorithms=["ES256", "RS256"]).claims


def organizations_of(storage: Storage, tenant_id: str, clock: FakeClock) -> OrganizationService:
    """Return a tenant's organizations."""
    audit, webhooks = AuditService(AuditRows(storage, tenant_id), clock), WebhookService()
    return OrganizationService(
        organizations=OrganizationRows(storage, tenant_id),
        members=MemberRows(storage, tenant_id),
        roles=OrganizationRoleService(
            roles=RoleRows(storage, tenant_id),
            scopes=ScopeRows(storage, tenant_id),
            storage=storage,
            audit=audit,
            webhooks=webhooks,
        ),
        storage=storage,
        audit=audit,
        webhooks=webhooks,
        clock=clock,
    )


def params(**values: str | None) -> Parameters:
    """Return parameters; None is not sent."""
    return Parameters.of((name, value) for name, value in values.items() if value is not None)


def query_of(address: str) -> dict[str, str]:
    """Return the query of an address."""
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
