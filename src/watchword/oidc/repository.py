"""Rows of sessions, tokens, signing keys and consents."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import String, and_, bindparam, delete, func, insert, or_, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from watchword.oidc.models import OFFLINE_ACCESS, Grant, Session, UserGrant
from watchword.storage import Row, TenantRepository
from watchword.storage.schema import (
    consents,
    interactions,
    oidc_tokens,
    sessions,
    signing_keys,
    users,
)
from watchword.storage.types import Json, UtcDateTime

s = sessions.c
t = oidc_tokens.c
k = signing_keys.c

# --- sessions

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

# --- tokens

INSERT_CODE = insert(oidc_tokens).values(
    tenant_id=bindparam("tenant_id"),
    token_digest=bindparam("token_digest"),
    kind="code",
    grant_id=bindparam("grant_id"),
    application_id=bindparam("application_id"),
    user_id=bindparam("user_id"),
    session_digest=bindparam("session_digest"),
    scope=bindparam("scope"),
    details=bindparam("details"),
    created_at=bindparam("created_at"),
    expires_at=bindparam("expires_at"),
)

# A token is written only while the code or refresh token it stands on is there, and holds that
# row until it is. Who finds a reuse deletes that row first and the rest of the grant after it
# (see DELETE_TOKEN, DELETE_GRANT), so no token of a revoked grant slips in between.
_parent = oidc_tokens.alias("parent")
INSERT_CHILD = (
    insert(oidc_tokens)
    .from_select(
        [
            "tenant_id",
            "grant_id",
            "application_id",
            "user_id",
            "session_digest",
            "token_digest",
            "kind",
            "scope",
            "details",
            "created_at",
            "expires_at",
        ],
        select(
            _parent.c.tenant_id,
            _parent.c.grant_id,
            _parent.c.application_id,
            _parent.c.user_id,
            _parent.c.session_digest,
            bindparam("token_digest", type_=String()),
            bindparam("kind", type_=String()),
            bindparam("scope", type_=String()),
            bindparam("details", type_=Json()),
            bindparam("created_at", type_=UtcDateTime()),
            bindparam("expires_at", type_=UtcDateTime()),
        )
        .where(
            _parent.c.tenant_id == bindparam("tenant_id"),
            _parent.c.token_digest == bindparam("parent_digest"),
        )
        .with_for_update(read=True, key_share=True),
    )
    .returning(t.token_digest)
)

_LIVE = (
    t.tenant_id == bindparam("tenant_id"),
    t.token_digest == bindparam("digest"),
    t.kind == bindparam("of_kind"),
    t.expires_at > bindparam("now"),
    t.consumed_at.is_(None),
)

# One statement finds, checks and spends: of two callers one wins.
CONSUME = (
    update(oidc_tokens)
    .where(*_LIVE, t.application_id == bindparam("client"))
    .values(consumed_at=bindparam("now"))
    .returning(oidc_tokens)
)

FIND_LIVE = select(oidc_tokens).where(*_LIVE)

FIND_TOKEN = select(oidc_tokens).where(
    t.tenant_id == bindparam("tenant_id"), t.token_digest == bindparam("digest")
)

DELETE_TOKEN = delete(oidc_tokens).where(
    t.tenant_id == bindparam("tenant_id"), t.token_digest == bindparam("digest")
)

DELETE_GRANT = delete(oidc_tokens).where(
    t.tenant_id == bindparam("tenant_id"), t.grant_id == bindparam("grant")
)

# Codes are not listed: each is about to become something else, or to expire.
LIST_GRANTS = (
    select(
        t.grant_id,
        t.application_id,
        t.session_digest,
        t.scope,
        func.min(t.created_at).label("created_at"),
        func.max(t.expires_at).label("expires_at"),
    )
    .where(
        t.tenant_id == bindparam("tenant_id"),
        t.user_id == bindparam("owner"),
        t.kind != "code",
        t.consumed_at.is_(None),
        t.expires_at > bindparam("now"),
    )
    .group_by(t.grant_id, t.application_id, t.session_digest, t.scope)
    .order_by(func.min(t.created_at).desc(), t.grant_id)
)

END_GRANT_OF_USER = delete(oidc_tokens).where(
    t.tenant_id == bindparam("tenant_id"),
    t.user_id == bindparam("owner"),
    t.grant_id == bindparam("grant"),
)

END_OTHER_TOKENS = delete(oidc_tokens).where(
    t.tenant_id == bindparam("tenant_id"),
    t.user_id == bindparam("owner"),
    or_(t.session_digest.is_(None), t.session_digest != bindparam("kept_session")),
    t.grant_id != bindparam("kept_grant"),
)

PURGE_TOKENS = delete(oidc_tokens).where(
    t.tenant_id == bindparam("tenant_id"), t.expires_at <= bindparam("now")
)

# --- signing keys

LIST_KEYS = (
    select(signing_keys)
    .where(
        k.tenant_id == bindparam("tenant_id"),
        or_(k.retired_at.is_(None), k.retired_at > bindparam("retired_since")),
    )
    .order_by(k.created_at, k.id)
)

INSERT_KEY = (
    upsert(signing_keys)
    .values(
        tenant_id=bindparam("tenant_id"),
        id=bindparam("id"),
        algorithm=bindparam("algorithm"),
        private_key=bindparam("private_key"),
        public_key=bindparam("public_key"),
        created_at=bindparam("created_at"),
    )
    .on_conflict_do_nothing()
)

RETIRE_KEY = (
    update(signing_keys)
    .where(
        k.tenant_id == bindparam("tenant_id"),
        k.algorithm == bindparam("of_algorithm"),
        k.retired_at.is_(None),
    )
    .values(retired_at=bindparam("moment"))
)

PURGE_KEYS = delete(signing_keys).where(
    k.tenant_id == bindparam("tenant_id"), k.retired_at <= bindparam("retired_since")
)

# --- consents

FIND_CONSENT = select(consents.c.scope, consents.c.updated_at).where(
    consents.c.tenant_id == bindparam("tenant_id"),
    consents.c.user_id == bindparam("of_user"),
    consents.c.application_id == bindparam("of_application"),
)

_consent = upsert(consents).values(
    tenant_id=bindparam("tenant_id"),
    user_id=bindparam("user_id"),
    application_id=bindparam("application_id"),
    scope=bindparam("scope"),
    updated_at=bindparam("updated_at"),
)
SAVE_CONSENT = _consent.on_conflict_do_update(
    index_elements=[consents.c.tenant_id, consents.c.user_id, consents.c.application_id],
    set_={"scope": _consent.excluded.scope, "updated_at": _consent.excluded.updated_at},
)


@dataclass(frozen=True)
class SessionRepository(TenantRepository):
    """Rows of `sessions`."""

    async def find(self, id_digest: str, now: datetime, idle_since: datetime) -> Session | None:
        """Return a session that is neither over nor idle, of a user who may sign in."""
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


@dataclass(frozen=True)
class TokenRepository(TenantRepository):
    """Rows of `oidc_tokens`: codes, opaque access tokens, refresh tokens; digests only."""

    async def insert_code(self, token_digest: str, grant: Grant) -> None:
        """Write an authorization code, the first row of its grant."""
        await self.run(
            INSERT_CODE,
            token_digest=token_digest,
            grant_id=grant.id,
            application_id=grant.client_id,
            user_id=grant.user_id,
            session_digest=grant.session_digest,
            scope=" ".join(grant.scope),
            details=dict(grant.details),
            created_at=grant.created_at,
            expires_at=grant.expires_at,
        )

    async def insert_child(
        self,
        parent_digest: str,
        token_digest: str,
        kind: str,
        *,
        scope: tuple[str, ...],
        details: dict[str, Any],
        created_at: datetime,
        expires_at: datetime,
    ) -> bool:
        """Write a token that its parent gave; False if the parent was revoked meanwhile."""
        row = await self.first(
            INSERT_CHILD,
            parent_digest=parent_digest,
            token_digest=token_digest,
            kind=kind,
            scope=" ".join(scope),
            details=details,
            created_at=created_at,
            expires_at=expires_at,
        )
        return row is not None

    async def consume(
        self, kind: str, token_digest: str, client_id: str, now: datetime
    ) -> Grant | None:
        """Spend a code or refresh token of this client, once; None if it can't be."""
        row = await self.first(
            CONSUME, of_kind=kind, digest=token_digest, client=client_id, now=now
        )
        return None if row is None else _grant(row)

    async def find_live(self, kind: str, token_digest: str, now: datetime) -> Grant | None:
        """Return a token that can still be used, or None."""
        row = await self.first(FIND_LIVE, of_kind=kind, digest=token_digest, now=now)
        return None if row is None else _grant(row)

    async def find_spent(self, kind: str, token_digest: str, client_id: str) -> Grant | None:
        """Return the grant of a token that this client has spent before, or None."""
        row = await self.first(FIND_TOKEN, digest=token_digest)
        if row is None or row["consumed_at"] is None:
            return None
        if row["kind"] != kind or row["application_id"] != client_id:
            return None
        return _grant(row)

    async def delete(self, token_digest: str) -> None:
        """Delete one token."""
        await self.run(DELETE_TOKEN, digest=token_digest)

    async def revoke_grant(self, token_digest: str, grant_id: str) -> None:
        """Delete a token, then whatever its grant gave; the order matters (see INSERT_CHILD)."""
        await self.run(DELETE_TOKEN, digest=token_digest)
        await self.run(DELETE_GRANT, grant=grant_id)

    async def list_grants(self, user_id: str, now: datetime) -> list[UserGrant]:
        """Return what a user's applications can still use, one of each grant, newest first."""
        found: dict[str, UserGrant] = {}
        for row in await self.all(LIST_GRANTS, owner=user_id, now=now):
            grant = _user_grant(row)
            known = found.get(grant.id)
            found[grant.id] = grant if known is None else _together(known, grant)
        return list(found.values())

    async def end_grant(self, user_id: str, grant_id: str) -> int:
        """Delete whatever a grant of this user gave, and return how much that was."""
        deleted = await self.run(END_GRANT_OF_USER, owner=user_id, grant=grant_id)
        # Once more, for what a parent that was just deleted gave meanwhile (see INSERT_CHILD).
        return deleted + await self.run(END_GRANT_OF_USER, owner=user_id, grant=grant_id)

    async def end_others(self, user_id: str, kept_session: str, kept_grant: str) -> None:
        """Delete every token of a user but those of one session, and of one grant."""
        values = {"owner": user_id, "kept_session": kept_session, "kept_grant": kept_grant}
        await self.run(END_OTHER_TOKENS, **values)
        await self.run(END_OTHER_TOKENS, **values)

    async def purge(self, now: datetime) -> None:
        """Delete what has expired."""
        await self.run(PURGE_TOKENS, now=now)


@dataclass(frozen=True)
class NewKey:
    """A signing key as it is stored."""

    id: str
    algorithm: str
    private_key: str
    """Sealed."""
    public_key: dict[str, Any]
    created_at: datetime


@dataclass(frozen=True)
class SigningKeyRepository(TenantRepository):
    """Rows of `signing_keys`."""

    async def list(self, retired_since: datetime) -> list[Row]:
        """Return the keys in use and those retired later than *retired_since*, oldest first."""
        return await self.all(LIST_KEYS, retired_since=retired_since)

    async def insert(self, key: NewKey) -> None:
        """Write a key unless another process has just written one."""
        await self.run(INSERT_KEY, **vars(key))

    async def replace(self, key: NewKey, moment: datetime) -> None:
        """Write a key, and let the one of its algorithm sign until *moment* and no longer.

        At any time there is one that is not retired, however many do this at once.
        """
        async with self.db.transaction() as tx:
            await self.within(tx).run(RETIRE_KEY, of_algorithm=key.algorithm, moment=moment)
            await self.within(tx).insert(key)

    async def purge(self, retired_since: datetime) -> None:
        """Delete keys that no living token was signed with."""
        await self.run(PURGE_KEYS, retired_since=retired_since)


@dataclass(frozen=True)
class ConsentRepository(TenantRepository):
    """Rows of `consents`."""

    async def find(
        self, user_id: str, application_id: str
    ) -> tuple[frozenset[str], datetime] | None:
        """Return what a user allowed an application, and when, or None."""
        row = await self.first(FIND_CONSENT, of_user=user_id, of_application=application_id)
        return None if row is None else (frozenset(row["scope"].split()), row["updated_at"])

    async def save(
        self, user_id: str, application_id: str, scope: str, updated_at: datetime
    ) -> None:
        """Write what a user allowed an application, in place of what was there."""
        await self.run(
            SAVE_CONSENT,
            user_id=user_id,
            application_id=application_id,
            scope=scope,
            updated_at=updated_at,
        )


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


def _user_grant(row: Row) -> UserGrant:
    return UserGrant(
        id=row["grant_id"],
        application_id=row["application_id"],
        session_digest=row["session_digest"],
        scope=tuple(row["scope"].split()),
        created_at=row["created_at"],
        expires_at=row["expires_at"],
    )


def _together(one: UserGrant, other: UserGrant) -> UserGrant:
    # A token may have less scope than its grant.
    return replace(
        one,
        scope=tuple(dict.fromkeys((*one.scope, *other.scope))),
        created_at=min(one.created_at, other.created_at),
        expires_at=max(one.expires_at, other.expires_at),
    )


def _grant(row: Row) -> Grant:
    return Grant(
        id=row["grant_id"],
        client_id=row["application_id"],
        user_id=row["user_id"],
        session_digest=row["session_digest"],
        scope=tuple(row["scope"].split()),
        details=row["details"],
        created_at=row["created_at"],
        expires_at=row["expires_at"],
    )
