"""`watchword connector new`: what it writes works as it is, and is found once it is installed."""

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.cli.conftest import Watchword
from watchword.connector_kit.registry import ConnectorRegistry

RUFF = ("--isolated", "--no-cache", "--line-length", "100")


@pytest.fixture
def package(watchword: Watchword, tmp_path: Path) -> Path:
    """Return the folder of a package that was just begun."""
    ended = watchword("connector", "new", "blue-bird", "--folder", str(tmp_path / "work"))
    assert ended.code == 0, ended.stderr
    return tmp_path / "work" / "watchword-blue-bird"


def run(*command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a module of Python in *folder*."""
    return subprocess.run(
        [sys.executable, "-m", *command],
        cwd=folder,
        env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def test_it_says_what_it_wrote_and_how_to_go_on(watchword: Watchword, tmp_path: Path) -> None:
    ended = watchword("connector", "new", "acme")

    files = {str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*") if p.is_file()}
    assert "Made watchword-acme." in ended.stdout
    assert files - {"watchword.db"} == {
        f"watchword-acme/{name}"
        for name in (
            "README.md",
            "emulated.json",
            "pyproject.toml",
            "src/watchword_acme/__init__.py",
            "src/watchword_acme/connector.py",
            "src/watchword_acme/emulator.py",
            "src/watchword_acme/guide.ko.md",
            "src/watchword_acme/guide.md",
            "src/watchword_acme/logo.svg",
            "src/watchword_acme/py.typed",
            "tests/test_connector.py",
            "tests/test_emulator.py",
        )
    }


def test_both_words_begin_a_package(watchword: Watchword) -> None:
    assert watchword("connectors", "new", "one").code == 0
    assert watchword("connector", "new", "two", "--json").json["folder"] == "watchword-two"


def test_every_name_in_it_is_the_providers(package: Path) -> None:
    project = tomllib.loads((package / "pyproject.toml").read_text())["project"]
    connector = (package / "src" / "watchword_blue_bird" / "connector.py").read_text()

    assert project["name"] == "watchword-blue-bird"
    assert project["entry-points"]["watchword.connectors"] == {
        "blue-bird-sms": "watchword_blue_bird.connector:BlueBirdConnector"
    }
    assert 'id="blue-bird-sms"' in connector
    assert 'name={"en": "Blue Bird", "ko": "Blue Bird"}' in connector
    assert json.loads((package / "emulated.json").read_text())["apiKey"] == "emulated-blue-bird-key"


def test_a_title_is_what_people_see(watchword: Watchword, tmp_path: Path) -> None:
    watchword("connector", "new", "acme", "--title", "파랑새 SMS")

    guide = (tmp_path / "watchword-acme" / "src" / "watchword_acme" / "guide.ko.md").read_text()
    assert guide.startswith("# 파랑새 SMS\n")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("Acme",), "'Acme' is no name"),
        (("a--b",), "'a--b' is no name"),
        (("../up",), "'../up' is no name"),
        (("x" * 41,), "is no name"),
        (("http",), "Watchword has a connector 'http-sms' already"),
        (("acme", "--title", 'a"b'), "--title: a name without quotes"),
    ],
)
def test_a_name_that_would_not_do_is_refused_and_nothing_is_written(
    watchword: Watchword, tmp_path: Path, arguments: tuple[str, ...], words: str
) -> None:
    ended = watchword("connector", "new", *arguments)

    assert ended.code == 2
    assert words in ended.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["watchword.db"]


def test_nothing_is_written_over(watchword: Watchword, package: Path) -> None:
    (package / "README.md").write_text("mine")

    ended = watchword("connector", "new", "blue-bird", "--folder", str(package.parent))

    assert (ended.code, "is there already" in ended.stderr) == (2, True)
    assert (package / "README.md").read_text() == "mine"


@pytest.mark.parametrize("name", ["acme", "blue-bird"])
def test_it_is_formatted_and_clean(watchword: Watchword, tmp_path: Path, name: str) -> None:
    watchword("connector", "new", name)
    package = tmp_path / f"watchword-{name}"
    rules = "E,F,W,I,UP,B,SIM,C4,PT,RET,RUF,N"
    formatted = run("ruff", "format", "--check", *RUFF, "src", "tests", folder=package)
    checked = run("ruff", "check", "--select", rules, *RUFF, ".", folder=package)

    assert formatted.returncode == 0, formatted.stdout
    assert checked.returncode == 0, checked.stdout


@pytest.mark.slow
def test_it_keeps_the_contract_as_it_was_written(package: Path) -> None:
    ran = run("pytest", "-q", "-W", "error", "-p", "no:cacheprovider", folder=package)

    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert " passed" in ran.stdout
    assert "skipped" not in ran.stdout


@pytest.mark.slow
def test_a_broken_promise_fails_its_suite(package: Path) -> None:
    connector = package / "src" / "watchword_blue_bird" / "connector.py"
    honest = connector.read_text()
    connector.write_text(honest.replace("        SecretStr,\n", "        str,\n"))

    ran = run("pytest", "-q", "-p", "no:cacheprovider", "-k", "called_a_secret", folder=package)

    assert ran.returncode == 1
    assert "apiKey needs SecretStr" in ran.stdout


@pytest.mark.slow
def test_once_it_is_installed_the_server_offers_it(
    watchword: Watchword, package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = ("--quiet", "--no-deps", "--no-build-isolation", "--no-index")
    site = tmp_path / "site"
    installed = run("pip", "install", *options, "--target", str(site), ".", folder=package)
    assert installed.returncode == 0, installed.stderr
    monkeypatch.syspath_prepend(site)

    registry = ConnectorRegistry.with_installed([])
    listed = watchword("connectors", "list", "--available", "--json").json

    assert registry.problems == []
    assert [found.metadata.id for found in registry.list()] == ["blue-bird-sms"]
    assert {"connectorId": "blue-bird-sms", "name": "Blue Bird"} in listed
