"""The connector of the how-to page works, files and tests as they stand there."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "write-a-connector.md"

BLOCK = re.compile(r'^```\w+ title="(?P<name>[\w./]+)"\n(?P<text>.*?)^```$', re.M | re.S)


def written_to(folder: Path) -> dict[str, str]:
    """Write the page's files to *folder*, and return them."""
    found = {block["name"]: block["text"] for block in BLOCK.finditer(PAGE.read_text("utf-8"))}
    for name, text in found.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    (folder / "watchword_acme" / "__init__.py").write_text('"""Acme."""\n', encoding="utf-8")
    return found


@pytest.mark.slow
def test_the_connector_of_the_page_keeps_the_contract(tmp_path: Path) -> None:
    files = written_to(tmp_path)

    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_acme.py"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )

    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert " passed" in ran.stdout
    project = tomllib.loads(files["pyproject.toml"])
    module, _, name = project["project"]["entry-points"]["watchword.connectors"][
        "acme-sms"
    ].partition(":")
    assert f"class {name}(" in files[f"{module.replace('.', '/')}.py"]
