"""Organizations in tokens: where a person belongs, and tokens for one organization."""

from dataclasses import replace
from typing import Any

import pytest

from tests.oidc.test_resources import BILLS, ORDERS, add_api, allow, ask, elsewhere
from tests.oidc.world import ISSUER, World, params
from watchword.applications.models import Application
from watchword.audit.models import SYSTEM
from watchword.oidc.consents import ConsentQuestion
from watchword.oidc.errors import (
    InvalidScope,
    InvalidTarget,
    OrganizationRefused,
    OrganizationScopeMissing,
)
from watchword.organization_roles.models import NewRole
from watchword.organizations.models import NewOrganization
from watchword.users.models import User

ANY = "urn:logto:resource:organizations"
ORGANIZATIONS = "urn:logto:scope:organizations"
ROLES = "urn:logto:scope:organization_roles"
OFFLINE = {
    "scope": f"openid offline_access {ORGANIZATIONS} read:games write:games nonsense",
    "prompt": "consent",
}


class Club:
    """An organization of a world, with a role that may read."""

    def __init__(self, world: World) -> None:
        self.world, self.organizations = world, world.organizations

    async def found(self, name: str = "Chess club", **values: Any) -> str:
        """Make an organization and return its id."""
        made = await self.organizations.create(SYSTEM, NewOrganization(name=name, **values))
        return made.id

    async def role(self, name: str, *scopes: str, apis: tuple[str, ...] = ()) -> str:
        """Make a role that allows these scopes and those of APIs; return its id."""
        roles = self.organizations.roles
        ids = [(await roles.create_scope(SYSTEM, scope)).id for scope in scopes]
        new = NewRole(name=name, scope_ids=tuple(ids), resource_scope_ids=apis)
        return (await roles.create(SYSTEM, new)).id

    async def join(self, organization_id: str, user: User, *role_ids: str) -> None:
        """Let a user belong to an organization."""
        await self.organizations.add_members(SYSTEM, organization_id, [user.id])
        if role_ids:
            await self.organizations.add_roles(SYSTEM, organization_id, user.id, role_ids=role_ids)


@pytest.fixture
def club(world: World) -> Club:
    """Return what makes organizations."""
    return Club(world)


async def refresh_token(world: World, application: Application, user: User, **values: Any) -> str:
    """Sign *user* in and return a refresh token that organizations can be asked for with."""
    resources = values.pop("resource", [ANY])
    session = await world.sign_in(user)
    request = await ask(world, application, resource=resources, **{**OFFLINE, **values})
    answer = await world.oidc.answer(request, session.token)
    assert not isinstance(answer, str)
    tokens = await world.exchange(application, answer.parameters["code"])
    return str(tokens["refresh_token"])


class TestClaims:
    """What the ID token and userinfo say."""

    async def test_say_where_somebody_belongs_and_as_what(self, world: World, club: Club) -> None:
        user, application = await world.add_user(), await world.add_application()
        chess, go = await club.found(), await club.found("Go club", description="On Mondays")
        await club.join(chess, user, await club.role("player"), await club.role("treasurer"))
        await club.join(go, user)
        await club.found("Somebody else's")

        tokens = await world.tokens(application, user, scope=f"openid {ORGANIZATIONS} {ROLES}")

        claims = await world.claims(tokens["id_token"])
        assert sorted(claims["organizations"]) == sorted([chess, go])
        assert claims["organization_roles"] == [f"{chess}:player", f"{chess}:treasurer"]
        assert "organization_data" not in claims
        userinfo = await claims_at_userinfo(world, tokens)
        assert sorted(userinfo["organizations"]) == sorted([chess, go])
        assert userinfo["organization_roles"] == claims["organization_roles"]
        data = {of["id"]: of for of in userinfo["organization_data"]}
        assert data[go] == {"id": go, "name": "Go club", "description": "On Mondays"}
        assert data[chess] == {"id": chess, "name": "Chess club", "description": None}

    async def test_are_empty_lists_for_who_belongs_nowhere(self, world: World) -> None:
        tokens = await world.tokens(
            await world.add_application(),
            await world.add_user(),
            scope=f"openid {ORGANIZATIONS} {ROLES}",
        )

        claims = await world.claims(tokens["id_token"])

        assert (claims["organizations"], claims["organization_roles"]) == ([], [])

    async def test_follow_who_leaves_and_what_they_are(self, world: World, club: Club) -> None:
        user, application = await world.add_user(), await world.add_application()
        chess = await club.found()
        role, other = await club.role("player"), await club.role("treasurer")
        await club.join(chess, user, role)
        token = await refresh_token(
            world, application, user, scope=f"openid offline_access {ORGANIZATIONS} {ROLES}"
        )

        await world.organizations.replace_roles(SYSTEM, chess, user.id, role_ids=[other])
        changed = await world.refresh(application, token)
        await world.organizations.remove_member(SYSTEM, chess, user.id)
        left = await world.refresh(application, changed["refresh_token"])

        assert (await world.claims(changed["id_token"]))["organization_roles"] == [
            f"{chess}:treasurer"
        ]
        assert (await world.claims(left["id_token"]))["organizations"] == []

    @pytest.mark.parametrize("scope", ["openid", f"openid {ROLES}"])
    async def test_say_only_what_the_scope_is_for(
        self, world: World, club: Club, scope: str
    ) -> None:
        user = await world.add_user()
        await club.join(await club.found(), user)

        tokens = await world.tokens(await world.add_application(), user, scope=scope)

        claims = await world.claims(tokens["id_token"])
        userinfo = await claims_at_userinfo(world, tokens)
        assert {"organizations", "organization_data"}.isdisjoint({*claims, *userinfo})
        assert ("organization_roles" in claims) is (ROLES in scope)

    async def test_can_be_asked_for_one_by_one(self, world: World, club: Club) -> None:
        user = await world.add_user()
        chess = await club.found()
        await club.join(chess, user)

        tokens = await world.tokens(
            await world.add_application(),
            user,
            claims='{"id_token": {"organizations": null}, "userinfo": {"organization_data": null}}',
        )

        assert (await world.claims(tokens["id_token"]))["organizations"] == [chess]
        userinfo = await claims_at_userinfo(world, tokens)
        assert [of["id"] for of in userinfo["organization_data"]] == [chess]
        assert "organizations" not in userinfo

    async def test_need_a_persons_consent_for_a_third_party(self, world: World, club: Club) -> None:
        user = await world.add_user()
        application = await world.add_application("Traditional", is_third_party=True)
        session = await world.sign_in(user)
        scope = f"openid {ORGANIZATIONS}"

        assert await world.authorize(application, session, scope=scope) == (
            f"/consent?app_id={application.id}"
        )

        request = await ask(world, application, scope=scope)
        question = await world.oidc.consent_question(request, session.token)
        assert question == ConsentQuestion(application, user.id, ("openid", ORGANIZATIONS), {})


class TestTokens:
    """Access tokens for one organization, by a refresh token."""

    async def test_allow_what_the_roles_do_and_the_application_asked_for(
        self, world: World, club: Club
    ) -> None:
        user, application = await world.add_user(), await world.add_application()
        chess = await club.found()
        await club.join(chess, user, await club.role("player", "read:games", "read:bills"))
        token = await refresh_token(world, application, user)

        tokens = await world.refresh(application, token, organization_id=chess)

        claims = await world.claims(tokens["access_token"])
        now = int(world.clock.now().timestamp())
        assert claims.pop("jti")
        assert claims == {
            "iss": ISSUER,
            "sub": user.id,
            "aud": f"urn:logto:organization:{chess}",
            "client_id": application.id,
            "iat": now,
            "exp": now + 3600,
            "scope": "read:games",
        }
        assert (tokens["scope"], tokens["expires_in"]) == ("read:games", 3600)
        assert {"id_token", "refresh_token"} <= set(tokens)

    async def test_have_less_where_less_is_asked_for_and_never_more(
        self, world: World, club: Club
    ) -> None:
        user, application = await world.add_user(), await world.add_application()
        chess = await club.found()
        await club.join(chess, user, await club.role("all", "read:games", "write:games", "pay"))
        token = await refresh_token(world, application, user)

        for scope in ("pay", "nonsense", "read:games pay"):
            with pytest.raises(InvalidScope):
                await world.refresh(application, token, organization_id=chess, scope=scope)
        less = await world.refresh(application, token, organization_id=chess, scope="write:games")

        assert less["scope"] == "write:games"

    async def test_without_scopes_are_for_members_all_the_same(
        self, world: World, club: Club
    ) -> None:
        user, application = await world.add_user(), await world.add_application()
        chess = await club.found()
        await club.join(chess, user)
        token = await refresh_token(
            world, application, user, scope=f"openid offline_access {ORGANIZATIONS}"
        )

        tokens = await world.refresh(application, token, organization_id=chess)

        claims = await world.claims(tokens["access_token"])
        assert (claims["aud"], claims["scope"]) == (f"urn:logto:organization:{chess}", "")
        assert tokens["scope"] == ""

    @pytest.mark.parametrize("named", ["theirs", "unknown", "\x00", "x" * 200, "../etc"])
    async def test_are_refused_to_who_does_not_belong_and_cost_no_refresh_token(
        self, world: World, club: Club, named: str
    ) -> None:
        user, application = await world.add_user(), await world.add_application()
        theirs = await club.found("Somebody else's")
        asked = theirs if named == "theirs" else named
        token = await refresh_token(world, application, user)

        with pytest.raises(OrganizationRefused) as refused:
            await world.refresh(application, token, organization_id=asked)

        assert (refused.value.error, refused.value.status) == ("access_denied", 403)
        assert refused.value.detail == "user is not a member of the organization"
        assert "access_token" in await world.refresh(application, token)

    async def test_end_with_the_membership_and_follow_the_roles(
        self, world: World, club: Club
    ) -> None:
        user, application = await world.add_user(), await world.add_application()
        chess = await club.found()
        reader = await club.role("reader", "read:games")
        writer = await club.role("writer", "write:games")
        await club.join(chess, user, reader)
        token = await refresh_token(world, application, user)

        await world.organizations.replace_roles(SYSTEM, chess, user.id, role_ids=[writer])
        changed = await world.refresh(application, token, organization_id=chess)
        await world.organizations.remove_member(SYSTEM, chess, user.id)

        assert changed["scope"] == "write:games"
        with pytest.raises(OrganizationRefused):
            await world.refresh(application, changed["refresh_token"], organization_id=chess)

    async def test_need_the_scope_of_organizations(self, world: World, club: Club) -> None:
        user, application = await world.add_user(), await world.add_application()
        chess = await club.found()
        await club.join(chess, user)
        token = (await world.offline_tokens(application, user))["refresh_token"]

        with pytest.raises(OrganizationScopeMissing) as missing:
            await world.refresh(application, token, organization_id=chess)

        assert (missing.value.error, missing.value.status) == ("insufficient_scope", 403)
        assert "access_token" in await world.refresh(application, token)

    async def test_are_not_for_third_parties(self, world: World, club: Club) -> None:
        user = await world.add_user()
        application = await world.add_application("Traditional", is_third_party=True)
        chess = await club.found()
        await club.join(chess, user, await club.role("player", "read:games"))
        request = await ask(world, application, resource=[ANY], **OFFLINE)
        session = await world.sign_in(user)
        await world.oidc.allow(request, session.token)
        answer = await world.oidc.answer(replace(request, prompt=()), session.token)
        assert not isinstance(answer, str)
        tokens = await world.exchange(application, answer.parameters["code"])

        assert request.resource_scopes == {}
        with pytest.raises(OrganizationRefused, match="not granted to the application"):
            await world.refresh(application, tokens["refresh_token"], organization_id=chess)

    @pytest.mark.parametrize(("amr", "is_enough"), [(("sms", "otp"), False), (("mfa",), True)])
    async def test_need_a_second_factor_where_the_organization_does(
        self, world: World, club: Club, amr: tuple[str, ...], is_enough: bool
    ) -> None:
        user, application = await world.add_user(), await world.add_application()
        chess = await club.found(is_mfa_required=True)
        await club.join(chess, user, await club.role("player", "read:games"))
        session = await world.oidc.sessions.create(user.id, amr)
        request = replace(await ask(world, application, resource=[ANY], **OFFLINE), prompt=())
        answer = await world.oidc.answer(request, session.token)
        assert not isinstance(answer, str)
        token = (await world.exchange(application, answer.parameters["code"]))["refresh_token"]

        if is_enough:
            tokens = await world.refresh(application, token, organization_id=chess)
            assert tokens["scope"] == "read:games"
            return
        with pytest.raises(OrganizationRefused, match="requires MFA"):
            await world.refresh(application, token, organization_id=chess)

    async def test_can_be_introspected(self, world: World, club: Club) -> None:
        user, application = await world.add_user(), await world.add_application()
        chess = await club.found()
        await club.join(chess, user, await club.role("player", "read:games"))
        token = await refresh_token(world, application, user)
        tokens = await world.refresh(application, token, organization_id=chess)

        described = await world.oidc.introspection.describe(
            application, params(token=tokens["access_token"])
        )

        assert described["active"]
        assert described["aud"] == f"urn:logto:organization:{chess}"

    async def test_come_by_no_code_and_to_no_machine(self, world: World, club: Club) -> None:
        user, application = await world.add_user(), await world.add_application()
        chess = await club.found()
        await club.join(chess, user)
        code = await world.code(
            application, await world.sign_in(user), scope=f"openid {ORGANIZATIONS}"
        )
        machine = await world.add_application("MachineToMachine")

        tokens = await world.exchange(application, code, organization_id=chess)

        assert "." not in tokens["access_token"]
        with pytest.raises(OrganizationRefused):
            await world.token(machine, grant_type="client_credentials", organization_id=chess)

    async def test_are_for_no_organization_at_large(self, world: World, club: Club) -> None:
        user, application = await world.add_user(), await world.add_application()
        token = await refresh_token(world, application, user)

        with pytest.raises(InvalidTarget):
            await world.refresh(application, token, resource=ANY)
        plain = await world.refresh(application, token, scope="offline_access")

        assert "." not in plain["access_token"]

    async def test_a_scope_with_characters_that_no_database_reads_is_passed_over(
        self, world: World
    ) -> None:
        application = await world.add_application()

        request = await ask(world, application, resource=[ANY], scope="openid a\x00b")

        assert request.resource_scopes == {}


class TestApis:
    """Tokens for an API in one organization."""

    async def test_have_what_application_request_and_roles_agree_on(
        self, world: World, club: Club
    ) -> None:
        await add_api(world, names=("read", "write", "delete"))
        application = await allow(world, await world.add_application(), "orde-read", "orde-write")
        user, chess, go = await world.add_user(), await club.found(), await club.found("Go")
        player = await club.role("player", apis=("orde-write", "orde-delete"))
        await club.join(chess, user, player)
        await club.join(go, user)
        token = await refresh_token(
            world,
            application,
            user,
            resource=[ANY, ORDERS],
            scope=f"openid offline_access {ORGANIZATIONS} read write delete",
        )

        there = await world.refresh(application, token, resource=ORDERS, organization_id=chess)
        at_go = await world.refresh(
            application, there["refresh_token"], resource=ORDERS, organization_id=go
        )
        without = await world.refresh(application, at_go["refresh_token"], resource=ORDERS)

        claims = await world.claims(there["access_token"])
        assert (claims["aud"], claims["organization_id"]) == (ORDERS, chess)
        assert (claims["scope"], there["scope"]) == ("write", "write")
        claims = await world.claims(at_go["access_token"])
        assert (claims["organization_id"], claims["scope"]) == (go, "")
        claims = await world.claims(without["access_token"])
        assert claims["scope"] == "read write"
        assert "organization_id" not in claims

        # What the application may no longer have, no role brings back.
        await allow(world, application, "orde-read")
        later = await elsewhere(world).refresh(
            await elsewhere(world).applications.get(application.id),
            without["refresh_token"],
            resource=ORDERS,
            organization_id=chess,
        )
        assert (await world.claims(later["access_token"]))["scope"] == ""

    async def test_are_refused_where_the_api_was_not_asked_for_or_nobody_belongs(
        self, world: World, club: Club
    ) -> None:
        await add_api(world)
        await add_api(world, BILLS)
        user, application = await world.add_user(), await world.add_application()
        chess, theirs = await club.found(), await club.found("Somebody else's")
        await club.join(chess, user)
        token = await refresh_token(world, application, user, resource=[ANY, ORDERS])

        with pytest.raises(InvalidTarget):
            await world.refresh(application, token, resource=BILLS, organization_id=chess)
        with pytest.raises(OrganizationRefused):
            await world.refresh(application, token, resource=ORDERS, organization_id=theirs)


async def test_organizations_cost_one_statement_and_only_who_asks_for_them(
    world: World, club: Club
) -> None:
    user, application = await world.add_user(), await world.add_application()
    await club.join(await club.found(), user, await club.role("player"))
    costs = []
    for scope in ("openid phone", f"openid phone {ORGANIZATIONS} {ROLES}"):
        code = await world.code(application, await world.sign_in(user), scope=scope)
        # Whatever is read once and kept is read by now.
        await world.exchange(application, code)
        code = await world.code(application, await world.sign_in(user), scope=scope)
        before = world.storage.statements
        tokens = await world.exchange(application, code)
        exchanged = world.storage.statements
        await claims_at_userinfo(world, tokens)
        costs.append((exchanged - before, world.storage.statements - exchanged))

    (exchange, userinfo), with_organizations = costs
    assert with_organizations == (exchange + 1, userinfo + 1)


async def claims_at_userinfo(world: World, tokens: dict[str, Any]) -> dict[str, Any]:
    """Return what userinfo says for an access token."""
    grant = await world.oidc.userinfo.authenticate(params(), f"Bearer {tokens['access_token']}")
    return await world.oidc.userinfo.claims(grant)
