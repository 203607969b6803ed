"""Token introspection (RFC 7662)."""

from dataclasses import dataclass
from typing import Any

from watchword.applications.models import Application
from watchword.core.clock import Clock
from watchword.core.digests import digest_of_token
from watchword.oidc.jwt import ACCESS_TOKEN_TYPE, Signer
from watchword.oidc.parameters import Parameters
from watchword.oidc.repository import TokenRepository

INACTIVE: dict[str, Any] = {"active": False}
SHOWN_OF_JWT = ("sub", "aud", "client_id", "exp", "iat", "iss", "jti", "scope", "organization_id")


@dataclass(frozen=True, kw_only=True)
class Introspection:
    """Tells a client what a token is worth."""

    repository: TokenRepository
    signer: Signer
    clock: Clock

    async def describe(self, application: Application, parameters: Parameters) -> dict[str, Any]:
        """Return the token's state; a public client learns of its own tokens only."""
        token = parameters.get("token")
        described = (
            await self._of_jwt(token) if token.count(".") == 2 else await self._of_stored(token)
        )
        if application.is_public and described.get("client_id") != application.id:
            return INACTIVE
        return described

    async def _of_jwt(self, token: str) -> dict[str, Any]:
        claims = await self.signer.read(token, ACCESS_TOKEN_TYPE)
        if claims is None or claims["exp"] <= self.clock.now().timestamp():
            return INACTIVE
        shown = {name: claims[name] for name in SHOWN_OF_JWT if name in claims}
        return {"active": True, **shown, "token_type": "Bearer"}

    async def _of_stored(self, token: str) -> dict[str, Any]:
        digest = digest_of_token(token)
        now = self.clock.now()
        for kind in ("access", "refresh"):
            grant = await self.repository.find_live(kind, digest, now)
            if grant is not None:
                described = {
                    "active": True,
                    "sub": grant.user_id,
                    "client_id": grant.client_id,
                    "exp": int(grant.expires_at.timestamp()),
                    "iat": int(grant.created_at.timestamp()),
                    "iss": self.signer.issuer,
                    "scope": " ".join(grant.scope),
                }
                return {**described, "token_type": "Bearer"} if kind == "access" else described
        return INACTIVE
