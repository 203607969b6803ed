"""Many routes, of which a request asks only those that its path can fit."""

from collections.abc import Iterable, Iterator
from typing import Any

from fastapi import APIRouter
from starlette.routing import BaseRoute

Words = tuple[str | None, str | None]
"""The second and third part of a path; None where a route takes any, or has none."""


class RoutesByPath:
    """Routes as they are asked in their order, without most of those that can't fit.

    Asking each of hundreds took longer than much of what they do.
    """

    def __init__(self, routes: Iterable[BaseRoute]) -> None:
        self._routes = [(route, frozenset(_words_of(route))) for route in routes]
        known = {words for _, several in self._routes for words in several}
        self._seconds: dict[str | None, set[str | None]] = {None: set()}
        for first, second in known:
            self._seconds.setdefault(first, set()).add(second)
        self._made: dict[Words, APIRouter] = {}

    def fitting(self, path: str) -> APIRouter:
        """Return a router that answers *path* as one of all routes would."""
        asked = self._recognized(path)
        if asked not in self._made:
            # As many at most as routes differ in these words: what people ask for adds none.
            router = APIRouter()
            router.routes.extend(
                route
                for route, several in self._routes
                if any(_may_be(words, asked) for words in several)
            )
            self._made[asked] = router
        return self._made[asked]

    def _recognized(self, path: str) -> Words:
        _, _, first, second, *_ = (*path.split("/", 4), "", "", "")
        known = first if first in self._seconds else None
        fits = second in self._seconds[known] or second in self._seconds[None]
        return known, second if fits else None


def _may_be(words: Words, asked: Words) -> bool:
    return all(word in {None, given} for word, given in zip(words, asked, strict=True))


def _words_of(route: BaseRoute) -> Iterator[Words]:
    # A router that was included has a path for each of its routes; what shows none is always asked.
    inner: Any = getattr(route, "effective_route_contexts", None)
    for path in [each.path for each in inner()] if inner else [getattr(route, "path", "")]:
        yield _words(path)


def _words(path: str) -> Words:
    _, *parts = path.split("/")
    found: list[str | None] = []
    for part in parts[1:3]:
        # Behind a `{rest:path}` nothing has a place.
        if ":path}" in part:
            break
        found.append(None if "{" in part else part)
    first, second, *_ = (*found, None, None)
    return first, second
