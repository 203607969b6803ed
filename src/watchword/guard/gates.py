"""What a message or a guess is counted in: gates, passed one after the other."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Literal, NamedTuple

from watchword.guard.models import Limit, stamp

STAMP = 16  # digits of a moment
MEMBER = 4  # letters of a country and what parts it from the next
NO_END = 2**53


class Reason(StrEnum):
    """What refused something; audit rows and the console name it."""

    ADDRESS = "address"
    SUBNET = "subnet"
    NUMBER = "number"
    BLOCK = "block"
    """A run of neighbouring numbers."""
    COUNTRY = "country"
    """The country's messages of the day."""
    CONVERSION = "conversion"
    """Too many messages to the country that nobody answered with their code."""
    COUNTRIES = "countries"
    """Countries that one address writes to in a day."""
    DAY = "day"
    """The tenant's messages of the day."""
    GUESSES = "guesses"
    """Failures of one address or subnet, over all identifiers."""
    SERVER_RULE = "server_rule"
    COUNTRY_RULE = "country_rule"
    NUMBER_TYPE = "number_type"
    RISK = "risk"
    OTHER = "other"
    """A limit of its own: invitations, notices, test messages."""


Kind = Literal["window", "members", "total"]


class Shape(NamedTuple):
    """What a gate's part of the statement looks like; values are bound."""

    kind: Kind
    buckets: int
    counts_refused: bool


@dataclass(frozen=True, kw_only=True)
class Gate:
    """One thing that is limited, and how much of it there may be."""

    reason: Reason
    kind: Kind
    buckets: Sequence[str]
    """One for each listed key, where the value is personal."""
    expires_at: datetime
    window: timedelta = timedelta(days=1)
    put: str = ""
    nth: int = 0
    keep: int = 0
    cutoff: str = ""
    most: int = NO_END
    floor: int = NO_END
    weight: int = 0
    counts_refused: bool = False

    @property
    def shape(self) -> Shape:
        """Return what decides the statement's text."""
        return Shape(self.kind, len(self.buckets), self.counts_refused)

    def values(self, position: int) -> dict[str, Any]:
        """Return what the statement binds for this gate."""
        names = ("put", "nth", "keep", "cutoff", "most", "floor", "weight", "expires_at")
        return {f"{name}_{position}": getattr(self, name) for name in names} | {
            # In the same order everywhere: none can wait for another in a circle.
            f"bucket_{position}_{number}": bucket
            for number, bucket in enumerate(sorted(self.buckets))
        }


def window(
    reason: Reason,
    buckets: Sequence[str],
    limit: Limit,
    now: datetime,
    *,
    counts_refused: bool = False,
) -> Gate:
    """Return a gate that lets *limit* through; a refused one counts too, if it is to."""
    return Gate(
        reason=reason,
        kind="window",
        buckets=buckets,
        expires_at=now + limit.window,
        window=limit.window,
        put=stamp(now),
        nth=(limit.count - 1) * STAMP + 1,
        keep=(limit.count + counts_refused) * STAMP,
        cutoff=stamp(now - limit.window),
        counts_refused=counts_refused,
    )


def members(reason: Reason, buckets: Sequence[str], member: str, most: int, now: datetime) -> Gate:
    """Return a gate that lets at most so many different members through in a day."""
    return Gate(
        reason=reason,
        kind="members",
        buckets=[f"{bucket}.{day_of(now)}" for bucket in buckets],
        expires_at=end_of_day(now),
        put=f"{member:.>{MEMBER - 1}},",
        keep=most * MEMBER,
    )


def total(
    reason: Reason,
    name: str,
    now: datetime,
    *,
    most: int | None = None,
    share: "Share | None" = None,
    counts_refused: bool = False,
) -> Gate:
    """Return a gate that lets at most *most* through in a day, or no more than *share* allows."""
    return Gate(
        reason=reason,
        kind="total",
        buckets=[daily_bucket(name, now)],
        expires_at=end_of_day(now) + timedelta(days=1),
        most=NO_END if most is None else most,
        floor=NO_END if share is None else share.floor * 100,
        weight=0 if share is None else 100 + share.percent,
        counts_refused=counts_refused,
    )


class Share(NamedTuple):
    """How many messages may be unanswered: *floor*, and a part of those that were answered."""

    floor: int
    percent: int


@dataclass(frozen=True)
class Passage:
    """What came of going through gates."""

    refused_by: Gate | None
    sent: dict[Reason, int]
    """The day's totals after this message, of the gates that keep one."""


def daily_bucket(name: str, now: datetime) -> str:
    """Return the bucket that holds a day's total; a day is one of UTC."""
    return f"{name} {day_of(now)}"


def day_of(now: datetime) -> str:
    """Return the day as it stands in buckets."""
    return f"{now.astimezone(UTC):%Y-%m-%d}"


def end_of_day(now: datetime) -> datetime:
    """Return when the day's totals begin anew."""
    start = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return start + timedelta(days=1)
