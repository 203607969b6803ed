"""Rows of tokens: codes, access tokens and refresh tokens, each of a grant."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import String, bindparam, delete, func, insert, or_, select, update

from watchword.oidc.models import Grant, UserGrant
from watchword.storage import Row, TenantRepository
from watchword.storage.schema import oidc_tokens
from watchword.storage.types import Json, UtcDateTime

t = oidc_tokens.c

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
