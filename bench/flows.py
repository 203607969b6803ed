"""The other stories: sign-up, forgot password, refresh; and whether an answer's time tells."""

import asyncio
import secrets
import time
from collections import deque
from collections.abc import Mapping
from itertools import count
from statistics import median
from typing import Any
from urllib.parse import urlencode

from bench.connection import Connection
from bench.measure import Bench, percentiles
from bench.processes import Database, Server
from bench.report import print_table
from bench.seed import phone_of
from bench.sign_in import CODE, EXPERIENCE, Person, SignIn

AT_ONCE = 8
NEWCOMERS, STRANGERS = 20_000_000, 40_000_000
"""Where numbers begin that no user has: those that sign up, and those that never do."""

SAMPLES = 200
SETTLE_SECONDS = 0.03
LARGEST_DIFFERENCE_MS, LARGEST_SHARE = 5.0, 0.05


class SignUp(SignIn):
    """A newcomer at each call: the code, the account, the tokens."""

    event = "Register"
    identified = 201

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._numbers = count(NEWCOMERS)

    async def __call__(self, person: Person, phone: str) -> None:  # noqa: ARG002
        """Sign up with a number that nobody has."""
        await super().__call__(person, phone_of(next(self._numbers)))


class ForgotPassword(SignIn):
    """Somebody who sets a new password; nobody is signed in by it."""

    event = "ForgotPassword"

    async def __call__(self, person: Person, phone: str) -> None:
        """Recover the password of the account with *phone*."""
        await self.begin(person)
        await self.prove(person, phone)
        password = {"password": f"{secrets.token_urlsafe(12)} 4 bench"}
        await person.ask("password", "PUT", f"{EXPERIENCE}/profile/password", 204, password)
        await person.ask("submit", "POST", f"{EXPERIENCE}/submit", 204)


class Refresh(SignIn):
    """An application that keeps its tokens fresh."""

    scope = "openid phone offline_access"

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._tokens: deque[str] = deque()

    async def prepare(self, person: Person, phone: str) -> None:
        """Sign in once and keep the refresh token."""
        self._tokens.append(str((await self.tokens(person, phone))["refresh_token"]))

    async def __call__(self, person: Person, phone: str) -> None:  # noqa: ARG002
        """Spend a refresh token and keep the next one."""
        form = {
            "grant_type": "refresh_token",
            "client_id": self.client_id,
            "refresh_token": self._tokens.popleft(),
        }
        answer = await person.ask("refresh", "POST", "/oidc/token", 200, urlencode(form))
        self._tokens.append(str(answer.json()["refresh_token"]))


async def measure_flows(
    server: Server, database: Database, sign_in: SignIn, users: int, seconds: float
) -> dict[str, Any]:
    """Return what each story costs, and how far apart known and unknown numbers are in time."""
    given = (sign_in.origin, sign_in.client_id, sign_in.provider, sign_in.keys)
    refresh = Refresh(*given)
    connection = await Connection(server.origin).open()
    for number in range(AT_ONCE * 2):
        await refresh.prepare(Person(connection, number), phone_of(number % users))
    connection.close()
    stories = {
        "sign-up": SignUp(*given),
        "refresh": refresh,
        # Last: it ends the sessions and tokens of those who walk it.
        "forgot password": ForgotPassword(*given),
    }
    levels = {}
    for name, story in stories.items():
        level = await Bench(server, database, story, users).sign_ins(AT_ONCE, seconds)
        levels[name] = level.summary()
    return {"stories": levels, "known_and_unknown": await known_and_unknown(sign_in, users)}


async def known_and_unknown(sign_in: SignIn, users: int) -> dict[str, dict[str, Any]]:
    """Return the times of answers that must not tell who has an account."""
    connection = await Connection(sign_in.origin).open()
    person = Person(connection, 1)
    await sign_in.begin(person)
    await person.ask("start", "PUT", EXPERIENCE, 204, {"interactionEvent": "ForgotPassword"})
    asked = {"interactionEvent": "ForgotPassword"}
    typed = {"password": "not the password"}
    password = f"{EXPERIENCE}/verification/password"
    compared = {
        "send": await _samples(person, users, CODE, 200, asked),
        "password": await _samples(person, users, password, 422, typed),
    }
    connection.close()
    return compared


async def _samples(
    person: Person, users: int, path: str, status: int, body: Mapping[str, object]
) -> dict[str, Any]:
    samples: dict[str, list[float]] = {"known": [], "unknown": []}
    for turn in range(SAMPLES):
        pair = [("known", phone_of(turn % users)), ("unknown", phone_of(STRANGERS + turn))]
        for kind, phone in pair[:: 1 if turn % 2 else -1]:
            whole = {**body, "identifier": {"type": "phone", "value": phone}}
            started = time.perf_counter()
            await person.ask("compared", "POST", path, status, whole)
            samples[kind].append(time.perf_counter() - started)
            # A message on its way would slow the next answer, whoever that is about.
            await asyncio.sleep(SETTLE_SECONDS)
    return _comparison(**samples)


def _comparison(known: list[float], unknown: list[float]) -> dict[str, Any]:
    middle = median(known), median(unknown)
    apart = abs(middle[0] - middle[1])
    return {
        "known_ms": percentiles(known),
        "unknown_ms": percentiles(unknown),
        "medians_apart_ms": round(1000 * apart, 2),
        "is_alike": apart < max(LARGEST_DIFFERENCE_MS / 1000, LARGEST_SHARE * max(middle)),
    }


def print_flows(flows: dict[str, Any]) -> None:
    """Print what the stories cost, and whether times tell."""
    print()
    print_table(
        (f"{AT_ONCE} at once", "a second", "app CPU ms", "db CPU ms", "statements", "whole p50 ms"),
        (
            (
                name,
                level["sign_ins_per_second"],
                level["app_cpu_ms"],
                level["database_cpu_ms"],
                level["statements"],
                level["steps_ms"]["whole"]["p50"],
            )
            for name, level in flows["stories"].items()
        ),
    )
    print()
    print_table(
        ("known and unknown numbers", "known p50 ms", "unknown p50 ms", "apart", "limit", ""),
        (
            (
                step,
                found["known_ms"]["p50"],
                found["unknown_ms"]["p50"],
                found["medians_apart_ms"],
                f"{LARGEST_DIFFERENCE_MS:.0f} ms or {LARGEST_SHARE:.0%}",
                "" if found["is_alike"] else "missed",
            )
            for step, found in flows["known_and_unknown"].items()
        ),
    )
