"""A strict stand-in for Vonage's SMS API.

It knows an account for each way of signing, `ACCOUNTS`; each has the webhook format that its
dashboard would have, so that receipts come as an address's fields, a form or JSON. `API_KEY` is
one that signs with an MD5 hash; the receipts of `UNSIGNED_KEY` bear no signature.

A text outside the GSM alphabet that does not say `type=unicode` is accepted and garbled, as with
the real one: it is listed with `lossy` true.
"""

import hashlib
import hmac
import re
import secrets
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from urllib.parse import parse_qsl, urlsplit

import httpx2
import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from watchword.connector_kit.segments import GSM_7, GSM_7_EXTENSION, count_segments
from watchword.emulators.kit import Emulator, Refused, Trouble

# Known to everyone: they open nothing but this emulator.
API_SECRET = "emulatedApiSecret"  # noqa: S105
SIGNATURE_SECRET = "EmulatedSignatureSecret012345678"  # noqa: S105


@dataclass(frozen=True)
class Account:
    """How an account is set in the dashboard."""

    method: Literal["md5hash", "md5", "sha1", "sha256", "sha512"] = "md5hash"
    webhook: Literal["GET", "POST", "POST-JSON"] = "POST-JSON"
    receipts: Literal["sig", "jwt", "unsigned"] = "sig"


API_KEY = "emul0000"
UNSIGNED_KEY = "emul0009"
ACCOUNTS: dict[str, Account] = {
    API_KEY: Account("md5hash", "GET"),
    "emul0001": Account("md5", "POST"),
    "emul0002": Account("sha1", "POST-JSON"),
    "emul0003": Account("sha256", "GET"),
    "emul0004": Account("sha512", "POST"),
    "emul0005": Account("sha256", "POST-JSON", "jwt"),
    UNSIGNED_KEY: Account("md5hash", "POST-JSON", "unsigned"),
}

PROOFS = frozenset({"api_key", "api_secret", "sig", "timestamp"})
FIELDS = frozenset(
    {"from", "to", "text", "type", "ttl", "status-report-req", "callback", "client-ref"}
    | {"message-class", "account-ref", "entity-id", "content-id", "trusted-number"}
)
CLOCKS_DIFFER = timedelta(minutes=5)
LONGEST_TEXT = 3200
LONGEST_REFERENCE = 40
LONGEST_CALLBACK = 100
SENDER = re.compile(r"[A-Za-z0-9 ]{1,11}|\d{3,15}")
NUMBER = re.compile(r"\d{7,15}")

# https://developer.vonage.com/en/messaging/sms/guides/troubleshooting-sms
REFUSALS = {
    Trouble.LANDLINE: ("6", "The message was invalid :: Unknown prefix"),
    Trouble.BLOCKED: ("7", "Number barred"),
    Trouble.BALANCE: ("9", "Quota Exceeded - rejected"),
    Trouble.CREDENTIALS: ("4", "Bad Credentials"),
    Trouble.THROTTLED: ("1", "Throughput Rate Exceeded - please wait [ 33 ] and retry"),
    Trouble.FAULT: ("5", "Internal error"),
}
# Vonage approves no texts: a carrier refuses them later.
ERR_CODES = {Trouble.TEMPLATE: "6", Trouble.UNDELIVERED: "9"}


@dataclass(frozen=True)
class Accepted:
    """A text that was taken."""

    api_key: str
    form: Mapping[str, str]
    id: str = field(default_factory=lambda: f"0A{secrets.token_hex(7).upper()}")

    @property
    def is_lossy(self) -> bool:
        """Tell whether characters get lost because the request did not say `unicode`."""
        is_plain = self.form.get("type", "text") == "text"
        return is_plain and count_segments(self.form["text"]).encoding == "UCS-2"

    @property
    def text(self) -> str:
        """Return what arrives."""
        if not self.is_lossy:
            return self.form["text"]
        alphabet = GSM_7 | GSM_7_EXTENSION
        return "".join(c if c in alphabet else "?" for c in self.form["text"])

    @property
    def parts(self) -> list[dict[str, str]]:
        """Return the answer's entries, one for each segment."""
        reference = self.form.get("client-ref")
        return [
            {
                "to": self.form["to"],
                "message-id": f"{self.id}{number}",
                "status": "0",
                "remaining-balance": "3.14159265",
                "message-price": "0.03330000",
                "network": "23410",
                **({"client-ref": reference} if reference is not None else {}),
            }
            for number in range(1, count_segments(self.text).count + 1)
        ]

    @property
    def entry(self) -> dict[str, Any]:
        """Return the text as `GET /emulator/messages` lists it."""
        return {
            "id": self.parts[0]["message-id"],
            "to": self.form["to"],
            "text": self.text,
            "lossy": self.is_lossy,
            "fields": {name: self.form[name] for name in self.form.keys() - PROOFS},
        }


@dataclass(kw_only=True)
class VonageEmulator(Emulator):
    """One emulated Vonage, with its accounts and what they sent."""

    accounts: Mapping[str, Account] = field(default_factory=lambda: ACCOUNTS)

    def routes(self) -> Sequence[Route]:
        """Return sending, and the balance that a credential check asks for."""
        return [
            Route("/sms/json", self.send, methods=["POST"]),
            Route("/account/get-balance", self.balance, methods=["GET"]),
        ]

    async def send(self, request: Request) -> Response:
        """Take a text, or refuse it as Vonage would: with 200, and a status that is not 0."""
        form = await _form(request)
        api_key = self._authenticated(request, form)
        _check(form)
        message = Accepted(api_key, form)
        trouble = Trouble.of(form["to"])
        if trouble is not None and trouble in REFUSALS:
            raise _refused(*REFUSALS[trouble])
        self.accepted.append(message.entry)
        if form.get("status-report-req", "true") in {"true", "1"} and self._address_of(message):
            await self.report(form["to"], _receipts(message), self._post)
        answer = {"message-count": str(len(message.parts)), "messages": message.parts}
        return await self.answer(form["to"], JSONResponse(answer))

    async def balance(self, request: Request) -> Response:
        """Tell what money is left, to a header or to fields of the address."""
        user, password = _basic(request) or (
            request.query_params.get("api_key", ""),
            request.query_params.get("api_secret", ""),
        )
        if user not in self.accounts or password != API_SECRET:
            refusal = {"error-code": "401", "error-code-label": "authentication failed"}
            return JSONResponse(refusal, 401)
        return JSONResponse({"value": 10.171275, "autoReload": False})

    def _authenticated(self, request: Request, form: Mapping[str, str]) -> str:
        basic = _basic(request)
        if "sig" in form:
            if basic is not None or "api_secret" in form:
                raise _refused("32", "Signature And API Secret Disallowed")
            return self._signed(form)
        user, password = basic or (form.get("api_key", ""), form.get("api_secret", ""))
        if not user or not password:
            raise _refused("2", f"Missing {'api_secret' if user else 'api_key'} param")
        if user not in self.accounts or password != API_SECRET:
            raise _refused("4", "Bad Credentials")
        return user

    def _signed(self, form: Mapping[str, str]) -> str:
        account = self.accounts.get(form.get("api_key", ""))
        timestamp = form.get("timestamp", "")
        if account is None or not timestamp.isdigit():
            raise _refused("14", "Invalid Signature")
        age = datetime.now(UTC) - datetime.fromtimestamp(int(timestamp), UTC)
        if abs(age) > CLOCKS_DIFFER or form["sig"].lower() != _sig(form, account.method):
            raise _refused("14", "Invalid Signature")
        return form["api_key"]

    def _address_of(self, message: Accepted) -> str | None:
        return message.form.get("callback") or self.receipts_url

    async def _post(
        self, client: httpx2.AsyncClient, receipt: tuple[Accepted, dict[str, str]], is_signed: bool
    ) -> None:
        message, fields = receipt
        account, address = self.accounts[message.api_key], str(self._address_of(message))
        secret = SIGNATURE_SECRET if is_signed else "someone else's"
        if account.receipts == "sig":
            nonce = {"nonce": secrets.token_hex(16), "timestamp": _now()}
            fields = {**fields, **nonce}
            fields["sig"] = _sig(fields, account.method, secret).upper()
        if account.webhook == "GET":
            await client.get(address, params=fields)
        elif account.webhook == "POST":
            await client.post(address, data=fields)
        else:
            body = orjson.dumps(fields)
            headers = {"Content-Type": "application/json"}
            if account.receipts == "jwt":
                headers["Authorization"] = f"Bearer {_jwt(body, message.api_key, secret)}"
            await client.post(address, content=body, headers=headers)


async def _form(request: Request) -> dict[str, str]:
    media_type = request.headers.get("content-type", "").partition(";")[0]
    if media_type != "application/x-www-form-urlencoded":
        raise _refused("2", "Missing api_key param")
    try:
        text = (await request.body()).decode("utf-8")
        fields = parse_qsl(text, keep_blank_values=True, strict_parsing=bool(text), errors="strict")
    except ValueError:
        raise _refused("3", "Invalid body") from None
    form = dict(fields)
    # The real one may pass over what it does not know; a typing error should show here.
    unknown = sorted(form.keys() - FIELDS - PROOFS)
    if unknown or len(form) != len(fields):
        raise _refused("3", f"Invalid {', '.join(unknown) or 'repeated'} param")
    return form


def _check(form: Mapping[str, str]) -> None:
    for name in ("to", "from", "text"):
        if not form.get(name):
            raise _refused("2", f"Missing {name} param")
    callback = form.get("callback", "https://x.example/")
    reference = form.get("client-ref", "")
    rules = [
        (not NUMBER.fullmatch(form["to"]), "3", "Invalid to param"),
        (not SENDER.fullmatch(form["from"]), "3", "Invalid from param"),
        # No alphanumeric senders in the United States and Canada.
        (form["to"].startswith("1") and not form["from"].isdigit(), "15", "Illegal Sender Address"),
        (len(form["text"]) > LONGEST_TEXT, "12", "Message too long"),
        (form.get("type", "text") not in {"text", "unicode"}, "3", "Invalid type param"),
        (not _is_between(form.get("ttl"), 20_000, 604_800_000), "3", "Invalid ttl param"),
        (not _is_between(form.get("message-class"), 0, 3), "3", "Invalid message-class param"),
        (len(reference) > LONGEST_REFERENCE, "3", "Invalid client-ref param"),
        (
            form.get("status-report-req", "true") not in {"true", "false", "1", "0"},
            "3",
            "Invalid status-report-req param",
        ),
        (
            len(callback) > LONGEST_CALLBACK or urlsplit(callback).scheme not in {"http", "https"},
            "23",
            "Invalid Callback URL",
        ),
    ]
    for is_broken, status, words in rules:
        if is_broken:
            raise _refused(status, words)


def _receipts(message: Accepted) -> list[tuple[Accepted, dict[str, str]]]:
    trouble = Trouble.of(message.form["to"])
    code = ERR_CODES.get(trouble, "0") if trouble else "0"
    stations = [("accepted", "0"), ("delivered" if code == "0" else "rejected", code)]
    return [(message, _receipt(message, status, code)) for status, code in stations]


def _receipt(message: Accepted, status: str, code: str) -> dict[str, str]:
    now = datetime.now(UTC)
    fields = {
        "msisdn": message.form["to"],
        "to": message.form["from"],
        "network-code": "23410",
        "messageId": message.parts[0]["message-id"],
        "price": "0.03330000",
        "status": status,
        "scts": now.strftime("%y%m%d%H%M"),
        "err-code": code,
        "api-key": message.api_key,
        "message-timestamp": now.strftime("%Y-%m-%d %H:%M:%S"),
    }
    if "client-ref" in message.form:
        fields["client-ref"] = message.form["client-ref"]
    return fields


def _sig(form: Mapping[str, str], method: str, secret: str = SIGNATURE_SECRET) -> str:
    joined = ""
    for name in sorted(form):
        if name != "sig":
            joined += "&" + name + "=" + re.sub("[&=]", "_", form[name])
    if method == "md5hash":
        return hashlib.md5((joined + secret).encode(), usedforsecurity=False).hexdigest()
    return hmac.new(secret.encode(), joined.encode(), method).hexdigest()


def _jwt(body: bytes, api_key: str, secret: str) -> str:
    claims = {
        "iat": int(_now()),
        "jti": secrets.token_hex(16),
        "iss": "Vonage",
        "payload_hash": hashlib.sha256(body).hexdigest(),
        "api_key": api_key,
    }
    parts = [_base64(orjson.dumps(part)) for part in ({"alg": "HS256", "typ": "JWT"}, claims)]
    signature = hmac.new(secret.encode(), ".".join(parts).encode(), "sha256").digest()
    return ".".join([*parts, _base64(signature)])


def _base64(part: bytes) -> str:
    return urlsafe_b64encode(part).decode().rstrip("=")


def _now() -> str:
    return str(int(datetime.now(UTC).timestamp()))


def _basic(request: Request) -> tuple[str, str] | None:
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, _, password = b64decode(encoded, validate=True).decode().partition(":")
    except ValueError:
        return None
    return user, password


def _is_between(value: str | None, lowest: int, highest: int) -> bool:
    if value is None:
        return True
    is_number = value.isascii() and value.isdigit() and len(value) < 12
    return is_number and lowest <= int(value) <= highest


def _refused(status: str, words: str) -> Refused:
    return Refused(
        JSONResponse({"message-count": "1", "messages": [{"status": status, "error-text": words}]})
    )


def emulator() -> Starlette:
    """Return an emulated Vonage."""
    return VonageEmulator().app
