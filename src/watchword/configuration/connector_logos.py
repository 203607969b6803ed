"""A connector's logos, each fetched once when its address is saved: pages ask no other host."""

from collections.abc import Mapping, Sequence
from typing import Any

from watchword.connector_kit.outbound import OutboundClient
from watchword.connectors.models import PICTURES
from watchword.pictures.models import Picture
from watchword.pictures.service import fetched

LARGEST = 24 * 1024
"""As text, what a logo may have that is given as a data URI."""
KINDS = frozenset({"image/svg+xml", "image/png", "image/jpeg", "image/webp", "image/gif"})
LOGOS = ("logo", "logoDark")


async def with_logos(
    client: OutboundClient, chosen: Mapping[str, Any], known: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the override with the pictures that its addresses lead to now.

    Where an address leads to none, the picture stays that it led to before, or there is none: a
    host that is down for a moment keeps nobody from saving.
    """
    return await _with(client, chosen, known, LOGOS)


async def with_missing_logos(
    client: OutboundClient, chosen: Mapping[str, Any], known: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the override with its pictures, of which only those not known are fetched."""
    here = with_known_logos(chosen, known).get(PICTURES, {})
    return await _with(client, chosen, known, [name for name in LOGOS if name not in here])


def with_known_logos(chosen: Mapping[str, Any], known: Mapping[str, Any]) -> dict[str, Any]:
    """Return the override with the pictures that are there for its addresses."""
    pictures = {
        name: picture
        for name, picture in known.get(PICTURES, {}).items()
        if chosen.get(name) == known.get(name)
    }
    return {**chosen, **({PICTURES: pictures} if pictures else {})}


async def _with(
    client: OutboundClient,
    chosen: Mapping[str, Any],
    known: Mapping[str, Any],
    names: Sequence[str],
) -> dict[str, Any]:
    pictures = with_known_logos(chosen, known).get(PICTURES, {})
    for name in names:
        address = chosen.get(name)
        if address and not address.startswith("data:"):
            picture = await fetched(client, address)
            if isinstance(picture, Picture) and _will_do(picture):
                pictures[name] = picture.data_uri
    return {**chosen, **({PICTURES: pictures} if pictures else {})}


def _will_do(picture: Picture) -> bool:
    return picture.content_type in KINDS and len(picture.content) <= LARGEST
