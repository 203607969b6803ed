"""One guess at each of many numbers is stopped where it comes from."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.fakes import FakeClock
from tests.guard.test_gates import World
from watchword.audit.models import Event
from watchword.core.context import RequestContext, asked_by
from watchword.core.digests import KeyedDigest
from watchword.core.keys import SecretKeys
from watchword.core.phone import PhoneNumber
from watchword.guard.errors import TooManyAttempts
from watchword.guard.models import GuardPolicy, Limit, LockoutPool, Unanswered
from watchword.guard.repository import GuardRepository
from watchword.guard.service import Lockout
from watchword.sign_in_settings.models import LockoutPolicy
from watchword.storage import Storage

HERE = "192.0.2.1"
POOL = LockoutPool.SHARED


@pytest.fixture
def world(storage: Storage, clock: FakeClock, keys: SecretKeys) -> World:
    return World(storage, clock, keys)


@pytest.fixture
def come_from() -> Callable[[str], None]:
    """Return what makes the following attempts come from an address."""

    def come(client_ip: str) -> None:
        asked_by.set(RequestContext(client_ip, (), "", "c1"))

    return come


@pytest.fixture(autouse=True)
async def from_here(come_from: Callable[[str], None]) -> AsyncIterator[None]:
    before = asked_by.get()
    come_from(HERE)
    yield
    asked_by.set(before)


def lockout_of(world: World, **policy: Any) -> Lockout:
    return Lockout(
        counters=GuardRepository(world.storage, "default"),
        digest=KeyedDigest(world.keys, "lockout"),
        clock=world.clock,
        policy=LockoutPolicy(max_attempts=100, duration=timedelta(minutes=10)),
        guard=world.guard(**policy),
    )


async def guess(lockout: Lockout, identifier: str) -> bool:
    """Guess wrong once; tell whether the guess was looked at."""
    try:
        await lockout.attempt(POOL, identifier)
    except TooManyAttempts:
        return False
    return True


@pytest.mark.proves("S30")
async def test_one_guess_at_each_of_many_numbers_comes_to_an_end(world: World) -> None:
    lockout = lockout_of(world, failures_per_address=Limit(count=3, seconds=3600))

    looked_at = [await guess(lockout, f"8210{n:08}") for n in range(5)]

    assert looked_at == [True, True, True, False, False]
    (entry,) = await world.told(Event.REFUSED_MESSAGE)
    assert entry.payload["reason"] == "guesses"


@pytest.mark.proves("S30")
async def test_neighbours_of_one_network_share_a_limit(
    world: World, come_from: Callable[[str], None]
) -> None:
    lockout = lockout_of(world, failures_per_subnet=Limit(count=3, seconds=3600))

    looked_at = []
    for n in range(5):
        come_from(f"192.0.2.{n}")
        looked_at.append(await guess(lockout, f"8210{n:08}"))

    assert looked_at == [True, True, True, False, False]
    come_from("198.51.100.1")
    assert await guess(lockout, "821012345678")


@pytest.mark.proves("S30")
async def test_of_many_at_once_exactly_so_many_are_looked_at(world: World) -> None:
    lockout = lockout_of(world, failures_per_address=Limit(count=7, seconds=3600))

    results = await asyncio.gather(*(guess(lockout, f"8210{n:08}") for n in range(30)))

    assert sum(results) == 7


async def test_who_is_right_uses_up_nothing(world: World) -> None:
    lockout = lockout_of(
        world,
        failures_per_address=Limit(count=3, seconds=3600),
        failures_per_subnet=Limit(count=3, seconds=3600),
    )
    for n in range(10):
        assert await guess(lockout, f"8210{n:08}")
        await lockout.succeeded(POOL, f"8210{n:08}")
    assert await guess(lockout, "821099999999")
    await asyncio.gather(*(lockout.succeeded(POOL, "821099999999") for _ in range(3)))

    assert [await guess(lockout, "821099999999") for _ in range(4)] == [True, True, True, False]


async def test_who_is_stopped_here_locks_nobody_out(
    world: World, come_from: Callable[[str], None]
) -> None:
    lockout = lockout_of(world, failures_per_address=Limit(count=1, seconds=3600))
    await guess(lockout, "821011111111")
    for _ in range(200):
        assert not await guess(lockout, "821012345678")

    come_from("198.51.100.1")
    assert await guess(lockout, "821012345678")


@pytest.mark.proves("S22")
async def test_under_the_strict_preset_one_address_locks_no_number(
    world: World, come_from: Callable[[str], None]
) -> None:
    strict = GuardPolicy.strict()
    lockout = replace(
        lockout_of(
            world,
            failures_per_address=strict.failures_per_address,
            failures_per_subnet=strict.failures_per_subnet,
        ),
        policy=strict.tightened_lockout(LockoutPolicy()),
    )
    looked_at = [await guess(lockout, "821012345678") for _ in range(120)]
    assert sum(looked_at) == 30

    come_from("198.51.100.1")
    assert await guess(lockout, "821012345678")


async def test_the_window_rolls(world: World) -> None:
    lockout = lockout_of(world, failures_per_address=Limit(count=1, seconds=60))
    assert await guess(lockout, "821011111111")
    world.clock.advance(timedelta(seconds=59))
    assert not await guess(lockout, "821012345678")
    world.clock.advance(timedelta(seconds=60))

    assert await guess(lockout, "821012345678")


async def test_it_costs_no_statement_while_it_is_off(world: World) -> None:
    lockout = lockout_of(world)
    before = world.storage.statements
    await lockout.attempt(POOL, "821012345678")
    await lockout.succeeded(POOL, "821012345678")

    # One for the attempt, and one to clear for each listed key.
    assert world.storage.statements - before == 3


async def test_a_right_code_is_forgiven_and_counted_as_an_answer_at_once(world: World) -> None:
    strict = GuardPolicy.strict().model_dump() | {
        "unanswered": Unanswered(at_least=1, percent=0),
        "refused_number_types": (),
    }
    lockout = lockout_of(world, **strict)
    number = PhoneNumber("821012345678")
    assert lockout.guard is not None
    await lockout.guard.spend_send(number, client_ip=HERE)
    before = world.storage.statements
    await lockout.attempt(POOL, number.digits)
    await lockout.succeeded(POOL, number.digits, answered=number)

    # One to count the guess, one to take it back; the others are as they were.
    assert world.storage.statements - before == 5
    await lockout.guard.spend_send(PhoneNumber("821099995678"), client_ip=HERE)
