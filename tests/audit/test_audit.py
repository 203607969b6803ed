"""What happened is written down, with who did it."""

from datetime import timedelta

import pytest

from tests.fakes import FakeClock
from watchword.audit.models import SYSTEM, Actor, AuditFilter
from watchword.audit.repository import AuditRows
from watchword.audit.service import AuditService
from watchword.core.context import correlation_id
from watchword.core.pagination import PageRequest
from watchword.storage import Storage

ROSA = Actor("operator", "op1", "rosa")


@pytest.fixture
def audit(storage: Storage, clock: FakeClock) -> AuditService:
    return AuditService(AuditRows(storage, "default"), clock)


async def test_an_entry_says_who_did_what_in_which_request(audit: AuditService) -> None:
    token = correlation_id.set("req-1")
    await audit.record("user.deleted", ROSA, subject="user:u1", payload={"count": 1})
    correlation_id.reset(token)

    [entry] = (await audit.list()).items

    assert (entry.event, entry.actor, entry.subject) == ("user.deleted", ROSA, "user:u1")
    assert (entry.correlation_id, entry.payload, entry.result) == ("req-1", {"count": 1}, "success")


async def test_an_entry_disappears_with_the_change_it_belongs_to(
    audit: AuditService, storage: Storage
) -> None:
    with pytest.raises(RuntimeError):  # noqa: PT012
        async with storage.transaction() as tx:
            await audit.record("user.deleted", ROSA, tx=tx)
            raise RuntimeError

    assert (await audit.list()).total == 0


async def test_the_list_is_paged_newest_first_and_filtered(
    audit: AuditService, clock: FakeClock
) -> None:
    renamed = Actor("operator", "op1", "rosa.k")
    for number, actor in enumerate([ROSA, renamed, Actor("operator", "op10"), SYSTEM]):
        clock.advance(timedelta(seconds=1))
        await audit.record(
            f"event.{number}", actor, result="failure" if actor is SYSTEM else "success"
        )

    async def events(filters: AuditFilter, page: PageRequest | None = None) -> list[str]:
        found = await audit.list(page or PageRequest(), filters)
        return [entry.event for entry in found.items]

    assert await events(AuditFilter()) == ["event.3", "event.2", "event.1", "event.0"]
    assert await events(AuditFilter(), PageRequest(2, 3)) == ["event.0"]
    assert await events(AuditFilter(actor="operator:op1")) == ["event.1", "event.0"]
    assert await events(AuditFilter(result="failure")) == ["event.3"]
    assert await events(AuditFilter(since=clock.now())) == ["event.3"]
    assert await audit.purge(clock.now()) == 3
    assert await events(AuditFilter()) == ["event.3"]


async def test_another_tenants_log_is_out_of_sight(
    audit: AuditService, storage: Storage, clock: FakeClock
) -> None:
    await audit.record("user.deleted", ROSA)

    assert (await AuditService(AuditRows(storage, "acme"), clock).list()).total == 0
