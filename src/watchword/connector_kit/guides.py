"""A connector's guide and logo, read from beside its code."""

from base64 import b64encode
from functools import lru_cache
from importlib.resources import files
from typing import Any

from watchword.connector_kit.connector import Connector

MEDIA_TYPES = {"svg": "image/svg+xml", "png": "image/png"}


@lru_cache(maxsize=256)
def guide(connector: type[Connector[Any, Any]], language: str = "en") -> str:
    """Return the guide as markdown, in English where there is none in *language*."""
    folder = files(_package(connector))
    # The language comes from a request, so it is compared and never made into a path.
    names = [f"guide.{language}.md", "guide.md"]
    present = {entry.name: entry for entry in folder.iterdir()}
    for name in names:
        if name in present:
            return present[name].read_text(encoding="utf-8")
    return ""


@lru_cache(maxsize=256)
def logo(connector: type[Connector[Any, Any]]) -> str:
    """Return the logo as a data URI."""
    name = connector.metadata.logo
    content = files(_package(connector)).joinpath(name).read_bytes()
    media_type = MEDIA_TYPES[name.rpartition(".")[2]]
    return f"data:{media_type};base64,{b64encode(content).decode()}"


def _package(connector: type[Connector[Any, Any]]) -> str:
    return connector.__module__.rpartition(".")[0] or connector.__module__
