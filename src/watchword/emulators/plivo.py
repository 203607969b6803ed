"""A strict stand-in for Plivo's messaging API, with numbers that make it fail on purpose.

It knows one account, one number, one name and one Powerpack.
"""

import hashlib
import hmac
import json
import re
import secrets
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit
from uuid import uuid4

import httpx2
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from watchword.connector_kit.segments import count_segments
from watchword.emulators.kit import Emulator, Refused, Trouble

# Known to everyone: they open nothing but this emulator.
AUTH_ID = "MA0123456789ABCDEF01"
AUTH_TOKEN = "ExamplePlivoAuthToken"  # noqa: S105
SENDER = "14155550100"
NAME = "Watchword"
POWERPACK_UUID = "2b24f6e2-9f2a-4a8e-8f3a-000000000000"

NUMBER = re.compile(r"\+?[1-9]\d{6,14}")
LONGEST_TEXT = 1600
SHORTEST_EXPIRY, LONGEST_EXPIRY = 5, 10_800
FIELDS = {
    "src",
    "powerpack_uuid",
    "dst",
    "text",
    "type",
    "url",
    "method",
    "log",
    "trackable",
    "message_expiry",
}

# Status and words; the first two have a body of Plivo's own, the last comes from in front of it.
TROUBLES = {
    Trouble.BALANCE: (402, "insufficient credit"),
    Trouble.CREDENTIALS: (401, "Could not verify your access level for that URL."),
    Trouble.THROTTLED: (429, "too many requests"),
    Trouble.FAULT: (500, "an unexpected error occurred"),
}


def emulator() -> Starlette:
    """Return an emulated Plivo that has accepted nothing yet."""
    return PlivoEmulator().app


def refused(status: int, words: str) -> Refused:
    """Return an answer with Plivo's words."""
    headers = {"Retry-After": "2"} if status == 429 else None
    return Refused(JSONResponse({"api_id": str(uuid4()), "error": words}, status, headers))


@dataclass(kw_only=True)
class PlivoEmulator(Emulator):
    """One emulated account."""

    def routes(self) -> Sequence[Route]:
        """Return the calls for a message and for the account; both paths end in a slash."""
        account = "/v1/Account/{auth_id}/"
        return [
            Route(f"{account}Message/", self.create_message, methods=["POST"]),
            Route(account, self.show_account, methods=["GET"]),
        ]

    def not_found(self, request: Request, status: int) -> Response:  # noqa: ARG002
        """Answer as Plivo does to a path or method it does not know."""
        return refused(status, "not found").response

    async def create_message(self, request: Request) -> Response:
        """Take a message, or refuse it as Plivo would."""
        _authenticate(request)
        body = await _json(request)
        _check(body)
        to = str(body["dst"]).removeprefix("+")
        trouble = Trouble.of(to)
        if trouble in TROUBLES:
            raise refused(*TROUBLES[trouble])
        if trouble is Trouble.LANDLINE:
            answer = {"api_id": str(uuid4()), "message": "message(s) queued", "message_uuid": []}
            return JSONResponse({**answer, "invalid_number": [to]}, 202)
        message = {"id": str(uuid4()), "to": to, "text": body["text"], "fields": body}
        self.accepted.append(message)
        if "url" in body:
            await self.report(to, _reports(message), _poster(str(body["url"])))
        answer = {"message": "message(s) queued", "message_uuid": [message["id"]]}
        return await self.answer(to, JSONResponse({**answer, "api_id": str(uuid4())}, 202))

    async def show_account(self, request: Request) -> Response:
        """Describe the account: what a credential check asks."""
        _authenticate(request)
        return JSONResponse(
            {
                "account_type": "standard",
                "api_id": str(uuid4()),
                "auth_id": AUTH_ID,
                "auto_recharge": False,
                "billing_mode": "prepaid",
                "cash_credits": "12.34000",
                "name": "Emulated account",
                "resource_uri": f"/v1/Account/{AUTH_ID}/",
                "state": "",
            }
        )


def _authenticate(request: Request) -> None:
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    try:
        user, _, password = b64decode(encoded, validate=True).decode().partition(":")
    except ValueError:
        user = password = ""
    is_known = (scheme, user, password) == ("Basic", AUTH_ID, AUTH_TOKEN)
    if not is_known or request.path_params["auth_id"] != AUTH_ID:
        raise refused(*TROUBLES[Trouble.CREDENTIALS])


async def _json(request: Request) -> dict[str, Any]:
    if request.headers.get("content-type", "").partition(";")[0] != "application/json":
        raise refused(400, "the content type must be application/json")
    try:
        body = json.loads(await request.body())
    except ValueError:
        raise refused(400, "invalid JSON") from None
    # The real one passes over what it does not know; a typing error should show here.
    if not isinstance(body, dict) or not body.keys() <= FIELDS:
        raise refused(400, "an unknown parameter")
    return body


def _check(body: Mapping[str, Any]) -> None:
    dst, text, src, pack = (body.get(name) for name in ("dst", "text", "src", "powerpack_uuid"))
    expiry = body.get("message_expiry", LONGEST_EXPIRY)
    rules = (
        (not isinstance(dst, str) or not dst, "dst parameter not present"),
        (not NUMBER.fullmatch(str(dst)), f"dst {dst} is not a phone number"),
        (src is not None and str(src).lstrip("+") == str(dst).lstrip("+"), "src and dst are one"),
        (not isinstance(text, str) or not text, "text parameter not present"),
        (len(str(text)) > LONGEST_TEXT, "text is too long"),
        (body.get("type", "sms") != "sms", "type must be sms here"),
        ((src is None) == (pack is None), "either src or powerpack_uuid must be there"),
        (src not in {None, SENDER, f"+{SENDER}", NAME}, f"src {src} is not of this account"),
        (pack not in {None, POWERPACK_UUID}, f"powerpack_uuid {pack} does not exist"),
        (not isinstance(expiry, int) or expiry not in _expiries(), "message_expiry out of range"),
        (not _is_callable(body.get("url")), "url is not valid"),
        (body.get("method", "POST") not in {"GET", "POST"}, "method must be GET or POST"),
    )
    for is_broken, words in rules:
        if is_broken:
            raise refused(400, words)


def _expiries() -> range:
    return range(SHORTEST_EXPIRY, LONGEST_EXPIRY + 1)


def _is_callable(url: Any) -> bool:
    return url is None or (isinstance(url, str) and bool(urlsplit(url).hostname))


def _reports(message: Mapping[str, Any]) -> list[dict[str, str]]:
    is_lost = Trouble.of(message["to"]) is Trouble.UNDELIVERED
    common = {
        "From": str(message["fields"].get("src", SENDER)),
        "To": message["to"],
        "MessageUUID": message["id"],
        "ParentMessageUUID": message["id"],
        "PartInfo": "1 of 1",
        "TotalAmount": "0.00500",
        "Units": str(count_segments(message["text"]).count),
        "MCC": "234",
        "MNC": "10",
        "ErrorCode": "",
    }
    last = {"Status": "undelivered", "ErrorCode": "080"} if is_lost else {"Status": "delivered"}
    return [{**common, "Status": "queued"}, {**common, "Status": "sent"}, {**common, **last}]


def _poster(url: str) -> Any:
    async def post(client: httpx2.AsyncClient, form: dict[str, str], is_signed: bool) -> None:
        nonce = str(secrets.randbelow(10**20)).zfill(20)
        token = AUTH_TOKEN if is_signed else "someone-else's"
        mac = hmac.new(token.encode(), f"{_signed(url, form)}.{nonce}".encode(), hashlib.sha256)
        signature = b64encode(mac.digest()).decode()
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            # Beside the right one stands that of a token which was replaced lately.
            "X-Plivo-Signature-V3": f"{b64encode(bytes(32)).decode()},{signature}",
            "X-Plivo-Signature-V3-Nonce": nonce,
        }
        await client.post(url, content=urlencode(form).encode(), headers=headers)

    return post


def _signed(url: str, form: Mapping[str, str]) -> str:
    address, _, query = url.partition("?")
    pairs = sorted(parse_qsl(query, keep_blank_values=True))
    listed = "&".join("=".join(pair) for pair in pairs) + ("." if pairs else "")
    return f"{address}?{listed}" + "".join(name + form[name] for name in sorted(form))
