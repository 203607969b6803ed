"""The client_credentials grant (RFC 6749, 4.4): a machine calls an API, our own or another."""

from dataclasses import dataclass

from watchword.applications.models import Application, ApplicationType
from watchword.oidc.errors import OrganizationRefused, UnauthorizedClient
from watchword.oidc.parameters import Parameters
from watchword.oidc.tokens import TokenIssuer, TokenResponse


@dataclass(frozen=True, kw_only=True)
class ClientCredentialsGrant:
    """Gives a machine a token for a resource."""

    tokens: TokenIssuer

    async def exchange(self, application: Application, parameters: Parameters) -> TokenResponse:
        """Return a JWT for the resource, with those scopes that the machine was assigned.

        RFC 6749, 4.4; RFC 8707, 2. Raises UnauthorizedClient and OrganizationRefused, and what
        `ResourceIndicators.for_machine` raises.
        """
        if application.type is not ApplicationType.MACHINE_TO_MACHINE:
            raise UnauthorizedClient("this grant type is not allowed for this client")
        # Without this answer the token would be for the whole API.
        if parameters.find("organization_id"):
            raise OrganizationRefused("app has not associated with the organization")
        target = await self.tokens.targets.for_machine(application, parameters)
        answer = await self.tokens.resource_tokens(application, application.id, target)
        await self.tokens.trail.issued(application, parameters, target.scope)
        return answer
