"""What a path can't fit is not asked, and nothing else changes."""

import re

import pytest
from starlette.routing import BaseRoute, Match

from watchword.app import surfaces
from watchword.web.by_path import RoutesByPath
from watchword.web.later import Later

MOST = 25
"""Of some 500 routes; a request that asks more of them is found slowly again."""


@pytest.fixture(scope="module")
def late() -> Later:
    """Return the routes of the console and of the Management and the Account API."""
    return next(route for route in surfaces().routes if isinstance(route, Later))


def _paths(routes: list[BaseRoute]) -> set[str]:
    found: set[str] = set()
    for route in routes:
        inner = getattr(route, "effective_route_contexts", None)
        found |= {each.path for each in inner()} if inner else {getattr(route, "path", "")}
    return found


def _asked(late: Later) -> list[str]:
    filled = {re.sub(r"{\w+(:\w+)?}", "some", path) for path in _paths(late.app.routes)}
    return [*sorted(filled), "/api", "/api/users/", "/api/a/b", "/console//", "/account/a/b/c"]


def _answering(routes: list[BaseRoute], path: str) -> list[BaseRoute]:
    # What is answered with another method is found, too: as a part of a match.
    scope = {"type": "http", "method": "GET", "path": path, "headers": []}
    return [route for route in routes if route.matches(dict(scope))[0] is not Match.NONE]


def test_every_path_is_answered_by_the_same_routes_in_the_same_order(late: Later) -> None:
    by_path = RoutesByPath(late.app.routes)

    # Of paths with the same routes and as many parts, one tells enough.
    paths = {(id(by_path.fitting(path)), path.count("/")): path for path in _asked(late)}
    for path in paths.values():
        fitting = by_path.fitting(path).routes
        assert fitting == [route for route in late.app.routes if route in fitting]
        others = [route for route in late.app.routes if route not in fitting]
        assert _answering(others, path) == [], path


def test_a_path_with_or_without_a_slash_at_its_end_has_the_same_routes(late: Later) -> None:
    by_path = RoutesByPath(late.app.routes)

    # Otherwise nobody would be sent from the one to the other.
    for path in _asked(late):
        other = path.rstrip("/") if path.endswith("/") else f"{path}/"
        assert by_path.fitting(other) is by_path.fitting(path), path


def test_few_routes_are_asked_and_unknown_words_make_no_more_routers(late: Later) -> None:
    by_path = RoutesByPath(late.app.routes)

    known = {id(by_path.fitting(path)) for path in _asked(late)}
    strange = {id(by_path.fitting(f"/console/{n}/{n}/{n}")) for n in range(100)}

    assert len(strange - known) <= 1
    asked = sorted(len(by_path.fitting(path).routes) for path in _asked(late))
    assert asked[len(asked) // 2] <= MOST, asked
