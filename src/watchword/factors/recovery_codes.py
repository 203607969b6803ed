"""Sets of recovery codes, kept as salted slow digests."""

import asyncio
import base64
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from argon2.low_level import Type, hash_secret_raw

from watchword.core.recovery_codes import ALPHABET, new_code, plain
from watchword.core.slow_digests import MEMORY_COST, TIME_COST

HOW_MANY = 10
LENGTH = 12
SALT_BYTES = 16


def new_codes() -> tuple[str, ...]:
    """Return ten codes of 59 bits each."""
    return tuple(new_code(LENGTH) for _ in range(HOW_MANY))


def are_well_made(codes: Sequence[str]) -> bool:
    """Tell whether codes look like a set that was made here, and not like what people think up."""
    letters = {plain(code) for code in codes}
    return len(codes) == len(letters) == HOW_MANY and all(
        len(code) == LENGTH and set(code) <= set(ALPHABET) for code in letters
    )


@dataclass(frozen=True)
class CodeDigest:
    """Argon2id (RFC 9106): a dump of the database must not be guessed at; NIST 800-63B, 3.1.2.2.

    The salt is a set's, not a code's, so that checking one code costs one digest, not ten.
    """

    time_cost: int = TIME_COST
    memory_cost: int = MEMORY_COST
    """In KiB."""

    def new_salt(self) -> str:
        """Return the salt of a new set."""
        return secrets.token_urlsafe(SALT_BYTES)

    async def of(self, salt: str, code: str) -> str:
        """Return the digest of one code."""
        return await asyncio.to_thread(self._of, salt, code)

    async def of_all(self, salt: str, codes: Sequence[str]) -> tuple[str, ...]:
        """Return the digests of a set, each code of it counted once."""
        unique = dict.fromkeys(map(plain, codes))
        return await asyncio.to_thread(lambda: tuple(self._of(salt, code) for code in unique))

    def _of(self, salt: str, code: str) -> str:
        raw = hash_secret_raw(
            plain(code).encode(),
            salt.encode(),
            time_cost=self.time_cost,
            memory_cost=self.memory_cost,
            parallelism=1,
            hash_len=32,
            type=Type.ID,
        )
        return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
