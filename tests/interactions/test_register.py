"""Signing up: what is gathered, what is asked for, and that one account comes of it."""

import pytest

from tests.interactions.world import (
    ALICE,
    BOB,
    PASSWORD,
    REGISTER,
    SIGN_IN,
    World,
)
from watchword.interactions.errors import (
    EventForbidden,
    IdentifierNotFound,
    MissingProfile,
    PasswordExistsInProfile,
    PhoneExistsInProfile,
    UsernameExistsInProfile,
    VerificationFailed,
)
from watchword.interactions.models import Identification
from watchword.sign_in_settings.errors import PasswordRejected, UsernameRejected
from watchword.users.errors import InvalidUsername, UsernameAlreadyInUse
from watchword.users.models import Identifier
from watchword.verification.errors import RecordNotFound

USERNAME_ONLY = {
    "signUp": {"identifiers": ["username"], "password": True, "verify": False},
    "signIn": {
        "methods": [
            {
                "identifier": "username",
                "password": True,
                "verificationCode": False,
                "isPasswordPrimary": True,
            }
        ]
    },
}
NAME = Identifier("username", "alice")


async def test_signs_up_with_a_code(world: World) -> None:
    token = await world.begin(REGISTER)
    record_id = await world.prove(token, event=REGISTER)

    assert await world.identify(token, record_id) is Identification.CREATED
    await world.submit(token)

    finished = await world.interactions.finish(token)
    user = await world.users.get(finished.session.session.user_id)
    assert user.primary_phone == ALICE.value
    assert user.phone_verified_at == world.clock.now()
    assert user.last_sign_in_at == world.clock.now()
    assert user.application_id == "demo-app"
    assert finished.session.session.amr == ("sms", "otp")


async def test_asking_again_does_not_create_another(world: World) -> None:
    token = await world.begin(REGISTER)
    record_id = await world.prove(token, event=REGISTER)
    await world.identify(token, record_id)

    assert await world.identify(token, record_id) is Identification.CREATED
    assert await world.identify(token) is Identification.CREATED


async def test_a_password_is_asked_for_and_no_second_code(world: World) -> None:
    world.set_up(signUp={"identifiers": ["phone"], "password": True, "verify": True})
    token = await world.begin(REGISTER)
    record_id = await world.prove(token, event=REGISTER)
    with pytest.raises(MissingProfile) as refusal:
        await world.identify(token, record_id)
    assert refusal.value.data == {"missingProfile": ["password"]}
    assert await world.users.find_by_identifier("phone", ALICE.value) is None

    await world.interactions.set_password(await world.load(token), PASSWORD)
    assert await world.identify(token) is Identification.CREATED
    await world.submit(token)

    user = await world.users.verify_password(ALICE, PASSWORD)
    assert user.primary_phone == ALICE.value


async def test_signs_up_with_a_user_name_and_a_password(world: World) -> None:
    world.set_up(**USERNAME_ONLY)
    token = await world.begin(REGISTER)

    record = await world.interactions.new_password_identity(await world.load(token), NAME, PASSWORD)
    assert await world.identify(token, record.id) is Identification.CREATED
    await world.submit(token)

    assert (await world.users.verify_password(NAME, PASSWORD)).username == "alice"
    assert (await world.interactions.finish(token)).session.session.amr == ("pwd",)


async def test_a_user_name_keeps_the_rules(world: World) -> None:
    world.set_up(
        **USERNAME_ONLY,
        usernamePolicy={
            "caseSensitive": True,
            "minLength": 3,
            "maxLength": 8,
            "allowedChars": {
                "lowercase": True,
                "uppercase": False,
                "numbers": True,
                "underscore": True,
            },
        },
    )
    await world.add_user(None, username="taken")
    interaction = await world.load(await world.begin(REGISTER))

    for name, refusal in (
        ("1alice", InvalidUsername),
        ("Alice", UsernameRejected),
        ("al", UsernameRejected),
        ("taken", UsernameAlreadyInUse),
    ):
        with pytest.raises(refusal):
            await world.interactions.new_password_identity(
                interaction, Identifier("username", name), PASSWORD
            )


async def test_a_password_keeps_the_rules(world: World) -> None:
    world.set_up(**USERNAME_ONLY)
    interaction = await world.load(await world.begin(REGISTER))

    with pytest.raises(PasswordRejected):
        await world.interactions.new_password_identity(interaction, NAME, "short")
    with pytest.raises(PasswordRejected):
        await world.interactions.set_password(interaction, "short")


async def test_nothing_proved_makes_no_account(world: World) -> None:
    world.set_up(signUp={"identifiers": [], "password": False, "verify": False})
    token = await world.begin(REGISTER)

    with pytest.raises(VerificationFailed):
        await world.identify(token)


async def test_a_password_record_makes_no_account(world: World) -> None:
    await world.add_user(BOB, password=PASSWORD)
    token = await world.begin(REGISTER)
    record = await world.interactions.verify_password(await world.load(token), BOB, PASSWORD)

    with pytest.raises(VerificationFailed):
        await world.identify(token, record.id)


async def test_registration_that_is_off_keeps_what_was_gathered(world: World) -> None:
    token = await world.begin(REGISTER)
    record_id = await world.prove(token, event=REGISTER)
    world.set_up(signInMode="SignIn")

    with pytest.raises(EventForbidden):
        await world.identify(token, record_id)

    assert (await world.load(token)).state.profile.phone == ALICE.value
    assert await world.users.find_by_identifier("phone", ALICE.value) is None


async def test_switching_the_event_drops_the_pending_profile_and_keeps_proofs(
    world: World,
) -> None:
    world.set_up(signUp={"identifiers": ["phone"], "password": True, "verify": True})
    token = await world.begin(REGISTER)
    record_id = await world.prove(token, event=REGISTER)
    with pytest.raises(MissingProfile):
        await world.identify(token, record_id)

    await world.interactions.switch_event(await world.load(token), SIGN_IN)

    interaction = await world.load(token)
    assert interaction.state.profile.is_empty
    assert interaction.find_record(record_id) is not None


async def test_what_an_account_has_is_not_given_again(world: World) -> None:
    await world.add_user(ALICE, username="alice", password=PASSWORD)
    token = await world.begin()
    record_id = await world.prove(token)
    await world.identify(token, record_id)
    interaction = await world.load(token)

    with pytest.raises(PhoneExistsInProfile):
        await world.interactions.set_phone(interaction, record_id)
    with pytest.raises(UsernameExistsInProfile):
        await world.interactions.set_username(interaction, "other")
    with pytest.raises(PasswordExistsInProfile):
        await world.interactions.set_password(interaction, PASSWORD)


async def test_signing_in_fills_in_a_profile_only_of_somebody(world: World) -> None:
    token = await world.begin()

    with pytest.raises(IdentifierNotFound):
        await world.interactions.set_password(await world.load(token), PASSWORD)


async def test_a_phone_is_added_by_a_proof_only(world: World) -> None:
    token = await world.begin(REGISTER)
    record_id = await world.send(token, event=REGISTER)

    with pytest.raises(VerificationFailed):
        await world.interactions.set_phone(await world.load(token), record_id)
    with pytest.raises(RecordNotFound):
        await world.interactions.set_phone(await world.load(token), "unknown")
