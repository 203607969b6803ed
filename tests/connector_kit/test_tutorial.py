"""The tutorial about connectors does what it says, command by command, in both languages."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest

from tests import local
from tests.ports import free_port
from tests.web.console.conftest import Page

PAGES = Path(__file__).parents[2] / "docs" / "tutorial"
BLOCK = re.compile(r'^```(\w+)(?: title="([^"]+)")?\n(.*?)^```$', re.M | re.S)

SECOND_TERMINAL, SERVER, FAILS = "second terminal", "the server", "fails, as it should"
# Long enough for a busy machine.
PATIENCE = 300.0

# Into a folder of its own, as the environment of the tests stays as it is. The package's sources
# come first on the path, so that what is edited there counts at once.
SHIMS = {
    "python": 'exec {python} "$@"',
    "watchword": 'exec {python} -m watchword "$@"',
    "pip": (
        "exec {python} -m pip install --quiet --no-deps --no-build-isolation --no-index "
        '--target {site} "$3"'
    ),
    "make": "WATCHWORD_MODE=development exec {python} -m watchword serve --port {port}",
}


@dataclass(frozen=True)
class Block:
    """One block of the page."""

    kind: str
    title: str
    text: str


def blocks(name: str) -> list[Block]:
    """Return the page's blocks, in order."""
    text = (PAGES / name).read_text(encoding="utf-8")
    return [Block(*found) for found in BLOCK.findall(text)]


class Reader:
    """Somebody who does what the page says."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "watchword"
        self.package = folder / "watchword-acme"
        self.ports = {"3001": free_port(), "3100": free_port()}
        self.env = {
            **{name: value for name, value in os.environ.items() if "WATCHWORD" not in name},
            "PYTHONPATH": f"{self.package / 'src'}:{folder / 'site'}",
            "PYTHONUNBUFFERED": "1",
        }
        commands = self.home / ".venv" / "bin"
        commands.mkdir(parents=True)
        for name, command in SHIMS.items():
            filled = command.format(
                python=sys.executable, site=folder / "site", port=self.ports["3001"]
            )
            (commands / name).write_text(f"#!/bin/sh\n{filled}\n")
            (commands / name).chmod(0o755)
        (commands / "activate").write_text(f"export PATH={commands}:$PATH\n")

    def type(self, text: str) -> subprocess.CompletedProcess[str]:
        """Run commands, and remember what they exported."""
        kept = self.home / "environment"
        done = subprocess.run(
            ["sh", "-e", "-c", f"{self.here(text)}\nenv -0 >{kept}"],
            cwd=self.home,
            env=self.env,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        if kept.exists():
            pairs = (pair.partition("=") for pair in kept.read_text().split("\0") if pair)
            self.env = {name: value for name, _, value in pairs}
        return done

    def edit(self, block: Block) -> None:
        """Make the change that a block of differences shows."""
        lines = block.text.splitlines(keepends=True)
        before = "".join(line[1:] for line in lines if line[0] != "+")
        after = "".join(line[1:] for line in lines if line[0] != "-")
        path = self.package / block.title
        text = path.read_text(encoding="utf-8")
        assert text.count(before) == 1, f"{block.title} does not have once:\n{before}"
        path.write_text(text.replace(before, after), encoding="utf-8")

    @contextmanager
    def terminal(self, text: str, url: str) -> Iterator[Path]:
        """Leave commands running until the block ends; return their log once *url* answers."""
        log = self.home / f"terminal-{self.here(url)[-5:].strip(':/')}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                ["sh", "-e", "-c", self.here(text)],
                cwd=self.home,
                env=self.env,
                stdout=output,
                stderr=output,
                # Of its own, so that what the shell started ends with it.
                start_new_session=True,
            )
        try:
            _wait_for(self.here(url), process, log)
            yield log
        finally:
            os.killpg(process.pid, 15)
            process.wait(PATIENCE)

    def here(self, text: str) -> str:
        """Return *text* with ports that nobody else uses."""
        for written, free in self.ports.items():
            text = text.replace(written, str(free))
        return text


def _wait_for(url: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and process.poll() is None:
        try:
            if local.get(url, timeout=2).status_code < 500:
                return
        except httpx2.TransportError:
            pass
        time.sleep(0.05)
    raise AssertionError(f"nothing answers at {url}:\n{log.read_text()[-2000:]}")


@pytest.mark.slow
def test_the_pages_commands_do_what_it_says(tmp_path: Path) -> None:
    reader = Reader(tmp_path)
    page = blocks("write-a-connector.md")
    with ExitStack() as running:
        for block, after in zip(page, [*page[1:], Block("", "", "")], strict=True):
            if block.kind == "diff":
                reader.edit(block)
            if block.kind != "sh":
                continue
            if block.title == SECOND_TERMINAL:
                url = "http://127.0.0.1:3100/emulator/messages"
                running.enter_context(reader.terminal(block.text, url))
            elif block.title == SERVER:
                url = "http://localhost:3001/health/ready"
                log = running.enter_context(reader.terminal(block.text, url))
                _look_into_the_console(reader.here("http://localhost:3001"), log)
            else:
                done = reader.type(block.text)
                promised = after.text if after.kind == "text" and not block.title else ""
                is_refused = block.title == FAILS or "state          failed" in promised
                assert (done.returncode != 0) is is_refused, done.stdout + done.stderr
                if "├──" in promised:
                    _assert_is_there(reader.package, promised)
                elif promised:
                    _assert_says(done.stdout, promised)
                if block.title == FAILS:
                    assert "2 failed" in done.stdout


def _assert_says(said: str, promised: str) -> None:
    # Where the page has `…`, each run says something else; what pytest prints comes before.
    pattern = re.escape(promised).replace("…", ".+")
    assert re.search(f"{pattern}$", said), said


def _assert_is_there(package: Path, tree: str) -> None:
    shown = set(re.findall(r"─ ([\w.]+\.\w+)", tree))
    there = {path.name for path in package.rglob("*.*") if path.is_file()}
    assert shown == there - {"__init__.py", "py.typed"}


def _look_into_the_console(origin: str, log: Path) -> None:
    [link] = re.findall(r"http://\S+/console/setup\?token=\S+", log.read_text())
    with httpx2.Client(
        verify=local.NO_TLS, base_url=origin, follow_redirects=True, trust_env=False, timeout=60
    ) as client:
        client.headers |= {"Origin": origin, "Accept-Language": "en", "Accept": "text/html"}

        def submit(page: Page, action: str, to: str = "", **typed: str) -> Page:
            pairs = {**dict(page.form(action).pairs), **typed}
            return Page(client.post(page.form(action).action + to, data=pairs))

        page = Page(client.get(link))
        submit(page, "/console/setup", username="owner", password="quiet harbour lamp")
        cards = Page(client.get("/console/default/connectors/set-up"))
        assert "Texts through Acme." in cards.words
        form = Page(client.get("/console/default/connectors/set-up/acme-sms"))
        assert "An account with Acme." in form.words
        tested = submit(
            form,
            "/acme-sms",
            to="/test",
            apiKey="emulated-acme-key",
            sender="+15005550006",
            test_phone="+44 7700 900123",
        )
        assert "Accepted by Acme" in tested.words


def test_both_languages_have_the_same_commands_and_changes() -> None:
    english, korean = blocks("write-a-connector.md"), blocks("write-a-connector.ko.md")

    # The tree of files has remarks in each language.
    assert [block for block in english if "├──" not in block.text] == [
        block for block in korean if "├──" not in block.text
    ]
    assert len(english) == len(korean) > 20
