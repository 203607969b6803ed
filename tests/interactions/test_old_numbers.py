"""A number that was long unused opens an old account with a second proof, and not by itself."""

from datetime import timedelta

import pytest

from tests.interactions.test_recover import prove
from tests.interactions.test_second_factor import Person, mfa
from tests.interactions.world import PASSWORD, World
from watchword.guard.models import GuardPolicy
from watchword.interactions.errors import NumberLongUnused, SecondFactorRequired
from watchword.interactions.models import InteractionEvent
from watchword.users.models import Identifier

LONG = timedelta(days=180)
RECOVER = InteractionEvent.FORGOT_PASSWORD


@pytest.fixture
async def world(world: World) -> World:
    world.guard_policy = GuardPolicy(unused_days=180)
    world.set_up()
    return world


async def sign_in(world: World) -> str | None:
    token = await world.begin()
    await world.identify(token, await world.prove(token))
    return await world.submit(token)


@pytest.mark.proves("S56")
async def test_a_number_alone_opens_no_account_that_was_long_unused(world: World) -> None:
    await world.add_user()
    assert await sign_in(world)
    world.clock.advance(LONG - timedelta(seconds=1))
    assert await sign_in(world)
    world.clock.advance(LONG)

    with pytest.raises(NumberLongUnused):
        await sign_in(world)


@pytest.mark.proves("S56")
async def test_an_account_that_nobody_ever_opened_counts_from_its_beginning(world: World) -> None:
    await world.add_user()
    world.clock.advance(LONG)

    with pytest.raises(NumberLongUnused):
        await sign_in(world)


@pytest.mark.proves("S56")
async def test_the_password_opens_it_and_then_the_number_is_fresh_again(world: World) -> None:
    world.set_up(
        signIn={
            "methods": [
                {
                    "identifier": "phone",
                    "password": True,
                    "verificationCode": True,
                    "isPasswordPrimary": False,
                }
            ]
        }
    )
    user = await world.add_user(password=PASSWORD)
    world.clock.advance(LONG)
    token = await world.begin()
    phone = Identifier("phone", user.primary_phone or "")
    proof = await world.interactions.verify_password(await world.load(token), phone, PASSWORD)
    await world.identify(token, proof.id)
    assert await world.submit(token)

    assert await sign_in(world)


@pytest.mark.proves("S56")
async def test_a_second_factor_is_asked_for_though_the_person_may_skip_it(world: World) -> None:
    world.set_up(**mfa("Totp", "BackupCode", policy="UserControlled"))
    person = await Person.with_app(world)
    world.clock.advance(LONG)
    token = await world.begin()
    await world.identify(token, await world.prove(token))
    with pytest.raises(SecondFactorRequired):
        await world.submit(token)

    await world.interactions.second_factor.verify_totp(await world.load(token), person.app_code)

    assert await world.submit(token)


@pytest.mark.proves("S56")
async def test_it_sets_no_new_password_either(world: World) -> None:
    world.set_up(forgotPasswordMethods=["PhoneVerificationCode"])
    await world.add_user(password=PASSWORD)
    world.clock.advance(LONG)
    token = await world.begin(RECOVER)
    record_id = await prove(world, token)

    with pytest.raises(NumberLongUnused):
        await world.identify(token, record_id)


async def test_without_the_setting_a_number_is_always_enough(world: World) -> None:
    world.guard_policy = GuardPolicy()
    world.set_up()
    await world.add_user()
    world.clock.advance(10 * LONG)

    assert await sign_in(world)
