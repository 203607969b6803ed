"""A strict stand-in for WhatsApp's Cloud API, with numbers that make it fail on purpose.

It knows one business number and one token, and the templates of `TEMPLATES`. Like Meta it reports
to one address for the whole app: `PUT /emulator/receipts` with `url` and, if it is to prove the
address as Meta does, `verify_token`.
"""

import hmac
import json
import re
import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx2
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from watchword.emulators.kit import Emulator, Refused, Trouble, trusted

# Known to everyone: they open nothing but this emulator.
ACCESS_TOKEN = "EAAemulatedSystemUserToken0123456789"  # noqa: S105
PHONE_NUMBER_ID = "106540352242922"
BUSINESS_ACCOUNT_ID = "102290129340398"
APP_SECRET = "0123456789abcdef0123456789abcdef"  # noqa: S105

# Meta strips the `+`.
NUMBER = re.compile(r"\+?([1-9]\d{6,14})")
LONGEST_PARAMETER = 1024
LONGEST_CALLBACK_DATA = 512
LONGEST_CODE = 15


@dataclass(frozen=True, kw_only=True)
class Template:
    """An approved template: its languages, how many values its body takes, and if it copies."""

    languages: frozenset[str] = frozenset({"en", "ko", "es_AR"})
    body: int = 1
    has_button: bool = True


TEMPLATES: dict[str, Template] = {
    "sign_in_code": Template(),
    "sign_up_code": Template(),
    "reset_password_code": Template(),
    "verification_code": Template(),
    "code_and_minutes": Template(body=2),
    "code_without_button": Template(has_button=False),
    "english_only": Template(languages=frozenset({"en"})),
}

# Code → status, Meta's words and the details beside them; the number is in some, as in theirs.
ERRORS: dict[int, tuple[int, str, str]] = {
    100: (400, "Invalid parameter", "{detail}"),
    190: (401, "Invalid OAuth access token - Cannot parse access token", ""),
    130429: (429, "Rate limit hit", "Cloud API message throughput has been reached."),
    131000: (500, "Something went wrong", ""),
    131008: (400, "Required parameter is missing", "{detail}"),
    131009: (400, "Parameter value is not valid", "{detail}"),
    131026: (400, "Message undeliverable", "Message to {to} could not be delivered."),
    131042: (400, "Business eligibility payment issue", "There was an error with the payment."),
    131049: (400, "This message was not delivered", "To maintain healthy ecosystem engagement."),
    132000: (400, "Number of parameters does not match the expected number of params", "{detail}"),
    132001: (404, "Template name does not exist in the translation", "{detail}"),
    132005: (400, "Translated text too long", "{detail}"),
}

TROUBLES = {
    Trouble.LANDLINE: 131026,
    Trouble.BLOCKED: 131049,
    Trouble.TEMPLATE: 132001,
    Trouble.BALANCE: 131042,
    Trouble.CREDENTIALS: 190,
    Trouble.THROTTLED: 130429,
    Trouble.FAULT: 131000,
}

BODY = {"messaging_product", "recipient_type", "to", "type", "template", "biz_opaque_callback_data"}
VERSION = re.compile(r"[1-9]\d*\.0")


def emulator() -> Starlette:
    """Return an emulated Cloud API that has accepted nothing yet."""
    return WhatsAppEmulator().app


def refused(code: int, *, detail: str = "", to: str = "") -> Refused:
    """Return an answer with one of Meta's codes."""
    status, message, details = ERRORS[code]
    error: dict[str, Any] = {
        "message": f"(#{code}) {message}",
        "type": "OAuthException",
        "code": code,
        "fbtrace_id": secrets.token_urlsafe(16),
    }
    if details:
        text = details.format(detail=detail, to=to)
        error["error_data"] = {"messaging_product": "whatsapp", "details": text}
    return Refused(JSONResponse({"error": error}, status))


@dataclass(kw_only=True)
class WhatsAppEmulator(Emulator):
    """One emulated business number."""

    templates: Mapping[str, Template] = field(default_factory=lambda: TEMPLATES)

    def routes(self) -> Sequence[Route]:
        """Return the two calls that a sender of templates needs."""
        number = "/v{version}/{phone_number_id}"
        return [
            Route(f"{number}/messages", self.create_message, methods=["POST"]),
            Route(number, self.show_number, methods=["GET"]),
        ]

    def not_found(self, request: Request, status: int) -> Response:  # noqa: ARG002
        """Answer as Graph does to a path it does not know."""
        error = {"message": "Unknown path components", "type": "OAuthException", "code": 2500}
        return JSONResponse({"error": error}, 400)

    async def create_message(self, request: Request) -> Response:
        """Take a template message, or refuse it as Meta would."""
        self._authenticate(request)
        body = await _json(request)
        to = _check_frame(body)
        self._check_template(body["template"])
        self._fail_on_purpose(to)
        message = {
            "id": f"wamid.{secrets.token_urlsafe(42)}",
            "to": to,
            "template": body["template"]["name"],
            "parameters": [
                parameter["text"]
                for component in body["template"].get("components", [])
                for parameter in component["parameters"]
            ],
            "fields": body,
        }
        self.accepted.append(message)
        if self.receipts_url is not None:
            await self.report(to, self._statuses(message), self._post)
        accepted = {"id": message["id"], "message_status": "accepted"}
        contacts = [{"input": body["to"], "wa_id": to}]
        answer = {"messaging_product": "whatsapp", "contacts": contacts, "messages": [accepted]}
        return await self.answer(to, JSONResponse(answer))

    async def show_number(self, request: Request) -> Response:
        """Describe the business number: what a credential check asks."""
        self._authenticate(request)
        fields = {
            "id": PHONE_NUMBER_ID,
            "display_phone_number": "+1 555-078-3881",
            "verified_name": "Emulated business",
            "quality_rating": "GREEN",
            "code_verification_status": "VERIFIED",
        }
        wanted = request.query_params.get("fields")
        names = wanted.split(",") if wanted else list(fields)
        if not fields.keys() >= set(names):
            raise refused(100, detail="fields")
        return JSONResponse({name: fields[name] for name in (*names, "id")})

    async def report_to(self, request: Request) -> Response:
        """Report to this address from now on; prove it first where a verify token is given."""
        asked = await request.json()
        if "verify_token" in asked and not await _is_proved(asked["url"], asked["verify_token"]):
            return JSONResponse({"error": "the address did not repeat the challenge"}, 400)
        self.receipts_url = asked["url"]
        return Response(status_code=204)

    def _authenticate(self, request: Request) -> None:
        if request.headers.get("authorization") != f"Bearer {ACCESS_TOKEN}":
            raise refused(190)
        version, number = (request.path_params[name] for name in ("version", "phone_number_id"))
        if not VERSION.fullmatch(version) or number != PHONE_NUMBER_ID:
            raise refused(100, detail="Unsupported request: object does not exist")

    def _check_template(self, template: Any) -> None:
        _check_keys(template, {"name", "language", "components"}, "template")
        _check_keys(template.get("language"), {"code"}, "template.language")
        known = self.templates.get(str(template.get("name")))
        code = template["language"].get("code")
        if known is None or code not in known.languages:
            raise refused(132001, detail=f"{template.get('name')} does not exist in {code}")
        components = template.get("components", [])
        bodies = [part for part in components if part.get("type") == "body"]
        buttons = [part for part in components if part.get("type") == "button"]
        if len(bodies) + len(buttons) != len(components):
            raise refused(131009, detail="components: unknown type")
        _check_counts(bodies, [known.body], "body")
        _check_counts(buttons, [1] if known.has_button else [], "button")
        for button in buttons:
            _check_button(button)

    @staticmethod
    def _fail_on_purpose(to: str) -> None:
        trouble = Trouble.of(to)
        if trouble in TROUBLES:
            raise refused(TROUBLES[trouble], detail="on purpose", to=to)

    @staticmethod
    def _statuses(message: Mapping[str, Any]) -> list[dict[str, Any]]:
        is_lost = Trouble.of(message["to"]) is Trouble.UNDELIVERED
        common = {
            "id": message["id"],
            "timestamp": str(int(time.time())),
            "recipient_id": message["to"],
        }
        if "biz_opaque_callback_data" in message["fields"]:
            common["biz_opaque_callback_data"] = message["fields"]["biz_opaque_callback_data"]
        last: dict[str, Any] = {**common, "status": "delivered"}
        if is_lost:
            _, title, details = ERRORS[131026]
            data = {"details": details.format(to=message["to"])}
            error = {"code": 131026, "title": title, "message": title, "error_data": data}
            last |= {"status": "failed", "errors": [error]}
        return [{**common, "status": "sent"}, last]

    async def _post(
        self, client: httpx2.AsyncClient, status: dict[str, Any], is_signed: bool
    ) -> None:
        metadata = {"display_phone_number": "15550783881", "phone_number_id": PHONE_NUMBER_ID}
        value = {"messaging_product": "whatsapp", "metadata": metadata, "statuses": [status]}
        change = {"value": value, "field": "messages"}
        entry = {"id": BUSINESS_ACCOUNT_ID, "changes": [change]}
        # Beyond ASCII Meta escapes, and signs what it escaped.
        body = json.dumps({"object": "whatsapp_business_account", "entry": [entry]}).encode()
        secret = APP_SECRET if is_signed else "someone-else's"
        signature = hmac.new(secret.encode(), body, "sha256").hexdigest()
        headers = {
            "Content-Type": "application/json",
            "X-Hub-Signature-256": f"sha256={signature}",
        }
        await client.post(str(self.receipts_url), content=body, headers=headers)


async def _is_proved(url: str, token: str) -> bool:
    challenge = str(secrets.randbelow(10**9))
    asked = {"hub.mode": "subscribe", "hub.verify_token": token, "hub.challenge": challenge}
    async with httpx2.AsyncClient(verify=trusted(), trust_env=False) as client:
        answer = await client.get(url, params=asked)
    return answer.status_code == 200 and answer.text == challenge


async def _json(request: Request) -> dict[str, Any]:
    if request.headers.get("content-type", "").partition(";")[0] != "application/json":
        raise refused(100, detail="the content type is not JSON")
    try:
        body = json.loads(await request.body())
    except ValueError:
        raise refused(100, detail="the body is not JSON") from None
    # The real one passes over what it does not know; a typing error should show here.
    _check_keys(body, BODY, "body")
    found: dict[str, Any] = body
    return found


def _check_frame(body: Mapping[str, Any]) -> str:
    missing = {"messaging_product", "to", "template"} - body.keys()
    if missing:
        raise refused(131008, detail=", ".join(sorted(missing)))
    number = NUMBER.fullmatch(str(body["to"]))
    callback_data = body.get("biz_opaque_callback_data", "")
    rules = (
        (body["messaging_product"] != "whatsapp", "messaging_product"),
        (body.get("recipient_type", "individual") != "individual", "recipient_type"),
        (body.get("type") != "template", "type"),
        (not isinstance(callback_data, str), "biz_opaque_callback_data"),
        (len(callback_data) > LONGEST_CALLBACK_DATA, "biz_opaque_callback_data"),
        (number is None, "to"),
    )
    for is_broken, name in rules:
        if is_broken:
            raise refused(131009, detail=name)
    assert number is not None
    return number[1]


def _check_keys(value: Any, known: set[str], where: str) -> None:
    if not isinstance(value, dict):
        raise refused(131009, detail=where)
    unknown = sorted(value.keys() - known)
    if unknown:
        raise refused(100, detail=f"{where}: unexpected {', '.join(unknown)}")


def _check_counts(components: Sequence[dict[str, Any]], expected: list[int], kind: str) -> None:
    found = [len(component.get("parameters", [])) for component in components]
    if found != expected:
        raise refused(132000, detail=f"{kind}: number of parameters {found}, expected {expected}")
    for component in components:
        for parameter in component["parameters"]:
            _check_keys(parameter, {"type", "text"}, kind)
            text = parameter.get("text")
            if parameter.get("type") != "text" or not isinstance(text, str):
                raise refused(131009, detail=f"{kind}: not a text")
            if not text:
                raise refused(131008, detail=f"{kind}: an empty text")
            if len(text) > LONGEST_PARAMETER:
                raise refused(132005, detail=kind)


def _check_button(button: dict[str, Any]) -> None:
    _check_keys(button, {"type", "sub_type", "index", "parameters"}, "button")
    if button.get("sub_type") != "url" or str(button.get("index")) != "0":
        raise refused(131009, detail="button: sub_type or index")
    if len(button["parameters"][0]["text"]) > LONGEST_CODE:
        raise refused(132005, detail="button")
