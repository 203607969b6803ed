"""Where a person is signed in: their sessions, and what their applications hold for them."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal, Self

from watchword.applications.models import Application
from watchword.applications.service import ApplicationService
from watchword.core.clock import Clock
from watchword.core.errors import DomainError
from watchword.oidc.models import Session, UserGrant
from watchword.oidc.repository import TokenRepository
from watchword.oidc.session_repository import SessionRepository
from watchword.oidc.sessions import IDLE_LIFETIME
from watchword.oidc.tokens import session_name
from watchword.storage import Database, Storage

RevokedGrants = Literal["all", "firstParty"]
"""Whose access ends with a session, beside what lives no longer than it anyway."""


class NotSignedInThere(DomainError):
    """The person has no such session, or no application of theirs holds such a grant."""

    code = "entity.not_found"


@dataclass(frozen=True, kw_only=True)
class SignedIn:
    """Shows people where they are signed in, and signs them out there."""

    storage: Storage
    sessions: SessionRepository
    tokens: TokenRepository
    applications: ApplicationService
    clock: Clock

    def within(self, transaction: Database) -> Self:
        """Return the same service, working inside *transaction*."""
        return replace(
            self,
            sessions=self.sessions.within(transaction),
            tokens=self.tokens.within(transaction),
        )

    async def list_sessions(self, user_id: str) -> Sequence[Session]:
        """Return the live sessions, the newest first."""
        now = self.clock.now()
        return await self.sessions.list_of(user_id, now, now - IDLE_LIFETIME)

    async def end_session(
        self,
        user_id: str,
        name: str,
        revoked: RevokedGrants | None,
        besides: Callable[[Database], Awaitable[None]],
    ) -> None:
        """End the session of this name (`sid`), and do *besides* as a part of that.

        Raises NotSignedInThere.
        """
        found = [
            session
            for session in await self.list_sessions(user_id)
            if session_name(session.id_digest) == name
        ]
        if not found:
            raise NotSignedInThere
        digest = found[0].id_digest
        grants = [
            grant
            for grant in await self.list_grants(user_id)
            if grant.session_digest == digest and await self._is_revoked(grant, revoked)
        ]
        async with self.storage.transaction() as tx:
            await self.sessions.within(tx).end(digest)
            for grant in grants:
                await self.tokens.within(tx).end_grant(user_id, grant.id)
            await besides(tx)

    async def list_grants(self, user_id: str) -> Sequence[UserGrant]:
        """Return what applications hold that can still be used, the newest first."""
        return await self.tokens.list_grants(user_id, self.clock.now())

    async def application_of(self, grant: UserGrant) -> Application | None:
        """Return who holds the grant, or None if it was deleted."""
        return await self.applications.find(grant.application_id)

    async def revoke(self, user_id: str, grant_id: str) -> None:
        """Take back whatever one authorization gave; raises NotSignedInThere."""
        if not await self.tokens.end_grant(user_id, grant_id):
            raise NotSignedInThere

    async def end_others(
        self, user_id: str, *, kept_session: str | None, kept_grant: str | None
    ) -> None:
        """End every session and token but those of one session, and of one grant."""
        await self.sessions.end_others(user_id, kept_session or "")
        await self.tokens.end_others(user_id, kept_session or "", kept_grant or "")

    async def _is_revoked(self, grant: UserGrant, revoked: RevokedGrants | None) -> bool:
        if revoked != "firstParty":
            return revoked == "all"
        application = await self.applications.find(grant.application_id)
        return application is not None and not application.is_third_party
