"""The token endpoint: codes, refresh tokens, machines."""

import asyncio
import base64
from datetime import timedelta
from typing import Any
from urllib.parse import quote_plus

import pytest

from tests.oidc.world import ISSUER, ORIGIN, VERIFIER, World, params
from watchword.core.phone import PhoneNumber
from watchword.oidc.errors import (
    BearerRefused,
    ClientAuthenticationFailed,
    InvalidClient,
    InvalidGrant,
    InvalidRequest,
    InvalidScope,
    InvalidTarget,
    UnauthorizedClient,
    UnsupportedGrantType,
)
from watchword.users.models import UserChange


class TestAuthorizationCode:
    """A code is exchanged once, by the client it was made for."""

    async def test_gives_tokens(self, world: World) -> None:
        application = await world.add_application()
        user = await world.add_user(name="Alice")
        session = await world.sign_in(user)
        code = await world.code(application, session, scope="openid phone profile", nonce="n1")

        tokens = await world.exchange(application, code)

        assert (tokens["token_type"], tokens["expires_in"]) == ("Bearer", 3600)
        assert tokens["scope"] == "openid phone profile"
        assert "refresh_token" not in tokens
        claims = await world.claims(tokens["id_token"])
        now = int(world.clock.now().timestamp())
        assert claims["iss"] == ISSUER
        assert claims["aud"] == application.id
        assert claims["sub"] == user.id
        assert claims["nonce"] == "n1"
        assert (claims["iat"], claims["exp"]) == (now, now + 3600)
        assert claims["auth_time"] == int(session.session.authenticated_at.timestamp())
        assert claims["amr"] == ["sms", "otp"]
        assert claims["phone_number"] == "+821012345678"
        assert claims["phone_number_verified"] is True
        assert claims["name"] == "Alice"
        assert session.token not in str(claims)
        assert session.session.id_digest not in str(claims)

    async def test_costs_four_statements(self, world: World) -> None:
        application = await world.add_application()
        session = await world.sign_in(await world.add_user())
        await world.exchange(application, await world.code(application, session))
        code = await world.code(application, session)
        before = world.storage.statements

        await world.exchange(application, code)

        # The code, the person, the token, and the audit log's row.
        assert world.storage.statements - before == 4

    async def test_works_for_a_minute(self, world: World) -> None:
        application = await world.add_application()
        code = await world.code(application, await world.sign_in(await world.add_user()))
        world.clock.advance(timedelta(seconds=60))
        with pytest.raises(InvalidGrant):
            await world.exchange(application, code)

    async def test_a_second_use_takes_back_what_the_first_gave(self, world: World) -> None:
        application = await world.add_application()
        session = await world.sign_in(await world.add_user())
        code = await world.code(
            application, session, scope="openid offline_access", prompt="consent"
        )
        tokens = await world.exchange(application, code)
        assert await _works(world, tokens["access_token"])
        world.clock.advance(timedelta(seconds=30))

        with pytest.raises(InvalidGrant):
            await world.exchange(application, code)

        with pytest.raises(InvalidGrant):
            await world.refresh(application, tokens["refresh_token"])
        assert not await _works(world, tokens["access_token"])

    @pytest.mark.proves("S103")
    async def test_of_many_uses_at_once_none_keeps_its_tokens(self, world: World) -> None:
        application = await world.add_application()
        code = await world.code(application, await world.sign_in(await world.add_user()))

        outcomes = await asyncio.gather(
            *(world.exchange(application, code) for _ in range(8)), return_exceptions=True
        )

        given = [outcome for outcome in outcomes if isinstance(outcome, dict)]
        assert len(given) <= 1
        assert all(isinstance(o, InvalidGrant) for o in outcomes if not isinstance(o, dict))
        for tokens in given:
            assert not await _works(world, tokens["access_token"])

    @pytest.mark.parametrize(
        "values",
        [
            {"code_verifier": None},
            {"code_verifier": "w" * 43},
            {"code_verifier": "v" * 42},
            {"redirect_uri": None},
            {"redirect_uri": "https://evil.example/"},
        ],
    )
    async def test_must_be_shown_as_it_was_asked_for(
        self, world: World, values: dict[str, Any]
    ) -> None:
        application = await world.add_application()
        code = await world.code(application, await world.sign_in(await world.add_user()))
        with pytest.raises(InvalidGrant):
            await world.exchange(application, code, **values)

    async def test_a_verifier_without_a_challenge_is_refused(self, world: World) -> None:
        lax = await world.add_application(
            "Traditional", custom_client_metadata={"requirePkce": False}
        )
        session = await world.sign_in(await world.add_user())
        code = await world.code(lax, session, code_challenge=None, code_challenge_method=None)
        with pytest.raises(InvalidGrant):
            await world.exchange(lax, code, code_verifier=VERIFIER)

    async def test_another_client_cannot_use_it_nor_spoil_it(self, world: World) -> None:
        application = await world.add_application()
        other = await world.add_application()
        code = await world.code(application, await world.sign_in(await world.add_user()))
        with pytest.raises(InvalidGrant):
            await world.exchange(other, code)
        assert "id_token" in await world.exchange(application, code)

    async def test_nobody_suspended_gets_tokens(self, world: World) -> None:
        application = await world.add_application()
        user = await world.add_user()
        code = await world.code(application, await world.sign_in(user))
        await world.users.change(user.id, UserChange(is_suspended=True))
        with pytest.raises(InvalidGrant):
            await world.exchange(application, code)

    async def test_without_openid_there_is_no_id_token(self, world: World) -> None:
        application = await world.add_application()
        user = await world.add_user()
        assert "id_token" not in await world.tokens(application, user, scope="phone")


class TestClaims:
    """What a token says of a person."""

    async def test_an_unproved_number_is_not_verified(self, world: World) -> None:
        application = await world.add_application()
        user = await world.add_user(is_phone_verified=False)
        tokens = await world.tokens(application, user, scope="openid phone")
        assert (await world.claims(tokens["id_token"]))["phone_number_verified"] is False

    async def test_only_what_the_scope_covers(self, world: World) -> None:
        application = await world.add_application()
        user = await world.add_user(name="Alice", primary_email="a@b.example")
        claims = await world.claims((await world.tokens(application, user))["id_token"])
        assert not {"name", "email", "phone_number", "username"} & set(claims)

    async def test_the_subject_survives_a_new_number(self, world: World) -> None:
        application = await world.add_application()
        user = await world.add_user()
        before = await world.claims((await world.tokens(application, user))["id_token"])
        change = UserChange(primary_phone=PhoneNumber("821087654321"))
        await world.users.change(user.id, change)

        after = await world.claims(
            (await world.tokens(application, user, scope="openid phone"))["id_token"]
        )

        assert after["sub"] == before["sub"]
        assert "821012345678" not in after["sub"]
        assert after["phone_number"] == "+821087654321"

    async def test_nothing_is_null(self, world: World) -> None:
        application = await world.add_application()
        user = await world.add_user(primary_phone=None, username="alice")
        tokens = await world.tokens(application, user, scope="openid phone email profile address")
        assert None not in (await world.claims(tokens["id_token"])).values()


class TestRefreshToken:
    """A family of refresh tokens: each used once, all ended together."""

    async def test_needs_offline_access_and_consent(self, world: World) -> None:
        application = await world.add_application()
        user = await world.add_user()
        without = await world.tokens(application, user, scope="openid offline_access")
        assert "refresh_token" not in without
        assert without["scope"] == "openid"
        assert "refresh_token" in await world.offline_tokens(application, user)

    async def test_a_web_application_may_always_get_one(self, world: World) -> None:
        application = await world.add_application(
            "Traditional", custom_client_metadata={"alwaysIssueRefreshToken": True}
        )
        assert "refresh_token" in await world.tokens(application, await world.add_user())

    async def test_rotates(self, world: World) -> None:
        application = await world.add_application()
        user = await world.add_user()
        first = await world.offline_tokens(application, user)
        world.clock.advance(timedelta(hours=3))

        second = await world.refresh(application, first["refresh_token"])

        assert second["refresh_token"] != first["refresh_token"]
        old, new = [await world.claims(tokens["id_token"]) for tokens in (first, second)]
        assert new["sub"] == old["sub"]
        assert new["auth_time"] == old["auth_time"]
        assert new["iat"] > old["iat"]
        assert "nonce" not in new
        assert "refresh_token" in await world.refresh(application, second["refresh_token"])

    async def test_reuse_ends_the_family(self, world: World) -> None:
        application = await world.add_application()
        first = await world.offline_tokens(application, await world.add_user())
        second = await world.refresh(application, first["refresh_token"])

        with pytest.raises(InvalidGrant, match="used before"):
            await world.refresh(application, first["refresh_token"])

        with pytest.raises(InvalidGrant):
            await world.refresh(application, second["refresh_token"])
        assert not await _works(world, second["access_token"])
        assert not await _works(world, first["access_token"])

    @pytest.mark.proves("S104")
    async def test_of_many_refreshes_at_once_one_wins_and_the_family_ends(
        self, world: World
    ) -> None:
        application = await world.add_application()
        first = await world.offline_tokens(application, await world.add_user())

        outcomes = await asyncio.gather(
            *(world.refresh(application, first["refresh_token"]) for _ in range(8)),
            return_exceptions=True,
        )

        given = [outcome for outcome in outcomes if isinstance(outcome, dict)]
        assert len(given) <= 1
        for tokens in given:
            assert not await _works(world, tokens["access_token"])
            with pytest.raises(InvalidGrant):
                await world.refresh(application, tokens["refresh_token"])

    async def test_the_end_does_not_move(self, world: World) -> None:
        application = await world.add_application()
        token = (await world.offline_tokens(application, await world.add_user()))["refresh_token"]
        for _ in range(13):
            world.clock.advance(timedelta(days=1))
            token = (await world.refresh(application, token))["refresh_token"]
        world.clock.advance(timedelta(days=1))
        with pytest.raises(InvalidGrant):
            await world.refresh(application, token)

    async def test_without_rotation_it_stays(self, world: World) -> None:
        application = await world.add_application(
            "Traditional", custom_client_metadata={"rotateRefreshToken": False}
        )
        token = (await world.offline_tokens(application, await world.add_user()))["refresh_token"]
        for _ in range(2):
            assert (await world.refresh(application, token))["refresh_token"] == token

    async def test_may_ask_for_less_but_not_for_more(self, world: World) -> None:
        application = await world.add_application()
        first = await world.offline_tokens(application, await world.add_user())
        token = first["refresh_token"]

        with pytest.raises(InvalidScope):
            await world.refresh(application, token, scope="openid email")
        with pytest.raises(InvalidTarget):
            await world.refresh(application, token, resource=f"{ORIGIN}/api")

        less = await world.refresh(application, token, scope="openid")
        assert less["scope"] == "openid"
        again = await world.refresh(application, less["refresh_token"])
        assert again["scope"] == "openid phone offline_access"

    async def test_another_client_cannot_use_it(self, world: World) -> None:
        application, other = await world.add_application(), await world.add_application()
        token = (await world.offline_tokens(application, await world.add_user()))["refresh_token"]
        with pytest.raises(InvalidGrant):
            await world.refresh(other, token)
        assert "id_token" in await world.refresh(application, token)

    async def test_nobody_suspended_gets_tokens(self, world: World) -> None:
        application = await world.add_application()
        user = await world.add_user()
        token = (await world.offline_tokens(application, user))["refresh_token"]
        await world.users.change(user.id, UserChange(is_suspended=True))
        with pytest.raises(InvalidGrant):
            await world.refresh(application, token)


class TestClientCredentials:
    """A machine gets a token for the Management API."""

    @pytest.mark.parametrize(
        "resource", [f"{ORIGIN}/api", "https://default.logto.app/api"], ids=["own", "alias"]
    )
    async def test_gives_a_jwt(self, world: World, resource: str) -> None:
        machine = await world.add_application("MachineToMachine", is_management=True)

        tokens = await self._ask(world, machine, resource=resource, scope="all")

        assert tokens["scope"] == "all"
        claims = await world.claims(tokens["access_token"])
        assert claims["aud"] == resource
        assert claims["sub"] == claims["client_id"] == machine.id
        assert claims["scope"] == "all"
        assert {"iss", "exp", "iat", "jti"} <= set(claims)

    async def test_only_a_management_application_gets_the_scope(self, world: World) -> None:
        machine = await world.add_application("MachineToMachine")
        tokens = await self._ask(world, machine, resource=f"{ORIGIN}/api", scope="all")
        assert "scope" not in tokens
        assert (await world.claims(tokens["access_token"]))["scope"] == ""

    async def test_needs_a_known_resource(self, world: World) -> None:
        machine = await world.add_application("MachineToMachine", is_management=True)
        for resource in (None, "https://nope.example/", "https://other.logto.app/api"):
            with pytest.raises(InvalidTarget):
                await self._ask(world, machine, resource=resource, scope="all")

    async def test_is_for_machines_only(self, world: World) -> None:
        for kind in ("SPA", "Traditional"):
            application = await world.add_application(kind)
            with pytest.raises(UnauthorizedClient):
                await self._ask(world, application, resource=f"{ORIGIN}/api")

    @staticmethod
    async def _ask(world: World, application: Any, **values: Any) -> dict[str, Any]:
        return await world.token(application, grant_type="client_credentials", **values)


class TestClientAuthentication:
    """none, client_secret_basic and client_secret_post; nothing else and never two."""

    async def test_basic_is_form_encoded(self, world: World) -> None:
        application = await world.add_application("Traditional")
        secret = world.secrets[application.id]
        header = _basic(application.id, secret)
        assert await world.oidc.clients.authenticate(params(), header) == application
        named = params(client_id=application.id)
        assert await world.oidc.clients.authenticate(named, header) == application

    async def test_a_wrong_secret_fails(self, world: World) -> None:
        application = await world.add_application("Traditional")
        secret = world.secrets[application.id]
        for header, values in (
            (_basic(application.id, "wrong"), {}),
            (_basic("nope", secret), {}),
            (_basic(application.id, ""), {}),
            (None, {"client_id": application.id}),
            (None, {"client_id": application.id, "client_secret": "wrong"}),
        ):
            with pytest.raises(ClientAuthenticationFailed):
                await world.oidc.clients.authenticate(params(**values), header)

    async def test_a_public_client_has_no_secret(self, world: World) -> None:
        application = await world.add_application()
        named = params(client_id=application.id, client_secret="x")
        with pytest.raises(ClientAuthenticationFailed):
            await world.oidc.clients.authenticate(named, None)

    async def test_an_unknown_or_missing_client_is_told_so(self, world: World) -> None:
        with pytest.raises(InvalidRequest):
            await world.oidc.clients.authenticate(params(), None)
        with pytest.raises(InvalidClient):
            await world.oidc.clients.authenticate(params(client_id="nope"), None)

    async def test_two_ways_at_once_are_refused(self, world: World) -> None:
        application = await world.add_application("Traditional")
        secret = world.secrets[application.id]
        header = _basic(application.id, secret)
        for values in ({"client_secret": secret}, {"client_id": "other"}):
            with pytest.raises(InvalidRequest):
                await world.oidc.clients.authenticate(params(**values), header)

    @pytest.mark.parametrize(
        "header", ["Basic", "Basic !", "Basic eA==", "Basic gICA", "Basic Ong="]
    )
    async def test_a_malformed_header_is_refused(self, world: World, header: str) -> None:
        with pytest.raises(InvalidRequest):
            await world.oidc.clients.authenticate(params(), header)


async def test_only_built_grants_are_answered(world: World) -> None:
    application = await world.add_application()
    for grant_type in ("password", "implicit", "urn:ietf:params:oauth:grant-type:device_code"):
        with pytest.raises(UnsupportedGrantType):
            await world.token(application, grant_type=grant_type)
    with pytest.raises(InvalidRequest):
        await world.token(application)


async def test_a_resource_token_is_a_jwt_of_its_own_kind(world: World) -> None:
    application = await world.add_application()
    user = await world.add_user()
    resource = f"{ORIGIN}/api"
    session = await world.sign_in(user)
    code = await world.code(application, session, resource=resource)

    tokens = await world.exchange(application, code, resource=resource)

    claims = await world.claims(tokens["access_token"])
    assert (claims["aud"], claims["sub"]) == (resource, user.id)
    assert not tokens["scope"]
    assert "all" not in claims["scope"]
    code = await world.code(application, session)
    with pytest.raises(InvalidTarget):
        await world.exchange(application, code, resource=resource)


async def _works(world: World, token: str) -> bool:
    try:
        await world.oidc.userinfo.authenticate(params(), f"Bearer {token}")
    except BearerRefused:
        return False
    return True


def _basic(client_id: str, secret: str) -> str:
    pair = f"{quote_plus(client_id)}:{quote_plus(secret)}"
    return f"Basic {base64.b64encode(pair.encode()).decode()}"
