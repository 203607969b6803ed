"""Who may call the Account API: a person, by the opaque token of one of their applications."""

from dataclasses import dataclass

from watchword.applications.models import Application
from watchword.applications.service import ApplicationService
from watchword.core.clock import Clock
from watchword.core.digests import digest_of_token
from watchword.oidc.management_access import Forbidden, Unauthorized, bearer_of
from watchword.oidc.models import OPENID, Grant
from watchword.oidc.repository import TokenRepository


@dataclass(frozen=True, kw_only=True)
class AccountAccess:
    """Reads the Authorization header of an Account API request."""

    tokens: TokenRepository
    applications: ApplicationService
    clock: Clock

    async def find_caller(self, authorization: str | None) -> tuple[Grant, Application]:
        """Return what the token gives, and to whom.

        Raises AuthorizationHeaderMissing, AuthorizationTypeNotSupported and Unauthorized.
        """
        digest = digest_of_token(bearer_of(authorization))
        grant = await self.tokens.find_live("access", digest, self.clock.now())
        if grant is None:
            raise Unauthorized
        application = await self.applications.find(grant.client_id)
        if application is None:
            raise Unauthorized
        return grant, application

    def require_openid(self, grant: Grant) -> None:
        """Let a grant pass that says who the person is; raises Forbidden."""
        if OPENID not in grant.scope:
            raise Forbidden
