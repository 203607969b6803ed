"""The dashboard: what became of the messages of some days."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from babel import Locale
from babel.dates import format_date, format_skeleton
from babel.numbers import format_compact_decimal, format_decimal, format_percent
from starlette.responses import Response

from watchword.messaging.models import NO_COUNTRY
from watchword.messaging.statistics.models import Day, Statistics, Tally
from watchword.web.console.charts import Chart, Series, bars, lines
from watchword.web.console.desk import Desk, WorkDesk
from watchword.web.console.message_timeline import provider_name
from watchword.web.console.routing import console_router
from watchword.web.console.undo import Undo, Unwell, undos_of, unwell_of

router = console_router("/console/{tenant}/messages")

STRETCHES = (7, 30, 90)
MOST_COUNTRIES = 15
NOTHING = "–"


@dataclass(frozen=True)
class Reader:
    """Writes numbers and days as the page's reader does."""

    locale: Locale

    def number(self, value: float) -> str:
        """Return a whole number."""
        return str(format_decimal(round(value), locale=self.locale))

    def short(self, value: float) -> str:
        """Return a number for the side of a chart."""
        if value < 1000:
            return str(format_decimal(round(value, 1), locale=self.locale))
        return str(format_compact_decimal(value, locale=self.locale, fraction_digits=1))

    def percent(self, ratio: float | None) -> str:
        """Return a share."""
        if ratio is None:
            return NOTHING
        return str(format_percent(ratio, format="#,##0.#%", locale=self.locale))

    def seconds(self, time: timedelta | None, desk: Desk) -> str:
        """Return a duration."""
        return NOTHING if time is None else self.second(time.total_seconds(), desk)

    def second(self, value: float, desk: Desk) -> str:
        """Return seconds in words."""
        seconds = format_decimal(round(value, 1), locale=self.locale)
        return desk.text("console.health.seconds", seconds=seconds)

    def day(self, day: date) -> str:
        """Return a day without its year."""
        return str(format_skeleton("MMMd", day, locale=self.locale))

    def whole_day(self, day: date) -> str:
        """Return a day with its year."""
        return str(format_date(day, "medium", locale=self.locale))


@router.get("/dashboard")
async def show_dashboard(desk: WorkDesk, days: str = "", connector: str = "") -> Response:
    """Show counts, ratios and times, by day and by what they depend on."""
    stretch = int(days) if days in {str(one) for one in STRETCHES} else STRETCHES[0]
    known = {found.metadata.id for found in desk.server.registry.list()}
    chosen = connector if connector in known else ""
    found = await desk.scope.statistics.of_days(stretch, chosen or None)
    reader = Reader(Locale.parse(desk.language, sep="-"))
    undos = await undos_of(desk)
    unwell = await unwell_of(desk, undos)
    return desk.render(
        "dashboard.html",
        unwell=unwell,
        undos=_undos_apart(undos, unwell),
        stretch=stretch,
        stretches=STRETCHES,
        chosen=chosen,
        choices=_choices(desk, found, chosen),
        whole=_cells(desk, reader, found.whole),
        has_any=found.whole.tally.sent > 0,
        charts=_charts(desk, reader, found.days),
        rows=[(reader.whole_day(day.date), _cells(desk, reader, day)) for day in found.days[::-1]],
        tables=_tables(desk, reader, found),
        errors=[(name, reader.number(count)) for name, count in found.errors.items()],
        known_errors=_known_errors(desk, found),
    )


def _undos_apart(undos: Mapping[str, Undo], unwell: Sequence[Unwell]) -> list[Undo]:
    """Return the changes that no notice of trouble shows already."""
    shown = {one.saved.id for one in unwell}
    return [undo for undo in undos.values() if undo.saved.id not in shown]


def _choices(desk: Desk, found: Statistics, chosen: str) -> list[tuple[str, str]]:
    ids = [name for name in found.connectors if name]
    ids += [chosen] if chosen and chosen not in ids else []
    return [(name, provider_name(desk, name)) for name in ids]


def _charts(desk: Desk, reader: Reader, days: Sequence[Day]) -> list[Chart]:
    labels = [reader.day(day.date) for day in days]
    tallies = [day.tally for day in days]
    wrong = [tally.failed + tally.undelivered for tally in tallies]
    fine = [tally.sent - bad for tally, bad in zip(tallies, wrong, strict=True)]
    ratios = [Series("delivered", [tally.delivered_ratio for tally in tallies])]
    if any(day.used is not None for day in days):
        ratios.append(Series("used", [day.used_ratio for day in days]))
    times = [
        Series(f"p{part}", [_seconds(day.times.percentile(part)) for day in days])
        for part in (50, 95)
    ]
    return [
        bars("sends", labels, [Series("fine", fine), Series("wrong", wrong)], reader.short),
        lines("ratios", labels, ratios, reader.percent, top=1.0),
        lines("times", labels, times, lambda value: reader.second(value, desk)),
        bars("segments", labels, [Series("fine", [t.segments for t in tallies])], reader.short),
    ]


def _seconds(time: timedelta | None) -> float | None:
    return None if time is None else time.total_seconds()


def _cells(desk: Desk, reader: Reader, day: Day) -> dict[str, str]:
    return {
        **_counts(reader, day.tally),
        "used": reader.percent(day.used_ratio),
        "p50": reader.seconds(day.times.percentile(50), desk),
        "p95": reader.seconds(day.times.percentile(95), desk),
    }


def _counts(reader: Reader, tally: Tally) -> dict[str, str]:
    return {
        "sent": reader.number(tally.sent),
        "delivered": reader.percent(tally.delivered_ratio),
        "undelivered": reader.number(tally.undelivered),
        "failed": reader.number(tally.failed),
        "segments": reader.number(tally.segments),
    }


def _tables(desk: Desk, reader: Reader, found: Statistics) -> list[dict[str, Any]]:
    names = reader.locale.territories
    countries = [
        (
            desk.text("console.dashboard.no_country")
            if region == NO_COUNTRY
            else names.get(region, region),
            _counts(reader, tally),
        )
        for region, tally in list(found.countries.items())[:MOST_COUNTRIES]
    ]
    connectors = [
        (provider_name(desk, name) or NOTHING, _counts(reader, tally))
        for name, tally in found.connectors.items()
    ]
    return [{"name": "connector", "rows": connectors}, {"name": "country", "rows": countries}]


def _known_errors(desk: Desk, found: Statistics) -> set[str]:
    phrases = desk.server.phrases
    return {
        name for name in found.errors if phrases.find("en", f"connector_kit.error_class.{name}")
    }
