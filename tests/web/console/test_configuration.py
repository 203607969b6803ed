"""The configuration's history in the console: seen, compared, undone."""

from tests.web.console.conftest import Browser, Site
from watchword.audit.models import SYSTEM


async def change(site: Site, *counts: int) -> None:
    for count in counts:
        limit = {"perNumber": {"count": count, "seconds": 600}}
        await (await site.scope()).configuration.settings.save_guard(SYSTEM, limit, reason="calmer")


async def test_every_change_is_listed_with_its_reason(site: Site, owner: Browser) -> None:
    await change(site, 3)

    page = await owner.open("configuration")

    assert "Send limits and guard rules" in page.words
    assert "calmer" in page.words
    assert "To one phone number · At most 10 3" in page.words
    assert "To one phone number" in (await owner.open("configuration?kind=guard")).words
    assert "To one phone number" not in (await owner.open("configuration?kind=webhook")).words


async def test_two_versions_are_compared_and_one_is_brought_back(
    site: Site, owner: Browser
) -> None:
    await change(site, 3, 4, 5)

    page = await owner.open("configuration/guard/default?before=1&after=3")
    assert "<del><code>3</code></del>" in page.html
    assert "<ins><code>5</code></ins>" in page.html
    page = await owner.submit("/guard/default/restore", version="1")
    assert "Restore version 1?" in page.words
    assert "To one phone number" in page.words
    assert (await site.scope()).guard_policy.per_number.count == 5
    page = await owner.submit("/guard/default/restore", do="confirm")

    assert "The earlier version is back" in page.words
    assert (await site.scope()).guard_policy.per_number.count == 3


async def test_a_change_made_while_restoring_is_shown_before_it_is_undone(
    site: Site, owner: Browser
) -> None:
    await change(site, 3, 4)
    await owner.open("configuration/guard/default")
    await owner.submit("/guard/default/restore", version="1")
    await change(site, 7)

    page = await owner.submit("/guard/default/restore", do="confirm")

    assert page.status == 409
    assert "<del><code>7</code></del>" in page.html
    assert (await site.scope()).guard_policy.per_number.count == 7
    await owner.submit("/guard/default/restore", do="confirm")
    assert (await site.scope()).guard_policy.per_number.count == 3


async def test_what_is_not_there_is_no_page(owner: Browser) -> None:
    for path in ("configuration/nothing/default", "configuration/guard/default"):
        assert (await owner.open(path)).status == 404
    assert (await owner.open("configuration?kind=nothing")).status == 404
