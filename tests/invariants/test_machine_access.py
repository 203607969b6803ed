"""Every route of the Management API refuses whoever has no token for it, before anything else."""

import pytest

from tests.invariants.routes import is_management, routes_of
from tests.invariants.walk import ABROAD, HOME, settled
from tests.invariants.world import World, bearer

pytestmark = pytest.mark.slow


@pytest.mark.proves("S131")
async def test_no_route_answers_a_stranger_a_machine_without_the_scope_or_another_tenants(
    world: World,
) -> None:
    walk = await settled(world)
    stranger = await walk.client(HOME, cookies=False)
    machine = walk.machines[HOME.tenant]
    abroad = await bearer(await walk.client(ABROAD, cookies=False), walk.machines[ABROAD.tenant])
    without_scope = await bearer(stranger, machine, scope="")
    people = {
        None: (401, "auth.authorization_header_missing"),
        "Basic eDp4": (401, "auth.authorization_token_type_not_supported"),
        "Bearer x": (401, "auth.unauthorized"),
        abroad: (401, "auth.unauthorized"),
        without_scope: (403, "auth.forbidden"),
    }
    asked = sorted(filter(is_management, routes_of(world.app)))
    problems = []

    for route in asked:
        path = route.path.replace("{id}", walk.connector_id).replace("{factory_id}", "x")
        for authorization, expected in people.items():
            headers = {"authorization": authorization} if authorization else {}
            answer = await stranger.request(route.method, path, headers=headers)
            if (answer.status_code, answer.json().get("code")) != expected:
                problems.append(f"{route} {authorization}: {answer.status_code} {answer.text}")

    assert problems == []
    assert len(asked) > 15
