"""A strict stand-in for Telnyx's messaging API, with numbers that make it fail on purpose.

It knows one key, one number, one short code and one messaging profile, and signs its webhooks with
the key whose other half is `PUBLIC_KEY`.
"""

import json
import re
import time
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import httpx2
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from watchword.connector_kit.segments import GSM_7, GSM_7_EXTENSION, count_segments
from watchword.emulators.kit import Emulator, Refused, Trouble

# Known to everyone: they open nothing but this emulator.
API_KEY = "KEY0123456789ABCDEF_emulated"
SIGNING_SEED = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
PUBLIC_KEY = "A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg="
SENDER = "+13125550001"
SHORT_CODE = "55501"
NAME = "Watchword"
MESSAGING_PROFILE_ID = "400174af-0a13-4e28-b4f5-000000000000"

E164 = re.compile(r"\+[1-9]\d{6,14}")
LONGEST_TEXT = 1600

FIELDS = {
    "to",
    "from",
    "messaging_profile_id",
    "text",
    "type",
    "encoding",
    "auto_detect",
    "webhook_url",
    "webhook_failover_url",
    "use_profile_webhooks",
}

# Code → status, title and detail; the number is in some, as it is in theirs.
ERRORS: dict[str, tuple[int, str, str]] = {
    "10002": (400, "Invalid phone number", "The phone number is invalid."),
    "10003": (400, "Invalid URL", "The URL provided was invalid."),
    "10004": (422, "Missing required parameter", "A required parameter was missing."),
    "10005": (404, "Resource not found", "The requested resource or URL could not be found."),
    "10007": (500, "Unexpected error", "An unexpected error occured."),
    "10009": (401, "Authentication failed", "The required authentication headers were invalid."),
    "10011": (429, "Too many requests", "You have exceeded the allowed number of requests."),
    "10014": (415, "Unsupported Media Type", "The server does not support the media type."),
    "10015": (400, "Bad Request", "The request failed because it was not well-formed."),
    "10016": (400, "Phone number must be in +E.164 format", "The value {to} is not."),
    "20100": (402, "Insufficient funds", "Your account balance is too low."),
    "40001": (400, "Not routable", "The number {to} is a landline or has no route."),
    "40009": (400, "Invalid message body", "The message content was rejected."),
    "40300": (
        409,
        "Blocked due to STOP message",
        "Messages cannot be sent from '{sender}' to '{to}' due to an existing block rule.",
    ),
    "40305": (400, "Invalid 'from' address", "'{sender}' is not yours, or of another profile."),
}

TROUBLES = {
    Trouble.LANDLINE: "40001",
    Trouble.BLOCKED: "40300",
    Trouble.TEMPLATE: "40009",
    Trouble.BALANCE: "20100",
    Trouble.CREDENTIALS: "10009",
    Trouble.THROTTLED: "10011",
    Trouble.FAULT: "10007",
}


def emulator() -> Starlette:
    """Return an emulated Telnyx that has accepted nothing yet."""
    return TelnyxEmulator().app


def refused(code: str, *, pointer: str | None = None, **values: str) -> Refused:
    """Return an answer with one of Telnyx's codes."""
    status, title, detail = ERRORS[code]
    text = detail.format(**{"to": "", "sender": "", **values})
    error: dict[str, Any] = {"code": code, "title": title, "detail": text}
    error["meta"] = {"url": f"https://developers.telnyx.com/docs/overview/errors/{code}"}
    if pointer is not None:
        error["source"] = {"pointer": pointer}
    headers = {"Retry-After": "3"} if status == 429 else None
    return Refused(JSONResponse({"errors": [error]}, status, headers))


@dataclass(kw_only=True)
class TelnyxEmulator(Emulator):
    """One emulated account."""

    _answers: dict[str, tuple[dict[str, Any], Response]] = field(default_factory=dict)
    """Body and answer by idempotency key."""

    def routes(self) -> Sequence[Route]:
        """Return the calls for a message and for the balance."""
        return [
            Route("/v2/messages", self.create_message, methods=["POST"]),
            Route("/v2/balance", self.balance, methods=["GET"]),
        ]

    def not_found(self, request: Request, status: int) -> Response:  # noqa: ARG002
        """Answer as Telnyx does to a path it does not know."""
        return refused("10005").response

    async def clear(self, request: Request) -> Response:
        """Forget what was accepted, and under which keys."""
        self._answers.clear()
        return await super().clear(request)

    async def create_message(self, request: Request) -> Response:
        """Take a message, or refuse it as Telnyx would."""
        _authenticate(request)
        body = await _json(request)
        key = request.headers.get("idempotency-key")
        if key is not None and key in self._answers:
            first, answer = self._answers[key]
            if first != body:
                raise refused("10015", pointer="/idempotency-key")
            return answer
        _check(body)
        to = str(body["to"])
        trouble = Trouble.of(to)
        if trouble in TROUBLES:
            raise refused(TROUBLES[trouble], to=to, sender=str(body.get("from", "")))
        message = {"id": str(uuid4()), "to": to, "text": body["text"], "fields": body}
        self.accepted.append(message)
        answer = JSONResponse({"data": _wire(message, "queued")})
        if key is not None:
            self._answers[key] = body, answer
        if "webhook_url" in body:
            await self.report(to, _events(message), _post)
        return await self.answer(to, answer)

    async def balance(self, request: Request) -> Response:
        """Tell what money is left; the amounts are strings."""
        _authenticate(request)
        data = {
            "record_type": "balance",
            "balance": "12.34",
            "currency": "USD",
            "credit_limit": "0.00",
            "available_credit": "12.34",
            "pending": "0.00",
        }
        return JSONResponse({"data": data})


def _authenticate(request: Request) -> None:
    if request.headers.get("authorization") != f"Bearer {API_KEY}":
        raise refused("10009")


async def _json(request: Request) -> dict[str, Any]:
    if request.headers.get("content-type", "").partition(";")[0] != "application/json":
        raise refused("10014")
    try:
        body = json.loads(await request.body())
    except ValueError:
        raise refused("10015") from None
    # The real one passes over what it does not know; a typing error should show here.
    if not isinstance(body, dict) or not body.keys() <= FIELDS:
        raise refused("10015")
    return body


def _check(body: Mapping[str, Any]) -> None:
    to, text, sender = (body.get(name) for name in ("to", "text", "from"))
    profile = body.get("messaging_profile_id")
    encoding = body.get("encoding", "auto")
    rules = (
        (not to, "10004", "/to"),
        (not isinstance(to, str) or not E164.fullmatch(to), "10016", "/to"),
        (not text, "10004", "/text"),
        (not isinstance(text, str) or len(text) > LONGEST_TEXT, "40009", "/text"),
        (body.get("type", "SMS") != "SMS", "10015", "/type"),
        (encoding not in {"auto", "gsm7", "ucs2"}, "10015", "/encoding"),
        (encoding == "gsm7" and not _is_gsm(str(text)), "40009", "/text"),
        (sender is None and profile is None, "10004", "/from"),
        (profile not in {None, MESSAGING_PROFILE_ID}, "10005", "/messaging_profile_id"),
        (sender not in {None, SENDER, SHORT_CODE, NAME}, "40305", "/from"),
        (sender == NAME and profile is None, "10004", "/messaging_profile_id"),
        (not _is_callable(body.get("webhook_url")), "10003", "/webhook_url"),
    )
    for is_broken, code, pointer in rules:
        if is_broken:
            raise refused(code, pointer=pointer, to=str(to), sender=str(sender))


def _is_gsm(text: str) -> bool:
    return set(text) <= GSM_7 | GSM_7_EXTENSION


def _is_callable(url: Any) -> bool:
    parts = urlsplit(url) if isinstance(url, str) else None
    return url is None or (parts is not None and bool(parts.scheme and parts.hostname))


def _wire(message: Mapping[str, Any], status: str) -> dict[str, Any]:
    fields = message["fields"]
    cost = count_segments(message["text"])
    return {
        "record_type": "message",
        "direction": "outbound",
        "id": message["id"],
        "type": "SMS",
        "messaging_profile_id": fields.get("messaging_profile_id", MESSAGING_PROFILE_ID),
        "from": {"phone_number": fields.get("from", SENDER), "carrier": "", "line_type": ""},
        "to": [
            {
                "phone_number": message["to"],
                "status": status,
                "carrier": "EMULATED",
                "line_type": "Wireless",
            }
        ],
        "text": message["text"],
        "parts": cost.count,
        "encoding": cost.encoding,
        "webhook_url": fields.get("webhook_url"),
        "cost": None,
        "errors": [],
    }


def _events(message: Mapping[str, Any]) -> list[dict[str, Any]]:
    last = _wire(message, "delivered")
    if Trouble.of(message["to"]) is Trouble.UNDELIVERED:
        last = _wire(message, "delivery_failed")
        error = {"code": "40008", "title": "Undeliverable", "detail": f"{message['to']} failed."}
        last["errors"] = [error]
    payloads = {"message.sent": _wire(message, "sent"), "message.finalized": last}
    return [
        {
            "event_type": event_type,
            "id": str(uuid4()),
            "record_type": "event",
            "payload": payload,
        }
        for event_type, payload in payloads.items()
    ]


async def _post(client: httpx2.AsyncClient, event: dict[str, Any], is_signed: bool) -> None:
    url = event["payload"]["webhook_url"]
    body = json.dumps({"data": event, "meta": {"attempt": 1, "delivered_to": url}}).encode()
    timestamp = str(int(time.time()))
    seed = bytes.fromhex(SIGNING_SEED) if is_signed else bytes(32)
    signature = Ed25519PrivateKey.from_private_bytes(seed).sign(f"{timestamp}|".encode() + body)
    headers = {
        "Content-Type": "application/json",
        "telnyx-timestamp": timestamp,
        "telnyx-signature-ed25519": b64encode(signature).decode(),
    }
    await client.post(url, content=body, headers=headers)
