"""A strict stand-in for Tencent Cloud SMS (API 3.0 of 2021-01-11).

It knows the key `SECRET_ID` with `SECRET_KEY`, the application `SDK_APP_ID`, the signs of `SIGNS`
and the templates of `TEMPLATES`. It answers with HTTP 200 whatever happens, as the real one does.
"""

import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import phonenumbers
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from watchword.emulators.kit import Emulator, Refused, Trouble

# Known to everyone: they open nothing but this emulator.
SECRET_ID = "AKIDEmulatedSecretId0123456789"  # noqa: S105
SECRET_KEY = "emulated-secret-key"  # noqa: S105
SDK_APP_ID = "1400006666"
SIGN = "守望测试"
OVERSEAS_SIGN = "Watchword"
PENDING_SIGN = "待审签名"
TEMPLATE = "1110"
TEMPLATE_WITH_MINUTES = "1111"
OVERSEAS_TEMPLATE = "2110"

VERSION = "2021-01-11"
WINDOW = timedelta(minutes=5)
REGIONS = frozenset({"ap-guangzhou", "ap-beijing", "ap-nanjing", "ap-singapore"})
TC3 = re.compile(
    r"TC3-HMAC-SHA256 Credential=([^/\s]+)/(\d{4}-\d\d-\d\d)/sms/tc3_request, "
    r"SignedHeaders=([a-z0-9;-]+), Signature=([0-9a-f]{64})"
)

# The state of its review, and whether it is for mainland China.
SIGNS: Mapping[str, tuple[int, bool]] = {
    SIGN: (0, True),
    PENDING_SIGN: (1, True),
    OVERSEAS_SIGN: (0, False),
}
# How many variables it has, and whether it is for mainland China. The first is always the code.
TEMPLATES: Mapping[str, tuple[int, bool]] = {
    TEMPLATE: (1, True),
    TEMPLATE_WITH_MINUTES: (2, True),
    OVERSEAS_TEMPLATE: (1, False),
}

# The whole call is refused…
CALL_TROUBLES = {
    Trouble.CREDENTIALS: ("AuthFailure.SecretIdNotFound", "The SecretId is not found."),
    Trouble.THROTTLED: ("RequestLimitExceeded", "Your current request times exceeds the limit."),
    Trouble.FAULT: ("InternalError", "An internal error has occurred."),
}
# …or only this number.
NUMBER_TROUBLES = {
    Trouble.LANDLINE: ("InvalidParameterValue.IncorrectPhoneNumber", "{to} is no number"),
    Trouble.BLOCKED: ("FailedOperation.PhoneNumberInBlacklist", "{to} is in the blacklist"),
    Trouble.TEMPLATE: ("FailedOperation.TemplateIncorrectOrUnapproved", "template unapproved"),
    Trouble.BALANCE: ("FailedOperation.InsufficientBalanceInSmsPackage", "package is used up"),
}

SEND_FIELDS = ("PhoneNumberSet", "SmsSdkAppId", "TemplateId")
SEND_OPTIONS = ("SignName", "TemplateParamSet", "SessionContext", "ExtendCode", "SenderId")
SIGN_FIELDS = ("International",)
SIGN_OPTIONS = ("SignIdSet", "Limit", "Offset")
PACKAGE_FIELDS = ("SmsSdkAppId", "Limit", "Offset", "BeginTime", "EndTime")


def refused(code: str, message: str = "") -> Refused:
    """Return the answer to a call that is refused as a whole."""
    return Refused(_answer({"Error": {"Code": code, "Message": message or code}}))


def _answer(response: Mapping[str, Any]) -> JSONResponse:
    return JSONResponse({"Response": {**response, "RequestId": secrets.token_hex(16)}})


@dataclass
class NumberRefused(Exception):
    """Refuses one number of a call, which is answered as a success all the same."""

    code: str
    message: str = ""


@dataclass(kw_only=True)
class TencentEmulator(Emulator):
    """One emulated account, with its application, signs and templates."""

    keys: Mapping[str, str] = field(default_factory=lambda: {SECRET_ID: SECRET_KEY})

    def routes(self) -> Sequence[Route]:
        """Return the one address of the service."""
        return [Route("/", self.call, methods=["POST"])]

    def not_found(self, request: Request, status: int) -> Response:  # noqa: ARG002
        """Return the answer to any other path or method."""
        return refused("InvalidRequest").response

    async def call(self, request: Request) -> Response:
        """Check who asks, and do what is asked."""
        headers, body = request.headers, await request.body()
        if headers.get("content-type", "").partition(";")[0] != "application/json":
            raise refused("InvalidRequest", "Content-Type")
        self._check_signature(headers, body)
        if headers.get("x-tc-version") != VERSION:
            raise refused("NoSuchVersion")
        if headers.get("x-tc-region") not in REGIONS:
            raise refused("UnsupportedRegion")
        try:
            parameters = json.loads(body)
        except ValueError:
            raise refused("InvalidParameter", "not JSON") from None
        if not isinstance(parameters, dict):
            raise refused("InvalidParameter", "not an object")
        actions: Mapping[str, Callable[[dict[str, Any]], Awaitable[Response]]] = {
            "SendSms": self.send,
            "DescribeSmsSignList": self.list_signs,
            "SmsPackagesStatistics": self.list_packages,
        }
        action = actions.get(headers.get("x-tc-action", ""))
        if action is None:
            raise refused("InvalidAction")
        return await action(parameters)

    async def send(self, parameters: dict[str, Any]) -> Response:
        """Take a message, or refuse it as the service would."""
        _check_fields(parameters, SEND_FIELDS, SEND_OPTIONS)
        _check_app(parameters)
        _check_types(parameters)
        try:
            message = self._checked(parameters)
        except NumberRefused as refusal:
            return _answer({"SendStatusSet": [_refused_status(parameters, refusal)]})
        self.accepted.append(message)
        await self._report(message)
        return await self.answer(message["to"], _answer({"SendStatusSet": [_status(message)]}))

    async def list_signs(self, parameters: dict[str, Any]) -> Response:
        """List the account's signs and how their reviews stand."""
        _check_fields(parameters, SIGN_FIELDS, SIGN_OPTIONS)
        if parameters["International"] not in {0, 1}:
            raise refused("InvalidParameterValue.InvalidInternational")
        if not 1 <= parameters.get("Limit", 10) <= 100:
            raise refused("InvalidParameterValue.LimitVerifyFail")
        listed = [
            {
                "SignId": 1000 + number,
                "SignName": name,
                "International": 0 if is_domestic else 1,
                "StatusCode": state,
                "ReviewReply": "",
                "CreateTime": 1767323045,
                "QualificationId": 0,
                "QualificationName": "",
                "QualificationStatusCode": 1,
            }
            for number, (name, (state, is_domestic)) in enumerate(SIGNS.items())
            if is_domestic == (parameters["International"] == 0)
        ]
        return _answer({"DescribeSignListStatusSet": listed})

    async def list_packages(self, parameters: dict[str, Any]) -> Response:
        """List what was bought for the application and how much of it is used."""
        _check_fields(parameters, PACKAGE_FIELDS, ())
        _check_app(parameters)
        hours = [parameters[name] for name in ("BeginTime", "EndTime")]
        if not all(isinstance(hour, str) and re.fullmatch(r"\d{10}", hour) for hour in hours):
            raise refused("InvalidParameterValue.BeginTimeVerifyFail")
        if not hours[0] < hours[1] < f"{datetime.now(UTC):%Y%m%d%H}":
            raise refused("InvalidParameterValue.EndTimeVerifyFail")
        now = int(datetime.now(UTC).timestamp())
        packages = [(now + 86_400, 1000, 50), (now + 86_400, 500, 0), (now - 86_400, 700, 600)]
        listed = [
            {
                "PackageCreateTime": now - 864_000,
                "PackageEffectiveTime": now - 864_000,
                "PackageExpiredTime": until,
                "PackageAmount": amount,
                "PackageType": 1,
                "PackageId": number,
                "CurrentUsage": used,
            }
            for number, (until, amount, used) in enumerate(packages)
        ]
        return _answer({"SmsPackagesStatisticsSet": listed})

    def _check_signature(self, headers: Mapping[str, str], body: bytes) -> None:
        told = TC3.fullmatch(headers.get("authorization", ""))
        if told is None:
            raise refused("AuthFailure.InvalidAuthorization")
        secret_id, day, listed, signature = told.groups()
        if secret_id not in self.keys:
            raise refused("AuthFailure.SecretIdNotFound")
        names = listed.split(";")
        if names != sorted(names) or not {"content-type", "host"} <= set(names):
            raise refused("AuthFailure.InvalidAuthorization", "SignedHeaders")
        stamp = headers.get("x-tc-timestamp", "")
        if not re.fullmatch(r"\d{1,11}", stamp):
            raise refused("InvalidParameter", "X-TC-Timestamp")
        moment = datetime.fromtimestamp(int(stamp), UTC)
        if abs(datetime.now(UTC) - moment) > WINDOW:
            raise refused("AuthFailure.SignatureExpire")
        canonical = [
            "POST",
            "/",
            "",
            *(f"{name}:{headers.get(name, '').strip().lower()}" for name in names),
            "",
            listed,
            hashlib.sha256(body).hexdigest(),
        ]
        digest = hashlib.sha256("\n".join(canonical).encode()).hexdigest()
        scope = f"{moment:%Y-%m-%d}/sms/tc3_request"
        key = f"TC3{self.keys[secret_id]}".encode()
        for part in scope.split("/"):
            key = hmac.new(key, part.encode(), hashlib.sha256).digest()
        text = f"TC3-HMAC-SHA256\n{stamp}\n{scope}\n{digest}"
        expected = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
        if day != f"{moment:%Y-%m-%d}" or expected != signature:
            raise refused("AuthFailure.SignatureFailure", "The signature is not right.")

    def _checked(self, parameters: dict[str, Any]) -> dict[str, Any]:
        to, is_mainland = _read_number(parameters["PhoneNumberSet"][0])
        trouble = Trouble.of(to)
        if trouble in CALL_TROUBLES:
            raise refused(*CALL_TROUBLES[trouble])
        _check_template(parameters, is_mainland)
        _check_sign(parameters, is_mainland)
        if trouble in NUMBER_TROUBLES:
            code, message = NUMBER_TROUBLES[trouble]
            raise NumberRefused(code, message.format(to=to))
        return {
            "id": f"5000:{secrets.randbelow(10**28):028d}",
            "to": to,
            "template": parameters["TemplateId"],
            "parameters": parameters.get("TemplateParamSet", []),
            "fields": parameters,
        }

    async def _report(self, message: Mapping[str, Any]) -> None:
        url = self.receipts_url
        if url is None:
            return
        to = str(message["to"])
        parsed = phonenumbers.parse(to)
        arrived = Trouble.of(to) is not Trouble.UNDELIVERED
        report = {
            "user_receive_time": "2026-01-02 11:04:09",
            "nationcode": str(parsed.country_code),
            "mobile": str(parsed.national_number),
            "report_status": "SUCCESS" if arrived else "FAIL",
            "errmsg": "DELIVRD" if arrived else "UNDELIV",
            "description": "用户短信送达成功" if arrived else f"{to} 关机或停机",
            "sid": message["id"],
        }

        async def post(client: httpx2.AsyncClient, one: dict[str, str], _: bool) -> None:
            await client.post(url, json=[one])

        await self.report(to, [report], post)


def _check_fields(
    parameters: Mapping[str, Any], needed: Sequence[str], options: Sequence[str]
) -> None:
    for name in needed:
        if name not in parameters:
            raise refused("MissingParameter", name)
    for name in sorted(parameters.keys() - {*needed, *options}):
        raise refused("UnknownParameter", name)


def _check_app(parameters: Mapping[str, Any]) -> None:
    if parameters["SmsSdkAppId"] != SDK_APP_ID:
        raise refused("UnauthorizedOperation.SmsSdkAppIdVerifyFail")


def _check_types(parameters: Mapping[str, Any]) -> None:
    for name in ("PhoneNumberSet", "TemplateParamSet"):
        values = parameters.get(name, [])
        if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
            raise refused("InvalidParameter", name)
    for name in ("TemplateId", "SignName", "SessionContext"):
        if not isinstance(parameters.get(name, ""), str):
            raise refused("InvalidParameter", name)
    if not parameters["PhoneNumberSet"]:
        raise refused("MissingParameter.EmptyPhoneNumberSet")
    # The real one takes two hundred; whoever sends codes sends one.
    if len(parameters["PhoneNumberSet"]) > 1:
        raise refused("LimitExceeded.PhoneNumberCountLimit")
    if len(parameters.get("SessionContext", "").encode()) >= 512:
        raise refused("InvalidParameter.InvalidParameters", "SessionContext")


def _read_number(text: str) -> tuple[str, bool]:
    home = re.fullmatch(r"(?:\+86|0086|86)?(1[3-9]\d{9})", text)
    if home is not None:
        return f"+86{home[1]}", True
    if not re.fullmatch(r"\+[1-9]\d{6,14}", text) or text.startswith("+86"):
        raise NumberRefused("InvalidParameterValue.IncorrectPhoneNumber", f"{text} is no number")
    return text, False


def _check_template(parameters: Mapping[str, Any], is_mainland: bool) -> None:
    if parameters["TemplateId"] not in TEMPLATES:
        raise NumberRefused("FailedOperation.TemplateIncorrectOrUnapproved")
    count, is_domestic = TEMPLATES[parameters["TemplateId"]]
    if is_domestic and not is_mainland:
        raise NumberRefused("UnsupportedOperation.ChineseMainlandTemplateToGlobalPhone")
    if is_mainland and not is_domestic:
        raise NumberRefused("UnsupportedOperation.GlobalTemplateToChineseMainlandPhone")
    values = parameters.get("TemplateParamSet", [])
    if len(values) != count:
        raise NumberRefused("FailedOperation.TemplateParamSetNotMatchApprovedTemplate")
    if not all(re.fullmatch(r"\d{0,6}", value) for value in values):
        raise NumberRefused("InvalidParameterValue.TemplateParameterFormatError")


def _check_sign(parameters: Mapping[str, Any], is_mainland: bool) -> None:
    name = parameters.get("SignName", "")
    if not name and not is_mainland:
        return
    if SIGNS.get(name) != (0, is_mainland):
        raise NumberRefused("FailedOperation.SignatureIncorrectOrUnapproved")


def _status(message: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "SerialNo": message["id"],
        "PhoneNumber": message["to"],
        "Fee": 1,
        "SessionContext": message["fields"].get("SessionContext", ""),
        "Code": "Ok",
        "Message": "send success",
        "IsoCode": phonenumbers.region_code_for_number(phonenumbers.parse(message["to"])) or "DEF",
    }


def _refused_status(parameters: Mapping[str, Any], refusal: NumberRefused) -> dict[str, Any]:
    return {
        "SerialNo": "",
        "PhoneNumber": parameters["PhoneNumberSet"][0],
        "Fee": 0,
        "SessionContext": parameters.get("SessionContext", ""),
        "Code": refusal.code,
        "Message": refusal.message or refusal.code,
        "IsoCode": "",
    }


def emulator() -> Starlette:
    """Return an emulated Tencent Cloud SMS."""
    return TencentEmulator().app
