"""What emulators share: numbers that make them fail, what they accepted, reports, and faults.

An emulator is a strict stand-in for one provider's API. It checks everything that the provider
checks, recomputing signatures with code of its own, and answers with the provider's bodies. It
imports nothing of `providers`, so that an error there can't hide an equal one here.

The last four digits of a number (`Trouble`) decide what becomes of its message. Each emulator has

* `GET /emulator/messages` for what it accepted, `DELETE` to forget it;
* `PUT /emulator/receipts` with `{"url": "…"}` for providers whose callback address is set in a
  dashboard, not in the message; `DELETE` to have none.
"""

import asyncio
import ssl
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from functools import cache
from typing import Any, TypeVar

import httpx2
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

SLOW = timedelta(seconds=30)
BETWEEN_REPORTS = timedelta(milliseconds=50)
Report = TypeVar("Report")


class Trouble(StrEnum):
    """What goes wrong with a message, by the last four digits of its number."""

    LANDLINE = "9901"
    """Refused: no phone that takes texts."""
    BLOCKED = "9902"
    """Refused: the person opted out, or is on a block list."""
    TEMPLATE = "9903"
    """Refused: template or text not approved."""
    BALANCE = "9904"
    """Refused: no money left."""
    CREDENTIALS = "9905"
    """Refused: wrong credentials, although they are right."""
    THROTTLED = "9906"
    """Refused: too many requests."""
    FAULT = "9907"
    """Answered with the provider's own 500, or what it has for it."""
    SLOW = "9908"
    """Accepted, and answered after 30 seconds."""
    DROPPED = "9909"
    """Accepted, and the connection breaks before the answer is whole."""
    NONSENSE = "9910"
    """Accepted, and answered by something in between that is not the provider."""
    UNDELIVERED = "9911"
    """Accepted, and later reported as not delivered."""
    REPORTS_OUT_OF_ORDER = "9912"
    """Accepted, and reported delivered before it is reported sent."""
    REPORTS_REPEATED = "9913"
    """Accepted, and each report comes three times."""
    REPORTS_BADLY_SIGNED = "9914"
    """Accepted, and reported with a signature or token that is not right."""
    REPORT_FIRST = "9915"
    """Accepted, and reported before the answer is given."""

    @classmethod
    def of(cls, number: str) -> "Trouble | None":
        """Return what the number asks for, or None: all goes well."""
        ending = number[-4:]
        return cls(ending) if ending in cls.__members__.values() else None


@dataclass
class Refused(Exception):
    """Ends a request with this answer."""

    response: Response


@dataclass(kw_only=True)
class Emulator(ABC):
    """One emulated provider, what it accepted, and where it reports to."""

    slow: timedelta = SLOW
    """How long a slow answer takes."""
    accepted: list[dict[str, Any]] = field(default_factory=list)
    """As the provider understood them: `to`, `text` or `template`, `id`, and the raw fields."""
    receipts_url: str | None = None
    """Where to report, for providers that are told so in a dashboard."""
    _reporting: set["asyncio.Task[None]"] = field(default_factory=set)

    @abstractmethod
    def routes(self) -> Sequence[Route]:
        """Return the provider's own routes."""

    def not_found(self, request: Request, status: int) -> Response:  # noqa: ARG002
        """Return the answer to a path or method that the provider does not have."""
        return JSONResponse({"error": "not found"}, status)

    @property
    def app(self) -> Starlette:
        """Return the ASGI application."""

        async def on_refused(request: Request, error: Exception) -> Response:  # noqa: ARG001
            assert isinstance(error, Refused)
            return error.response

        async def on_http_error(request: Request, error: Exception) -> Response:
            assert isinstance(error, HTTPException)
            return self.not_found(request, error.status_code)

        return Starlette(
            routes=[
                *self.routes(),
                Route("/emulator/messages", self.list_messages, methods=["GET"]),
                Route("/emulator/messages", self.clear, methods=["DELETE"]),
                Route("/emulator/receipts", self.report_to, methods=["PUT"]),
                Route("/emulator/receipts", self.report_nowhere, methods=["DELETE"]),
            ],
            exception_handlers={Refused: on_refused, HTTPException: on_http_error},
        )

    async def list_messages(self, request: Request) -> Response:  # noqa: ARG002
        """List what was accepted, the oldest first."""
        return JSONResponse(self.accepted)

    async def clear(self, request: Request) -> Response:  # noqa: ARG002
        """Forget what was accepted."""
        self.accepted.clear()
        return Response(status_code=204)

    async def report_to(self, request: Request) -> Response:
        """Report to this address from now on, as if it were set in the dashboard."""
        self.receipts_url = str((await request.json())["url"])
        return Response(status_code=204)

    async def report_nowhere(self, request: Request) -> Response:  # noqa: ARG002
        """Report nothing more, nor what is under way."""
        self.receipts_url = None
        for task in tuple(self._reporting):
            task.cancel()
        return Response(status_code=204)

    async def answer(self, number: str, response: Response) -> Response:
        """Return the answer to an accepted message, or the trouble that its number asks for."""
        trouble = Trouble.of(number)
        if trouble is Trouble.SLOW:
            await asyncio.sleep(self.slow.total_seconds())
        if trouble is Trouble.DROPPED:
            return Dropped()
        if trouble is Trouble.NONSENSE:
            return HTMLResponse("<p>Welcome to the hotel's network", response.status_code)
        return response

    async def report(
        self,
        number: str,
        reports: Sequence[Report],
        post: Callable[[httpx2.AsyncClient, Report, bool], Awaitable[None]],
    ) -> None:
        """Post *reports*, from the first station to the last, as the number asks for.

        *post* gets a client, one report, and whether to sign it rightly. Reports come after the
        answer, unless the number asks for them before it.
        """
        trouble = Trouble.of(number)
        ordered = list(reports)
        if trouble is Trouble.REPORTS_OUT_OF_ORDER:
            ordered.reverse()
        if trouble is Trouble.REPORTS_REPEATED:
            ordered = [report for report in reports for _ in range(3)]
        is_signed = trouble is not Trouble.REPORTS_BADLY_SIGNED
        if trouble is Trouble.REPORT_FIRST:
            await _post_all(ordered, post, is_signed, timedelta(0))
            return
        task = asyncio.create_task(_post_all(ordered, post, is_signed, BETWEEN_REPORTS))
        self._reporting.add(task)
        task.add_done_callback(self._reporting.discard)


async def _post_all(
    reports: Sequence[Report],
    post: Callable[[httpx2.AsyncClient, Report, bool], Awaitable[None]],
    is_signed: bool,
    pause: timedelta,
) -> None:
    async with httpx2.AsyncClient(verify=trusted(), trust_env=False) as client:
        for report in reports:
            await asyncio.sleep(pause.total_seconds())
            try:
                await post(client, report, is_signed)
            except httpx2.TransportError:
                # Whoever asked for reports is gone.
                return


@cache
def trusted() -> ssl.SSLContext:
    """Return what callbacks are secured with; reading the certificate store takes a while."""
    return httpx2.create_ssl_context(trust_env=False)


class Dropped(Response):
    """Begins an answer and breaks off, as a lost connection does."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        """Send headers that promise more than comes; the server then closes the connection."""
        headers = [(b"content-type", b"application/json"), (b"content-length", b"900")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b'{"', "more_body": True})
