"""Totals: exact, whoever adds at the same time, and gone with what was rolled back."""

import asyncio

import pytest

from watchword.storage import Storage
from watchword.storage.totals import SHARDS, Totals


async def test_what_many_add_at_once_is_all_counted(storage: Storage) -> None:
    totals = Totals(storage, "default")

    await asyncio.gather(*(totals.add("users", 1) for _ in range(40)))
    await asyncio.gather(*(totals.add("users", -1) for _ in range(15)))

    assert await totals.get("users") == 25


async def test_every_table_and_tenant_has_its_own_total(storage: Storage) -> None:
    await Totals(storage, "default").add("users", 3)
    await Totals(storage, "default").add("organizations", 2)
    await Totals(storage, "acme").add("users", 1)

    assert await Totals(storage, "default").get("users") == 3
    assert await Totals(storage, "acme").get("users") == 1
    assert await Totals(storage, "acme").get("organizations") == 0


async def test_what_was_rolled_back_is_not_counted(storage: Storage) -> None:
    totals = Totals(storage, "default")

    async def fail_half_way() -> None:
        async with storage.transaction() as tx:
            await totals.within(tx).add("users", 1)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail_half_way()

    assert await totals.get("users") == 0


async def test_one_who_has_counted_and_not_committed_does_not_hold_the_others_up(
    storage: Storage, database_kind: str
) -> None:
    if database_kind == "sqlite":
        pytest.skip("SQLite has one writer: whoever writes holds everybody up")
    totals = Totals(storage, "default")

    async with storage.transaction() as tx:
        await totals.within(tx).add("users", 1)
        adding = {asyncio.create_task(totals.add("users", 1)) for _ in range(SHARDS)}
        done, _ = await asyncio.wait(adding, timeout=20, return_when=asyncio.FIRST_COMPLETED)

    # By chance some come to the same part; that none comes to another is next to impossible.
    assert done
    await asyncio.gather(*adding)
    assert await totals.get("users") == SHARDS + 1
