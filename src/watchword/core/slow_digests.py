"""Digests of what people choose or type: slow by design, so that a stolen one is not guessed at."""

import asyncio
import base64
import os
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

# OWASP's smallest advice; the memory is used once for each password checked at the same time.
TIME_COST = 2
MEMORY_COST = 19_456  # KiB
AT_ONCE = min(4, os.cpu_count() or 1)
"""More would each take longer, and hold as much memory."""

Answer = TypeVar("Answer")
_threads = ThreadPoolExecutor(AT_ONCE, "slow-digest")


@dataclass(frozen=True)
class SlowDigest:
    """Argon2id (RFC 9106), computed in a few threads: it takes tens of milliseconds by design."""

    hasher: PasswordHasher = field(
        default_factory=lambda: PasswordHasher(
            time_cost=TIME_COST, memory_cost=MEMORY_COST, parallelism=1
        )
    )

    async def digest_of(self, password: str) -> str:
        """Return the digest of *password*, with its parameters."""
        return await _in_thread(lambda: self.hasher.hash(password))

    async def matches(self, digest: str | None, password: str) -> bool:
        """Tell whether *password* has this digest; without one, take the same time and say no."""
        return await _in_thread(lambda: self._matches(digest or self._decoy(), password))

    def _matches(self, digest: str, password: str) -> bool:
        try:
            return self.hasher.verify(digest, password)
        except (VerificationError, InvalidHashError):
            return False

    def _decoy(self) -> str:
        # No password has these random bytes as its hash, and finding that out costs as much.
        salt, digest = (
            base64.b64encode(secrets.token_bytes(length)).rstrip(b"=").decode()
            for length in (self.hasher.salt_len, self.hasher.hash_len)
        )
        parameters = f"m={self.hasher.memory_cost},t={self.hasher.time_cost}"
        return f"$argon2id$v=19${parameters},p={self.hasher.parallelism}${salt}${digest}"


async def _in_thread(work: Callable[[], Answer]) -> Answer:
    return await asyncio.get_running_loop().run_in_executor(_threads, work)
