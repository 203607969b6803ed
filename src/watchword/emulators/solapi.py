"""A strict stand-in for SOLAPI's message API v4.

It knows one API key, one registered sender, and one Kakao channel with one approved template.
A signature is good for one request within 15 minutes. Everything about one message is refused in
an answer with HTTP 200, as SOLAPI does; only requests as a whole are refused with 4xx. A landline
(`…9901`) is accepted and later reported as a phone that takes no texts.
"""

import hmac
import json
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from watchword.emulators.kit import Emulator, Refused, Trouble

# Known to everyone: they open nothing but this emulator.
API_KEY = "NCSEMULATEDKEY01"
API_SECRET = "EMULATEDSECRET0123456789ABCDEFGH"  # noqa: S105
SENDER = "0212345678"
CHANNEL_ID = "KA01PF000000000000000000emulated"
TEMPLATE_ID = "KA01TP000000000000000000emulated"
TEMPLATE_VARIABLES = frozenset({"#{인증번호}", "#{유효시간}"})
ACCOUNT_ID = "12345678"

SCHEME = re.compile(
    r"HMAC-SHA256 ApiKey=([^,]+), Date=([^,]+), salt=([^,]+), signature=([0-9a-f]{64})"
)
TOLERANCE = timedelta(minutes=15)
NATIONAL = re.compile(r"0\d{8,10}")
FOREIGN = re.compile(r"[1-9]\d{4,14}")
COUNTRY = re.compile(r"[1-9]\d{0,2}")
TYPES = frozenset({"SMS", "LMS", "MMS", "ATA"})
SMS_BYTES, LMS_BYTES = 90, 2000

BODY_FIELDS = frozenset(
    {"messages", "allowDuplicates", "showMessageList", "scheduledDate", "appId", "agent"}
)
MESSAGE_FIELDS = frozenset(
    {"from", "to", "text", "country", "type", "autoTypeDetect", "subject"}
    | {"customFields", "kakaoOptions"}
)
KAKAO_FIELDS = frozenset({"pfId", "templateId", "variables", "disableSms"})

STATUS = {
    "1010": "필수 입력 값 미입력",
    "1011": "Format Error",
    "1026": "중복 수신번호",
    "1029": "문자메시지의 경우 EUC-KR(완성형 한글) 범위 안에 있는 문자만 사용 합니다.",
    "1030": "잔액 부족",
    "1031": "SMS는 90byte LMS, MMS는 2000byte까지 사용 가능 합니다.",
    "1032": "유효한 커스텀 필드 값이 아닙니다.",
    "1041": "유효한 플러스 친구 값이 아닙니다.",
    "1042": "유효한 템플릿 아이디가 아닙니다.",
    "1043": "등록한 템플릿과 내용이 다릅니다.",
    "1061": "사용자에 의해 수신거부 됨(080무료수신거부)",
    "1062": "발신번호 미등록",
    "2000": "정상 접수(이통사로 접수 예정)",
    "3000": "이통사로 접수(리포트를 기다리는 중)",
    "3043": "단말기 Power off",
    "3050": "SMS서비스 불가 단말기",
    "4000": "수신 완료",
}


@dataclass(kw_only=True)
class SolapiEmulator(Emulator):
    """One emulated SOLAPI account."""

    used: set[str] = field(default_factory=set)
    """Signatures that came before."""

    def routes(self) -> Sequence[Route]:
        """Return SOLAPI's routes."""
        return [
            Route("/messages/v4/send-many/detail", self.send, methods=["POST"]),
            Route("/cash/v1/balance", self.balance, methods=["GET"]),
        ]

    def not_found(self, request: Request, status: int) -> Response:
        """Return SOLAPI's answer to a path that it does not have."""
        return _refusal(status, "NotFound", f"{request.method} {request.url.path}")

    async def balance(self, request: Request) -> Response:
        """Tell what money is left."""
        self._check_signature(request)
        return JSONResponse({"balance": 12345.6, "point": 50})

    async def send(self, request: Request) -> Response:
        """Take one message, or say why not."""
        self._check_signature(request)
        body = await _body(request)
        [message] = body["messages"]
        number, code = str(message["to"]), _fault_of(message)
        if code is None:
            _refuse_on_purpose(number)
            code = _chosen_code(message)
        if code is not None:
            return JSONResponse(_answer(message, failed=code))
        message_id = _id("M4V")
        self.accepted.append(_accepted(message_id, body, message))
        if self.receipts_url is not None:
            await self.report(number, _events(message_id, message), self._post)
        return await self.answer(number, JSONResponse(_answer(message, message_id)))

    def _check_signature(self, request: Request) -> None:
        match = SCHEME.fullmatch(request.headers.get("authorization", ""))
        if match is None:
            raise Refused(_refusal(401, "Unauthorized", "Authorization header"))
        key, date, salt, signature = match.groups()
        if key != API_KEY:
            raise Refused(_refusal(403, "InvalidAPIKey", "유효한 API Key가 아닙니다."))
        if not 12 <= len(salt.encode()) <= 64:
            raise Refused(_refusal(400, "ValidationError", "salt"))
        expected = hmac.new(API_SECRET.encode(), (date + salt).encode(), "sha256").hexdigest()
        if not hmac.compare_digest(expected, signature):
            raise Refused(_refusal(403, "SignatureDoesNotMatch", "Signature가 일치하지 않습니다."))
        if not _is_recent(date):
            raise Refused(_refusal(403, "RequestTimeTooSkewed", "시간 차이가 15분을 넘습니다."))
        if signature in self.used:
            raise Refused(_refusal(403, "DuplicatedSignature", "이미 사용한 Signature입니다."))
        self.used.add(signature)

    async def _post(self, client: httpx2.AsyncClient, event: Any, is_signed: bool) -> None:  # noqa: ARG002
        # SOLAPI may sign with the webhook's secret, but how is not known: nothing is signed.
        await client.post(str(self.receipts_url), json=[event])


def _is_recent(date: str) -> bool:
    try:
        moment = datetime.fromisoformat(date)
    except ValueError:
        return False
    return moment.tzinfo is not None and abs(datetime.now(UTC) - moment) <= TOLERANCE


async def _body(request: Request) -> dict[str, Any]:
    if request.headers.get("content-type", "").partition(";")[0] != "application/json":
        raise Refused(_refusal(400, "ValidationError", "Content-Type"))
    try:
        body = json.loads(await request.body())
    except ValueError:
        raise Refused(_refusal(400, "ValidationError", "JSON")) from None
    problem = _problem(body)
    if problem is not None:
        raise Refused(_refusal(400, "ValidationError", problem))
    checked: dict[str, Any] = body
    return checked


def _problem(body: Any) -> str | None:
    if not isinstance(body, dict) or body.keys() - BODY_FIELDS:
        return "body"
    messages = body.get("messages")
    # The real one takes up to 10,000; a sign-in server sends each message by itself.
    if not isinstance(messages, list) or len(messages) != 1 or not isinstance(messages[0], dict):
        return "messages"
    message = messages[0]
    kakao = message.get("kakaoOptions", {})
    flags = (body.get("allowDuplicates", False), body.get("showMessageList", False))
    rules = (
        (any(not isinstance(flag, bool) for flag in flags), "allowDuplicates, showMessageList"),
        (bool(message.keys() - MESSAGE_FIELDS), "messages[0]"),
        (not isinstance(kakao, dict) or bool(kakao.keys() - KAKAO_FIELDS), "kakaoOptions"),
        (message.get("type", "SMS") not in TYPES, "type"),
        (not isinstance(message.get("autoTypeDetect", True), bool), "autoTypeDetect"),
        (not all(isinstance(message.get(name, ""), str) for name in ("to", "from", "text")), "to"),
    )
    return next((named for is_broken, named in rules if is_broken), None)


def _fault_of(message: Mapping[str, Any]) -> str | None:
    to, sender = message.get("to", ""), message.get("from", "")
    country = message.get("country", "82")
    is_number = (NATIONAL if country == "82" else FOREIGN).fullmatch(to) is not None
    rules = (
        (not to or not sender, "1010"),
        (not isinstance(country, str) or not COUNTRY.fullmatch(country) or not is_number, "1011"),
        (sender != SENDER, "1062"),
        (not _are_custom_fields(message.get("customFields", {})), "1032"),
    )
    broken = next((code for is_broken, code in rules if is_broken), None)
    if broken is not None:
        return broken
    return _kakao_fault(message) if "kakaoOptions" in message else _text_fault(message)


def _are_custom_fields(custom: Any) -> bool:
    return isinstance(custom, dict) and all(
        isinstance(value, str) and len(name) <= 30 and len(value) <= 100
        for name, value in custom.items()
    )


def _text_fault(message: Mapping[str, Any]) -> str | None:
    text = message.get("text", "")
    if not text:
        return "1010"
    size = _bytes_of(text)
    if size is None:
        return "1029"
    room = SMS_BYTES if not message.get("autoTypeDetect", True) else LMS_BYTES
    return "1031" if size > room else None


def _bytes_of(text: str) -> int | None:
    """Return the size in KS X 1001 wide characters, or None where it lacks one."""
    size = 0
    for character in text:
        try:
            encoded = character.encode("euc-kr")
        except UnicodeEncodeError:
            return None
        if len(encoded) > 2:
            return None
        size += len(encoded)
    return size


def _kakao_fault(message: Mapping[str, Any]) -> str | None:
    kakao = message["kakaoOptions"]
    if kakao.get("pfId") != CHANNEL_ID:
        return "1041"
    if kakao.get("templateId") != TEMPLATE_ID:
        return "1042"
    values = kakao.get("variables", {})
    fits = isinstance(values, dict) and values.keys() == TEMPLATE_VARIABLES
    # A text beside the template would have to be the template's own, filled in.
    return None if fits and all(values.values()) and "text" not in message else "1043"


def _refuse_on_purpose(number: str) -> None:
    answers: dict[Trouble | None, Response] = {
        Trouble.CREDENTIALS: _refusal(403, "SignatureDoesNotMatch", "on purpose"),
        Trouble.THROTTLED: _refusal(429, "RateLimitExceeded", "Too many requests"),
        Trouble.FAULT: PlainTextResponse("Internal Server Error", 500),
    }
    answer = answers.get(Trouble.of(number))
    if answer is not None:
        raise Refused(answer)


def _chosen_code(message: Mapping[str, Any]) -> str | None:
    codes: dict[Trouble | None, str] = {
        Trouble.BLOCKED: "1061",
        Trouble.TEMPLATE: "1042" if "kakaoOptions" in message else "1029",
        Trouble.BALANCE: "1030",
    }
    return codes.get(Trouble.of(message["to"]))


def _accepted(
    message_id: str, body: Mapping[str, Any], message: Mapping[str, Any]
) -> dict[str, Any]:
    kakao = message.get("kakaoOptions")
    wording = (
        {"template": kakao["templateId"], "parameters": kakao["variables"]}
        if kakao
        else {"text": message["text"], "type": _type_of(message)}
    )
    return {"id": message_id, "to": message["to"], **wording, "fields": dict(body)}


def _type_of(message: Mapping[str, Any]) -> str:
    if "kakaoOptions" in message:
        return "ATA"
    size = _bytes_of(message["text"]) or 0
    return "LMS" if size > SMS_BYTES or "subject" in message else "SMS"


def _answer(
    message: Mapping[str, Any], message_id: str | None = None, *, failed: str | None = None
) -> dict[str, Any]:
    kind, country = _type_of({"text": "", **message}), message.get("country", "82")
    is_taken, moment = failed is None, datetime.now(UTC).isoformat()
    kinds = ("sms", "lms", "mms", "ata", "cta", "cti")
    money = {"requested": 0, "replacement": 0, "refund": 0, "sum": 0}
    item = {"messageId": message_id or _id("M4V"), "statusCode": failed or "2000"}
    item["statusMessage"] = STATUS[item["statusCode"]]
    more = {"from": message.get("from"), "to": message.get("to"), "type": kind, "country": country}
    custom = {"customFields": message.get("customFields", {})}
    return {
        "failedMessageList": []
        if is_taken
        else [{**item, **more, **custom, "accountId": ACCOUNT_ID}],
        "messageList": [{**item, **custom}] if is_taken else [],
        "groupInfo": {
            "count": {
                "total": 1,
                "sentTotal": 0,
                "sentFailed": 0,
                "sentSuccess": 0,
                "sentPending": 0,
                "sentReplacement": 0,
                "refund": 0,
                "registeredFailed": int(not is_taken),
                "registeredSuccess": int(is_taken),
            },
            "countForCharge": {
                name: {country: 1} if is_taken and name == kind.lower() else {} for name in kinds
            },
            "balance": money,
            "point": money,
            "app": {"profit": {}, "appId": None},
            "log": [],
            "status": "SENDING",
            "allowDuplicates": False,
            "isRefunded": False,
            "accountId": ACCOUNT_ID,
            "masterAccountId": None,
            "apiVersion": "4",
            "groupId": _id("G4V"),
            "price": {},
            "dateCreated": moment,
            "dateUpdated": moment,
        },
    }


def _events(message_id: str, message: Mapping[str, Any]) -> list[dict[str, Any]]:
    codes: dict[Trouble | None, str] = {Trouble.UNDELIVERED: "3043", Trouble.LANDLINE: "3050"}
    last = codes.get(Trouble.of(message["to"]), "4000")
    return [_event(message_id, message, code) for code in ("3000", last)]


def _event(message_id: str, message: Mapping[str, Any], code: str) -> dict[str, Any]:
    moment = datetime.now(UTC).isoformat()
    return {
        "eventDataId": _id("WH01ED"),
        "retryCount": 0,
        "data": {
            "messageId": message_id,
            "groupId": _id("G4V"),
            "type": _type_of(message),
            "to": message["to"],
            "from": message["from"],
            "statusCode": code,
            "statusMessage": STATUS[code],
            "dateProcessed": moment,
            "dateReported": moment,
            "dateReceived": moment,
            "networkCode": "45005",
            "customFields": message.get("customFields", {}),
        },
    }


def _id(prefix: str) -> str:
    return prefix + f"{datetime.now(UTC):%Y%m%d%H%M%S}" + secrets.token_hex(8).upper()[:15]


def _refusal(status: int, code: str, message: str) -> Response:
    return JSONResponse({"errorCode": code, "errorMessage": message}, status)


def emulator() -> Starlette:
    """Return an emulated SOLAPI."""
    return SolapiEmulator().app
