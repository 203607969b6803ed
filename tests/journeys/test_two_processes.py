"""Several processes on one PostgreSQL are one server."""

import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from tests.journeys.browser import Browser
from tests.journeys.provider import Provider
from tests.journeys.rows import until
from tests.journeys.server import Installation, Server
from tests.ports import free_port

pytestmark = pytest.mark.slow

ALICE = "447700900123"
LIMIT = 10


@pytest.fixture
def client_id(installation: Installation, provider: Provider, database_kind: str) -> str:
    """Return the application, on a server that is set up."""
    if database_kind == "sqlite":
        pytest.skip("SQLite serves one process")
    return installation.seed_phone_sign_in(provider.url)


@pytest.fixture
def servers(installation: Installation, client_id: str) -> Iterator[list[Server]]:
    """Return two running servers with one public address."""
    with ExitStack() as stack:
        yield [stack.enter_context(installation.server(free_port())) for _ in range(2)]


def browser(installation: Installation, server: Server, client_id: str) -> Browser:
    """Return a browser that reaches *server* under the public name."""
    return Browser(server.address, client_id, installation.origin.removeprefix("http://"))


def test_a_limit_is_shared_and_exact(
    installation: Installation, servers: list[Server], client_id: str, provider: Provider
) -> None:
    with ExitStack() as stack:
        browsers = [
            stack.enter_context(browser(installation, servers[number % 2], client_id))
            for number in range(LIMIT * 2)
        ]
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
    assert until(lambda: len(provider.messages) >= LIMIT)
    assert len(provider.messages) == LIMIT


def test_a_right_code_works_once_whichever_process_is_asked(
    installation: Installation, servers: list[Server], client_id: str, provider: Provider
) -> None:
    with ExitStack() as stack:
        first, second = (
            stack.enter_context(browser(installation, server, client_id)) for server in servers
        )
        first.begin("Register")
        record = first.send_code(ALICE, "Register").json()["verificationId"]
        code = provider.next_code(ALICE)
        second.client.cookies.update(first.client.cookies)
        with ThreadPoolExecutor(8) as together:
            answers = list(
                together.map(
                    lambda number: (first, second)[number % 2].verify_code(ALICE, record, code),
                    range(8),
                )
            )

        assert [answer.status_code for answer in answers].count(200) == 1
        # A visit that began at one process goes on at the other.
        assert second.identify(record).status_code == 201
        second.verifier = first.verifier
        assert second.exchange(second.submit()).status_code == 200


def test_a_changed_setting_is_everywhere_within_two_seconds(
    installation: Installation, servers: list[Server], client_id: str
) -> None:
    installation.seed(signIn={"signInMode": "SignIn"})
    time.sleep(2)

    for server in servers:
        with browser(installation, server, client_id) as asking:
            shown = asking.client.get("/api/.well-known/sign-in-exp").json()
            assert shown["signInMode"] == "SignIn"
