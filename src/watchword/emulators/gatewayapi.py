"""A strict stand-in for GatewayAPI's REST API, one recipient in each message.

It knows the token `API_TOKEN`, sent the way of HTTP Basic. Notifications go to the webhook of the
dashboard (`PUT /emulator/receipts`) or to a message's own `callback_url`; only the webhook has an
authentication token, `WEBHOOK_TOKEN`. A text that its encoding can't hold is taken and loses those
characters, as at the provider; what was accepted shows it as `lossy`.
The last four digits of a number (`kit.Trouble`) decide what becomes of its message.
"""

import binascii
import hmac
import json
import re
import secrets
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import Any

import httpx2
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from watchword.connector_kit.segments import GSM_7, GSM_7_EXTENSION
from watchword.emulators.kit import Emulator, Refused, Trouble

# Known to everyone: they open nothing but this emulator.
API_TOKEN = "emulated-gatewayapi-token"  # noqa: S105
WEBHOOK_TOKEN = "emulated-webhook-authentication-token"  # noqa: S105

MSISDN = re.compile(r"[1-9][0-9]{6,14}")
SENDER = re.compile(r"[0-9]{1,15}|[^\x00-\x1f]{1,11}")

# Code → HTTP status and what GatewayAPI says; %1 stands for the first of `variables`.
ERRORS: dict[str, tuple[int, str]] = {
    "0x0215": (403, "Recipient %1 is blacklisted"),
    "0x0216": (403, "Insufficient credit"),
    "0x0220": (400, "Unsupported parameter: %1"),
    "0x0221": (400, "Missing parameter: %1"),
    "0x0222": (400, "Invalid parameter: %1"),
    "0x0229": (401, "Invalid API token"),
    "0x0310": (422, "Duplicate recipient: %1"),
    "0x0312": (422, "Message filtered for its content"),
}
TROUBLES = {
    Trouble.BLOCKED: "0x0215",
    Trouble.BALANCE: "0x0216",
    Trouble.CREDENTIALS: "0x0229",
    Trouble.TEMPLATE: "0x0312",
}

REQUIRED = ("message", "sender", "recipients")
RULES: Mapping[str, Callable[[Any], bool]] = {
    "message": lambda value: isinstance(value, str) and bool(value),
    "sender": lambda value: isinstance(value, str) and SENDER.fullmatch(value) is not None,
    "recipients": lambda value: isinstance(value, list) and all(map(_is_recipient, value)),
    "encoding": lambda value: value in {"UTF8", "UCS2"},
    "class": lambda value: value in {"standard", "premium", "secret"},
    "userref": lambda value: isinstance(value, str),
    "callback_url": lambda value: str(value).startswith(("http://", "https://")),
    "priority": lambda value: value in {"BULK", "NORMAL", "URGENT", "VERY_URGENT"},
    "validity_period": lambda value: type(value) is int and value >= 60,
    "max_parts": lambda value: type(value) is int and 1 <= value <= 255,
    "sendtime": lambda value: type(value) is int and value > 0,
    "destaddr": lambda value: value in {"DISPLAY", "MOBILE", "SIMCARD", "EXTUNIT"},
    "label": lambda value: isinstance(value, str),
}


@dataclass(kw_only=True)
class GatewayApiEmulator(Emulator):
    """One emulated GatewayAPI."""

    _ids: Iterator[int] = field(default_factory=lambda: count(421_332_671))

    def routes(self) -> Sequence[Route]:
        """Return GatewayAPI's routes."""
        return [
            Route("/rest/mtsms", self.send, methods=["POST"]),
            Route("/rest/me", self.me, methods=["GET"]),
        ]

    def not_found(self, request: Request, status: int) -> Response:  # noqa: ARG002
        """Return an error without a code."""
        return _error("Not found" if status == 404 else "Method not allowed", status)

    async def me(self, request: Request) -> Response:
        """Tell what credit is left."""
        _authenticate(request)
        return JSONResponse({"credit": 1234.56, "currency": "DKK", "id": 12_345})

    async def send(self, request: Request) -> Response:
        """Take a message, or refuse it as GatewayAPI would."""
        _authenticate(request)
        body = await _body(request)
        _check(body)
        number = str(body["recipients"][0]["msisdn"])
        _fail_on_purpose(number)
        message_id = next(self._ids)
        text = body["message"]
        arrived = text if body.get("encoding") == "UCS2" else _in_gsm(text)
        self.accepted.append(
            {
                "id": str(message_id),
                "to": number,
                "text": arrived,
                "lossy": arrived != text,
                "fields": body,
            }
        )
        await self._report(message_id, number, body)
        usage = {"countries": {"DK": 1}, "currency": "DKK", "total_cost": 0.3}
        return await self.answer(number, JSONResponse({"ids": [message_id], "usage": usage}))

    async def _report(self, message_id: int, number: str, body: Mapping[str, Any]) -> None:
        url = body.get("callback_url") or self.receipts_url
        if url is None:
            return
        # A webhook has a token; an address in a message has none to sign with.
        token = None if "callback_url" in body else WEBHOOK_TOKEN

        async def post(
            client: httpx2.AsyncClient, report: Mapping[str, Any], is_signed: bool
        ) -> None:
            headers = {}
            if token is not None:
                key = token if is_signed else "someone else's authentication token"
                headers["X-Gwapi-Signature"] = _jwt(report, key)
            await client.post(url, json=report, headers=headers)

        common = {
            "id": message_id,
            "msisdn": int(number),
            "time": int(datetime.now(UTC).timestamp()),
            "userref": body.get("userref"),
            "country_code": "DK",
            "country_prefix": 45,
        }
        await self.report(number, [{**common, **station} for station in _stations(number)], post)


def emulator() -> Starlette:
    """Return the emulator as an ASGI application."""
    return GatewayApiEmulator().app


def _stations(number: str) -> list[dict[str, Any]]:
    ends: dict[str, Any] = {"status": "DELIVERED", "error": None, "code": None}
    trouble = Trouble.of(number)
    if trouble is Trouble.UNDELIVERED:
        ends = {"status": "UNDELIVERABLE", "error": "Absent subscriber", "code": "0x1013"}
    if trouble is Trouble.LANDLINE:
        ends = {"status": "REJECTED", "error": "Invalid destination", "code": "0x1060"}
    return [{"status": "BUFFERED"}, {"status": "ENROUTE"}, ends]


def _authenticate(request: Request) -> None:
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    try:
        sent = b64decode(encoded, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        sent = ""
    if scheme.lower() != "basic" or sent != f"{API_TOKEN}:":
        raise _refused("0x0229")


async def _body(request: Request) -> dict[str, Any]:
    kind = request.headers.get("content-type", "").partition(";")[0]
    try:
        body = json.loads(await request.body()) if kind == "application/json" else None
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise Refused(_error("Invalid json request body", 422))
    return body


def _check(body: Mapping[str, Any]) -> None:
    # The real one may pass over what it does not know; a typing error should show here.
    for name in sorted(body.keys() - RULES):
        raise _refused("0x0220", name)
    for name in REQUIRED:
        if not body.get(name):
            raise _refused("0x0221", name)
    numbers = body["recipients"]
    if RULES["recipients"](numbers) and len({str(n["msisdn"]) for n in numbers}) != len(numbers):
        raise _refused("0x0310", numbers[0]["msisdn"])
    for name, value in body.items():
        if not RULES[name](value) or (name == "recipients" and len(value) != 1):
            raise _refused("0x0222", name)


def _is_recipient(value: Any) -> bool:
    number = value.get("msisdn") if isinstance(value, dict) and value.keys() == {"msisdn"} else ""
    return type(number) in {int, str} and MSISDN.fullmatch(str(number)) is not None


def _fail_on_purpose(number: str) -> None:
    trouble = Trouble.of(number)
    if trouble in TROUBLES:
        raise _refused(TROUBLES[trouble], number)
    if trouble is Trouble.THROTTLED:
        throttled = _error("Too many requests", 429)
        throttled.headers["Retry-After"] = "3"
        raise Refused(throttled)
    if trouble is Trouble.FAULT:
        raise Refused(_error("Internal server error", 500))


def _refused(code: str, *variables: Any) -> Refused:
    status, message = ERRORS[code]
    said = [str(variable) for variable in variables] if "%1" in message else []
    return Refused(_error(message, status, code=code, **({"variables": said} if said else {})))


def _error(message: str, status: int, **others: Any) -> Response:
    # A code, and variables, are left out where there are none.
    incident = secrets.token_hex(16)
    return JSONResponse({**others, "incident_uuid": incident, "message": message}, status)


def _in_gsm(text: str) -> str:
    known = GSM_7 | GSM_7_EXTENSION
    return "".join(character if character in known else "?" for character in text)


def _jwt(claims: Mapping[str, Any], key: str) -> str:
    signed = ".".join(
        _base64url(json.dumps(part, separators=(",", ":")).encode())
        for part in ({"typ": "JWT", "alg": "HS256"}, claims)
    )
    return f"{signed}.{_base64url(hmac.digest(key.encode(), signed.encode(), 'sha256'))}"


def _base64url(content: bytes) -> str:
    return urlsafe_b64encode(content).rstrip(b"=").decode()
