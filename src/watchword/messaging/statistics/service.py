"""What became of one tenant's messages over some days."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

from watchword.core.clock import Clock
from watchword.messaging.statistics.models import Day, Statistics, Tally, Times
from watchword.messaging.statistics.repository import StatisticsRows
from watchword.storage import Row

EPOCH = date(1970, 1, 1)
UNKNOWN_ERROR = "general"


@dataclass(frozen=True, kw_only=True)
class StatisticsService:
    """Counts one tenant's messages; tests, and messages to nobody, do not count."""

    rows: StatisticsRows
    clock: Clock

    async def of_days(self, count: int, connector_id: str | None = None) -> Statistics:
        """Return the counts of so many days, today the last, of one connector class or of all."""
        today = self.clock.now().astimezone(UTC).date()
        first = today - timedelta(days=count - 1)
        since, until = _midnight(first), _midnight(today + timedelta(days=1))
        kinds = await self.rows.kinds(since, until, connector_id)
        times = await self.rows.times(since, until, connector_id)
        # The audit log does not know which connector sent a code.
        used = await self.rows.used_codes(since, until) if connector_id is None else None
        counted = _Counted()
        counted.add(kinds)
        by_day = _times_by_day(times)
        days = [(first - EPOCH).days + n for n in range(count)]
        return Statistics(
            days=tuple(
                Day(
                    EPOCH + timedelta(days=day),
                    counted.days.get(day, Tally()),
                    Times(by_day.get(day, {})),
                    None if used is None else used.get(day, 0),
                )
                for day in days
            ),
            connectors=_most_first(counted.connectors),
            countries=_most_first(counted.countries),
            errors=dict(sorted(counted.errors.items(), key=lambda item: (-item[1], item[0]))),
        )


@dataclass
class _Counted:
    days: dict[int, Tally] = field(default_factory=dict)
    connectors: dict[str, Tally] = field(default_factory=dict)
    countries: dict[str, Tally] = field(default_factory=dict)
    errors: dict[str, int] = field(default_factory=dict)

    def add(self, rows: Iterable[Row]) -> None:
        for row in rows:
            # PostgreSQL's sums are decimals.
            tally = Tally(**{name: int(row[name]) for name in Tally.__dataclass_fields__})
            self.days[row["day"]] = self.days.get(row["day"], Tally()) + tally
            connector, country = row["connector_id"] or "", row["country"]
            self.connectors[connector] = self.connectors.get(connector, Tally()) + tally
            self.countries[country] = self.countries.get(country, Tally()) + tally
            if wrong := tally.failed + tally.undelivered:
                name = row["error_class"] or UNKNOWN_ERROR
                self.errors[name] = self.errors.get(name, 0) + wrong


def _times_by_day(rows: Iterable[Row]) -> dict[int, dict[int, int]]:
    found: dict[int, dict[int, int]] = {}
    for row in rows:
        found.setdefault(row["day"], {})[row["tenths"]] = row["messages"]
    return found


def _most_first(tallies: Mapping[str, Tally]) -> dict[str, Tally]:
    return dict(sorted(tallies.items(), key=lambda item: (-item[1].sent, item[0])))


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
