"""The webhooks' rows, and those of what is on its way to them."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache, lru_cache
from typing import Any

from sqlalchemy import (
    Executable,
    Select,
    and_,
    bindparam,
    case,
    delete,
    func,
    insert,
    literal,
    null,
    select,
    update,
)

from watchword.core.pagination import PageRequest
from watchword.storage import Row, TenantRepository
from watchword.storage.schema import webhook_deliveries, webhooks
from watchword.webhooks.models import (
    Claimed,
    Delivery,
    DeliveryError,
    DeliveryState,
    Event,
    ExecutionStats,
    Outcome,
    Webhook,
)

w = webhooks.c
OURS = w.tenant_id == bindparam("tenant_id")
THIS = w.id == bindparam("id_")
SHOWN_WEBHOOK = [w[name] for name in Webhook.__dataclass_fields__]
OLDEST_FIRST = (w.created_at, w.id)

ALL = select(*SHOWN_WEBHOOK).where(OURS).order_by(*OLDEST_FIRST)
PAGE = (
    select(*SHOWN_WEBHOOK)
    .where(OURS)
    .order_by(w.created_at.desc(), w.id)
    .limit(bindparam("limit"))
    .offset(bindparam("offset"))
)
COUNT = select(func.count().label("total")).select_from(webhooks).where(OURS)
FIND = select(*SHOWN_WEBHOOK).where(OURS, THIS)
ADD = insert(webhooks).values({column.name: bindparam(column.name) for column in w})
SAVE = (
    update(webhooks)
    .where(OURS, THIS)
    .values(
        {
            name: bindparam(name)
            for name in (
                "name",
                "events",
                "url",
                "retries",
                "secrets",
                "enabled",
                "version",
                "updated_at",
            )
        }
    )
)
DELETE = delete(webhooks).where(OURS, THIS)


class WebhookRows(TenantRepository):
    """Reads and writes one tenant's webhooks."""

    async def list(self) -> Sequence[Webhook]:
        """Return every webhook, the oldest first; a tenant has few."""
        return [_webhook(row) for row in await self.all(ALL)]

    async def page(self, page: PageRequest) -> tuple[Sequence[Webhook], int]:
        """Return one page, newest first, and how many webhooks there are."""
        found = await self.all(PAGE, limit=page.size, offset=page.offset)
        counted = await self.first(COUNT)
        return [_webhook(row) for row in found], counted["total"] if counted else 0

    async def find(self, webhook_id: str) -> Webhook | None:
        """Return a webhook, or None."""
        row = await self.first(FIND, id_=webhook_id)
        return _webhook(row) if row else None

    async def add(self, webhook: Webhook) -> None:
        """Write a new webhook."""
        await self.run(ADD, **vars(webhook))

    async def save(self, webhook: Webhook) -> None:
        """Write a changed webhook."""
        await self.run(SAVE, id_=webhook.id, **vars(webhook))

    async def delete(self, webhook_id: str) -> None:
        """Delete a webhook."""
        await self.run(DELETE, id_=webhook_id)


State = DeliveryState
d = webhook_deliveries.c
OUR_DELIVERIES = d.tenant_id == bindparam("tenant_id")
ITS = d.webhook_id == bindparam("webhook_id")
THIS_DELIVERY = d.id == bindparam("id_")
IS_WAITING = d.state == State.WAITING
# One condition more than the partial index has, so that both databases use it.
IS_DUE = and_(IS_WAITING, d.next_at <= bindparam("now"), d.expires_at > bindparam("now"))

ENQUEUE = insert(webhook_deliveries).values({column.name: bindparam(column.name) for column in d})
HAS_DUE = select(d.id).where(OUR_DELIVERIES, ITS, IS_DUE).limit(literal(1))
CLAIM = (
    update(webhook_deliveries)
    .where(
        OUR_DELIVERIES,
        d.id.in_(
            select(d.id)
            .where(OUR_DELIVERIES, ITS, IS_DUE)
            .order_by(d.next_at)
            .limit(bindparam("at_most"))
        ),
        # Once more outside: of two processes, the second must not match what the first took.
        IS_DUE,
    )
    .values(
        next_at=bindparam("lease_until"),
        lease_holder=bindparam("lease_holder"),
        attempts=d.attempts + 1,
    )
    .returning(d.id, d.body, d.attempts, d.expires_at)
)
MINE = and_(THIS_DELIVERY, IS_WAITING, d.lease_holder == bindparam("holder"))
ENDED = {
    "lease_holder": null(),
    "last_status": bindparam("last_status"),
    "last_error": bindparam("last_error"),
    "tried_at": bindparam("now"),
}
SUCCEED = (
    update(webhook_deliveries)
    .where(OUR_DELIVERIES, MINE)
    # What it said is of no use to anyone now.
    .values(state=State.DELIVERED, body=null(), final_at=bindparam("now"), **ENDED)
)
RETRY = (
    update(webhook_deliveries)
    .where(OUR_DELIVERIES, MINE)
    .values(next_at=bindparam("next_at"), **ENDED)
)
FAIL = (
    update(webhook_deliveries)
    .where(OUR_DELIVERIES, MINE)
    .values(state=State.FAILED, final_at=bindparam("now"), **ENDED)
)
LET_GO = (
    update(webhook_deliveries)
    .where(OUR_DELIVERIES, MINE)
    .values(next_at=bindparam("now"), lease_holder=null(), attempts=d.attempts - 1)
)
REPEAT = (
    update(webhook_deliveries)
    .where(OUR_DELIVERIES, ITS, THIS_DELIVERY, d.state == State.FAILED, d.body.is_not(None))
    .values(
        state=State.WAITING,
        attempts=0,
        next_at=bindparam("now"),
        expires_at=bindparam("expires_at"),
        final_at=null(),
    )
)
ABANDON = (
    update(webhook_deliveries)
    .where(OUR_DELIVERIES, ITS, d.body.is_not(None))
    .values(
        state=State.FAILED,
        body=null(),
        lease_holder=null(),
        last_error=bindparam("last_error"),
        final_at=bindparam("now"),
    )
)
GIVE_UP = (
    update(webhook_deliveries)
    .where(
        OUR_DELIVERIES,
        IS_WAITING,
        d.expires_at <= bindparam("now"),
        d.next_at <= bindparam("now"),
    )
    .values(
        state=State.FAILED,
        lease_holder=null(),
        last_error=func.coalesce(d.last_error, DeliveryError.TOO_LATE.value),
        final_at=bindparam("now"),
    )
)
ERASE = (
    update(webhook_deliveries)
    .where(
        OUR_DELIVERIES,
        d.state == State.FAILED,
        d.body.is_not(None),
        d.final_at < bindparam("before"),
    )
    .values(body=null())
)
PURGE = delete(webhook_deliveries).where(
    OUR_DELIVERIES, d.created_at < bindparam("before"), d.state != State.WAITING
)

SHOWN = [
    *(d[name] for name in Delivery.__dataclass_fields__ if name in d),
    and_(d.state == State.FAILED, d.body.is_not(None)).label("can_be_repeated"),
]
CONDITIONS = {
    "event": d.event == bindparam("event"),
    "since": d.created_at > bindparam("since"),
    "is_tried": d.tried_at.is_not(None),
}


@lru_cache(maxsize=16)
def _page(asked: frozenset[str]) -> tuple[Select[Any], Select[Any]]:
    wanted = [OUR_DELIVERIES, ITS, *(CONDITIONS[name] for name in sorted(asked))]
    rows = (
        select(*SHOWN)
        .where(*wanted)
        .order_by(d.created_at.desc(), d.id)
        .limit(bindparam("limit"))
        .offset(bindparam("offset"))
    )
    return rows, select(func.count().label("total")).select_from(webhook_deliveries).where(*wanted)


@cache
def stats_statement(webhooks: int) -> Executable:
    """Count for so many webhooks at once."""
    return (
        select(
            d.webhook_id,
            func.count().label("request_count"),
            func.sum(case((d.state == State.DELIVERED, 1), else_=0)).label("success_count"),
        )
        .where(
            OUR_DELIVERIES,
            d.webhook_id.in_([bindparam(f"webhook_{number}") for number in range(webhooks)]),
            d.created_at > bindparam("since"),
            d.tried_at.is_not(None),
        )
        .group_by(d.webhook_id)
    )


class DeliveryRows(TenantRepository):
    """Reads and writes what is on its way to one tenant's webhooks."""

    async def add(self, **row: Any) -> None:
        """Write a delivery down."""
        await self.run(ENQUEUE, **dict.fromkeys(column.name for column in d) | row)

    async def has_due(self, webhook_id: str, now: datetime) -> bool:
        """Tell whether anything waits to be posted to a webhook."""
        return await self.first(HAS_DUE, webhook_id=webhook_id, now=now) is not None

    async def claim(
        self, webhook_id: str, now: datetime, *, holder: str, lease: timedelta, at_most: int
    ) -> list[Claimed]:
        """Take what is due for a webhook; nobody else posts it while the lease holds."""
        rows = await self.all(
            CLAIM,
            webhook_id=webhook_id,
            now=now,
            lease_until=now + lease,
            lease_holder=holder,
            at_most=at_most,
        )
        return [
            Claimed(row["id"], row["body"], row["attempts"], row["expires_at"], now) for row in rows
        ]

    async def succeed(self, delivery_id: str, holder: str, outcome: Outcome, now: datetime) -> bool:
        """Note that the receiver took it; False where the lease was lost."""
        return await self._end(SUCCEED, delivery_id, holder, outcome, now)

    async def retry_at(
        self, moment: datetime, delivery_id: str, holder: str, outcome: Outcome, now: datetime
    ) -> bool:
        """Note that an attempt failed, and when the next one is due."""
        return await self._end(RETRY, delivery_id, holder, outcome, now, next_at=moment)

    async def fail(self, delivery_id: str, holder: str, outcome: Outcome, now: datetime) -> bool:
        """Note that it is given up."""
        return await self._end(FAIL, delivery_id, holder, outcome, now)

    async def let_go(self, delivery_id: str, holder: str, now: datetime) -> None:
        """Leave what was claimed, and not tried, to whoever comes next."""
        await self.run(LET_GO, id_=delivery_id, holder=holder, now=now)

    async def repeat(
        self, webhook_id: str, delivery_id: str, now: datetime, expires_at: datetime
    ) -> bool:
        """Begin anew with what failed; False where it did not, or where nothing is left of it."""
        return (
            await self.run(
                REPEAT, webhook_id=webhook_id, id_=delivery_id, now=now, expires_at=expires_at
            )
            > 0
        )

    async def abandon(self, webhook_id: str, now: datetime) -> None:
        """End whatever is on its way to a webhook, and erase it."""
        await self.run(
            ABANDON, webhook_id=webhook_id, now=now, last_error=DeliveryError.WEBHOOK_DELETED
        )

    async def give_up(self, now: datetime) -> int:
        """End what waited for too long."""
        return await self.run(GIVE_UP, now=now)

    async def erase(self, before: datetime) -> int:
        """Erase the bodies of what failed before a moment."""
        return await self.run(ERASE, before=before)

    async def purge(self, before: datetime) -> int:
        """Delete what ended and is older than a moment."""
        return await self.run(PURGE, before=before)

    async def page(
        self, webhook_id: str, page: PageRequest, *, is_tried: bool = False, **asked: Any
    ) -> tuple[list[Delivery], int]:
        """Return one page of a webhook's deliveries, newest first, and how many there are."""
        named = frozenset(asked) | ({"is_tried"} if is_tried else set())
        rows, count = _page(named)
        values = {"webhook_id": webhook_id, **asked}
        found = await self.all(rows, limit=page.size, offset=page.offset, **values)
        counted = await self.first(count, **values)
        return [_delivery(row) for row in found], counted["total"] if counted else 0

    async def stats(self, webhook_ids: Sequence[str], since: datetime) -> dict[str, ExecutionStats]:
        """Return how each of the webhooks did since a moment; those without any are left out."""
        if not webhook_ids:
            return {}
        named = {f"webhook_{number}": id_ for number, id_ in enumerate(webhook_ids)}
        rows = await self.all(stats_statement(len(webhook_ids)), since=since, **named)
        return {
            row["webhook_id"]: ExecutionStats(row["success_count"], row["request_count"])
            for row in rows
        }

    async def _end(
        self,
        statement: Executable,
        delivery_id: str,
        holder: str,
        outcome: Outcome,
        now: datetime,
        **more: Any,
    ) -> bool:
        touched = await self.run(
            statement,
            id_=delivery_id,
            holder=holder,
            last_status=outcome.status,
            last_error=outcome.error,
            now=now,
            **more,
        )
        return touched > 0


def _webhook(row: Row) -> Webhook:
    return Webhook(**row | {"events": tuple(Event(name) for name in row["events"])})


def _delivery(row: Row) -> Delivery:
    return Delivery(
        **row
        | {
            "event": Event(row["event"]),
            "state": DeliveryState(row["state"]),
            "last_error": DeliveryError(row["last_error"]) if row["last_error"] else None,
            "can_be_repeated": bool(row["can_be_repeated"]),
        }
    )
