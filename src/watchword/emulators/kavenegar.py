"""A strict stand-in for Kavenegar's REST API.

It knows one API key, which is a part of the address, one line, and one verification template with
two tokens. The number in the body says what happened; the HTTP status is the same number. A number
that blocks messages (`…9902`) is accepted and later reported so.
"""

import hmac
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any
from urllib.parse import parse_qsl

import httpx2
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from watchword.emulators.kit import Emulator, Refused, Trouble

# Known to everyone: they open nothing but this emulator.
API_KEY = "456D756C617465644B6176656E65676172"
SENDER = "10004346"
TEMPLATE = "emulated-verify"
TEMPLATE_TEXT = "کد ورود: %token، تا %token2 دقیقه"
TEMPLATE_TOKENS = frozenset({"token", "token2"})

IRANIAN = re.compile(r"(0|0098|\+98)9\d{9}")
FOREIGN = re.compile(r"(00|\+)[1-9]\d{6,14}")
TOKEN = re.compile(r"[^\W_]+")
LONGEST = 900
SEND_FIELDS = frozenset({"receptor", "message", "sender", "date", "type", "localid"})
LOOKUP_FIELDS = frozenset({"receptor", "template", "token", "token2", "token3", "type"})

WORDS = {
    200: "تایید شد",
    400: "پارامترها ناقص هستند",
    403: "کد شناسائی API-Key معتبر نمی باشد",
    404: "متدی با این نام پیدا نشده است",
    405: "متد فراخوانی Get یا Post اشتباه است",
    409: "سرور قادر به پاسخگوئی نیست بعدا تلاش کنید",
    411: "دریافت کننده نامعتبر است",
    412: "ارسال کننده نامعتبر است",
    413: "پیام خالی است یا طول پیام بیش از حد مجاز می‌باشد",
    418: "اعتبار حساب شما کافی نیست",
    422: "داده ها به دلیل وجود کاراکتر نامناسب قابل پردازش نیست",
    424: "الگوی مورد نظر پیدا نشد",
    431: "ساختار کد صحیح نمی‌باشد",
    432: "پارامتر کد در متن پیام پیدا نشد",
    451: "فراخوانی بیش از حد در بازه زمانی مشخص",
}
QUEUED, SENT, DELIVERED, UNREACHED, BLOCKED = 1, 4, 10, 11, 14


@dataclass(kw_only=True)
class KavenegarEmulator(Emulator):
    """One emulated Kavenegar account."""

    ids: "count[int]" = field(default_factory=lambda: count(8792343))

    def routes(self) -> Sequence[Route]:
        """Return Kavenegar's routes."""
        return [
            Route("/v1/{api_key}/sms/send.json", self.send, methods=["POST"]),
            Route("/v1/{api_key}/verify/lookup.json", self.look_up, methods=["POST"]),
            Route("/v1/{api_key}/account/info.json", self.account, methods=["POST", "GET"]),
        ]

    def not_found(self, request: Request, status: int) -> Response:  # noqa: ARG002
        """Return Kavenegar's answer to a method that it does not have."""
        return _answer(405 if status == 405 else 404)

    async def account(self, request: Request) -> Response:
        """Tell what credit is left."""
        _check_key(request)
        info = {"remaincredit": 1500032, "expiredate": 13548889, "type": "Master"}
        return _answer(200, info)

    async def send(self, request: Request) -> Response:
        """Take a text, or refuse it as Kavenegar would."""
        _check_key(request)
        form = await _form(request, SEND_FIELDS)
        text = form.get("message", "")
        self._check(form, ((not text or len(text) > LONGEST, 413), (_is_odd(text), 422)))
        _refuse_on_purpose(form["receptor"], template=422)
        return await self._take(form, text, {"text": text})

    async def look_up(self, request: Request) -> Response:
        """Fill a verification template, or refuse it as Kavenegar would."""
        _check_key(request)
        form = await _form(request, LOOKUP_FIELDS)
        tokens = {name: value for name, value in form.items() if name.startswith("token")}
        rules = (
            ("template" not in form or "token" not in form, 400),
            (form.get("type", "sms") != "sms", 400),
            (form.get("template") != TEMPLATE, 424),
            (tokens.keys() != TEMPLATE_TOKENS, 432),
            (not all(TOKEN.fullmatch(value) for value in tokens.values()), 431),
        )
        self._check(form, rules)
        _refuse_on_purpose(form["receptor"], template=424)
        # The longer name first: %token is the start of %token2.
        text = TEMPLATE_TEXT
        for name in sorted(tokens, reverse=True):
            text = text.replace(f"%{name}", tokens[name])
        wording = {"template": form["template"], "parameters": tokens}
        return await self._take(form, text, wording)

    def _check(self, form: Mapping[str, str], rules: Sequence[tuple[bool, int]]) -> None:
        receptor = form.get("receptor", "")
        is_number = IRANIAN.fullmatch(receptor) or (
            FOREIGN.fullmatch(receptor) and not receptor.startswith(("0098", "+98"))
        )
        common = (
            (not receptor, 400),
            (not is_number, 411),
            (form.get("sender", SENDER) != SENDER, 412),
        )
        for is_broken, status in (*common, *rules):
            if is_broken:
                raise Refused(_answer(status))

    async def _take(
        self, form: Mapping[str, str], text: str, wording: Mapping[str, Any]
    ) -> Response:
        message_id, receptor = next(self.ids), form["receptor"]
        self.accepted.append(
            {"id": str(message_id), "to": receptor, **wording, "fields": dict(form)}
        )
        if self.receipts_url is not None:
            codes: dict[Trouble | None, int] = {
                Trouble.UNDELIVERED: UNREACHED,
                Trouble.BLOCKED: BLOCKED,
            }
            last = codes.get(Trouble.of(receptor), DELIVERED)
            reports = [{"messageid": message_id, "status": status} for status in (SENT, last)]
            await self.report(receptor, reports, self._call_back)
        entry = {
            "messageid": message_id,
            "message": text,
            "status": QUEUED,
            "statustext": "در صف ارسال",
            "sender": form.get("sender", SENDER),
            "receptor": receptor,
            "date": int(time.time()),
            "cost": 120,
        }
        return await self.answer(receptor, _answer(200, [entry]))

    async def _call_back(
        self,
        client: httpx2.AsyncClient,
        report: Mapping[str, int],
        is_signed: bool,  # noqa: ARG002  # Kavenegar signs nothing
    ) -> None:
        url = httpx2.URL(str(self.receipts_url)).copy_merge_params(
            {name: str(value) for name, value in report.items()}
        )
        await client.get(url)


def _check_key(request: Request) -> None:
    given = str(request.path_params["api_key"])
    if not hmac.compare_digest(given.encode(), API_KEY.encode()):
        raise Refused(_answer(403))


async def _form(request: Request, known: frozenset[str]) -> dict[str, str]:
    kind = request.headers.get("content-type", "").partition(";")[0]
    try:
        text = (await request.body()).decode("utf-8")
        fields = parse_qsl(text, keep_blank_values=True, strict_parsing=bool(text), errors="strict")
    except ValueError:
        raise Refused(_answer(400)) from None
    form = dict(fields)
    # The real one passes over what it does not know; a typing error should show here.
    if (
        kind != "application/x-www-form-urlencoded"
        or form.keys() - known
        or len(form) < len(fields)
    ):
        raise Refused(_answer(400))
    return form


def _is_odd(text: str) -> bool:
    return any(ord(character) < 32 and character not in "\r\n" for character in text)


def _refuse_on_purpose(receptor: str, template: int) -> None:
    codes: dict[Trouble | None, int] = {
        Trouble.LANDLINE: 411,
        Trouble.TEMPLATE: template,
        Trouble.BALANCE: 418,
        Trouble.CREDENTIALS: 403,
        Trouble.THROTTLED: 451,
        Trouble.FAULT: 409,
    }
    status = codes.get(Trouble.of(receptor))
    if status is not None:
        raise Refused(_answer(status))


def _answer(status: int, entries: Any = None) -> Response:
    said = {"return": {"status": status, "message": WORDS[status]}, "entries": entries}
    return JSONResponse(said, status)


def emulator() -> Starlette:
    """Return an emulated Kavenegar."""
    return KavenegarEmulator().app
