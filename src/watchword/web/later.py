"""Routes that are imported when somebody asks for one of them."""

import asyncio
from collections.abc import Callable
from functools import cached_property
from typing import Any, NoReturn

from fastapi import APIRouter
from starlette.routing import BaseRoute, Match, NoMatchFound
from starlette.types import Receive, Scope, Send

from watchword.web.by_path import RoutesByPath


class Later(BaseRoute):
    """Every route below some paths; making them takes a third of a server's start and memory.

    Many servers never show a console or manage anything, and none does before it has started.
    """

    def __init__(self, *paths: str, load: Callable[[], APIRouter]) -> None:
        self.paths = paths
        self.below = tuple(f"{path}/" for path in paths)
        self.load = load

    @cached_property
    def app(self) -> APIRouter:
        """The routes; imported now, if they were not yet."""
        return self.load()

    @cached_property
    def by_path(self) -> RoutesByPath:
        """The routes as they are found."""
        return RoutesByPath(self.app.routes)

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Tell whether a request is for one of the paths."""
        path = scope.get("path", "")
        found = path in self.paths or path.startswith(self.below)
        return (Match.FULL if found else Match.NONE), {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or say that there is no such route."""
        if "by_path" not in self.__dict__:
            # Others are served meanwhile.
            await asyncio.to_thread(lambda: self.by_path)
        await self.by_path.fitting(scope["path"]).app(scope, receive, send)

    def url_path_for(self, name: str, /, **path_params: Any) -> NoReturn:
        """Refuse: addresses are written out where they are used."""
        raise NoMatchFound(name, path_params)
