"""`watchword connector new`: begins a package with a connector for another provider."""

import re
from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from string import Template
from typing import Annotated

import typer

from watchword import __version__
from watchword.cli.output import AsJson, fail, say

NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
LONGEST_NAME = 40
# So that neither the linter nor the interpreter takes a template for a module.
SUFFIX = "-tpl"

NEXT = """Made {folder}. Next:

  cd {folder}
  python -m pytest       it keeps every connector's promises already
  less README.md         what to change, and how to try it
"""


def new(
    name: Annotated[str, typer.Argument(help="The provider's: small letters, digits, hyphens.")],
    title: Annotated[
        str | None, typer.Option(help="The name people see; made from the other if left out.")
    ] = None,
    folder: Annotated[Path, typer.Option(help="Where the package's folder is put.")] = Path(),
    as_json: AsJson = False,
) -> None:
    """Write a package with a connector, its emulator, guides and tests, which pass as they are."""
    if not NAME.fullmatch(name) or len(name) > LONGEST_NAME:
        fail(f"{name!r} is no name: small letters, digits and single hyphens, as in blue-bird.", 2)
    _require_free_id(f"{name}-sms")
    target = folder / f"watchword-{name}"
    if target.exists():
        fail(f"{target} is there already.", 2)
    words = [word.capitalize() for word in name.split("-")]
    shown = " ".join((title or " ".join(words)).split())
    if not shown.isprintable() or set(shown) & set('"\\{}<&|'):
        fail("--title: a name without quotes, brackets or signs of markup.", 2)
    values = {
        "name": name,
        "module": f"watchword_{name.replace('-', '_')}",
        "prefix": "".join(words),
        "title": shown,
        "initial": shown[:1].upper(),
        "version": __version__,
    }
    written = [str(path) for path in _write(target, values)]
    say(as_json, {"folder": str(target), "files": written}, NEXT.format(folder=target))


def _require_free_id(connector_id: str) -> None:
    from watchword.app import CONNECTORS

    if connector_id in {shipped.id for shipped in CONNECTORS}:
        fail(f"Watchword has a connector {connector_id!r} already: take another name.", 2)


def _write(target: Path, values: dict[str, str]) -> Iterator[Path]:
    template = files("watchword.cli").joinpath("connector_template")
    for name, text in _texts(template):
        path = target / Path(name.replace("package/", f"{values['module']}/"))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(Template(text).substitute(values), encoding="utf-8")
        yield path


def _texts(folder: Traversable, prefix: str = "") -> Iterator[tuple[str, str]]:
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if entry.is_dir():
            yield from _texts(entry, f"{prefix}{entry.name}/")
        elif entry.name.endswith(SUFFIX):
            yield prefix + entry.name.removesuffix(SUFFIX), entry.read_text(encoding="utf-8")
