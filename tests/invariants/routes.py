"""Every route of the application, however deep it was included."""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

SILENT_METHODS = {"HEAD", "OPTIONS"}


class Route(NamedTuple):
    """A method and a path with its placeholders."""

    method: str
    path: str

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


OTHER_APIS = (
    "/api/experience",
    "/api/interaction",
    "/api/my-account",
    "/api/verifications",
    "/api/.well-known",
    "/api/status",
    "/api/swagger.json",
)


def is_management(route: Route) -> bool:
    """Tell whether only machines may ask: what is no other API is the Management API."""
    return route.path.startswith("/api/") and not route.path.startswith(OTHER_APIS)


def routes_of(app: Any) -> set[Route]:
    """Return the application's routes."""
    return set(_walk(app.routes))


def _walk(found: Iterable[Any], prefix: str = "") -> Iterator[Route]:
    for route in found:
        path = prefix + str(getattr(route, "path", ""))
        inner: Any = getattr(route, "original_router", None) or getattr(route, "app", None)
        if hasattr(inner, "routes") and not hasattr(route, "endpoint"):
            # FastAPI keeps an included router whole; its prefix is beside it.
            context = getattr(route, "include_context", None)
            yield from _walk(inner.routes, prefix + str(getattr(context, "prefix", "")))
            continue
        for method in set(getattr(route, "methods", None) or ()) - SILENT_METHODS:
            yield Route(method, path)
