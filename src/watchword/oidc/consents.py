"""Consent: what a person allowed a third party's application."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Self

from watchword.applications.models import Application
from watchword.core.clock import Clock
from watchword.oidc.consent_repository import ConsentRepository
from watchword.oidc.errors import ConsentRequired
from watchword.oidc.models import AuthorizationRequest
from watchword.storage import Database


@dataclass(frozen=True)
class ConsentQuestion:
    """What a person must be asked: may this application have this scope?"""

    application: Application
    user_id: str
    scope: tuple[str, ...]
    resource_scopes: Mapping[str, tuple[str, ...]]
    """What it wants of the tenant's APIs, by indicator."""

    @classmethod
    def of(cls, application: Application, user_id: str, missing: Iterable[str]) -> Self:
        """Return the question; *missing* is what `AuthorizationRequest.scope_to_consent` says."""
        scope: list[str] = []
        resource_scopes: dict[str, tuple[str, ...]] = {}
        for entry in missing:
            indicator, is_of_resource, name = entry.partition("#")
            if is_of_resource:
                resource_scopes[indicator] = (*resource_scopes.get(indicator, ()), name)
            else:
                scope.append(entry)
        return cls(application, user_id, tuple(scope), resource_scopes)


@dataclass(frozen=True, kw_only=True)
class ConsentService:
    """Remember and check the consents of one tenant."""

    repository: ConsentRepository
    clock: Clock

    def within(self, transaction: Database) -> Self:
        """Return the same service, working inside *transaction*."""
        return replace(self, repository=self.repository.within(transaction))

    async def require(
        self, request: AuthorizationRequest, application: Application, user_id: str
    ) -> None:
        """Return if the code may be given; raises ConsentRequired if the person must be asked."""
        if await self.missing_scope(request, application, user_id) is not None:
            raise ConsentRequired("consent is required")

    async def missing_scope(
        self, request: AuthorizationRequest, application: Application, user_id: str
    ) -> tuple[str, ...] | None:
        """Return the scope to ask the person for, or None if nothing has to be asked."""
        if not application.is_third_party:
            return None
        given = await self.repository.find(user_id, application.id)
        if given is None:
            return request.scope_to_consent
        scope, moment = given
        missing = tuple(name for name in request.scope_to_consent if name not in scope)
        asked_at = datetime.fromtimestamp(request.requested_at, UTC)
        # `prompt=consent` asks again, but not twice within one visit.
        if "consent" in request.prompt and moment < asked_at:
            return request.scope_to_consent
        return missing or None

    async def allow(
        self, request: AuthorizationRequest, application: Application, user_id: str
    ) -> None:
        """Remember that the person agreed to the scope of *request*."""
        given = await self.repository.find(user_id, application.id)
        scope = {*request.scope_to_consent, *(given[0] if given else ())}
        await self.repository.save(
            user_id, application.id, " ".join(sorted(scope)), self.clock.now()
        )
