"""What somebody with a stolen token, a stolen phone or a second account must not get."""

import asyncio
from datetime import timedelta

from tests.web.account.conftest import HEADER, NEW_PHONE, OTHER_PHONE, PHONE, Person, Site
from tests.web.account.test_account_api import ACCOUNT, outcome
from watchword.audit.models import SYSTEM, AuditFilter
from watchword.core.phone import PhoneNumber

DENIED = (401, "verification_record.permission_denied")
NOT_PROVED = (400, "verification_record.not_found")


async def mallory(site: Site) -> Person:
    user = await site.add_user(primary_phone=PhoneNumber(OTHER_PHONE), username="mallory")
    return await site.sign_in(user)


async def test_somebody_elses_proof_counts_for_nothing(site: Site, ada: Person) -> None:
    other = await mallory(site)
    theirs = await other.prove_by_password()
    new = await ada.prove_by_code(NEW_PHONE)

    assert await outcome(await ada.change_phone(NEW_PHONE, new, theirs)) == DENIED


async def test_a_number_that_somebody_else_proved_is_not_ones_own(site: Site, ada: Person) -> None:
    other = await mallory(site)
    theirs = await other.prove_by_code(NEW_PHONE)
    proof = await ada.prove_by_password()

    assert await outcome(await ada.change_phone(NEW_PHONE, theirs, proof)) == NOT_PROVED


async def test_somebody_elses_code_cannot_be_typed_here(site: Site, ada: Person) -> None:
    other = await mallory(site)
    record = await other.send_code(NEW_PHONE)

    assert await outcome(await ada.verify(NEW_PHONE, record, site.code)) == NOT_PROVED
    # And it is still good for whom it was sent.
    assert (await other.verify(NEW_PHONE, record, site.code)).status_code == 200


async def test_a_code_that_an_application_asked_for_is_no_proof_here(
    site: Site, ada: Person
) -> None:
    record = await (await site.scope()).verification.send_lone_code(PhoneNumber(PHONE))
    await site.settle()

    assert await outcome(await ada.verify(PHONE, record.id, site.code)) == NOT_PROVED


async def test_a_code_that_was_not_typed_proves_nothing(site: Site, ada: Person) -> None:
    unverified = await ada.send_code(PHONE)
    new = await ada.send_code(NEW_PHONE)

    assert await outcome(await ada.change_phone(NEW_PHONE, new, unverified)) == DENIED
    proof = await ada.prove_by_password()
    assert await outcome(await ada.change_phone(NEW_PHONE, new, proof)) == NOT_PROVED


async def test_a_proof_of_the_new_number_does_not_say_who_asks(site: Site, ada: Person) -> None:
    new = await ada.prove_by_code(NEW_PHONE)

    assert await outcome(await ada.change_phone(NEW_PHONE, new, new)) == DENIED


async def test_a_code_for_a_second_factor_does_not_say_who_asks(site: Site, ada: Person) -> None:
    proof = await ada.prove_by_code(PHONE, templateType="BindMfa")
    new = await ada.prove_by_code(NEW_PHONE)

    assert await outcome(await ada.change_phone(NEW_PHONE, new, proof)) == DENIED


async def test_an_old_proof_and_an_old_new_number_count_no_more(site: Site, ada: Person) -> None:
    proof = await ada.prove_by_code(PHONE)
    site.clock.advance(timedelta(minutes=5))
    new = await ada.prove_by_code(NEW_PHONE)
    site.clock.advance(timedelta(minutes=5))
    assert await outcome(await ada.change_phone(NEW_PHONE, new, proof)) == DENIED

    fresh = await ada.prove_by_password()
    site.clock.advance(timedelta(minutes=5))
    assert await outcome(await ada.change_phone(NEW_PHONE, new, fresh)) == NOT_PROVED


async def test_a_code_cannot_be_typed_after_its_record_is_over(site: Site, ada: Person) -> None:
    scope = await site.scope()
    await scope.configuration.settings.save_sign_in(
        SYSTEM, {"verificationCodePolicy": {"expirationDuration": 1800}}
    )
    record = await ada.send_code(NEW_PHONE)
    site.clock.advance(timedelta(minutes=10))

    assert await outcome(await ada.verify(NEW_PHONE, record, site.code)) == NOT_PROVED


async def test_the_finder_of_a_lost_phone_cannot_take_the_account_back(
    site: Site, ada: Person
) -> None:
    finder = await site.sign_in(await (await site.scope()).users.get(ada.id))
    theirs = await finder.prove_by_code(PHONE)
    new = await ada.prove_by_code(NEW_PHONE)
    assert (
        await ada.change_phone(NEW_PHONE, new, await ada.prove_by_password())
    ).status_code == 204

    back = await finder.prove_by_code(PHONE)
    assert await outcome(await finder.change_phone(PHONE, back, theirs)) == DENIED


async def test_whose_a_number_is_is_said_only_to_who_proves_it(site: Site, ada: Person) -> None:
    await mallory(site)
    proof = await ada.prove_by_password()
    taken, free = await ada.send_code(OTHER_PHONE), await ada.send_code(NEW_PHONE)

    before = [
        await outcome(await ada.change_phone(OTHER_PHONE, taken, proof)),
        await outcome(await ada.change_phone(NEW_PHONE, free, proof)),
    ]
    assert before == [NOT_PROVED, NOT_PROVED]

    proved = await ada.prove_by_code(OTHER_PHONE)
    answer = await ada.change_phone(OTHER_PHONE, proved, proof)
    assert await outcome(answer) == (422, "user.phone_already_in_use")


async def test_of_two_who_change_to_one_number_one_gets_it(site: Site, ada: Person) -> None:
    other = await mallory(site)
    people = (ada, other)
    proofs = [await person.prove_by_password() for person in people]
    news = [await person.prove_by_code(NEW_PHONE) for person in people]

    answers = await asyncio.gather(
        *(
            person.change_phone(NEW_PHONE, new, proof)
            for person, new, proof in zip(people, news, proofs, strict=True)
        )
    )

    assert sorted(answer.status_code for answer in answers) == [204, 422]
    await site.settle()
    # Who kept their number is told nothing.
    assert len(site.notices()) == 1


async def test_guessing_the_password_locks_the_person_out_of_guessing(
    site: Site, ada: Person
) -> None:
    attempts = (await site.scope()).lockout.policy.max_attempts
    guess = {"password": "wrong-guess"}
    answers = [
        await outcome(await ada.api.post("/api/verifications/password", json=guess))
        for _ in range(attempts)
    ]

    assert answers[0] == (422, "session.invalid_credentials")
    assert answers[-1] == (400, "session.verification_blocked_too_many_attempts")
    right = await ada.api.post(
        "/api/verifications/password", json={"password": "Good-pass-4-Phone"}
    )
    assert (await outcome(right))[0] == 400
    refused = AuditFilter(event="user.proof_refused")
    noted = await (await site.scope()).audit.list(filters=refused)
    assert noted.total == attempts + 1
    assert {entry.result for entry in noted.items} == {"failure"}


async def test_a_header_of_nonsense_is_a_refusal(site: Site, ada: Person) -> None:
    for proof in ("", "x" * 4000, "é"):
        headers = [(HEADER.encode(), proof.encode("latin-1"))]
        answer = await ada.api.request("DELETE", f"{ACCOUNT}/primary-phone", headers=headers)
        assert await outcome(answer) == DENIED
