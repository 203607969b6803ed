"""A provider's logo, fetched once when its address is saved: pages ask no other host for it."""

import asyncio
from base64 import b64encode
from collections.abc import Mapping
from typing import Any

import httpx2

from watchword.connector_kit.errors import ConnectorError
from watchword.connector_kit.outbound import OutboundClient
from watchword.connectors.models import PICTURES

LARGEST = 24 * 1024
"""As text, what a logo may have that is given as a data URI."""
LONGEST_SECONDS = 5
KINDS = frozenset({"image/svg+xml", "image/png", "image/jpeg", "image/webp", "image/gif"})
LOGOS = ("logo", "logoDark")


async def with_pictures(
    client: OutboundClient, chosen: Mapping[str, Any], known: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the override with the pictures that its addresses lead to.

    Where an address leads to none, the picture stays that it led to before, or there is none: a
    host that is down for a moment keeps nobody from saving.
    """
    pictures = {}
    for name in LOGOS:
        address = chosen.get(name)
        if not address or address.startswith("data:"):
            continue
        before = known.get(PICTURES, {}).get(name) if known.get(name) == address else None
        picture = await fetched_picture(client, address) or before
        if picture is not None:
            pictures[name] = picture
    return {**chosen, **({PICTURES: pictures} if pictures else {})}


async def fetched_picture(client: OutboundClient, address: str) -> str | None:
    """Return the picture at *address* as a data URI; None where there is none that will do."""
    try:
        request = httpx2.Request("GET", address, headers={"Accept": "image/*"})
        async with asyncio.timeout(LONGEST_SECONDS):
            response = await client.send(request)
    except (ConnectorError, TimeoutError, httpx2.InvalidURL, UnicodeError):
        return None
    kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    if response.status_code != 200 or kind not in KINDS or len(response.content) > LARGEST:
        return None
    return f"data:{kind};base64,{b64encode(response.content).decode()}"
