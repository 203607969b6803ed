"""The messages' rows; each statement allows exactly the moves that a state has."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    bindparam,
    case,
    delete,
    func,
    insert,
    literal,
    null,
    or_,
    select,
    update,
)

from watchword.connector_kit.models import UsageType
from watchword.core.pagination import PageRequest
from watchword.messaging.models import Message, MessageState
from watchword.storage import Row, TenantRepository
from watchword.storage.schema import messages

State = MessageState
m = messages.c
OURS = m.tenant_id == bindparam("tenant_id")
THIS = m.id == bindparam("id_")
MINE = m.lease_holder == bindparam("holder")
TAKEN_AT_ONCE = 100

SHOWN = [m[name] for name in Message.__dataclass_fields__]
PARCEL = [m.recipient, m.content, m.usage_type, m.language, m.expires_at, m.attempts]

INSERT = insert(messages).values({column.name: bindparam(column.name) for column in m})

CLAIM = (
    update(messages)
    .where(
        OURS,
        THIS,
        m.state == State.QUEUED,
        m.expires_at > bindparam("now"),
        or_(m.not_before.is_(None), m.not_before <= bindparam("now")),
    )
    .values(
        state=State.SENDING,
        lease_holder=bindparam("lease_holder"),
        lease_until=bindparam("lease_until"),
        sending_at=bindparam("now"),
        attempts=m.attempts + 1,
        connector_instance_id=bindparam("connector_instance_id"),
        connector_id=bindparam("connector_id"),
    )
    .returning(*PARCEL)
)

FINISH = (
    update(messages)
    .where(OURS, THIS, m.state == State.SENDING, MINE)
    .values(
        state=bindparam("state"),
        # The text is of no use to anyone now.
        content=null(),
        lease_holder=null(),
        lease_until=null(),
        provider_message_id=bindparam("provider_message_id"),
        provider_words=bindparam("provider_words"),
        error_class=bindparam("error_class"),
        encoding=bindparam("encoding"),
        segments=bindparam("segments"),
        accepted_at=bindparam("accepted_at"),
        final_at=bindparam("final_at"),
    )
)

# Only after a refusal: the provider is known not to have sent it.
PUT_BACK = (
    update(messages)
    .where(OURS, THIS, m.state == State.SENDING, MINE)
    .values(
        state=State.QUEUED,
        lease_holder=null(),
        lease_until=bindparam("not_before"),
        not_before=bindparam("not_before"),
        provider_words=bindparam("provider_words"),
        error_class=bindparam("error_class"),
    )
)

# A lease that ran out on `sending` may have sent: it is never sent again.
GIVE_UP = (
    update(messages)
    .where(
        OURS,
        or_(
            and_(m.state == State.QUEUED, m.expires_at <= bindparam("now")),
            and_(m.state == State.SENDING, m.lease_until <= bindparam("now")),
        ),
    )
    .values(
        state=case((m.state == State.QUEUED, State.EXPIRED), else_=State.UNKNOWN),
        error_class=case((m.state == State.QUEUED, m.error_class), else_="sender_lost"),
        content=null(),
        lease_holder=null(),
        lease_until=null(),
        final_at=bindparam("now"),
    )
)

TAKE_OVER = (
    update(messages)
    .where(
        OURS,
        m.id.in_(
            select(m.id)
            .where(
                OURS,
                m.state == State.QUEUED,
                m.lease_until <= bindparam("now"),
                m.expires_at > bindparam("now"),
            )
            .order_by(m.lease_until)
            .limit(literal(TAKEN_AT_ONCE))
        ),
        # Once more outside: of two sweepers, the second must not match what the first took.
        m.state == State.QUEUED,
        m.lease_until <= bindparam("now"),
    )
    .values(lease_holder=bindparam("lease_holder"), lease_until=bindparam("lease_until"))
    .returning(m.id)
)

THEIRS = m.connector_instance_id == bindparam("instance_id")
BY_PROVIDERS_ID = m.provider_message_id == bindparam("message_id")
NAMED = m.id == bindparam("named")
REPORT = (
    update(messages)
    .where(
        OURS,
        THEIRS,
        # By our own id only where the provider's is not known: an id that is known must match.
        or_(BY_PROVIDERS_ID, and_(NAMED, m.provider_message_id.is_(None))),
        or_(m.state == State.ACCEPTED, m.state == State.UNKNOWN),
    )
    .values(
        state=bindparam("state"),
        provider_message_id=bindparam("message_id"),
        error_class=func.coalesce(
            bindparam("error_class", type_=m.error_class.type), m.error_class
        ),
        provider_words=func.coalesce(
            bindparam("provider_words", type_=m.provider_words.type), m.provider_words
        ),
        final_at=bindparam("final_at"),
    )
)
ACCEPT_REPORTED = (
    update(messages)
    .where(OURS, THEIRS, NAMED, m.state == State.SENDING)
    .values(
        state=State.ACCEPTED,
        content=null(),
        lease_holder=null(),
        lease_until=null(),
        provider_message_id=bindparam("message_id"),
        accepted_at=bindparam("now"),
    )
)
IS_REPORTABLE = select(m.id).where(
    OURS,
    THEIRS,
    or_(
        BY_PROVIDERS_ID,
        and_(NAMED, m.state != State.QUEUED, m.state != State.SENDING),
    ),
)

FIND = select(*SHOWN).where(OURS, THIS)
STATE_OF = select(m.state).where(OURS, THIS)
RECIPIENT = select(m.recipient).where(OURS, THIS)
PURGE = delete(messages).where(
    OURS, m.created_at < bindparam("before"), m.state != State.QUEUED, m.state != State.SENDING
)

CONDITIONS: Mapping[str, ColumnElement[bool]] = {
    **{
        name: m[name] == bindparam(name)
        for name in (
            "state",
            "connector_instance_id",
            "usage_type",
            "country",
            "error_class",
            "is_test",
        )
    },
    "since": m.created_at >= bindparam("since"),
    "until": m.created_at < bindparam("until"),
}


@lru_cache(maxsize=256)
def _page(filters: frozenset[str], digests: int) -> tuple[Select[Any], Select[Any]]:
    wanted = [OURS, *(CONDITIONS[name] for name in sorted(filters))]
    if digests:
        wanted.append(
            or_(*(m.recipient_digest == bindparam(f"digest_{n}") for n in range(digests)))
        )
    rows = (
        select(*SHOWN)
        .where(*wanted)
        .order_by(m.created_at.desc(), m.id)
        .limit(bindparam("limit"))
        .offset(bindparam("offset"))
    )
    return rows, select(func.count().label("total")).select_from(messages).where(*wanted)


class MessageRows(TenantRepository):
    """Reads and writes one tenant's messages."""

    async def add(self, row: Row) -> None:
        """Write a new message."""
        await self.run(INSERT, **{column.name: None for column in m} | row)

    async def claim(
        self,
        message_id: str,
        *,
        now: datetime,
        holder: str,
        lease: timedelta,
        instance_id: str | None,
        connector_id: str | None,
    ) -> Row | None:
        """Move a queued message to `sending`; None where someone else did, or it is too late."""
        return await self.first(
            CLAIM,
            id_=message_id,
            now=now,
            lease_holder=holder,
            lease_until=now + lease,
            connector_instance_id=instance_id,
            connector_id=connector_id,
        )

    async def finish(self, message_id: str, holder: str, **outcome: Any) -> bool:
        """End the sending and erase the text; False where the lease was taken over."""
        given = {
            name: outcome.get(name)
            for name in (
                "state",
                "provider_message_id",
                "provider_words",
                "error_class",
                "encoding",
                "segments",
                "accepted_at",
                "final_at",
            )
        }
        return await self.run(FINISH, id_=message_id, holder=holder, **given) == 1

    async def put_back(
        self, message_id: str, holder: str, *, not_before: datetime, words: str, error_class: str
    ) -> bool:
        """Queue a refused message once more, for later."""
        return (
            await self.run(
                PUT_BACK,
                id_=message_id,
                holder=holder,
                not_before=not_before,
                provider_words=words,
                error_class=error_class,
            )
            == 1
        )

    async def give_up(self, now: datetime) -> int:
        """End what is too late to send, and what a lost process may or may not have sent."""
        return await self.run(GIVE_UP, now=now)

    async def take_over(self, now: datetime, holder: str, lease: timedelta) -> list[str]:
        """Return the queued messages that nobody is about to send, now this holder's."""
        rows = await self.all(TAKE_OVER, now=now, lease_holder=holder, lease_until=now + lease)
        return [row["id"] for row in rows]

    async def report(
        self,
        instance_id: str,
        named: str,
        message_id: str,
        *,
        state: MessageState,
        error_class: str | None,
        words: str | None,
        now: datetime,
    ) -> bool:
        """Move a message on by its provider's word; False where it stands beyond or is unknown.

        *message_id* is the provider's id for it, *named* ours, if the provider gave it back.
        """
        return (
            await self.run(
                REPORT,
                instance_id=instance_id,
                named=named,
                message_id=message_id,
                state=state,
                error_class=error_class,
                provider_words=words,
                final_at=now,
            )
            > 0
        )

    async def knows(self, instance_id: str, named: str, message_id: str) -> bool:
        """Tell whether a report is of a message whose answer is written, whatever it was."""
        found = await self.first(
            IS_REPORTABLE, instance_id=instance_id, named=named, message_id=message_id
        )
        return found is not None

    async def accept_reported(
        self, instance_id: str, named: str, message_id: str, now: datetime
    ) -> bool:
        """End a sending whose answer is missing, by the provider's word that it has the message."""
        return (
            await self.run(
                ACCEPT_REPORTED,
                instance_id=instance_id,
                named=named,
                message_id=message_id,
                now=now,
            )
            == 1
        )

    async def find(self, message_id: str) -> Message | None:
        """Return a message, or None."""
        row = await self.first(FIND, id_=message_id)
        return _message(row) if row else None

    async def find_state(self, message_id: str) -> MessageState | None:
        """Return the state alone, or None."""
        row = await self.first(STATE_OF, id_=message_id)
        return MessageState(row["state"]) if row else None

    async def sealed_recipient(self, message_id: str) -> str | None:
        """Return the sealed number, or None."""
        row = await self.first(RECIPIENT, id_=message_id)
        return row["recipient"] if row else None

    async def page(
        self, asked: Mapping[str, Any], digests: Sequence[str], page: PageRequest
    ) -> tuple[list[Message], int]:
        """Return one page, newest first, and how many messages there are."""
        values = {**asked, **{f"digest_{n}": digest for n, digest in enumerate(digests)}}
        rows, count = _page(frozenset(asked), len(digests))
        found = await self.all(rows, limit=page.size, offset=page.offset, **values)
        counted = await self.first(count, **values)
        return [_message(row) for row in found], counted["total"] if counted else 0

    async def purge(self, before: datetime) -> int:
        """Delete finished messages from before a moment."""
        return await self.run(PURGE, before=before)


def _message(row: Row) -> Message:
    return Message(
        **{
            **row,
            "state": MessageState(row["state"]),
            "usage_type": UsageType(row["usage_type"]),
        }
    )
