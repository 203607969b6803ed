"""Sessions: a browser's signed-in state, known by the digest of its cookie."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Self

from watchword.core.clock import Clock
from watchword.core.digests import digest_of_token
from watchword.core.ids import new_token
from watchword.oidc.authentication_context import acr_of
from watchword.oidc.models import NewSession, Session
from watchword.oidc.session_repository import SessionRepository
from watchword.storage import Database

SESSION_LIFETIME = timedelta(days=14)
IDLE_LIFETIME = timedelta(days=7)
TOUCH_INTERVAL = timedelta(minutes=1)


@dataclass(frozen=True, kw_only=True)
class SessionService:
    """Make, find and end the sessions of one tenant."""

    repository: SessionRepository
    clock: Clock

    def within(self, transaction: Database) -> Self:
        """Return the same service, working inside *transaction*."""
        return replace(self, repository=self.repository.within(transaction))

    async def find(self, token: str | None) -> Session | None:
        """Return the live session of a cookie, or None: its user may be suspended, or gone."""
        if not token:
            return None
        now = self.clock.now()
        return await self.repository.find(digest_of_token(token), now, now - IDLE_LIFETIME)

    async def create(
        self,
        user_id: str,
        amr: tuple[str, ...],
        acr: str | None = None,
        *,
        authenticated_at: datetime | None = None,
    ) -> NewSession:
        """Start a session; every authentication gets a token of its own."""
        token = new_token()
        now = self.clock.now()
        session = Session(
            id_digest=digest_of_token(token),
            user_id=user_id,
            amr=amr,
            acr=acr or acr_of(amr),
            authenticated_at=authenticated_at or now,
            created_at=now,
            last_seen_at=now,
            expires_at=now + SESSION_LIFETIME,
        )
        await self.repository.insert(session)
        return NewSession(session, token)

    async def touch(self, session: Session) -> None:
        """Put the idle time-out off, writing once a minute at most."""
        now = self.clock.now()
        if now - session.last_seen_at >= TOUCH_INTERVAL:
            await self.repository.touch(session.id_digest, now)

    async def end(self, token: str | None) -> str | None:
        """End a session and the tokens that live no longer than it; return whose it was, if any."""
        return await self.repository.end(digest_of_token(token)) if token else None

    async def end_all(self, user_id: str) -> None:
        """End every session and every token of a user: suspended, deleted, or asked for."""
        await self.repository.end_all(user_id)

    async def purge(self) -> None:
        """Delete the sessions that have timed out."""
        now = self.clock.now()
        await self.repository.purge(now, now - IDLE_LIFETIME)
