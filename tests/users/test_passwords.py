"""Passwords that people bring along from another system."""

import hashlib
import json
from typing import Any

import bcrypt
import pytest
from argon2 import PasswordHasher, Type

from tests.fakes import FakeClock
from tests.users.test_users import QUICK, service_of
from watchword.storage import Storage
from watchword.users.errors import (
    InvalidCredentials,
    InvalidPasswordDigest,
    PasswordAlgorithmNotSupported,
    PasswordAlgorithmRequired,
    PasswordAndDigest,
)
from watchword.users.models import Identifier, NewUser
from watchword.users.passwords import GivenPassword, PasswordAlgorithm

PASSWORD = "correct horse"


def argon2(kind: Type) -> str:
    return PasswordHasher(time_cost=1, memory_cost=8, parallelism=1, type=kind).hash(PASSWORD)


def fast(name: str) -> str:
    return hashlib.new(name, PASSWORD.encode(), usedforsecurity=False).hexdigest()


BROUGHT = {
    PasswordAlgorithm.ARGON2I: argon2(Type.I),
    PasswordAlgorithm.ARGON2ID: argon2(Type.ID),
    PasswordAlgorithm.ARGON2D: argon2(Type.D),
    PasswordAlgorithm.MD5: fast("md5"),
    PasswordAlgorithm.SHA1: fast("sha1").upper(),
    PasswordAlgorithm.SHA256: fast("sha256"),
    PasswordAlgorithm.BCRYPT: bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode(),
    PasswordAlgorithm.LEGACY: json.dumps(
        ["sha512", ["a salt: ", "@"], hashlib.sha512(f"a salt: {PASSWORD}".encode()).hexdigest()]
    ),
}
# Published: jBCrypt's tests, the contract's guide, and RFC 6070.
VECTORS: list[tuple[str, PasswordAlgorithm, str]] = [
    (
        "abc",
        PasswordAlgorithm.BCRYPT,
        "$2a$06$If6bvum7DFjUnE9p2uDeDu0YHzrHM6tf.iqN8.yx.jNN1ILEf7h0i",
    ),
    (
        "abcdefghijklmnopqrstuvwxyz",
        PasswordAlgorithm.BCRYPT,
        "$2a$06$.rCVZVOThsIa97pEDOxvGuRRgzG64bvtJ0938xuqzv18d3ZpQhstC",
    ),
    (
        "password123",
        PasswordAlgorithm.LEGACY,
        '["sha256", ["salt123", "@"],'
        ' "c465f66c6ac481a7a17e9ed5b4e2e7e7288d892f12bf1c95c140901e9a70436e"]',
    ),
    (
        "password",
        PasswordAlgorithm.LEGACY,
        '["pbkdf2", ["salt", "4096", "20", "SHA1", "@"],'
        ' "4B007901B765489ABEAD49D926F721D065A429C1"]',
    ),
    ("abc", PasswordAlgorithm.MD5, "900150983cd24fb0d6963f7d28e17f72"),  # RFC 1321
    ("abc", PasswordAlgorithm.SHA1, "a9993e364706816aba3e25717850c26c9cd0d89d"),  # RFC 3174
]


def given(algorithm: PasswordAlgorithm, digest: str) -> GivenPassword:
    return GivenPassword(digest=digest, algorithm=algorithm)


@pytest.mark.parametrize("algorithm", BROUGHT)
async def test_a_password_from_elsewhere_signs_in_and_then_has_a_digest_of_ours(
    storage: Storage, clock: FakeClock, algorithm: PasswordAlgorithm
) -> None:
    users = service_of(storage, clock)
    stored = await QUICK.stored(given(algorithm, BROUGHT[algorithm]))
    created = await users.create(NewUser(username="alice", password_digest=stored))
    alice = Identifier("username", "alice")

    with pytest.raises(InvalidCredentials):
        await users.verify_password(alice, "wrong")
    await users.verify_password(alice, PASSWORD)

    digest = (await users.get(created.id)).password_digest
    assert digest is not None
    assert digest.startswith("$argon2id$")
    await users.verify_password(alice, PASSWORD)


@pytest.mark.parametrize(
    "algorithm", [PasswordAlgorithm.MD5, PasswordAlgorithm.SHA1, PasswordAlgorithm.SHA256]
)
async def test_a_digest_without_salt_is_never_stored_as_it_came(
    algorithm: PasswordAlgorithm,
) -> None:
    digest = BROUGHT[algorithm]

    stored = await QUICK.stored(given(algorithm, digest))

    assert stored is not None
    assert "+$argon2id$" in stored
    assert digest.lower() not in stored
    assert not await QUICK.matches(stored, digest)


@pytest.mark.parametrize(("password", "algorithm", "digest"), VECTORS)
async def test_a_published_digest_is_that_of_its_password(
    password: str, algorithm: PasswordAlgorithm, digest: str
) -> None:
    stored = await QUICK.stored(given(algorithm, digest))

    assert await QUICK.matches(stored, password)
    assert not await QUICK.matches(stored, f"{password} ")
    assert stored is not None
    assert QUICK.is_outdated(stored)


async def test_bcrypt_reads_72_bytes_of_a_password_as_where_it_came_from() -> None:
    password = "é" * 40
    made = bcrypt.hashpw(password.encode()[:72], bcrypt.gensalt(4)).decode()

    stored = await QUICK.stored(given(PasswordAlgorithm.BCRYPT, made))

    assert await QUICK.matches(stored, password)
    assert not await QUICK.matches(stored, "é" * 35)


@pytest.mark.parametrize("name", ["whirlpool", "shake128", "pbkdf2 of whirlpool"])
async def test_what_can_not_be_checked_is_not_taken(name: str) -> None:
    parts = ["salt", "1", "20", "whirlpool", "@"] if name.startswith("pbkdf2") else ["@"]
    digest = json.dumps([name.partition(" ")[0], parts, "00" * 20])

    with pytest.raises(PasswordAlgorithmNotSupported):
        await QUICK.stored(given(PasswordAlgorithm.LEGACY, digest))


def legacy(name: str, *parts: Any, digits: Any = "00" * 32) -> str:
    return json.dumps([name, [*parts], digits])


@pytest.mark.parametrize(
    "digest",
    [
        "",
        "{}",
        "[1]",
        legacy("sha256", "@", digits="00"),
        legacy("sha256", "@", digits="zz" * 32),
        legacy("sha256", "@", digits=5),
        legacy("sha256", "salt"),
        legacy("sha256", 1, "@"),
        legacy("sha256", *"@" * 17),
        legacy("pbkdf2", "salt", "1", "32", "@"),
        legacy("pbkdf2", "salt", "0", "32", "sha1", "@"),
        legacy("pbkdf2", "salt", "99999999", "32", "sha1", "@"),
        legacy("pbkdf2", "salt", "-1", "32", "sha1", "@"),
        legacy("pbkdf2", "salt", "1", "4096", "sha1", "@"),
    ],
)
async def test_a_recipe_that_is_none_or_too_dear_is_refused(digest: str) -> None:
    with pytest.raises(InvalidPasswordDigest):
        await QUICK.stored(given(PasswordAlgorithm.LEGACY, digest or "x"))


@pytest.mark.parametrize(
    "digest",
    [
        "$2b$12$whatever",
        "$2x$06$If6bvum7DFjUnE9p2uDeDu0YHzrHM6tf.iqN8.yx.jNN1ILEf7h0i",
        "$2b$31$If6bvum7DFjUnE9p2uDeDu0YHzrHM6tf.iqN8.yx.jNN1ILEf7h0i",
        "$2b$03$If6bvum7DFjUnE9p2uDeDu0YHzrHM6tf.iqN8.yx.jNN1ILEf7h0i",
    ],
)
async def test_a_digest_of_bcrypt_that_is_none_or_too_dear_is_refused(digest: str) -> None:
    with pytest.raises(InvalidPasswordDigest):
        await QUICK.stored(given(PasswordAlgorithm.BCRYPT, digest))


@pytest.mark.parametrize(
    ("algorithm", "digest"),
    [
        (PasswordAlgorithm.SHA256, "0" * 63),
        (PasswordAlgorithm.MD5, "z" * 32),
        (PasswordAlgorithm.ARGON2ID, BROUGHT[PasswordAlgorithm.ARGON2I]),
        (PasswordAlgorithm.ARGON2ID, "$argon2id$"),
        (PasswordAlgorithm.ARGON2ID, "$argon2id$v=19$m=x,t=1,p=1$c2FsdHNhbHQ$aGFzaA"),
        # A sign-in that needs four gigabytes, or a thousand passes.
        (PasswordAlgorithm.ARGON2ID, "$argon2id$v=19$m=4194304,t=1,p=1$c2FsdHNhbHQ$aGFzaA"),
        (PasswordAlgorithm.ARGON2ID, "$argon2id$v=19$m=65536,t=1000,p=1$c2FsdHNhbHQ$aGFzaA"),
        (PasswordAlgorithm.ARGON2ID, "$argon2id$v=19$m=65536,t=1,p=99$c2FsdHNhbHQ$aGFzaA"),
    ],
    # One digest is drawn anew in each process; its test must be called the same in all.
    ids=["short", "no hexadecimal", "other", "empty", "no number", "memory", "passes", "lanes"],
)
async def test_a_digest_that_is_none_or_too_dear_is_refused(
    algorithm: PasswordAlgorithm, digest: str
) -> None:
    with pytest.raises(InvalidPasswordDigest):
        await QUICK.stored(given(algorithm, digest))


async def test_a_password_and_a_digest_do_not_go_together() -> None:
    with pytest.raises(PasswordAndDigest):
        await QUICK.stored(GivenPassword(password="x", digest="y"))
    with pytest.raises(PasswordAlgorithmRequired):
        await QUICK.stored(GivenPassword(digest="0" * 32))
    assert await QUICK.stored(GivenPassword()) is None
