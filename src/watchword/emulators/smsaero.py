"""A strict stand-in for SMS Aero's API, one number in each request.

It knows `EMAIL` with `API_KEY`, and `QUIET_EMAIL` with the same key: SMS Aero's own clients
disagree on whether a refusal has an HTTP status, so the second account gets its refusals with 200.
The last four digits of a number (`kit.Trouble`) decide what becomes of its message.
"""

import binascii
import json
import re
from base64 import b64decode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx2
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from watchword.emulators.kit import Emulator, Refused, Trouble

# Known to everyone: they open nothing but this emulator.
EMAIL = "emulated@example.com"
QUIET_EMAIL = "quiet@example.com"
API_KEY = "emulatedemulatedemulated00000000"
SENDER = "SMS Aero"
OWN_SENDER = "Watchword"
PARTLY_APPROVED_SENDER = "Sometimes"
WAITING_SENDER = "Waiting"

NUMBER = re.compile(r"[1-9][0-9]{6,14}")
SHORTEST_TEXT, LONGEST_TEXT = 2, 640
FIELDS = frozenset({"number", "sign", "text", "dateSend", "callbackUrl", "callbackFormat"})
FORM = "application/x-www-form-urlencoded"

# The status with which each kind of refusal comes, where it comes with one.
STATUSES = {"credentials": 401, "money": 402, "validation": 400}
OPERATORS = {"1": (1, "MEGAFON"), "4": (4, "MTS"), "5": (5, "BEELINE"), "6": (6, "TELE2")}
STATIONS = {0: "queue", 1: "delivery", 2: "not delivered", 3: "transmitted", 6: "reject"}


@dataclass(kw_only=True)
class SmsAeroEmulator(Emulator):
    """One emulated SMS Aero."""

    senders: frozenset[str] = frozenset({SENDER, OWN_SENDER, PARTLY_APPROVED_SENDER})
    _ids: Iterator[int] = field(default_factory=lambda: count(12_345))

    def routes(self) -> Sequence[Route]:
        """Return SMS Aero's routes: everything is a POST."""
        return [
            Route("/v2/sms/send", self.send, methods=["POST"]),
            Route("/v2/auth", self.auth, methods=["POST"]),
            Route("/v2/balance", self.balance, methods=["POST"]),
            Route("/v2/sign/list", self.list_senders, methods=["POST"]),
        ]

    def not_found(self, request: Request, status: int) -> Response:  # noqa: ARG002
        """Return the envelope, as for everything else."""
        return _envelope(False, None, "Not found.", status)

    async def auth(self, request: Request) -> Response:
        """Say that the key is right."""
        _email(request)
        return _envelope(True, None, "Successful authorization.")

    async def balance(self, request: Request) -> Response:
        """Tell what money is left."""
        _email(request)
        return _envelope(True, {"balance": 337.03}, None)

    async def list_senders(self, request: Request) -> Response:
        """List the account's own senders: an object with a number for each key."""
        _email(request)
        listed: dict[str, Any] = {
            "0": _sender(OWN_SENDER, "approve", OPERATORS),
            "1": _sender(PARTLY_APPROVED_SENDER, "approve", ("1", "5", "6")),
            "2": _sender(WAITING_SENDER, "pending", ()),
        }
        return _envelope(True, {"totalCount": "3", **listed}, None)

    async def send(self, request: Request) -> Response:
        """Take a message, or refuse it as SMS Aero would."""
        email = _email(request)
        body = await _body(request, email)
        faults = self._faults(body)
        if faults:
            raise _refused(email, "validation", "Validation error.", faults)
        number = str(body["number"])
        _fail_on_purpose(email, number)
        message_id = next(self._ids)
        self.accepted.append(
            {"id": str(message_id), "to": number, "text": body["text"], "fields": body}
        )
        if body.get("callbackUrl"):
            await self._report(message_id, number, body)
        return await self.answer(number, _envelope(True, _message(message_id, body), None))

    def _faults(self, body: Mapping[str, Any]) -> dict[str, list[str]]:
        text, number = body.get("text"), body.get("number")
        is_text = isinstance(text, str) and SHORTEST_TEXT <= len(text) <= LONGEST_TEXT
        rules = {
            "number": isinstance(number, int | str)
            and NUMBER.fullmatch(str(number)) is not None
            and Trouble.of(str(number)) is not Trouble.LANDLINE,
            "sign": body.get("sign") in self.senders,
            "text": is_text and Trouble.of(str(number)) is not Trouble.TEMPLATE,
            "dateSend": str(body.get("dateSend") or 0).isdigit(),
            "callbackUrl": body.get("callbackUrl") is None or _is_callable(body["callbackUrl"]),
            "callbackFormat": body.get("callbackFormat", "JSON") == "JSON",
        }
        # The real one may pass over what it does not know; a typing error should show here.
        unknown = {name: ["unknown"] for name in sorted(body.keys() - FIELDS)}
        return {name: ["incorrect"] for name, is_right in rules.items() if not is_right} | unknown

    async def _report(self, message_id: int, number: str, body: Mapping[str, Any]) -> None:
        # A number on a block list is taken like any other, and turned down afterwards.
        ends = {Trouble.UNDELIVERED: 2, Trouble.BLOCKED: 6}
        end = ends.get(Trouble.of(number) or Trouble.SLOW, 1)

        async def post(client: httpx2.AsyncClient, status: int, is_signed: bool) -> None:
            parts = urlsplit(str(body["callbackUrl"]))
            # Nothing is signed, so the token, which ends the path, is what can be wrong.
            path = parts.path if is_signed else f"{parts.path}-wrong"
            url = parts._replace(path=path).geturl()
            report = {
                "id": message_id,
                "number": number,
                "status": status,
                "extendStatus": STATIONS[status],
            }
            if body.get("callbackFormat") == "JSON":
                await client.post(url, json=report)
            else:
                headers = {"Content-Type": FORM}
                await client.post(url, content=urlencode(report), headers=headers)

        await self.report(number, [0, 3, end], post)


def emulator() -> Starlette:
    """Return the emulator as an ASGI application."""
    return SmsAeroEmulator().app


def _email(request: Request) -> str:
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    try:
        email, _, key = b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        email = key = ""
    if scheme.lower() != "basic" or email not in {EMAIL, QUIET_EMAIL} or key != API_KEY:
        raise _wrong_credentials(email)
    return email


async def _body(request: Request, email: str) -> dict[str, Any]:
    content = await request.body()
    kind = request.headers.get("content-type", "").partition(";")[0]
    try:
        if kind == FORM:
            fields = parse_qsl(content.decode(), keep_blank_values=True, strict_parsing=True)
            body: Any = dict(fields)
        else:
            body = json.loads(content) if kind == "application/json" else None
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise _refused(email, "validation", "Validation error.", {"body": ["incorrect"]})
    return body


def _fail_on_purpose(email: str, number: str) -> None:
    trouble = Trouble.of(number)
    if trouble is Trouble.CREDENTIALS:
        raise _wrong_credentials(email)
    if trouble is Trouble.BALANCE and email == QUIET_EMAIL:
        # The older shape, which their client still reads.
        raise Refused(JSONResponse({"result": "no credits"}))
    if trouble is Trouble.BALANCE:
        raise _refused(email, "money", "Not enough money.")
    if trouble is Trouble.THROTTLED:
        throttled = _envelope(False, None, "Too many requests.", 429)
        throttled.headers["Retry-After"] = "3"
        raise Refused(throttled)
    if trouble is Trouble.FAULT:
        raise Refused(_envelope(False, None, "Internal server error.", 500))


def _wrong_credentials(email: str) -> Refused:
    return _refused(email, "credentials", "Your request was made with invalid credentials.")


def _refused(email: str, kind: str, message: str, data: Any = None) -> Refused:
    status = 200 if email == QUIET_EMAIL else STATUSES[kind]
    return Refused(_envelope(False, data, message, status))


def _envelope(success: bool, data: Any, message: str | None, status: int = 200) -> Response:
    return JSONResponse({"success": success, "data": data, "message": message}, status)


def _message(message_id: int, body: Mapping[str, Any]) -> dict[str, Any]:
    now = int(datetime.now(UTC).timestamp())
    return {
        "id": message_id,
        "from": body["sign"],
        "number": str(body["number"]),
        "text": body["text"],
        "status": 0,
        "extendStatus": STATIONS[0],
        "channel": "FREE SIGN",
        "cost": 5.49,
        "dateCreate": now,
        "dateSend": int(body.get("dateSend") or now),
    }


def _sender(name: str, standing: str, approving: Sequence[str] | Mapping[str, Any]) -> Any:
    return {
        "id": 1000 + len(name),
        "name": name,
        "status": int(standing == "approve"),
        "extendStatus": standing,
        "statusOperators": {
            key: {
                "operator": number,
                "extendOperator": operator,
                "status": int(key in approving),
                "extendStatus": "approve" if key in approving else "pending",
            }
            for key, (number, operator) in OPERATORS.items()
        },
    }


def _is_callable(url: Any) -> bool:
    parts = urlsplit(str(url))
    return bool(parts.scheme in {"http", "https"} and parts.hostname and parts.path)
