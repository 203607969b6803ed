"""A strict stand-in for Infobip's SMS API, version 3, with numbers that make it fail on purpose.

It knows one key, one name and one number. As with the real one, a refused message is an answer
with HTTP 200.
"""

import json
import re
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

from watchword.connector_kit.segments import count_segments
from watchword.emulators.kit import Emulator, Refused, Trouble

# Known to everyone: they open nothing but this emulator.
API_KEY = "emulated0123456789abcdef-01234567-89ab-cdef"
SENDER = "Watchword"
NUMBER_SENDER = "447418310508"

NUMBER = re.compile(r"\+?[1-9]\d{6,14}")
LONGEST_TEXT = 4000
LONGEST_CALLBACK_DATA = 4000
UNITS = {"SECONDS", "MINUTES", "HOURS"}

# What a status group is called, and what a status name's number and words are.
GROUPS = {"PENDING": 1, "UNDELIVERABLE": 2, "DELIVERED": 3, "EXPIRED": 4, "REJECTED": 5}
STATUSES: dict[str, tuple[int, str]] = {
    "PENDING_ACCEPTED": (26, "Message sent to next instance"),
    "DELIVERED_TO_HANDSET": (5, "Message delivered to handset"),
    "UNDELIVERABLE_NOT_DELIVERED": (9, "Message sent not delivered"),
    "REJECTED_NOT_ENOUGH_CREDITS": (12, "Not enough credits"),
    "REJECTED_DESTINATION_BLOCKLISTED": (14, "Destination blocklisted: {to}"),
    "REJECTED_SOURCE": (11, "Sender is not registered on your account"),
    "REJECTED_MESSAGE_TOO_LONG": (25, "Message has more than 25 parts"),
    "REJECTED_DESTINATION": (52, "Invalid destination address: {to}"),
}

REFUSALS = {
    Trouble.LANDLINE: "REJECTED_DESTINATION",
    Trouble.BLOCKED: "REJECTED_DESTINATION_BLOCKLISTED",
    Trouble.TEMPLATE: "REJECTED_MESSAGE_TOO_LONG",
    Trouble.BALANCE: "REJECTED_NOT_ENOUGH_CREDITS",
}
FAULTS = {
    Trouble.CREDENTIALS: (401, "UNAUTHORIZED", "Invalid login details"),
    Trouble.THROTTLED: (429, "TOO_MANY_REQUESTS", "Too many requests"),
    Trouble.FAULT: (500, "GENERAL_ERROR", "Something went wrong. Please contact support."),
}


def emulator() -> Starlette:
    """Return an emulated Infobip that has accepted nothing yet."""
    return InfobipEmulator().app


def fault(status: int, code: str, text: str) -> Refused:
    """Return an answer in the older shape, as gateways in front of the API give it."""
    exception = {"messageId": code, "text": text}
    return Refused(JSONResponse({"requestError": {"serviceException": exception}}, status))


def bad_request(*properties: str) -> Refused:
    """Return an answer in the newer shape, which names what was wrong."""
    answer = {
        "errorCode": "E400",
        "description": "Request cannot be processed.",
        "action": "Check the syntax, violations and adjust the request.",
        "violations": [{"property": name, "violation": "is not valid"} for name in properties],
        "resources": [],
    }
    return Refused(JSONResponse(answer, 400))


def status_of(name: str, to: str = "") -> dict[str, Any]:
    """Return a status as Infobip describes it."""
    group = name.split("_", maxsplit=1)[0]
    number, words = STATUSES[name]
    return {
        "groupId": GROUPS[group],
        "groupName": group,
        "id": number,
        "name": name,
        "description": words.format(to=to),
    }


@dataclass(kw_only=True)
class InfobipEmulator(Emulator):
    """One emulated account."""

    def routes(self) -> Sequence[Route]:
        """Return the calls for messages and for the balance."""
        return [
            Route("/sms/3/messages", self.create_messages, methods=["POST"]),
            Route("/account/1/balance", self.balance, methods=["GET"]),
        ]

    def not_found(self, request: Request, status: int) -> Response:  # noqa: ARG002
        """Answer as Infobip does to a path or method it does not know."""
        return fault(status, "NOT_FOUND", "Requested URL not found").response

    async def create_messages(self, request: Request) -> Response:
        """Take a message, or refuse it as Infobip would, be it with HTTP 200."""
        _authenticate(request)
        body = await _json(request)
        asked = body["messages"][0]
        _check(asked)
        to = asked["destinations"][0]["to"].removeprefix("+")
        trouble = Trouble.of(to)
        if trouble in FAULTS:
            raise fault(*FAULTS[trouble])
        message = {"id": str(uuid4()), "to": to, "text": asked["content"]["text"], "fields": body}
        name = REFUSALS.get(trouble, "PENDING_ACCEPTED") if trouble else "PENDING_ACCEPTED"
        if asked.get("sender") not in {None, SENDER, NUMBER_SENDER}:
            name = "REJECTED_SOURCE"
        sent = {
            "messageId": message["id"],
            "status": status_of(name, to),
            "destination": to,
            "details": {"messageCount": count_segments(message["text"]).count},
        }
        answer = JSONResponse({"bulkId": str(uuid4()), "messages": [sent]})
        if name != "PENDING_ACCEPTED":
            return answer
        self.accepted.append(message)
        webhooks = asked.get("webhooks") or {}
        if (webhooks.get("delivery") or {}).get("notify"):
            url = webhooks["delivery"]["url"]
            await self.report(to, [_result(message, webhooks)], _poster(url))
        return await self.answer(to, answer)

    async def balance(self, request: Request) -> Response:
        """Tell what money is left; it is a number."""
        _authenticate(request)
        return JSONResponse({"balance": 12.34, "currency": "EUR"})


def _authenticate(request: Request) -> None:
    if request.headers.get("authorization") != f"App {API_KEY}":
        raise fault(*FAULTS[Trouble.CREDENTIALS])


async def _json(request: Request) -> dict[str, Any]:
    if request.headers.get("content-type", "").partition(";")[0] != "application/json":
        raise fault(415, "UNSUPPORTED_MEDIA_TYPE", "The content type is not JSON")
    try:
        body = json.loads(await request.body())
    except ValueError:
        raise bad_request("body") from None
    _known(body, {"messages", "options"}, "body")
    messages = body.get("messages")
    if not isinstance(messages, list) or len(messages) != 1:
        raise bad_request("messages")
    found: dict[str, Any] = body
    return found


def _known(value: Any, names: set[str], where: str) -> None:
    # The real one passes over what it does not know; a typing error should show here.
    if not isinstance(value, dict) or not value.keys() <= names:
        raise bad_request(where)


def _check(asked: Any) -> None:
    _known(asked, {"sender", "destinations", "content", "options", "webhooks"}, "messages[0]")
    destinations, content = asked.get("destinations"), asked.get("content")
    if not isinstance(destinations, list) or len(destinations) != 1:
        raise bad_request("messages[0].destinations")
    _known(destinations[0], {"to", "messageId"}, "messages[0].destinations[0]")
    if not NUMBER.fullmatch(str(destinations[0].get("to"))):
        raise bad_request("messages[0].destinations[0].to")
    _known(content, {"text", "transliteration", "language"}, "messages[0].content")
    text = content.get("text")
    if not isinstance(text, str) or not 0 < len(text) <= LONGEST_TEXT:
        raise bad_request("messages[0].content.text")
    _check_options(asked.get("options", {}))
    _check_webhooks(asked.get("webhooks", {}))


def _check_options(options: Any) -> None:
    known = {"validityPeriod", "flash", "platform", "campaignReferenceId"}
    _known(options, known, "messages[0].options")
    validity = options.get("validityPeriod", {"amount": 48, "timeUnit": "HOURS"})
    where = "messages[0].options.validityPeriod"
    _known(validity, {"amount", "timeUnit"}, where)
    amount = validity.get("amount")
    if not isinstance(amount, int) or amount < 1 or validity.get("timeUnit") not in UNITS:
        raise bad_request(where)


def _check_webhooks(webhooks: Any) -> None:
    where = "messages[0].webhooks"
    _known(webhooks, {"delivery", "contentType", "callbackData"}, where)
    delivery = webhooks.get("delivery", {})
    _known(delivery, {"url", "intermediateReport", "notify"}, f"{where}.delivery")
    if "url" in delivery and not urlsplit(str(delivery["url"])).hostname:
        raise bad_request(f"{where}.delivery.url")
    if webhooks.get("contentType", "application/json") != "application/json":
        raise bad_request(f"{where}.contentType")
    if len(str(webhooks.get("callbackData", ""))) > LONGEST_CALLBACK_DATA:
        raise bad_request(f"{where}.callbackData")


def _result(message: Mapping[str, Any], webhooks: Mapping[str, Any]) -> dict[str, Any]:
    is_lost = Trouble.of(message["to"]) is Trouble.UNDELIVERED
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "+0000")
    result = {
        "bulkId": str(uuid4()),
        "messageId": message["id"],
        "to": message["to"],
        "sentAt": now,
        "doneAt": now,
        "messageCount": count_segments(message["text"]).count,
        "price": {"pricePerMessage": 0.01, "currency": "EUR"},
        "status": status_of("DELIVERED_TO_HANDSET"),
        "error": {"groupId": 0, "groupName": "OK", "id": 0, "name": "NO_ERROR", "permanent": False},
    }
    if is_lost:
        result["status"] = status_of("UNDELIVERABLE_NOT_DELIVERED")
        result["error"] = {
            "groupId": 1,
            "groupName": "HANDSET_ERRORS",
            "id": 27,
            "name": "EC_ABSENT_SUBSCRIBER",
            "description": "Absent Subscriber",
            "permanent": False,
        }
    if "callbackData" in webhooks:
        result["callbackData"] = webhooks["callbackData"]
    return result


def _poster(url: str) -> Any:
    async def post(client: httpx2.AsyncClient, result: dict[str, Any], is_signed: bool) -> None:
        # Nothing is signed: what can be wrong is the token in the address.
        address = url if is_signed else url.replace("?", "x?", 1) if "?" in url else url + "x"
        await client.post(address, json={"results": [result]})

    return post
