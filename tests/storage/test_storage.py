"""Storage: both databases behave alike."""

import asyncio

import asyncpg
import pytest
from sqlalchemy import bindparam, insert, select

from tests.fakes import FakeClock
from watchword.storage import Storage, TenantRepository
from watchword.storage.compiled import StatementNotBound, ValueNotStorable
from watchword.storage.database import StorageConflict, StorageUnavailable, storage_for
from watchword.storage.schema import leases, settings

INSERT = insert(leases).values(
    tenant_id=bindparam("tenant_id"),
    name=bindparam("name"),
    holder=bindparam("holder"),
    expires_at=bindparam("expires_at"),
)
ALL = select(leases).where(leases.c.tenant_id == bindparam("tenant_id"))
EVERYONE = select(leases)
INSERT_DOCUMENT = insert(settings).values(
    {column.name: bindparam(column.name) for column in settings.columns}
)


async def test_a_tenant_sees_its_own_rows_only(storage: Storage, clock: FakeClock) -> None:
    ours, theirs = TenantRepository(storage, "ours"), TenantRepository(storage, "theirs")
    await ours.run(INSERT, name="purge", holder="a", expires_at=clock.now())

    assert await theirs.all(ALL) == []
    assert [row["expires_at"] for row in await ours.all(ALL)] == [clock.now()]


@pytest.mark.proves("S131")
async def test_a_statement_that_does_not_name_the_tenant_is_refused(storage: Storage) -> None:
    with pytest.raises(StatementNotBound):
        await TenantRepository(storage, "ours").all(EVERYONE)


@pytest.mark.parametrize("value", ["half a pair: \ud800", 10**30])
async def test_a_document_that_no_text_can_hold_is_refused(
    storage: Storage, clock: FakeClock, value: object
) -> None:
    ours = TenantRepository(storage, "ours")
    row = {"kind": "guard", "version": 1, "updated_at": clock.now()}

    with pytest.raises(ValueNotStorable):
        await ours.run(INSERT_DOCUMENT, document={"value": value}, **row)
    with pytest.raises(TypeError):  # a defect of ours stays one
        await ours.run(INSERT_DOCUMENT, document={"value": object()}, **row)


async def test_a_text_with_a_nul_is_refused_on_both_databases_alike(
    storage: Storage, clock: FakeClock
) -> None:
    ours = TenantRepository(storage, "ours")

    with pytest.raises(ValueNotStorable):
        await ours.run(INSERT, name="a\0b", holder="a", expires_at=clock.now())
    assert await ours.all(ALL) == []


async def test_a_transaction_that_fails_leaves_nothing_behind(
    storage: Storage, clock: FakeClock
) -> None:
    repository = TenantRepository(storage, "ours")
    with pytest.raises(StorageConflict):  # noqa: PT012
        async with storage.transaction() as tx:
            for _ in range(2):
                await repository.within(tx).run(
                    INSERT, name="purge", holder="a", expires_at=clock.now()
                )

    assert await repository.all(ALL) == []


async def test_transactions_wait_for_each_other(storage: Storage, clock: FakeClock) -> None:
    repository = TenantRepository(storage, "ours")

    async def write(name: str) -> None:
        async with storage.transaction() as tx:
            await repository.within(tx).run(INSERT, name=name, holder="a", expires_at=clock.now())
            await asyncio.sleep(0.01)

    await asyncio.gather(*(write(str(number)) for number in range(10)))

    assert len(await repository.all(ALL)) == 10


async def test_a_database_that_was_taken_offline_is_unavailable_until_it_is_back(
    postgresql_url: str,
) -> None:
    administrator = await asyncpg.connect(f"{postgresql_url}/postgres")
    await administrator.execute("CREATE DATABASE offline")
    storage = storage_for(f"{postgresql_url}/offline")
    await storage.open()
    await administrator.execute("ALTER DATABASE offline ALLOW_CONNECTIONS false")
    await administrator.execute(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = 'offline'"
    )

    # The first finds its connection cut; the next can make none.
    for _ in range(2):
        with pytest.raises(StorageUnavailable):
            await storage.ping()

    await administrator.execute("ALTER DATABASE offline ALLOW_CONNECTIONS true")
    await storage.ping()
    await storage.close()
    await administrator.execute("DROP DATABASE offline")
    await administrator.close()
