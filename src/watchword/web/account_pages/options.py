"""What the address of an account page may ask for, and takes along from page to page."""

from dataclasses import dataclass
from typing import Self
from urllib.parse import urlencode, urlsplit

from starlette.requests import Request

from watchword.applications.models import ApplicationFilter, origin_of
from watchword.core.pagination import PageRequest
from watchword.web.scope import TenantScope

LONGEST = 2048
KEPT = ("redirect", "show_success", "ui_locales", "identifier")
MOST_LOCALES = 10


@dataclass(frozen=True)
class Options:
    """The query of a page, as far as the next page needs it."""

    kept: dict[str, str]

    @classmethod
    def of(cls, request: Request) -> Self:
        """Read the query; what is too long or unknown is left out."""
        query = request.query_params
        given = {name: query.get(name, "") for name in KEPT}
        return cls({name: value for name, value in given.items() if 0 < len(value) <= LONGEST})

    @property
    def locales(self) -> tuple[str, ...]:
        """Return the languages that the page was asked for in, best first."""
        return tuple(self.kept.get("ui_locales", "").split()[:MOST_LOCALES])

    @property
    def identifier(self) -> str:
        """Return what to fill the field with."""
        return self.kept.get("identifier", "")[:128]

    @property
    def shows_success(self) -> bool:
        """Tell whether the page that says "done" comes before the way back."""
        return self.kept.get("show_success", "").lower() in {"true", "1"}

    def address(self, path: str, **more: str) -> str:
        """Return *path* with the same options."""
        query = {**more, **self.kept}
        return f"{path}?{urlencode(query)}" if query else path

    async def way_back(self, scope: TenantScope) -> str | None:
        """Return where the person is sent in the end, if that is a place of this tenant."""
        wanted = self.kept.get("redirect")
        if wanted is None or not await is_of_tenant(scope, wanted):
            return None
        return wanted


async def is_of_tenant(scope: TenantScope, address: str) -> bool:
    """Tell whether *address* is on the tenant's origin, or on one of its applications'.

    Anything else would make our origin lead people wherever somebody likes.
    """
    if not address.isprintable() or "\\" in address or " " in address:
        return False
    try:
        parts = urlsplit(address)
        origin = origin_of(address)
    except ValueError:
        return False
    if not parts.scheme and not parts.netloc:
        return parts.path.startswith("/")
    if "@" in parts.netloc:
        return False
    origins, addresses = await _places(scope)
    return address in addresses or (origin is not None and origin.lower() in origins)


async def _places(scope: TenantScope) -> tuple[frozenset[str], frozenset[str]]:
    """Return the origins and the redirect URIs of the tenant; gathered once for its settings."""
    known: tuple[frozenset[str], frozenset[str]] | None = scope.derived.get("account places")
    if known is not None:
        return known
    origins, addresses = {scope.origin}, set()
    number = 1
    while True:
        page = PageRequest(number, 100)
        found = await scope.applications.list(page, ApplicationFilter())
        for application in found.items:
            origins |= {origin.lower() for origin in application.origins}
            addresses |= set(application.redirect_uris)
        if number * 100 >= found.total:
            break
        number += 1
    places = (frozenset(origins), frozenset(addresses))
    scope.derived["account places"] = places
    return places
