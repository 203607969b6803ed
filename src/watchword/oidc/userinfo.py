"""The userinfo endpoint (OpenID Connect Core, 5.3)."""

from dataclasses import dataclass
from typing import Any

from watchword.applications.service import ApplicationService
from watchword.core.clock import Clock
from watchword.core.digests import digest_of_token
from watchword.oidc.claims import userinfo_claims
from watchword.oidc.errors import BearerRefused, InsufficientScope, InvalidRequest
from watchword.oidc.models import OPENID, Grant
from watchword.oidc.organizations import OrganizationAccess
from watchword.oidc.parameters import Parameters
from watchword.oidc.repository import TokenRepository
from watchword.users.service import UserService


@dataclass(frozen=True, kw_only=True)
class Userinfo:
    """Says who an access token is for."""

    repository: TokenRepository
    users: UserService
    applications: ApplicationService
    organizations: OrganizationAccess
    clock: Clock
    issuer: str

    async def authenticate(self, parameters: Parameters, authorization: str | None) -> Grant:
        """Return what the bearer's token gives; raises BearerRefused or InvalidRequest."""
        token = self._bearer(parameters, authorization)
        grant = await self.repository.find_live("access", digest_of_token(token), self.clock.now())
        if grant is None:
            raise BearerRefused("invalid token provided", self.issuer)
        if await self.applications.find(grant.client_id) is None:
            raise BearerRefused("the application is gone", self.issuer)
        if OPENID not in grant.scope:
            raise InsufficientScope("the access token lacks the openid scope", self.issuer)
        return grant

    async def claims(self, grant: Grant) -> dict[str, Any]:
        """Return the claims of the grant's user by its scope (OpenID Connect Core, 5.3.2).

        Raises BearerRefused where the user is suspended or gone.
        """
        user = await self.users.find(grant.user_id)
        if user is None or user.is_suspended:
            raise BearerRefused("invalid token provided", self.issuer)
        names = grant.details.get("userinfo_claims", ())
        return {
            **userinfo_claims(user, grant.scope, names),
            **await self.organizations.userinfo_claims(user.id, grant.scope, names),
        }

    def _bearer(self, parameters: Parameters, authorization: str | None) -> str:
        in_body = parameters.find("access_token")
        if authorization is not None:
            scheme, _, token = authorization.partition(" ")
            if in_body is not None:
                raise InvalidRequest("the access token must be sent in one way only")
            if scheme.lower() == "bearer" and token.strip():
                return token.strip()
        if in_body is None:
            raise BearerRefused("no access token provided", self.issuer, with_error=False)
        return in_body
