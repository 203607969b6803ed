"""Forgot password: what it takes, what it does, and what it must not do."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from tests.interactions.world import (
    ALICE,
    BOB,
    CONTEXT,
    OUTBOX,
    PASSWORD,
    SIGN_IN,
    OutboxConnector,
    World,
)
from watchword.audit.models import AuditFilter
from watchword.connector_kit.models import UsageType
from watchword.core.errors import DomainError
from watchword.core.phrases import Phrases
from watchword.interactions.errors import (
    ForgotPasswordUnsupported,
    IdentifierNotFound,
    InteractionConflict,
    InteractionNotFound,
    NewPasswordRequired,
    NotRecovering,
    RecoveryMethodNotEnabled,
    SamePassword,
    SessionNotFound,
    VerificationFailed,
)
from watchword.interactions.models import InteractionEvent
from watchword.messaging.models import MessageFilter, MessageState
from watchword.sign_in_settings.errors import PasswordRejected
from watchword.users.errors import InvalidCredentials, UserSuspended
from watchword.users.models import Identifier, UserChange

FORGOT = InteractionEvent.FORGOT_PASSWORD
NEW = "Another-pass-4-Phone"


@pytest.fixture
def world(world: World) -> World:
    """Return a tenant where a code to the phone recovers a password."""
    world.set_up(forgotPasswordMethods=["PhoneVerificationCode"])
    return world


async def sent_code(world: World) -> str:
    await world.messaging.drain(timedelta(seconds=5))
    return world.last_code


async def prove(world: World, token: str, identifier: Identifier = ALICE) -> str:
    record_id = await world.send(token, identifier, FORGOT)
    code = await sent_code(world)
    await world.interactions.verify_code(await world.load(token), identifier, record_id, code)
    return record_id


async def identified(world: World) -> str:
    token = await world.begin(FORGOT)
    await world.identify(token, await prove(world, token))
    return token


async def choose(world: World, token: str, password: str = NEW) -> None:
    await world.interactions.set_new_password(await world.load(token), password)


async def recover(world: World) -> str:
    token = await identified(world)
    await choose(world, token)
    assert await world.submit(token) is None
    return token


async def test_a_code_to_the_phone_sets_a_new_password(world: World) -> None:
    user = await world.add_user(password=PASSWORD)

    await recover(world)

    assert OUTBOX[0].usage is UsageType.FORGOT_PASSWORD
    with pytest.raises(InvalidCredentials):
        await world.users.verify_password(ALICE, PASSWORD)
    assert (await world.users.verify_password(ALICE, NEW)).id == user.id


async def test_who_had_no_password_gets_one(world: World) -> None:
    await world.add_user()

    await recover(world)

    await world.users.verify_password(ALICE, NEW)


@pytest.mark.proves("S72")
async def test_nobody_is_signed_in_by_it(world: World) -> None:
    await world.add_user(password=PASSWORD)

    token = await recover(world)

    with pytest.raises(SessionNotFound):
        await world.interactions.finish(token)
    assert (await world.load(token)).event is None
    assert (await world.load(token)).records == {}
    with pytest.raises(InteractionNotFound):
        await world.interactions.load_started(token)


@pytest.mark.proves("S72")
async def test_every_session_of_the_person_ends_and_nobody_elses(world: World) -> None:
    alice, bob = await world.add_user(password=PASSWORD), await world.add_user(BOB)
    hers = [await world.oidc.sessions.create(alice.id, ("pwd",)) for _ in range(2)]
    his = await world.oidc.sessions.create(bob.id, ("sms", "otp"))

    await recover(world)

    assert [await world.oidc.sessions.find(session.token) for session in hers] == [None, None]
    assert await world.oidc.sessions.find(his.token) is not None


async def test_who_came_in_with_the_old_password_gets_no_session_of_a_visit_left_open(
    world: World,
) -> None:
    await world.add_user(password=PASSWORD)
    identified, submitted = await world.begin(), await world.begin()
    for token in (identified, submitted):
        await world.identify(token, await prove_password(world, token))
    await world.submit(submitted)

    await recover(world)

    with pytest.raises(SessionNotFound):
        await world.submit(identified)
    with pytest.raises(SessionNotFound):
        await world.interactions.finish(submitted)


async def test_a_proof_of_the_old_password_says_nothing_of_who_somebody_is_any_more(
    world: World,
) -> None:
    await world.add_user(password=PASSWORD)
    token = await world.begin()
    record_id = await prove_password(world, token)

    await recover(world)

    with pytest.raises(VerificationFailed):
        await world.identify(token, record_id)


async def test_a_visit_of_somebody_else_goes_on(world: World) -> None:
    await world.add_user(password=PASSWORD)
    await world.add_user(BOB, password=PASSWORD)
    token = await world.begin()
    await world.identify(token, await prove_password(world, token, BOB))

    await recover(world)

    assert await world.submit(token) is not None


async def prove_password(world: World, token: str, identifier: Identifier = ALICE) -> str:
    record = await world.interactions.verify_password(await world.load(token), identifier, PASSWORD)
    return record.id


@pytest.mark.proves("S73")
async def test_the_person_is_told_without_a_code_and_without_the_password(world: World) -> None:
    await world.add_user(password=PASSWORD)

    await recover(world)
    await world.messaging.drain(timedelta(seconds=5))

    notice = OUTBOX[1]
    assert notice.to.digits == ALICE.value
    assert notice.notice == Phrases.load().text("en", "messages.account.password_reset.text")
    assert "code" not in notice.variables


async def test_the_new_password_is_judged_like_any_other_and_is_not_the_old_one(
    world: World,
) -> None:
    await world.add_user(password=PASSWORD)
    token = await identified(world)

    for password, error_type in (
        ("short", PasswordRejected),
        (f"x{ALICE.value}", PasswordRejected),
        (PASSWORD, SamePassword),
    ):
        with pytest.raises(error_type):
            await choose(world, token, password)
    with pytest.raises(NewPasswordRequired):
        await world.submit(token)
    await world.users.verify_password(ALICE, PASSWORD)


@pytest.mark.proves("S70")
async def test_without_proof_there_is_nothing_to_set(world: World) -> None:
    await world.add_user(password=PASSWORD)
    token = await world.begin(FORGOT)
    record_id = await world.send(token, ALICE, FORGOT)

    with pytest.raises(VerificationFailed):
        await world.identify(token, record_id)
    with pytest.raises(IdentifierNotFound):
        await choose(world, token)
    with pytest.raises(IdentifierNotFound):
        await world.submit(token)


@pytest.mark.proves("S70")
async def test_the_visit_can_set_a_password_and_nothing_else(world: World) -> None:
    await world.add_user(password=PASSWORD)
    token = await identified(world)
    forbidden: list[Callable[[], Awaitable[object]]] = [
        lambda: world.send(token, BOB, SIGN_IN),
        lambda: _switch(world, token),
        lambda: _set_phone(world, token),
        lambda: _set_username(world, token),
        lambda: _set_password(world, token),
    ]

    for attempt in forbidden:
        with pytest.raises(ForgotPasswordUnsupported):
            await attempt()


async def _switch(world: World, token: str) -> object:
    return await world.interactions.switch_event(await world.load(token), SIGN_IN)


async def _set_phone(world: World, token: str) -> object:
    interaction = await world.load(token)
    record_id = next(iter(interaction.records.values())).id
    return await world.interactions.set_phone(interaction, record_id)


async def _set_username(world: World, token: str) -> object:
    return await world.interactions.set_username(await world.load(token), "alice")


async def _set_password(world: World, token: str) -> object:
    return await world.interactions.set_password(await world.load(token), NEW)


@pytest.mark.proves("S7")
async def test_a_code_to_sign_in_recovers_no_password(world: World) -> None:
    await world.add_user(password=PASSWORD)
    token = await world.begin(SIGN_IN)
    record_id = await world.prove(token)
    world.clock.advance(timedelta(seconds=1))

    await world.interactions.start(token, FORGOT)

    with pytest.raises(DomainError) as refusal:
        await world.identify(token, record_id)
    assert refusal.value.code == "session.verification_session_not_found"
    signed_in = await world.begin(SIGN_IN)
    await world.identify(signed_in, await world.prove(signed_in))
    with pytest.raises(NotRecovering):
        await choose(world, signed_in)


async def test_s74_asking_for_a_reset_changes_nothing_and_locks_nobody_out(world: World) -> None:
    world.set_up(sentinelPolicy={"maxAttempts": 3, "lockoutDuration": 60})
    alice = await world.add_user(password=PASSWORD)
    session = await world.oidc.sessions.create(alice.id, ("pwd",))

    for _ in range(5):
        await world.send(await world.begin(FORGOT), ALICE, FORGOT)
    await world.messaging.drain(timedelta(seconds=5))

    assert len(OUTBOX) == 5
    assert await world.users.get(alice.id) == alice
    assert await world.oidc.sessions.find(session.token) is not None
    token = await world.begin(SIGN_IN)
    interaction = await world.load(token)
    await world.interactions.verify_password(interaction, ALICE, PASSWORD)


async def test_where_it_is_off_no_code_is_sent(world: World) -> None:
    await world.add_user(password=PASSWORD)
    world.set_up(forgotPasswordMethods=[])
    token = await world.begin(FORGOT)

    with pytest.raises(RecoveryMethodNotEnabled):
        await world.send(token, ALICE, FORGOT)

    assert OUTBOX == []


async def test_it_may_be_switched_off_between_the_code_and_the_password(world: World) -> None:
    await world.add_user(password=PASSWORD)
    token = await world.begin(FORGOT)
    record_id = await prove(world, token)
    world.set_up(forgotPasswordMethods=["EmailVerificationCode"])

    with pytest.raises(RecoveryMethodNotEnabled):
        await world.identify(token, record_id)


async def test_a_stranger_gets_no_message_whatever_the_mode(world: World) -> None:
    for mode in ("SignIn", "SignInAndRegister"):
        world.set_up(signInMode=mode)
        record_id = await world.send(await world.begin(FORGOT), BOB, FORGOT)
        assert record_id

    await world.messaging.drain(timedelta(seconds=5))
    assert OUTBOX == []


async def test_a_suspended_person_stays_out(world: World) -> None:
    user = await world.add_user(password=PASSWORD)
    token = await identified(world)
    await choose(world, token)
    await world.users.change(user.id, UserChange(is_suspended=True))

    with pytest.raises(UserSuspended):
        await world.submit(token)

    await world.users.change(user.id, UserChange(is_suspended=False))
    await world.users.verify_password(ALICE, PASSWORD)
    again = await world.begin(FORGOT)
    record_id = await prove(world, again)
    await world.users.change(user.id, UserChange(is_suspended=True))
    with pytest.raises(UserSuspended):
        await world.identify(again, record_id)


async def test_of_two_submits_at_once_one_changes_the_password(world: World) -> None:
    await world.add_user(password=PASSWORD)
    token = await identified(world)
    await choose(world, token)
    first = second = await world.load(token)

    await world.interactions.submit(first, CONTEXT)

    with pytest.raises(InteractionConflict):
        await world.interactions.submit(second, CONTEXT)
    found = await world.audit.list(filters=AuditFilter(event="Interaction.ForgotPassword.Submit"))
    assert found.total == 1


async def test_a_connector_of_templates_alone_says_why_nobody_was_told(world: World) -> None:
    OutboxConnector.has_own_texts = False
    await world.add_user(password=PASSWORD)

    await recover(world)
    await world.messaging.drain(timedelta(seconds=5))

    failed = await world.messaging.log.list(MessageFilter(state=MessageState.FAILED))
    assert [message.error_class for message in failed.items] == ["template_not_found"]
    assert len(OUTBOX) == 1
