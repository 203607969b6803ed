"""Guessing ends after so many failures in a row, whoever guesses and however many at once."""

import asyncio
from collections.abc import Callable
from datetime import timedelta

import pytest

from tests.fakes import FakeClock
from watchword.core.digests import KeyedDigest
from watchword.core.keys import SecretKeys
from watchword.guard.errors import TooManyAttempts
from watchword.guard.models import LockoutPool, normalized
from watchword.guard.repository import GuardRepository
from watchword.guard.service import Lockout
from watchword.sign_in_settings.models import LockoutPolicy
from watchword.storage import Storage, StorageUnavailable
from watchword.storage.database import storage_for

ALICE = "821012345678"
Build = Callable[..., Lockout]


@pytest.fixture
def build(storage: Storage, clock: FakeClock, keys: SecretKeys) -> Build:
    def lockout(
        max_attempts: int = 3,
        minutes: float = 10,
        on: Storage = storage,
        with_keys: SecretKeys = keys,
        tenant: str = "default",
    ) -> Lockout:
        return Lockout(
            counters=GuardRepository(on, tenant),
            digest=KeyedDigest(with_keys, "guard"),
            clock=clock,
            policy=LockoutPolicy(max_attempts=max_attempts, duration=timedelta(minutes=minutes)),
        )

    return lockout


async def fail(lockout: Lockout, identifier: str = ALICE, pool: str = "shared") -> str:
    """Guess wrong once; return what the person reads."""
    try:
        attempt = await lockout.attempt(LockoutPool(pool), identifier)
        attempt.raise_if_last()
    except TooManyAttempts:
        return "locked"
    return "wrong"


async def fails(lockout: Lockout, times: int, identifier: str = ALICE) -> list[str]:
    return [await fail(lockout, identifier) for _ in range(times)]


async def test_the_last_failure_itself_answers_locked(build: Build) -> None:
    assert await fails(build(3), 5) == ["wrong", "wrong", "locked", "locked", "locked"]


async def test_one_failure_may_be_enough(build: Build, clock: FakeClock) -> None:
    lockout = build(1)
    assert await fails(lockout, 2) == ["locked", "locked"]
    clock.advance(timedelta(minutes=10))

    attempt = await lockout.attempt(LockoutPool.SHARED, ALICE)
    assert attempt.is_last


async def test_a_right_answer_is_let_through_on_the_last_attempt(build: Build) -> None:
    lockout = build(3)
    await fails(lockout, 2)

    await lockout.attempt(LockoutPool.SHARED, ALICE)
    await lockout.succeeded(LockoutPool.SHARED, ALICE)

    assert await fails(lockout, 3) == ["wrong", "wrong", "locked"]


@pytest.mark.proves("S23")
async def test_a_success_resets_the_count(build: Build) -> None:
    lockout = build(3)
    for _ in range(3):
        await fails(lockout, 2)
        await lockout.attempt(LockoutPool.SHARED, ALICE)
        await lockout.succeeded(LockoutPool.SHARED, ALICE)

    assert await fail(lockout) == "wrong"


@pytest.mark.proves("S21")
async def test_while_locked_nothing_is_let_through_and_the_lock_is_not_lengthened(
    build: Build, clock: FakeClock
) -> None:
    lockout = build(3, minutes=10)
    await fails(lockout, 3)
    clock.advance(timedelta(minutes=9))
    await fails(lockout, 20)
    clock.advance(timedelta(minutes=1))

    await lockout.attempt(LockoutPool.SHARED, ALICE)


async def test_after_the_lock_failures_of_the_last_hour_still_count(
    build: Build, clock: FakeClock
) -> None:
    lockout = build(3, minutes=10)
    await fails(lockout, 3)
    clock.advance(timedelta(minutes=10))

    assert await fails(lockout, 2) == ["locked", "locked"]


async def test_failures_are_forgotten_after_an_hour(build: Build, clock: FakeClock) -> None:
    lockout = build(3)
    await fails(lockout, 2)
    clock.advance(timedelta(hours=1))

    assert await fails(lockout, 3) == ["wrong", "wrong", "locked"]


async def test_of_fifty_wrong_guesses_at_once_two_are_looked_at(build: Build) -> None:
    lockout = build(3)

    results = await asyncio.gather(*(fail(lockout) for _ in range(50)))

    assert results.count("wrong") == 2
    assert results.count("locked") == 48


async def test_two_processes_count_together(build: Build, database_url: str) -> None:
    neighbour = storage_for(database_url)
    await neighbour.open()
    try:
        pair = (build(8), build(8, on=neighbour))
        results = await asyncio.gather(*(fail(one) for one in pair for _ in range(20)))
    finally:
        await neighbour.close()

    assert results.count("wrong") == 7


@pytest.mark.parametrize(
    "spelling", ["8201012345678", "+821012345678", " 821012345678 ", "821012345678"]
)
async def test_another_spelling_is_no_way_around(build: Build, spelling: str) -> None:
    lockout = build(3)
    await fails(lockout, 2)

    assert await fail(lockout, spelling) == "locked"


@pytest.mark.parametrize(
    ("text", "normal"), [(" A@Example.com", "a@example.com"), ("Alice", "alice"), ("456", "456")]
)
def test_every_identifier_has_one_spelling(text: str, normal: str) -> None:
    assert normalized(text) == normal


async def test_identifiers_pools_and_tenants_count_for_themselves(build: Build) -> None:
    lockout = build(3)
    await fails(lockout, 3)

    assert await fail(lockout, "821087654321") == "wrong"
    assert await fail(lockout, ALICE, "totp") == "wrong"
    assert await fail(build(3, tenant="other")) == "wrong"


async def test_an_operator_can_unlock(build: Build) -> None:
    lockout = build(3)
    await fails(lockout, 3)

    assert await lockout.unblock(["+82 10".replace(" ", "") + "12345678"]) == 2  # for each key
    assert await fail(lockout) == "wrong"
    assert await lockout.unblock(["nobody"]) == 0


async def test_a_change_of_keys_forgets_no_failure(build: Build, keys: SecretKeys) -> None:
    await fails(build(3, with_keys=SecretKeys({"k1": keys.keys["k1"]})), 2)

    assert await fail(build(3, with_keys=keys)) == "locked"


@pytest.mark.parametrize(("waited", "minutes"), [(0, 10), (61, 9), (540, 1), (599, 1)])
async def test_the_person_reads_how_many_minutes_to_wait(
    build: Build, clock: FakeClock, waited: int, minutes: int
) -> None:
    lockout = build(1, minutes=10)
    await fail(lockout)
    clock.advance(timedelta(seconds=waited))

    with pytest.raises(TooManyAttempts) as refused:
        await lockout.attempt(LockoutPool.SHARED, ALICE)

    assert refused.value.values == {"count": minutes}


@pytest.mark.proves("S26")
async def test_what_can_not_be_counted_is_not_looked_at(build: Build, storage: Storage) -> None:
    lockout = build()
    await storage.close()

    with pytest.raises(StorageUnavailable):
        await lockout.attempt(LockoutPool.SHARED, ALICE)


async def test_old_failures_are_thrown_away_and_locks_are_kept(
    build: Build, clock: FakeClock
) -> None:
    lockout = build(3, minutes=90)
    await fails(lockout, 3)
    clock.advance(timedelta(minutes=89))
    assert await lockout.purge(clock.now()) == 0
    assert await fail(lockout) == "locked"
    clock.advance(timedelta(minutes=1))

    assert await lockout.purge(clock.now()) == 2  # one for each listed key
