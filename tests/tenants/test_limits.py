"""A development tenant holds so many of everything and no more; production never asks."""

import asyncio
from collections.abc import Iterable

import pytest
from sqlalchemy import bindparam, func, select

from tests.fakes import FakeClock
from watchword.organizations.models import NewOrganization, Organization
from watchword.organizations.repository import OrganizationRows
from watchword.storage import Database, Storage
from watchword.storage.schema import users as user_table
from watchword.tenants.errors import TenantLimitReached
from watchword.tenants.limits import Limited, TenantLimits
from watchword.tenants.models import TenantTag
from watchword.tenants.repository import HoldingRows
from watchword.tenants.service import TenantDirectory
from watchword.users.models import NewUser
from watchword.users.repository import COUNTED, UserRepository
from watchword.users.service import UserService

COUNT_USERS = (
    select(func.count().label("total"))
    .select_from(user_table)
    .where(user_table.c.tenant_id == bindparam("tenant_id"))
)


def users_of(storage: Storage, clock: FakeClock, most: int | None) -> UserService:
    return UserService(users=UserRepository(storage, "default", most_users=most), clock=clock)


async def add(users: UserService, names: Iterable[str]) -> list[object]:
    return await asyncio.gather(
        *(users.create(NewUser(username=name)) for name in names), return_exceptions=True
    )


async def test_of_many_who_register_at_once_as_many_come_in_as_there_is_room_for(
    storage: Storage, clock: FakeClock
) -> None:
    users = users_of(storage, clock, most=3)

    results = await add(users, (f"user{n}" for n in range(8)))

    assert sum(isinstance(result, TenantLimitReached) for result in results) == 5
    rows = await storage.all(COUNT_USERS, {"tenant_id": "default"})
    assert rows[0]["total"] == await users.users.totals.get(COUNTED) == 3


async def test_whoever_was_there_before_counts_and_who_leaves_makes_room(
    storage: Storage, clock: FakeClock
) -> None:
    # Spread over all shards, as production counts.
    before = await add(users_of(storage, clock, most=None), (f"early{n}" for n in range(6)))
    users = users_of(storage, clock, most=7)

    [last, refused] = await add(users, ["seventh", "eighth"])
    assert {type(last), type(refused)} > {TenantLimitReached}
    await users.delete(before[0].id)  # type: ignore[attr-defined]  # all of them came in
    [come] = await add(users, ["ninth"])

    assert not isinstance(come, Exception)
    assert await users.users.totals.get(COUNTED) == 7


async def test_a_limit_costs_no_statement_more(storage: Storage, clock: FakeClock) -> None:
    async def statements(users: UserService, name: str) -> int:
        before = storage.statements
        await users.create(NewUser(username=name))
        return storage.statements - before

    free = await statements(users_of(storage, clock, most=None), "ada")
    limited = await statements(users_of(storage, clock, most=9), "bob")

    assert limited == free


async def test_the_refusal_says_how_many_there_may_be_and_who_says_so(
    storage: Storage, clock: FakeClock
) -> None:
    await add(users_of(storage, clock, most=None), ["ada"])
    users = users_of(storage, clock, most=1)

    [refused] = await add(users, ["bob"])

    assert isinstance(refused, TenantLimitReached)
    assert refused.values == {"most": "1", "setting": "WATCHWORD_DEVELOPMENT_USERS"}


async def test_whoever_makes_one_waits_for_whoever_is_just_making_another(
    storage: Storage, clock: FakeClock
) -> None:
    await TenantDirectory.of(storage, clock).ensure_default(TenantTag.DEVELOPMENT)
    limits = TenantLimits(HoldingRows(storage, "default"), {Limited.ORGANIZATIONS: 1})

    async def make(tx: Database, name: str) -> None:
        made = Organization(id=name, created_at=clock.now(), **vars(NewOrganization(name=name)))
        await OrganizationRows(tx, "default").add(made)
        await limits.require_room(Limited.ORGANIZATIONS, tx)

    async def make_alone(name: str) -> None:
        async with storage.transaction() as tx:
            await make(tx, name)

    async with storage.transaction() as first:
        await make(first, "club")
        second = asyncio.create_task(make_alone("society"))
        # As long as it takes where nothing makes it wait.
        await asyncio.wait({second}, timeout=0.5)

    with pytest.raises(TenantLimitReached):
        await second
    assert await OrganizationRows(storage, "default").find("society") is None
