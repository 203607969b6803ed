"""Send limits hold exactly, per number, per address and per operator."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from tests.fakes import FakeClock
from watchword.core.digests import KeyedDigest
from watchword.core.email import EmailAddress
from watchword.core.keys import SecretKeys
from watchword.core.phone import NumberType, PhoneNumber
from watchword.guard.errors import CountryNotAllowed, NumberTypeNotAllowed, TooManyMessages
from watchword.guard.models import GuardPolicy, Limit, network_of
from watchword.guard.repository import GuardRepository
from watchword.guard.service import SendGuard
from watchword.sign_in_settings.models import CodePolicy, LockoutPolicy
from watchword.storage import Storage, StorageUnavailable
from watchword.storage.database import storage_for

ALICE = PhoneNumber.from_digits("821012345678")
BOB = PhoneNumber.from_digits("821087654321")
PREMIUM = PhoneNumber.parse("+19005550123")


def guard_of(
    storage: Storage,
    clock: FakeClock,
    keys: SecretKeys,
    policy: GuardPolicy | None = None,
    tenant: str = "default",
) -> SendGuard:
    return SendGuard(
        counters=GuardRepository(storage, tenant),
        digest=KeyedDigest(keys, "guard"),
        clock=clock,
        policy=policy or GuardPolicy(),
    )


@pytest.fixture
def guard(storage: Storage, clock: FakeClock, keys: SecretKeys) -> SendGuard:
    return guard_of(storage, clock, keys)


async def sent(
    guard: SendGuard, times: int, to: PhoneNumber | EmailAddress = ALICE, **where: Any
) -> int:
    """Ask so many times in a row; return how many were allowed."""
    allowed = 0
    for _ in range(times):
        try:
            await guard.spend_send(to, **where)
        except TooManyMessages:
            continue
        allowed += 1
    return allowed


class TestPerNumber:
    async def test_ten_messages_in_ten_minutes_and_no_more(self, guard: SendGuard) -> None:
        assert await sent(guard, 12) == 10

    @pytest.mark.proves("S25")
    async def test_another_number_has_its_own_window(self, guard: SendGuard) -> None:
        await sent(guard, 11)

        assert await sent(guard, 1, BOB) == 1

    @pytest.mark.proves("S25")
    async def test_another_address_does_not_reset_a_number(self, guard: SendGuard) -> None:
        await sent(guard, 10, client_ip="192.0.2.1")

        assert await sent(guard, 1, client_ip="198.51.100.1") == 0

    async def test_another_tenant_counts_for_itself(
        self, guard: SendGuard, storage: Storage, clock: FakeClock, keys: SecretKeys
    ) -> None:
        await sent(guard, 10)

        assert await sent(guard_of(storage, clock, keys, tenant="other"), 1) == 1

    async def test_the_window_rolls(self, guard: SendGuard, clock: FakeClock) -> None:
        await sent(guard, 5)
        clock.advance(timedelta(seconds=300))
        await sent(guard, 5)
        clock.advance(timedelta(seconds=299, milliseconds=999))
        assert await sent(guard, 1) == 0
        clock.advance(timedelta(milliseconds=1))

        assert await sent(guard, 10) == 5

    async def test_a_refused_message_does_not_lengthen_the_wait(
        self, guard: SendGuard, clock: FakeClock
    ) -> None:
        await sent(guard, 10)
        clock.advance(timedelta(seconds=599))
        await sent(guard, 50)
        clock.advance(timedelta(seconds=1))

        assert await sent(guard, 20) == 10

    async def test_of_fifty_at_once_ten_pass(self, guard: SendGuard) -> None:
        results = await asyncio.gather(*(sent(guard, 1) for _ in range(50)))

        assert sum(results) == 10

    async def test_two_processes_share_one_window(
        self, database_url: str, guard: SendGuard, clock: FakeClock, keys: SecretKeys
    ) -> None:
        neighbour = storage_for(database_url)
        await neighbour.open()
        try:
            other = guard_of(neighbour, clock, keys)
            results = await asyncio.gather(*(sent(g, 1) for g in (guard, other) for _ in range(25)))
        finally:
            await neighbour.close()

        assert sum(results) == 10

    async def test_a_change_of_keys_starts_no_window_anew(
        self, storage: Storage, clock: FakeClock, keys: SecretKeys
    ) -> None:
        before = SecretKeys({"k1": keys.keys["k1"]})
        await sent(guard_of(storage, clock, before), 6)
        during = SecretKeys({"k2": keys.keys["k2"], "k1": keys.keys["k1"]})
        assert await sent(guard_of(storage, clock, during), 6) == 4

    async def test_no_number_stands_in_the_table(self, guard: SendGuard, storage: Storage) -> None:
        from sqlalchemy import bindparam, select

        from watchword.storage.schema import guard_windows

        await sent(guard, 1, client_ip="192.0.2.1")

        everything = select(guard_windows).where(
            guard_windows.c.tenant_id == bindparam("tenant_id")
        )
        for row in await guard.counters.all(everything):
            assert "12345678" not in row["bucket"]
            assert "192.0.2" not in row["bucket"]


@pytest.mark.proves("S26")
async def test_what_can_not_be_counted_is_refused(guard: SendGuard, storage: Storage) -> None:
    await storage.close()

    with pytest.raises(StorageUnavailable):
        await guard.spend_send(ALICE)


class TestPerAddress:
    @pytest.fixture
    def guard(self, storage: Storage, clock: FakeClock, keys: SecretKeys) -> SendGuard:
        policy = GuardPolicy(
            per_address=Limit(count=3, seconds=60),
            per_subnet=Limit(count=5, seconds=60),
            refused_number_types=(NumberType.PREMIUM_RATE,),
        )
        return guard_of(storage, clock, keys, policy)

    @pytest.mark.proves("S25")
    async def test_one_address_reaches_so_many_numbers(self, guard: SendGuard) -> None:
        allowed = [
            await sent(guard, 1, PhoneNumber(f"82101234567{n}"), client_ip="192.0.2.1")
            for n in range(5)
        ]

        assert allowed == [1, 1, 1, 0, 0]

    @pytest.mark.proves("S25")
    async def test_neighbours_share_their_subnet(self, guard: SendGuard) -> None:
        for host in (1, 2):
            await sent(guard, 2, client_ip=f"192.0.2.{host}")

        assert await sent(guard, 2, BOB, client_ip="192.0.2.3") == 1
        assert await sent(guard, 1, BOB, client_ip="198.51.100.3") == 1

    @pytest.mark.proves("S27")
    async def test_refused_messages_count_as_well(self, guard: SendGuard, clock: FakeClock) -> None:
        for _ in range(3):
            with pytest.raises(NumberTypeNotAllowed):
                await guard.spend_send(PREMIUM, client_ip="192.0.2.1")
        assert await sent(guard, 1, client_ip="192.0.2.1") == 0
        clock.advance(timedelta(seconds=59))
        assert await sent(guard, 1, client_ip="192.0.2.1") == 0
        clock.advance(timedelta(seconds=59))

        # Whoever keeps asking keeps the door shut; the two last ones are inside the window.
        assert await sent(guard, 2, client_ip="192.0.2.1") == 2

    async def test_of_many_at_once_exactly_so_many_pass(self, guard: SendGuard) -> None:
        results = await asyncio.gather(*(sent(guard, 1, client_ip="192.0.2.1") for _ in range(30)))

        assert sum(results) == 3

    async def test_a_server_side_request_has_no_address(self, guard: SendGuard) -> None:
        assert await sent(guard, 6) == 6

    @pytest.mark.parametrize(
        ("address", "subnet"),
        [
            ("192.0.2.77", "192.0.2.0/24"),
            ("::ffff:192.0.2.77", "192.0.2.0/24"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
            ("not an address", "not an address"),
        ],
    )
    @pytest.mark.proves("S25")
    def test_a_subnet_is_a_24_or_a_64(self, address: str, subnet: str) -> None:
        assert network_of(address, 24, 64) == subnet

    async def test_one_address_has_one_spelling(self, guard: SendGuard) -> None:
        await sent(guard, 3, client_ip="2001:db8::1")

        assert await sent(guard, 1, client_ip="2001:0db8:0:0::1") == 0


class TestRules:
    @pytest.mark.proves("S40", "S54")
    async def test_a_country_off_the_list_gets_nothing(
        self, storage: Storage, clock: FakeClock, keys: SecretKeys
    ) -> None:
        guard = guard_of(storage, clock, keys, GuardPolicy.strict(["KR"]))

        await guard.spend_send(ALICE)
        with pytest.raises(CountryNotAllowed):
            await guard.spend_send(PhoneNumber.parse("+12025550123"))

    @pytest.mark.parametrize("digits", ["19005550123", "447700900123"])
    @pytest.mark.proves("S41", "S54")
    async def test_the_strict_preset_refuses_costly_and_unassigned_numbers(
        self, storage: Storage, clock: FakeClock, keys: SecretKeys, digits: str
    ) -> None:
        guard = guard_of(storage, clock, keys, GuardPolicy.strict())

        with pytest.raises(NumberTypeNotAllowed):
            await guard.spend_send(PhoneNumber.from_digits(digits))

    async def test_the_contracts_policy_refuses_none_of_them(self, guard: SendGuard) -> None:
        await guard.spend_send(PREMIUM)

    @pytest.mark.proves("S3", "S20", "S21")
    def test_the_strict_preset_only_tightens(self) -> None:
        strict = GuardPolicy.strict()

        loose = CodePolicy(lifetime=timedelta(hours=1), max_tries=50)
        assert strict.tightened(loose) == CodePolicy(lifetime=timedelta(minutes=10), max_tries=5)
        tight = CodePolicy(lifetime=timedelta(minutes=1), max_tries=2)
        assert strict.tightened(tight) == tight
        assert strict.tightened_lockout(LockoutPolicy(max_attempts=500)).max_attempts == 100
        assert GuardPolicy().tightened(loose) == loose


class TestTestSends:
    @pytest.mark.proves("S24b", "S25")
    async def test_an_operator_has_a_cap_of_their_own(
        self, guard: SendGuard, clock: FakeClock
    ) -> None:
        for _ in range(20):
            await guard.spend_test_send("operator1")
        with pytest.raises(TooManyMessages):
            await guard.spend_test_send("operator1")
        await guard.spend_test_send("operator2")
        clock.advance(timedelta(hours=1))

        await guard.spend_test_send("operator1")


class TestDocument:
    def test_it_is_read_back_as_it_was_stored(self) -> None:
        policy = GuardPolicy.strict(["kr", "US"])

        assert GuardPolicy.model_validate(policy.document()) == policy
        assert policy.document()["allowedCountries"] == ["KR", "US"]
        assert policy.is_strict
        assert not GuardPolicy().is_strict

    def test_a_patch_replaces_what_it_names(self) -> None:
        policy = GuardPolicy.strict().changed({"perAddress": None})

        assert policy.per_address is None
        assert policy.per_subnet == GuardPolicy.strict().per_subnet

    @pytest.mark.parametrize(
        "patch",
        [
            {"perNumber": {"count": 0, "seconds": 600}},
            {"perNumber": None},
            {"allowedCountries": ["Korea"]},
            {"refusedNumberTypes": ["carrier pigeon"]},
            {"mostCodeTries": 0},
        ],
    )
    def test_nonsense_is_refused(self, patch: dict[str, object]) -> None:
        with pytest.raises(ValidationError):
            GuardPolicy().changed(patch)


async def test_old_windows_are_thrown_away_and_open_ones_are_kept(
    guard: SendGuard, clock: FakeClock
) -> None:
    await sent(guard, 10)
    clock.advance(timedelta(seconds=300))
    assert await guard.purge(clock.now()) == 0
    assert await sent(guard, 1) == 0
    clock.advance(timedelta(seconds=300))

    assert await guard.purge(clock.now()) == 2  # one for each listed key


class TestPerEmailAddress:
    ADA = EmailAddress("ada@example.com")

    async def test_addresses_are_counted_like_numbers(self, guard: SendGuard) -> None:
        assert await sent(guard, 12, self.ADA) == 10
        assert await sent(guard, 12, EmailAddress("grace@example.com")) == 10

    async def test_rules_for_numbers_say_nothing_of_addresses(
        self, storage: Storage, clock: FakeClock, keys: SecretKeys
    ) -> None:
        policy = GuardPolicy.strict(["KR"])
        assert await sent(guard_of(storage, clock, keys, policy), 1, self.ADA) == 1

    async def test_who_asks_is_counted_for_both(
        self, storage: Storage, clock: FakeClock, keys: SecretKeys
    ) -> None:
        policy = GuardPolicy(per_address=Limit(count=2, seconds=60))
        guard = guard_of(storage, clock, keys, policy)
        assert await sent(guard, 1, ALICE, client_ip="192.0.2.1") == 1
        assert await sent(guard, 2, self.ADA, client_ip="192.0.2.1") == 1
