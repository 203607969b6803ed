"""A strict stand-in for Yunpian's API, version 2.

It knows the key `API_KEY`, one sign, `SIGN`, which it puts in front of a text that has none, and
the templates of `APPROVED`: a text that equals none of them is refused, as is the same text to the
same number within half a minute. The last four digits of a number (`kit.Trouble`) decide what
becomes of its message.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from urllib.parse import parse_qsl, urlsplit

import httpx2
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from watchword.emulators.kit import Emulator, Refused, Trouble

# Known to everyone: they open nothing but this emulator.
API_KEY = "emulatedemulatedemulated00000000"
SIGN = "【Watchword】"
APPROVED = (
    "您的验证码是#code#，#minutes#分钟内有效，请勿泄露给他人。",
    "Your Watchword code is #code#. It works for #minutes# minutes.",
)

MAINLAND = re.compile(r"1[3-9][0-9]{9}")
ABROAD = re.compile(r"\+(?!86)[1-9][0-9]{6,14}")
SIGNED = re.compile(r"【([^【】]+)】")
FORM = "application/x-www-form-urlencoded"
FIELDS = frozenset({"apikey", "mobile", "text", "callback_url", "extend", "uid", "register"})
TOO_SOON = timedelta(seconds=30)
TOO_OFTEN, TOO_OFTEN_WITHIN = 3, timedelta(minutes=5)
SEGMENT, LONG_SEGMENT = 70, 67

# Code → what Yunpian says.
ERRORS = {
    1: "请求参数缺失",
    2: "请求参数格式错误",
    3: "账户余额不足",
    5: "未自动匹配到合适的模板",
    8: "同一个手机号30秒内重复提交相同的内容",
    9: "同一个手机号5分钟内重复提交相同的内容超过3次",
    10: "手机号防骚扰名单过滤",
    11: "接口不支持GET方式调用",
    15: "签名不匹配",
    -1: "非法的apikey",
    -5: "访问频率超限",
    -50: "未知异常",
}
TROUBLES = {
    Trouble.LANDLINE: (2, "参数 mobile 格式不正确"),
    Trouble.BLOCKED: (10, ""),
    Trouble.TEMPLATE: (5, ""),
    Trouble.BALANCE: (3, ""),
    Trouble.CREDENTIALS: (-1, ""),
    Trouble.THROTTLED: (-5, ""),
    Trouble.FAULT: (-50, ""),
}


@dataclass(kw_only=True)
class YunpianEmulator(Emulator):
    """One emulated Yunpian."""

    _ids: Iterator[int] = field(default_factory=lambda: count(3_310_228_982))

    def routes(self) -> Sequence[Route]:
        """Return Yunpian's routes: everything is a POST."""
        return [
            Route("/v2/sms/single_send.json", self.send, methods=["POST"]),
            Route("/v2/user/get.json", self.account, methods=["POST"]),
        ]

    def not_found(self, request: Request, status: int) -> Response:
        """Return Yunpian's code for a wrong method, or nothing of its own."""
        return _error(11) if status == 405 else super().not_found(request, status)

    async def account(self, request: Request) -> Response:
        """Describe the account: what a credential check asks."""
        await _form(request, frozenset({"apikey"}))
        return JSONResponse(
            {
                "nick": "Emulated",
                "gmt_created": "2026-01-01 00:00:00",
                "mobile": "13000000000",
                "email": "emulated@example.com",
                "ip_whitelist": None,
                "api_version": "v2",
                "balance": 1000.5,
                "alarm_balance": 100,
                "emergency_contact": "",
                "emergency_mobile": "",
            }
        )

    async def send(self, request: Request) -> Response:
        """Take a message, or refuse it as Yunpian would."""
        form = await _form(request, FIELDS)
        _check(form)
        mobile, text = form["mobile"], form["text"]
        _fail_on_purpose(mobile)
        self._refuse_repetition(mobile, text)
        message_id = next(self._ids)
        arrived = text if SIGNED.match(text) else SIGN + text
        self.accepted.append(
            {
                "id": str(message_id),
                "to": mobile,
                "text": arrived,
                "fields": {name: form[name] for name in form.keys() - {"apikey"}},
                "at": datetime.now(UTC).isoformat(),
            }
        )
        if "callback_url" in form:
            await self._report(message_id, mobile, form["callback_url"], form.get("uid"))
        parts = 1 if len(arrived) <= SEGMENT else -(-len(arrived) // LONG_SEGMENT)
        body = {
            "code": 0,
            "msg": "发送成功",
            "count": parts,
            "fee": 0.05 * parts,
            "unit": "RMB",
            "mobile": mobile,
            "sid": message_id,
        }
        return await self.answer(mobile, JSONResponse(body))

    def _refuse_repetition(self, mobile: str, text: str) -> None:
        now = datetime.now(UTC)
        ages = [
            now - datetime.fromisoformat(entry["at"])
            for entry in self.accepted
            if (entry["to"], entry["fields"]["text"]) == (mobile, text)
        ]
        if any(age < TOO_SOON for age in ages):
            raise _refused(8)
        if sum(age < TOO_OFTEN_WITHIN for age in ages) >= TOO_OFTEN:
            raise _refused(9)

    async def _report(self, message_id: int, mobile: str, url: str, uid: str | None) -> None:
        is_lost = Trouble.of(mobile) is Trouble.UNDELIVERED
        report = {
            "sid": message_id,
            "uid": uid,
            "user_receive_time": datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S"),
            "error_msg": "DB:0141" if is_lost else "",
            "mobile": mobile,
            "report_status": "FAIL" if is_lost else "SUCCESS",
        }

        async def post(client: httpx2.AsyncClient, states: str, is_signed: bool) -> None:
            parts = urlsplit(url)
            # Nothing is signed, so the token, which ends the path, is what can be wrong.
            path = parts.path if is_signed else f"{parts.path}-wrong"
            await client.post(parts._replace(path=path).geturl(), data={"sms_status": states})

        await self.report(mobile, [json.dumps([report])], post)


def emulator() -> Starlette:
    """Return the emulator as an ASGI application."""
    return YunpianEmulator().app


async def _form(request: Request, known: frozenset[str]) -> dict[str, str]:
    if request.headers.get("content-type", "").partition(";")[0] != FORM:
        raise _refused(2, "Content-Type")
    try:
        text = (await request.body()).decode()
        fields = parse_qsl(text, keep_blank_values=True, strict_parsing=True, errors="strict")
    except ValueError:
        raise _refused(2, "body") from None
    form = dict(fields)
    # The real one may pass over what it does not know; a typing error should show here.
    unknown = sorted(form.keys() - known)
    if unknown or len(form) != len(fields):
        raise _refused(2, ", ".join(unknown) or "a repeated field")
    if form.get("apikey") != API_KEY:
        raise _refused(-1)
    return form


def _check(form: Mapping[str, str]) -> None:
    for name in ("mobile", "text"):
        if not form.get(name):
            raise _refused(1, f"参数 {name} 必须传入")
    mobile, text = form["mobile"], form["text"]
    # What comes without a plus is read as a number of mainland China.
    if not MAINLAND.fullmatch(mobile) and not ABROAD.fullmatch(mobile):
        raise _refused(2, "参数 mobile 格式不正确")
    if "callback_url" in form and not form["callback_url"].startswith(("http://", "https://")):
        raise _refused(2, "callback_url")
    sign = SIGNED.match(text)
    if sign and sign[0] != SIGN:
        raise _refused(15)
    if not any(_pattern(template).fullmatch(text.removeprefix(SIGN)) for template in APPROVED):
        raise _refused(5)


def _pattern(template: str) -> re.Pattern[str]:
    fixed = re.split(r"#\w+#", template)
    return re.compile(r"[^#【】]{1,20}".join(map(re.escape, fixed)))


def _fail_on_purpose(mobile: str) -> None:
    trouble = Trouble.of(mobile)
    if trouble in TROUBLES:
        raise _refused(*TROUBLES[trouble])


def _refused(code: int, detail: str = "") -> Refused:
    return Refused(_error(code, detail))


def _error(code: int, detail: str = "") -> Response:
    body = {"http_status_code": 400, "code": code, "msg": ERRORS[code]}
    return JSONResponse({**body, "detail": detail or ERRORS[code]}, 400)
