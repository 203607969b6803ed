"""The refresh_token grant (RFC 6749, 6): rotation, reuse detection, an end that does not move."""

from dataclasses import dataclass

from watchword.applications.models import Application
from watchword.core.clock import Clock
from watchword.core.digests import digest_of_token
from watchword.oidc.errors import InvalidGrant, InvalidScope
from watchword.oidc.models import Grant
from watchword.oidc.parameters import Parameters
from watchword.oidc.repository import TokenRepository
from watchword.oidc.resources import granted_names
from watchword.oidc.tokens import TokenIssuer, TokenResponse


@dataclass(frozen=True, kw_only=True)
class RefreshTokenGrant:
    """Exchanges a refresh token for fresh tokens."""

    repository: TokenRepository
    tokens: TokenIssuer
    clock: Clock

    async def exchange(self, application: Application, parameters: Parameters) -> TokenResponse:
        """Return fresh tokens; a refresh token used twice revokes its whole family."""
        token = parameters.get("refresh_token")
        digest = digest_of_token(token)
        asked = parameters.words("scope")
        organization_id = parameters.find("organization_id")
        if asked or organization_id or parameters.find("resource"):
            await self._check_request(application, digest, asked, parameters)
        grant = await self._spend(application, digest)
        user = await self.tokens.user_of(grant)
        if application.rotates_refresh_tokens:
            token = await self.tokens.refresh_token(grant, digest, None)
        return await self.tokens.answer(
            application,
            user,
            grant,
            digest,
            asked=asked,
            parameters=parameters,
            refresh_token=token,
            organization_id=organization_id,
        )

    async def _check_request(
        self,
        application: Application,
        digest: str,
        asked: tuple[str, ...],
        parameters: Parameters,
    ) -> None:
        # Before the token is spent: a client's slip must not cost the person their sign-in.
        grant = await self.repository.find_live("refresh", digest, self.clock.now())
        if grant is None:
            return
        if not granted_names(grant).issuperset(asked):
            raise InvalidScope("more was asked for than was granted")
        await self.tokens.targets.for_person(
            application, grant, parameters, asked, parameters.find("organization_id")
        )

    async def _spend(self, application: Application, digest: str) -> Grant:
        now = self.clock.now()
        if application.rotates_refresh_tokens:
            grant = await self.repository.consume("refresh", digest, application.id, now)
        else:
            grant = await self.repository.find_live("refresh", digest, now)
        if grant is not None and grant.client_id == application.id:
            return grant
        reused = await self.repository.find_spent("refresh", digest, application.id)
        if reused is None:
            raise InvalidGrant("grant request is invalid")
        # Thief or owner came second: neither can be told apart, so both must sign in again.
        await self.repository.revoke_grant(digest, reused.id)
        raise InvalidGrant(
            "this refresh token was used before; its whole family is revoked", reused.user_id
        )
