"""A strict stand-in for Alibaba Cloud's message authentication (Dypnsapi 2017-05-25).

It knows the key of `emulators.aliyun`, the sign `LENT_SIGN` and the templates that are lent to
every account. The gateway in front of it is the same as for texts.
"""

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx2
from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response

from watchword.emulators.aliyun import (
    Action,
    Gateway,
    Parameters,
    checked,
    china_report,
    fail_on_purpose,
    failed,
    filled,
    push,
    request_id,
)
from watchword.emulators.kit import Trouble

LENT_SIGN = "守望验证"
TEMPLATES = frozenset({"100001", "100002", "100003", "100004", "100005"})
VARIABLES = frozenset({"code", "min"})

TROUBLES = {
    Trouble.LANDLINE: ("MOBILE_NUMBER_ILLEGAL", "非法手机号"),
    Trouble.BLOCKED: ("SECURITY_INTERCEPTED", "号码被安全拦截"),
    Trouble.TEMPLATE: ("SMS_TEMPLATE_ILLEGAL", "短信模版不合法"),
    Trouble.BALANCE: ("AMOUNT_NOT_ENOUGH", "账户余额不足"),
    Trouble.CREDENTIALS: ("InvalidAccessKeyId.NotFound", ""),
    Trouble.THROTTLED: ("Throttling.User", ""),
    Trouble.FAULT: ("InternalError", ""),
}


@dataclass(kw_only=True)
class AliyunAuthEmulator(Gateway):
    """One emulated account for codes."""

    def actions(self) -> Mapping[str, Action]:
        """Return what is emulated."""
        return {"SendSmsVerifyCode": self.send}

    async def send(self, parameters: Parameters) -> Response:
        """Take a message, or refuse it as the service would."""
        checked(
            parameters,
            ("PhoneNumber", "SignName", "TemplateCode", "TemplateParam"),
            ("CountryCode", "OutId", "SchemeName", "SmsUpExtendCode"),
        )
        if parameters.get("CountryCode", "86") != "86":
            raise failed("MOBILE_NUMBER_ILLEGAL", "非法手机号")
        if not re.fullmatch(r"1[3-9]\d{9}", parameters["PhoneNumber"]):
            raise failed("MOBILE_NUMBER_ILLEGAL", "非法手机号")
        if len(parameters.get("SchemeName", "")) > 20:
            raise failed("INVALID_PARAMETERS", "SchemeName")
        if parameters["SignName"] != LENT_SIGN:
            raise failed("SMS_SIGNATURE_ILLEGAL", "短信签名不合法")
        if parameters["TemplateCode"] not in TEMPLATES:
            raise failed("SMS_TEMPLATE_ILLEGAL", "短信模版不合法")
        values = filled(parameters, VARIABLES)
        to = f"86{parameters['PhoneNumber']}"
        fail_on_purpose(to, TROUBLES)
        message = {
            "id": f"{secrets.randbelow(10**18):018d}^0",
            "to": to,
            "template": parameters["TemplateCode"],
            "parameters": values,
            "fields": dict(parameters),
        }
        self.accepted.append(message)
        await self._report(message)
        return await self.answer(to, JSONResponse(_accepted(message)))

    async def _report(self, message: Mapping[str, Any]) -> None:
        url = self.receipts_url
        if url is None:
            return

        async def post(client: httpx2.AsyncClient, one: dict[str, Any], _: bool) -> None:
            await push(client, url, one)

        to = str(message["to"])
        await self.report(to, [china_report(message, to[2:])], post)


def _accepted(message: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "Code": "OK",
        "Message": "成功",
        "Success": True,
        "RequestId": request_id(),
        "AccessDeniedDetail": "",
        "Model": {
            "BizId": message["id"],
            "OutId": message["fields"].get("OutId", ""),
            "RequestId": request_id(),
        },
    }


def emulator() -> Starlette:
    """Return an emulated message authentication."""
    return AliyunAuthEmulator().app
