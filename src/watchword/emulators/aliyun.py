"""A strict stand-in for Alibaba Cloud SMS (Dysmsapi 2017-05-25).

It knows the key `ACCESS_KEY_ID` with `ACCESS_KEY_SECRET`, the signs of `SIGNS` and the templates
of `TEMPLATES`, and takes both signatures. What is common to all of Alibaba Cloud's services
(signatures, clock, nonces, error bodies) is `Gateway`.
"""

import hashlib
import hmac
import json
import re
import secrets
from abc import abstractmethod
from base64 import b64encode
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import parse_qsl, quote
from xml.sax.saxutils import escape

import httpx2
import phonenumbers
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from watchword.emulators.kit import Emulator, Refused, Trouble

# Known to everyone: they open nothing but this emulator.
ACCESS_KEY_ID = "LTAI5tEmulatedKeyId"
ACCESS_KEY_SECRET = "emulated-access-key-secret"  # noqa: S105
SIGN = "守望测试"
OVERSEAS_SIGN = "Watchword"
PENDING_SIGN = "待审签名"
TEMPLATE = "SMS_100000001"
OVERSEAS_TEMPLATE = "SMS_200000001"
TEMPLATE_WITH_MINUTES = "SMS_100000002"

VERSION = "2017-05-25"
FORM = "application/x-www-form-urlencoded"
WINDOW = timedelta(minutes=15)
MOMENT = "%Y-%m-%dT%H:%M:%SZ"
V3 = re.compile(
    r"ACS3-HMAC-SHA256 Credential=([^,\s]+),SignedHeaders=([a-z0-9;-]+),Signature=([0-9a-f]{64})"
)
SYSTEM_PARAMETERS = frozenset(
    {
        "AccessKeyId",
        "Action",
        "Format",
        "RegionId",
        "Signature",
        "SignatureMethod",
        "SignatureNonce",
        "SignatureType",
        "SignatureVersion",
        "Timestamp",
        "Version",
    }
)

Parameters = Mapping[str, str]
Action = Callable[[Parameters], Awaitable[Response]]

GATEWAY_ERRORS = {
    "InternalError": (500, "The request processing has failed due to some unknown error."),
    "InvalidAccessKeyId.NotFound": (404, "Specified access key is not found."),
    "InvalidAction.NotFound": (404, "Specified api is not found."),
    "InvalidParameter": (400, "The specified parameter {detail} is not valid."),
    "InvalidTimeStamp.Expired": (400, "Specified time stamp or date value is expired."),
    "InvalidVersion": (400, "Specified parameter Version is not valid."),
    "MissingParameter": (400, "{detail} is mandatory for this action."),
    "SignatureDoesNotMatch": (
        400,
        "Specified signature is not matched with our calculation. "
        "server string to sign is:{detail}",
    ),
    "SignatureNonceUsed": (400, "Specified signature nonce was used already."),
    "Throttling.User": (400, "Request was denied due to user flow control."),
}


def refused(code: str, detail: str = "") -> Refused:
    """Return one of the gateway's errors."""
    status, message = GATEWAY_ERRORS[code]
    body = {
        "RequestId": request_id(),
        "HostId": "dysmsapi.aliyuncs.com",
        "Code": code,
        "Message": message.format(detail=detail),
        "Recommend": "https://api.aliyun.com/troubleshoot",
    }
    return Refused(JSONResponse(body, status))


def failed(code: str, message: str) -> Refused:
    """Return a service's own error, which comes with HTTP 200."""
    return Refused(JSONResponse({"Code": code, "Message": message, "RequestId": request_id()}))


def request_id() -> str:
    """Return an id such as the gateway gives to each request."""
    digits = secrets.token_hex(16).upper()
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


@dataclass(kw_only=True)
class Gateway(Emulator):
    """What stands in front of each of Alibaba Cloud's services."""

    keys: Mapping[str, str] = field(default_factory=lambda: {ACCESS_KEY_ID: ACCESS_KEY_SECRET})
    nonces: set[str] = field(default_factory=set)

    @abstractmethod
    def actions(self) -> Mapping[str, Action]:
        """Return what the service can do, by the name that a request gives."""

    def routes(self) -> Sequence[Route]:
        """Return the one address of the service."""
        return [Route("/", self.call, methods=["GET", "POST"])]

    def not_found(self, request: Request, status: int) -> Response:  # noqa: ARG002
        """Return the gateway's answer to any other path."""
        return refused("InvalidAction.NotFound").response

    async def call(self, request: Request) -> Response:
        """Check who asks, and do what is asked; in XML for those who do not ask for JSON."""
        parameters = await _parameters(request)
        try:
            response = await self._do(request, parameters)
        except Refused as refusal:
            response = refusal.response
        wants_json = parameters.get("Format", "").upper() == "JSON" or (
            "Format" not in parameters and "json" in request.headers.get("accept", "")
        )
        is_json = response.headers.get("content-type") == "application/json"
        return _xml(response) if is_json and not wants_json else response

    async def _do(self, request: Request, parameters: Parameters) -> Response:
        if "authorization" in request.headers:
            await self._check_v3(request, parameters)
            action, version = (request.headers.get(f"x-acs-{n}", "") for n in ("action", "version"))
        else:
            self._check_v1(request.method, parameters)
            action, version = (parameters.get(name, "") for name in ("Action", "Version"))
        if version != VERSION:
            raise refused("InvalidVersion")
        found = self.actions().get(action)
        if found is None:
            raise refused("InvalidAction.NotFound")
        return await found({k: v for k, v in parameters.items() if k not in SYSTEM_PARAMETERS})

    def _check_v1(self, method: str, parameters: Parameters) -> None:
        needed = SYSTEM_PARAMETERS - {"Format", "RegionId", "SignatureType"}
        for name in sorted(needed - parameters.keys()):
            raise refused("MissingParameter", name)
        if (parameters["SignatureMethod"], parameters["SignatureVersion"]) != ("HMAC-SHA1", "1.0"):
            raise refused("InvalidParameter", "SignatureMethod")
        secret = self._secret(parameters["AccessKeyId"])
        signed = _escaped({k: v for k, v in parameters.items() if k != "Signature"})
        to_sign = f"{method}&%2F&{quote(signed, safe='-_.~')}"
        expected = hmac.new(f"{secret}&".encode(), to_sign.encode(), hashlib.sha1).digest()
        if b64encode(expected).decode() != parameters["Signature"]:
            raise refused("SignatureDoesNotMatch", to_sign)
        self._check_moment(parameters["Timestamp"], parameters["SignatureNonce"])

    async def _check_v3(self, request: Request, parameters: Parameters) -> None:
        headers = request.headers
        told = V3.fullmatch(headers["authorization"])
        if told is None:
            raise refused("InvalidParameter", "Authorization")
        key_id, listed, signature = told.groups()
        secret = self._secret(key_id)
        names = listed.split(";")
        body = await request.body()
        if headers.get("x-acs-content-sha256") != hashlib.sha256(body).hexdigest():
            raise refused("SignatureDoesNotMatch", "x-acs-content-sha256")
        must = {"host", *(name for name in headers if name.startswith("x-acs-"))}
        must |= {"content-type"} & set(headers)
        if names != sorted(names) or must - set(names) or set(names) - set(headers):
            raise refused("InvalidParameter", "SignedHeaders")
        query = dict(parse_qsl(request.url.query, keep_blank_values=True))
        lines = [f"{name}:{headers[name].strip()}" for name in names]
        canonical = [
            request.method,
            quote(request.url.path, safe="/-_.~"),
            _escaped(query),
            *lines,
            "",
            listed,
            headers["x-acs-content-sha256"],
        ]
        digest = hashlib.sha256("\n".join(canonical).encode()).hexdigest()
        to_sign = f"ACS3-HMAC-SHA256\n{digest}"
        expected = hmac.new(secret.encode(), to_sign.encode(), hashlib.sha256).hexdigest()
        if expected != signature:
            raise refused("SignatureDoesNotMatch", "\n".join(canonical) + str(dict(parameters)))
        self._check_moment(headers.get("x-acs-date", ""), headers.get("x-acs-signature-nonce", ""))

    def _secret(self, key_id: str) -> str:
        if key_id not in self.keys:
            raise refused("InvalidAccessKeyId.NotFound")
        return self.keys[key_id]

    def _check_moment(self, moment: str, nonce: str) -> None:
        try:
            told = datetime.strptime(moment, MOMENT).replace(tzinfo=UTC)
        except ValueError:
            raise refused("InvalidParameter", "Timestamp") from None
        if abs(datetime.now(UTC) - told) > WINDOW:
            raise refused("InvalidTimeStamp.Expired")
        if not nonce or nonce in self.nonces:
            raise refused("SignatureNonceUsed")
        self.nonces.add(nonce)


async def _parameters(request: Request) -> dict[str, str]:
    pairs = parse_qsl(request.url.query, keep_blank_values=True)
    body = await request.body()
    if body:
        if request.headers.get("content-type", "").partition(";")[0] != FORM:
            raise refused("InvalidParameter", "Content-Type")
        try:
            pairs += parse_qsl(
                body.decode(), keep_blank_values=True, strict_parsing=True, errors="strict"
            )
        except ValueError:
            raise refused("InvalidParameter", "body") from None
    parameters = dict(pairs)
    if len(parameters) != len(pairs):
        raise refused("InvalidParameter", "repeated")
    return parameters


def _escaped(parameters: Parameters) -> str:
    pairs = sorted(parameters.items())
    return "&".join(f"{quote(k, safe='-_.~')}={quote(v, safe='-_.~')}" for k, v in pairs)


def _xml(response: Response) -> Response:
    body: dict[str, Any] = json.loads(bytes(response.body))
    inner = "".join(f"<{name}>{escape(str(value))}</{name}>" for name, value in body.items())
    text = f"<?xml version='1.0' encoding='UTF-8' ?><Response>{inner}</Response>"
    return Response(text, response.status_code, media_type="text/xml")


def checked(parameters: Parameters, needed: Sequence[str], allowed: Sequence[str]) -> None:
    """Raise for a parameter that is missing, or that the action does not have."""
    for name in needed:
        if not parameters.get(name):
            raise refused("MissingParameter", name)
    # The real one passes over what it does not know; a typing error should show here.
    for name in sorted(parameters.keys() - {*needed, *allowed}):
        raise refused("InvalidParameter", name)


def filled(parameters: Parameters, variables: frozenset[str]) -> dict[str, str]:
    """Return the values for a template's variables, neither too few nor too many."""
    try:
        values = json.loads(parameters.get("TemplateParam") or "{}")
    except ValueError:
        values = None
    if not isinstance(values, dict) or not all(isinstance(v, str) for v in values.values()):
        raise failed("isv.INVALID_JSON_PARAM", "JSON参数不合法，只接受字符串值")
    if variables - values.keys():
        raise failed("isv.TEMPLATE_MISSING_PARAMETERS", "模板缺少变量")
    if values.keys() - variables or not all(re.fullmatch(r"\w+", v) for v in values.values()):
        raise failed("isv.TEMPLATE_PARAMS_ILLEGAL", "模版变量里包含非法关键字")
    if any(len(value) > 20 for value in values.values()):
        raise failed("isv.PARAM_LENGTH_LIMIT", "参数超出长度限制")
    return values


def china_report(message: Mapping[str, Any], phone: str) -> dict[str, Any]:
    """Return what a carrier of the mainland says of a message in the end."""
    arrived = Trouble.of(phone) is not Trouble.UNDELIVERED
    return {
        "phone_number": phone,
        "send_time": "2026-01-02 11:04:05",
        "report_time": "2026-01-02 11:04:09",
        "success": arrived,
        "err_code": "DELIVERED" if arrived else "UNDELIV",
        "err_msg": "用户接收成功" if arrived else f"{phone} 停机或空号",
        "sms_size": "1",
        "biz_id": message["id"],
        "out_id": message["fields"].get("OutId", ""),
    }


async def push(client: httpx2.AsyncClient, url: str, report: Mapping[str, Any]) -> None:
    """Post one report in the array that a push is; nothing signs it."""
    await client.post(url, json=[report])


def fail_on_purpose(to: str, troubles: Mapping[Trouble, tuple[str, str]]) -> None:
    """Raise the error that a number asks for, if it asks for one."""
    trouble = Trouble.of(to)
    if trouble is None or trouble not in troubles:
        return
    code, message = troubles[trouble]
    raise refused(code) if code in GATEWAY_ERRORS else failed(code, message)


TROUBLES = {
    Trouble.LANDLINE: ("isv.MOBILE_NUMBER_ILLEGAL", "非法手机号"),
    Trouble.BLOCKED: ("isv.BLACK_KEY_CONTROL_LIMIT", "黑名单管控"),
    Trouble.TEMPLATE: ("isv.SMS_TEMPLATE_ILLEGAL", "短信模版不合法"),
    Trouble.BALANCE: ("isv.AMOUNT_NOT_ENOUGH", "账户余额不足"),
    Trouble.CREDENTIALS: ("InvalidAccessKeyId.NotFound", ""),
    Trouble.THROTTLED: ("Throttling.User", ""),
    Trouble.FAULT: ("isp.SYSTEM_ERROR", "系统错误"),
}


@dataclass(kw_only=True)
class AliyunEmulator(Gateway):
    """One emulated account for texts, with its signs and templates."""

    SIGNS: ClassVar[Mapping[str, tuple[str, bool]]] = {
        SIGN: ("AUDIT_STATE_PASS", True),
        OVERSEAS_SIGN: ("AUDIT_STATE_PASS", False),
        PENDING_SIGN: ("AUDIT_STATE_INIT", True),
    }
    """Its state, and whether it is for the mainland."""
    TEMPLATES: ClassVar[Mapping[str, tuple[frozenset[str], bool]]] = {
        TEMPLATE: (frozenset({"code"}), True),
        TEMPLATE_WITH_MINUTES: (frozenset({"number", "min"}), True),
        OVERSEAS_TEMPLATE: (frozenset({"code"}), False),
    }
    """Its variables, and whether it is for the mainland."""

    def actions(self) -> Mapping[str, Action]:
        """Return what is emulated."""
        return {"SendSms": self.send, "QuerySmsSignList": self.list_signs}

    async def send(self, parameters: Parameters) -> Response:
        """Take a message, or refuse it as the service would."""
        checked(
            parameters,
            ("PhoneNumbers", "SignName", "TemplateCode"),
            ("OutId", "SmsUpExtendCode", "TemplateParam"),
        )
        state, is_domestic_sign = self.SIGNS.get(parameters["SignName"], ("", True))
        if state != "AUDIT_STATE_PASS":
            raise failed("isv.SMS_SIGNATURE_ILLEGAL", "短信签名不合法")
        if parameters["TemplateCode"] not in self.TEMPLATES:
            raise failed("isv.SMS_TEMPLATE_ILLEGAL", "短信模版不合法")
        variables, is_domestic = self.TEMPLATES[parameters["TemplateCode"]]
        if is_domestic != is_domestic_sign:
            raise failed("isv.SMS_SIGNATURE_SCENE_ILLEGAL", "签名和模板类型不一致")
        values = filled(parameters, variables)
        to = _full_number(parameters["PhoneNumbers"], is_domestic)
        fail_on_purpose(to, TROUBLES)
        message = {
            "id": f"{secrets.randbelow(10**18):018d}^0",
            "to": to,
            "template": parameters["TemplateCode"],
            "parameters": values,
            "fields": dict(parameters),
        }
        self.accepted.append(message)
        await self._report(message, is_domestic)
        body = {"Message": "OK", "RequestId": request_id(), "Code": "OK", "BizId": message["id"]}
        return await self.answer(to, JSONResponse(body))

    async def list_signs(self, parameters: Parameters) -> Response:
        """List the account's signs and how their reviews stand."""
        checked(parameters, (), ("PageIndex", "PageSize"))
        size = parameters.get("PageSize", "10")
        if not size.isdigit() or not 1 <= int(size) <= 50:
            raise refused("InvalidParameter", "PageSize")
        signs = [
            {
                "SignName": name,
                "AuditStatus": state,
                "CreateDate": "2026-01-02 11:04:05",
                "BusinessType": "验证码类型",
                "OrderId": "2004404",
                "Reason": {"RejectInfo": "无审批备注"},
            }
            for name, (state, _) in self.SIGNS.items()
        ]
        return JSONResponse(
            {
                "Code": "OK",
                "Message": "OK",
                "RequestId": request_id(),
                "TotalCount": len(signs),
                "CurrentPage": 1,
                "PageSize": int(size),
                "SmsSignList": signs,
            }
        )

    async def _report(self, message: Mapping[str, Any], is_domestic: bool) -> None:
        url = self.receipts_url
        if url is None:
            return
        to = str(message["to"])
        report = china_report(message, to[2:]) if is_domestic else _report_from_abroad(message)

        async def post(client: httpx2.AsyncClient, one: dict[str, Any], _: bool) -> None:
            await push(client, url, one)

        await self.report(to, [report], post)


def _full_number(text: str, is_domestic: bool) -> str:
    home = re.fullmatch(r"(?:\+86|0086|86)?(1[3-9]\d{9})", text)
    if is_domestic:
        if home is None:
            raise failed("isv.MOBILE_NUMBER_ILLEGAL", "非法手机号")
        return f"86{home[1]}"
    # 13105550123 may be a number of the mainland or, with the country code 1, of California.
    if home is not None and not _is_north_american(text):
        raise failed("isv.DOMESTIC_NUMBER_NOT_SUPPORTED", "国际/港澳台消息模板不支持发送境内号码")
    if not re.fullmatch(r"[1-9]\d{6,14}", text):
        raise failed("isv.MOBILE_NUMBER_ILLEGAL", "非法手机号")
    return text


def _is_north_american(digits: str) -> bool:
    parsed = phonenumbers.parse(f"+{digits.removeprefix('+')}")
    return parsed.country_code == 1 and phonenumbers.is_valid_number(parsed)


def _report_from_abroad(message: Mapping[str, Any]) -> dict[str, Any]:
    to = str(message["to"])
    arrived = Trouble.of(to) is not Trouble.UNDELIVERED
    return {
        "To": to,
        "SendDate": "2026-01-02 11:04:05",
        "ReceiveDate": "2026-01-02 11:04:09",
        "Status": "1" if arrived else "2",
        "ErrorCode": "DELIVERED" if arrived else "UNDELIV",
        "ErrorDescription": "success" if arrived else f"{to} is unreachable",
        "TaskId": "",
        "SmsSize": "1",
        "MessageId": message["id"],
    }


def emulator() -> Starlette:
    """Return an emulated Alibaba Cloud SMS."""
    return AliyunEmulator().app
