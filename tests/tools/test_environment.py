"""`tools/environment` says plainly what is missing."""

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROGRAMS = ("sh", "dirname", "cat", "pwd", "rm", "touch")


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """Return a folder with what the script reads, under a name with a space."""
    clone = tmp_path / "a clone"
    for name in ("tools", "requirements"):
        shutil.copytree(ROOT / name, clone / name)
    shutil.copy(ROOT / "pyproject.toml", clone)
    return clone


@pytest.fixture
def path_without_python(tmp_path: Path) -> Path:
    """Return a folder of programs, with a Python that is too old."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in PROGRAMS:
        program = shutil.which(name)
        if program is not None:
            (folder / name).symlink_to(program)
    old = folder / "python3"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    return folder


def test_an_old_python_is_named_as_the_reason(clone: Path, path_without_python: Path) -> None:
    said = subprocess.run(
        ["/bin/sh", clone / "tools" / "environment", "run"],
        env={"PATH": str(path_without_python)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert said.returncode != 0
    assert "needs Python 3.11 or newer" in said.stderr
    assert not (clone / ".venv").exists()
