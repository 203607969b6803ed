"""Runs the providers' own packages, which live in an environment apart, as processes."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.emulators.conftest import client, emulator, emulators, provider

__all__ = ["client", "emulator", "emulators", "provider"]

CLIENTS = Path(__file__).parent / "clients"
PYTHON = Path(__file__).parents[2] / ".venv-sdk" / "bin" / "python"

Sdk = Callable[..., Any]
"""Sends with `clients/<name>.py`; the keyword arguments become its JSON input."""


@pytest.fixture
def sdk(emulator: str, provider: str) -> Sdk:
    """Return a call of the provider's package, against its emulator."""
    assert PYTHON.exists(), "the providers' packages are missing: tools/environment sdk"

    def send(**message: Any) -> Any:
        asked = json.dumps({"address": emulator, **message})
        done = subprocess.run(
            [PYTHON, "-P", "-W", "ignore", CLIENTS / f"{provider}.py", asked],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.splitlines()[-1])

    return send
