"""The messages' rows as they are looked for."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Select, SelectBase, bindparam, func, or_, select, union_all

from watchword.core.pagination import PageRequest
from watchword.messaging.models import Channel, Message
from watchword.messaging.repository import OURS, SHOWN, THIS, m, message_of
from watchword.storage import TenantRepository
from watchword.storage.schema import messages
from watchword.storage.types import UtcDateTime

RECIPIENT = select(m.channel, m.recipient).where(OURS, THIS)

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


NEWEST = (m.created_at.desc(), m.id)


def _wanted(filters: frozenset[str], digests: int) -> list[ColumnElement[bool]]:
    wanted = [OURS, *(CONDITIONS[name] for name in sorted(filters))]
    if digests:
        wanted.append(
            or_(*(m.recipient_digest == bindparam(f"digest_{n}") for n in range(digests)))
        )
    return wanted


@lru_cache(maxsize=256)
def _page(filters: frozenset[str], digests: int) -> tuple[Select[Any], Select[Any]]:
    found = _found(filters, digests).subquery("found")
    # An index tells which are on the page: what is before it is never read.
    page = (
        select(found.c.id)
        .order_by(found.c.created_at.desc(), found.c.id)
        .limit(bindparam("limit"))
        .offset(bindparam("offset"))
        .subquery("page")
    )
    rows = select(*SHOWN).join(page, m.id == page.c.id).where(OURS).order_by(*NEWEST)
    wanted = _wanted(filters, digests)
    return rows, select(func.count().label("total")).select_from(messages).where(*wanted)


def _found(filters: frozenset[str], digests: int) -> SelectBase:
    if not digests:
        return select(m.id, m.created_at).where(*_wanted(filters, 0))
    # Each digest by itself: for one of several, SQLite would rather read all that was ever sent.
    return union_all(
        *(
            select(m.id, m.created_at).where(
                *_wanted(filters, 0), m.recipient_digest == bindparam(f"digest_{n}")
            )
            for n in range(digests)
        )
    )


@lru_cache(maxsize=256)
def _slice(filters: frozenset[str], digests: int) -> Select[Any]:
    """Return the next rows of a long list; it costs the same wherever in the list it begins."""
    before = bindparam("before", type_=UtcDateTime)
    return (
        select(*SHOWN)
        .where(
            *_wanted(filters, digests),
            m.created_at <= before,
            or_(m.created_at < before, m.id > bindparam("after_id")),
        )
        .order_by(*NEWEST)
        .limit(bindparam("limit"))
    )


class MessageLogRows(TenantRepository):
    """Finds one tenant's messages."""

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
        return [message_of(row) for row in found], counted["total"] if counted else 0

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
        return [message_of(row) for row in rows]
