"""Several processes on one PostgreSQL are one server."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest

from tests.databases import PostgresqlDatabases
from tests.journeys.browser import Browser
from tests.journeys.provider import Provider, running_provider
from tests.journeys.rows import until
from tests.journeys.server import Installation, Server
from tests.ports import free_port

pytestmark = pytest.mark.slow

ALICE, BOB = "447700900123", "447700900124"
LIMIT = 10


@dataclass(frozen=True)
class Pair:
    """Two running servers with one public address."""

    installation: Installation
    client_id: str
    servers: list[Server]
    provider: Provider

    def browser(self, number: int) -> Browser:
        """Return a browser that reaches one of them under the public name."""
        host = self.installation.origin.removeprefix("http://")
        return Browser(self.servers[number % 2].address, self.client_id, host)


@pytest.fixture(scope="module")
def pair(
    database_kind: str, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Pair]:
    """Return both, for tests that bring their own number."""
    if database_kind == "sqlite":
        pytest.skip("SQLite serves one process")
    databases: PostgresqlDatabases = request.getfixturevalue("postgresql_databases")
    with ExitStack() as stack:
        provider = stack.enter_context(running_provider())
        installation = Installation(
            stack.enter_context(databases.borrowed()), tmp_path_factory.mktemp("pair")
        )
        client_id = installation.seed_phone_sign_in(provider.url)
        servers = [stack.enter_context(installation.server(free_port())) for _ in range(2)]
        yield Pair(installation, client_id, servers, provider)


def test_a_limit_is_shared_and_exact(pair: Pair) -> None:
    with ExitStack() as stack:
        browsers = [stack.enter_context(pair.browser(number)) for number in range(LIMIT * 2)]
        for person in browsers:
            person.begin("Register")
        with ThreadPoolExecutor(len(browsers)) as together:
            answers = list(
                together.map(lambda person: person.send_code(ALICE, "Register"), browsers)
            )

    assert Counter(answer.status_code for answer in answers) == {200: LIMIT, 429: LIMIT}
    assert {a.json()["code"] for a in answers if a.status_code == 429} == {
        "request.message_rate_limited"
    }
    # An answer waits for the provider a second at most; the message goes out all the same.
    assert until(lambda: len(messages_to(pair, ALICE)) >= LIMIT)
    assert len(messages_to(pair, ALICE)) == LIMIT


def messages_to(pair: Pair, phone: str) -> list[Any]:
    """Return what the provider was given for a number."""
    return [message for message in pair.provider.messages if message["to"].lstrip("+") == phone]


def test_a_right_code_works_once_whichever_process_is_asked(pair: Pair) -> None:
    with ExitStack() as stack:
        first, second = (stack.enter_context(pair.browser(number)) for number in range(2))
        first.begin("Register")
        record = first.send_code(BOB, "Register").json()["verificationId"]
        assert until(lambda: len(messages_to(pair, BOB)) == 1)
        code = messages_to(pair, BOB)[0]["payload"]["code"]
        second.client.cookies.update(first.client.cookies)
        with ThreadPoolExecutor(8) as together:
            answers = list(
                together.map(
                    lambda number: (first, second)[number % 2].verify_code(BOB, record, code),
                    range(8),
                )
            )

        assert [answer.status_code for answer in answers].count(200) == 1
        # A visit that began at one process goes on at the other.
        assert second.identify(record).status_code == 201
        second.verifier = first.verifier
        assert second.exchange(second.submit()).status_code == 200


def test_a_changed_setting_is_soon_everywhere(pair: Pair) -> None:
    pair.installation.seed(signIn={"termsOfUseUrl": "https://shop.example/terms"})

    def is_known_to(asking: Browser) -> bool:
        shown = asking.client.get("/api/.well-known/sign-in-exp").json()
        return bool(shown["termsOfUseUrl"] == "https://shop.example/terms")

    for number in range(2):
        with pair.browser(number) as asking:
            assert until(partial(is_known_to, asking))
