"""Passwords as digests: made, compared, renewed, and brought along from elsewhere."""

import hashlib
import re
from dataclasses import dataclass
from enum import StrEnum

from argon2 import extract_parameters
from argon2.exceptions import InvalidHashError

from watchword.core.slow_digests import SlowDigest
from watchword.users.errors import (
    InvalidPasswordDigest,
    PasswordAlgorithmRequired,
    PasswordAndDigest,
)
from watchword.users.foreign_digests import Recipe, check_bcrypt, is_bcrypt, matches_bcrypt


class PasswordAlgorithm(StrEnum):
    """How a digest from elsewhere was made; the contract's names."""

    ARGON2I = "Argon2i"
    ARGON2ID = "Argon2id"
    ARGON2D = "Argon2d"
    SHA1 = "SHA1"
    SHA256 = "SHA256"
    MD5 = "MD5"
    BCRYPT = "Bcrypt"
    LEGACY = "Legacy"


ARGON2 = {
    PasswordAlgorithm.ARGON2I: "$argon2i$",
    PasswordAlgorithm.ARGON2ID: "$argon2id$",
    PasswordAlgorithm.ARGON2D: "$argon2d$",
}
# Fast and without salt: such a digest is itself put through Argon2id before it is stored.
FAST = {
    PasswordAlgorithm.MD5: ("md5", 32),
    PasswordAlgorithm.SHA1: ("sha1", 40),
    PasswordAlgorithm.SHA256: ("sha256", 64),
}
FAST_NAMES = frozenset(name for name, _ in FAST.values())
LEGACY = "legacy:"
"""Before a recipe, in place of the name of a fast digest."""
WRAPPED = "+"
"""Between the name of a fast digest and the Argon2id digest made of it: `sha256+$argon2id$…`."""

# Whoever may import digests must not be able to make every sign-in cost a gigabyte or a minute.
MOST_MEMORY = 2**18  # KiB
MOST_WORK = 2**21  # KiB times passes
MOST_LANES = 16
LONGEST_DIGEST = 1024


@dataclass(frozen=True, kw_only=True, repr=False)
class GivenPassword:
    """What an administrator gives a new person: a password, a digest made elsewhere, or neither."""

    password: str | None = None
    digest: str | None = None
    algorithm: PasswordAlgorithm | None = None


@dataclass(frozen=True)
class Passwords(SlowDigest):
    """Slow digests of people's passwords, those that were made elsewhere included."""

    async def stored(self, given: GivenPassword) -> str | None:
        """Return the digest to store, None for no password.

        Raises PasswordAndDigest, PasswordAlgorithmRequired, PasswordAlgorithmNotSupported and
        InvalidPasswordDigest.
        """
        if given.password and given.digest:
            raise PasswordAndDigest
        if given.password:
            return await self.digest_of(given.password)
        if not given.digest:
            return None
        if given.algorithm is None:
            raise PasswordAlgorithmRequired
        return await self._imported(given.algorithm, given.digest)

    async def _imported(self, algorithm: PasswordAlgorithm, digest: str) -> str:
        if algorithm in ARGON2:
            _check_argon2(digest, ARGON2[algorithm])
            return digest
        if algorithm is PasswordAlgorithm.BCRYPT:
            check_bcrypt(digest)
            return digest
        if algorithm is PasswordAlgorithm.LEGACY:
            recipe, digits = Recipe.of(digest)
            return f"{LEGACY}{recipe.stored()}{WRAPPED}{await self.digest_of(digits)}"
        name, length = FAST[algorithm]
        if not re.fullmatch(f"[0-9a-fA-F]{{{length}}}", digest):
            raise InvalidPasswordDigest(f"not {length} hexadecimal digits")
        return f"{name}{WRAPPED}{await self.digest_of(digest.lower())}"

    def is_outdated(self, digest: str) -> bool:
        """Tell whether *digest* was made otherwise than today's are."""
        return _is_wrapped(digest) or is_bcrypt(digest) or self.hasher.check_needs_rehash(digest)

    def _matches(self, digest: str, password: str) -> bool:
        if is_bcrypt(digest):
            return matches_bcrypt(digest, password)
        if _is_wrapped(digest):
            name, _, digest = digest.partition(WRAPPED)
            password = _digits_of(name, password)
        return super()._matches(digest, password)


def _is_wrapped(digest: str) -> bool:
    return digest.startswith(LEGACY) or digest.partition(WRAPPED)[0] in FAST_NAMES


def _digits_of(name: str, password: str) -> str:
    """Return what was digested elsewhere, before Argon2id was put around it."""
    if name.startswith(LEGACY):
        return Recipe.from_stored(name.removeprefix(LEGACY)).digits_of(password)
    return hashlib.new(name, password.encode(), usedforsecurity=False).hexdigest()


def _check_argon2(digest: str, beginning: str) -> None:
    if not digest.startswith(beginning) or len(digest) > LONGEST_DIGEST:
        raise InvalidPasswordDigest(f"does not begin with {beginning}")
    try:
        parameters = extract_parameters(digest)
    except (InvalidHashError, ValueError) as error:
        raise InvalidPasswordDigest(type(error).__name__) from None
    memory, passes = parameters.memory_cost, parameters.time_cost
    if memory > MOST_MEMORY or memory * passes > MOST_WORK or parameters.parallelism > MOST_LANES:
        raise InvalidPasswordDigest("asks for more memory or time than a sign-in may take")
