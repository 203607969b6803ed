"""Invariant 11: whatever line a request dies at, the person finishes without anyone's help."""

import asyncio
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
from sqlalchemy import func, select

from tests import local
from tests.fakes import FakeClock
from tests.invariants.world import (
    API,
    ORIGIN,
    VERIFIER,
    World,
    authorization,
    opened_world,
    send,
    serving,
    verify,
)
from watchword.core.keys import SecretKeys
from watchword.storage import ServerRepository, Storage, StorageUnavailable
from watchword.storage.schema import messages, users

COUNTS = select(
    *(
        select(func.count()).select_from(table).scalar_subquery().label(table.name)
        for table in (messages, users)
    )
)


class Interrupted(Exception):
    """A step did not go through, and trying it again did not help either."""

    def __init__(self, step: str) -> None:
        super().__init__(step)
        self.step = step


@dataclass
class Person:
    """Signs up or in, step by step; tries a step that failed once more."""

    client: httpx2.AsyncClient
    phone: str
    event: str = "Register"
    record_id: str = ""
    code: str = ""
    callback: str = ""
    tokens: dict[str, Any] = field(default_factory=dict)
    sent: int = 0
    """How many messages the server said that it would send."""

    async def arrive(self, world: World) -> None:
        """Come from the application."""
        await self._try("GET", "/oidc/auth", params=authorization())

    async def start(self, world: World) -> None:
        """Say what one came for."""
        await self._try("PUT", API, json={"interactionEvent": self.event})

    async def ask_for_code(self, world: World) -> None:
        """Ask for a code, and read it."""
        answer = await send(self.client, self.phone, self.event)
        if answer.status_code == 503:
            answer = await send(self.client, self.phone, self.event)
        assert answer.status_code == 200, answer.text
        self.sent += 1
        self.record_id = answer.json()["verificationId"]
        self.code = await world.code()

    async def type_code(self, world: World) -> None:
        """Type the code; if it was taken already, that shows in the next step."""
        answer = await verify(self.client, self.phone, self.record_id, self.code)
        if answer.status_code == 503:
            await verify(self.client, self.phone, self.record_id, self.code)

    async def identify(self, world: World) -> None:
        """Find or make the account."""
        path = f"{API}/identification"
        await self._try("POST", path, json={"verificationId": self.record_id})

    async def come_back(self, world: World) -> None:
        """Submit, and follow the way back to the application."""
        answer = await self._try("POST", f"{API}/submit")
        address = answer.json()["redirectTo"]
        while "code=" not in address:
            address = (await self._try("GET", address)).headers["location"]
        self.callback = address

    async def exchange(self, world: World) -> None:
        """Let the application have its tokens."""
        form = {
            "client_id": "demo-app",
            "grant_type": "authorization_code",
            "code": parse_qs(urlsplit(self.callback).query)["code"][0],
            "redirect_uri": f"{ORIGIN}/demo-app",
            "code_verifier": VERIFIER,
        }
        self.tokens = (await self._try("POST", "/oidc/token", data=form)).json()

    async def _try(self, method: str, address: str, **request: Any) -> httpx2.Response:
        answer = await self.client.request(method, address, **request)
        if answer.status_code == 503:
            assert answer.json()["code"] == "server.storage_unavailable"
            answer = await self.client.request(method, address, **request)
        if answer.status_code >= 400:
            raise Interrupted(f"{method} {urlsplit(address).path}")
        return answer


STEPS = (
    Person.arrive,
    Person.start,
    Person.ask_for_code,
    Person.type_code,
    Person.identify,
    Person.come_back,
    Person.exchange,
)


async def walk(world: World, person: Person) -> None:
    """Take every step."""
    for step in STEPS:
        await step(person, world)


@dataclass
class Fault:
    """Cuts a storage off before one statement of the present task."""

    storage: Storage
    left: int = 0
    task: Any = None

    def __post_init__(self) -> None:
        fault = self

        # Both databases count a statement before they run it.
        class Cut(type(self.storage)):  # type: ignore[misc]  # whichever database this is
            ran = 0

            @property
            def statements(self) -> int:
                return self.ran

            @statements.setter
            def statements(self, value: int) -> None:
                self.ran = value
                fault.count()

        self.storage.__class__ = Cut

    def before(self, number: int) -> None:
        """Fail at this task's statement of that number, counted from one."""
        self.left, self.task = number, asyncio.current_task()

    def count(self) -> None:
        """Fail if this is the one."""
        if self.left and asyncio.current_task() is self.task:
            self.left -= 1
            if self.left == 0:
                raise StorageUnavailable("a cable was pulled")

    @property
    def has_struck(self) -> bool:
        """Tell whether the statement was reached."""
        return self.left == 0


async def test_a_failure_before_any_statement_needs_nobodys_help(world: World) -> None:
    fault = Fault(world.server.storage)
    # The tenant's cache and keys are made once, which is not part of anyone's story.
    await walk(world, Person(await world.browser(), "821050000000"))
    number, given_up = 0, set()

    while True:
        number += 1
        phone = f"8210{51000000 + number}"
        rows = await _counts(world)
        person = Person(await world.browser(), phone)
        fault.before(number)
        try:
            await walk(world, person)
        except Interrupted as interrupted:
            given_up.add(interrupted.step)
            person.client, person.event = await world.browser(), "SignIn"
            await walk(world, person)
        has_struck = fault.has_struck
        fault.left = 0
        after = await _counts(world)
        assert person.tokens["access_token"]
        assert after["users"] - rows["users"] == 1, number
        assert person.sent <= after["messages"] - rows["messages"] <= person.sent + 1, number
        if not has_struck:
            break

    assert number > 20, "the story has more statements than that"
    # The authorization code is spent by a statement of its own, which nothing may take back: the
    # application sends the person round once more. Everything else goes on where it was.
    assert given_up == {"POST /oidc/token"}


async def test_a_story_goes_on_after_a_restart_at_every_step(
    database_url: str, clock: FakeClock, keys: SecretKeys
) -> None:
    async with opened_world(database_url, clock, keys):
        pass
    cookies = httpx2.Cookies()
    person = Person(httpx2.AsyncClient(verify=local.NO_TLS), "821012345678")

    for step in STEPS:
        async with serving(database_url, clock, keys) as world:
            person.client = await world.browser()
            person.client.cookies.update(cookies)
            await step(person, world)
            cookies = person.client.cookies

    async with serving(database_url, clock, keys) as world:
        bearer = {"authorization": f"Bearer {person.tokens['access_token']}"}
        claims = (await (await world.browser()).get("/oidc/me", headers=bearer)).json()
        assert claims["phone_number"] == "+821012345678"
        assert await _counts(world) == {"messages": 1, "users": 1}


async def _counts(world: World) -> dict[str, int]:
    found = await ServerRepository(world.server.storage).first(COUNTS)
    assert found is not None
    return found
