"""Signing keys follow each other while tokens are verified: not one verification fails."""

import json
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from tests import journeys, local
from tests.journeys.server import PYTHON as SERVER_PYTHON
from tests.journeys.server import Installation, Server
from tests.ports import free_port
from tests.sdk.conftest import CLIENTS, PYTHON

pytestmark = pytest.mark.slow

HURRIED = Path(journeys.__file__).with_name("hurried.py")
RATE = 150
# What an unhurried gateway does: it asks for the key set every ten minutes, and never in between.
CACHE_SECONDS = 600 / RATE
# Some of them have asked just before the rotation, some are about to.
GATEWAYS = 8
PATIENCE = 90
ROTATE = ("keys", "rotate-signing", "--algorithm", "ES256", "--json")

Verify = Callable[[str, str], dict[str, Any]]


@dataclass
class Gateway:
    """A verifier that trusts its copy of the key set until it is too old."""

    address: str
    host: dict[str, str]
    keys: KeySet = field(init=False)
    number: int
    fetched_at: float = field(init=False)

    def __post_init__(self) -> None:
        """Ask for the first time; the next time comes earlier for each than for the one before."""
        self._fetch()
        self.fetched_at -= CACHE_SECONDS * self.number / GATEWAYS

    def verify(self, token: str) -> None:
        """Check a signature; raises where the copy lacks the key."""
        if time.monotonic() - self.fetched_at > CACHE_SECONDS:
            self._fetch()
        jwt.decode(token, self.keys, algorithms=["ES256"])

    def _fetch(self) -> None:
        self.fetched_at = time.monotonic()
        answer = local.get(f"{self.address}/oidc/jwks", headers=self.host)
        self.keys = KeySet.import_key_set(answer.json())


@pytest.fixture
def installation(database_url: str, tmp_path: Path) -> Installation:
    """Return an installation whose hours pass in seconds."""
    installation = Installation(database_url, tmp_path)
    installation.program = (SERVER_PYTHON, str(HURRIED))
    installation.environment |= {"HURRIED_SINCE": str(time.time()), "HURRIED_RATE": str(RATE)}
    return installation


@pytest.fixture
def machine(installation: Installation) -> dict[str, str]:
    """Return the id and secret of a machine that asks for tokens."""
    done = installation.command(
        *("apps", "create", "--name", "Robot", "--type", "MachineToMachine"),
        *("--management", "--json"),
    )
    assert done.returncode == 0, done.stderr
    made: dict[str, str] = json.loads(done.stdout)
    return made


@pytest.fixture
def servers(
    installation: Installation, machine: dict[str, str], database_kind: str
) -> Iterator[list[Server]]:
    """Return two processes; one beside the command line where the database is SQLite."""
    ports = [free_port() for _ in range(1 if database_kind == "sqlite" else 2)]
    with ExitStack() as stack:
        yield [stack.enter_context(installation.server(port)) for port in ports]


@pytest.fixture
def pyjwt(installation: Installation) -> Iterator[Verify]:
    """Return PyJWT's verification of a token, by the key set at an address."""
    assert PYTHON.exists(), "PyJWT is missing: tools/environment sdk"
    with subprocess.Popen(
        [PYTHON, "-P", CLIENTS / "jwks_pyjwt.py"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        tell, hear = process.stdin, process.stdout

        def verify(address: str, token: str) -> dict[str, Any]:
            asked = {
                "jwks": f"{address}/oidc/jwks",
                "headers": host_of(installation),
                "rate": RATE,
                "token": token,
                "audience": f"{installation.origin}/api",
                "issuer": f"{installation.origin}/oidc",
            }
            tell.write(f"{json.dumps(asked)}\n")
            tell.flush()
            said: dict[str, Any] = json.loads(hear.readline())
            return said

        yield verify
        process.kill()


def test_no_verification_fails_while_a_key_follows_another(
    installation: Installation, machine: dict[str, str], servers: list[Server], pyjwt: Verify
) -> None:
    addresses = [server.address for server in servers]
    gateways = [
        Gateway(addresses[number % len(servers)], host_of(installation), number)
        for number in range(GATEWAYS)
    ]
    # A token comes from one process, and is verified with what the other publishes.
    ways = cycle(zip(servers, servers[::-1], strict=True))
    tokens: list[str] = []
    signers: dict[str, set[str]] = {}

    def issue_and_verify() -> None:
        signer, publisher = next(ways)
        token = token_of(signer, machine, installation)
        verified = pyjwt(publisher.address, token)
        assert "error" not in verified, verified
        for gateway in gateways:
            gateway.verify(token)
        signers.setdefault(verified["kid"], set()).add(signer.address)
        tokens.append(token)

    for _ in range(2 * len(servers)):
        issue_and_verify()
    (old,) = signers
    with ThreadPoolExecutor(1) as beside:
        rotating = beside.submit(installation.command, *ROTATE)
        while not rotating.done():
            issue_and_verify()
    assert rotating.result().returncode == 0, rotating.result().stderr
    (new,) = [key["keyId"] for key in json.loads(rotating.result().stdout)]

    until = time.monotonic() + PATIENCE
    while signers.get(new) != set(addresses):
        assert time.monotonic() < until, "the new key never signed"
        issue_and_verify()

    assert set(signers) == {old, new}
    for server in servers:
        assert all("kid" in pyjwt(server.address, token) for token in (tokens[0], tokens[-1]))


def host_of(installation: Installation) -> dict[str, str]:
    """Return the header by which each process knows the public address."""
    return {"host": installation.origin.removeprefix("http://")}


def token_of(server: Server, machine: dict[str, str], installation: Installation) -> str:
    """Return an access token, signed by this process."""
    answer = local.post(
        f"{server.address}/oidc/token",
        data={
            "grant_type": "client_credentials",
            "resource": f"{installation.origin}/api",
            "scope": "all",
        },
        auth=(machine["id"], machine["secret"]),
        headers=host_of(installation),
    )
    assert answer.status_code == 200, answer.text
    return str(answer.json()["access_token"])
