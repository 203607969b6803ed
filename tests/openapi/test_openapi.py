"""No answer is a 5xx, has an undocumented status, or a code that its document does not name."""

import json
import subprocess
from pathlib import Path

import pytest

from tests import local
from tests.journeys.server import Installation
from tests.ports import free_port
from watchword.app import CONNECTORS

pytestmark = [pytest.mark.slow, pytest.mark.one_database]

CONFIG = Path(__file__).with_name("schemathesis.toml")
TOOL = Path(__file__).parents[2] / ".venv-sdk" / "bin" / "schemathesis"
EXAMPLES = 5
"""Drawn for each operation, beside the values at every boundary."""


@pytest.fixture
def installation(database_url: str, tmp_path: Path) -> Installation:
    """Return an installation whose connectors reach nothing but this machine."""
    nobody = f"http://127.0.0.1:{free_port()}"
    redirected = {shipped.id: nobody for shipped in CONNECTORS}
    return Installation(database_url, tmp_path, provider_base_urls=json.dumps(redirected))


def token_of(installation: Installation) -> str:
    """Return a token that may do everything."""
    arguments = ("--name", "fuzz", "--type", "MachineToMachine", "--management", "--json")
    made = json.loads(installation.command("apps", "create", *arguments).stdout)
    wanted = {
        "grant_type": "client_credentials",
        "resource": f"{installation.origin}/api",
        "scope": "all",
    }
    answer = local.post(
        f"{installation.origin}/oidc/token", data=wanted, auth=(made["id"], made["secret"])
    )
    return str(answer.json()["access_token"])


def test_every_answer_is_one_that_the_document_names(
    installation: Installation, tmp_path: Path
) -> None:
    assert TOOL.exists(), "the tool is missing: tools/environment sdk"

    with installation.server():
        done = subprocess.run(
            [
                *(TOOL, "--config-file", CONFIG, "run"),
                f"{installation.origin}/api/swagger.json",
                *("--header", f"Authorization: Bearer {token_of(installation)}"),
                *("--phases", "coverage,fuzzing,stateful"),
                *("--max-examples", str(EXAMPLES)),
            ],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )

    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr
