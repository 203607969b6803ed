"""Access tokens for APIs (RFC 8707, RFC 9068): who gets one, with which scope, for how long."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.oidc.world import CALLBACK, ISSUER, ORIGIN, PKCE, World, params
from watchword.applications.models import Application
from watchword.oidc.errors import (
    AuthorizationRefused,
    InvalidScope,
    InvalidTarget,
    UnsupportedTokenType,
)
from watchword.oidc.models import AuthorizationRequest
from watchword.resources.models import Resource, ResourceScope

ORDERS = "https://orders.example.com"
BILLS = "https://bills.example.com/v1"
MANAGEMENT = f"{ORIGIN}/api"
OFFLINE = {"scope": "openid offline_access read write delete", "prompt": "consent"}


async def add_api(
    world: World, indicator: str = ORDERS, names: tuple[str, ...] = ("read", "write"), **values: Any
) -> Resource:
    """Register an API with scopes."""
    now = world.clock.now()
    resource = Resource(
        id=indicator[8:12],
        name=f"API at {indicator}",
        indicator=indicator,
        created_at=now,
        scopes=tuple(
            ResourceScope(id=f"{indicator[8:12]}-{name}", name=name, created_at=now)
            for name in names
        ),
        **values,
    )
    await world.resources.repository.insert(resource)
    return resource


async def allow(world: World, application: Application, *scope_ids: str) -> Application:
    """Let the application be given scopes."""
    changed = await world.applications.repository.update(
        replace(application, resource_scopes=scope_ids)
    )
    assert changed is not None
    return changed


def elsewhere(world: World) -> World:
    """Return another process on the same database, which has read nothing yet."""
    return World(world.storage, world.clock, world.keys, secrets=world.secrets)


class TestPerson:
    """A person's application asks at the authorization endpoint, then at the token endpoint."""

    async def test_gets_the_scopes_that_were_assigned_to_the_application(
        self, world: World
    ) -> None:
        await add_api(world)
        application = await allow(world, await world.add_application(), "orde-read")
        user = await world.add_user()
        session = await world.sign_in(user)
        code = await world.code(
            application, session, resource=ORDERS, scope="openid read write nonsense"
        )

        tokens = await world.exchange(application, code, resource=ORDERS)

        claims = await world.claims(tokens["access_token"])
        now = int(world.clock.now().timestamp())
        assert claims.pop("jti")
        assert claims == {
            "iss": ISSUER,
            "sub": user.id,
            "aud": ORDERS,
            "client_id": application.id,
            "iat": now,
            "exp": now + 3600,
            "scope": "read",
        }
        assert (tokens["scope"], tokens["expires_in"]) == ("read", 3600)
        assert "id_token" in tokens

    async def test_without_a_resource_gets_a_token_for_userinfo(self, world: World) -> None:
        await add_api(world)
        application = await allow(world, await world.add_application(), "orde-read")
        session = await world.sign_in(await world.add_user())
        code = await world.code(application, session, resource=ORDERS, scope="openid phone read")

        tokens = await world.exchange(application, code)

        assert "." not in tokens["access_token"]
        assert tokens["scope"] == "openid phone"
        grant = await world.oidc.userinfo.authenticate(params(), f"Bearer {tokens['access_token']}")
        assert grant.scope == ("openid", "phone")

    async def test_refreshes_for_one_api_after_the_other(self, world: World) -> None:
        await add_api(world)
        await add_api(world, BILLS, ("read", "pay"), access_token_ttl=timedelta(minutes=5))
        application = await allow(
            world, await world.add_application(), "orde-read", "orde-write", "bill-read"
        )
        session = await world.sign_in(await world.add_user())
        request = await ask(world, application, resource=[ORDERS, BILLS], **OFFLINE)
        answer = await world.oidc.answer(request, session.token)
        assert not isinstance(answer, str)
        tokens = await world.exchange(application, answer.parameters["code"])
        token = tokens["refresh_token"]

        orders = await world.refresh(application, token, resource=ORDERS)
        bills = await world.refresh(application, orders["refresh_token"], resource=BILLS)
        again = await world.refresh(application, bills["refresh_token"])

        assert orders["scope"] == "read write"
        assert (bills["scope"], bills["expires_in"]) == ("read", 300)
        claims = await world.claims(bills["access_token"])
        assert (claims["aud"], claims["exp"] - claims["iat"]) == (BILLS, 300)
        assert again["scope"] == "openid offline_access"
        assert "id_token" in orders

    async def test_may_ask_for_less_but_not_for_more(self, world: World) -> None:
        await add_api(world)
        application = await allow(world, await world.add_application(), "orde-read", "orde-write")
        tokens = await world.tokens(
            application,
            await world.add_user(),
            resource=ORDERS,
            scope="openid offline_access read",
            prompt="consent",
        )
        token = tokens["refresh_token"]

        for scope in ("write", "read write", "nonsense"):
            with pytest.raises(InvalidScope):
                await world.refresh(application, token, resource=ORDERS, scope=scope)
        less = await world.refresh(application, token, resource=ORDERS, scope="read")

        assert less["scope"] == "read"
        assert "id_token" not in less
        none = await world.refresh(
            application, less["refresh_token"], resource=ORDERS, scope="openid"
        )
        assert none["scope"] == ""
        assert (await world.claims(none["access_token"]))["scope"] == ""

    async def test_a_slip_about_the_resource_does_not_cost_the_refresh_token(
        self, world: World
    ) -> None:
        await add_api(world)
        await add_api(world, BILLS)
        application = await world.add_application()
        tokens = await world.tokens(application, await world.add_user(), resource=ORDERS, **OFFLINE)

        for resource in (BILLS, "https://unknown.example", MANAGEMENT):
            with pytest.raises(InvalidTarget):
                await world.refresh(application, tokens["refresh_token"], resource=resource)

        assert "access_token" in await world.refresh(
            application, tokens["refresh_token"], resource=ORDERS
        )

    async def test_gets_less_once_a_scope_was_taken_away_and_never_more(self, world: World) -> None:
        api = await add_api(world)
        application = await allow(world, await world.add_application(), "orde-read", "orde-write")
        tokens = await world.tokens(application, await world.add_user(), resource=ORDERS, **OFFLINE)

        changed = await allow(world, application, "orde-write", "orde-delete")
        await world.resources.repository.update(
            api.with_scope(
                ResourceScope(id="orde-delete", name="delete", created_at=api.created_at)
            )
        )
        refreshed = await elsewhere(world).refresh(
            changed, tokens["refresh_token"], resource=ORDERS
        )

        assert refreshed["scope"] == "write"

    async def test_gets_nothing_for_an_api_that_is_gone(self, world: World) -> None:
        api = await add_api(world)
        application = await world.add_application()
        tokens = await world.tokens(application, await world.add_user(), resource=ORDERS, **OFFLINE)
        await world.resources.repository.delete(api.id)

        with pytest.raises(InvalidTarget):
            await elsewhere(world).refresh(application, tokens["refresh_token"], resource=ORDERS)

    async def test_without_openid_gets_a_token_for_the_one_api_it_named(self, world: World) -> None:
        await add_api(world)
        application = await allow(world, await world.add_application(), "orde-read")
        tokens = await world.tokens(
            application, await world.add_user(), resource=ORDERS, scope="read"
        )

        assert (await world.claims(tokens["access_token"]))["aud"] == ORDERS
        assert tokens["scope"] == "read"
        assert "id_token" not in tokens

    async def test_several_apis_may_be_named_in_one_value(self, world: World) -> None:
        for indicator in (ORDERS, BILLS, "https://1,2.example"):
            await add_api(world, indicator)
        application = await world.add_application()

        async def asked(*resource: str) -> tuple[str, ...]:
            return (await ask(world, application, resource=list(resource))).resources

        assert await asked(f"{ORDERS},{BILLS}") == await asked(ORDERS, BILLS) == (ORDERS, BILLS)
        assert await asked("https://1,2.example") == ("https://1,2.example",)

    @pytest.mark.parametrize("resource", ["https://unknown.example", "x", f"{ORDERS}/", ISSUER])
    async def test_an_unknown_resource_is_refused_where_the_client_reads_it(
        self, world: World, resource: str
    ) -> None:
        await add_api(world)
        application = await world.add_application()

        with pytest.raises(AuthorizationRefused) as refused:
            await ask(world, application, resource=[resource])

        assert refused.value.response.parameters["error"] == "invalid_target"

    async def test_the_management_api_gives_people_nothing(self, world: World) -> None:
        application = await world.add_application()
        tokens = await world.tokens(
            application, await world.add_user(), resource=MANAGEMENT, scope="all"
        )
        assert (await world.claims(tokens["access_token"]))["scope"] == ""


class TestDefault:
    """The default API is meant where no other is named."""

    async def test_may_be_asked_for_later(self, world: World) -> None:
        await add_api(world, is_default=True)
        application = await allow(world, await world.add_application(), "orde-read")
        tokens = await world.tokens(application, await world.add_user(), **OFFLINE)
        assert "." not in tokens["access_token"]

        refreshed = await world.refresh(application, tokens["refresh_token"], resource=ORDERS)

        assert refreshed["scope"] == "read"

    async def test_is_not_added_to_another_api(self, world: World) -> None:
        await add_api(world, is_default=True)
        await add_api(world, BILLS)
        application = await world.add_application()
        tokens = await world.tokens(application, await world.add_user(), resource=BILLS, **OFFLINE)
        with pytest.raises(InvalidTarget):
            await world.refresh(application, tokens["refresh_token"], resource=ORDERS)

    async def test_is_what_a_machine_means(self, world: World) -> None:
        await add_api(world, is_default=True)
        machine = await allow(world, await world.add_application("MachineToMachine"), "orde-read")
        tokens = await world.token(machine, grant_type="client_credentials", scope="read")
        claims = await world.claims(tokens["access_token"])
        assert (claims["aud"], claims["scope"]) == (ORDERS, "read")

    async def test_is_left_out_where_a_third_party_may_not_have_it(self, world: World) -> None:
        await add_api(world, is_default=True)
        application = await world.add_application(is_third_party=True)
        request = await ask(world, application, scope="openid read")
        assert (request.resources, request.scope_to_consent) == ((), ("openid",))


class TestThirdParty:
    """A third party's application needs both: an administrator's leave and the person's."""

    async def test_asks_the_person_for_the_scopes(self, world: World) -> None:
        await add_api(world)
        application = await allow(
            world, await world.add_application(is_third_party=True), "orde-read", "orde-write"
        )
        user = await world.add_user()
        session = await world.sign_in(user)
        first = await ask(world, application, resource=[ORDERS], scope="openid read")

        question = await world.oidc.consent_question(first, session.token)

        assert question is not None
        assert question.scope == ("openid",)
        assert question.resource_scopes == {ORDERS: ("read",)}
        named = await world.resources.named(question.resource_scopes)
        assert [(api.name, [scope.name for scope in scopes]) for api, scopes in named] == [
            (f"API at {ORDERS}", ["read"])
        ]
        await world.oidc.allow(first, session.token)
        tokens = await world.exchange(
            application,
            await world.code(application, session, resource=ORDERS, scope="openid read"),
            resource=ORDERS,
        )
        assert tokens["scope"] == "read"
        more = await ask(world, application, resource=[ORDERS], scope="openid read write")
        question = await world.oidc.consent_question(more, session.token)
        assert question is not None
        assert (question.scope, question.resource_scopes) == ((), {ORDERS: ("write",)})

    async def test_gets_no_token_without_a_scope_of_the_api(self, world: World) -> None:
        await add_api(world)
        application = await allow(
            world, await world.add_application(is_third_party=True), "orde-read"
        )
        for scope in ("openid", "openid write"):
            with pytest.raises(AuthorizationRefused) as refused:
                await ask(world, application, resource=[ORDERS], scope=scope)
            assert refused.value.response.parameters["error"] == "invalid_target"

    async def test_gets_none_once_its_scopes_were_taken_away(self, world: World) -> None:
        await add_api(world)
        application = await allow(
            world, await world.add_application(is_third_party=True), "orde-read"
        )
        session = await world.sign_in(await world.add_user())
        request = await ask(world, application, resource=[ORDERS], **OFFLINE)
        await world.oidc.allow(request, session.token)
        answer = await world.oidc.answer(request, session.token)
        assert not isinstance(answer, str)
        tokens = await world.exchange(application, answer.parameters["code"])
        changed = await allow(world, application)

        with pytest.raises(InvalidTarget):
            await elsewhere(world).refresh(changed, tokens["refresh_token"], resource=ORDERS)


class TestMachine:
    """A machine asks with its own secret."""

    async def test_gets_what_it_asks_for_of_what_was_assigned(self, world: World) -> None:
        await add_api(world, access_token_ttl=timedelta(minutes=10))
        machine = await allow(world, await world.add_application("MachineToMachine"), "orde-read")

        tokens = await world.token(
            machine, grant_type="client_credentials", resource=ORDERS, scope="read write all"
        )

        claims = await world.claims(tokens["access_token"])
        assert (claims["sub"], claims["client_id"]) == (machine.id, machine.id)
        assert (claims["aud"], claims["scope"]) == (ORDERS, "read")
        assert tokens["scope"] == "read"
        assert tokens["expires_in"] == claims["exp"] - claims["iat"] == 600

    async def test_gets_no_scope_that_it_did_not_ask_for(self, world: World) -> None:
        await add_api(world)
        machine = await allow(world, await world.add_application("MachineToMachine"), "orde-read")
        tokens = await world.token(machine, grant_type="client_credentials", resource=ORDERS)
        assert "scope" not in tokens
        assert (await world.claims(tokens["access_token"]))["scope"] == ""

    async def test_may_manage_only_where_it_is_marked_so(self, world: World) -> None:
        manager = await world.add_application("MachineToMachine", is_management=True)
        tokens = await world.token(
            manager, grant_type="client_credentials", resource=MANAGEMENT, scope="all"
        )
        assert tokens["scope"] == "all"
        # The scope of our own API can't be had by its id.
        robot = await allow(
            world, await world.add_application("MachineToMachine"), "management-api-all"
        )
        tokens = await world.token(
            robot, grant_type="client_credentials", resource=MANAGEMENT, scope="all"
        )
        assert "scope" not in tokens

    @pytest.mark.parametrize("resource", [None, "https://unknown.example"])
    async def test_needs_a_resource_that_is_known(self, world: World, resource: str | None) -> None:
        await add_api(world)
        machine = await world.add_application("MachineToMachine")
        with pytest.raises(InvalidTarget):
            await world.token(machine, grant_type="client_credentials", resource=resource)


async def test_a_token_for_an_api_is_no_token_for_userinfo_and_can_not_be_revoked(
    world: World,
) -> None:
    await add_api(world)
    machine = await allow(world, await world.add_application("MachineToMachine"), "orde-read")
    token = (
        await world.token(machine, grant_type="client_credentials", resource=ORDERS, scope="read")
    )["access_token"]

    described = await world.oidc.introspection.describe(machine, params(token=token))
    with pytest.raises(UnsupportedTokenType):
        await world.oidc.revocation.revoke(machine, params(token=token))
    assert (described["active"], described["aud"], described["scope"]) == (True, ORDERS, "read")
    world.clock.advance(timedelta(hours=1))
    described = await world.oidc.introspection.describe(machine, params(token=token))
    assert described == {"active": False}


async def test_another_tenants_apis_are_unknown(world: World) -> None:
    await add_api(world)
    other = World(world.storage, world.clock, world.keys, tenant_id="other")
    machine = await other.add_application("MachineToMachine")
    with pytest.raises(InvalidTarget):
        await other.token(machine, grant_type="client_credentials", resource=ORDERS)


async def test_a_sign_in_without_a_resource_costs_no_statement_more(world: World) -> None:
    await add_api(world)
    application = await world.add_application()
    await ask(world, application)
    before = world.storage.statements

    await ask(world, application)

    assert world.storage.statements == before


async def ask(
    world: World, application: Application, resource: list[str] | None = None, **values: str
) -> AuthorizationRequest:
    """Return the checked request of an application that names these APIs."""
    asked = {
        "client_id": application.id,
        "redirect_uri": CALLBACK,
        "response_type": "code",
        "scope": "openid",
        **PKCE,
        **values,
    }
    pairs = [*asked.items(), *(("resource", name) for name in resource or ())]
    parameters = type(params()).of(pairs)
    return await world.oidc.authorization.validate(parameters)
