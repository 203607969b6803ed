"""Consent: what a person allowed a third party's application."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Self

from watchword.applications.models import Application
from watchword.core.clock import Clock
from watchword.oidc.errors import ConsentRequired
from watchword.oidc.models import AuthorizationRequest
from watchword.oidc.repository import ConsentRepository
from watchword.storage import Database


@dataclass(frozen=True)
class ConsentQuestion:
    """What a person must be asked: may this application have this scope?"""

    application: Application
    user_id: str
    scope: tuple[str, ...]


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
            return request.scope
        scope, moment = given
        missing = tuple(name for name in request.scope if name not in scope)
        asked_at = datetime.fromtimestamp(request.requested_at, UTC)
        # `prompt=consent` asks again, but not twice within one visit.
        if "consent" in request.prompt and moment < asked_at:
            return request.scope
        return missing or None

    async def allow(
        self, request: AuthorizationRequest, application: Application, user_id: str
    ) -> None:
        """Remember that the person agreed to the scope of *request*."""
        given = await self.repository.find(user_id, application.id)
        scope = {*request.scope, *(given[0] if given else ())}
        await self.repository.save(
            user_id, application.id, " ".join(sorted(scope)), self.clock.now()
        )
