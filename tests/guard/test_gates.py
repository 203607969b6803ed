"""What everybody shares is limited exactly: a country, a block of numbers, a tenant's day."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.fakes import FakeClock
from tests.guard.test_sends import ALICE, guard_of, sent
from watchword.audit.models import AuditEntry, AuditFilter, Event
from watchword.audit.repository import AuditRows
from watchword.audit.service import AuditService
from watchword.core.digests import KeyedDigest
from watchword.core.email import EmailAddress
from watchword.core.keys import SecretKeys
from watchword.core.phone import PhoneNumber
from watchword.guard.errors import (
    CountryNotAllowed,
    DevelopmentMessagesUsedUp,
    TooManyMessages,
)
from watchword.guard.gate_repository import GateRepository
from watchword.guard.gates import Reason
from watchword.guard.limits import Limits
from watchword.guard.models import GuardPolicy, Limit, ServerRules, Unanswered
from watchword.guard.reports import GuardReports
from watchword.guard.service import SendGuard
from watchword.storage import Storage
from watchword.storage.database import storage_for

HERE = "192.0.2.1"


def koreans() -> Iterator[PhoneNumber]:
    """Yield numbers that are no neighbours."""
    return (PhoneNumber(f"8210{n:05}678") for n in range(10_000, 99_999))


class World:
    """A guard whose policy a test may change, and its audit log."""

    def __init__(self, storage: Storage, clock: FakeClock, keys: SecretKeys) -> None:
        self.storage, self.clock, self.keys = storage, clock, keys
        self.audit = AuditService(AuditRows(storage, "default"), clock)

    def guard(self, tenant: str = "default", **policy: Any) -> SendGuard:
        """Return a guard with this policy; what was counted before counts on."""
        digest = KeyedDigest(self.keys, "guard")
        wanted = GuardPolicy(**policy)
        return SendGuard(
            **{
                **vars(guard_of(self.storage, self.clock, self.keys, wanted, tenant)),
                "reports": GuardReports(
                    storage=self.storage,
                    gates=GateRepository(self.storage, tenant),
                    limits=Limits(tenant_id=tenant, digest=digest, policy=wanted),
                    audit=self.audit,
                    clock=self.clock,
                ),
            }
        )

    async def told(self, event: Event) -> list[AuditEntry]:
        """Return what the audit log holds of *event*."""
        return list((await self.audit.list(filters=AuditFilter(event=event))).items)


@pytest.fixture
def world(storage: Storage, clock: FakeClock, keys: SecretKeys) -> World:
    return World(storage, clock, keys)


class TestCountry:
    @pytest.mark.proves("S25")
    async def test_a_country_has_its_own_day(self, world: World) -> None:
        guard, numbers = world.guard(daily_per_country=3), koreans()

        assert [await sent(guard, 1, next(numbers)) for _ in range(4)] == [1, 1, 1, 0]
        assert await sent(guard, 1, PhoneNumber.parse("+447911123456")) == 1

    async def test_of_many_at_once_exactly_so_many_pass(self, world: World) -> None:
        guard, numbers = world.guard(daily_per_country=7), koreans()

        results = await asyncio.gather(*(sent(guard, 1, next(numbers)) for _ in range(30)))

        assert sum(results) == 7

    async def test_the_next_day_begins_anew(self, world: World) -> None:
        guard, numbers = world.guard(daily_per_country=1), koreans()
        assert await sent(guard, 1, next(numbers)) == 1
        assert await sent(guard, 1, next(numbers)) == 0
        world.clock.advance(timedelta(days=1))

        assert await sent(guard, 1, next(numbers)) == 1


class TestDay:
    @pytest.mark.proves("S25", "S44")
    async def test_a_tenant_sends_so_many_in_a_day_and_no_more(self, world: World) -> None:
        guard, numbers = world.guard(daily_messages=4), koreans()

        assert [await sent(guard, 1, next(numbers)) for _ in range(6)] == [1, 1, 1, 1, 0, 0]
        assert await sent(world.guard("other", daily_messages=4), 1) == 1
        world.clock.advance(timedelta(days=1))
        assert await sent(guard, 1, next(numbers)) == 1

    async def test_two_processes_share_one_day(self, world: World, database_url: str) -> None:
        neighbour = storage_for(database_url)
        await neighbour.open()
        try:
            other = World(neighbour, world.clock, world.keys).guard(daily_messages=9)
            guard, numbers = world.guard(daily_messages=9), koreans()
            results = await asyncio.gather(
                *(sent(one, 1, next(numbers)) for one in (guard, other) for _ in range(20))
            )
        finally:
            await neighbour.close()

        assert sum(results) == 9

    async def test_what_a_number_refuses_uses_up_nothing_of_the_day(self, world: World) -> None:
        guard, numbers = world.guard(daily_messages=12), koreans()
        assert await sent(guard, 200) == 10

        assert [await sent(guard, 1, next(numbers)) for _ in range(3)] == [1, 1, 0]

    async def test_what_an_address_refuses_uses_up_nothing_of_a_number(self, world: World) -> None:
        guard = world.guard(per_address=Limit(count=2, seconds=60))
        assert await sent(guard, 50, client_ip=HERE) == 2

        assert await sent(guard, 20) == 8

    @pytest.mark.proves("S44")
    async def test_administrators_are_warned_once_before_the_end(self, world: World) -> None:
        guard, numbers = world.guard(daily_messages=10), koreans()
        await asyncio.gather(*(sent(guard, 1, next(numbers)) for _ in range(7)))
        assert await world.told(Event.DAY_NEARLY_SPENT) == []
        await asyncio.gather(*(sent(guard, 1, next(numbers)) for _ in range(20)))

        (warning,) = await world.told(Event.DAY_NEARLY_SPENT)
        assert (warning.payload["sent"], warning.payload["limit"]) == (8, 10)

    @pytest.mark.proves("S44")
    async def test_a_long_text_counts_as_often_as_it_is_billed(self, world: World) -> None:
        guard, numbers = world.guard(daily_messages=10), koreans()
        await sent(guard, 1, next(numbers))
        await guard.spend_parts(8)

        (warning,) = await world.told(Event.DAY_NEARLY_SPENT)
        assert warning.payload["sent"] == 9
        assert [await sent(guard, 1, next(numbers)) for _ in range(2)] == [1, 0]

    @pytest.mark.proves("S44", "S24b")
    async def test_invitations_and_notices_count_for_the_day(self, world: World) -> None:
        guard = world.guard(daily_messages=2)
        await guard.spend_invitation(ALICE)
        await guard.spend_notice(ALICE)

        assert await sent(guard, 1) == 0
        with pytest.raises(TooManyMessages):
            await guard.spend_notice(ALICE)

    async def test_e_mail_is_not_counted(self, world: World) -> None:
        guard, ada = world.guard(daily_messages=1), EmailAddress("ada@example.com")
        assert await sent(guard, 3, ada) == 3

        assert await sent(guard, 2) == 1

    async def test_a_cap_can_be_lifted(self, world: World) -> None:
        guard, numbers = world.guard(daily_messages=None), koreans()
        assert [await sent(guard, 1, next(numbers)) for _ in range(3)] == [1, 1, 1]

        assert (await guard.today()).sent == 3


class TestBlock:
    @pytest.mark.proves("S43b", "S25")
    async def test_neighbouring_numbers_share_a_limit(self, world: World) -> None:
        guard = world.guard(per_block=Limit(count=3, seconds=3600))
        neighbours = [PhoneNumber(f"82101234{n}") for n in range(5670, 5675)]

        allowed = [
            await sent(guard, 1, number, client_ip=f"198.51.100.{n}")
            for n, number in enumerate(neighbours)
        ]

        assert allowed == [1, 1, 1, 0, 0]
        assert await sent(guard, 1, PhoneNumber("821012346670")) == 1

    async def test_asking_on_for_one_number_uses_up_nothing_of_its_neighbours(
        self, world: World
    ) -> None:
        guard = world.guard(per_block=Limit(count=11, seconds=3600))
        assert await sent(guard, 100, PhoneNumber("821012345670")) == 10

        assert await sent(guard, 2, PhoneNumber("821012345671")) == 1


class TestCountriesOfAnAddress:
    NUMBERS = tuple(
        PhoneNumber.parse(text)
        for text in ("+821012345678", "+447911123456", "+33612345678", "+4915112345678")
    )

    @pytest.mark.proves("S43")
    async def test_an_address_writes_to_three_countries_a_day(self, world: World) -> None:
        guard = world.guard(countries_per_address=3)

        allowed = [await sent(guard, 1, number, client_ip=HERE) for number in self.NUMBERS]

        assert allowed == [1, 1, 1, 0]
        assert await sent(guard, 2, self.NUMBERS[0], client_ip=HERE) == 2
        assert await sent(guard, 1, self.NUMBERS[3], client_ip="198.51.100.9") == 1
        world.clock.advance(timedelta(days=1))
        assert await sent(guard, 1, self.NUMBERS[3], client_ip=HERE) == 1

    async def test_of_many_at_once_no_country_too_many_passes(self, world: World) -> None:
        guard = world.guard(countries_per_address=2)

        results = await asyncio.gather(
            *(sent(guard, 1, number, client_ip=HERE) for number in self.NUMBERS for _ in range(5))
        )

        assert sum(results) == 10


class TestConversion:
    @pytest.mark.proves("S42")
    async def test_messages_that_nobody_answers_come_to_an_end(self, world: World) -> None:
        guard, numbers = world.guard(unanswered=Unanswered(at_least=3, percent=0)), koreans()

        assert [await sent(guard, 1, next(numbers)) for _ in range(5)] == [1, 1, 1, 0, 0]
        assert await sent(guard, 1, PhoneNumber.parse("+447911123456")) == 1

    @pytest.mark.proves("S42")
    async def test_each_code_that_is_typed_makes_room(self, world: World) -> None:
        guard, numbers = world.guard(unanswered=Unanswered(at_least=2, percent=100)), koreans()
        assert [await sent(guard, 1, next(numbers)) for _ in range(3)] == [1, 1, 0]

        await guard.answered(ALICE)

        # One that is answered does not count itself, and lets one other be unanswered.
        assert [await sent(guard, 1, next(numbers)) for _ in range(3)] == [1, 1, 0]

    async def test_of_many_at_once_exactly_so_many_pass(self, world: World) -> None:
        guard, numbers = world.guard(unanswered=Unanswered(at_least=6, percent=50)), koreans()

        results = await asyncio.gather(*(sent(guard, 1, next(numbers)) for _ in range(25)))

        assert sum(results) == 6


class TestReports:
    @pytest.mark.proves("S45")
    @pytest.mark.parametrize(
        ("policy", "reason"),
        [
            ({"per_address": Limit(count=1, seconds=60)}, Reason.ADDRESS),
            ({"per_subnet": Limit(count=1, seconds=60)}, Reason.SUBNET),
            ({"per_number": Limit(count=1, seconds=60)}, Reason.NUMBER),
            ({"per_block": Limit(count=1, seconds=60)}, Reason.BLOCK),
            ({"daily_per_country": 1}, Reason.COUNTRY),
            ({"unanswered": Unanswered(at_least=1, percent=0)}, Reason.CONVERSION),
            ({"daily_messages": 1}, Reason.DAY),
        ],
    )
    async def test_a_refusal_names_its_reason(
        self, world: World, policy: dict[str, Any], reason: Reason
    ) -> None:
        guard = world.guard(**policy)
        assert await sent(guard, 2, client_ip=HERE) == 1

        (entry,) = await world.told(Event.REFUSED_MESSAGE)
        assert entry.payload["reason"] == reason
        assert entry.payload["recipient"] == ALICE.masked
        assert entry.payload["error"] == "request.message_rate_limited"
        assert entry.result == "failure"

    @pytest.mark.proves("S45")
    async def test_a_rule_is_named_as_well(self, world: World) -> None:
        guard = world.guard(allowed_countries=("GB",))
        with pytest.raises(CountryNotAllowed):
            await guard.spend_send(ALICE)

        (entry,) = await world.told(Event.REFUSED_MESSAGE)
        assert (entry.payload["reason"], entry.payload["country"]) == (Reason.COUNTRY_RULE, "KR")

    @pytest.mark.proves("S45")
    async def test_asking_on_writes_one_row_in_ten_minutes(self, world: World) -> None:
        guard = world.guard(per_number=Limit(count=1, seconds=3600))
        await sent(guard, 6)
        assert len(await world.told(Event.REFUSED_MESSAGE)) == 1
        world.clock.advance(timedelta(minutes=10))
        await sent(guard, 2)

        entries = await world.told(Event.REFUSED_MESSAGE)
        assert sorted(entry.payload["refusedToday"] for entry in entries) == [1, 6]

    @pytest.mark.proves("S45")
    async def test_many_addresses_do_not_flood_the_log(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("watchword.guard.reports.TOLD_OF_ALL", Limit(count=5, seconds=3600))
        guard = world.guard(per_address=Limit(count=1, seconds=3600))
        for n in range(12):
            await sent(guard, 2, PhoneNumber(f"8210{n:05}678"), client_ip=f"198.51.{n}.1")

        assert len(await world.told(Event.REFUSED_MESSAGE)) == 5
        assert (await guard.today()).refused == {Reason.ADDRESS: 12}


class TestServerRules:
    @pytest.mark.proves("S43c")
    async def test_the_servers_countries_bind_a_tenant_that_allows_all(self, world: World) -> None:
        rules = ServerRules(allowed_countries=frozenset({"GB"}))
        guard = replace(world.guard(), server=rules)

        with pytest.raises(CountryNotAllowed):
            await guard.spend_send(ALICE)
        with pytest.raises(CountryNotAllowed):
            guard.require_allowed(ALICE)

        (entry,) = await world.told(Event.REFUSED_MESSAGE)
        assert entry.payload["reason"] == Reason.SERVER_RULE
        assert guard.allowed_countries == frozenset({"GB"})

    @pytest.mark.proves("S43c")
    async def test_a_tenant_may_narrow_them_and_not_widen(self, world: World) -> None:
        rules = ServerRules(allowed_countries=frozenset({"GB", "KR"}))
        guard = replace(world.guard(allowed_countries=("KR", "US")), server=rules)

        assert guard.allowed_countries == frozenset({"KR"})
        await guard.spend_send(ALICE)
        for text in ("+447911123456", "+12025550123"):
            with pytest.raises(CountryNotAllowed):
                await guard.spend_send(PhoneNumber.parse(text))

    @pytest.mark.proves("S43c")
    async def test_a_refused_prefix_gets_nothing(self, world: World) -> None:
        guard = replace(world.guard(), server=ServerRules(refused_prefixes=("447", "979")))

        with pytest.raises(CountryNotAllowed):
            await guard.spend_send(PhoneNumber.parse("+447911123456"))
        await guard.spend_send(ALICE)


STRICT = GuardPolicy.strict().model_dump() | {"refused_number_types": ()}


@pytest.mark.parametrize("policy", [{}, STRICT], ids=["default", "strict"])
async def test_all_limits_together_are_one_statement(world: World, policy: dict[str, Any]) -> None:
    guard = world.guard(**policy)
    before = world.storage.statements

    await guard.spend_send(ALICE, client_ip=HERE)

    assert world.storage.statements - before == 1


async def test_all_limits_together_hold_exactly(world: World) -> None:
    policy = STRICT | {"daily_messages": 8, "per_address": Limit(count=40, seconds=60)}
    guard, numbers = world.guard(**policy), koreans()

    results = await asyncio.gather(
        *(sent(guard, 1, next(numbers), client_ip=HERE) for _ in range(30))
    )

    assert sum(results) == 8


class TestDevelopmentDay:
    def development(self, world: World, most: int, **policy: Any) -> SendGuard:
        return replace(world.guard(**policy), server=ServerRules(development_day=most))

    async def test_a_development_tenant_sends_so_many_texts_a_day(self, world: World) -> None:
        guard, numbers = self.development(world, 3), koreans()

        results = await asyncio.gather(
            *(guard.spend_send(next(numbers)) for _ in range(8)), return_exceptions=True
        )

        refused = [result for result in results if result is not None]
        assert {type(result) for result in refused} == {DevelopmentMessagesUsedUp}
        assert len(refused) == 5
        assert (await guard.today()).most == 3
        world.clock.advance(timedelta(days=1))
        await guard.spend_send(next(numbers))

    async def test_and_as_many_emails(self, world: World) -> None:
        guard = self.development(world, 2)
        await guard.spend_send(ALICE)
        await guard.spend_send(EmailAddress("a@example.com"))
        await guard.spend_invitation(EmailAddress("b@example.com"))

        for spend in (guard.spend_send, guard.spend_invitation, guard.spend_notice):
            with pytest.raises(DevelopmentMessagesUsedUp):
                await spend(EmailAddress("c@example.com"))
        await guard.spend_send(ALICE)

    async def test_the_tenants_own_smaller_day_answers_as_in_production(self, world: World) -> None:
        guard, numbers = self.development(world, 3, daily_messages=1), koreans()
        await guard.spend_send(next(numbers))

        with pytest.raises(TooManyMessages) as refused:
            await guard.spend_send(next(numbers))

        assert type(refused.value) is TooManyMessages

    async def test_it_costs_no_statement_more(self, world: World) -> None:
        async def statements(guard: SendGuard) -> int:
            before = world.storage.statements
            await guard.spend_send(ALICE)
            return world.storage.statements - before

        assert await statements(self.development(world, 9)) == await statements(world.guard())
