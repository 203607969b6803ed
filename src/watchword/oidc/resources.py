"""Which API a token is for, and what it may do there (RFC 8707)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from watchword.applications.models import Application
from watchword.oidc.errors import InvalidTarget
from watchword.oidc.models import ACCESS_TOKEN_LIFETIME, OPENID, Grant
from watchword.oidc.organizations import ANY_ORGANIZATION, OrganizationAccess, audience_of
from watchword.oidc.parameters import Parameters
from watchword.resources.models import MANAGEMENT_SCOPE, Resource, among
from watchword.resources.service import ResourceService

# A comma may stand within an identifier; after one that ends it, the next begins with its scheme.
SEVERAL = re.compile(r",(?=[A-Za-z][A-Za-z0-9+.-]*:)")


@dataclass(frozen=True)
class Target:
    """The API that a token is for, as the request named it, and what the token allows there."""

    indicator: str
    scope: tuple[str, ...]
    ttl: timedelta
    organization_id: str | None = None
    """Of a token for an API: the one organization that its scopes are for."""


@dataclass(frozen=True, kw_only=True)
class ResourceIndicators:
    """Decides what applications of one tenant get for its APIs."""

    resources: ResourceService
    organizations: OrganizationAccess

    async def asked(
        self, application: Application, parameters: Parameters
    ) -> Mapping[str, tuple[str, ...]]:
        """Return the APIs of an authorization request, each with the scopes that may be given.

        Raises InvalidTarget where one is unknown, or is not for this application.
        """
        words = parameters.words("scope")
        indicators = _indicators(parameters)
        if not indicators:
            return await self._default(application, words)
        given: dict[str, tuple[str, ...]] = {}
        for indicator in indicators:
            if indicator == ANY_ORGANIZATION:
                given[indicator] = await self.organizations.known_scopes(application, words)
                continue
            resource = await self._known(indicator)
            given[indicator] = among(words, _allowed(application, resource))
            if application.is_third_party and not given[indicator]:
                raise InvalidTarget("no scope of the resource may be given to this client")
        return given

    async def for_person(
        self,
        application: Application,
        grant: Grant,
        parameters: Parameters,
        asked: tuple[str, ...] = (),
        organization_id: str | None = None,
    ) -> Target | None:
        """Return what a token of *grant* is for, None for userinfo; raises InvalidTarget.

        What was granted can only shrink: with *asked*, with what the application may have now,
        and with what the person may do in an organization. Raises what that has against it, too.
        """
        if organization_id is not None:
            return await self._in_organization(
                application, grant, parameters, asked, organization_id
            )
        indicator = _indicator(parameters, grant, asked or grant.scope)
        if indicator is None:
            return None
        resource = await self._known(indicator)
        scope = among(_granted(grant, indicator, asked), _allowed(application, resource))
        if application.is_third_party and not scope:
            raise InvalidTarget("no scope of the resource may be given to this client any more")
        return Target(indicator, scope, resource.access_token_ttl)

    async def for_machine(self, application: Application, parameters: Parameters) -> Target:
        """Return what a machine's own token is for; raises InvalidTarget."""
        indicator = parameters.find("resource")
        default = await self.resources.find_default() if indicator is None else None
        if indicator is None and default is None:
            raise InvalidTarget("parameter 'resource' is missing")
        resource = default or await self._known(indicator or "")
        scope = among(parameters.words("scope"), _allowed(application, resource))
        return Target(resource.indicator, scope, resource.access_token_ttl)

    async def _in_organization(
        self,
        application: Application,
        grant: Grant,
        parameters: Parameters,
        asked: tuple[str, ...],
        organization_id: str,
    ) -> Target:
        permit = await self.organizations.permit(application, grant, organization_id)
        indicator = parameters.find("resource")
        if indicator is None:
            scope = among(_granted(grant, ANY_ORGANIZATION, asked), permit.scopes)
            return Target(audience_of(organization_id), scope, ACCESS_TOKEN_LIFETIME)
        resource = await self._known(_among_granted(indicator, grant))
        allowed = _allowed(application, resource) & resource.names_of(permit.resource_scope_ids)
        scope = among(_granted(grant, indicator, asked), allowed)
        return Target(indicator, scope, resource.access_token_ttl, organization_id)

    async def _known(self, indicator: str) -> Resource:
        resource = await self.resources.find_indicated(indicator)
        if resource is None:
            raise InvalidTarget("resource indicator is missing, or unknown")
        return resource

    async def _default(
        self, application: Application, words: tuple[str, ...]
    ) -> Mapping[str, tuple[str, ...]]:
        resource = await self.resources.find_default()
        if resource is None:
            return {}
        scope = among(words, _allowed(application, resource))
        # It was not asked for, so a third party that may not have it is not refused.
        return {} if application.is_third_party and not scope else {resource.indicator: scope}


def granted_names(grant: Grant) -> frozenset[str]:
    """Return every scope that a grant has, of OpenID and of the APIs."""
    scopes = grant.details.get("resource_scopes", {}).values()
    return frozenset(grant.scope).union(*scopes)


def _allowed(application: Application, resource: Resource) -> frozenset[str]:
    if resource.is_built_in:
        return frozenset({MANAGEMENT_SCOPE} if application.is_management else ())
    return resource.names_of(application.resource_scopes)


def _indicator(parameters: Parameters, grant: Grant, scope: tuple[str, ...]) -> str | None:
    granted = grant.details["resources"]
    asked = parameters.find("resource")
    if asked is None:
        return granted[0] if len(granted) == 1 and OPENID not in scope else None
    return _among_granted(asked, grant)


def _indicators(parameters: Parameters) -> dict[str, None]:
    # The contract takes several in one value, too, for clients that cannot repeat a name.
    values = (SEVERAL.split(value) for value in parameters.all("resource"))
    return dict.fromkeys(part for parts in values for part in parts)


def _among_granted(indicator: str, grant: Grant) -> str:
    if indicator not in grant.details["resources"]:
        raise InvalidTarget("resource was not part of the authorization request")
    return indicator


def _granted(grant: Grant, indicator: str, asked: tuple[str, ...]) -> tuple[str, ...]:
    granted = tuple(grant.details.get("resource_scopes", {}).get(indicator, ()))
    return among(granted, asked) if asked else granted
