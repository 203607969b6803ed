"""Rows of sessions, and what ends with them."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, bindparam, delete, insert, or_, select, update

from watchword.oidc.models import OFFLINE_ACCESS, Session
from watchword.storage import Row, TenantRepository
from watchword.storage.schema import interactions, oidc_tokens, sessions, users

s = sessions.c
t = oidc_tokens.c

FIND_SESSION = (
    select(sessions)
    .join(users, and_(users.c.tenant_id == s.tenant_id, users.c.id == s.user_id))
    .where(
        s.tenant_id == bindparam("tenant_id"),
        s.id_digest == bindparam("id_digest"),
        s.expires_at > bindparam("now"),
        s.last_seen_at > bindparam("idle_since"),
        users.c.is_suspended.is_(False),
    )
)

INSERT_SESSION = insert(sessions).values(
    tenant_id=bindparam("tenant_id"),
    id_digest=bindparam("id_digest"),
    user_id=bindparam("user_id"),
    amr=bindparam("amr"),
    acr=bindparam("acr"),
    authenticated_at=bindparam("authenticated_at"),
    created_at=bindparam("created_at"),
    last_seen_at=bindparam("last_seen_at"),
    expires_at=bindparam("expires_at"),
)

TOUCH_SESSION = (
    update(sessions)
    .where(s.tenant_id == bindparam("tenant_id"), s.id_digest == bindparam("digest"))
    .values(last_seen_at=bindparam("now"))
)

END_SESSION = (
    delete(sessions)
    .where(s.tenant_id == bindparam("tenant_id"), s.id_digest == bindparam("digest"))
    .returning(s.user_id)
)

END_TOKENS_OF_SESSION = delete(oidc_tokens).where(
    t.tenant_id == bindparam("tenant_id"),
    t.user_id == bindparam("owner"),  # for its index
    t.session_digest == bindparam("digest"),
    t.scope.not_like(f"%{OFFLINE_ACCESS}%"),
)

END_SESSIONS_OF_USER = delete(sessions).where(
    s.tenant_id == bindparam("tenant_id"), s.user_id == bindparam("owner")
)

END_TOKENS_OF_USER = delete(oidc_tokens).where(
    t.tenant_id == bindparam("tenant_id"), t.user_id == bindparam("owner")
)

# What a visit found out before must not become a session after.
END_VISITS_OF_USER = delete(interactions).where(
    interactions.c.tenant_id == bindparam("tenant_id"), interactions.c.user_id == bindparam("owner")
)
LIST_SESSIONS = (
    select(sessions)
    .where(
        s.tenant_id == bindparam("tenant_id"),
        s.user_id == bindparam("owner"),
        s.expires_at > bindparam("now"),
        s.last_seen_at > bindparam("idle_since"),
    )
    .order_by(s.authenticated_at.desc(), s.id_digest)
)

END_OTHER_SESSIONS = delete(sessions).where(
    s.tenant_id == bindparam("tenant_id"),
    s.user_id == bindparam("owner"),
    s.id_digest != bindparam("kept"),
)

PURGE_SESSIONS = delete(sessions).where(
    s.tenant_id == bindparam("tenant_id"),
    or_(s.expires_at <= bindparam("now"), s.last_seen_at <= bindparam("idle_since")),
)


@dataclass(frozen=True)
class SessionRepository(TenantRepository):
    """Rows of `sessions`."""

    async def find(self, id_digest: str, now: datetime, idle_since: datetime) -> Session | None:
        """Return a session that is neither over nor idle, of a user who may sign in; or None."""
        row = await self.first(FIND_SESSION, id_digest=id_digest, now=now, idle_since=idle_since)
        return None if row is None else _session(row)

    async def list_of(self, user_id: str, now: datetime, idle_since: datetime) -> list[Session]:
        """Return a user's sessions that are neither over nor idle, the newest first."""
        rows = await self.all(LIST_SESSIONS, owner=user_id, now=now, idle_since=idle_since)
        return [_session(row) for row in rows]

    async def insert(self, session: Session) -> None:
        """Write a new row."""
        await self.run(
            INSERT_SESSION,
            id_digest=session.id_digest,
            user_id=session.user_id,
            amr=list(session.amr),
            acr=session.acr,
            authenticated_at=session.authenticated_at,
            created_at=session.created_at,
            last_seen_at=session.last_seen_at,
            expires_at=session.expires_at,
        )

    async def touch(self, id_digest: str, now: datetime) -> None:
        """Write when the session was last seen."""
        await self.run(TOUCH_SESSION, digest=id_digest, now=now)

    async def end(self, id_digest: str) -> str | None:
        """Delete a session, and its tokens but those that may be used offline.

        Returns whose it was; None where there was none.
        """
        row = await self.first(END_SESSION, digest=id_digest)
        if row is None:
            return None
        await self.run(END_TOKENS_OF_SESSION, digest=id_digest, owner=row["user_id"])
        return str(row["user_id"])

    async def end_all(self, user_id: str) -> None:
        """Delete every session and token of a user, and every visit that found out who they are."""
        await self.run(END_VISITS_OF_USER, owner=user_id)
        await self.run(END_SESSIONS_OF_USER, owner=user_id)
        await self.run(END_TOKENS_OF_USER, owner=user_id)

    async def end_others(self, user_id: str, kept: str) -> None:
        """Delete every session of a user but the *kept* one."""
        await self.run(END_OTHER_SESSIONS, owner=user_id, kept=kept)

    async def purge(self, now: datetime, idle_since: datetime) -> None:
        """Delete what has timed out."""
        await self.run(PURGE_SESSIONS, now=now, idle_since=idle_since)


def _session(row: Row) -> Session:
    return Session(
        id_digest=row["id_digest"],
        user_id=row["user_id"],
        amr=tuple(row["amr"]),
        acr=row["acr"],
        authenticated_at=row["authenticated_at"],
        created_at=row["created_at"],
        last_seen_at=row["last_seen_at"],
        expires_at=row["expires_at"],
    )
