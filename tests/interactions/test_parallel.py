"""Requests at the same moment: one wins, the others change nothing."""

import asyncio
from collections.abc import Awaitable, Sequence
from typing import Any

import pytest

from tests.interactions.world import ALICE, CONTEXT, PASSWORD, REGISTER, World
from watchword.core.digests import digest_of_token
from watchword.core.errors import DomainError
from watchword.core.pagination import PageRequest
from watchword.interactions.errors import InteractionConflict, SessionNotFound
from watchword.interactions.models import Identification, InteractionEvent
from watchword.users.errors import PhoneAlreadyInUse

MANY = 8


async def outcomes(tries: Sequence[Awaitable[Any]]) -> tuple[list[Any], list[BaseException]]:
    """Run all at once; return what succeeded and what was refused."""
    results = await asyncio.gather(*tries, return_exceptions=True)
    refused = [result for result in results if isinstance(result, BaseException)]
    assert all(isinstance(error, DomainError) for error in refused), refused
    return [result for result in results if not isinstance(result, BaseException)], refused


async def test_one_number_becomes_one_account_from_many_browsers(world: World) -> None:
    tokens = [await world.begin(REGISTER) for _ in range(MANY)]
    records = [await world.prove(token, event=REGISTER) for token in tokens]
    loaded = [await world.load(token) for token in tokens]

    created, refused = await outcomes(
        [
            world.interactions.identify(interaction, record_id)
            for interaction, record_id in zip(loaded, records, strict=True)
        ]
    )

    assert created == [Identification.CREATED]
    assert {type(error) for error in refused} == {PhoneAlreadyInUse}
    assert (await world.users.list(PageRequest())).total == 1
    identified = [token for token in tokens if (await world.load(token)).is_identified]
    assert len(identified) == 1


async def test_one_browser_creates_one_account(world: World) -> None:
    token = await world.begin(REGISTER)
    record_id = await world.prove(token, event=REGISTER)
    interaction = await world.load(token)

    created, refused = await outcomes(
        [world.interactions.identify(interaction, record_id) for _ in range(MANY)]
    )

    assert len(created) == 1
    assert {type(error) for error in refused} <= {PhoneAlreadyInUse, InteractionConflict}
    assert (await world.users.list(PageRequest())).total == 1
    assert (await world.load(token)).is_identified


async def test_of_parallel_identifications_one_is_written(world: World) -> None:
    await world.add_user()
    token = await world.begin()
    record_id = await world.prove(token)
    interaction = await world.load(token)

    done, refused = await outcomes(
        [world.interactions.identify(interaction, record_id) for _ in range(MANY)]
    )

    assert len(done) == 1
    assert {type(error) for error in refused} == {InteractionConflict}
    assert (await world.load(token)).version == interaction.version + 1


async def test_of_parallel_submissions_one_is_written(world: World) -> None:
    await world.add_user()
    token = await world.begin()
    await world.identify(token, await world.prove(token))
    interaction = await world.load(token)

    done, refused = await outcomes(
        [world.interactions.submit(interaction, CONTEXT) for _ in range(MANY)]
    )

    assert len(done) == 1
    assert {type(error) for error in refused} == {InteractionConflict}
    assert await world.submit(token) == done[0]


async def test_a_submission_and_a_change_of_event_do_not_mix(world: World) -> None:
    await world.add_user()
    token = await world.begin()
    await world.identify(token, await world.prove(token))
    interaction = await world.load(token)

    done, refused = await outcomes(
        [
            world.interactions.submit(interaction, CONTEXT),
            world.interactions.switch_event(interaction, REGISTER),
        ]
    )

    assert (len(done), len(refused)) == (1, 1)
    after = await world.load(token)
    assert (after.result is None) == (after.event is REGISTER)


async def test_an_interaction_is_finished_once(world: World) -> None:
    await world.add_user()
    token = await world.begin()
    await world.identify(token, await world.prove(token))
    await world.submit(token)

    done, refused = await outcomes([world.interactions.finish(token) for _ in range(MANY)])

    assert len(done) == 1
    assert {type(error) for error in refused} == {SessionNotFound}
    session = await world.oidc.sessions.find(done[0].session.token)
    assert session is not None
    with pytest.raises(SessionNotFound):
        await world.load(token)


async def test_an_interaction_is_not_finished_before_it_is_submitted(world: World) -> None:
    token = await world.begin()

    with pytest.raises(SessionNotFound):
        await world.interactions.finish(token)

    assert (await world.load(token)).event is not None


@pytest.mark.proves("S120")
async def test_finishing_ends_the_browsers_earlier_session(world: World) -> None:
    await world.add_user(password=PASSWORD)
    sessions: list[str] = []
    for _ in range(2):
        token = await world.begin()
        record = await world.interactions.verify_password(await world.load(token), ALICE, PASSWORD)
        await world.identify(token, record.id)
        await world.submit(token)
        earlier = sessions[-1] if sessions else None
        sessions.append((await world.interactions.finish(token, earlier)).session.token)

    assert await world.oidc.sessions.find(sessions[0]) is None
    assert await world.oidc.sessions.find(sessions[1]) is not None


async def test_a_failure_while_finishing_leaves_the_interaction_to_be_resumed(
    world: World,
) -> None:
    await world.add_user()
    token = await world.begin()
    await world.identify(token, await world.prove(token))
    await world.submit(token)
    rows = world.interactions.interactions

    async def die_half_way() -> None:
        async with world.storage.transaction() as tx:
            await rows.within(tx).end(token, digest_of_token(token), world.clock.now())
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await die_half_way()

    assert (await world.interactions.finish(token)).response is not None


async def test_of_two_that_start_from_the_same_state_one_does(world: World) -> None:
    token = await world.begin()
    known = (await world.load(token)).version

    started, refused = await outcomes(
        [
            world.interactions.start(token, InteractionEvent.SIGN_IN, known_version=known)
            for _ in range(MANY)
        ]
    )

    assert len(started) == 1
    assert {type(error) for error in refused} == {InteractionConflict}
    assert (await world.load(token)).version == known + 1
