"""A strict stand-in for Twilio's Messages API, with numbers that make it fail on purpose.

It knows the account `ACCOUNT_SID` with `AUTH_TOKEN`, an API key, a suspended account, one
messaging service and one sender; `TwilioEmulator(…)` takes others. A message to

* `+150055<code>` fails with that code, if it is one of `ERRORS`: `+15005521610` opted out,
  `+15005520003` wrong credentials, `+15005520429` too many requests, `+15005520500` Twilio's fault;
* `+1500555000n` does what Twilio's own test numbers do: 1 invalid, 2 no route, 3 region,
  4 opted out, 9 not a mobile;
* `+150055<code>` with a code of `LATER` (30001…) is accepted and later reported undelivered;
* a number of `Behaviour` is accepted and then something goes wrong: the answer takes 30 seconds,
  the connection drops, the answer is nonsense, reports come out of order, twice or badly signed.

Any other number is accepted and, where a callback was asked for, reported sent and delivered.
`GET /emulator/messages` lists what was accepted, `DELETE` forgets it.
"""

import asyncio
import hmac
import re
import secrets
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from enum import StrEnum
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx2
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from watchword.connector_kit.templates import count_segments

# Known to everyone: they open nothing but this emulator.
ACCOUNT_SID = "AC0123456789abcdef0123456789abcdef"
AUTH_TOKEN = "0123456789abcdef0123456789abcdef"  # noqa: S105
SUSPENDED_SID = "ACffffffffffffffffffffffffffffffff"
API_KEY_SID = "SK0123456789abcdef0123456789abcdef"
API_KEY_SECRET = "emulated-api-key-secret"  # noqa: S105
MESSAGING_SERVICE_SID = "MG0123456789abcdef0123456789abcdef"
SENDER = "+15005550006"

E164 = re.compile(r"\+[1-9]\d{6,14}")
LONGEST_BODY = 1600
SLOW = timedelta(seconds=30)
BETWEEN_REPORTS = timedelta(milliseconds=50)

FIELDS = frozenset(
    {
        "To",
        "From",
        "MessagingServiceSid",
        "Body",
        "StatusCallback",
        "ValidityPeriod",
        "RiskCheck",
        "MessageIntent",
        "SmartEncoded",
    }
)

# Code → HTTP status and what Twilio says, more or less; the number is in it as it is in theirs.
ERRORS: dict[int, tuple[int, str]] = {
    10001: (400, "Account is not active"),
    20001: (400, "Unknown or malformed parameter: {detail}"),
    20003: (401, "Authenticate"),
    20004: (405, "Method not allowed"),
    20005: (403, "Account is not active"),
    20404: (404, "The requested resource {detail} was not found"),
    20429: (429, "Too Many Requests"),
    20500: (500, "An internal server error has occurred"),
    20503: (503, "Service unavailable"),
    21211: (400, "Invalid 'To' Phone Number: {to}"),
    21212: (400, "Invalid 'From' Number: {detail}"),
    21408: (403, "Permission to send an SMS has not been enabled for the region of {to}"),
    21601: (400, "The From number is not SMS-capable"),
    21602: (400, "Message body is required"),
    21603: (400, "A 'From' or 'MessagingServiceSid' is required"),
    21604: (400, "A 'To' phone number is required"),
    21605: (400, "The message body exceeds the 1600 character limit"),
    21606: (400, "The From number {detail} can't send to {to}"),
    21608: (400, "The number {to} is unverified; trial accounts send to verified numbers only"),
    21609: (400, "The 'StatusCallback' URL {detail} is not valid"),
    21610: (400, "Attempt to send to unsubscribed recipient {to}"),
    21611: (429, "This 'From' number has exceeded its queue"),
    21612: (400, "The message can't be routed to {to}"),
    21614: (400, "'To' number {to} is not a valid mobile number"),
    21617: (400, "The concatenated message body exceeds the 1600 character limit"),
    21635: (400, "'To' number {to} is a landline"),
    21659: (400, "'From' {detail} is not a Twilio phone number"),
    21660: (400, "'From' {detail} does not belong to this account"),
    21661: (400, "'From' {detail} can't send SMS"),
    21701: (400, "The Messaging Service does not exist"),
    21703: (400, "The Messaging Service has no sender for this destination"),
    21704: (400, "The Messaging Service has no phone numbers"),
    21705: (400, "The Messaging Service {detail} is invalid"),
    30450: (400, "Message to {to} blocked by SMS pumping protection"),
    63038: (429, "The account exceeded its daily messages limit"),
}
LATER = frozenset({30001, 30002, 30003, 30004, 30005, 30006, 30007, 30008, 30034, 30036})
TEST_NUMBERS = {
    "+15005550001": 21211,
    "+15005550002": 21612,
    "+15005550003": 21408,
    "+15005550004": 21610,
    "+15005550009": 21614,
}
CHOSEN_CODE = re.compile(r"\+150055(\d{5})")


class Behaviour(StrEnum):
    """Numbers whose messages are accepted before something goes wrong."""

    SLOW = "+15005590001"
    DROPPED = "+15005590002"
    NONSENSE = "+15005590003"
    NO_SID = "+15005590004"
    HTML_ERROR = "+15005590005"
    REPORTS_OUT_OF_ORDER = "+15005590006"
    REPORTS_REPEATED = "+15005590007"
    REPORTS_BADLY_SIGNED = "+15005590008"


@dataclass
class TwilioError(Exception):
    """An answer with one of Twilio's codes."""

    code: int
    to: str = ""
    detail: str = ""


@dataclass(frozen=True)
class Accepted:
    """A message that was taken."""

    sid: str
    account_sid: str
    form: Mapping[str, str]
    at: datetime

    @property
    def wire(self) -> dict[str, Any]:
        """Return the message as the API shows it."""
        has_service = "MessagingServiceSid" in self.form
        segments = count_segments(self.form["Body"]).count
        uri = f"/2010-04-01/Accounts/{self.account_sid}/Messages/{self.sid}"
        moment = format_datetime(self.at)
        return {
            "account_sid": self.account_sid,
            "api_version": "2010-04-01",
            "body": self.form["Body"],
            "date_created": moment,
            "date_sent": None,
            "date_updated": moment,
            "direction": "outbound-api",
            "error_code": None,
            "error_message": None,
            "from": self.form.get("From"),
            "messaging_service_sid": self.form.get("MessagingServiceSid"),
            "num_media": "0",
            # With a service the sender, and with it the encoding, is chosen later.
            "num_segments": "0" if has_service else str(segments),
            "price": None,
            "price_unit": None,
            "sid": self.sid,
            "status": "accepted" if has_service else "queued",
            "subresource_uris": {"media": f"{uri}/Media.json"},
            "to": self.form["To"],
            "uri": f"{uri}.json",
        }


@dataclass(kw_only=True)
class TwilioEmulator:
    """One emulated Twilio, with its accounts and what they sent."""

    accounts: Mapping[str, str] = field(
        default_factory=lambda: {ACCOUNT_SID: AUTH_TOKEN, SUSPENDED_SID: AUTH_TOKEN}
    )
    """Auth tokens by account."""
    api_keys: Mapping[str, tuple[str, str]] = field(
        default_factory=lambda: {API_KEY_SID: (API_KEY_SECRET, ACCOUNT_SID)}
    )
    """Secret and account by API key."""
    suspended: frozenset[str] = frozenset({SUSPENDED_SID})
    services: frozenset[str] = frozenset({MESSAGING_SERVICE_SID})
    senders: frozenset[str] = frozenset({SENDER})
    slow: timedelta = SLOW
    accepted: list[Accepted] = field(default_factory=list)
    _reporting: set["asyncio.Task[None]"] = field(default_factory=set)

    @property
    def app(self) -> Starlette:
        """Return the ASGI application."""
        account = "/2010-04-01/Accounts/{account_sid}"
        return Starlette(
            routes=[
                Route(f"{account}/Messages.json", self.create_message, methods=["POST"]),
                Route(f"{account}/Balance.json", self.balance, methods=["GET"]),
                Route(f"{account}.json", self.account, methods=["GET"]),
                Route("/emulator/messages", self.list_messages, methods=["GET"]),
                Route("/emulator/messages", self.clear, methods=["DELETE"]),
            ],
            exception_handlers={TwilioError: _on_error, HTTPException: _on_http_error},
        )

    async def create_message(self, request: Request) -> Response:
        """Take a message, or refuse it as Twilio would."""
        account_sid = self._authenticated(request)
        if account_sid in self.suspended:
            raise TwilioError(10001)
        form = await _form(request)
        self._check(form)
        self._fail_on_purpose(form["To"])
        message = Accepted(f"SM{secrets.token_hex(16)}", account_sid, form, datetime.now(UTC))
        self.accepted.append(message)
        if "StatusCallback" in form:
            task = asyncio.create_task(self._report(message))
            self._reporting.add(task)
            task.add_done_callback(self._reporting.discard)
        return await self._answer(message)

    async def account(self, request: Request) -> Response:
        """Describe the account: what a credential check asks."""
        account_sid = self._authenticated(request)
        if request.headers["authorization"] == _basic(API_KEY_SID, API_KEY_SECRET):
            raise TwilioError(20003)
        status = "suspended" if account_sid in self.suspended else "active"
        return JSONResponse(
            {
                "sid": account_sid,
                "friendly_name": "Emulated account",
                "status": status,
                "type": "Full",
                "owner_account_sid": account_sid,
                "uri": f"/2010-04-01/Accounts/{account_sid}.json",
            }
        )

    async def balance(self, request: Request) -> Response:
        """Tell what money is left; it is a string."""
        account_sid = self._authenticated(request)
        return JSONResponse({"account_sid": account_sid, "balance": "12.34", "currency": "USD"})

    async def list_messages(self, request: Request) -> Response:  # noqa: ARG002
        """List what was accepted, with the fields as they came."""
        return JSONResponse(
            [{**message.wire, "form": dict(message.form)} for message in self.accepted]
        )

    async def clear(self, request: Request) -> Response:  # noqa: ARG002
        """Forget what was accepted."""
        self.accepted.clear()
        return Response(status_code=204)

    def _authenticated(self, request: Request) -> str:
        account_sid = str(request.path_params["account_sid"])
        scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
        try:
            user, _, password = b64decode(encoded, validate=True).decode().partition(":")
        except ValueError:
            user = password = ""
        expected = {
            **{sid: (token, sid) for sid, token in self.accounts.items()},
            **self.api_keys,
        }.get(user)
        if scheme.lower() != "basic" or expected != (password, account_sid):
            raise TwilioError(20003)
        return account_sid

    def _check(self, form: Mapping[str, str]) -> None:
        to, body = form.get("To", ""), form.get("Body", "")
        service, sender = form.get("MessagingServiceSid"), form.get("From")
        callback = form.get("StatusCallback")
        validity = form.get("ValidityPeriod", "36000")
        rules = (
            (not to, 21604, ""),
            (not E164.fullmatch(to), 21211, ""),
            (not body, 21602, ""),
            (len(body) > LONGEST_BODY, 21617, ""),
            (service is None and sender is None, 21603, ""),
            (service is not None and service not in self.services, 21701, service),
            (sender is not None and sender not in self.senders, 21660, sender),
            (callback is not None and not _is_callable(callback), 21609, callback),
            (
                not validity.isdigit() or not 1 <= int(validity) <= 36_000,
                20001,
                "ValidityPeriod",
            ),
            (form.get("RiskCheck", "enable") not in {"enable", "disable"}, 20001, "RiskCheck"),
        )
        for is_broken, code, detail in rules:
            if is_broken:
                raise TwilioError(code, to, detail or "")

    @staticmethod
    def _fail_on_purpose(to: str) -> None:
        chosen = CHOSEN_CODE.fullmatch(to)
        code = TEST_NUMBERS.get(to, int(chosen[1]) if chosen else 0)
        if code in ERRORS:
            raise TwilioError(code, to, "on purpose")

    async def _answer(self, message: Accepted) -> Response:
        behaviour = message.form["To"]
        if behaviour == Behaviour.SLOW:
            await asyncio.sleep(self.slow.total_seconds())
        if behaviour == Behaviour.DROPPED:
            return Dropped()
        if behaviour == Behaviour.NONSENSE:
            return HTMLResponse("<p>Welcome to the hotel's network", 201)
        if behaviour == Behaviour.HTML_ERROR:
            return HTMLResponse("<h1>502 Bad Gateway</h1>", 500)
        wire = message.wire
        if behaviour == Behaviour.NO_SID:
            del wire["sid"]
        return JSONResponse(wire, 201)

    async def _report(self, message: Accepted) -> None:
        to = message.form["To"]
        token = self.accounts[message.account_sid]
        chosen = CHOSEN_CODE.fullmatch(to)
        error_code = int(chosen[1]) if chosen and int(chosen[1]) in LATER else None
        statuses = ["queued", "sent", "undelivered" if error_code else "delivered"]
        if to == Behaviour.REPORTS_OUT_OF_ORDER:
            statuses.reverse()
        if to == Behaviour.REPORTS_REPEATED:
            statuses = [status for status in statuses for _ in range(3)]
        if to == Behaviour.REPORTS_BADLY_SIGNED:
            token = "someone else's"  # noqa: S105
        async with httpx2.AsyncClient(trust_env=False) as client:
            for status in statuses:
                await asyncio.sleep(BETWEEN_REPORTS.total_seconds())
                await _post_report(client, message, status, error_code, token)


class Dropped(Response):
    """Begins an answer and breaks off, as a lost connection does."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        """Send headers that promise more than comes; the server then closes the connection."""
        headers = [(b"content-type", b"application/json"), (b"content-length", b"900")]
        await send({"type": "http.response.start", "status": 201, "headers": headers})
        await send({"type": "http.response.body", "body": b'{"account', "more_body": True})


async def _form(request: Request) -> dict[str, str]:
    if request.headers.get("content-type", "").partition(";")[0] != (
        "application/x-www-form-urlencoded"
    ):
        raise TwilioError(20001, detail="Content-Type")
    try:
        text = (await request.body()).decode("utf-8")
        fields = parse_qsl(text, keep_blank_values=True, strict_parsing=bool(text), errors="strict")
    except ValueError:
        raise TwilioError(20001, detail="body") from None
    form = dict(fields)
    # The real one passes over what it does not know; a typing error should show here.
    unknown = sorted(form.keys() - FIELDS)
    if unknown or len(form) != len(fields):
        raise TwilioError(20001, detail=", ".join(unknown) or "a repeated field")
    return form


def _is_callable(url: str) -> bool:
    parts = urlsplit(url)
    host = parts.hostname or ""
    return parts.scheme in {"http", "https"} and bool(host) and "_" not in host


async def _post_report(
    client: httpx2.AsyncClient,
    message: Accepted,
    status: str,
    error_code: int | None,
    token: str,
) -> None:
    url = message.form["StatusCallback"]
    fields = {
        "AccountSid": message.account_sid,
        "ApiVersion": "2010-04-01",
        "From": message.form.get("From", SENDER),
        "MessageSid": message.sid,
        "MessageStatus": status,
        "SmsSid": message.sid,
        "SmsStatus": status,
        "To": message.form["To"],
    }
    if "MessagingServiceSid" in message.form:
        fields["MessagingServiceSid"] = message.form["MessagingServiceSid"]
    if error_code is not None and status == "undelivered":
        fields["ErrorCode"] = str(error_code)
    signed = url + "".join(name + fields[name] for name in sorted(fields))
    signature = b64encode(hmac.digest(token.encode(), signed.encode(), "sha1")).decode()
    try:
        await client.post(url, data=fields, headers={"X-Twilio-Signature": signature})
    except httpx2.TransportError:
        # Whoever asked for reports is gone; Twilio would note it in its debugger.
        return


async def _on_error(request: Request, error: Exception) -> Response:  # noqa: ARG001
    assert isinstance(error, TwilioError)
    status, message = ERRORS[error.code]
    return JSONResponse(
        {
            "code": error.code,
            "message": message.format(to=error.to, detail=error.detail),
            "more_info": f"https://www.twilio.com/docs/errors/{error.code}",
            "status": status,
        },
        status,
        headers={"WWW-Authenticate": 'Basic realm="Twilio API"'} if status == 401 else None,
    )


async def _on_http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    code = 20004 if error.status_code == 405 else 20404
    return await _on_error(request, TwilioError(code, detail=request.url.path))


def _basic(user: str, password: str) -> str:
    return "Basic " + b64encode(f"{user}:{password}".encode()).decode()
