"""What became of many messages: the dashboard, its charts, and the log as a file."""

import csv
import io
from datetime import timedelta
from typing import Any

import pytest

from tests.messaging.rows import message_row
from tests.web.console.conftest import HOME, Browser, Invite, Site
from watchword.audit.models import SYSTEM, AuditFilter
from watchword.messaging.models import MessageFilter, MessageState
from watchword.web.console.charts import HEIGHT, LEFT, Series, bars, ceiling, lines
from watchword.web.console.message_export import COLUMNS
from watchword.web.csv_files import BYTE_ORDER_MARK, csv_line, harmless

# Some of these questions no service's own test asks.
pytestmark = pytest.mark.both_databases


async def add(site: Site, **changes: Any) -> str:
    """Write one message of now and return its id."""
    scope = await site.scope()
    row = message_row(site.clock.now(), **changes)
    await scope.messaging.rows.add(row)
    return str(row["id"])


async def test_an_empty_dashboard_says_what_would_be_there(owner: Browser) -> None:
    page = await owner.open("messages/dashboard")

    assert "No messages in this time" in page.words
    assert "<svg viewBox" not in page.html


async def test_the_dashboard_shows_charts_and_the_same_numbers_as_tables(
    site: Site, owner: Browser
) -> None:
    now = site.clock.now()
    for country in ("KR", "GB", "GB"):
        await add(
            site,
            state=MessageState.DELIVERED,
            final_at=now + timedelta(seconds=3),
            country=country,
            segments=2,
        )
    await add(site, state=MessageState.UNDELIVERED, error_class="recipient_unreachable")
    await add(site, state=MessageState.FAILED, accepted_at=None, error_class="a_packages_own")

    page = await owner.open("messages/dashboard?days=30")

    assert "Messages 5" in page.words
    assert "Delivered 75%" in page.words
    assert "Half arrive within 3 s" in page.words
    assert "United Kingdom 4 66.7% 1 1 4" in page.words
    assert "South Korea 1 100% 0 0 2" in page.words
    assert "Development inbox 5 75% 1 1 6" in page.words
    assert "recipient_unreachable" in page.words.partition("The message did not get through")[2]
    assert "a_packages_own" in page.words
    assert page.html.count('aria-labelledby="chart-') == 4
    assert "May 1, 2026 5 75% 1 1" in page.words
    assert "style=" not in page.html.partition("<main")[2]


@pytest.mark.parametrize("query", ["days=x&connector=nobody", "days=-1", "days=٣", "connector=%00"])
async def test_a_dashboard_of_what_does_not_exist_is_the_ordinary_one(
    site: Site, owner: Browser, query: str
) -> None:
    await add(site)

    page = await owner.open(f"messages/dashboard?{query}")

    assert page.status == 200
    assert "Messages 1" in page.words


async def test_one_connector_has_a_dashboard_of_its_own(site: Site, owner: Browser) -> None:
    await add(site)
    await add(site, connector_id="http-sms")

    page = await owner.open("messages/dashboard?connector=http-sms")

    assert "Messages 1" in page.words
    assert "Codes used –" in page.words


async def exported(browser: Browser, query: str = "") -> list[dict[str, str]]:
    """Return the rows of the exported file."""
    answer = await browser.client.get(f"{HOME}/messages/export.csv{query}")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-disposition"].startswith("attachment; filename=")
    return list(csv.DictReader(io.StringIO(answer.text.removeprefix(BYTE_ORDER_MARK))))


async def test_the_log_is_exported_masked_and_the_audit_log_knows_by_whom(
    site: Site, owner: Browser, invite: Invite
) -> None:
    ids = {await add(site), await add(site, state=MessageState.FAILED, provider_words="=1+1")}
    viewer = await invite("viewer")

    rows = await exported(viewer)

    assert {row["id"] for row in rows} == ids
    assert tuple(rows[0]) == COLUMNS
    assert {row["recipient_masked"] for row in rows} == {"'+44•••0123"}
    assert {row["provider_words"] for row in rows} == {"", "'=1+1"}
    found = await (await site.scope()).audit.list(filters=AuditFilter(event="message.exported"))
    assert [entry.actor.name for entry in found.items] == ["viewer"]
    link = [one for one in (await owner.open("messages?state=failed")).links if "export" in one]
    assert link == [f"{HOME}/messages/export.csv?state=failed"]
    assert len(await exported(owner, "?state=failed")) == 1


async def test_an_export_goes_on_where_the_last_slice_ended(site: Site, owner: Browser) -> None:
    scope = await site.scope()
    # More than two slices, and many of one moment.
    async with scope.messaging.rows.db.transaction() as tx:
        for n in range(1203):
            at = site.clock.now() - timedelta(minutes=n // 400)
            await scope.messaging.rows.within(tx).add(message_row(at))

    rows = await exported(owner)

    assert len({row["id"] for row in rows}) == len(rows) == 1203
    moments = [row["created_at"] for row in rows]
    assert moments == sorted(moments, reverse=True)


async def test_an_export_ends_at_its_cap(site: Site) -> None:
    for _ in range(3):
        await add(site)
    scope = await site.scope()

    found = [
        message async for message in scope.messaging.log.export(MessageFilter(), SYSTEM, at_most=2)
    ]

    assert len(found) == 2


@pytest.mark.parametrize("text", ["=1+1", "+44", "-1", "@SUM(A1)", "\tx", "\r=x", "＝1"])
def test_what_a_spreadsheet_would_run_becomes_text(text: str) -> None:
    assert harmless(text) == f"'{text}"


def test_other_cells_stay_what_they_are_and_are_quoted_where_they_must() -> None:
    assert csv_line(['say "hi", you', None, 3, True]) == '"say ""hi"", you",,3,True\r\n'


@pytest.mark.parametrize(
    ("value", "top"), [(0, 1), (0.3, 0.5), (1, 1), (1.1, 2), (47, 50), (50, 50), (5001, 10_000)]
)
def test_a_chart_ends_at_a_round_number(value: float, top: float) -> None:
    assert ceiling(value) == pytest.approx(top)


def test_bars_stand_on_zero_and_upon_each_other() -> None:
    chart = bars("x", ["a", "b"], [Series("fine", [3, 0]), Series("wrong", [1, 0])], str)

    lower, upper = chart.bars
    assert lower.y + lower.height == pytest.approx(chart.levels[0].at)
    assert upper.y + upper.height == pytest.approx(lower.y, abs=0.02)
    assert (lower.title, upper.title) == ("a: 3", "a: 1")
    assert chart.kinds == ("fine", "wrong")


@pytest.mark.parametrize(("most", "levels"), [(1, "0 1"), (4, "0 5"), (8, "0 5 10")])
def test_what_is_counted_has_no_halves(most: int, levels: str) -> None:
    chart = bars("x", ["a"], [Series("fine", [most])], "{:g}".format)

    assert " ".join(level.label for level in chart.levels) == levels


def test_a_line_has_a_gap_where_there_is_no_value() -> None:
    chart = lines("x", ["a", "b", "c"], [Series("p50", [1, None, 2])], str)

    [line] = chart.lines
    assert line.path.count("M") == 2
    assert "L" not in line.path
    assert [dot.title for dot in line.dots] == ["a: 1", "c: 2"]
    assert all(dot.x > LEFT and 0 < dot.y < HEIGHT for dot in line.dots)


def test_a_long_stretch_names_some_of_its_days_and_always_the_last() -> None:
    labels = [str(n) for n in range(90)]

    chart = bars("x", labels, [Series("fine", [1] * 90)], str)

    assert len(chart.days) == 5
    assert chart.days[-1].label == "89"
