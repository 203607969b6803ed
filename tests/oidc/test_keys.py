"""Signing keys: one of each kind whatever the race, rotation, and what a token may not say."""

import asyncio
import base64
from datetime import timedelta
from typing import Any

import orjson
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey

from tests.oidc.world import World
from watchword.oidc.jwt import ACCESS_TOKEN_TYPE, ID_TOKEN_TYPE, Signer
from watchword.oidc.keys import PUBLISHED_AFTER, PUBLISHED_AHEAD


async def test_processes_that_start_together_make_one_key_of_each_kind(world: World) -> None:
    others = [World(world.storage, world.clock, world.keys) for _ in range(4)]

    published = await asyncio.gather(*(other.oidc.keys.published() for other in others))

    assert sorted(key["alg"] for key in published[0]) == ["ES256", "RS256"]
    assert all(keys == published[0] for keys in published)
    assert not any({"d", "p", "q"} & set(key) for key in published[0])


async def test_a_kind_of_key_is_made_when_it_is_needed(world: World) -> None:
    await world.oidc.keys.signing("ES256")

    rows = await world.oidc.keys.repository.list(world.clock.now() - timedelta(days=1))
    assert [row["algorithm"] for row in rows] == ["ES256"]


async def test_the_private_key_is_sealed(world: World) -> None:
    await world.oidc.keys.published()
    rows = await world.oidc.keys.repository.list(world.clock.now() - timedelta(days=1))
    assert all(row["private_key"].startswith("k2.") for row in rows)


async def test_an_application_may_ask_for_rs256(world: World) -> None:
    application = await world.add_application(
        custom_client_metadata={"idTokenSignedResponseAlg": "RS256"}
    )
    token = (await world.tokens(application, await world.add_user()))["id_token"]
    assert _header(token)["alg"] == "RS256"
    await world.claims(token)


async def test_rotation_publishes_first_and_signs_later(world: World) -> None:
    old = await world.oidc.keys.signing("ES256")
    world.clock.advance(timedelta(days=1))
    await world.oidc.keys.rotate("ES256")

    assert (await world.oidc.keys.signing("ES256")).id == old.id
    assert len(await world.oidc.keys.published()) == 3

    world.clock.advance(PUBLISHED_AHEAD)
    new = await world.oidc.keys.signing("ES256")
    assert new.id != old.id
    world.clock.advance(PUBLISHED_AFTER - timedelta(minutes=10))
    assert old.id in {key["kid"] for key in await world.oidc.keys.published()}
    world.clock.advance(timedelta(minutes=20))
    assert old.id not in {key["kid"] for key in await world.oidc.keys.published()}
    await world.oidc.purge(world.clock.now())
    assert await world.oidc.keys.find(new.id) is not None


async def test_another_process_reads_tokens_of_a_new_key(world: World) -> None:
    other = World(world.storage, world.clock, world.keys)
    await other.oidc.keys.published()
    await world.oidc.keys.rotate("ES256")
    world.clock.advance(PUBLISHED_AHEAD)

    token = await _signer(world).sign({"sub": "x"}, "ES256", ID_TOKEN_TYPE)

    assert await _signer(other).read(token, ID_TOKEN_TYPE) is not None


@pytest.mark.parametrize("algorithm", ["none", "HS256", "ES384"])
async def test_the_key_decides_the_algorithm(world: World, algorithm: str) -> None:
    key = await world.oidc.keys.signing("ES256")
    body = {"iss": world.oidc.issuer, "sub": "x", "exp": 9999999999}
    header = {"alg": algorithm, "kid": key.id, "typ": ID_TOKEN_TYPE}
    public = orjson.dumps(key.public)
    if algorithm == "HS256":
        token = jwt.encode(header, body, OctKey.import_key(public), algorithms=["HS256"])
    else:
        token = f"{_part(header)}.{_part(body)}.{'' if algorithm == 'none' else 'eA'}"
    assert await _signer(world).read(token, ID_TOKEN_TYPE) is None


async def test_a_key_in_the_header_is_ignored(world: World) -> None:
    own = ECKey.generate_key("P-256")
    genuine = await world.oidc.keys.signing("ES256")
    for header in (
        {"jwk": own.as_dict(private=False)},
        {"jwk": own.as_dict(private=False), "kid": genuine.id},
        {"jku": "https://evil.example/jwks", "kid": "x"},
    ):
        token = jwt.encode(
            {"alg": "ES256", "typ": ID_TOKEN_TYPE, **header},
            {"iss": world.oidc.issuer, "sub": "x"},
            own,
        )
        assert await _signer(world).read(token, ID_TOKEN_TYPE) is None


async def test_tokens_of_one_kind_are_not_taken_for_another(world: World) -> None:
    signer = _signer(world)
    token = await signer.sign({"sub": "x"}, "ES256", ID_TOKEN_TYPE)
    assert await signer.read(token, ACCESS_TOKEN_TYPE) is None
    access = await signer.sign({"sub": "x"}, "ES256", ACCESS_TOKEN_TYPE)
    assert await signer.read(access, ID_TOKEN_TYPE) is None


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "..", "eyJhbGciOiJFUzI1NiJ9..", "é.é.é"])
async def test_nonsense_is_no_token(world: World, token: str) -> None:
    assert await _signer(world).read(token, ID_TOKEN_TYPE) is None


async def test_another_tenants_token_is_not_ours(world: World) -> None:
    other = World(world.storage, world.clock, world.keys, tenant_id="other")
    token = await _signer(other).sign({"sub": "x"}, "ES256", ID_TOKEN_TYPE)
    assert await _signer(world).read(token, ID_TOKEN_TYPE) is None


def _signer(world: World) -> Signer:
    return world.oidc.authorization.signer


def _part(document: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(document)).rstrip(b"=").decode()


def _header(token: str) -> dict[str, Any]:
    head = token.partition(".")[0]
    header: dict[str, Any] = orjson.loads(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)))
    return header
