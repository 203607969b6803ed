"""How many digests are made at the same time, and what they cost."""

import asyncio
import threading
import time

from argon2 import PasswordHasher, extract_parameters

from watchword.core.slow_digests import AT_ONCE, SlowDigest


class CountingHasher(PasswordHasher):
    """Knows how many digests were under way together."""

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)
        self.most = self.now = 0
        self.lock = threading.Lock()

    def hash(self, password: str | bytes, *, salt: bytes | None = None) -> str:
        """Return the digest, after a moment in which others may begin."""
        with self.lock:
            self.now += 1
            self.most = max(self.most, self.now)
        time.sleep(0.01)
        with self.lock:
            self.now -= 1
        return super().hash(password, salt=salt)


async def test_only_a_few_are_made_at_once_however_many_ask() -> None:
    hasher = CountingHasher()
    digests = SlowDigest(hasher)

    made = await asyncio.gather(*(digests.digest_of(f"word {number}") for number in range(12)))

    assert len(set(made)) == 12
    assert 1 <= hasher.most <= AT_ONCE


async def test_a_digest_costs_what_owasp_advises_at_least() -> None:
    cost = extract_parameters(await SlowDigest().digest_of("quiet harbour lamp"))

    assert (cost.type.name, cost.version) == ("ID", 19)
    assert cost.memory_cost >= 19_456
    assert cost.time_cost >= 2
