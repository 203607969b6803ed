"""The messages' rows; each statement allows exactly the moves that a state has."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Update,
    and_,
    bindparam,
    case,
    delete,
    exists,
    func,
    insert,
    literal_column,
    null,
    or_,
    select,
    update,
)

from watchword.connector_kit.models import DeliveryReport, UsageType
from watchword.messaging.models import Channel, Message, MessageState
from watchword.storage import Row, TenantRepository
from watchword.storage.schema import connector_pace, early_reports, messages

State = MessageState
m = messages.c
p = connector_pace.c
e = early_reports.c
OURS = m.tenant_id == bindparam("tenant_id")
THIS = m.id == bindparam("id_")
MINE = m.lease_holder == bindparam("holder")
SHOWN = [m[name] for name in Message.__dataclass_fields__]
PARCEL = [m.channel, m.recipient, m.content, m.usage_type, m.language, m.expires_at, m.attempts]

# Written out, for the partial index: what sweeps must not read every message there ever was.
IS_OPEN = m.state.in_([literal_column(f"'{state}'") for state in (State.QUEUED, State.SENDING)])

# Asked by the statement that would send, so that a pause costs an ordinary sending nothing.
IS_PAUSED = exists().where(
    p.tenant_id == bindparam("tenant_id"),
    p.instance_id == bindparam("instance_id"),
    p.paused_until > bindparam("now"),
)

INSERT = insert(messages).values({column.name: bindparam(column.name) for column in m})

CLAIM = (
    update(messages)
    .where(
        OURS,
        THIS,
        m.state == State.QUEUED,
        m.expires_at > bindparam("now"),
        or_(m.not_before.is_(None), m.not_before <= bindparam("now")),
        ~IS_PAUSED,
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
        IS_OPEN,
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
    .returning(m.id, m.state)
)


def _take_over(meant: ColumnElement[bool]) -> Update:
    return (
        update(messages)
        .where(
            OURS,
            m.id.in_(
                select(m.id)
                .where(
                    OURS,
                    IS_OPEN,
                    m.channel == bindparam("channel"),
                    m.state == State.QUEUED,
                    m.lease_until <= bindparam("now"),
                    m.expires_at > bindparam("now"),
                    meant,
                    ~IS_PAUSED,
                )
                # A code for now goes before an invitation for next week.
                .order_by(m.expires_at)
                .limit(bindparam("at_most"))
            ),
            # Once more outside: of two sweepers, the second must not match what the first took.
            m.state == State.QUEUED,
            m.lease_until <= bindparam("now"),
        )
        .values(lease_holder=bindparam("lease_holder"), lease_until=bindparam("lease_until"))
        .returning(m.id, m.expires_at)
    )


# What is tried beside a connector has a pace and pauses of its own.
TAKE_OVER = _take_over(
    or_(m.connector_instance_id.is_(None), m.connector_instance_id != bindparam("trial_id"))
)
TAKE_OVER_TRIED = _take_over(m.connector_instance_id == bindparam("instance_id"))

# Only what this process has not begun to send; whoever comes by next may.
LET_GO = (
    update(messages)
    .where(OURS, THIS, m.state == State.QUEUED, MINE)
    .values(lease_holder=null(), lease_until=bindparam("now"))
)

THEIRS = m.connector_instance_id == bindparam("instance_id")
BY_PROVIDERS_ID = m.provider_message_id == bindparam("message_id")
NAMED = m.id == bindparam("named")
IS_ANSWERED = and_(m.state != State.QUEUED, m.state != State.SENDING)
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
        provider_message_id=func.coalesce(
            bindparam("message_id", type_=m.provider_message_id.type), m.provider_message_id
        ),
        error_class=func.coalesce(
            bindparam("error_class", type_=m.error_class.type), m.error_class
        ),
        provider_words=func.coalesce(
            bindparam("provider_words", type_=m.provider_words.type), m.provider_words
        ),
        final_at=bindparam("final_at"),
    )
    .returning(m.id)
)
IS_REPORTABLE = select(m.id).where(OURS, THEIRS, or_(BY_PROVIDERS_ID, and_(NAMED, IS_ANSWERED)))

FIND = select(*SHOWN).where(OURS, THIS)
STATE_OF = select(m.state).where(OURS, THIS)
PURGE = delete(messages).where(OURS, m.created_at < bindparam("before"), IS_ANSWERED)


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
        """Move a queued message to `sending`.

        None where someone else did, where it is too late, or where the connector is paused.
        """
        return await self.first(
            CLAIM,
            id_=message_id,
            now=now,
            lease_holder=holder,
            lease_until=now + lease,
            instance_id=instance_id,
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

    async def give_up(self, now: datetime) -> list[tuple[str, MessageState]]:
        """End what is too late to send, and what a lost process may or may not have sent.

        Returns the ids of what ended, each with its state.
        """
        rows = await self.all(GIVE_UP, now=now)
        return [(row["id"], State(row["state"])) for row in rows]

    async def take_over(
        self,
        channel: Channel,
        now: datetime,
        holder: str,
        lease: timedelta,
        *,
        instance_id: str | None,
        trial_id: str | None,
        at_most: int,
    ) -> list[str]:
        """Return the queued messages of a channel that nobody is about to send, now this holder's.

        Those for the trial where the connector is the one on trial, else all others. The one whose
        time runs out first comes first; none while the connector is paused.
        """
        is_tried = trial_id is not None and trial_id == instance_id
        rows = await self.all(
            TAKE_OVER_TRIED if is_tried else TAKE_OVER,
            **({} if is_tried else {"trial_id": trial_id or ""}),
            channel=channel,
            now=now,
            lease_holder=holder,
            lease_until=now + lease,
            instance_id=instance_id,
            at_most=at_most,
        )
        return [row["id"] for row in sorted(rows, key=lambda row: row["expires_at"])]

    async def let_go(self, message_id: str, holder: str, now: datetime) -> None:
        """Leave a queued message to whoever looks for one next."""
        await self.run(LET_GO, id_=message_id, holder=holder, now=now)

    async def report(self, instance_id: str, report: DeliveryReport, now: datetime) -> str | None:
        """Move a message on by its provider's word and return its id.

        None where it stands beyond that, or is unknown.
        """
        row = await self.first(
            REPORT,
            instance_id=instance_id,
            named=report.message_id or "",
            message_id=report.provider_message_id or None,
            state=State(report.state),
            error_class=report.error_class,
            provider_words=report.words or None,
            final_at=now,
        )
        return row["id"] if row else None

    async def knows(self, instance_id: str, report: DeliveryReport) -> bool:
        """Tell whether a report is of a message whose answer is written, whatever it was."""
        found = await self.first(
            IS_REPORTABLE,
            instance_id=instance_id,
            named=report.message_id or "",
            message_id=report.provider_message_id or None,
        )
        return found is not None

    async def find(self, message_id: str) -> Message | None:
        """Return a message, or None."""
        row = await self.first(FIND, id_=message_id)
        return message_of(row) if row else None

    async def find_state(self, message_id: str) -> MessageState | None:
        """Return the state alone, or None."""
        row = await self.first(STATE_OF, id_=message_id)
        return MessageState(row["state"]) if row else None

    async def purge(self, before: datetime) -> int:
        """Delete finished messages from before a moment."""
        return await self.run(PURGE, before=before)


def message_of(row: Row) -> Message:
    """Return the message that a row of the columns `SHOWN` holds."""
    return Message(
        **{
            **row,
            "channel": Channel(row["channel"]),
            "state": MessageState(row["state"]),
            "usage_type": UsageType(row["usage_type"]),
        }
    )
