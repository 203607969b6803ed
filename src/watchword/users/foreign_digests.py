"""Digests of passwords that were made elsewhere: which are taken, and how they are computed."""

import base64
import hashlib
import re
from dataclasses import dataclass
from typing import Any, Self

import bcrypt
import orjson

from watchword.users.errors import InvalidPasswordDigest, PasswordAlgorithmNotSupported

# What the version says of a bug in one implementation: x is the bug itself.
BCRYPT = re.compile(r"\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}")
LONGEST_FOR_BCRYPT = 72
"""Bytes; whoever made the digest left the rest of the password out, too."""
LEAST_ROUNDS, MOST_ROUNDS = 4, 14
"""The logarithm of the rounds; 14 takes about a second."""

HASHES = {
    **{name: name for name in ("md5", "sha1", "sha224", "sha256", "sha384", "sha512")},
    **{f"sha3-{size}": f"sha3_{size}" for size in (224, 256, 384, 512)},
}
"""What the contract calls the hashes that may be computed here."""
PASSWORD = "@"  # noqa: S105  # stands for it
PBKDF2 = "pbkdf2"
MOST_ITERATIONS = 2_000_000
LONGEST_KEY = 128
MOST_PARTS = 16


def check_bcrypt(digest: str) -> None:
    """Let a digest of bcrypt pass; raises InvalidPasswordDigest."""
    found = BCRYPT.fullmatch(digest)
    if found is None:
        raise InvalidPasswordDigest("no digest of bcrypt")
    if not LEAST_ROUNDS <= int(found[1]) <= MOST_ROUNDS:
        raise InvalidPasswordDigest("asks for more time than a sign-in may take")


def is_bcrypt(digest: str) -> bool:
    """Tell whether a stored digest is one of bcrypt."""
    return digest.startswith("$2")


def matches_bcrypt(digest: str, password: str) -> bool:
    """Tell whether *password* has this digest."""
    try:
        return bcrypt.checkpw(password.encode()[:LONGEST_FOR_BCRYPT], digest.encode())
    except ValueError:
        return False


@dataclass(frozen=True)
class Recipe:
    """How the contract's `Legacy` digest is made of a password: a hash and what it is fed."""

    name: str
    parts: tuple[str, ...]

    @classmethod
    def of(cls, digest: str) -> tuple[Self, str]:
        """Read `[name, [part, …], hexadecimal digits]`; return the recipe and what comes of it.

        Raises InvalidPasswordDigest, PasswordAlgorithmNotSupported.
        """
        try:
            name, parts, expected = orjson.loads(digest)
            made = cls(str(name).lower(), tuple(_texts(parts)))
        except (orjson.JSONDecodeError, ValueError, TypeError):
            raise InvalidPasswordDigest("not [name, [part, …], digits]") from None
        length = made._check()
        if not isinstance(expected, str) or not re.fullmatch(r"[0-9a-fA-F]+", expected):
            raise InvalidPasswordDigest("no hexadecimal digits")
        if len(expected) != 2 * length:
            raise InvalidPasswordDigest(f"not {2 * length} hexadecimal digits")
        return made, expected.lower()

    def digits_of(self, password: str) -> str:
        """Return what comes of *password*, in hexadecimal digits."""
        if self.name == PBKDF2:
            salt, iterations, length, name, _ = self.parts
            return hashlib.pbkdf2_hmac(
                HASHES[name.lower()],
                password.encode(),
                salt.encode(),
                int(iterations),
                int(length),
            ).hex()
        fed = "".join(password if part == PASSWORD else part for part in self.parts)
        return hashlib.new(HASHES[self.name], fed.encode(), usedforsecurity=False).hexdigest()

    def stored(self) -> str:
        """Return the recipe in letters that are safe inside a stored digest."""
        return base64.urlsafe_b64encode(orjson.dumps([self.name, self.parts])).decode()

    @classmethod
    def from_stored(cls, text: str) -> Self:
        """Read what `stored` wrote."""
        name, parts = orjson.loads(base64.urlsafe_b64decode(text))
        return cls(name, tuple(parts))

    def _check(self) -> int:
        """Return how many bytes come of it."""
        if self.name == PBKDF2:
            return self._check_pbkdf2()
        if self.name not in HASHES:
            raise PasswordAlgorithmNotSupported(algorithm=self.name[:32])
        if PASSWORD not in self.parts:
            raise InvalidPasswordDigest("no part is the password")
        return hashlib.new(HASHES[self.name], usedforsecurity=False).digest_size

    def _check_pbkdf2(self) -> int:
        if len(self.parts) != 5 or self.parts[4] != PASSWORD:
            raise InvalidPasswordDigest("PBKDF2 takes salt, iterations, length, hash and @")
        _, iterations, length, name, _ = self.parts
        if name.lower() not in HASHES:
            raise PasswordAlgorithmNotSupported(algorithm=name[:32])
        if not 0 < _number(iterations) <= MOST_ITERATIONS:
            raise InvalidPasswordDigest("asks for more time than a sign-in may take")
        if not 0 < _number(length) <= LONGEST_KEY:
            raise InvalidPasswordDigest("asks for a key that is too long")
        return int(length)


def _texts(parts: Any) -> list[str]:
    if not isinstance(parts, list) or len(parts) > MOST_PARTS:
        raise TypeError
    if not all(isinstance(part, str) for part in parts):
        raise TypeError
    return parts


def _number(text: str) -> int:
    return int(text) if re.fullmatch(r"[0-9]{1,9}", text) else 0
