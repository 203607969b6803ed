"""A development tenant answers at a port of its own, by the same process."""

import socket
from typing import Any

import pytest

from tests import local
from tests.journeys.server import Installation, Server
from tests.ports import free_port

pytestmark = pytest.mark.slow

DISCOVERY = "/oidc/.well-known/openid-configuration"
# Of a machine that is busy.
SECONDS = 30


def created(installation: Installation, tenant: str) -> int:
    """Create a tenant with a port of its own, and return the port."""
    port = free_port()
    done = installation.command("tenants", "create", tenant, "--port", str(port))
    assert done.returncode == 0, done.stderr
    return port


def discovery(port: int) -> Any:
    """Return what the tenant at a port says of itself."""
    answer = local.get(f"http://127.0.0.1:{port}{DISCOVERY}", timeout=SECONDS)
    assert answer.status_code == 200, answer.text
    return answer.json()


def issuers(*ports: int) -> list[str]:
    return [discovery(port)["issuer"] for port in ports]


@pytest.mark.one_database
def test_each_tenant_has_its_issuer_at_its_own_port(installation: Installation) -> None:
    port, other = created(installation, "acme"), created(installation, "shop")

    with installation.server():
        found = issuers(installation.port, port, other)
        keys = [
            local.get(discovery(each)["jwks_uri"], timeout=SECONDS).json() for each in (port, other)
        ]
        stray = local.get(
            f"http://127.0.0.1:{port}{DISCOVERY}",
            headers={"Host": f"evil.example:{port}"},
            timeout=SECONDS,
        )

    assert found == [f"http://127.0.0.1:{each}/oidc" for each in (installation.port, port, other)]
    assert keys[0] != keys[1]
    assert (stray.status_code, stray.json()["code"]) == (421, "tenant.unknown_host")


@pytest.mark.one_database
def test_a_port_that_is_taken_keeps_nobody_else_out(installation: Installation) -> None:
    taken, free = created(installation, "acme"), created(installation, "shop")

    with socket.create_server(("127.0.0.1", taken)), installation.server() as server:
        found = issuers(installation.port, free)
        said = server.log

    assert f"Port {taken} of the tenant acme is in use" in said
    assert found[1] == f"http://127.0.0.1:{free}/oidc"


def test_two_servers_share_a_tenant_and_one_has_its_port(
    installation: Installation, database_kind: str
) -> None:
    if database_kind == "sqlite":
        pytest.skip("SQLite serves one process")
    port = created(installation, "acme")

    with installation.server() as first, installation.server(free_port()) as second:
        issuer = discovery(port)["issuer"]
        through_second = local.get(
            f"{second.address}{DISCOVERY}",
            headers={"Host": f"127.0.0.1:{port}"},
            timeout=SECONDS,
        )
        logs = [first.log, second.log]

    assert issuer == through_second.json()["issuer"] == f"http://127.0.0.1:{port}/oidc"
    assert [f"Port {port} of the tenant acme is in use" in log for log in logs] == [False, True]


def test_several_workers_listen_on_the_port_together(
    installation: Installation, database_kind: str
) -> None:
    if database_kind == "sqlite":
        pytest.skip("SQLite serves one process")
    port = created(installation, "acme")
    workers = Server(
        installation.environment,
        installation.folder,
        installation.port,
        options=("--workers", "2"),
    )

    try:
        workers.wait_until_ready()
        found = issuers(*[port] * 4, installation.port)
    finally:
        workers.stop()

    assert set(found) == {f"http://127.0.0.1:{each}/oidc" for each in (port, installation.port)}


def test_a_port_that_is_taken_stops_the_start_with_the_address(installation: Installation) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        ended = installation.command("serve", "--port", str(port))

    assert ended.returncode == 3
    assert f"127.0.0.1:{port}" in ended.stderr
