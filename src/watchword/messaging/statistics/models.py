"""Counts of messages, and what is read from them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

TENTH = timedelta(seconds=0.1)


@dataclass(frozen=True)
class Tally:
    """How many messages there were, and what became of them."""

    sent: int = 0
    """All but those to nobody."""
    accepted: int = 0
    delivered: int = 0
    undelivered: int = 0
    failed: int = 0
    """Refused by the provider, or never handed over."""
    segments: int = 0
    codes: int = 0
    """Accepted ones with a code to sign in, to sign up or for a new password."""

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(
            *(a + b for a, b in zip(vars(self).values(), vars(other).values(), strict=True))
        )

    @property
    def delivered_ratio(self) -> float | None:
        """Return which part of the delivery reports says that it arrived; None without any."""
        reported = self.delivered + self.undelivered
        return self.delivered / reported if reported else None


@dataclass(frozen=True)
class Times:
    """How long deliveries took, by tenths of a second; coarser the longer."""

    counts: Mapping[int, int] = field(default_factory=dict)

    def percentile(self, percent: int) -> timedelta | None:
        """Return the time within which this many of a hundred arrived; None without any."""
        wanted = -(-sum(self.counts.values()) * percent // 100)
        seen = 0
        for tenths in sorted(self.counts):
            seen += self.counts[tenths]
            if seen >= wanted:
                return tenths * TENTH
        return None

    @classmethod
    def together(cls, several: Iterable["Times"]) -> "Times":
        """Return several as one."""
        counts: dict[int, int] = {}
        for times in several:
            for tenths, count in times.counts.items():
                counts[tenths] = counts.get(tenths, 0) + count
        return cls(counts)


@dataclass(frozen=True)
class Day:
    """One day, in UTC."""

    date: date
    tally: Tally = Tally()
    times: Times = Times()
    used: int | None = 0
    """Codes that were right; None where it is not known which connector sent them."""

    @property
    def used_ratio(self) -> float | None:
        """Return which part of the codes were right; at most 1, for midnight parts the two.

        None without codes, or where it is not known whose they were.
        """
        if self.used is None or not self.tally.codes:
            return None
        return min(1.0, self.used / self.tally.codes)


@dataclass(frozen=True)
class Statistics:
    """A stretch of days, and the same counts by other things."""

    days: tuple[Day, ...]
    """Every day of the stretch, the oldest first."""
    connectors: Mapping[str, Tally]
    """By connector class, the one with the most messages first."""
    countries: Mapping[str, Tally]
    errors: Mapping[str, int]
    """Of failed and undelivered messages, by class of error."""

    @property
    def whole(self) -> Day:
        """Return all days as one, under the date of the last."""
        used = [day.used for day in self.days if day.used is not None]
        return Day(
            self.days[-1].date,
            sum((day.tally for day in self.days), Tally()),
            Times.together(day.times for day in self.days),
            sum(used) if used else None,
        )
