"""Token revocation (RFC 7009)."""

from dataclasses import dataclass

from watchword.applications.models import Application
from watchword.core.clock import Clock
from watchword.core.digests import digest_of_token
from watchword.oidc.errors import UnsupportedTokenType
from watchword.oidc.parameters import Parameters
from watchword.oidc.repository import TokenRepository
from watchword.oidc.trail import Trail


@dataclass(frozen=True, kw_only=True)
class Revocation:
    """Takes a client's own tokens back."""

    repository: TokenRepository
    clock: Clock
    trail: Trail

    async def revoke(self, application: Application, parameters: Parameters) -> None:
        """Delete an access token, or a refresh token with all its grant gave.

        A token that is unknown, or another client's, is left alone without a word (RFC 7009, 2.2).
        Raises UnsupportedTokenType for a JWT, which nothing is asked about.
        """
        token = parameters.get("token")
        if token.count(".") == 2:
            raise UnsupportedTokenType("a token that stands for itself can't be revoked")
        digest = digest_of_token(token)
        now = self.clock.now()
        # One that was refreshed away still names its family: whoever shows it means all of it.
        refresh = await self.repository.find_live(
            "refresh", digest, now
        ) or await self.repository.find_spent("refresh", digest, application.id)
        if refresh is not None and refresh.client_id == application.id:
            await self.repository.revoke_grant(digest, refresh.id)
            await self.trail.revoked(application, refresh, "RefreshToken")
            return
        access = await self.repository.find_live("access", digest, now)
        if access is not None and access.client_id == application.id:
            await self.repository.delete(digest)
            await self.trail.revoked(application, access, "AccessToken")
