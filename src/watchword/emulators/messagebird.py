"""A strict stand-in for MessageBird's SMS API, with numbers that make it fail on purpose.

It knows one access key, one name and one number. A text outside the GSM alphabet that does not say
`unicode` or `auto` is accepted and garbled, as with the real one.
"""

import hashlib
import hmac
import json
import re
import secrets
import time
from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import httpx2
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from watchword.connector_kit.segments import GSM_7, GSM_7_EXTENSION
from watchword.emulators.kit import Emulator, Refused, Trouble

# Known to everyone: they open nothing but this emulator.
ACCESS_KEY = "emulatedAccessKey01234567"
SIGNING_KEY = "ExampleSigningKey"
NAME = "Watchword"
NUMBER = "447418310508"

MSISDN = re.compile(r"[1-9]\d{6,14}")
LONGEST_BODY = 1377
LONGEST_REFERENCE = 60
FIELDS = {
    "originator",
    "recipients",
    "body",
    "type",
    "datacoding",
    "reference",
    "reportUrl",
    "validity",
}

# Code → status and description.
ERRORS: dict[int, tuple[int, str]] = {
    2: (401, "Request not allowed (incorrect access_key)"),
    9: (422, "no (correct) recipients found"),
    10: (422, "{parameter} is invalid"),
    20: (404, "not found"),
    21: (400, "Bad request"),
    25: (422, "Not enough balance"),
    99: (500, "Internal error"),
}
TROUBLES = {
    Trouble.LANDLINE: 9,
    Trouble.BALANCE: 25,
    Trouble.CREDENTIALS: 2,
    Trouble.FAULT: 99,
}


def emulator() -> Starlette:
    """Return an emulated MessageBird that has accepted nothing yet."""
    return MessageBirdEmulator().app


def refused(code: int, parameter: str | None = None) -> Refused:
    """Return an answer with one of MessageBird's codes."""
    status, words = ERRORS[code]
    description = words.format(parameter=parameter)
    error = {"code": code, "description": description, "parameter": parameter}
    return Refused(JSONResponse({"errors": [error]}, status))


@dataclass(kw_only=True)
class MessageBirdEmulator(Emulator):
    """One emulated account."""

    def routes(self) -> Sequence[Route]:
        """Return the calls for a message and for the balance."""
        return [
            Route("/messages", self.create_message, methods=["POST"]),
            Route("/balance", self.balance, methods=["GET"]),
        ]

    def not_found(self, request: Request, status: int) -> Response:  # noqa: ARG002
        """Answer as MessageBird does to a path or method it does not know."""
        return refused(20).response

    async def create_message(self, request: Request) -> Response:
        """Take a message, or refuse it as MessageBird would."""
        _authenticate(request)
        body = await _json(request)
        to = _check(body)
        trouble = Trouble.of(to)
        if trouble is Trouble.THROTTLED:
            raise Refused(Response(status_code=429, headers={"Retry-After": "2"}))
        if trouble in TROUBLES:
            raise refused(TROUBLES[trouble], "recipient" if trouble is Trouble.LANDLINE else None)
        message = {"id": uuid4().hex, "to": to, "text": _received(body), "fields": body}
        self.accepted.append(message)
        if "reportUrl" in body:
            await self.report(to, _reports(message), _poster(str(body["reportUrl"])))
        return await self.answer(to, JSONResponse(_wire(message), 201))

    async def balance(self, request: Request) -> Response:
        """Tell what money is left."""
        _authenticate(request)
        return JSONResponse({"payment": "prepaid", "type": "credits", "amount": 9.2})


def _authenticate(request: Request) -> None:
    if request.headers.get("authorization") != f"AccessKey {ACCESS_KEY}":
        raise refused(2, "access_key")


async def _json(request: Request) -> dict[str, Any]:
    if request.headers.get("content-type", "").partition(";")[0] != "application/json":
        raise refused(21)
    try:
        body = json.loads(await request.body())
    except ValueError:
        raise refused(21) from None
    # The real one passes over what it does not know; a typing error should show here.
    if not isinstance(body, dict) or not body.keys() <= FIELDS:
        raise refused(21)
    return body


def _check(body: Mapping[str, Any]) -> str:
    recipients, text = body.get("recipients"), body.get("body")
    if isinstance(recipients, str):
        recipients = recipients.split(",")
    if not isinstance(recipients, list) or len(recipients) != 1:
        raise refused(9, "recipients")
    validity = body.get("validity", 60)
    rules = (
        (not MSISDN.fullmatch(str(recipients[0])), "recipients"),
        (body.get("originator") not in {NAME, NUMBER, f"+{NUMBER}"}, "originator"),
        (not isinstance(text, str) or not 0 < len(text) <= LONGEST_BODY, "body"),
        (body.get("type", "sms") != "sms", "type"),
        (body.get("datacoding", "plain") not in {"plain", "unicode", "auto"}, "datacoding"),
        (len(str(body.get("reference", ""))) > LONGEST_REFERENCE, "reference"),
        (not isinstance(validity, int) or validity < 1, "validity"),
        ("reportUrl" in body and not urlsplit(str(body["reportUrl"])).hostname, "reportUrl"),
        ("reportUrl" in body and "reference" not in body, "reference"),
    )
    for is_broken, parameter in rules:
        if is_broken:
            raise refused(10, parameter)
    return str(recipients[0])


def _received(body: Mapping[str, Any]) -> str:
    if body.get("datacoding", "plain") != "plain":
        return str(body["body"])
    return "".join(c if c in GSM_7 | GSM_7_EXTENSION else "?" for c in body["body"])


def _moment() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _wire(message: Mapping[str, Any]) -> dict[str, Any]:
    fields = message["fields"]
    item = {"recipient": int(message["to"]), "status": "sent", "statusDatetime": _moment()}
    return {
        "id": message["id"],
        "href": f"https://rest.messagebird.com/messages/{message['id']}",
        "direction": "mt",
        "type": "sms",
        "originator": fields["originator"],
        "body": fields["body"],
        "reference": fields.get("reference"),
        "validity": fields.get("validity"),
        "gateway": 0,
        "typeDetails": {},
        "datacoding": fields.get("datacoding", "plain"),
        "mclass": 1,
        "scheduledDatetime": None,
        "createdDatetime": _moment(),
        "recipients": {
            "totalCount": 1,
            "totalSentCount": 1,
            "totalDeliveredCount": 0,
            "totalDeliveryFailedCount": 0,
            "items": [item],
        },
    }


def _reports(message: Mapping[str, Any]) -> list[dict[str, str]]:
    common = {
        "id": message["id"],
        "reference": str(message["fields"]["reference"]),
        "recipient": message["to"],
        "statusDatetime": _moment(),
    }
    last = {"status": "delivered", "statusReason": "successfully delivered"}
    if Trouble.of(message["to"]) is Trouble.UNDELIVERED:
        reason = "unknown subscriber"
        last = {"status": "delivery_failed", "statusReason": reason, "statusErrorCode": "1"}
    on_the_way = {"status": "sent", "statusReason": "pending DLR"}
    return [{**common, **on_the_way}, {**common, **last}]


def _poster(url: str) -> Any:
    async def post(client: httpx2.AsyncClient, report: dict[str, str], is_signed: bool) -> None:
        address = httpx2.URL(url).copy_merge_params(report)
        key = SIGNING_KEY if is_signed else "someone-else's-signing-key"
        headers = {"MessageBird-Signature-JWT": _token(str(address), key)}
        await client.get(address, headers=headers)

    return post


def _token(url: str, key: str) -> str:
    now = int(time.time())
    claims = {
        "iss": "MessageBird",
        "nbf": now - 1,
        "exp": now + 60,
        "jti": secrets.token_hex(8),
        "url_hash": hashlib.sha256(url.encode()).hexdigest(),
    }
    header = {"alg": "HS256", "typ": "JWT"}
    signed = b".".join(_encoded(json.dumps(part).encode()) for part in (header, claims))
    digest = hmac.new(key.encode(), signed, hashlib.sha256).digest()
    return (signed + b"." + _encoded(digest)).decode()


def _encoded(part: bytes) -> bytes:
    return urlsafe_b64encode(part).rstrip(b"=")
