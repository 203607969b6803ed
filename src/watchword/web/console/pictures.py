"""What came of a branding's pictures, and fetching them again."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from watchword.pictures.models import ADDRESSES, digest_of
from watchword.web.console.desk import Desk


@dataclass(frozen=True)
class ShownPicture:
    """What is known of the picture at an address."""

    address: str
    fetched_at: datetime | None = None
    """When it was asked for last; None while it was not yet."""
    warning: str = ""
    """Why pages show nothing of it, or an earlier one."""


async def shown_pictures(desk: Desk, branding: Mapping[str, Any]) -> dict[str, ShownPicture]:
    """Return what is known of a branding's pictures, by field."""
    named = {name: branding[name] for name in ADDRESSES if branding.get(name)}
    known = await desk.scope.pictures.states() if named else {}
    shown = {}
    for name, address in named.items():
        found = known.get(digest_of(address))
        if found is None:
            shown[name] = ShownPicture(address)
            continue
        warning = ""
        if found.problem is not None:
            reason = desk.text(f"console.pictures.reason.{found.problem}")
            outcome = "kept" if found.picture_id else "none"
            warning = desk.text(f"console.pictures.{outcome}", reason=reason)
        shown[name] = ShownPicture(address, found.fetched_at, warning)
    return shown


async def fetch_again(desk: Desk, branding: Mapping[str, Any], name: str) -> None:
    """Ask for one of a branding's pictures again, whatever is known of it."""
    address = branding.get(name) if name in ADDRESSES else None
    if address:
        await desk.scope.pictures.fetch_again(address)
