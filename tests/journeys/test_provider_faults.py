"""The provider is down, slow, talks nonsense or refuses us: the person can try again."""

import time
from collections.abc import Callable, Iterator

import pytest

from tests.journeys.browser import Browser
from tests.journeys.provider import Mood, Provider, closed_port
from tests.journeys.rows import message_states, query, until
from tests.journeys.server import Installation, Server

pytestmark = [pytest.mark.slow, pytest.mark.one_database]

ALICE = "447700900123"


@pytest.fixture
def client_id(installation: Installation, provider: Provider) -> str:
    """Return the application, on a server that is set up."""
    return installation.seed_phone_sign_in(provider.url)


@pytest.fixture
def server(installation: Installation, client_id: str) -> Iterator[Server]:
    """Return a running server."""
    with installation.server() as server:
        yield server


@pytest.fixture
def browser(server: Server, client_id: str) -> Iterator[Browser]:
    """Return a browser that is about to ask for a code."""
    with Browser(server.address, client_id) as browser:
        browser.begin("Register")
        yield browser


@pytest.mark.parametrize("mood", ["garbled", "unauthorized"])
def test_a_refused_message_is_said_at_once_and_may_be_tried_again(
    browser: Browser, provider: Provider, database_url: str, mood: Mood
) -> None:
    provider.mood = mood
    refused = browser.send_code(ALICE, "Register")
    provider.arrived.acquire()

    if mood == "unauthorized":
        assert (refused.status_code, refused.json()["code"]) == (400, "connector.general")
        assert "sk-journey" not in refused.text
        assert message_states(database_url) == ["failed"]
        assert "not known here" in query(database_url, "SELECT provider_words FROM messages")[0][0]
    else:
        # It had the message before it talked nonsense, so nobody knows.
        assert refused.status_code in {200, 400}
        assert until(lambda: message_states(database_url) == ["unknown"])

    provider.mood = "well"
    record = browser.send_code(ALICE, "Register").json()["verificationId"]
    assert browser.verify_code(ALICE, record, provider.next_code(ALICE)).status_code == 200


def test_a_provider_that_is_down_is_said_at_once(
    install: Callable[..., Installation], database_url: str
) -> None:
    installation = install()
    client_id = installation.seed_phone_sign_in(f"http://127.0.0.1:{closed_port()}/messages")
    with installation.server() as server, Browser(server.address, client_id) as browser:
        browser.begin("Register")
        refused = browser.send_code(ALICE, "Register")

        assert (refused.status_code, refused.json()["code"]) == (400, "connector.general")
        assert message_states(database_url) == ["failed"]


def test_a_slow_provider_keeps_nobody_waiting(
    browser: Browser, provider: Provider, database_url: str
) -> None:
    provider.mood = "slow"
    started = time.monotonic()
    sent = browser.send_code(ALICE, "Register")
    waited = time.monotonic() - started

    # WATCHWORD_DELIVERY_WAIT is one second here.
    assert sent.status_code == 200
    assert 0.9 < waited < 5
    started = time.monotonic()
    assert browser.client.get("/api/.well-known/sign-in-exp").status_code == 200
    assert time.monotonic() - started < 0.5
    # Ten seconds are all a provider gets; it may have the message, so it is not sent again.
    assert until(lambda: message_states(database_url) == ["unknown"])
    assert len(provider.messages) == 1

    provider.mood = "well"
    record = browser.send_code(ALICE, "Register").json()["verificationId"]
    provider.arrived.acquire()
    assert browser.verify_code(ALICE, record, provider.next_code(ALICE)).status_code == 200
