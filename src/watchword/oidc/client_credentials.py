"""The client_credentials grant (RFC 6749, 4.4): a machine calls the Management API."""

from dataclasses import dataclass

from watchword.applications.models import Application, ApplicationType
from watchword.oidc.errors import InvalidTarget, UnauthorizedClient
from watchword.oidc.models import ACCESS_TOKEN_LIFETIME
from watchword.oidc.parameters import Parameters
from watchword.oidc.tokens import TokenIssuer, TokenResponse

MANAGEMENT_SCOPE = "all"


@dataclass(frozen=True, kw_only=True)
class ClientCredentialsGrant:
    """Gives a machine a token for a resource."""

    tokens: TokenIssuer
    resources: frozenset[str]

    async def exchange(self, application: Application, parameters: Parameters) -> TokenResponse:
        """Return a JWT for the resource; only a management application gets scope in it."""
        if application.type is not ApplicationType.MACHINE_TO_MACHINE:
            raise UnauthorizedClient("this grant type is not allowed for this client")
        resource = parameters.find("resource")
        if resource is None:
            raise InvalidTarget("parameter 'resource' is missing")
        if resource not in self.resources:
            raise InvalidTarget("resource indicator is missing, or unknown")
        is_asked = MANAGEMENT_SCOPE in parameters.words("scope")
        scope = (MANAGEMENT_SCOPE,) if is_asked and application.is_management else ()
        answer: TokenResponse = {
            "access_token": await self.tokens.resource_token(
                application, application.id, resource, scope
            ),
            "expires_in": int(ACCESS_TOKEN_LIFETIME.total_seconds()),
            "token_type": "Bearer",
        }
        if scope:
            answer["scope"] = " ".join(scope)
        return answer
