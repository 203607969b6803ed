"""A strict stand-in for Twilio's Messages API, with numbers that make it fail on purpose.

It knows the account `ACCOUNT_SID` with `AUTH_TOKEN`, an API key, a suspended account, one
messaging service and one sender; `TwilioEmulator(…)` takes others. A message to

* `+150055<code>` fails with that code, if it is one of `ERRORS`: `+15005521610` opted out,
  `+15005520003` wrong credentials, `+15005520429` too many requests, `+15005520500` Twilio's fault;
* `+1500555000n` does what Twilio's own test numbers do: 1 invalid, 2 no route, 3 region,
  4 opted out, 9 not a mobile;
* `+150055<code>` with a code of `LATER` (30001…) is accepted and later reported undelivered;
* a number of `Behaviour` is accepted and then something goes wrong;
* a number that ends in four digits of `kit.Trouble` meets that trouble, as with every emulator.

Any other number is accepted and, where a callback was asked for, reported sent and delivered.
Whoever asks for a message, or for all of them, is told how it ends, as its last report would.
`GET /emulator/messages` lists what was accepted, `DELETE` forgets it.
"""

import hmac
import re
import secrets
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from enum import StrEnum
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx2
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from watchword.connector_kit.segments import count_segments
from watchword.emulators.kit import Emulator, Refused, Trouble

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
LONGEST_VALIDITY = 36_000

FIELDS = frozenset(
    {"To", "From", "MessagingServiceSid", "Body", "StatusCallback", "ValidityPeriod"}
    | {"ApplicationSid", "MaxPrice", "Attempt"}
)
BOOLEANS = frozenset({"true", "false"})
# https://www.twilio.com/docs/messaging/api/message-resource#request-body-parameters
CHOICES: dict[str, frozenset[str]] = {
    "RiskCheck": frozenset({"enable", "disable"}),
    "MessageIntent": frozenset(
        {"otp", "notifications", "marketing", "fraud", "security", "customercare", "delivery"}
    ),
    "ContentRetention": frozenset({"retain", "discard"}),
    "AddressRetention": frozenset({"retain", "obfuscate"}),
    "SmartEncoded": BOOLEANS,
    "ProvideFeedback": BOOLEANS,
    "ShortenUrls": BOOLEANS,
    "ForceDelivery": BOOLEANS,
    "TrafficType": frozenset({"free"}),
}

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


# How Twilio says what `Trouble` asks for, at once or in a report. It approves no texts: a carrier
# filters them later.
REFUSALS = {
    Trouble.LANDLINE: 21614,
    Trouble.BLOCKED: 21610,
    Trouble.BALANCE: 20005,
    Trouble.CREDENTIALS: 20003,
    Trouble.THROTTLED: 20429,
    Trouble.FAULT: 20500,
}
REPORTED = {Trouble.TEMPLATE: 30007, Trouble.UNDELIVERED: 30003}


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


SAME_AS: dict[str, Trouble] = {
    Behaviour.SLOW: Trouble.SLOW,
    Behaviour.DROPPED: Trouble.DROPPED,
    Behaviour.NONSENSE: Trouble.NONSENSE,
    Behaviour.REPORTS_OUT_OF_ORDER: Trouble.REPORTS_OUT_OF_ORDER,
    Behaviour.REPORTS_REPEATED: Trouble.REPORTS_REPEATED,
    Behaviour.REPORTS_BADLY_SIGNED: Trouble.REPORTS_BADLY_SIGNED,
}


@dataclass(frozen=True)
class Accepted:
    """A message that was taken."""

    sid: str
    account_sid: str
    form: Mapping[str, str]
    at: datetime

    @property
    def to(self) -> str:
        """Return the number, or the ending that stands for the same trouble."""
        return SAME_AS.get(self.form["To"], self.form["To"])

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

    @property
    def ended(self) -> dict[str, Any]:
        """Return the message as the API shows it when all is over."""
        last = _statuses(self)[-1]
        return {
            **self.wire,
            "date_sent": format_datetime(self.at),
            "error_code": last.error_code,
            "from": self.form.get("From", SENDER),
            "num_segments": str(count_segments(self.form["Body"]).count),
            "status": last.status,
        }

    @classmethod
    def from_entry(cls, entry: Mapping[str, Any]) -> "Accepted":
        """Return the message that an entry lists."""
        at = parsedate_to_datetime(entry["date_created"])
        return cls(entry["sid"], entry["account_sid"], entry["form"], at)

    @property
    def entry(self) -> dict[str, Any]:
        """Return the message as `GET /emulator/messages` lists it."""
        form = dict(self.form)
        return {
            **self.wire,
            "id": self.sid,
            "text": form["Body"],
            "fields": form,
            "form": form,
        }


@dataclass(frozen=True)
class Status:
    """One status callback to come."""

    message: Accepted
    status: str
    error_code: int | None = None

    @property
    def fields(self) -> dict[str, str]:
        """Return the callback's form."""
        message = self.message
        fields = {
            "AccountSid": message.account_sid,
            "ApiVersion": "2010-04-01",
            "From": message.form.get("From", SENDER),
            "MessageSid": message.sid,
            "MessageStatus": self.status,
            "SmsSid": message.sid,
            "SmsStatus": self.status,
            "To": message.form["To"],
        }
        if "MessagingServiceSid" in message.form:
            fields["MessagingServiceSid"] = message.form["MessagingServiceSid"]
        if self.error_code is not None:
            fields["ErrorCode"] = str(self.error_code)
        return fields


@dataclass(kw_only=True)
class TwilioEmulator(Emulator):
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

    def routes(self) -> Sequence[Route]:
        """Return the resources of an account that a connector asks, and its messages."""
        account = "/2010-04-01/Accounts/{account_sid}"
        return [
            Route(f"{account}/Messages.json", self.create_message, methods=["POST"]),
            Route(f"{account}/Messages.json", self.show_messages, methods=["GET"]),
            Route(f"{account}/Messages/{{sid}}.json", self.show_message, methods=["GET"]),
            Route(f"{account}/Balance.json", self.balance, methods=["GET"]),
            Route(f"{account}.json", self.account, methods=["GET"]),
        ]

    def not_found(self, request: Request, status: int) -> Response:
        """Return Twilio's 404 or 405."""
        code = 20004 if status == 405 else 20404
        return _refused(code, detail=request.url.path).response

    async def create_message(self, request: Request) -> Response:
        """Take a message, or refuse it as Twilio would."""
        _, account_sid = self._authenticated(request)
        if account_sid in self.suspended:
            raise _refused(10001)
        form = await _form(request)
        self._check(form)
        message = Accepted(f"SM{secrets.token_hex(16)}", account_sid, form, datetime.now(UTC))
        _fail_on_purpose(message.to)
        self.accepted.append(message.entry)
        if "StatusCallback" in form:
            await self.report(message.to, _statuses(message), self._post)
        return await self._answer(message)

    async def show_messages(self, request: Request) -> Response:
        """Show every message of the account, the newest first, on one page."""
        _, account_sid = self._authenticated(request)
        shown = [message.ended for message in self._of(account_sid)]
        return JSONResponse(
            {
                "messages": shown,
                "page": 0,
                "page_size": max(len(shown), 50),
                "start": 0,
                "end": max(len(shown) - 1, 0),
                "uri": request.url.path,
                "first_page_uri": request.url.path,
                "previous_page_uri": None,
                "next_page_uri": None,
            }
        )

    async def show_message(self, request: Request) -> Response:
        """Show one message of the account."""
        _, account_sid = self._authenticated(request)
        for message in self._of(account_sid):
            if message.sid == request.path_params["sid"]:
                return JSONResponse(message.ended)
        raise _refused(20404, detail=request.url.path)

    async def account(self, request: Request) -> Response:
        """Describe the account: what a credential check asks."""
        user, account_sid = self._authenticated(request)
        if user in self.api_keys:
            # A key of the usual kind reaches what is in an account, not the account.
            raise _refused(20003)
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
        _, account_sid = self._authenticated(request)
        return JSONResponse({"account_sid": account_sid, "balance": "12.34", "currency": "USD"})

    def _of(self, account_sid: str) -> list[Accepted]:
        messages = [Accepted.from_entry(entry) for entry in reversed(self.accepted)]
        return [message for message in messages if message.account_sid == account_sid]

    def _authenticated(self, request: Request) -> tuple[str, str]:
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
            raise _refused(20003)
        return user, account_sid

    def _check(self, form: Mapping[str, str]) -> None:
        to, body = form.get("To", ""), form.get("Body", "")
        service, sender = form.get("MessagingServiceSid"), form.get("From")
        callback = form.get("StatusCallback")
        validity = form.get("ValidityPeriod", "1")
        rules = [
            (not to, 21604, ""),
            (not E164.fullmatch(to), 21211, ""),
            (not body, 21602, ""),
            (len(body) > LONGEST_BODY, 21617, ""),
            (service is None and sender is None, 21603, ""),
            (service is not None and service not in self.services, 21701, service),
            (sender is not None and sender not in self.senders, 21660, sender),
            (callback is not None and not _is_callable(callback), 21609, callback),
            (not _is_between(validity, 1, LONGEST_VALIDITY), 20001, "ValidityPeriod"),
            *(
                (name in form and form[name] not in choices, 20001, name)
                for name, choices in CHOICES.items()
            ),
        ]
        for is_broken, code, detail in rules:
            if is_broken:
                raise _refused(code, to, detail or "")

    async def _answer(self, message: Accepted) -> Response:
        wire = message.wire
        if message.to == Behaviour.HTML_ERROR:
            return HTMLResponse("<h1>502 Bad Gateway</h1>", 500)
        if message.to == Behaviour.NO_SID:
            del wire["sid"]
        return await self.answer(message.to, JSONResponse(wire, 201))

    async def _post(self, client: httpx2.AsyncClient, status: Status, is_signed: bool) -> None:
        url, fields = status.message.form["StatusCallback"], status.fields
        token = self.accounts[status.message.account_sid] if is_signed else "someone else's"
        signed = url + "".join(name + fields[name] for name in sorted(fields))
        signature = b64encode(hmac.digest(token.encode(), signed.encode(), "sha1")).decode()
        await client.post(url, data=fields, headers={"X-Twilio-Signature": signature})


def _refused(code: int, to: str = "", detail: str = "") -> Refused:
    status, message = ERRORS[code]
    body = {
        "code": code,
        "message": message.format(to=to, detail=detail),
        "more_info": f"https://www.twilio.com/docs/errors/{code}",
        "status": status,
    }
    headers = {"WWW-Authenticate": 'Basic realm="Twilio API"'} if status == 401 else None
    return Refused(JSONResponse(body, status, headers=headers))


def _chosen_code(to: str) -> int | None:
    chosen = CHOSEN_CODE.fullmatch(to)
    return int(chosen[1]) if chosen else None


def _fail_on_purpose(to: str) -> None:
    trouble = Trouble.of(to)
    code = TEST_NUMBERS.get(to) or (REFUSALS.get(trouble) if trouble else _chosen_code(to))
    if code is not None and code in ERRORS:
        raise _refused(code, to, "on purpose")


def _statuses(message: Accepted) -> list[Status]:
    trouble = Trouble.of(message.to)
    code = REPORTED.get(trouble) if trouble else _chosen_code(message.to)
    stations = [Status(message, "queued"), Status(message, "sent")]
    if code in {*LATER, *REPORTED.values()}:
        return [*stations, Status(message, "undelivered", code)]
    return [*stations, Status(message, "delivered")]


async def _form(request: Request) -> dict[str, str]:
    if request.headers.get("content-type", "").partition(";")[0] != (
        "application/x-www-form-urlencoded"
    ):
        raise _refused(20001, detail="Content-Type")
    try:
        text = (await request.body()).decode("utf-8")
        fields = parse_qsl(text, keep_blank_values=True, strict_parsing=bool(text), errors="strict")
    except ValueError:
        raise _refused(20001, detail="body") from None
    form = dict(fields)
    # The real one passes over what it does not know; a typing error should show here.
    unknown = sorted(form.keys() - FIELDS - CHOICES.keys())
    if unknown or len(form) != len(fields):
        raise _refused(20001, detail=", ".join(unknown) or "a repeated field")
    return form


def _is_between(value: str, lowest: int, highest: int) -> bool:
    is_number = value.isascii() and value.isdigit() and len(value) < 10
    return is_number and lowest <= int(value) <= highest


def _is_callable(url: str) -> bool:
    parts = urlsplit(url)
    host = parts.hostname or ""
    return parts.scheme in {"http", "https"} and bool(host) and "_" not in host


def emulator() -> Starlette:
    """Return an emulated Twilio."""
    return TwilioEmulator().app
