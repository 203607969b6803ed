"""Fetch pictures once, know which there are, and hand them out."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Self

import httpx2

from watchword.connector_kit.errors import (
    ConnectorError,
    ProviderSettingsRefused,
    UnreadableAnswer,
)
from watchword.connector_kit.outbound import OutboundClient
from watchword.core.clock import Clock
from watchword.pictures.models import LARGEST, Known, Picture, Problem, digest_of
from watchword.pictures.repository import PictureRows

LONGEST = timedelta(seconds=5)
RETRY = timedelta(hours=1)
KEPT_UNNAMED = timedelta(days=1)
MOST_AT_ONCE = 8


@dataclass(frozen=True, kw_only=True)
class PictureService:
    """The pictures that one tenant's pages show."""

    rows: PictureRows
    client: OutboundClient
    clock: Clock
    on_change: Callable[[], Awaitable[None]]
    """Called when a page may have other pictures than this service knows."""
    known: Mapping[str, Known]
    """What had come of each address when this service was made, by the address's digest."""
    wanted: set[str] = field(default_factory=set)
    """Addresses that are to be fetched by this process; it outlives the service."""
    inlined: Mapping[str, str] | None = None
    """The only pictures there are, as data URIs; None where they are served."""

    def address_of(self, address: str | None) -> str | None:
        """Return where a page finds the picture from *address*; None until there is one."""
        if not address:
            return None
        if self.inlined is not None:
            return self.inlined.get(address)
        known = self.known.get(digest_of(address))
        if known is not None and known.picture_id is not None:
            return f"/pictures/{known.picture_id}"
        self.want([address])
        return None

    def want(self, addresses: Iterable[str]) -> None:
        """Have the pictures fetched soon that are not here yet."""
        self.wanted.update(address for address in addresses if self._is_due(address, self.known))

    async def fetch_wanted(self, may_fetch: Callable[[], Awaitable[bool]]) -> None:
        """Learn of pictures that other processes fetched, then fetch some where that is ours."""
        known = await self.rows.index()
        missing = [address for address in sorted(self.wanted) if self._is_due(address, known)]
        self.wanted.intersection_update(missing)
        if known != self.known:
            await self.on_change()
        if missing and await may_fetch():
            now = missing[:MOST_AT_ONCE]
            self.wanted.difference_update(now)
            await self._fetch(now)

    async def fetch(self, addresses: Iterable[str]) -> None:
        """Fetch the pictures that are not here yet, however lately that was tried."""
        await self._fetch([address for address in addresses if not self._is_here(address)])

    async def fetch_again(self, address: str) -> None:
        """Fetch a picture that may be here: another may be at its address by now."""
        await self._fetch([address])

    async def states(self) -> Mapping[str, Known]:
        """Return what came of each address, by its digest, as it is now."""
        return await self.rows.index()

    async def find(self, picture_id: str) -> Picture | None:
        """Return one of the tenant's pictures, or None."""
        return await self.rows.find(picture_id)

    async def inlining(self, addresses: Iterable[str]) -> Self:
        """Return a service for pages that are only looked at: they ask for nothing."""
        inlined = {}
        for address in addresses:
            known = self.known.get(digest_of(address))
            if known is not None and known.picture_id is not None:
                picture = await self.rows.find(known.picture_id)
                if picture is not None:
                    inlined[address] = picture.data_uri
        return replace(self, inlined=inlined)

    async def purge(self, named: Iterable[str], now: datetime) -> int:
        """Forget what no branding names any more."""
        unnamed = (await self.rows.index()).keys() - {digest_of(address) for address in named}
        return await self.rows.delete(unnamed, now - KEPT_UNNAMED)

    async def _fetch(self, addresses: Sequence[str]) -> None:
        if not addresses:
            return
        found = await asyncio.gather(*(fetched(self.client, address) for address in addresses))
        now = self.clock.now()
        for address, got in zip(addresses, found, strict=True):
            digest = digest_of(address)
            if isinstance(got, Picture):
                await self.rows.save(digest, Known(got.id, None, now), got)
            # A host that is down for a while takes no logo from the pages.
            elif not await self.rows.note_problem(digest, got, now):
                await self.rows.save(digest, Known(None, got, now), None)
        await self.on_change()

    def _is_here(self, address: str) -> bool:
        known = self.known.get(digest_of(address))
        return known is not None and known.problem is None

    def _is_due(self, address: str, by: Mapping[str, Known]) -> bool:
        known = by.get(digest_of(address))
        return known is None or (
            known.problem is not None and self.clock.now() - known.fetched_at >= RETRY
        )


async def fetched(client: OutboundClient, address: str) -> Picture | Problem:
    """Return the picture at *address*, or why there is none."""
    try:
        request = httpx2.Request("GET", address, headers={"Accept": "image/*"})
        async with asyncio.timeout(LONGEST.total_seconds()):
            response = await client.send(request)
    except (ProviderSettingsRefused, httpx2.InvalidURL, UnicodeError):
        return "refused"
    except UnreadableAnswer:
        return "unreadable"
    except (ConnectorError, TimeoutError):
        return "unreachable"
    return _picture_in(response)


def _picture_in(response: httpx2.Response) -> Picture | Problem:
    if response.is_redirect:
        return "moved"
    if response.status_code != 200:
        return "not_found"
    if len(response.content) > LARGEST:
        return "unreadable"
    return Picture.of(response.content) or "not_a_picture"
