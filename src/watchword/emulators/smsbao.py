"""A strict stand-in for SMSBao's API: everything is a GET, and a number is the whole answer.

It knows the account `USERNAME` with `API_KEY`, and with the MD5 of `LOGIN_PASSWORD` in either case.
A text without a sign in 【】 is taken and marked as one that is looked at first.
The last four digits of a number (`kit.Trouble`) decide what becomes of its message.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from watchword.emulators.kit import Emulator, Refused, Trouble

# Known to everyone: they open nothing but this emulator.
USERNAME = "emulated"
API_KEY = "0e0e0e0e0e0e0e0e0e0e0e0e0e0e0e0e"
LOGIN_PASSWORD = "emulated login password"  # noqa: S105
GOODS_ID = "123456"

MOBILE = re.compile(r"1[3-9][0-9]{9}")
ABROAD = re.compile(r"\+(?!86)[1-9][0-9]{6,14}")
SIGNED = re.compile(r"【[^【】]{3,10}】")
LONGEST_TEXT = 500
SENT, LEFT = 12, 345

OK = "0"
PARAMETERS = "-1"
CREDENTIALS = "30"
ACCOUNT = "40"
BALANCE = "41"
CONTENT = "50"
NUMBER = "51"
TROUBLES = {
    Trouble.LANDLINE: NUMBER,
    Trouble.TEMPLATE: CONTENT,
    Trouble.BALANCE: BALANCE,
    Trouble.CREDENTIALS: CREDENTIALS,
}


class SmsBaoEmulator(Emulator):
    """One emulated SMSBao."""

    def routes(self) -> Sequence[Route]:
        """Return SMSBao's routes."""
        return [
            Route("/sms", self.send, methods=["GET"]),
            Route("/wsms", self.send_abroad, methods=["GET"]),
            Route("/query", self.balance, methods=["GET"]),
        ]

    def not_found(self, request: Request, status: int) -> Response:  # noqa: ARG002
        """Return a page of the web server's, which no code is."""
        return PlainTextResponse("Not Found" if status == 404 else "Method Not Allowed", status)

    async def balance(self, request: Request) -> Response:
        """Tell in a second line what was sent and what is left."""
        _fields(request, required=frozenset(), optional=frozenset())
        return PlainTextResponse(f"{OK}\n{SENT},{LEFT}")

    async def send(self, request: Request) -> Response:
        """Take a message to mainland China, or refuse it as SMSBao would."""
        fields = _fields(request, required=frozenset("mc"), optional=frozenset("g"))
        if fields.get("g", GOODS_ID) != GOODS_ID:
            raise _refused(PARAMETERS)
        return await self._take(fields, MOBILE)

    async def send_abroad(self, request: Request) -> Response:
        """Take a message to another country."""
        fields = _fields(request, required=frozenset("mc"), optional=frozenset())
        return await self._take(fields, ABROAD)

    async def _take(self, fields: Mapping[str, str], form: re.Pattern[str]) -> Response:
        mobile, text = fields["m"], fields["c"]
        if not form.fullmatch(mobile):
            raise _refused(NUMBER)
        if len(text) > LONGEST_TEXT:
            raise _refused(CONTENT)
        trouble = Trouble.of(mobile)
        if trouble is Trouble.FAULT:
            raise Refused(PlainTextResponse("Internal Server Error", 500))
        if trouble in TROUBLES:
            raise _refused(TROUBLES[trouble])
        self.accepted.append(
            {
                "id": None,  # SMSBao gives none
                "to": mobile,
                "text": text,
                "looked_at_first": SIGNED.match(text) is None,
                "fields": dict(fields),
            }
        )
        return await self.answer(mobile, PlainTextResponse(OK))


def emulator() -> Starlette:
    """Return the emulator as an ASGI application."""
    return SmsBaoEmulator().app


def _fields(
    request: Request, *, required: frozenset[str], optional: frozenset[str]
) -> dict[str, str]:
    query = request.scope["query_string"].decode("ascii", "replace")
    try:
        pairs = parse_qsl(
            query, keep_blank_values=True, strict_parsing=bool(query), errors="strict"
        )
    except ValueError:
        raise _refused(PARAMETERS) from None
    fields = dict(pairs)
    needed = required | frozenset("up")
    # The real one may pass over what it does not know; a typing error should show here.
    is_known = needed <= fields.keys() <= needed | optional and len(fields) == len(pairs)
    if not is_known or not all(fields.values()):
        raise _refused(PARAMETERS)
    if fields.pop("u") != USERNAME:
        raise _refused(ACCOUNT)
    if not _is_proof(fields.pop("p")):
        raise _refused(CREDENTIALS)
    return fields


def _is_proof(sent: str) -> bool:
    digest = hashlib.md5(LOGIN_PASSWORD.encode(), usedforsecurity=False).hexdigest()
    return sent == API_KEY or sent.lower() == digest


def _refused(code: str) -> Refused:
    return Refused(PlainTextResponse(code))
