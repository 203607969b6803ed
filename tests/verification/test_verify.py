"""A code is accepted once, from the right place, in time, and not after too many guesses."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import bindparam, select

from tests.fakes import FakeClock
from tests.verification.conftest import Build, Outbox
from watchword.connector_kit.models import UsageType
from watchword.core.errors import DomainError
from watchword.core.keys import SecretKeys
from watchword.core.phone import PhoneNumber
from watchword.guard.errors import TooManyAttempts
from watchword.sign_in_settings.models import CodePolicy, LockoutPolicy
from watchword.storage import Storage
from watchword.storage.database import storage_for
from watchword.storage.schema import verification_records
from watchword.verification.errors import (
    CodeExpired,
    CodeMismatch,
    CodeNotFound,
    PhoneMismatch,
    RecordNotFound,
    TooManyTries,
)
from watchword.verification.models import Identifier, RecordType, VerificationRecord
from watchword.verification.service import VerificationService

ALICE = PhoneNumber.from_digits("821012345678")
BOB = PhoneNumber.from_digits("821087654321")
FLOW = "flow-of-alice"


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06}"


async def answer(
    service: VerificationService,
    record: VerificationRecord,
    code: str,
    phone: PhoneNumber = ALICE,
) -> str:
    """Try a code; return `right`, or the last part of the error's code."""
    try:
        verified = await service.verify_code(record, Identifier.of_phone(phone), code)
    except DomainError as error:
        return error.code.rpartition(".")[2]
    assert verified.is_verified
    return "right"


@pytest.fixture
async def sent(verification: VerificationService) -> VerificationRecord:
    return await verification.send_code(FLOW, ALICE, UsageType.SIGN_IN)


class TestRightCode:
    @pytest.mark.proves("S4")
    async def test_it_is_accepted_once(
        self, verification: VerificationService, sent: VerificationRecord, outbox: Outbox
    ) -> None:
        verified = await verification.verify_code(
            sent, Identifier.of_phone(ALICE), outbox.last_code
        )

        assert verified == await verification.get(FLOW, sent.id)
        assert verified.state == "verified"
        with pytest.raises(CodeNotFound):
            await verification.verify_code(sent, Identifier.of_phone(ALICE), outbox.last_code)

    @pytest.mark.proves("S4")
    async def test_of_fifty_at_once_one_is_accepted(
        self, verification: VerificationService, sent: VerificationRecord, outbox: Outbox
    ) -> None:
        answers = await asyncio.gather(
            *(answer(verification, sent, outbox.last_code) for _ in range(50))
        )

        assert answers.count("right") == 1
        assert answers.count("not_found") == 49

    @pytest.mark.proves("S4")
    async def test_of_many_in_two_processes_one_is_accepted(
        self,
        build: Build,
        verification: VerificationService,
        sent: VerificationRecord,
        outbox: Outbox,
        database_url: str,
    ) -> None:
        neighbour = storage_for(database_url)
        await neighbour.open()
        try:
            pair = (verification, build(on=neighbour))
            answers = await asyncio.gather(
                *(answer(service, sent, outbox.last_code) for service in pair for _ in range(20))
            )
        finally:
            await neighbour.close()

        assert answers.count("right") == 1

    async def test_it_may_follow_wrong_ones(
        self, verification: VerificationService, sent: VerificationRecord, outbox: Outbox
    ) -> None:
        for _ in range(9):
            assert await answer(verification, sent, wrong(outbox.last_code)) == "code_mismatch"

        assert await answer(verification, sent, outbox.last_code) == "right"


class TestGuessing:
    @pytest.mark.proves("S20")
    async def test_after_ten_wrong_ones_the_right_one_is_worth_nothing(
        self, verification: VerificationService, sent: VerificationRecord, outbox: Outbox
    ) -> None:
        answers = [await answer(verification, sent, wrong(outbox.last_code)) for _ in range(12)]

        assert answers == ["code_mismatch"] * 10 + ["exceed_max_try"] * 2
        assert await answer(verification, sent, outbox.last_code) == "exceed_max_try"

    @pytest.mark.proves("S20")
    async def test_of_fifty_wrong_ones_at_once_ten_are_looked_at(
        self, verification: VerificationService, sent: VerificationRecord, outbox: Outbox
    ) -> None:
        answers = await asyncio.gather(
            *(answer(verification, sent, wrong(outbox.last_code)) for _ in range(50))
        )

        assert answers.count("code_mismatch") == 10
        assert answers.count("exceed_max_try") == 40

    async def test_the_tenants_own_limit_holds(
        self, build: Build, verification: VerificationService, outbox: Outbox
    ) -> None:
        strict = build(policy=CodePolicy(max_tries=3))
        record = await strict.send_code(FLOW, ALICE, UsageType.SIGN_IN)

        answers = [await answer(strict, record, wrong(outbox.last_code)) for _ in range(4)]

        assert answers == ["code_mismatch"] * 3 + ["exceed_max_try"]

    async def test_a_limit_lowered_meanwhile_holds_at_once(
        self,
        build: Build,
        verification: VerificationService,
        sent: VerificationRecord,
        outbox: Outbox,
    ) -> None:
        for _ in range(5):
            await answer(verification, sent, wrong(outbox.last_code))
        strict = build(policy=CodePolicy(max_tries=3))

        assert await answer(strict, sent, outbox.last_code) == "exceed_max_try"

    @pytest.mark.parametrize("code", ["", "12345", "1234567", "12345a", "１２３４５６"])
    async def test_what_is_no_code_is_a_wrong_one(
        self, verification: VerificationService, sent: VerificationRecord, code: str
    ) -> None:
        assert await answer(verification, sent, code) == "code_mismatch"


class TestBinding:
    async def test_another_number_is_refused_and_costs_no_try(
        self,
        storage: Storage,
        verification: VerificationService,
        sent: VerificationRecord,
        outbox: Outbox,
    ) -> None:
        for _ in range(20):
            assert await answer(verification, sent, outbox.last_code, BOB) == "phone_mismatch"

        assert await answer(verification, sent, outbox.last_code) == "right"
        assert await answer(verification, sent, outbox.last_code, BOB) == "not_found"

    async def test_another_spelling_of_the_number_is_the_number(
        self, verification: VerificationService, sent: VerificationRecord, outbox: Outbox
    ) -> None:
        spelled = Identifier.of("phone", "8201012345678")

        assert (await verification.verify_code(sent, spelled, outbox.last_code)).is_verified

    @pytest.mark.parametrize("part", ["flow", "purpose", "number", "tenant"])
    @pytest.mark.proves("S7")
    async def test_a_code_opens_no_record_but_its_own(
        self,
        build: Build,
        add_connector: Callable[..., Awaitable[None]],
        verification: VerificationService,
        outbox: Outbox,
        part: str,
    ) -> None:
        first = await verification.send_code(FLOW, ALICE, UsageType.SIGN_IN)
        code = outbox.last_code
        await add_connector("other")
        service = build("other") if part == "tenant" else verification
        phone = BOB if part == "number" else ALICE
        other = await service.send_code(
            "flow-of-bob" if part == "flow" else FLOW,
            phone,
            UsageType.FORGOT_PASSWORD if part == "purpose" else UsageType.SIGN_IN,
        )
        # Even with the digest copied over, the same digits mean nothing in another place.
        moved = replace(other, code_digest=first.code_digest)
        await service.records.replace(moved)

        assert await answer(service, moved, code, phone) == "code_mismatch"

    @pytest.mark.proves("S8")
    async def test_the_digest_holds_every_part(self, verification: VerificationService) -> None:
        record = await verification.send_code(FLOW, ALICE, UsageType.SIGN_IN)
        others = [
            replace(record, flow_id="other"),
            replace(record, template_type=UsageType.FORGOT_PASSWORD),
            replace(record, identifier=Identifier.of_phone(BOB)),
            replace(record, type=RecordType.EMAIL_CODE),
        ]

        parts = [item.digest_parts("default", "123456") for item in (record, *others)]
        parts.append(record.digest_parts("other", "123456"))
        parts.append(record.digest_parts("default", "123457"))

        digests = {verification.digest.of(*item) for item in parts}
        assert len(digests) == len(parts)

    @pytest.mark.proves("S7")
    async def test_another_tenant_finds_nothing(
        self,
        build: Build,
        verification: VerificationService,
        sent: VerificationRecord,
        outbox: Outbox,
    ) -> None:
        other = build("other")

        assert await other.find(FLOW, sent.id) is None
        assert await answer(other, sent, outbox.last_code) == "not_found"

    @pytest.mark.proves("S7")
    async def test_another_flow_finds_nothing(
        self, verification: VerificationService, sent: VerificationRecord, outbox: Outbox
    ) -> None:
        with pytest.raises(RecordNotFound):
            await verification.get("another-flow", sent.id)
        moved = replace(sent, flow_id="another-flow")
        assert await answer(verification, moved, outbox.last_code) == "not_found"

    @pytest.mark.proves("S8")
    async def test_the_code_is_nowhere_in_the_row(
        self, verification: VerificationService, sent: VerificationRecord, outbox: Outbox
    ) -> None:
        everything = select(verification_records).where(
            verification_records.c.tenant_id == bindparam("tenant_id")
        )
        for row in await verification.records.all(everything):
            assert outbox.last_code not in str(row["code_digest"])
            assert row["code_digest"].startswith("k2.")
            assert outbox.last_code not in str(row["details"])
        assert outbox.last_code not in repr(sent)
        assert "12345678" not in repr(sent)


class TestTime:
    @pytest.mark.proves("S3")
    async def test_a_code_lives_ten_minutes(
        self,
        verification: VerificationService,
        sent: VerificationRecord,
        outbox: Outbox,
        clock: FakeClock,
    ) -> None:
        clock.advance(timedelta(seconds=599, milliseconds=999))
        assert await answer(verification, sent, wrong(outbox.last_code)) == "code_mismatch"
        clock.advance(timedelta(milliseconds=1))

        assert await answer(verification, sent, outbox.last_code) == "expired"
        assert await answer(verification, sent, outbox.last_code, BOB) == "phone_mismatch"

    async def test_expired_comes_before_worn_out(
        self,
        verification: VerificationService,
        sent: VerificationRecord,
        outbox: Outbox,
        clock: FakeClock,
    ) -> None:
        for _ in range(11):
            await answer(verification, sent, wrong(outbox.last_code))
        clock.advance(timedelta(minutes=10))

        assert await answer(verification, sent, outbox.last_code) == "expired"

    async def test_a_proof_outlives_its_code(
        self,
        verification: VerificationService,
        sent: VerificationRecord,
        outbox: Outbox,
        clock: FakeClock,
    ) -> None:
        clock.advance(timedelta(minutes=9))
        await answer(verification, sent, outbox.last_code)
        clock.advance(timedelta(minutes=59))
        await verification.purge(clock.now())

        assert (await verification.get(FLOW, sent.id)).is_verified

    async def test_records_are_thrown_away_when_nobody_asks_any_more(
        self, verification: VerificationService, sent: VerificationRecord, clock: FakeClock
    ) -> None:
        clock.advance(timedelta(minutes=69))
        assert await verification.purge(clock.now()) == 0
        clock.advance(timedelta(minutes=1))

        assert await verification.purge(clock.now()) == 1


class TestNewCode:
    @pytest.mark.proves("S5")
    async def test_it_makes_the_older_one_useless_under_either_id(
        self, verification: VerificationService, sent: VerificationRecord, outbox: Outbox
    ) -> None:
        old_code = outbox.last_code
        newer = await verification.send_code(FLOW, ALICE, UsageType.SIGN_IN)
        if old_code == outbox.last_code:
            pytest.skip("one in a million: both codes are the same")

        assert await answer(verification, sent, old_code) == "not_found"
        assert await answer(verification, newer, old_code) == "code_mismatch"
        assert await answer(verification, newer, outbox.last_code) == "right"

    async def test_it_starts_with_all_its_tries(
        self, verification: VerificationService, sent: VerificationRecord, outbox: Outbox
    ) -> None:
        for _ in range(11):
            await answer(verification, sent, wrong(outbox.last_code))
        newer = await verification.send_code(FLOW, ALICE, UsageType.SIGN_IN)

        assert await answer(verification, newer, wrong(outbox.last_code)) == "code_mismatch"
        assert await answer(verification, newer, outbox.last_code) == "right"

    async def test_a_flow_has_one_record_of_a_type(
        self, verification: VerificationService, sent: VerificationRecord
    ) -> None:
        newer = await verification.send_code(FLOW, ALICE, UsageType.SIGN_IN)
        password = await verification.record_verified(
            FLOW, RecordType.PASSWORD, Identifier.of_phone(ALICE), {"k": 1}
        )

        assert {record.id for record in await verification.list(FLOW)} == {newer.id, password.id}
        assert (await verification.get(FLOW, password.id)).details == {"k": 1}


class TestKeys:
    async def test_a_code_sent_under_the_old_key_is_still_right(
        self,
        build: Build,
        keys: SecretKeys,
        verification: VerificationService,
        outbox: Outbox,
    ) -> None:
        before = build(with_keys=SecretKeys({"k1": keys.keys["k1"]}))
        record = await before.send_code(FLOW, ALICE, UsageType.SIGN_IN)
        assert record.code_digest is not None
        assert record.code_digest.startswith("k1.")

        assert await answer(verification, record, outbox.last_code) == "right"


class TestLockout:
    async def test_the_last_failure_answers_locked_and_then_nothing_is_looked_at(
        self, build: Build, verification: VerificationService, outbox: Outbox, clock: FakeClock
    ) -> None:
        service = build(lockout_policy=LockoutPolicy(max_attempts=3, duration=timedelta(minutes=1)))
        record = await service.send_code(FLOW, ALICE, UsageType.SIGN_IN)
        code = outbox.last_code
        blocked = "verification_blocked_too_many_attempts"

        answers = [await answer(service, record, wrong(code)) for _ in range(5)]

        assert answers == ["code_mismatch"] * 2 + [blocked] * 3
        assert await answer(service, record, code) == blocked
        clock.advance(timedelta(minutes=1))
        # The right code was not used up, and no try was lost, while nothing was looked at.
        assert (await service.get(FLOW, record.id)).tries == 3
        assert await answer(service, record, code) == "right"

    @pytest.mark.proves("S6", "S21")
    async def test_new_codes_and_new_browsers_do_not_reset_the_count(
        self, build: Build, verification: VerificationService, outbox: Outbox
    ) -> None:
        service = build(lockout_policy=LockoutPolicy(max_attempts=3))
        for number in range(2):
            record = await service.send_code(f"browser-{number}", ALICE, UsageType.SIGN_IN)
            assert await answer(service, record, wrong(outbox.last_code)) == "code_mismatch"
        record = await service.send_code("browser-3", ALICE, UsageType.REGISTER)

        with pytest.raises(TooManyAttempts):
            await service.verify_code(record, Identifier.of_phone(ALICE), wrong(outbox.last_code))

    @pytest.mark.proves("S23")
    async def test_a_success_resets_the_count(
        self, build: Build, verification: VerificationService, outbox: Outbox
    ) -> None:
        service = build(lockout_policy=LockoutPolicy(max_attempts=3))
        for _ in range(3):
            record = await service.send_code(FLOW, ALICE, UsageType.SIGN_IN)
            for _ in range(2):
                assert await answer(service, record, wrong(outbox.last_code)) == "code_mismatch"
            assert await answer(service, record, outbox.last_code) == "right"

    async def test_someone_elses_record_does_not_lock_me_out(
        self, build: Build, verification: VerificationService, outbox: Outbox
    ) -> None:
        service = build(lockout_policy=LockoutPolicy(max_attempts=3))
        bobs = await service.send_code("flow-of-bob", BOB, UsageType.SIGN_IN)
        for _ in range(5):
            await answer(service, bobs, "000000", ALICE)
        alices = await service.send_code(FLOW, ALICE, UsageType.SIGN_IN)

        assert await answer(service, alices, outbox.last_code) == "right"

    async def test_of_fifty_wrong_guesses_at_once_exactly_so_many_are_looked_at(
        self, build: Build, verification: VerificationService, outbox: Outbox
    ) -> None:
        service = build(lockout_policy=LockoutPolicy(max_attempts=5))
        record = await service.send_code(FLOW, ALICE, UsageType.SIGN_IN)

        answers = await asyncio.gather(
            *(answer(service, record, wrong(outbox.last_code)) for _ in range(50))
        )

        assert answers.count("code_mismatch") == 4
        assert answers.count("verification_blocked_too_many_attempts") == 46
        assert (await service.get(FLOW, record.id)).tries == 5


async def test_what_a_visit_proved_is_used_up_at_its_end(
    verification: VerificationService, sent: VerificationRecord, outbox: Outbox
) -> None:
    await answer(verification, sent, outbox.last_code)
    other = await verification.send_code("flow-of-bob", BOB, UsageType.SIGN_IN)

    assert await verification.consume(FLOW) == 1

    assert (await verification.get(FLOW, sent.id)).state == "consumed"
    assert (await verification.get("flow-of-bob", other.id)).state == "pending"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (CodeNotFound, "verification_code.not_found"),
        (PhoneMismatch, "verification_code.phone_mismatch"),
        (CodeExpired, "verification_code.expired"),
        (TooManyTries, "verification_code.exceed_max_try"),
        (CodeMismatch, "verification_code.code_mismatch"),
        (RecordNotFound, "session.verification_session_not_found"),
    ],
)
def test_the_codes_are_the_contracts(error: type[DomainError], code: str) -> None:
    assert error.code == code
