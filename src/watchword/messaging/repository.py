"""The messages' rows; each statement allows exactly the moves that a state has."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    Update,
    and_,
    bindparam,
    case,
    delete,
    exists,
    func,
    insert,
    literal,
    null,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert as upsert

from watchword.connector_kit.models import DeliveryReport, UsageType
from watchword.core.pagination import PageRequest
from watchword.messaging.models import Channel, Message, MessageState
from watchword.storage import Row, TenantRepository
from watchword.storage.schema import connector_pace, early_reports, messages
from watchword.storage.types import UtcDateTime

State = MessageState
m = messages.c
p = connector_pace.c
e = early_reports.c
OURS = m.tenant_id == bindparam("tenant_id")
THIS = m.id == bindparam("id_")
MINE = m.lease_holder == bindparam("holder")
SHOWN = [m[name] for name in Message.__dataclass_fields__]
PARCEL = [m.channel, m.recipient, m.content, m.usage_type, m.language, m.expires_at, m.attempts]

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
RECIPIENT = select(m.channel, m.recipient).where(OURS, THIS)
PURGE = delete(messages).where(OURS, m.created_at < bindparam("before"), IS_ANSWERED)

# A provider that is let in may still be wrong, or somebody else with its key.
MOST_EARLY_REPORTS = 10_000
LONGEST_EARLY_WORDS = 1000
MATCHED_AT_ONCE = 200
OUR_EARLY = e.tenant_id == bindparam("tenant_id")
KEEP_EARLY = (
    upsert(early_reports)
    .from_select(
        [column.name for column in e],
        select(*(bindparam(column.name, type_=column.type) for column in e)).where(
            select(func.count())
            .select_from(early_reports)
            .where(OUR_EARLY, e.instance_id == bindparam("instance_id"))
            .scalar_subquery()
            < literal(MOST_EARLY_REPORTS)
        ),
    )
    .on_conflict_do_nothing()
)
IS_FROM_THERE = m.connector_instance_id == e.instance_id
MATCH_EARLY = (
    select(early_reports)
    .where(
        OUR_EARLY,
        # Two questions, each with an index to answer it: PostgreSQL compares every report with
        # every message where they are one.
        or_(
            exists().where(OURS, IS_FROM_THERE, m.provider_message_id == e.provider_message_id),
            exists().where(OURS, IS_FROM_THERE, m.id == e.message_id, IS_ANSWERED),
        ),
    )
    .limit(literal(MATCHED_AT_ONCE))
)
DROP_EARLY = delete(early_reports).where(
    OUR_EARLY,
    e.instance_id == bindparam("instance_id"),
    e.provider_message_id == bindparam("provider_message_id"),
    e.message_id == bindparam("message_id"),
)
PURGE_EARLY = delete(early_reports).where(OUR_EARLY, e.received_at < bindparam("before"))

# Whole microseconds, so that both databases calculate alike and exactly.
MICROSECOND = timedelta(microseconds=1)
_present = bindparam("present", type_=BigInteger)
_step = bindparam("step", type_=BigInteger)
_slot = case((p.next_at > _present, p.next_at), else_=_present)
_first = upsert(connector_pace).values(
    tenant_id=bindparam("tenant_id"), instance_id=bindparam("instance_id"), next_at=_present + _step
)
# The lock on the row lets parallel senders take their turns; no row comes back where the next slot
# is too far away to be waited for, so that it stays for whoever comes when it is near.
RESERVE = _first.on_conflict_do_update(
    index_elements=[p.tenant_id, p.instance_id],
    set_={"next_at": _slot + _step},
    where=and_(
        or_(p.next_at.is_(None), p.next_at <= bindparam("latest", type_=BigInteger)),
        or_(p.paused_until.is_(None), p.paused_until <= bindparam("now", type_=UtcDateTime)),
    ),
).returning(p.next_at)
_paused = upsert(connector_pace).values(
    tenant_id=bindparam("tenant_id"),
    instance_id=bindparam("instance_id"),
    paused_until=bindparam("paused_until"),
)
PAUSE = _paused.on_conflict_do_update(
    index_elements=[p.tenant_id, p.instance_id],
    set_={"paused_until": _paused.excluded.paused_until},
    # Of two refusals the longer one holds, whichever is read first.
    where=or_(p.paused_until.is_(None), p.paused_until < _paused.excluded.paused_until),
)
RESUME = (
    update(connector_pace)
    .where(p.tenant_id == bindparam("tenant_id"), p.instance_id == bindparam("instance_id"))
    .values(paused_until=null())
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


@lru_cache(maxsize=256)
def _slice(filters: frozenset[str], digests: int) -> Select[Any]:
    """Return the next rows of a long list; it costs the same wherever in the list it begins."""
    rows, _ = _page(filters, digests)
    before = bindparam("before", type_=UtcDateTime)
    return (
        rows.where(
            m.created_at <= before,
            or_(m.created_at < before, m.id > bindparam("after_id")),
        )
        .limit(bindparam("limit"))
        .offset(None)
    )


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
        return _message(row) if row else None

    async def find_state(self, message_id: str) -> MessageState | None:
        """Return the state alone, or None."""
        row = await self.first(STATE_OF, id_=message_id)
        return MessageState(row["state"]) if row else None

    async def sealed_recipient(self, message_id: str) -> tuple[Channel, str] | None:
        """Return the channel and the sealed number or address, or None."""
        row = await self.first(RECIPIENT, id_=message_id)
        return (Channel(row["channel"]), row["recipient"]) if row else None

    async def page(
        self, asked: Mapping[str, Any], digests: Sequence[str], page: PageRequest
    ) -> tuple[list[Message], int]:
        """Return one page, newest first, and how many messages there are."""
        values = {**asked, **{f"digest_{n}": digest for n, digest in enumerate(digests)}}
        rows, count = _page(frozenset(asked), len(digests))
        found = await self.all(rows, limit=page.size, offset=page.offset, **values)
        counted = await self.first(count, **values)
        return [_message(row) for row in found], counted["total"] if counted else 0

    async def slice(
        self,
        asked: Mapping[str, Any],
        digests: Sequence[str],
        before: datetime,
        after_id: str,
        at_most: int,
    ) -> list[Message]:
        """Return the messages that come next, newest first, after one of that moment and id."""
        values = {**asked, **{f"digest_{n}": digest for n, digest in enumerate(digests)}}
        rows = await self.all(
            _slice(frozenset(asked), len(digests)),
            before=before,
            after_id=after_id,
            limit=at_most,
            **values,
        )
        return [_message(row) for row in rows]

    async def purge(self, before: datetime) -> int:
        """Delete finished messages from before a moment."""
        return await self.run(PURGE, before=before)


class PaceRows(TenantRepository):
    """Knows when one tenant's connectors may send."""

    async def reserve(
        self, instance_id: str, now: datetime, *, step: timedelta, reach: timedelta
    ) -> datetime | None:
        """Return the connector's next free moment, now taken.

        None where it lies beyond *reach*, or where the connector is paused.
        """
        present, apart = _microseconds(now), step // MICROSECOND
        row = await self.first(
            RESERVE,
            instance_id=instance_id,
            now=now,
            present=present,
            latest=_microseconds(now + reach),
            step=apart,
        )
        if row is None:
            return None
        next_at: int = row["next_at"]
        return now + (next_at - apart - present) * MICROSECOND

    async def pause(self, instance_id: str, until: datetime) -> None:
        """Hand nothing more to the connector's provider until then."""
        await self.run(PAUSE, instance_id=instance_id, paused_until=until)

    async def resume(self, instance_id: str) -> None:
        """End a pause."""
        await self.run(RESUME, instance_id=instance_id)


class EarlyReportRows(TenantRepository):
    """Keeps the reports of messages whose provider's id is not known yet."""

    async def keep(self, instance_id: str, report: DeliveryReport, now: datetime) -> bool:
        """Write a report down, once; False where it is there, or where there are too many."""
        return (
            await self.run(
                KEEP_EARLY,
                instance_id=instance_id,
                provider_message_id=report.provider_message_id,
                message_id=report.message_id or "",
                state=report.state,
                error_class=report.error_class,
                words=report.words[:LONGEST_EARLY_WORDS] or None,
                received_at=now,
            )
            == 1
        )

    async def matching(self) -> list[tuple[str, DeliveryReport]]:
        """Return reports whose message is known by now, each with its connector."""
        return [
            (
                row["instance_id"],
                DeliveryReport(
                    row["provider_message_id"],
                    row["state"],
                    row["error_class"],
                    row["words"] or "",
                    row["message_id"] or None,
                ),
            )
            for row in await self.all(MATCH_EARLY)
        ]

    async def drop(self, instance_id: str, report: DeliveryReport) -> None:
        """Forget a report."""
        await self.run(
            DROP_EARLY,
            instance_id=instance_id,
            provider_message_id=report.provider_message_id,
            message_id=report.message_id or "",
        )

    async def purge(self, before: datetime) -> int:
        """Forget what came before a moment, and return how many that were."""
        return await self.run(PURGE_EARLY, before=before)


def _microseconds(moment: datetime) -> int:
    return (moment - datetime.fromtimestamp(0, UTC)) // MICROSECOND


def _message(row: Row) -> Message:
    return Message(
        **{
            **row,
            "channel": Channel(row["channel"]),
            "state": MessageState(row["state"]),
            "usage_type": UsageType(row["usage_type"]),
        }
    )
