"""Sessions: time-outs, endings, and what ends with them."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.oidc.world import World, params
from watchword.oidc.errors import BearerRefused, InvalidGrant, InvalidRequest
from watchword.oidc.sessions import IDLE_LIFETIME, SESSION_LIFETIME
from watchword.oidc.trail import Trail
from watchword.storage import StorageUnavailable
from watchword.users.models import UserChange


@pytest.mark.proves("S120")
async def test_every_authentication_gets_a_token_of_its_own(world: World) -> None:
    user = await world.add_user()
    first, second = await world.sign_in(user), await world.sign_in(user)
    assert first.token != second.token
    assert len(first.token) >= 43
    assert first.token not in str(first)


@pytest.mark.proves("S123")
async def test_times_out_when_idle(world: World) -> None:
    session = await world.sign_in(await world.add_user())
    world.clock.advance(IDLE_LIFETIME)
    assert await world.oidc.sessions.find(session.token) is None


@pytest.mark.proves("S123")
async def test_use_keeps_it_alive_until_its_end(world: World) -> None:
    application = await world.add_application()
    session = await world.sign_in(await world.add_user())
    lived = timedelta()
    while lived + timedelta(days=3) < SESSION_LIFETIME:
        world.clock.advance(timedelta(days=3))
        lived += timedelta(days=3)
        await world.code(application, session)
    world.clock.advance(SESSION_LIFETIME - lived)
    assert await world.oidc.sessions.find(session.token) is None


async def test_is_touched_once_a_minute_at_most(world: World) -> None:
    session = await world.sign_in(await world.add_user())
    before = world.storage.statements
    await world.oidc.sessions.touch(session.session)
    assert world.storage.statements == before
    world.clock.advance(timedelta(minutes=1))
    await world.oidc.sessions.touch(session.session)
    assert world.storage.statements == before + 1


class _TornTrail(Trail):
    async def signed_out(self, *_: object, **__: object) -> None:
        raise StorageUnavailable("gone in the middle")


async def test_whoever_signs_out_is_signed_out_of_everything_or_of_nothing(world: World) -> None:
    session = await world.sign_in(await world.add_user())
    torn = replace(world.oidc.logout, trail=_TornTrail(audit=world.oidc.logout.trail.audit))

    with pytest.raises(StorageUnavailable):
        await torn.end(session.token)

    assert await world.oidc.sessions.find(session.token) is not None


@pytest.mark.proves("S121")
async def test_ends_with_its_tokens_but_not_the_offline_ones(world: World) -> None:
    application = await world.add_application()
    user = await world.add_user()
    session = await world.sign_in(user)
    online = await world.exchange(application, await world.code(application, session))
    code = await world.code(application, session, scope="openid offline_access", prompt="consent")
    offline = await world.exchange(application, code)

    await world.oidc.sessions.end(session.token)

    assert await world.oidc.sessions.find(session.token) is None
    with pytest.raises(BearerRefused):
        await world.oidc.userinfo.authenticate(params(), f"Bearer {online['access_token']}")
    assert "id_token" in await world.refresh(application, offline["refresh_token"])


async def test_all_of_a_user_end_with_every_token(world: World) -> None:
    application = await world.add_application()
    user = await world.add_user()
    bob = await world.add_user(primary_phone=None, username="bob")
    session, other = await world.sign_in(user), await world.sign_in(bob)
    offline = await world.offline_tokens(application, user)

    await world.oidc.sessions.end_all(user.id)

    assert await world.oidc.sessions.find(session.token) is None
    assert await world.oidc.sessions.find(other.token) is not None
    with pytest.raises(InvalidGrant):
        await world.refresh(application, offline["refresh_token"])


@pytest.mark.proves("S121")
async def test_a_suspended_user_has_no_session(world: World) -> None:
    user = await world.add_user()
    session = await world.sign_in(user)
    await world.users.change(user.id, UserChange(is_suspended=True))
    assert await world.oidc.sessions.find(session.token) is None


async def test_another_tenant_does_not_know_it(world: World) -> None:
    session = await world.sign_in(await world.add_user())
    other = World(world.storage, world.clock, world.keys, tenant_id="other")
    assert await other.oidc.sessions.find(session.token) is None


async def test_nonsense_is_no_session(world: World) -> None:
    for token in (None, "", "x", "a\0b"):
        assert await world.oidc.sessions.find(token) is None


async def test_purging_leaves_what_lives(world: World) -> None:
    application = await world.add_application()
    user = await world.add_user()
    old = await world.sign_in(user)
    await world.offline_tokens(application, user)
    world.clock.advance(timedelta(days=8))
    new = await world.sign_in(user)
    fresh = await world.offline_tokens(application, user)

    await world.oidc.purge(world.clock.now())

    assert await world.oidc.sessions.find(old.token) is None
    assert await world.oidc.sessions.find(new.token) is not None
    assert "id_token" in await world.refresh(application, fresh["refresh_token"])


class TestLogout:
    """Who may end a session without asking, and where the browser goes then."""

    BYE = "https://shop.example/bye"

    async def test_a_hint_proves_the_client_and_the_person(self, world: World) -> None:
        application = await world.add_application(post_logout_redirect_uris=(self.BYE,))
        user = await world.add_user()
        hint = (await world.tokens(application, user))["id_token"]
        session = await world.sign_in(user)
        world.clock.advance(timedelta(hours=5))

        asked = await world.oidc.logout.validate(
            params(id_token_hint=hint, post_logout_redirect_uri=self.BYE, state="s")
        )

        assert not asked.needs_confirmation(await world.oidc.sessions.find(session.token))
        assert not asked.needs_confirmation(None)
        assert asked.redirect_to == f"{self.BYE}?state=s"

    async def test_anyone_elses_hint_asks(self, world: World) -> None:
        application = await world.add_application()
        hint = (await world.tokens(application, await world.add_user()))["id_token"]
        bob = await world.sign_in(await world.add_user(primary_phone=None, username="bob"))
        asked = await world.oidc.logout.validate(params(id_token_hint=hint))
        assert asked.needs_confirmation(bob.session)

    async def test_without_a_hint_it_asks(self, world: World) -> None:
        application = await world.add_application(post_logout_redirect_uris=(self.BYE,))
        asked = await world.oidc.logout.validate(
            params(client_id=application.id, post_logout_redirect_uri=self.BYE)
        )
        assert asked.needs_confirmation(None)
        assert asked.redirect_to == self.BYE

    async def test_a_changed_hint_leads_nowhere(self, world: World) -> None:
        application = await world.add_application(post_logout_redirect_uris=(self.BYE,))
        hint = (await world.tokens(application, await world.add_user()))["id_token"]
        asked = await world.oidc.logout.validate(
            params(id_token_hint=hint[:-4] + "AAAA", post_logout_redirect_uri=self.BYE)
        )
        assert asked.needs_confirmation(None)
        assert asked.redirect_to is None

    async def test_an_unregistered_address_is_refused(self, world: World) -> None:
        application = await world.add_application(post_logout_redirect_uris=(self.BYE,))
        hint = (await world.tokens(application, await world.add_user()))["id_token"]
        for values in ({"client_id": application.id}, {"id_token_hint": hint}):
            with pytest.raises(InvalidRequest):
                await world.oidc.logout.validate(
                    params(post_logout_redirect_uri=f"{self.BYE}/", **values)
                )

    async def test_the_hint_and_the_client_must_agree(self, world: World) -> None:
        application, other = await world.add_application(), await world.add_application()
        hint = (await world.tokens(application, await world.add_user()))["id_token"]
        with pytest.raises(InvalidRequest):
            await world.oidc.logout.validate(params(id_token_hint=hint, client_id=other.id))

    async def test_the_confirmation_belongs_to_the_browser(self, world: World) -> None:
        token = world.oidc.logout.confirmation_token("mine")
        world.oidc.logout.check_confirmation(token, "mine")
        for other in ("theirs", None):
            with pytest.raises(InvalidRequest):
                world.oidc.logout.check_confirmation(token, other)


class TestIntrospectionAndRevocation:
    """What a client may learn of a token, and take back."""

    async def test_describes_an_access_token(self, world: World) -> None:
        application = await world.add_application()
        user = await world.add_user()
        tokens = await world.tokens(application, user, scope="openid phone")
        asked = params(token=tokens["access_token"])

        described = await world.oidc.introspection.describe(application, asked)

        now = int(world.clock.now().timestamp())
        assert described == {
            "active": True,
            "sub": user.id,
            "client_id": application.id,
            "exp": now + 3600,
            "iat": now,
            "iss": world.oidc.issuer,
            "scope": "openid phone",
            "token_type": "Bearer",
        }
        other = await world.add_application()
        assert await world.oidc.introspection.describe(other, asked) == {"active": False}
        server = await world.add_application("Traditional")
        assert (await world.oidc.introspection.describe(server, asked))["active"] is True
        world.clock.advance(timedelta(hours=1))
        assert await world.oidc.introspection.describe(application, asked) == {"active": False}

    async def test_an_id_token_is_no_access_token(self, world: World) -> None:
        application = await world.add_application()
        tokens = await world.tokens(application, await world.add_user())
        asked = params(token=tokens["id_token"])
        assert await world.oidc.introspection.describe(application, asked) == {"active": False}
        with pytest.raises(BearerRefused):
            await world.oidc.userinfo.authenticate(params(), f"Bearer {tokens['id_token']}")

    async def test_a_revoked_refresh_token_takes_its_family_along(self, world: World) -> None:
        application = await world.add_application()
        tokens = await world.offline_tokens(application, await world.add_user())
        other = await world.add_application()
        await world.oidc.revocation.revoke(other, params(token=tokens["refresh_token"]))
        bearer = f"Bearer {tokens['access_token']}"
        assert (await world.oidc.userinfo.authenticate(params(), bearer)).is_offline

        await world.oidc.revocation.revoke(application, params(token=tokens["refresh_token"]))

        with pytest.raises(InvalidGrant):
            await world.refresh(application, tokens["refresh_token"])
        with pytest.raises(BearerRefused):
            await world.oidc.userinfo.authenticate(params(), f"Bearer {tokens['access_token']}")

    async def test_a_revoked_access_token_goes_alone(self, world: World) -> None:
        application = await world.add_application()
        tokens = await world.offline_tokens(application, await world.add_user())
        await world.oidc.revocation.revoke(application, params(token=tokens["access_token"]))
        with pytest.raises(BearerRefused):
            await world.oidc.userinfo.authenticate(params(), f"Bearer {tokens['access_token']}")
        assert "id_token" in await world.refresh(application, tokens["refresh_token"])
