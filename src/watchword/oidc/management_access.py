"""Who may call the Management API: a machine whose token is for it (RFC 6750, RFC 9068)."""

from dataclasses import dataclass
from typing import Any

from watchword.applications.models import Application
from watchword.applications.service import ApplicationService
from watchword.core.clock import Clock
from watchword.core.errors import DomainError
from watchword.oidc.jwt import ACCESS_TOKEN_TYPE, Signer
from watchword.resources.models import MANAGEMENT_SCOPE


class AuthorizationHeaderMissing(DomainError):
    """The request says nothing of who calls."""

    code = "auth.authorization_header_missing"


class AuthorizationTypeNotSupported(DomainError):
    """The Authorization header is not of the Bearer scheme."""

    code = "auth.authorization_token_type_not_supported"
    status = 401

    def __init__(self) -> None:
        super().__init__(data={"supportedTypes": ["Bearer"]})


class Unauthorized(DomainError):
    """The token is not ours, is over, or is for something else."""

    code = "auth.unauthorized"


class Forbidden(DomainError):
    """The token is good, and not for this."""

    code = "auth.forbidden"


@dataclass(frozen=True, kw_only=True)
class ManagementAccess:
    """Reads the Authorization header of a Management API request."""

    applications: ApplicationService
    signer: Signer
    clock: Clock
    resources: frozenset[str]

    async def caller_of(self, authorization: str | None) -> Application:
        """Return the application that calls; raises one of the errors above."""
        claims = await self._claims(bearer_of(authorization))
        if claims is None or not self._is_for_us(claims):
            raise Unauthorized
        # A machine that was deleted since is nobody, however long its token would have lived.
        caller = await self.applications.find(str(claims.get("client_id", "")))
        if caller is None:
            raise Unauthorized
        is_allowed = MANAGEMENT_SCOPE in str(claims.get("scope", "")).split()
        if not is_allowed or not caller.is_management:
            raise Forbidden
        return caller

    async def _claims(self, token: str) -> dict[str, Any] | None:
        return await self.signer.read(token, ACCESS_TOKEN_TYPE)

    def _is_for_us(self, claims: dict[str, Any]) -> bool:
        return claims["exp"] > self.clock.now().timestamp() and claims["aud"] in self.resources


def bearer_of(authorization: str | None) -> str:
    """Return the token of a Bearer header; the scheme's case does not matter (RFC 9110, 11.1).

    Raises AuthorizationHeaderMissing, AuthorizationTypeNotSupported for another scheme, and
    Unauthorized where no token follows.
    """
    if not authorization:
        raise AuthorizationHeaderMissing
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer":
        raise AuthorizationTypeNotSupported
    if not token.strip():
        raise Unauthorized
    return token.strip()
