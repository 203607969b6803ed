"""A killed process loses no accepted work and sends nothing twice; a stopped one finishes."""

import signal
import threading
import time

import httpx2
import pytest

from tests.journeys.browser import Browser
from tests.journeys.provider import Provider
from tests.journeys.rows import let_leases_lapse, message_states, until
from tests.journeys.server import Installation

pytestmark = pytest.mark.slow

ALICE = "447700900123"


def test_a_message_that_was_on_its_way_is_never_sent_twice(
    installation: Installation, provider: Provider, database_url: str
) -> None:
    client_id = installation.seed_phone_sign_in(provider.url)
    provider.mood = "holding"
    with installation.server() as server, Browser(server.address, client_id) as browser:
        browser.begin("Register")
        asking = threading.Thread(target=_ask, args=(browser,))
        asking.start()
        assert provider.arrived.acquire(timeout=60)
        server.kill()
        asking.join()
        assert message_states(database_url) == ["sending"]

        let_leases_lapse(database_url)
        with installation.server():
            assert until(lambda: message_states(database_url) == ["unknown"])
            # The visit goes on where it was: a new code, sent once.
            provider.mood = "well"
            record = browser.send_code(ALICE, "Register").json()["verificationId"]
            code = provider.next_code(ALICE)
            assert browser.verify_code(ALICE, record, code).status_code == 200
            assert browser.identify(record).status_code == 201
            assert browser.exchange(browser.submit()).status_code == 200

    assert len(provider.messages) == 2
    assert message_states(database_url) == ["unknown", "accepted"]


@pytest.mark.one_database
def test_a_stopping_server_waits_for_what_it_is_sending(
    installation: Installation, provider: Provider, database_url: str
) -> None:
    client_id = installation.seed_phone_sign_in(provider.url)
    provider.mood = "holding"
    with installation.server() as server, Browser(server.address, client_id) as browser:
        browser.begin("Register")
        sent = browser.send_code(ALICE, "Register")
        assert sent.status_code == 200
        assert provider.arrived.acquire(timeout=60)
        assert message_states(database_url) == ["sending"]
        browser.client.close()

        server.terminate()
        time.sleep(1)
        assert server.process.poll() is None
        provider.release.set()
        # uvicorn ends by the signal it was sent, once all is done.
        assert server.stop() in {0, -signal.SIGTERM}

    assert message_states(database_url) == ["accepted"]
    assert len(provider.messages) == 1


def _ask(browser: Browser) -> None:
    try:
        browser.send_code(ALICE, "Register")
    except httpx2.TransportError:
        return
