"""A killed process loses no event: the next one posts it, under the same id."""

import json
import signal

import httpx2
import pytest

from tests import local
from tests.journeys.provider import Provider
from tests.journeys.rows import query, until
from tests.journeys.server import Installation

pytestmark = pytest.mark.slow


def manage(installation: Installation, address: str) -> httpx2.Client:
    """Return a client of the Management API."""
    script = {"name": "script", "type": "MachineToMachine", "is_management": True}
    (machine,) = json.loads(installation.seed(applications=[script]))
    asked = {
        "grant_type": "client_credentials",
        "resource": f"{installation.origin}/api",
        "scope": "all",
    }
    credentials = (machine["id"], machine["secret"])
    token = local.post(f"{address}/oidc/token", data=asked, auth=credentials, timeout=60).json()
    bearer = {"authorization": f"Bearer {token['access_token']}"}
    return httpx2.Client(verify=local.NO_TLS, base_url=address, headers=bearer, timeout=60)


def delivery_states(database_url: str) -> list[str]:
    """Return the state of every delivery, oldest first."""
    rows = query(database_url, "SELECT state FROM webhook_deliveries ORDER BY created_at, id")
    return [state for (state,) in rows]


def let_leases_lapse(database_url: str) -> None:
    """Do what half a minute of waiting would."""
    past = "1" if database_url.startswith("sqlite") else "now() - interval '1 minute'"
    query(database_url, f"UPDATE webhook_deliveries SET next_at = {past}")  # noqa: S608  # ours


def test_what_a_killed_process_was_posting_is_posted_by_the_next(
    installation: Installation, provider: Provider, database_url: str
) -> None:
    provider.mood = "holding"
    with installation.server() as server, manage(installation, server.address) as api:
        wanted = {"events": ["Organization.Created"], "config": {"url": provider.url}}
        assert api.post("/api/hooks", json=wanted).status_code == 201
        # The receiver holds its answer back, and the request does not wait for it.
        assert api.post("/api/organizations", json={"name": "Club"}).status_code == 201
        assert provider.arrived.acquire(timeout=60)
        server.kill()
    assert delivery_states(database_url) == ["waiting"]

    provider.mood = "well"
    let_leases_lapse(database_url)
    with installation.server():
        assert provider.arrived.acquire(timeout=60)
        assert until(lambda: delivery_states(database_url) == ["delivered"])

    assert len(provider.messages) == 2
    assert provider.messages[0] == provider.messages[1]
    assert provider.messages[0]["event"] == "Organization.Created"


@pytest.mark.one_database
def test_a_stopping_server_waits_for_the_receiver_that_it_is_posting_to(
    installation: Installation, provider: Provider, database_url: str
) -> None:
    provider.mood = "holding"
    with installation.server() as server, manage(installation, server.address) as api:
        wanted = {"events": ["Organization.Created"], "config": {"url": provider.url}}
        assert api.post("/api/hooks", json=wanted).status_code == 201
        assert api.post("/api/organizations", json={"name": "Club"}).status_code == 201
        assert provider.arrived.acquire(timeout=60)
        api.close()

        server.terminate()
        assert not until(lambda: server.process.poll() is not None, seconds=1)
        provider.release.set()

        # uvicorn ends by the signal it was sent, once all is done.
        assert server.stop() in {0, -signal.SIGTERM}
    assert delivery_states(database_url) == ["delivered"]
    assert len(provider.messages) == 1
