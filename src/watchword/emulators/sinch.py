"""A strict stand-in for Sinch's SMS API, with numbers that make it fail on purpose.

It knows one service plan and one project, whose key is exchanged for a token at `/oauth2/token`.
`DELETE /emulator/tokens` withdraws all tokens.
"""

import hmac
import json
import re
import secrets
import time
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx2
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from watchword.connector_kit.segments import count_segments
from watchword.emulators.kit import Emulator, Refused, Trouble

# Known to everyone: they open nothing but this emulator.
SERVICE_PLAN_ID = "0123456789abcdef0123456789abcdef"
API_TOKEN = "emulated-service-plan-token"  # noqa: S105
PROJECT_ID = "01234567-89ab-cdef-0123-456789abcdef"
KEY_ID = "89abcdef-0123-4567-89ab-cdef01234567"
KEY_SECRET = "emulated-access-key-secret"  # noqa: S105
CALLBACK_SECRET = "foo_secret1234"  # noqa: S105
SENDER = "447418310508"
NAME = "Watchword"

TOKEN_LIFE = timedelta(seconds=3599)
LONGEST_LIFE = timedelta(days=3, seconds=5)
MSISDN = re.compile(r"\+?[1-9]\d{6,14}")
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z")
LONGEST_BODY = 1600
LONGEST_REFERENCE = 128
LONGEST_URL = 2048
REPORTS = {"none", "summary", "full", "per_recipient", "per_recipient_final"}
FIELDS = {
    "to",
    "from",
    "body",
    "type",
    "delivery_report",
    "callback_url",
    "client_reference",
    "expire_at",
    "max_number_of_message_parts",
    "truncate_concat",
    "flash_message",
    "feedback_enabled",
    "parameters",
}

STATUSES = {
    Trouble.BALANCE: 402,
    Trouble.CREDENTIALS: 401,
    Trouble.THROTTLED: 429,
    Trouble.FAULT: 500,
}


def emulator() -> Starlette:
    """Return an emulated Sinch that has accepted nothing yet."""
    return SinchEmulator().app


def refused(code: str, text: str, status: int = 400) -> Refused:
    """Return an answer with one of Sinch's codes."""
    return Refused(JSONResponse({"code": code, "text": text}, status))


def empty(status: int) -> Refused:
    """Return an answer that is a status and nothing more, such as that to a wrong token."""
    return Refused(Response(status_code=status))


@dataclass(kw_only=True)
class SinchEmulator(Emulator):
    """One emulated account, with a service plan and a project."""

    tokens: dict[str, datetime] = field(default_factory=dict)
    """Of the project, and until when each is good."""

    def routes(self) -> Sequence[Route]:
        """Return the calls for a token, for a batch, and for a batch that is not sent."""
        batches = "/xms/v1/{account}/batches"
        return [
            Route("/oauth2/token", self.create_token, methods=["POST"]),
            Route(f"{batches}/dry_run", self.dry_run, methods=["POST"]),
            Route(batches, self.create_batch, methods=["POST"]),
            Route("/emulator/tokens", self.withdraw_tokens, methods=["DELETE"]),
        ]

    def not_found(self, request: Request, status: int) -> Response:  # noqa: ARG002
        """Answer as Sinch does to a path or method it does not know."""
        return Response(status_code=status)

    async def create_token(self, request: Request) -> Response:
        """Exchange the project's key for a token."""
        form = dict(parse_qsl((await request.body()).decode()))
        if form != {"grant_type": "client_credentials"}:
            answer = {"error": "unsupported_grant_type", "error_description": "not supported"}
            return JSONResponse(answer, 400)
        if _user(request) != (KEY_ID, KEY_SECRET):
            answer = {
                "error": "invalid_client",
                "error_description": "Client authentication failed",
            }
            return JSONResponse(answer, 401)
        token = f"eyJemulated.{secrets.token_urlsafe(24)}"
        self.tokens[token] = datetime.now(UTC) + TOKEN_LIFE
        life = int(TOKEN_LIFE.total_seconds())
        granted = {"access_token": token, "expires_in": life, "scope": "", "token_type": "bearer"}
        return JSONResponse(granted)

    async def withdraw_tokens(self, request: Request) -> Response:  # noqa: ARG002
        """Forget every token."""
        self.tokens.clear()
        return Response(status_code=204)

    async def create_batch(self, request: Request) -> Response:
        """Take a batch, or refuse it as Sinch would."""
        self._authenticate(request)
        body = await _json(request)
        self._check(body)
        to = body["to"][0].removeprefix("+")
        trouble = Trouble.of(to)
        if trouble in STATUSES:
            raise empty(STATUSES[trouble])
        batch = {"id": f"01{secrets.token_hex(12).upper()}", "to": to, "text": body["body"]}
        self.accepted.append({**batch, "fields": body})
        now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        wire = {**body, "id": batch["id"], "canceled": False, "created_at": now, "modified_at": now}
        if body.get("delivery_report", "none") != "none":
            await self.report(to, _reports(batch["id"], body), _poster(str(body["callback_url"])))
        return await self.answer(to, JSONResponse(wire, 201))

    async def dry_run(self, request: Request) -> Response:
        """Count what a batch would be."""
        self._authenticate(request)
        body = await _json(request)
        self._check(body)
        parts = count_segments(body["body"]).count
        counted = {"number_of_recipients": len(body["to"]), "number_of_messages": parts}
        return JSONResponse(counted)

    def _authenticate(self, request: Request) -> None:
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        account = request.path_params["account"]
        if account == PROJECT_ID:
            is_known = self.tokens.get(token, datetime.min.replace(tzinfo=UTC)) > datetime.now(UTC)
        else:
            is_known = (account, token) == (SERVICE_PLAN_ID, API_TOKEN)
        if not is_known:
            raise empty(401)

    def _check(self, body: Mapping[str, Any]) -> None:
        to, sender, text = (body.get(name) for name in ("to", "from", "body"))
        rules = (
            (not isinstance(to, list) or len(to) != 1, "[to] must have 1 element here"),
            (not text or not isinstance(text, str), "[body] may not be empty"),
            (len(str(text)) > LONGEST_BODY, "[body] must have at most 1600 characters"),
            (body.get("type", "mt_text") != "mt_text", "[type] must be mt_text here"),
            (sender not in {None, SENDER, f"+{SENDER}", NAME}, "[from] is not of this account"),
            (body.get("delivery_report", "none") not in REPORTS, "[delivery_report] unknown"),
            (
                len(str(body.get("client_reference", ""))) > LONGEST_REFERENCE,
                "[client_reference] must have at most 128 characters",
            ),
            (not _is_within(body.get("expire_at")), "[expire_at] must be within three days"),
        )
        for is_broken, words in rules:
            if is_broken:
                raise refused("syntax_constraint_violation", words)
        assert isinstance(to, list)
        if not isinstance(to[0], str) or not MSISDN.fullmatch(to[0]):
            raise refused("syntax_invalid_parameter_format", f"[to.0] '{to[0]}' is no MSISDN")
        _check_callback(body)


def _check_callback(body: Mapping[str, Any]) -> None:
    url = body.get("callback_url")
    if body.get("delivery_report", "none") != "none" and url is None:
        raise refused("missing_callback_url", "no callback URL is provided", 403)
    if url is not None and (not urlsplit(url).hostname or len(url) > LONGEST_URL):
        raise refused("syntax_invalid_parameter_format", "[callback_url] is not a valid URL")


def _is_within(moment: Any) -> bool:
    if moment is None:
        return True
    if not isinstance(moment, str) or not MOMENT.fullmatch(moment):
        raise refused("syntax_invalid_parameter_format", "[expire_at] is not a moment")
    left = datetime.fromisoformat(moment) - datetime.now(UTC)
    return timedelta(0) < left <= LONGEST_LIFE


def _user(request: Request) -> tuple[str, str]:
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    try:
        user, _, password = b64decode(encoded, validate=True).decode().partition(":")
    except ValueError:
        return "", ""
    return (user, password) if scheme == "Basic" else ("", "")


async def _json(request: Request) -> dict[str, Any]:
    if request.headers.get("content-type", "").partition(";")[0] != "application/json":
        raise empty(415)
    try:
        body = json.loads(await request.body())
    except ValueError:
        raise refused("syntax_invalid_json", "the JSON is malformed") from None
    # The real one passes over what it does not know; a typing error should show here.
    if not isinstance(body, dict) or not body.keys() <= FIELDS:
        raise refused("syntax_invalid_json", "an object with unknown fields, or none")
    return body


def _reports(batch_id: str, body: Mapping[str, Any]) -> list[dict[str, Any]]:
    to = body["to"][0].removeprefix("+")
    common = {
        "type": "recipient_delivery_report_sms",
        "batch_id": batch_id,
        "recipient": to,
        "at": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
    }
    if "client_reference" in body:
        common["client_reference"] = body["client_reference"]
    last: dict[str, Any] = {**common, "code": 0, "status": "Delivered"}
    if Trouble.of(to) is Trouble.UNDELIVERED:
        last |= {"code": 402, "status": "Aborted"}
    if body["delivery_report"] == "per_recipient_final":
        return [last]
    return [{**common, "code": 401, "status": "Dispatched"}, last]


def _poster(url: str) -> Any:
    async def post(client: httpx2.AsyncClient, report: dict[str, Any], is_signed: bool) -> None:
        body, nonce = json.dumps(report).encode(), secrets.token_hex(13)
        timestamp = str(int(time.time()))
        secret = CALLBACK_SECRET if is_signed else "someone-else's"
        signed = body + f".{nonce}.{timestamp}".encode()
        digest = hmac.new(secret.encode(), signed, "sha256").digest()
        headers = {
            "Content-Type": "application/json",
            "x-sinch-webhook-signature": b64encode(digest).decode(),
            "x-sinch-webhook-signature-nonce": nonce,
            "x-sinch-webhook-signature-timestamp": timestamp,
            "x-sinch-webhook-signature-algorithm": "HmacSHA256",
        }
        await client.post(url, content=body, headers=headers)

    return post
