"""Hashing at the smallest cost, for tests of the whole server that are not about it."""

from dataclasses import replace

from argon2 import PasswordHasher

from watchword.core.slow_digests import SlowDigest
from watchword.factors.recovery_codes import CodeDigest
from watchword.users.passwords import Passwords
from watchword.web.scope import ServerScope


def hash_cheaply(server: ServerScope) -> None:
    """Let a server that has not started yet hash passwords and recovery codes in no time."""
    server.passwords = Passwords(cheap_hasher())
    server.recovery_codes = CodeDigest(time_cost=1, memory_cost=8)
    server.operators = replace(server.operators, passwords=SlowDigest(cheap_hasher()))


def cheap_hasher() -> PasswordHasher:
    """Return the smallest there is."""
    return PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
