"""Passwords that people bring along from another system."""

import hashlib

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
}


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


@pytest.mark.parametrize("algorithm", [PasswordAlgorithm.BCRYPT, PasswordAlgorithm.LEGACY])
async def test_what_can_not_be_checked_is_not_taken(algorithm: PasswordAlgorithm) -> None:
    with pytest.raises(PasswordAlgorithmNotSupported):
        await QUICK.stored(given(algorithm, "$2b$12$whatever"))


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
