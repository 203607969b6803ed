"""A server, an emulated Twilio and a real Chromium, for stories that people walk."""

import os
import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest
from playwright.sync_api import Browser, Error, Page, expect, sync_playwright

from tests import local
from tests.journeys.server import PYTHON, Installation, Server
from tests.ports import free_port

OUTPUT = Path(__file__).parent / "output"

# Milliseconds. What is there is found at once; a starved machine is no failure of a page.
PATIENCE = 60_000
expect.set_options(timeout=PATIENCE)

# Chromium's own calls home have no place in a test.
QUIET = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
    "--no-first-run",
    "--disable-gpu",
)


class Emulator:
    """`watchword emulate twilio`, as a process of its own."""

    def __init__(self, folder: Path) -> None:
        self.address = f"http://127.0.0.1:{free_port()}"
        port = self.address.rpartition(":")[2]
        with (folder / "emulator.log").open("wb") as log:
            self.process = subprocess.Popen(
                [PYTHON, "-m", "watchword", "emulate", "twilio", "--port", port],
                stdout=log,
                stderr=log,
            )

    def wait_until_ready(self) -> None:
        """Return when it answers."""
        for _ in range(1200):
            try:
                local.get(f"{self.address}/emulator/messages")
            except httpx2.TransportError:
                time.sleep(0.1)
            else:
                return
        raise AssertionError("the emulator did not start")

    def messages(self) -> list[dict[str, str]]:
        """Return what was accepted, the oldest first."""
        accepted: list[dict[str, str]] = local.get(f"{self.address}/emulator/messages").json()
        return accepted

    def forget(self) -> None:
        """Have accepted nothing."""
        local.delete(f"{self.address}/emulator/messages")

    def last_code(self) -> str:
        """Return the code of the newest text."""
        found = re.search(r"\b\d{6}\b", self.messages()[-1]["body"])
        assert found is not None
        return found[0]

    def stop(self) -> None:
        """End it."""
        self.process.terminate()
        self.process.wait(timeout=60)


@contextmanager
def running_emulator(folder: Path) -> Iterator[Emulator]:
    """Run an emulated Twilio for the length of the block."""
    emulator = Emulator(folder)
    try:
        emulator.wait_until_ready()
        yield emulator
    finally:
        emulator.stop()


@pytest.fixture(scope="session")
def twilio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """Return a running emulated Twilio."""
    with running_emulator(tmp_path_factory.mktemp("twilio")) as emulator:
        yield emulator


@pytest.fixture
def emulator(twilio: Emulator) -> Emulator:
    """Return a running emulated Twilio that has accepted nothing yet."""
    twilio.forget()
    return twilio


def development(database_url: str, emulator: Emulator, folder: Path) -> Installation:
    """Return a development installation whose Twilio is the emulated one."""
    installation = Installation(
        database_url,
        folder,
        mode="development",
        provider_base_urls=f'{{"twilio-short-message-service": "{emulator.address}"}}',
    )
    # People and browsers say localhost; it is a secure context, as https is.
    installation.origin = f"http://localhost:{installation.port}"
    installation.environment["WATCHWORD_PUBLIC_URL"] = installation.origin
    # Who stands before a page for a code finds the message at the emulator, however busy it is.
    installation.environment["WATCHWORD_DELIVERY_WAIT"] = "30"
    return installation


@pytest.fixture
def installation(database_url: str, emulator: Emulator, tmp_path: Path) -> Installation:
    """Return a development installation whose Twilio is the emulated one."""
    return development(database_url, emulator, tmp_path)


@pytest.fixture
def server(installation: Installation) -> Iterator[Server]:
    """Return the running server."""
    with installation.server() as server:
        yield server


def setup_link(server: Server) -> str:
    """Return the one-time link that the terminal shows."""
    found = re.findall(r"http://\S+/console/setup\?token=\S+", server.log)
    assert found, server.log
    return str(found[-1])


@contextmanager
def chromium() -> Iterator[Browser]:
    """Run a real Chromium for the length of the block; `make test` brings one and names it."""
    with sync_playwright() as playwright:
        sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM") or None, args=[*QUIET, *sandbox]
        )
        yield browser
        browser.close()


# For each module anew: the driver keeps an event loop on the main thread while it lives, and
# asynchronous tests of the same process need that thread.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Return a real Chromium."""
    with chromium() as browser:
        yield browser


TOO_WIDE = "document.documentElement.scrollWidth - innerWidth"


class Camera:
    """Takes named pictures, to be looked at, into `tests/browser/output/`."""

    def __init__(self, folder: str) -> None:
        self.folder = OUTPUT / folder
        self.folder.mkdir(parents=True, exist_ok=True)

    def take(self, page: Page, name: str) -> None:
        """Take a picture of the screen, after checking that nothing sticks out sideways."""
        # A click that leads on returns before the next page is there to be measured.
        page.wait_for_load_state()
        try:
            wide = page.evaluate(TOO_WIDE)
        except Error:
            # The page before was there still, and went away meanwhile.
            page.wait_for_load_state("networkidle")
            wide = page.evaluate(TOO_WIDE)
        assert wide <= 0, f"{name}: the page is {wide} px too wide"
        page.screenshot(path=self.folder / f"{name}.png")


EXPECTED = (
    "status of 4",
    # The page in the preview's frame may not take the cursor from who fills the form beside it.
    "Blocked autofocusing",
    # A form that was changed or saved again before it was drawn anew.
    "htmx:sendAbort",
    "htmx:afterRequest",
)


class Complaints:
    """What the browser complained of: script errors, and what the content policy refused."""

    def __init__(self, page: Page) -> None:
        self.lines: list[str] = []
        self.watch(page)

    def watch(self, page: Page) -> None:
        """Listen to one more page."""
        page.on("pageerror", lambda error: self.lines.append(str(error)))
        page.on(
            "console",
            lambda message: (
                self.lines.append(message.text)
                if message.type == "error" and not any(text in message.text for text in EXPECTED)
                else None
            ),
        )
