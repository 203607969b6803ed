"""A server as a process of its own, as an operator would run it."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2

from tests import local
from tests.journeys.seed import seed
from tests.ports import free_port
from watchword.core.keys import SecretKeys
from watchword.settings import Settings

# `make dist` names the Python of the environment that the wheel was installed into.
PYTHON = os.environ.get("WATCHWORD_TESTED_PYTHON", sys.executable)

REDIRECT_URI = "https://shop.example/callback"
# Long enough for a busy machine: it migrates an empty database too.
START_SECONDS = 90
SETTINGS = {"connector", "signIn"}
LEARNS = 1.5
"""Seconds: a running server looks for changed settings every second."""

PHONE_SIGN_IN: dict[str, Any] = {
    "signUp": {"identifiers": ["phone"], "password": False, "verify": True},
    "signIn": {
        "methods": [
            {
                "identifier": "phone",
                "password": False,
                "verificationCode": True,
                "isPasswordPrimary": False,
            }
        ]
    },
}


class Installation:
    """The environment that servers and commands of one journey share."""

    def __init__(self, database_url: str, folder: Path, **settings: str) -> None:
        self.folder = folder
        self.program: tuple[str, ...] = (PYTHON, "-m", "watchword")
        self.database_url = database_url
        self.uses_sqlite = database_url.startswith("sqlite")
        self.running = 0
        self.port = free_port()
        self.origin = f"http://127.0.0.1:{self.port}"
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("WATCHWORD_")}
        self.environment = {
            **inherited,
            "PYTHONUNBUFFERED": "1",
            "WATCHWORD_MODE": "production",
            "WATCHWORD_DATABASE_URL": database_url,
            "WATCHWORD_PUBLIC_URL": self.origin,
            "WATCHWORD_SECRET_KEYS": SecretKeys.generate("journey"),
            "WATCHWORD_OUTBOUND_ALLOW": "127.0.0.0/8",
            "WATCHWORD_DELIVERY_WAIT": "1",
            **{f"WATCHWORD_{name.upper()}": value for name, value in settings.items()},
        }

    def seed(self, **wish: Any) -> str:
        """Configure the default tenant and return the application's id."""
        if sys.executable == PYTHON:
            # Another process takes seconds to import what is imported here. On a thread of its
            # own: a browser's driver keeps a loop running on this one.
            with ThreadPoolExecutor(1) as pool:
                done_here = pool.submit(asyncio.run, seed(self.settings(), wish)).result()
            if self.running and SETTINGS & wish.keys():
                time.sleep(LEARNS)
            return done_here
        script = Path(__file__).with_name("seed.py")
        done = self._run(PYTHON, str(script), json.dumps(wish))
        assert done.returncode == 0, done.stderr
        return done.stdout

    def settings(self) -> Settings:
        """Return what a server would read in this environment."""
        given: dict[str, Any] = {
            name.removeprefix("WATCHWORD_").lower(): value
            for name, value in self.environment.items()
            if name.startswith("WATCHWORD_")
        }
        return Settings(**given)

    def seed_phone_sign_in(self, endpoint: str) -> str:
        """Set phone sign-in up, through the HTTP connector, for one application."""
        return self.seed(
            connector="http-sms",
            config={"endpoint": endpoint},
            signIn=PHONE_SIGN_IN,
            redirectUri=REDIRECT_URI,
        )

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run `watchword` with these arguments."""
        return self._run(*self.program, *arguments)

    def _run(self, *command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            env=self.environment,
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    @contextmanager
    def server(
        self, port: int | None = None, before_start: Callable[[], None] | None = None
    ) -> Iterator["Server"]:
        """Serve until the block ends."""
        server = Server(
            self.environment, self.folder, port or self.port, before_start, program=self.program
        )
        self.running += 1
        try:
            server.wait_until_ready()
            yield server
        finally:
            self.running -= 1
            server.stop()


class Server:
    """One running `watchword serve`."""

    def __init__(
        self,
        environment: Mapping[str, str],
        folder: Path,
        port: int,
        before_start: Callable[[], None] | None = None,
        *,
        program: tuple[str, ...] = (PYTHON, "-m", "watchword"),
        options: tuple[str, ...] = (),
    ) -> None:
        self.address = f"http://127.0.0.1:{port}"
        self.log_path = folder / f"server-{port}.log"
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(
                [*program, "serve", "--port", str(port), *options],
                env=dict(environment),
                cwd=folder,
                stdout=log,
                stderr=log,
                preexec_fn=before_start,  # noqa: PLW1509  # sets a limit, in the child alone
            )

    @property
    def log(self) -> str:
        """Return what it has written so far."""
        return self.log_path.read_text()

    def wait_until_ready(self) -> None:
        """Return when it answers; fail with its log if it ends or takes too long."""
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until and self.process.poll() is None:
            try:
                if local.get(f"{self.address}/health/ready", timeout=2).status_code == 200:
                    return
            except httpx2.TransportError:
                pass
            time.sleep(0.05)
        raise AssertionError(f"the server did not start:\n{self.log[-3000:]}")

    def kill(self) -> None:
        """End it as `kill -9` does."""
        self.process.kill()
        self.process.wait(timeout=60)

    def terminate(self) -> None:
        """Ask it to stop, and return at once."""
        self.process.send_signal(signal.SIGTERM)

    def stop(self, seconds: float = 40) -> int:
        """Ask it to stop, wait, and return its exit code."""
        if self.process.poll() is None:
            self.terminate()
        try:
            return self.process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError("the server did not stop when asked to") from None
