"""Habits that can be read off the source."""

import ast
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.reference import ROOT, reference
from watchword.connector_kit.config import ConnectorConfig
from watchword.settings import Settings

SOURCE = sorted((ROOT / "src").rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))
TEXTS = sorted(
    path
    for folder in ("src", "tests", "bench", "tools", "docs", "deploy", "requirements")
    for path in (ROOT / folder).rglob("*")
    if path.is_file() and path.suffix in {"", ".py", ".md", ".toml", ".html", ".css", ".js", ".txt"}
)
# Their names say that what they hold opens something.
SECRET_NAME = re.compile(r"secret|token|password|credential|api_?key|private", re.IGNORECASE)
DOCSTRING = re.compile(r'r?"""[^"].*?"""\n', re.DOTALL)
# Said apart, so that this file does not find itself.
UNFINISHED = re.compile(r"\b(" + "|".join(("TO" + "DO", "FIX" + "ME", "XX" + "X")) + r")\b")


@pytest.mark.slow  # `make check` asks `lint-imports` itself
def test_the_import_contracts_hold() -> None:
    program = Path(sys.executable).with_name("lint-imports")
    found = subprocess.run(
        [program, "--no-logo", "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert found.returncode == 0, found.stdout


def test_tests_use_fakes_not_mocks() -> None:
    mocking = [
        path.name
        for path in TESTS
        if "mock" in (text := path.read_text())
        and _imports(text) & {"mock", "unittest.mock", "pytest_mock"}
    ]
    assert mocking == []


def test_only_the_guarded_client_goes_out() -> None:
    # Emulators play the provider, and the doctor knocks at addresses of the operator's own.
    exempt = {"emulators", "doctor.py", "outbound.py"}
    clients = re.compile(
        r"httpx2\.(AsyncClient|Client|get|post|put|request|stream)\(|urlopen|http\.client|aiohttp"
        r"|open_connection|create_connection"
    )
    found = [
        str(path.relative_to(ROOT))
        for path in SOURCE
        if not exempt & {*path.parts} and clients.search(path.read_text())
    ]
    assert found == []


def test_nothing_is_left_for_later() -> None:
    unfinished = [
        f"{path.relative_to(ROOT)}: {match[0]}"
        for path in TEXTS
        if (match := UNFINISHED.search(path.read_text(encoding="utf-8")))
    ]
    assert unfinished == []


def test_every_type_ignore_says_what_and_why() -> None:
    vague = re.compile(r"# type: ignore(?!\[[a-z, -]+\]  # \w)")
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in SOURCE
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if vague.search(line)
    ]
    assert found == []


def test_every_module_opens_with_one_line_about_it() -> None:
    silent = [
        str(path.relative_to(ROOT))
        for path in SOURCE
        if (text := path.read_text()).strip() and not DOCSTRING.match(text)
    ]
    assert silent == []


def _configs() -> list[type[ConnectorConfig]]:
    return [connector.config_type for connector in reference.CONNECTORS]


@pytest.mark.parametrize("config", _configs(), ids=lambda config: config.__name__)
def test_a_connectors_secret_is_typed_as_one(config: type[ConnectorConfig]) -> None:
    bare = [
        name
        for name, field in config.model_fields.items()
        if SECRET_NAME.search(name)
        and not name.endswith(("_id", "_sid"))
        and "Secret" not in str(field.annotation)
    ]
    assert bare == []


def test_a_secret_setting_is_not_in_the_settings_repr() -> None:
    shown = [
        name
        for name, field in Settings.model_fields.items()
        if SECRET_NAME.search(name) and field.repr
    ]
    assert shown == []


def test_no_package_index_is_named() -> None:
    named = [
        path.name
        for path in (*(ROOT / "requirements").rglob("*.*"), ROOT / "Makefile", ROOT / "Dockerfile")
        if re.search(
            r"https?://(?!localhost|127)|--(extra-)?index-url|--find-links", path.read_text()
        )
    ]
    assert named == []


@pytest.mark.proves("S137")
def test_every_locked_package_has_a_hash() -> None:
    for path in (ROOT / "requirements").glob("*.txt"):
        packages = re.split(r"\n(?=[a-zA-Z0-9])", path.read_text().strip())
        assert [package for package in packages if "--hash=sha256:" not in package] == []
    lock = json.loads((ROOT / "requirements" / "npm" / "package-lock.json").read_text())
    unsure = [name for name, package in lock["packages"].items() if "integrity" not in package]
    assert unsure == [""]  # the project itself


@pytest.mark.slow
@pytest.mark.proves("S137")
@pytest.mark.skipif(shutil.which("sh") is None, reason="needs a shell")
def test_the_inventory_of_a_release_names_every_package_with_its_hashes(tmp_path: Path) -> None:
    target = tmp_path / "release.cdx.json"
    subprocess.run(
        ["sh", ROOT / "tools" / "inventory", target],
        env={**os.environ, "PYTHON": sys.executable},
        check=True,
        capture_output=True,
    )

    document = json.loads(target.read_text())

    lock = (ROOT / "requirements" / "run.txt").read_text()
    locked = {
        (name, version): set(re.findall(r"--hash=sha256:([0-9a-f]{64})", rest))
        for name, version, rest in re.findall(
            r"^([A-Za-z0-9._-]+)==([^ ;\\]+)(.*(?:\n    .*)*)", lock, re.MULTILINE
        )
    }
    listed = {
        (component["name"], component["version"]): {
            digest["content"]
            for reference in component["externalReferences"]
            for digest in reference["hashes"]
        }
        for component in document["components"]
    }
    assert listed == locked
    assert document["bomFormat"] == "CycloneDX"
    assert document["metadata"]["component"]["name"] == "watchword"


@pytest.mark.skipif(shutil.which("sh") is None, reason="needs a shell")
@pytest.mark.parametrize("name", ["lock", "environment", "chromium", "dist", "inventory"])
def test_a_tool_is_a_shell_script_that_parses(name: str) -> None:
    checked = subprocess.run(["sh", "-n", ROOT / "tools" / name], capture_output=True, check=False)
    assert checked.returncode == 0, checked.stderr


def _imports(source: str) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names
