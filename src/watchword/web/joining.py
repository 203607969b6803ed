"""Routers joined into one flat list of routes."""

from fastapi import APIRouter


def join(router: APIRouter, other: APIRouter) -> None:
    """Add the routes of *other* to *router* as if they had been declared there.

    `include_router` keeps a router of its own and searches it twice for every request, once more
    at each level; it is for routers that bring a prefix, dependencies or answers along.
    """
    router.routes.extend(other.routes)
