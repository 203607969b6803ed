"""Every token that is given, refused or given back leaves a row in the audit log."""

from datetime import timedelta
from typing import Any

import pytest

from tests.oidc.world import World, params
from watchword.audit.models import AuditEntry, AuditFilter
from watchword.oidc.errors import InvalidClient, InvalidGrant, OidcError

TO_MANAGE = {"grant_type": "client_credentials", "resource": "https://auth.example/api"}


@pytest.fixture(autouse=True)
def _moving(world: World) -> None:
    # Entries of one moment have no order.
    world.clock.tick = timedelta(milliseconds=1)


async def entries(world: World, **filters: Any) -> list[AuditEntry]:
    """Return what the log holds, the newest first."""
    return (await world.oidc.trail.audit.list(filters=AuditFilter(**filters))).items


async def test_an_exchange_names_the_person_the_application_and_the_scope(world: World) -> None:
    application = await world.add_application()
    user = await world.add_user()
    code = await world.code(application, await world.sign_in(user))

    tokens = await world.exchange(application, code)

    [entry] = await entries(world)
    assert entry.event == "ExchangeTokenBy.AuthorizationCode"
    assert (entry.user_id, entry.application_id, entry.result) == (
        user.id,
        application.id,
        "success",
    )
    assert entry.payload == {"scope": "openid"}
    assert not {code, *tokens.values()} & set(map(str, vars(entry).values()))


async def test_a_refresh_and_a_machines_token_have_names_of_their_own(world: World) -> None:
    application = await world.add_application()
    tokens = await world.offline_tokens(application, await world.add_user())
    await world.refresh(application, tokens["refresh_token"])
    machine = await world.add_application("MachineToMachine", is_management=True)
    await world.token(machine, **TO_MANAGE, scope="all")

    newest, refreshed, _ = await entries(world)
    assert (newest.event, newest.application_id, newest.user_id) == (
        "ExchangeTokenBy.ClientCredentials",
        machine.id,
        None,
    )
    assert refreshed.event == "ExchangeTokenBy.RefreshToken"


async def test_a_code_used_twice_is_told_with_whose_it_was(world: World) -> None:
    application = await world.add_application()
    user = await world.add_user()
    code = await world.code(application, await world.sign_in(user))
    await world.exchange(application, code)

    with pytest.raises(InvalidGrant):
        await world.exchange(application, code)

    refused, _ = await entries(world)
    assert (refused.event, refused.result) == ("ExchangeTokenBy.AuthorizationCode", "failure")
    assert (refused.user_id, refused.payload["error"]) == (user.id, "oidc.invalid_grant")
    assert code not in str(refused.payload)


async def test_a_wrong_verifier_and_an_unknown_grant_are_told(world: World) -> None:
    application = await world.add_application()
    user = await world.add_user()
    code = await world.code(application, await world.sign_in(user))

    with pytest.raises(InvalidGrant):
        await world.exchange(application, code, code_verifier="w" * 43)
    with pytest.raises(OidcError):
        await world.token(application, grant_type="password")

    unknown, wrong = await entries(world)
    assert unknown.event == "ExchangeTokenBy.Unknown"
    assert (wrong.user_id, wrong.payload["errorDescription"]) == (
        user.id,
        "PKCE verification failed",
    )


async def test_a_wrong_secret_is_told_and_an_unknown_application_is_not(world: World) -> None:
    application = await world.add_application("Traditional")
    wrong = params(client_id=application.id, client_secret="not-it", grant_type="refresh_token")

    with pytest.raises(InvalidClient):
        await world.oidc.authenticate(application, wrong, None)
    with pytest.raises(InvalidClient):
        await world.oidc.authenticate(None, params(client_id="nobody"), None)

    [entry] = await entries(world)
    assert (entry.event, entry.result) == ("ExchangeTokenBy.RefreshToken", "failure")
    assert "not-it" not in str(vars(entry))


async def test_a_wrong_secret_elsewhere_is_no_exchange(world: World) -> None:
    application = await world.add_application("Traditional")

    with pytest.raises(InvalidClient):
        await world.oidc.authenticate(
            application, params(client_id=application.id, client_secret="not-it", token="x"), None
        )

    assert [entry.event for entry in await entries(world)] == ["application.refused"]


async def test_giving_a_token_back_and_signing_out_are_told(world: World) -> None:
    application = await world.add_application()
    user = await world.add_user()
    session = await world.sign_in(user)
    tokens = await world.exchange(application, await world.code(application, session))

    await world.oidc.revocation.revoke(application, params(token=tokens["access_token"]))
    await world.oidc.revocation.revoke(application, params(token="unknown"))
    await world.oidc.logout.end(session.token, application)
    await world.oidc.logout.end(session.token, application)

    ended, revoked, _ = await entries(world, user_id=user.id)
    assert (ended.event, ended.actor.kind, ended.application_id) == (
        "session.ended",
        "user",
        application.id,
    )
    assert (revoked.event, revoked.payload) == ("RevokeToken", {"tokenType": "AccessToken"})
