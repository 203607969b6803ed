"""Organizations in tokens: where a person belongs, and tokens for one organization."""

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from watchword.applications.models import Application
from watchword.oidc.claims import ORGANIZATION_ROLES, ORGANIZATIONS
from watchword.oidc.errors import OrganizationRefused, OrganizationScopeMissing
from watchword.oidc.models import Grant
from watchword.organizations.models import Membership, Permit
from watchword.organizations.service import OrganizationService

# The contract's names. The first stands in `resource` of an authorization request, for what the
# scopes of organizations may be; no token is for it.
ANY_ORGANIZATION = "urn:logto:resource:organizations"
AUDIENCE = "urn:logto:organization:"
ORGANIZATION_ID = re.compile(r"[A-Za-z0-9_-]{1,32}")
SECOND_FACTOR = "mfa"  # RFC 8176, 2

CLAIMS: Mapping[str, Callable[[Iterable[Membership]], list[Any]]] = {
    "organizations": lambda found: [of.organization.id for of in found],
    "organization_data": lambda found: [
        {
            "id": of.organization.id,
            "name": of.organization.name,
            "description": of.organization.description,
        }
        for of in found
    ],
    "organization_roles": lambda found: [
        f"{of.organization.id}:{role.name}" for of in found for role in of.roles
    ],
}
IN_ID_TOKEN = {
    ORGANIZATIONS: ("organizations",),
    ORGANIZATION_ROLES: ("organization_roles",),
}
AT_USERINFO = {**IN_ID_TOKEN, ORGANIZATIONS: ("organizations", "organization_data")}


@dataclass(frozen=True, kw_only=True)
class OrganizationAccess:
    """Says where people of one tenant belong, and what they may do there."""

    organizations: OrganizationService

    async def id_token_claims(
        self, user_id: str, scope: Iterable[str], names: Collection[str] = ()
    ) -> dict[str, Any]:
        """Return what an ID token says by its scope, and by the *names* of single claims."""
        return await self._claims(user_id, scope, names, IN_ID_TOKEN)

    async def userinfo_claims(
        self, user_id: str, scope: Iterable[str], names: Collection[str] = ()
    ) -> dict[str, Any]:
        """Return what the userinfo endpoint says, likewise."""
        return await self._claims(user_id, scope, names, AT_USERINFO)

    async def known_scopes(self, application: Application, words: Sequence[str]) -> tuple[str, ...]:
        """Return those of *words* that are scopes of organizations; none for a third party."""
        # PostgreSQL reads no NUL.
        names = [word for word in words if word.isprintable()]
        if application.is_third_party or not names:
            return ()
        return tuple(await self.organizations.roles.known_scopes(names))

    async def permit(self, application: Application, grant: Grant, organization_id: str) -> Permit:
        """Return what the person of *grant* may do in an organization.

        Raises OrganizationScopeMissing and OrganizationRefused.
        """
        if ORGANIZATIONS not in grant.scope:
            raise OrganizationScopeMissing(f"refresh token missing required scope {ORGANIZATIONS}")
        if application.is_third_party:
            raise OrganizationRefused(
                "organization access is not granted to the application", grant.user_id
            )
        permit = None
        if ORGANIZATION_ID.fullmatch(organization_id):
            permit = await self.organizations.find_permit(organization_id, grant.user_id)
        if permit is None:
            raise OrganizationRefused("user is not a member of the organization", grant.user_id)
        # What counts is how this sign-in was proved, not what the account could have proved.
        if permit.is_mfa_required and SECOND_FACTOR not in grant.details["amr"]:
            raise OrganizationRefused(
                "organization requires MFA but this sign-in had one factor", grant.user_id
            )
        return permit

    async def _claims(
        self,
        user_id: str,
        scope: Iterable[str],
        names: Collection[str],
        of_scope: Mapping[str, tuple[str, ...]],
    ) -> dict[str, Any]:
        wanted = {claim for name in scope for claim in of_scope.get(name, ())}
        wanted.update(name for name in names if name in CLAIMS)
        if not wanted:
            return {}
        found = await self.organizations.list_of_user(user_id)
        return {name: claim(found) for name, claim in CLAIMS.items() if name in wanted}


def audience_of(organization_id: str) -> str:
    """Return the `aud` of an organization's tokens."""
    return f"{AUDIENCE}{organization_id}"
