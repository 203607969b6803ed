"""A process that is killed while it applies a configuration leaves the old one whole."""

import json
import signal
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.journeys.rows import query
from tests.journeys.server import PHONE_SIGN_IN, PYTHON, Installation

pytestmark = pytest.mark.slow

KILLED = Path(__file__).with_name("killed.py")
TABLES = (
    "tenants",
    "connectors",
    "settings",
    "applications",
    "resources",
    "webhooks",
    "configuration_versions",
    "audit_log",
)
DOCUMENT: dict[str, Any] = {
    "version": 1,
    "signIn": PHONE_SIGN_IN,
    "guard": {"perNumber": {"count": 3, "seconds": 600}},
    "connectors": {
        "sms": {
            "connectorId": "http-sms",
            "config": {
                "endpoint": "http://127.0.0.1:9/messages",
                "authorization": "${env:TOKEN}",
            },
        }
    },
    "resources": {"https://orders.example": {"name": "Orders", "scopes": {"read": None}}},
    "applications": {
        "shop": {
            "name": "Shop",
            "type": "SPA",
            "oidcClientMetadata": {"redirectUris": ["https://shop.example/callback"]},
            "resourceScopes": {"https://orders.example": ["read"]},
        }
    },
    "webhooks": {
        "hook": {"name": "Hook", "url": "https://hooks.example", "events": ["User.Created"]}
    },
}

TENANTS = ("trial", "rehearsal", "live")
CHOSEN = (
    "signIn",
    "guard",
    "connectors.sms",
    "resources.https://orders.example",
    "applications.shop",
    "webhooks.hook",
)


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    stdout: str
    stderr: str
    statements: int


class Commands:
    """Runs commands of an installation, and kills those that are to be killed."""

    def __init__(self, installation: Installation) -> None:
        self.process = subprocess.Popen(
            [PYTHON, str(KILLED)],
            env=installation.environment,
            cwd=installation.folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __call__(self, *arguments: str, killed_after: int = 0) -> Ended:
        """Run one to its end, or until so many statements ran inside its transactions."""
        asked, answered = self.process.stdin, self.process.stdout
        assert asked is not None
        assert answered is not None
        asked.write(json.dumps({"after": killed_after, "arguments": arguments}) + "\n")
        asked.flush()
        return Ended(**json.loads(answered.readline()))

    def stop(self) -> None:
        """End what runs them."""
        self.process.communicate(timeout=60)


@pytest.fixture
def watchword(installation: Installation) -> Iterator[Commands]:
    """Return what runs commands on three empty tenants."""
    secrets = {"TOKEN": "not-a-real-token", "SMS_AUTHORIZATION": "not-a-real-token-either"}
    installation.environment.update(secrets)
    commands = Commands(installation)
    for tenant in TENANTS:
        assert commands("tenants", "create", tenant).code == 0
    yield commands
    commands.stop()


@pytest.fixture
def source(installation: Installation, watchword: Commands) -> str:
    """Return a file with something of everything, which the tenant `trial` has already."""
    path = installation.folder / "configuration.json"
    path.write_text(json.dumps(DOCUMENT))
    applied = watchword("config", "apply", str(path), "--tenant", "trial")
    assert applied.code == 0, applied.stderr
    return str(path)


@pytest.mark.parametrize("way", ["apply", "promote"])
def test_a_killed_change_leaves_nothing_and_is_made_the_next_time(
    installation: Installation, watchword: Commands, source: str, way: str
) -> None:
    rehearsed = watchword(*change(watchword, way, source, "rehearsal"))
    assert rehearsed.code == 0, rehearsed.stderr
    live, last = change(watchword, way, source, "live"), rehearsed.statements
    before = rows(installation)

    # After the first statement, on the way, and when nothing but the commit is left to do.
    for after in (1, 2, last // 3, last // 2, 2 * last // 3, last - 1, last):
        ended = watchword(*live, killed_after=after)
        assert ended.code == -signal.SIGKILL, ended
        assert rows(installation) == before

    done = watchword(*live)
    assert done.code == 0, done.stderr
    assert rows(installation) != before
    exported = {watchword("config", "export", "--tenant", one).stdout for one in TENANTS}
    assert len(exported) == 1
    assert "hooks.example" in exported.pop()


def change(watchword: Commands, way: str, source: str, target: str) -> tuple[str, ...]:
    """Return the command that changes a tenant as it was seen."""
    applying: tuple[str, ...] = ("config", "apply", source, "--tenant", target)
    planning: tuple[str, ...] = ("config", "plan", source, "--tenant", target)
    if way == "promote":
        chosen = (f"--only={one}" for one in CHOSEN)
        planning = ("config", "promote", "--from", "trial", "--to", target, *chosen)
        applying = (*planning, "--untested")
    planned = watchword(*planning, "--json")
    assert planned.code == 2, planned.stderr
    return (*applying, "--expect", str(json.loads(planned.stdout)["stamp"]))


def rows(installation: Installation) -> Mapping[str, list[str]]:
    """Return every row that a change of the configuration writes."""
    return {
        table: sorted(
            map(repr, query(installation.database_url, f"SELECT * FROM {table}"))  # noqa: S608
        )
        for table in TABLES
    }
