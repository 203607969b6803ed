"""Two strict receivers for the HTTP connector.

At `/` stands a service of one's own: it takes the standard payload, knows its caller by
`AUTHORIZATION`, and checks a signature if there is one. At `/gateway` stands a gateway that was not
made for this server: it takes a form, JSON, or the fields of an address, wants its key among
them or by HTTP Basic, and answers 200 to everything.
"""

import hmac
import ipaddress
import re
import secrets
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from watchword.emulators.kit import Emulator, Refused, Trouble

# Known to everyone: they open nothing but this emulator.
AUTHORIZATION = "Bearer emulated-token"
SIGNING_SECRET = "emulated-signing-secret"  # noqa: S105
USER, PASSWORD = "emulated-user", "emulated-password"
GATEWAY_KEY = "emulated-gateway-key"

TYPES = frozenset(
    {"SignIn", "Register", "ForgotPassword", "OrganizationInvitation", "Generic"}
    | {"UserPermissionValidation", "BindNewIdentifier", "MfaVerification", "BindMfa"}
)
DIGITS = re.compile(r"\+?\d{7,15}")
E164 = re.compile(r"\+\d{7,15}")
OLDEST = 300  # seconds

# Status and word of the service's refusals; the gateway has the words alone.
REFUSALS = {
    Trouble.LANDLINE: (422, "invalid_recipient"),
    Trouble.BLOCKED: (422, "recipient_opted_out"),
    Trouble.TEMPLATE: (422, "template_rejected"),
    Trouble.BALANCE: (402, "insufficient_balance"),
    Trouble.CREDENTIALS: (401, "invalid_credentials"),
    Trouble.THROTTLED: (429, "provider_throttled"),
    Trouble.FAULT: (500, "internal"),
}


@dataclass(kw_only=True)
class HttpSmsEmulator(Emulator):
    """One service and one gateway, and what they took."""

    answered: dict[str, str] = field(default_factory=dict)
    """Ids of messages by the caller's key, so that a repetition is no second message."""

    def routes(self) -> Sequence[Route]:
        """Return the service and the gateway."""
        return [
            Route("/", self.take, methods=["POST"]),
            Route("/gateway", self.pass_on, methods=["GET", "POST", "PUT"]),
        ]

    async def clear(self, request: Request) -> Response:
        """Forget what was taken, and which callers' keys were seen."""
        self.answered.clear()
        return await super().clear(request)

    async def take(self, request: Request) -> Response:
        """Take the standard payload, or refuse what is not one."""
        body = await request.body()
        if request.headers.get("authorization") not in {AUTHORIZATION, _basic(USER, PASSWORD)}:
            raise _refused(401, "invalid_credentials")
        _check_signature(request, body)
        if request.headers.get("content-type", "").partition(";")[0] != "application/json":
            raise _refused(415, "not_json")
        message = _payload(body)
        key = request.headers.get("idempotency-key", "")
        if not key:
            raise _refused(422, "no_idempotency_key")
        trouble = Trouble.of(message["to"])
        if trouble is not None and trouble in REFUSALS:
            raise _refused(*REFUSALS[trouble])
        if key not in self.answered:
            self.answered[key] = secrets.token_hex(8)
            entry = {"id": self.answered[key], "to": message["to"], "template": message["type"]}
            self.accepted.append({**entry, "parameters": message["payload"], "fields": message})
        answer = JSONResponse({"messageId": self.answered[key]}, 202)
        return await self.answer(message["to"], answer)

    async def pass_on(self, request: Request) -> Response:
        """Take a text for a recipient, in whichever form; success is a word in the answer."""
        fields = await _fields(request)
        by_header = request.headers.get("authorization") == _basic(USER, PASSWORD)
        if fields.pop("key", None) != GATEWAY_KEY and not by_header:
            raise _failed("invalid_credentials")
        if fields.keys() - {"reference"} != {"recipient", "message"}:
            raise _failed("wrong_fields")
        to, text = fields["recipient"], fields["message"]
        if not E164.fullmatch(to):
            raise _failed("invalid_recipient")
        if not text:
            raise _failed("template_rejected")
        trouble = Trouble.of(to)
        if trouble is not None and trouble in REFUSALS:
            status, word = REFUSALS[trouble]
            # Its own faults are the one thing that it has a status for.
            raise _refused(status, word) if status == 500 else _failed(word)
        message_id = secrets.randbelow(10**9)
        self.accepted.append({"id": str(message_id), "to": to, "text": text, "fields": fields})
        answer = {"messages": [{"state": "queued", "id": message_id}]}
        return await self.answer(to, JSONResponse(answer))


def _payload(body: bytes) -> dict[str, Any]:
    try:
        message = orjson.loads(body)
    except ValueError:
        raise _refused(422, "not_json") from None
    if not isinstance(message, dict) or not {"to", "type", "payload"} <= message.keys():
        raise _refused(422, "wrong_fields")
    payload = message["payload"]
    is_right = (
        # The contract lets more come; here a typing error should show.
        message.keys() <= {"to", "type", "payload", "ip", "text"}
        and isinstance(message["to"], str)
        and DIGITS.fullmatch(message["to"]) is not None
        and message["type"] in TYPES
        and isinstance(payload, dict)
        and bool(payload.get("code") or payload.get("link"))
        and all(isinstance(payload.get(name, ""), str) for name in ("code", "link", "locale"))
        and _is_address(message.get("ip", "::"))
        and isinstance(message.get("text", ""), str)
    )
    if not is_right:
        raise _refused(422, "wrong_fields")
    return message


def _check_signature(request: Request, body: bytes) -> None:
    timestamp = request.headers.get("x-timestamp")
    signature = request.headers.get("x-signature-256")
    if timestamp is None and signature is None:
        return
    at = int(timestamp) if timestamp and timestamp.isdigit() and len(timestamp) < 12 else 0
    mac = hmac.new(SIGNING_SECRET.encode(), digestmod="sha256")
    mac.update(str(at).encode())
    mac.update(b".")
    mac.update(body or request.scope["query_string"])
    age = abs(datetime.now(UTC).timestamp() - at)
    if age > OLDEST or signature != "sha256=" + mac.hexdigest():
        raise _refused(401, "invalid_signature")


async def _fields(request: Request) -> dict[str, str]:
    body = await request.body()
    _check_signature(request, body)
    if request.method == "GET":
        return _plain(request.query_params)
    media_type = request.headers.get("content-type", "").partition(";")[0]
    try:
        if media_type == "application/json":
            return _plain(orjson.loads(body))
        if media_type == "application/x-www-form-urlencoded":
            text = body.decode("utf-8")
            return _plain(dict(parse_qsl(text, keep_blank_values=True, strict_parsing=True)))
    except ValueError:
        raise _failed("unreadable") from None
    raise _failed("unreadable")


def _plain(fields: Any) -> dict[str, str]:
    if not isinstance(fields, Mapping) or not all(isinstance(v, str) for v in fields.values()):
        raise _failed("wrong_fields")
    return dict(fields)


def _is_address(text: Any) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _basic(user: str, password: str) -> str:
    return "Basic " + b64encode(f"{user}:{password}".encode()).decode()


def _refused(status: int, word: str) -> Refused:
    headers = {"Retry-After": "7"} if status == 429 else None
    return Refused(JSONResponse({"error": word}, status, headers=headers))


def _failed(word: str) -> Refused:
    return Refused(JSONResponse({"messages": [{"state": "failed"}], "error": word}))


def emulator() -> Starlette:
    """Return an emulated service and gateway."""
    return HttpSmsEmulator().app
