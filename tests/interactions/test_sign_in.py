"""Signing in: by code, by password, and what stands in the way."""

import time
from collections.abc import Awaitable
from datetime import timedelta
from typing import Any

import pytest
from argon2 import PasswordHasher

from tests.fakes import FakeClock
from tests.interactions.world import (
    ALICE,
    BOB,
    CONTEXT,
    ORIGIN,
    OUTBOX,
    PASSWORD,
    REGISTER,
    SIGN_IN,
    OutboxConnector,
    World,
    authorization_request,
)
from watchword.connector_kit.models import UsageType
from watchword.core.digests import digest_of_token
from watchword.core.phone import PhoneNumber
from watchword.guard.errors import TooManyAttempts
from watchword.interactions.errors import (
    EventForbidden,
    ForgotPasswordUnsupported,
    IdentifierNotFound,
    IdentityConflict,
    InteractionNotFound,
    MissingProfile,
    SessionNotFound,
    SignInMethodNotEnabled,
    VerificationFailed,
    VerificationIdRequired,
)
from watchword.interactions.models import Identification, InteractionEvent
from watchword.users.errors import (
    InvalidCredentials,
    PhoneAlreadyInUse,
    UserNotExist,
    UserSuspended,
)
from watchword.users.models import Identifier, UserChange
from watchword.users.passwords import Passwords
from watchword.verification.errors import CodeNotFound, PhoneMismatch, RecordNotFound
from watchword.verification.models import RecordType


async def test_signs_in_with_a_code(world: World) -> None:
    user = await world.add_user()
    token = await world.begin()
    record_id = await world.prove(token)

    assert await world.identify(token, record_id) is Identification.IDENTIFIED
    assert await world.submit(token) == f"{ORIGIN}/oidc/auth/{token}"

    finished = await world.interactions.finish(token)
    assert finished.response is not None
    assert finished.response.redirect_to.startswith(f"{ORIGIN}/demo-app?code=")
    assert finished.session.session.user_id == user.id
    assert finished.session.session.amr == ("sms", "otp")
    signed_in = await world.users.get(user.id)
    assert signed_in.last_sign_in_at == world.clock.now()
    assert signed_in.phone_verified_at == world.clock.now()


async def test_needs_no_more_statements_than_planned(world: World) -> None:
    await world.add_user(is_phone_verified=True)
    interactions = world.interactions
    token = await interactions.begin(authorization_request())
    spent: dict[str, int] = {}

    async def spend(step: str, work: Awaitable[Any]) -> Any:
        before = world.storage.statements
        result = await work
        spent[step] = world.storage.statements - before
        return result

    await spend("start", interactions.start(token, SIGN_IN))
    interaction = await spend("load", interactions.load(token))
    assert interaction.event is SIGN_IN
    record_id = await world.prove(token)
    interaction = await world.load(token)
    await spend("identify", interactions.identify(interaction, record_id))
    interaction = await world.load(token)
    await spend("submit", interactions.submit(interaction, CONTEXT))
    await spend("finish", interactions.finish(token))

    assert spent == {"start": 1, "load": 1, "identify": 2, "submit": 3, "finish": 3}


async def test_an_unstarted_interaction_is_found_but_not_used(world: World) -> None:
    token = await world.begin(None)

    assert (await world.load(token)).event is None
    with pytest.raises(InteractionNotFound):
        await world.interactions.load_started(token)


async def test_an_interaction_ends_after_an_hour(world: World, clock: FakeClock) -> None:
    token = await world.begin()
    clock.advance(timedelta(hours=1))

    with pytest.raises(SessionNotFound):
        await world.load(token)
    with pytest.raises(SessionNotFound):
        await world.interactions.start(token, SIGN_IN)


async def test_an_unknown_token_is_nobodys(world: World) -> None:
    with pytest.raises(SessionNotFound):
        await world.load("x" * 43)


async def test_another_tenants_interaction_is_not_found(world: World) -> None:
    token = await world.begin()
    other = World(world.storage, world.clock, world.keys, tenant_id="other")

    with pytest.raises(SessionNotFound):
        await other.load(token)


async def test_the_token_itself_is_not_stored(world: World) -> None:
    token = await world.begin()

    assert (await world.load(token)).id_digest == digest_of_token(token)


async def test_starting_again_forgets_what_was_proved(world: World, clock: FakeClock) -> None:
    await world.add_user()
    token = await world.begin()
    record_id = await world.prove(token)
    await world.identify(token, record_id)
    clock.advance(timedelta(seconds=1))

    await world.interactions.start(token, SIGN_IN)

    fresh = await world.load(token)
    assert (fresh.records, fresh.user_id, fresh.result) == ({}, None, None)
    with pytest.raises(RecordNotFound):
        await world.identify(token, record_id)


async def test_a_code_is_refused_before_it_was_checked(world: World) -> None:
    await world.add_user()
    token = await world.begin()
    record_id = await world.send(token)

    with pytest.raises(VerificationFailed):
        await world.identify(token, record_id)


async def test_a_code_is_accepted_once(world: World) -> None:
    token = await world.begin()
    record_id = await world.prove(token)

    with pytest.raises(CodeNotFound):
        await world.interactions.verify_code(
            await world.load(token), ALICE, record_id, world.last_code
        )


async def test_a_code_proves_its_own_number_only(world: World) -> None:
    token = await world.begin()
    record_id = await world.send(token)

    with pytest.raises(PhoneMismatch):
        await world.interactions.verify_code(
            await world.load(token), BOB, record_id, world.last_code
        )


async def test_a_code_of_another_interaction_is_not_found(world: World) -> None:
    token, other = await world.begin(), await world.begin()
    record_id = await world.prove(token)

    with pytest.raises(RecordNotFound):
        await world.interactions.verify_code(
            await world.load(other), ALICE, record_id, world.last_code
        )
    with pytest.raises(RecordNotFound):
        await world.identify(other, record_id)


@pytest.mark.proves("S5")
async def test_a_new_code_replaces_the_one_before(world: World) -> None:
    token = await world.begin()
    first = await world.send(token)
    await world.send(token)

    with pytest.raises(RecordNotFound):
        await world.interactions.verify_code(await world.load(token), ALICE, first, "000000")


@pytest.mark.proves("S136")
async def test_signing_in_needs_a_proof(world: World) -> None:
    token = await world.begin()

    with pytest.raises(VerificationIdRequired):
        await world.identify(token)
    with pytest.raises(IdentifierNotFound):
        await world.submit(token)


async def test_an_unknown_number_may_become_an_account_without_another_code(world: World) -> None:
    token = await world.begin()
    record_id = await world.prove(token)
    with pytest.raises(UserNotExist) as refusal:
        await world.identify(token, record_id)
    assert refusal.value.data == {"identifier": ALICE.value}

    await world.interactions.switch_event(await world.load(token), REGISTER)

    assert await world.identify(token, record_id) is Identification.CREATED
    await world.submit(token)
    assert len(OUTBOX) == 1
    user = await world.users.find_by_identifier("phone", ALICE.value)
    assert user is not None
    assert user.phone_verified_at is not None


async def test_a_taken_number_may_sign_in_without_another_code(world: World) -> None:
    await world.add_user()
    token = await world.begin(REGISTER)
    record_id = await world.prove(token, event=REGISTER)
    with pytest.raises(PhoneAlreadyInUse):
        await world.identify(token, record_id)

    await world.interactions.switch_event(await world.load(token), SIGN_IN)

    assert await world.identify(token, record_id) is Identification.IDENTIFIED


async def test_identifying_twice_changes_nothing(world: World) -> None:
    await world.add_user()
    token = await world.begin()
    record_id = await world.prove(token)
    await world.identify(token, record_id)
    before = await world.load(token)

    assert await world.identify(token, record_id) is Identification.IDENTIFIED

    assert (await world.load(token)).version == before.version


async def test_only_one_person_signs_in_at_a_time(world: World) -> None:
    await world.add_user(ALICE)
    await world.add_user(BOB, password=PASSWORD)
    token = await world.begin()
    await world.identify(token, await world.prove(token))
    record = await world.interactions.verify_password(await world.load(token), BOB, PASSWORD)

    with pytest.raises(IdentityConflict):
        await world.identify(token, record.id)


async def test_a_suspended_person_stays_out(world: World) -> None:
    user = await world.add_user(password=PASSWORD)
    token = await world.begin()
    record_id = await world.prove(token)
    await world.identify(token, record_id)
    await world.users.change(user.id, UserChange(is_suspended=True))

    with pytest.raises(UserSuspended):
        await world.submit(token)
    with pytest.raises(UserSuspended):
        await world.identify(token, record_id)
    with pytest.raises(UserSuspended):
        await world.interactions.verify_password(await world.load(token), ALICE, PASSWORD)
    assert (await world.users.get(user.id)).last_sign_in_at is None


async def test_signs_in_with_a_phone_and_a_password(world: World) -> None:
    await world.add_user(password=PASSWORD)
    token = await world.begin()

    record = await world.interactions.verify_password(await world.load(token), ALICE, PASSWORD)
    await world.identify(token, record.id)
    await world.submit(token)

    finished = await world.interactions.finish(token)
    assert finished.session.session.amr == ("pwd",)
    # A password proves nothing about the phone.
    user = await world.users.get(finished.session.session.user_id)
    assert user.phone_verified_at is None


async def test_signs_in_with_a_user_name_and_a_password(world: World) -> None:
    world.set_up(
        signUp={"identifiers": ["username"], "password": True, "verify": False},
        signIn={
            "methods": [
                {
                    "identifier": "username",
                    "password": True,
                    "verificationCode": False,
                    "isPasswordPrimary": True,
                }
            ]
        },
    )
    await world.add_user(None, username="alice", password=PASSWORD)
    token = await world.begin()

    record = await world.interactions.verify_password(
        await world.load(token), Identifier("username", "alice"), PASSWORD
    )

    assert await world.identify(token, record.id) is Identification.IDENTIFIED


@pytest.mark.parametrize("password", ["wrong", ""])
async def test_a_wrong_password_and_an_unknown_number_look_alike(
    world: World, password: str
) -> None:
    await world.add_user(password=PASSWORD)
    await world.add_user(BOB)
    token = await world.begin()
    unknown = Identifier("phone", "821055556666")

    for identifier in (ALICE, BOB, unknown):
        with pytest.raises(InvalidCredentials):
            await world.interactions.verify_password(await world.load(token), identifier, password)


async def test_guessing_a_password_locks_it_and_codes_too(world: World) -> None:
    world.set_up(sentinelPolicy={"maxAttempts": 3, "lockoutDuration": 1})
    await world.add_user(password=PASSWORD)
    token = await world.begin()
    interaction = await world.load(token)
    for _ in range(2):
        with pytest.raises(InvalidCredentials):
            await world.interactions.verify_password(interaction, ALICE, "wrong")

    with pytest.raises(TooManyAttempts):
        await world.interactions.verify_password(interaction, ALICE, "wrong")
    with pytest.raises(TooManyAttempts):
        await world.interactions.verify_password(interaction, ALICE, PASSWORD)

    record_id = await world.send(token)
    with pytest.raises(TooManyAttempts):
        await world.interactions.verify_code(
            await world.load(token), ALICE, record_id, world.last_code
        )


async def test_a_method_that_is_off_is_refused(world: World) -> None:
    code_only = {**world.settings["signIn"]["methods"][0], "password": False}
    world.set_up(signIn={"methods": [code_only]})
    await world.add_user(password=PASSWORD)
    token = await world.begin()
    record = await world.interactions.verify_password(await world.load(token), ALICE, PASSWORD)

    with pytest.raises(SignInMethodNotEnabled):
        await world.identify(token, record.id)


async def test_what_has_no_place_in_a_sign_in_is_refused(world: World) -> None:
    token = await world.begin()
    interaction = await world.load(token)
    forgot = InteractionEvent.FORGOT_PASSWORD

    with pytest.raises(SignInMethodNotEnabled):
        await world.interactions.send_code(
            interaction, Identifier("email", "a@example.com"), SIGN_IN, CONTEXT
        )
    with pytest.raises(ForgotPasswordUnsupported):
        await world.interactions.send_code(interaction, ALICE, forgot, CONTEXT)
    with pytest.raises(ForgotPasswordUnsupported):
        await world.interactions.switch_event(interaction, forgot)


async def test_no_code_goes_out_where_phones_are_not_used(world: World) -> None:
    world.set_up(
        signUp={"identifiers": ["username"], "password": True, "verify": False},
        signIn={
            "methods": [
                {
                    "identifier": "username",
                    "password": True,
                    "verificationCode": False,
                    "isPasswordPrimary": True,
                }
            ]
        },
    )
    token = await world.begin()

    with pytest.raises(SignInMethodNotEnabled):
        await world.send(token)
    assert OUTBOX == []


async def test_the_mode_decides_who_may_come_in(world: World) -> None:
    await world.add_user()
    token = await world.begin()
    record_id = await world.prove(token)

    world.set_up(signInMode="Register")
    with pytest.raises(EventForbidden):
        await world.identify(token, record_id)
    with pytest.raises(EventForbidden):
        await world.interactions.switch_event(await world.load(token), SIGN_IN)
    world.set_up(signInMode="SignIn")
    with pytest.raises(EventForbidden):
        await world.interactions.switch_event(await world.load(token), REGISTER)


@pytest.mark.parametrize("event", [SIGN_IN, REGISTER])
async def test_without_sign_up_only_accounts_get_codes_and_nothing_shows_it(
    world: World, event: InteractionEvent
) -> None:
    world.set_up(signInMode="SignIn")
    await world.add_user(ALICE)
    known, unknown = await world.begin(), await world.begin()

    known_id = await world.send(known, ALICE, event)
    unknown_id = await world.send(unknown, BOB, event)
    await world.messaging.drain(timedelta(seconds=5))

    assert [message.to.digits for message in OUTBOX] == [ALICE.value]
    for token, record_id in ((known, known_id), (unknown, unknown_id)):
        interaction = await world.load(token)
        record = interaction.records[RecordType.PHONE_CODE]
        assert record.id == record_id
        assert record.state == "pending"
        assert not world.interactions.may_show_delivery(interaction)


async def test_a_slow_provider_does_not_tell_who_has_an_account(world: World) -> None:
    world.set_up(signInMode="SignIn")
    await world.add_user(ALICE)
    OutboxConnector.takes = 2
    took = {}

    for identifier in (ALICE, BOB):
        token = await world.begin()
        before = time.perf_counter()
        await world.send(token, identifier)
        took[identifier] = time.perf_counter() - before

    assert max(took.values()) < OutboxConnector.takes / 2
    await world.messaging.drain(timedelta(seconds=5))
    assert len(OUTBOX) == 1


async def test_the_message_speaks_the_persons_language(world: World) -> None:
    token = await world.interactions.begin(authorization_request(ui_locales=("ko-KR",)))
    await world.interactions.start(token, REGISTER)

    await world.send(token, event=REGISTER)

    message = OUTBOX[-1]
    assert message.language == "ko"
    assert message.usage is UsageType.REGISTER
    assert message.variables["origin_line"] == f"@auth.example #{message.variables['code']}"


async def test_someone_who_lacks_what_is_demanded_now_is_asked_on_signing_in(
    world: World,
) -> None:
    user = await world.add_user()
    world.set_up(
        signUp={
            "identifiers": ["phone"],
            "password": True,
            "verify": True,
            "secondaryIdentifiers": [{"identifier": "username"}],
        }
    )
    token = await world.begin()
    await world.identify(token, await world.prove(token))
    with pytest.raises(MissingProfile) as refusal:
        await world.submit(token)
    assert refusal.value.data == {"missingProfile": ["username", "password"]}
    assert (await world.users.get(user.id)).last_sign_in_at is None

    await world.interactions.set_username(await world.load(token), "alice")
    await world.interactions.set_password(await world.load(token), PASSWORD)
    await world.submit(token)

    changed = await world.users.get(user.id)
    assert changed.username == "alice"
    assert changed.has_password


async def test_someone_without_a_phone_adds_one_on_signing_in(world: World) -> None:
    world.set_up(
        signIn={
            "methods": [
                *world.settings["signIn"]["methods"],
                {
                    "identifier": "username",
                    "password": True,
                    "verificationCode": False,
                    "isPasswordPrimary": True,
                },
            ]
        }
    )
    user = await world.add_user(None, username="alice", password=PASSWORD)
    token = await world.begin()
    record = await world.interactions.verify_password(
        await world.load(token), Identifier("username", "alice"), PASSWORD
    )
    await world.identify(token, record.id)
    with pytest.raises(MissingProfile):
        await world.submit(token)

    record_id = await world.prove(token)
    await world.interactions.set_phone(await world.load(token), record_id)
    await world.submit(token)

    changed = await world.users.get(user.id)
    assert changed.primary_phone == ALICE.value
    assert changed.phone_verified_at is not None


async def test_a_number_that_changed_hands_meanwhile_is_not_given_back(world: World) -> None:
    user = await world.add_user(ALICE)
    token = await world.begin()
    await world.identify(token, await world.prove(token))
    await world.users.change(user.id, UserChange(primary_phone=PhoneNumber(BOB.value)))

    await world.submit(token)

    changed = await world.users.get(user.id)
    assert changed.primary_phone == BOB.value
    assert changed.phone_verified_at is None


async def test_a_password_whose_digest_is_made_anew_by_the_proof_still_says_who_it_is(
    world: World,
) -> None:
    older = Passwords(PasswordHasher(time_cost=2, memory_cost=8, parallelism=1))
    user = await world.add_user()
    digest = await older.digest_of(PASSWORD)
    await world.users.change(user.id, UserChange(password_digest=digest))
    token = await world.begin()
    proof = await world.interactions.verify_password(await world.load(token), ALICE, PASSWORD)

    await world.identify(token, proof.id)

    assert (await world.users.get(user.id)).password_digest != digest
    assert (await world.load(token)).user_id == user.id
