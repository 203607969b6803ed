"""One statement that goes through all gates: exact under parallel requests, on both databases."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    BindParameter,
    ColumnElement,
    CompoundSelect,
    Executable,
    Integer,
    String,
    and_,
    bindparam,
    case,
    exists,
    func,
    literal,
    not_,
    or_,
    select,
    true,
    union_all,
    update,
)
from sqlalchemy.dialects.postgresql import insert

from watchword.guard.gates import STAMP, Gate, Passage, Shape, daily_bucket
from watchword.storage import TenantRepository
from watchword.storage.schema import guard_windows
from watchword.storage.types import UtcDateTime

window = guard_windows.c
KEY = [window.tenant_id, window.bucket]
COLUMNS = ["tenant_id", "bucket", "stamps", "sent", "verified", "expires_at"]
TYPES = {
    "nth": Integer,
    "keep": Integer,
    "most": BigInteger,
    "floor": BigInteger,
    "weight": Integer,
}
_tenant = bindparam("tenant_id", type_=String)


def _bound(name: str, position: int) -> BindParameter[Any]:
    type_ = UtcDateTime if name == "expires_at" else TYPES.get(name, String)
    return bindparam(f"{name}_{position}", type_=type_)


def _bucket(position: int, number: int) -> BindParameter[str]:
    return bindparam(f"bucket_{position}_{number}", type_=String)


# What each kind of gate asks of its row, and what passing it leaves there. *row* has the columns
# `stamps`, `sent` and `verified`; a row that is not there yet counts as an empty one.


def _passes(shape: Shape, position: int, row: Any) -> ColumnElement[bool]:
    if shape.kind == "window":
        oldest: ColumnElement[str] = func.substr(row.stamps, _bound("nth", position), STAMP)
        return oldest <= _bound("cutoff", position)
    if shape.kind == "members":
        return or_(_has_member(position, row), func.length(row.stamps) < _bound("keep", position))
    # Whole numbers only: what is a share is counted in hundredths.
    return and_(
        row.sent < _bound("most", position),
        row.sent * 100 < _bound("floor", position) + row.verified * _bound("weight", position),
    )


def _stamps_after(shape: Shape, position: int, row: Any) -> ColumnElement[str]:
    put = _bound("put", position)
    if shape.kind == "window":
        return func.substr(put + row.stamps, 1, _bound("keep", position))
    return case((_has_member(position, row), row.stamps), else_=put + row.stamps)


def _passed(shape: Shape, position: int) -> ColumnElement[bool]:
    """Tell of a row that was just written whether it was within the limit."""
    if not shape.counts_refused:
        return true()
    # Behind its own moment, a row that counts in any case has what was there before.
    before: ColumnElement[str] = func.substr(window.stamps, _bound("nth", position) + STAMP, STAMP)
    within: ColumnElement[bool] = before <= _bound("cutoff", position)
    return within


def _has_member(position: int, row: Any) -> ColumnElement[bool]:
    # An empty member is in every row, so that a total has none.
    without: ColumnElement[str] = func.replace(row.stamps, _bound("put", position), "")
    is_there: ColumnElement[bool] = without != row.stamps
    return is_there


@cache
def chained_statement(shapes: tuple[Shape, ...]) -> Executable:
    """Go through the gates, each one's rows written only where those before let it pass.

    PostgreSQL's: each step waits for its rows and judges them as they are then, so that parallel
    requests take their turns. Whoever is stopped has used up nothing behind that gate.
    """
    passed: list[ColumnElement[bool]] = []
    answer: list[ColumnElement[Any]] = []
    for position, shape in enumerate(shapes):
        asked = union_all(
            *(select(_bucket(position, n).label("bucket")) for n in range(shape.buckets))
        ).subquery(f"asked_{position}")
        new = insert(guard_windows).from_select(
            COLUMNS,
            select(
                _tenant,
                asked.c.bucket,
                _bound("put", position),
                literal(1, BigInteger),
                literal(0, BigInteger),
                _bound("expires_at", position),
            )
            .where(*passed or [true()])
            .order_by(asked.c.bucket),
        )
        step = (
            new.on_conflict_do_update(
                index_elements=KEY,
                set_={
                    "stamps": _stamps_after(shape, position, window),
                    "sent": window.sent + 1,
                    "expires_at": new.excluded.expires_at,
                },
                where=None if shape.counts_refused else _passes(shape, position, window),
            )
            .returning(_passed(shape, position).label("passed"), window.sent)
            .cte(f"step_{position}")
        )
        through = (
            select(func.count()).select_from(step).where(step.c.passed).scalar_subquery()
        ) == shape.buckets
        passed.append(through)
        answer.append(through.label(f"passed_{position}"))
        answer.append(select(func.max(step.c.sent)).scalar_subquery().label(f"sent_{position}"))
    return select(*answer)


def _judged(shapes: Sequence[Shape]) -> CompoundSelect[Any]:
    rows = []
    for position, shape in enumerate(shapes):
        for number in range(shape.buckets):
            held = guard_windows.alias(f"held_{position}_{number}")
            bucket = _bucket(position, number)
            there = (
                select(
                    func.coalesce(func.max(held.c.stamps), "").label("stamps"),
                    func.coalesce(func.max(held.c.sent), 0).label("sent"),
                    func.coalesce(func.max(held.c.verified), 0).label("verified"),
                )
                .where(held.c.tenant_id == _tenant, held.c.bucket == bucket)
                .subquery(f"there_{position}_{number}")
            ).c
            rows.append(
                select(
                    literal(position, Integer).label("position"),
                    bucket.label("bucket"),
                    _stamps_after(shape, position, there).label("stamps"),
                    (there.sent + 1).label("sent"),
                    there.verified.label("verified"),
                    _bound("expires_at", position).label("expires_at"),
                    _passes(shape, position, there).label("passes"),
                    literal(shape.counts_refused).label("counts_refused"),
                )
            )
    return union_all(*rows)


@cache
def judged_statement(shapes: tuple[Shape, ...]) -> Executable:
    """Look at all gates and write the rows of those that count, in one statement.

    SQLite's: it has one writer, which sees what every other one left.
    """
    judged = _judged(shapes).cte("judged")
    stopped = judged.alias("stopped")
    new = insert(guard_windows).from_select(
        COLUMNS,
        select(_tenant, *(judged.c[name] for name in COLUMNS[1:])).where(
            or_(judged.c.counts_refused, not_(exists().where(not_(stopped.c.passes))))
        ),
    )
    return new.on_conflict_do_update(
        index_elements=KEY,
        set_={name: new.excluded[name] for name in ("stamps", "sent", "expires_at")},
    ).returning(
        window.bucket,
        window.sent,
        case(
            *(
                (window.bucket == _bucket(position, number), _passed(shape, position))
                for position, shape in enumerate(shapes)
                for number in range(shape.buckets)
            )
        ).label("passed"),
    )


@cache
def stopped_statement(shapes: tuple[Shape, ...]) -> Executable:
    """Find the first gate that refuses, after those that count in any case have counted."""
    judged = _judged(shapes).subquery("judged")
    return select(func.min(judged.c.position).label("position"), _tenant.label("tenant")).where(
        not_(judged.c.passes)
    )


OURS = window.tenant_id == _tenant
_answered = bindparam("answered", type_=String)
ADD = (
    update(guard_windows)
    .where(OURS, window.bucket == bindparam("bucket", type_=String))
    .values(sent=window.sent + bindparam("parts", type_=BigInteger))
    .returning(window.sent)
)


@cache
def take_back_statement(buckets: int) -> Executable:
    """Drop the newest moment of each bucket, and count an answer beside it."""
    named = [_bucket(0, number) for number in range(buckets)]
    return (
        update(guard_windows)
        .where(OURS, window.bucket.in_([*named, _answered]))
        .values(
            stamps=func.substr(window.stamps, STAMP + 1),
            verified=window.verified + case((window.bucket == _answered, 1), else_=0),
        )
    )


@cache
def totals_statement(buckets: int) -> Executable:
    """Read the totals of several names."""
    named = [_bucket(0, number) for number in range(buckets)]
    return select(window.bucket, window.sent).where(OURS, window.bucket.in_(named))


@dataclass(frozen=True)
class GateRepository(TenantRepository):
    """Takes messages and guesses through their gates."""

    async def pass_through(self, gates: Sequence[Gate]) -> Passage:
        """Count one more in every gate, or say which one refused.

        Gates that count the refused come first.
        """
        shapes = tuple(gate.shape for gate in gates)
        values: dict[str, Any] = {}
        for position, gate in enumerate(gates):
            values |= gate.values(position)
        if self.db.dialect.name == "postgresql":
            return await self._chained(gates, shapes, values)
        return await self._judged(gates, shapes, values)

    async def take_back(self, buckets: Sequence[str], answered: str | None) -> None:
        """Forget the newest moment of each bucket, and count one answer more in *answered*."""
        await self.run(
            take_back_statement(len(buckets)), answered=answered or "", **_numbered(buckets)
        )

    async def add(self, name: str, parts: int, now: datetime) -> int:
        """Add to a day's total and return it; 0 where that day has none."""
        row = await self.first(ADD, bucket=daily_bucket(name, now), parts=parts)
        return row["sent"] if row else 0

    async def totals(self, names: Sequence[str], now: datetime) -> dict[str, int]:
        """Return the day's totals by their names; what was not counted yet is left out."""
        buckets = {daily_bucket(name, now): name for name in names}
        rows = await self.all(totals_statement(len(buckets)), **_numbered(list(buckets)))
        return {buckets[row["bucket"]]: row["sent"] for row in rows}

    async def _chained(
        self, gates: Sequence[Gate], shapes: tuple[Shape, ...], values: dict[str, Any]
    ) -> Passage:
        row = await self.first(chained_statement(shapes), **values)
        assert row is not None
        for position, gate in enumerate(gates):
            if not row[f"passed_{position}"]:
                return Passage(gate, {})
        return Passage(None, {gate.reason: row[f"sent_{n}"] for n, gate in enumerate(gates)})

    async def _judged(
        self, gates: Sequence[Gate], shapes: tuple[Shape, ...], values: dict[str, Any]
    ) -> Passage:
        rows = await self.all(judged_statement(shapes), **values)
        written = {row["bucket"]: row for row in rows}
        for gate in gates:
            if gate.counts_refused and not all(written[name]["passed"] for name in gate.buckets):
                return Passage(gate, {})
        if all(bucket in written for gate in gates for bucket in gate.buckets):
            return Passage(None, {g.reason: written[g.buckets[0]]["sent"] for g in gates})
        # Those that count in any case have counted, and let this one through.
        behind = {
            f"nth_{position}": gate.nth + STAMP
            for position, gate in enumerate(gates)
            if gate.counts_refused
        }
        stopped = await self.first(stopped_statement(shapes), **values | behind)
        position = stopped["position"] if stopped else None
        return Passage(gates[-1 if position is None else position], {})


def _numbered(buckets: Sequence[str]) -> dict[str, str]:
    return {f"bucket_0_{number}": bucket for number, bucket in enumerate(sorted(buckets))}
