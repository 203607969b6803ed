"""Operators, sessions and invitations in the database."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    and_,
    bindparam,
    case,
    delete,
    func,
    insert,
    null,
    or_,
    select,
    update,
)

from watchword.operators.models import (
    FREE_FAILURES,
    SESSION_IDLE,
    WAITS,
    Invitation,
    OpenInvitation,
    Operator,
    OperatorSession,
    Role,
    Visit,
)
from watchword.storage import Row, ServerRepository
from watchword.storage.schema import (
    operator_invitations as invitations,
)
from watchword.storage.schema import (
    operator_sessions as sessions,
)
from watchword.storage.schema import (
    operators,
)
from watchword.storage.types import Json, UtcDateTime

TOUCH_EVERY = timedelta(minutes=1)

COUNT = select(func.count().label("count")).select_from(operators)
# Locked in one order, so that two owners who take each other's role wait and never in a circle.
LOCK_OWNERS = (
    select(operators.c.id)
    .where(operators.c.role == "owner")
    .order_by(operators.c.id)
    .with_for_update()
)
ALL = select(operators).order_by(operators.c.created_at, operators.c.id)
BY_ID = select(operators).where(operators.c.id == bindparam("id"))

CREATE = insert(operators).values(
    id=bindparam("id"),
    username=bindparam("username"),
    password_digest=bindparam("password_digest"),
    role=bindparam("role"),
    recovery_codes=bindparam("recovery_codes"),
    preferences=bindparam("preferences"),
    failures=0,
    created_at=bindparam("created_at"),
)
DELETE = delete(operators).where(operators.c.id == bindparam("id"))
SET_ROLE = (
    update(operators).where(operators.c.id == bindparam("id_")).values(role=bindparam("role"))
)

# Counts the try before the password is looked at: parallel guesses each cost one.
COUNTED = {
    "failures": operators.c.failures + 1,
    "blocked_until": case(
        (operators.c.failures < FREE_FAILURES, null()),
        *(
            (
                operators.c.failures == FREE_FAILURES + step,
                bindparam(f"wait_{step}", type_=UtcDateTime()),
            )
            for step in range(len(WAITS) - 1)
        ),
        else_=bindparam(f"wait_{len(WAITS) - 1}", type_=UtcDateTime()),
    ),
}
NOT_BLOCKED = or_(
    operators.c.blocked_until.is_(None),
    operators.c.blocked_until <= bindparam("now", type_=UtcDateTime()),
)
ATTEMPT_BY_NAME = (
    update(operators)
    .where(and_(operators.c.username == bindparam("name"), NOT_BLOCKED))
    .values(COUNTED)
    .returning(operators)
)
ATTEMPT_BY_ID = (
    update(operators)
    .where(and_(operators.c.id == bindparam("id_"), NOT_BLOCKED))
    .values(COUNTED)
    .returning(operators)
)
SUCCEEDED = (
    update(operators)
    .where(operators.c.id == bindparam("id_"))
    .values(failures=0, blocked_until=null(), last_sign_in_at=bindparam("at"))
)
SET_PASSWORD = (
    update(operators)
    .where(operators.c.id == bindparam("id_"))
    .values(password_digest=bindparam("password_digest"))
)
SET_PREFERENCES = (
    update(operators)
    .where(operators.c.id == bindparam("id_"))
    .values(preferences=bindparam("preferences"))
)
SET_TOTP = (
    update(operators)
    .where(operators.c.id == bindparam("id_"))
    .values(
        totp_secret=bindparam("totp_secret"),
        totp_last_step=bindparam("totp_last_step"),
        recovery_codes=bindparam("recovery_codes"),
    )
)
# A code of the authenticator serves once (RFC 6238, 5.2): steps only move forward.
SPEND_STEP = (
    update(operators)
    .where(
        and_(
            operators.c.id == bindparam("id_"),
            or_(
                operators.c.totp_last_step.is_(None),
                operators.c.totp_last_step < bindparam("step"),
            ),
        )
    )
    .values(totp_last_step=bindparam("step"))
    .returning(operators.c.id)
)
SPEND_RECOVERY_CODE = (
    update(operators)
    .where(
        and_(
            operators.c.id == bindparam("id_"),
            operators.c.recovery_codes == bindparam("before", type_=Json()),
        )
    )
    .values(recovery_codes=bindparam("after", type_=Json()))
    .returning(operators.c.id)
)

OPEN_SESSION = insert(sessions).values(
    token_digest=bindparam("token_digest"),
    operator_id=bindparam("operator_id"),
    csrf_token=bindparam("csrf_token"),
    needs_second_factor=bindparam("needs_second_factor"),
    authenticated_at=bindparam("at"),
    created_at=bindparam("created_at"),
    last_seen_at=bindparam("at"),
    expires_at=bindparam("expires_at"),
)
SESSION_COLUMNS = [column.label(f"session_{column.name}") for column in sessions.c]
FIND_VISIT = (
    select(operators, *SESSION_COLUMNS)
    .join(sessions, sessions.c.operator_id == operators.c.id)
    .where(
        and_(
            sessions.c.token_digest == bindparam("token_digest"),
            sessions.c.expires_at > bindparam("now", type_=UtcDateTime()),
            sessions.c.last_seen_at > bindparam("idle_since", type_=UtcDateTime()),
        )
    )
)
TOUCH = (
    update(sessions)
    .where(sessions.c.token_digest == bindparam("digest"))
    .values(last_seen_at=bindparam("now"))
)
SESSIONS_OF = (
    select(sessions)
    .where(
        and_(
            sessions.c.operator_id == bindparam("operator_id"),
            sessions.c.needs_second_factor.is_(False),
            sessions.c.expires_at > bindparam("now", type_=UtcDateTime()),
            sessions.c.last_seen_at > bindparam("idle_since", type_=UtcDateTime()),
        )
    )
    .order_by(sessions.c.last_seen_at.desc())
)
END_SESSION = delete(sessions).where(
    and_(
        sessions.c.token_digest == bindparam("digest"),
        sessions.c.operator_id == bindparam("operator_id"),
    )
)
END_OTHERS = delete(sessions).where(
    and_(
        sessions.c.operator_id == bindparam("operator_id"),
        sessions.c.token_digest != bindparam("kept"),
    )
)
PURGE_SESSIONS = delete(sessions).where(
    or_(
        sessions.c.expires_at < bindparam("now", type_=UtcDateTime()),
        sessions.c.last_seen_at < bindparam("idle_since", type_=UtcDateTime()),
    )
)

INVITE = insert(invitations).values(
    token_digest=bindparam("token_digest"),
    role=bindparam("role"),
    is_setup=bindparam("is_setup"),
    created_by=bindparam("created_by"),
    created_at=bindparam("created_at"),
    expires_at=bindparam("expires_at"),
)
USABLE = and_(
    invitations.c.token_digest == bindparam("digest"),
    invitations.c.used_at.is_(None),
    invitations.c.expires_at > bindparam("now", type_=UtcDateTime()),
)
FIND_INVITATION = select(invitations).where(USABLE)
# Of two browsers with the same link one gets a row back.
SPEND_INVITATION = (
    update(invitations)
    .where(USABLE)
    .values(used_at=bindparam("now", type_=UtcDateTime()))
    .returning(invitations)
)
OPEN_INVITATIONS = (
    select(invitations, operators.c.username.label("invited_by"))
    .outerjoin(operators, operators.c.id == invitations.c.created_by)
    .where(
        invitations.c.used_at.is_(None),
        invitations.c.expires_at > bindparam("now", type_=UtcDateTime()),
    )
    .order_by(invitations.c.created_at, invitations.c.token_digest)
)
REVOKE = delete(invitations).where(USABLE).returning(invitations)
REVOKE_ALL_OF = delete(invitations).where(invitations.c.created_by == bindparam("by"))
FORGET_SETUP_LINKS = delete(invitations).where(invitations.c.is_setup.is_(True))
PURGE_INVITATIONS = delete(invitations).where(
    invitations.c.expires_at < bindparam("now", type_=UtcDateTime())
)


class OperatorRepository(ServerRepository):
    """Reads and writes the operators' tables."""

    async def count(self) -> int:
        """Return how many operators there are."""
        row = await self.first(COUNT)
        return int(row["count"]) if row else 0

    async def lock_owners(self) -> frozenset[str]:
        """Return the owners' ids; until this transaction ends nobody else makes one less."""
        return frozenset(row["id"] for row in await self.all(LOCK_OWNERS))

    async def list(self) -> list[Operator]:
        """Return every operator, the oldest first."""
        return [_operator(row) for row in await self.all(ALL)]

    async def find(self, operator_id: str) -> Operator | None:
        """Return one operator, or None."""
        row = await self.first(BY_ID, id=operator_id)
        return _operator(row) if row else None

    async def create(
        self, *, id: str, username: str, password_digest: str, role: str, at: datetime
    ) -> None:
        """Add an operator; raises StorageConflict if the user name is taken."""
        await self.run(
            CREATE,
            id=id,
            username=username,
            password_digest=password_digest,
            role=role,
            recovery_codes=[],
            preferences={},
            created_at=at,
        )

    async def delete(self, operator_id: str) -> None:
        """Remove an operator and every session of theirs."""
        await self.run(DELETE, id=operator_id)

    async def set_role(self, operator_id: str, role: Role) -> None:
        """Let an operator have another role, from their next request on."""
        await self.run(SET_ROLE, id_=operator_id, role=role)

    async def attempt_by_name(self, username: str, now: datetime) -> Operator | None:
        """Count a try and return the operator, or None if unknown or made to wait."""
        row = await self.first(ATTEMPT_BY_NAME, name=username, now=now, **_waits(now))
        return _operator(row) if row else None

    async def attempt_by_id(self, operator_id: str, now: datetime) -> Operator | None:
        """Count a try of a known operator; None if made to wait."""
        row = await self.first(ATTEMPT_BY_ID, id_=operator_id, now=now, **_waits(now))
        return _operator(row) if row else None

    async def succeeded(self, operator_id: str, at: datetime) -> None:
        """Forget earlier failures and note the moment."""
        await self.run(SUCCEEDED, id_=operator_id, at=at)

    async def set_password(self, operator_id: str, password_digest: str) -> None:
        """Replace the password's digest."""
        await self.run(SET_PASSWORD, id_=operator_id, password_digest=password_digest)

    async def set_preferences(self, operator_id: str, preferences: dict[str, Any]) -> None:
        """Replace language and theme."""
        await self.run(SET_PREFERENCES, id_=operator_id, preferences=preferences)

    async def set_totp(
        self, operator_id: str, sealed: str | None, step: int | None, codes: tuple[str, ...]
    ) -> None:
        """Replace the second factor and its recovery codes."""
        await self.run(
            SET_TOTP,
            id_=operator_id,
            totp_secret=sealed,
            totp_last_step=step,
            recovery_codes=list(codes),
        )

    async def spend_step(self, operator_id: str, step: int) -> bool:
        """Take one time step; False if it or a later one was taken before."""
        return await self.first(SPEND_STEP, id_=operator_id, step=step) is not None

    async def spend_recovery_code(
        self, operator_id: str, before: tuple[str, ...], after: tuple[str, ...]
    ) -> bool:
        """Replace the list of unused codes; False if another request was first."""
        row = await self.first(
            SPEND_RECOVERY_CODE, id_=operator_id, before=list(before), after=list(after)
        )
        return row is not None

    async def open_session(
        self,
        *,
        token_digest: str,
        operator_id: str,
        csrf_token: str,
        needs_second_factor: bool,
        at: datetime,
        created_at: datetime,
        expires_at: datetime,
    ) -> None:
        """Add a session."""
        await self.run(
            OPEN_SESSION,
            token_digest=token_digest,
            operator_id=operator_id,
            csrf_token=csrf_token,
            needs_second_factor=needs_second_factor,
            at=at,
            created_at=created_at,
            expires_at=expires_at,
        )

    async def find_visit(self, token_digest: str, now: datetime) -> Visit | None:
        """Return the live session with its operator, and note that it was seen."""
        row = await self.first(
            FIND_VISIT, token_digest=token_digest, now=now, idle_since=now - SESSION_IDLE
        )
        if row is None:
            return None
        visit = Visit(_operator(row), _session(row, "session_"))
        if now - visit.session.last_seen_at > TOUCH_EVERY:
            await self.run(TOUCH, digest=token_digest, now=now)
        return visit

    async def sessions_of(self, operator_id: str, now: datetime) -> tuple[OperatorSession, ...]:
        """Return an operator's live sessions, the latest used first."""
        rows = await self.all(
            SESSIONS_OF, operator_id=operator_id, now=now, idle_since=now - SESSION_IDLE
        )
        return tuple(_session(row) for row in rows)

    async def end_session(self, operator_id: str, session_id: str) -> None:
        """Remove one session."""
        await self.run(END_SESSION, operator_id=operator_id, digest=session_id)

    async def end_others(self, operator_id: str, kept: str) -> None:
        """Remove every session of an operator but one."""
        await self.run(END_OTHERS, operator_id=operator_id, kept=kept)

    async def invite(
        self,
        *,
        token_digest: str,
        role: str,
        is_setup: bool,
        created_by: str | None,
        at: datetime,
        expires_at: datetime,
    ) -> None:
        """Add a one-time link."""
        await self.run(
            INVITE,
            token_digest=token_digest,
            role=role,
            is_setup=is_setup,
            created_by=created_by,
            created_at=at,
            expires_at=expires_at,
        )

    async def find_invitation(self, token_digest: str, now: datetime) -> Invitation | None:
        """Return a link that can still be used, or None."""
        row = await self.first(FIND_INVITATION, digest=token_digest, now=now)
        return _invitation(row) if row else None

    async def spend_invitation(self, token_digest: str, now: datetime) -> Invitation | None:
        """Use a link up; None if it can't be used, or was a moment ago."""
        row = await self.first(SPEND_INVITATION, digest=token_digest, now=now)
        return _invitation(row) if row else None

    async def open_invitations(self, now: datetime) -> tuple[OpenInvitation, ...]:
        """Return the links that can still be used, the oldest first."""
        return tuple(map(_open_invitation, await self.all(OPEN_INVITATIONS, now=now)))

    async def revoke(self, invitation_id: str, now: datetime) -> Invitation | None:
        """Remove a link that can still be used; None if there is none."""
        row = await self.first(REVOKE, digest=invitation_id, now=now)
        return _invitation(row) if row else None

    async def revoke_all_of(self, operator_id: str) -> None:
        """Remove every link that an operator made."""
        await self.run(REVOKE_ALL_OF, by=operator_id)

    async def forget_setup_links(self) -> None:
        """Remove every set-up link: a newer one takes their place."""
        await self.run(FORGET_SETUP_LINKS)

    async def purge(self, now: datetime) -> None:
        """Remove sessions and links that are past their time."""
        await self.run(PURGE_SESSIONS, now=now, idle_since=now - SESSION_IDLE)
        await self.run(PURGE_INVITATIONS, now=now)


def _waits(now: datetime) -> dict[str, datetime]:
    return {f"wait_{step}": now + wait for step, wait in enumerate(WAITS)}


def _operator(row: Row) -> Operator:
    return Operator(
        id=row["id"],
        username=row["username"],
        role=Role(row["role"]),
        password_digest=row["password_digest"],
        sealed_totp_secret=row["totp_secret"],
        recovery_codes=tuple(row["recovery_codes"]),
        preferences=row["preferences"],
        created_at=row["created_at"],
        last_sign_in_at=row["last_sign_in_at"],
    )


def _session(row: Row, prefix: str = "") -> OperatorSession:
    return OperatorSession(
        id=row[f"{prefix}token_digest"],
        csrf_token=row[f"{prefix}csrf_token"],
        needs_second_factor=bool(row[f"{prefix}needs_second_factor"]),
        authenticated_at=row[f"{prefix}authenticated_at"],
        created_at=row[f"{prefix}created_at"],
        last_seen_at=row[f"{prefix}last_seen_at"],
        expires_at=row[f"{prefix}expires_at"],
    )


def _invitation(row: Row) -> Invitation:
    return Invitation(
        role=Role(row["role"]), is_setup=bool(row["is_setup"]), expires_at=row["expires_at"]
    )


def _open_invitation(row: Row) -> OpenInvitation:
    return OpenInvitation(
        id=row["token_digest"],
        role=Role(row["role"]),
        is_setup=bool(row["is_setup"]),
        invited_by=row["invited_by"],
        created_at=row["created_at"],
        expires_at=row["expires_at"],
    )
