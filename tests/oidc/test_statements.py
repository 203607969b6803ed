"""The security statements of OAuth 2.0 and OpenID Connect, each a test with its number.

What the statements say is in the docstrings; docs/reference/security-statements.md lists them.
Those that a module of the OpenID Foundation looks at are played over HTTP in `conformance/`, too.
"""

import asyncio
import base64
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import orjson
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey

from tests.oidc.world import CALLBACK, ISSUER, ORIGIN, VERIFIER, World, params
from watchword.applications.models import Application
from watchword.core.phone import PhoneNumber
from watchword.oidc.authorize import MAX_AGE
from watchword.oidc.errors import (
    AuthorizationRefused,
    BearerRefused,
    InvalidGrant,
    InvalidRedirectUri,
    InvalidRequest,
    UnsupportedGrantType,
)
from watchword.oidc.jwt import ACCESS_TOKEN_TYPE, ID_TOKEN_TYPE
from watchword.oidc.keys import PUBLISHED_AFTER, PUBLISHED_AHEAD
from watchword.oidc.management_access import Unauthorized
from watchword.oidc.models import AuthorizationResponse, NewSession
from watchword.users.models import User, UserChange

BYE = "https://shop.example/bye"
OFFLINE = {"scope": "openid offline_access", "prompt": "consent"}
COMPLETE: dict[str, Any] = {
    "primary_email": "alice@example.com",
    "name": "Alice",
    "avatar": "https://alice.example.com/portrait.png",
    "username": "alice",
    "profile": {
        **{f"{name}Name": name for name in ("family", "given", "middle")},
        **{
            name: name for name in ("nickname", "preferredUsername", "profile", "website", "gender")
        },
        **{name: name for name in ("birthdate", "zoneinfo", "locale")},
        "address": {"streetAddress": "1 Example Street"},
    },
}


async def refusal(answer: Awaitable[AuthorizationResponse | str]) -> str:
    """Return the error that the client reads at its redirect URI."""
    with pytest.raises(AuthorizationRefused) as caught:
        await answer
    assert caught.value.response.parameters["iss"] == ISSUER
    return str(caught.value.response.parameters["error"])


async def test_s100_redirect_uris_match_exactly_but_for_a_loopback_port(world: World) -> None:
    loopback = "http://127.0.0.1/callback"
    native = await world.add_application("Native", redirect_uris=(CALLBACK, loopback))
    session = await world.sign_in(await world.add_user())

    assert await world.code(native, session, redirect_uri="http://127.0.0.1:51234/callback")
    for wrong in (
        f"{CALLBACK}/",
        f"{CALLBACK}?x=1",
        f"{CALLBACK}#x",
        CALLBACK.upper(),
        CALLBACK.replace("https", "http"),
        "http://127.0.0.1:51234/other",
        "http://127.0.0.2:51234/callback",
        "http://127.0.0.1.evil.example/callback",
        "http://127.0.0.1:1@evil.example/callback",
    ):
        with pytest.raises(InvalidRedirectUri):
            await world.authorize(native, session, redirect_uri=wrong)
    web = await world.add_application("SPA", redirect_uris=("http://127.0.0.1:3000/callback",))
    with pytest.raises(InvalidRedirectUri):
        await world.authorize(web, session, redirect_uri="http://127.0.0.1:3001/callback")


async def test_s101_pkce_is_required_with_s256_and_cannot_be_taken_out(world: World) -> None:
    session = await world.sign_in(await world.add_user())
    nothing = {"code_challenge": None, "code_challenge_method": None}
    for kind in ("SPA", "Native", "Traditional"):
        application = await world.add_application(kind)
        for wrong in (nothing, {"code_challenge_method": "plain"}, {"code_challenge_method": None}):
            asked = world.authorize(application, session, **wrong)
            assert await refusal(asked) == "invalid_request"
        code = await world.code(application, session)
        with pytest.raises(InvalidGrant):
            await world.exchange(application, code, code_verifier=None)
    # Somebody between took the challenge out, where an application lets it be left out.
    lax = await world.add_application("Traditional", custom_client_metadata={"requirePkce": False})
    code = await world.code(lax, session, **nothing)
    with pytest.raises(InvalidGrant):
        await world.exchange(lax, code, code_verifier=VERIFIER)


async def test_s102_there_is_no_implicit_flow_and_no_password_grant(world: World) -> None:
    application = await world.add_application()
    session = await world.sign_in(await world.add_user())
    for kind in ("token", "id_token", "id_token token", "code id_token", "code token", "none"):
        asked = world.authorize(application, session, response_type=kind, nonce="n")
        assert await refusal(asked) == "unsupported_response_type"
    for grant_type in ("password", "implicit", "urn:ietf:params:oauth:grant-type:jwt-bearer"):
        with pytest.raises(UnsupportedGrantType):
            await world.token(application, grant_type=grant_type, username="a", password="b")


async def test_s103_a_code_is_good_once_for_a_minute(world: World) -> None:
    application = await world.add_application()
    session = await world.sign_in(await world.add_user())
    late = await world.code(application, session)
    world.clock.advance(timedelta(seconds=60))
    with pytest.raises(InvalidGrant):
        await world.exchange(application, late)

    code = await world.code(application, session, **OFFLINE)
    tokens = await world.exchange(application, code)
    with pytest.raises(InvalidGrant):
        await world.exchange(application, code)

    assert not await is_good(world, tokens["access_token"])
    with pytest.raises(InvalidGrant):
        await world.refresh(application, tokens["refresh_token"])


async def test_s104_refresh_tokens_rotate_and_end_together(world: World) -> None:
    application = await world.add_application()
    user = await world.add_user()
    first = await world.tokens(application, user, **OFFLINE)
    second = await world.refresh(application, first["refresh_token"])
    assert second["refresh_token"] != first["refresh_token"]

    with pytest.raises(InvalidGrant):
        await world.refresh(application, first["refresh_token"])
    with pytest.raises(InvalidGrant):
        await world.refresh(application, second["refresh_token"])
    assert not await is_good(world, second["access_token"])

    token = (await world.tokens(application, user, **OFFLINE))["refresh_token"]
    for _ in range(2):
        world.clock.advance(timedelta(days=7) - timedelta(seconds=1))
        token = (await world.refresh(application, token))["refresh_token"]
    world.clock.advance(timedelta(seconds=2))
    with pytest.raises(InvalidGrant):
        await world.refresh(application, token)


async def test_s104_a_refresh_token_that_was_used_can_still_be_taken_back(world: World) -> None:
    """A client that lost the newest one revokes the family by what it has."""
    application, other = await world.add_application(), await world.add_application()
    first = await world.tokens(application, await world.add_user(), **OFFLINE)
    second = await world.refresh(application, first["refresh_token"])
    asked = params(token=first["refresh_token"])
    await world.oidc.revocation.revoke(other, asked)
    assert await is_good(world, second["access_token"])

    await world.oidc.revocation.revoke(application, asked)

    assert not await is_good(world, second["access_token"])
    with pytest.raises(InvalidGrant):
        await world.refresh(application, second["refresh_token"])


async def test_s105_every_authorization_response_names_the_issuer(world: World) -> None:
    application = await world.add_application()
    session = await world.sign_in(await world.add_user())
    for mode in ("query", "fragment", "form_post"):
        answer = await world.authorize(application, session, response_mode=mode)
        assert isinstance(answer, AuthorizationResponse)
        assert answer.parameters["iss"] == ISSUER
        assert await refusal(world.authorize(application, response_mode=mode, prompt="none"))
    assert world.oidc.discovery()["authorization_response_iss_parameter_supported"] is True


async def test_s106_an_access_token_as_jwt_says_what_it_is(world: World) -> None:
    machine = await world.add_application("MachineToMachine", is_management=True)
    token = await machine_token(world, machine)
    assert header_of(token)["typ"] == "at+jwt"
    claims = await world.claims(token)
    now = int(world.clock.now().timestamp())
    assert claims["iss"] == ISSUER
    assert claims["aud"] == f"{ORIGIN}/api"
    assert claims["sub"] == claims["client_id"] == machine.id
    assert claims["iat"] == now < claims["exp"]
    other = await world.claims(await machine_token(world, machine))
    assert claims["jti"] != other["jti"]


@pytest.mark.parametrize("kind", [ID_TOKEN_TYPE, ACCESS_TOKEN_TYPE])
async def test_s107_only_our_key_with_its_own_algorithm_is_believed(
    world: World, kind: str
) -> None:
    signer = world.oidc.authorization.signer
    key = await world.oidc.keys.signing("ES256")
    claims = {"iss": ISSUER, "sub": "x", "aud": f"{ORIGIN}/api", "exp": 9999999999}
    good = {"alg": "ES256", "kid": key.id, "typ": kind}
    own = ECKey.generate_key("P-256")
    hmac = OctKey.import_key(orjson.dumps(key.public))
    body = part(claims)
    forged = [
        f"{part({**good, 'alg': 'none'})}.{body}.",
        jwt.encode({**good, "alg": "HS256"}, claims, hmac, algorithms=["HS256"]),
        jwt.encode(good, claims, own),
        jwt.encode({**good, "jwk": own.as_dict(private=False)}, claims, own),
        jwt.encode({**good, "jku": "https://evil.example/jwks"}, claims, own),
        jwt.encode({**good, "x5u": "https://evil.example/chain.pem"}, claims, own),
    ]

    assert await signer.read(await signer.sign(claims, "ES256", kind), kind)
    for token in forged:
        assert await signer.read(token, kind) is None
        with pytest.raises(Unauthorized):
            await world.oidc.management.caller_of(f"Bearer {token}")


async def test_s108_an_id_token_is_no_access_token_and_the_reverse(world: World) -> None:
    application = await world.add_application()
    tokens = await world.tokens(application, await world.add_user())
    machine = await world.add_application("MachineToMachine", is_management=True)
    jwt_access_token = await machine_token(world, machine)

    assert not await is_good(world, tokens["id_token"])
    asked = params(token=tokens["id_token"])
    assert await world.oidc.introspection.describe(machine, asked) == {"active": False}
    with pytest.raises(Unauthorized):
        await world.oidc.management.caller_of(f"Bearer {tokens['id_token']}")
    for token in (jwt_access_token, tokens["access_token"]):
        asked_again = world.authorize(application, id_token_hint=token)
        assert await refusal(asked_again) == "invalid_request"
        logout = await world.oidc.logout.validate(params(id_token_hint=token))
        assert logout.subject is None


async def test_s109_userinfo_says_the_same_whichever_way_it_is_asked(world: World) -> None:
    user = await world.add_user()
    token = (await world.tokens(await world.add_application(), user))["access_token"]
    for form, header in ((params(), f"Bearer {token}"), (params(access_token=token), None)):
        grant = await world.oidc.userinfo.authenticate(form, header)
        assert (await world.oidc.userinfo.claims(grant))["sub"] == user.id


async def test_s110_prompt_and_max_age_are_kept(world: World) -> None:
    application = await world.add_application()
    assert await refusal(world.authorize(application, prompt="none")) == "login_required"
    session = await world.sign_in(await world.add_user())
    assert isinstance(await world.authorize(application, session, prompt="login"), str)
    world.clock.advance(timedelta(seconds=90))
    assert isinstance(await world.authorize(application, session, max_age="89"), str)
    asked = world.authorize(application, session, max_age="89", prompt="none")
    assert await refusal(asked) == "login_required"
    assert MAX_AGE.fullmatch("0")

    code = await world.code(application, session, max_age="10000")
    claims = await world.claims((await world.exchange(application, code))["id_token"])
    assert claims["auth_time"] == int(session.session.authenticated_at.timestamp())


@pytest.mark.parametrize(
    "values",
    [
        {"login_hint": "+44 7700 900123"},
        {"ui_locales": "se ko"},
        {"claims_locales": "se"},
        {"acr_values": "1 2"},
        {"display": "popup"},
        {"display": "nonsense"},
        {"extra": "foobar"},
    ],
)
async def test_s111_what_is_optional_or_unknown_breaks_nothing(
    world: World, values: dict[str, str]
) -> None:
    application = await world.add_application()
    user = await world.add_user()
    assert "id_token" in await world.tokens(application, user, **values)


async def test_s111_a_hint_is_about_the_person_who_gets_the_code(world: World) -> None:
    """The person named by `id_token_hint` gets a code, however they come in; nobody else does."""
    application = await world.add_application()
    alice, bob = await world.add_user(), await add_bob(world)
    hint = (await world.tokens(application, alice))["id_token"]
    await check_only_for(world, application, alice, bob, id_token_hint=hint)


async def test_s113_a_subject_in_claims_is_about_the_person_who_gets_the_code(world: World) -> None:
    application = await world.add_application()
    alice, bob = await world.add_user(), await add_bob(world)
    wish = orjson.dumps({"id_token": {"sub": {"value": alice.id}}}).decode()
    await check_only_for(world, application, alice, bob, claims=wish)


async def check_only_for(
    world: World, application: Application, wanted: User, other: User, **values: str
) -> None:
    """See that *wanted* gets a code, and *other* none even after signing in for this request."""
    session = await world.sign_in(wanted)
    assert isinstance(await world.authorize(application, session, **values), AuthorizationResponse)
    session = await world.sign_in(other)
    assert isinstance(await world.authorize(application, session, **values), str)
    asked = await world.oidc.authorization.validate(
        params(
            client_id=application.id,
            response_type="code",
            code_challenge="c" * 43,
            code_challenge_method="S256",
            **values,
        )
    )
    answer = await world.oidc.codes.issue(
        asked,
        user_id=other.id,
        amr=("pwd",),
        auth_time=world.clock.now(),
        session_digest=session.session.id_digest,
    )
    assert answer.parameters["error"] == "login_required"
    assert "code" not in answer.parameters


@pytest.mark.parametrize("name", ["request", "request_uri"])
async def test_s112_request_objects_are_refused_by_name(world: World, name: str) -> None:
    application = await world.add_application()
    session = await world.sign_in(await world.add_user())
    asked = world.authorize(application, session, **{name: "https://shop.example/request"})
    assert await refusal(asked) == f"{name}_not_supported"
    assert world.oidc.discovery()[f"{name}_parameter_supported"] is False


async def test_s113_a_claim_comes_where_it_was_asked_for(world: World) -> None:
    application = await world.add_application()
    user = await world.add_user(**COMPLETE)
    wish = {
        "userinfo": {"name": {"essential": True}, "nobody_knows": None},
        "id_token": {"phone_number": None, "address": {"essential": False}, "acr": None},
    }
    tokens = await world.tokens(application, user, **OFFLINE, claims=orjson.dumps(wish).decode())
    world.clock.advance(timedelta(minutes=5))
    refreshed = await world.refresh(application, tokens["refresh_token"])
    for given in (tokens, refreshed):
        claims = await world.claims(given["id_token"])
        assert claims["phone_number"] == "+821012345678"
        assert claims["address"] == {"street_address": "1 Example Street"}
        assert not {"name", "phone_number_verified"} & set(claims)
        bearer = f"Bearer {given['access_token']}"
        grant = await world.oidc.userinfo.authenticate(params(), bearer)
        shown = await world.oidc.userinfo.claims(grant)
        assert shown == {"sub": user.id, "name": "Alice"}


async def test_s113_a_third_party_gets_no_claim_without_consent(world: World) -> None:
    application = await world.add_application(is_third_party=True)
    session = await world.sign_in(await world.add_user(**COMPLETE))
    plain = await world.oidc.authorization.validate(asked_by(application))
    await world.oidc.allow(plain, session.token)
    assert isinstance(await world.oidc.answer(plain, session.token), AuthorizationResponse)

    wish = orjson.dumps({"userinfo": {"phone_number": None}}).decode()
    more = await world.oidc.authorization.validate(asked_by(application, claims=wish))
    assert await world.oidc.answer(more, session.token) == more.consent_page
    question = await world.oidc.consent_question(more, session.token)
    assert question is not None
    assert question.scope == ("phone",)
    await world.oidc.allow(more, session.token)
    assert isinstance(await world.oidc.answer(more, session.token), AuthorizationResponse)


@pytest.mark.parametrize(
    ("claims", "error"),
    [
        ("{", "invalid_request"),
        ("[]", "invalid_request"),
        ('{"userinfo": []}', "invalid_request"),
        ('{"id_token": {"name": true}}', "invalid_request"),
        ('{"id_token": {"sub": {"value": 1}}}', "invalid_request"),
        ('{"id_token": {"acr": {"essential": true, "values": "x"}}}', "invalid_request"),
        (
            '{"id_token": {"acr": {"essential": true, "values": ["urn:example:gold"]}}}',
            "unmet_authentication_requirements",
        ),
        (
            '{"id_token": {"acr": {"essential": true, "value": "urn:example:gold"}}}',
            "unmet_authentication_requirements",
        ),
    ],
)
async def test_s113_claims_that_cannot_be_met_are_refused(
    world: World, claims: str, error: str
) -> None:
    application = await world.add_application()
    session = await world.sign_in(await world.add_user())
    assert await refusal(world.authorize(application, session, claims=claims)) == error


async def test_s114_logout_goes_to_a_registered_uri_of_a_proved_client_only(world: World) -> None:
    application = await world.add_application(post_logout_redirect_uris=(BYE,))
    user = await world.add_user()
    hint = (await world.tokens(application, user))["id_token"]
    world.clock.advance(timedelta(days=1))
    validate = world.oidc.logout.validate

    expired = await validate(params(id_token_hint=hint, post_logout_redirect_uri=BYE, state="s"))
    assert not expired.needs_confirmation(None)
    assert expired.redirect_to == f"{BYE}?state=s"
    for wrong in (f"{BYE}/", f"{BYE}?x=1", "https://evil.example/"):
        with pytest.raises(InvalidRequest):
            await validate(params(id_token_hint=hint, post_logout_redirect_uri=wrong))
    for unproved in ({}, {"id_token_hint": f"{hint[:-4]}AAAA"}):
        asked = await validate(params(post_logout_redirect_uri=BYE, **unproved))
        assert asked.needs_confirmation(None)
        assert asked.redirect_to is None
    someone = await world.sign_in(await add_bob(world))
    assert expired.needs_confirmation(someone.session)


class TestDiscoveryTellsTheTruth:
    """S115: each listed value is used."""

    async def test_s115_scopes_and_claims(self, world: World) -> None:
        found = world.oidc.discovery()
        application = await world.add_application()
        user = await world.add_user(**COMPLETE)
        await world.users.change(user.id, UserChange(custom_data={"plan": "gold"}))
        tokens = await world.tokens(
            application,
            user,
            scope=" ".join(found["scopes_supported"]),
            prompt="consent",
            nonce="n",
        )
        assert tokens["scope"].split() == found["scopes_supported"]
        bearer = f"Bearer {tokens['access_token']}"
        grant = await world.oidc.userinfo.authenticate(params(), bearer)
        claims = {
            **await world.claims(tokens["id_token"]),
            **await world.oidc.userinfo.claims(grant),
        }
        assert set(found["claims_supported"]) <= set(claims)
        assert claims["acr"] in found["acr_values_supported"]
        assert "refresh_token" in tokens

    async def test_s115_what_an_authorization_may_ask_for(self, world: World) -> None:
        found = world.oidc.discovery()
        application = await world.add_application()
        session = await world.sign_in(await world.add_user())
        for name, parameter in (
            ("response_types_supported", "response_type"),
            ("response_modes_supported", "response_mode"),
            ("code_challenge_methods_supported", "code_challenge_method"),
        ):
            for value in found[name]:
                assert await world.code(application, session, **{parameter: value})
        for value in found["acr_values_supported"]:
            answer = await world.authorize(application, session, acr_values=value)
            # This session has one proof; for two, the person is asked again.
            is_enough = value == session.session.acr
            assert isinstance(answer, AuthorizationResponse if is_enough else str)
        for value in found["prompt_values_supported"]:
            answer = await world.authorize(application, session, prompt=value)
            asks = value in {"login", "select_account"}
            assert isinstance(answer, str if asks else AuthorizationResponse)

    async def test_s115_grants_algorithms_and_client_authentication(self, world: World) -> None:
        found = world.oidc.discovery()
        assert set(found["grant_types_supported"]) == {
            "authorization_code",
            "refresh_token",
            "client_credentials",
        }
        user = await world.add_user()
        for algorithm in found["id_token_signing_alg_values_supported"]:
            metadata = {"idTokenSignedResponseAlg": algorithm}
            application = await world.add_application(custom_client_metadata=metadata)
            tokens = await world.tokens(application, user, **OFFLINE)
            assert header_of(tokens["id_token"])["alg"] == algorithm
            assert await world.refresh(application, tokens["refresh_token"])
        ways: dict[str, Callable[[], Awaitable[Application]]] = {
            "none": lambda: self._authenticate(world, public),
            "client_secret_post": lambda: self._authenticate(world, secret, form=True),
            "client_secret_basic": lambda: self._authenticate(world, secret),
        }
        public = await world.add_application()
        secret = await world.add_application("Traditional")
        for name in ("token", "introspection", "revocation"):
            assert set(found[f"{name}_endpoint_auth_methods_supported"]) == set(ways)
        for authenticate in ways.values():
            await authenticate()

    @staticmethod
    async def _authenticate(
        world: World, application: Application, *, form: bool = False
    ) -> Application:
        secret = world.secrets.get(application.id)
        if secret is None or form:
            asked = params(client_id=application.id, client_secret=secret)
            return await world.oidc.clients.authenticate(asked, None)
        pair = base64.b64encode(f"{application.id}:{secret}".encode()).decode()
        return await world.oidc.clients.authenticate(params(), f"Basic {pair}")

    async def test_s115_wrong_values_are_not_listed(self, world: World) -> None:
        found = world.oidc.discovery()
        application = await world.add_application()
        for parameter, name in (
            ("response_type", "response_types_supported"),
            ("response_mode", "response_modes_supported"),
            ("code_challenge_method", "code_challenge_methods_supported"),
            ("prompt", "prompt_values_supported"),
        ):
            assert "nonsense" not in found[name]
            asked = world.authorize(application, None, **{parameter: "nonsense"})
            assert await refusal(asked)


async def test_s116_an_old_key_stays_until_its_last_token_has_expired(world: World) -> None:
    week = {"idTokenTtl": 7 * 86400}
    application = await world.add_application(custom_client_metadata=week)
    user = await world.add_user()
    old = await world.oidc.keys.signing("ES256")
    rotation = await world.oidc.keys.rotate("ES256")
    assert rotation.key_id != old.id
    assert rotation.key_id in {key["kid"] for key in await world.oidc.keys.published()}

    world.clock.advance(PUBLISHED_AHEAD - timedelta(seconds=1))
    last = (await world.tokens(application, user))["id_token"]
    assert header_of(last)["kid"] == old.id
    world.clock.advance(timedelta(seconds=1))
    assert world.clock.now() >= rotation.signs_from
    assert header_of((await world.tokens(application, user))["id_token"])["kid"] == rotation.key_id

    world.clock.advance(timedelta(days=7) - timedelta(seconds=2))
    await world.oidc.purge(world.clock.now())
    assert (await world.claims(last))["exp"] > world.clock.now().timestamp()
    world.clock.advance(PUBLISHED_AFTER)
    assert old.id not in {key["kid"] for key in await world.oidc.keys.published()}


async def test_s116_rotations_at_once_leave_one_successor(world: World) -> None:
    others = [World(world.storage, world.clock, world.keys) for _ in range(3)]
    await world.oidc.keys.published()

    await asyncio.gather(*(other.oidc.keys.rotate("ES256") for other in others))

    rows = await world.oidc.keys.repository.list(world.clock.now() - PUBLISHED_AFTER)
    active = [row for row in rows if row["algorithm"] == "ES256" and row["retired_at"] is None]
    assert len(active) == 1
    world.clock.advance(PUBLISHED_AHEAD)
    signing = {(await other.oidc.keys.signing("ES256")).id for other in others}
    assert signing == {active[0]["id"]}


@pytest.mark.parametrize("is_proved", [True, False])
async def test_s117_a_number_is_e164_and_verified_only_by_proof(
    world: World, is_proved: bool
) -> None:
    user = await world.add_user(is_phone_verified=is_proved)
    tokens = await world.tokens(await world.add_application(), user, scope="openid phone")
    claims = await world.claims(tokens["id_token"])
    assert claims["phone_number"] == "+821012345678"
    assert claims["phone_number_verified"] is is_proved


async def test_s118_the_subject_is_no_number_and_survives_a_new_one(world: World) -> None:
    application, user = await world.add_application(), await world.add_user()
    before = await world.claims((await world.tokens(application, user))["id_token"])
    await world.users.change(user.id, UserChange(primary_phone=PhoneNumber("821087654321")))
    after = await world.claims((await world.tokens(application, user))["id_token"])
    assert before["sub"] == after["sub"] == user.id
    assert not {"1012345678", "1087654321"} & {user.id, user.id[-10:]}


async def test_s58_tokens_say_how_and_when_the_person_signed_in(world: World) -> None:
    application, user = await world.add_application(), await world.add_user()
    for amr in (("sms", "otp"), ("pwd",)):
        session = await world.oidc.sessions.create(user.id, amr)
        world.clock.advance(timedelta(minutes=3))
        claims = await claims_of(world, application, session)
        assert claims["amr"] == list(amr)
        assert claims["acr"] == "urn:watchword:acr:1fa"
        assert claims["auth_time"] == int(session.session.authenticated_at.timestamp())


async def claims_of(world: World, application: Application, session: NewSession) -> dict[str, Any]:
    """Return the claims of a fresh ID token."""
    code = await world.code(application, session)
    return await world.claims((await world.exchange(application, code))["id_token"])


async def is_good(world: World, token: str) -> bool:
    """Tell whether userinfo takes the token."""
    try:
        await world.oidc.userinfo.authenticate(params(), f"Bearer {token}")
    except BearerRefused:
        return False
    return True


async def add_bob(world: World) -> User:
    """Add somebody else."""
    return await world.add_user(primary_phone=None, username="bob")


async def machine_token(world: World, machine: Application) -> str:
    """Return an access token for the Management API, a JWT."""
    tokens = await world.token(
        machine, grant_type="client_credentials", resource=f"{ORIGIN}/api", scope="all"
    )
    return str(tokens["access_token"])


def asked_by(application: Application, **values: str) -> Any:
    """Return the parameters of an authorization request for `openid`."""
    return params(
        client_id=application.id,
        response_type="code",
        scope="openid",
        code_challenge="c" * 43,
        code_challenge_method="S256",
        **values,
    )


def part(document: dict[str, Any]) -> str:
    """Return a JWT's part."""
    return base64.urlsafe_b64encode(orjson.dumps(document)).rstrip(b"=").decode()


def header_of(token: str) -> dict[str, Any]:
    """Return a JWT's header."""
    head = token.partition(".")[0]
    return dict(orjson.loads(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4))))
