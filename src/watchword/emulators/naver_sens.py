"""A strict stand-in for the SMS API v2 of NAVER Cloud SENS.

It knows one pair of keys, one SMS service and one registered sender. The real SENS cuts a text
that is too long and drops one with letters that EUC-KR lacks; here both are refused, so that it
shows. SENS takes a message to anybody, and says what became of it only to who asks later.
"""

import hmac
import json
import re
import secrets
import time
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from watchword.emulators.kit import Emulator, Refused, Trouble

# Known to everyone: they open nothing but this emulator.
ACCESS_KEY = "EmulatedAccessKey001"
SECRET_KEY = "EmulatedSecretKey0123456789abcdefghijklm"  # noqa: S105
SERVICE_ID = "ncp:sms:kr:000000000000:emulated"
SENDER = "0212345678"

TOLERANCE = timedelta(minutes=5)
NATIONAL = re.compile(r"0\d{8,10}")
FOREIGN = re.compile(r"[1-9]\d{4,14}")
COUNTRY = re.compile(r"[1-9]\d{0,2}")
LONGEST = {"SMS": 90, "LMS": 2000}
FIELDS = frozenset(
    {"type", "contentType", "countryCode", "from", "subject", "content", "messages"}
    | {"reserveTime", "reserveTimeZone"}
)

GATEWAY = {
    "100": (400, "Bad Request Exception"),
    "200": (401, "Authentication Failed"),
    "300": (404, "Not Found Exception"),
    "410": (429, "Throttle Limited"),
    "900": (500, "Unexpected Error"),
}


@dataclass(kw_only=True)
class NaverSensEmulator(Emulator):
    """One emulated SMS service."""

    def routes(self) -> Sequence[Route]:
        """Return SENS's routes."""
        path = "/sms/v2/services/{service_id}/messages"
        return [
            Route(path, self.send, methods=["POST"]),
            Route(path, self.find, methods=["GET"]),
        ]

    def not_found(self, request: Request, status: int) -> Response:  # noqa: ARG002
        """Return the gateway's answer to a path that it does not have."""
        return _gateway("300" if status == 404 else "100")

    async def send(self, request: Request) -> Response:
        """Take a message, or refuse it as SENS would."""
        _check_signature(request)
        body = await _body(request)
        number = body["messages"][0]["to"]
        codes: dict[Trouble | None, str] = {
            Trouble.CREDENTIALS: "200",
            Trouble.THROTTLED: "410",
            Trouble.FAULT: "900",
        }
        code = codes.get(Trouble.of(number))
        if code is not None:
            return _gateway(code, "on purpose")
        request_id = f"VORSSA-{int(time.time() * 1000)}-0000-00000000-{secrets.token_hex(4)}"
        self.accepted.append(
            {"id": request_id, "to": number, "text": body["content"], "fields": body}
        )
        moment = datetime.now(UTC).isoformat(timespec="milliseconds").partition("+")[0]
        answer = {
            "requestId": request_id,
            "requestTime": moment,
            "statusCode": "202",
            "statusName": "success",
        }
        return await self.answer(number, JSONResponse(answer, 202))

    async def find(self, request: Request) -> Response:
        """List the messages of a request."""
        _check_signature(request)
        wanted = request.query_params.get("requestId")
        found = [taken for taken in self.accepted if taken["id"] == wanted]
        if not wanted or not found:
            return _service(404 if wanted else 400, "requestId")
        messages = [
            {
                "messageId": f"0-{taken['id']}-0",
                "requestId": taken["id"],
                "from": SENDER,
                "to": taken["to"],
                "status": "PROCESSING",
            }
            for taken in found
        ]
        return JSONResponse(
            {"statusCode": "202", "statusName": "success", "messages": messages}, 200
        )


def _check_signature(request: Request) -> None:
    timestamp = request.headers.get("x-ncp-apigw-timestamp", "")
    access_key = request.headers.get("x-ncp-iam-access-key", "")
    if access_key != ACCESS_KEY or not re.fullmatch(r"\d{13}", timestamp):
        raise Refused(_gateway("200", "Invalid authentication information."))
    signed = f"{request.method} {_target(request)}\n{timestamp}\n{access_key}"
    mac = hmac.new(SECRET_KEY.encode(), signed.encode(), "sha256")
    expected = b64encode(mac.digest()).decode()
    given = request.headers.get("x-ncp-apigw-signature-v2", "")
    if not hmac.compare_digest(expected.encode(), given.encode()):
        raise Refused(_gateway("200", "Invalid signature."))
    if abs(time.time() - int(timestamp) / 1000) > TOLERANCE.total_seconds():
        raise Refused(_gateway("200", "Expired timestamp."))
    if request.path_params["service_id"] != SERVICE_ID:
        raise Refused(_service(404, "serviceId"))


def _target(request: Request) -> str:
    """Return path and query as they were asked for, without where this emulator is mounted."""
    path = request.scope["raw_path"].decode().partition("?")[0]
    path = path.removeprefix(request.scope.get("root_path", ""))
    query = request.scope["query_string"].decode()
    return f"{path}?{query}" if query else path


async def _body(request: Request) -> dict[str, Any]:
    if request.headers.get("content-type", "") != "application/json; charset=utf-8":
        raise Refused(_service(400, "Content-Type"))
    try:
        body = json.loads(await request.body())
    except ValueError:
        raise Refused(_service(400, "body")) from None
    problem = _problem(body)
    if problem is not None:
        raise Refused(_service(400, problem))
    checked: dict[str, Any] = body
    return checked


def _problem(body: Any) -> str | None:
    if not isinstance(body, dict) or body.keys() - FIELDS:
        return "body"
    messages = body.get("messages")
    # The real one takes up to 100; a sign-in server sends each message by itself.
    if not isinstance(messages, list) or len(messages) != 1 or not isinstance(messages[0], dict):
        return "messages"
    country, kind, content = (
        body.get("countryCode", "82"),
        body.get("type"),
        body.get("content"),
    )
    to, number = messages[0].get("to"), NATIONAL if country == "82" else FOREIGN
    rules = (
        (kind not in LONGEST, "type"),
        (body.get("contentType", "COMM") != "COMM", "contentType"),
        (not isinstance(country, str) or not COUNTRY.fullmatch(country), "countryCode"),
        (body.get("from") != SENDER, "from"),
        (not isinstance(to, str) or not number.fullmatch(to) or len(messages[0]) > 1, "to"),
        (not isinstance(content, str) or not _fits(content, LONGEST.get(str(kind), 0)), "content"),
        (kind == "SMS" and "subject" in body, "subject"),
    )
    return next((named for is_broken, named in rules if is_broken), None)


def _fits(content: str, longest: int) -> bool:
    sizes = [len(character.encode("euc-kr", "ignore")) for character in content]
    return bool(content) and all(0 < size <= 2 for size in sizes) and sum(sizes) <= longest


def _gateway(code: str, details: str = "") -> Response:
    status, message = GATEWAY[code]
    error = {"errorCode": code, "message": message, "details": details or message}
    return JSONResponse({"error": error}, status)


def _service(status: int, what: str) -> Response:
    return JSONResponse(
        {"status": status, "errorMessage": "Invalid request", "errors": [f"{what} is not valid"]},
        status,
    )


def emulator() -> Starlette:
    """Return an emulated NAVER Cloud SENS."""
    return NaverSensEmulator().app
