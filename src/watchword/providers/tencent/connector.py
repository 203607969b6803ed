"""Tencent Cloud SMS, API 3.0 of 2021-01-11. https://cloud.tencent.com/document/product/382/55981"""

import json
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Literal

import httpx2

from watchword.connector_kit.answers import error_of_status, retry_after
from watchword.connector_kit.connector import HttpSmsConnector
from watchword.connector_kit.errors import (
    ConnectorError,
    ProviderRejected,
    ProviderThrottled,
    ReportRefused,
    SenderRejected,
)
from watchword.connector_kit.models import (
    ConnectorMetadata,
    DeliveryReport,
    Receipt,
    ReportReply,
    ReportRequest,
    SmsMessage,
)
from watchword.connector_kit.scrubbing import HIDDEN
from watchword.connector_kit.templates import choose_for
from watchword.providers.tencent.config import TencentConfig
from watchword.providers.tencent.errors import REPORT_ERRORS, find_error
from watchword.providers.tencent.signing import authorization

VERSION = "2021-01-11"
HOSTS = {
    "china": "sms.tencentcloudapi.com",
    "international": "sms.intl.tencentcloudapi.com",
}
SIGNED_HEADERS = ("content-type", "host", "x-tc-action")

FINAL: dict[str, Literal["delivered", "undelivered"]] = {
    "SUCCESS": "delivered",
    "FAIL": "undelivered",
}
# A carrier's words may repeat the number, in a callback that no message stands beside.
LONG_NUMBER = re.compile(r"\d{5,}")
LONGEST_WORDS = 200

SIGNS_IN_A_PAGE = 100
APPROVED = 0
# Only packages bought within it are counted, and none lasts longer.
PACKAGES_OF = timedelta(days=730)


class TencentConnector(HttpSmsConnector[TencentConfig]):
    """Texts through a Tencent Cloud account, in China and elsewhere."""

    metadata = ConnectorMetadata(
        id="tencent-short-message-service",
        target="tencent-sms",
        name={"en": "Tencent Short Message Service", "ko": "텐센트 문자 서비스"},
        description={
            "en": "Texts to mainland China and other countries through Tencent Cloud SMS.",
            "ko": "Tencent Cloud SMS로 중국 본토와 다른 나라에 문자를 보냅니다.",
        },
        features=("delivery_reports", "credential_check"),
        at_home_in=("CN",),
    )
    config_type = TencentConfig
    has_reports = True

    @property
    def base_url(self) -> str:
        """Return the API's host on the account's site."""
        return f"https://{HOSTS[self.config.site]}"

    def build_request(self, message: SmsMessage) -> httpx2.Request:
        """Ask for one message, with the sign and the template that its country needs."""
        mainland = message.to.region == "CN"
        template = choose_for(self.config.templates, message)
        return self._call(
            "SendSms",
            {
                # Without `+` a number abroad is taken for one of the mainland.
                "PhoneNumberSet": [message.to.e164],
                "SessionContext": message.id,
                "SignName": self.config.sign_for(mainland=mainland),
                "SmsSdkAppId": self.config.sdk_app_id,
                "TemplateId": template.code_for(mainland=mainland),
                "TemplateParamSet": template.values(message),
            },
        )

    def read_response(self, response: httpx2.Response) -> Receipt:
        """Read the serial number, or why there is none: the call or the number was refused."""
        [status] = _read(response)["SendStatusSet"]
        if status["Code"].lower() != "ok":
            raise _error(response, status)
        return Receipt(
            provider_message_id=status["SerialNo"] or None,
            words=f"Tencent Cloud: {status.get('Message', 'Ok')}",
            segments=status.get("Fee") or None,
        )

    async def check_credentials(self) -> str:
        """Return what is left of the packages and how the sign stands, which costs nothing."""
        now = self.context.clock.now()
        # An end that is not past is refused; UTC is behind Beijing, whose hours these may be.
        period = {
            "BeginTime": f"{now - PACKAGES_OF:%Y%m%d%H}",
            "EndTime": f"{now - timedelta(hours=1):%Y%m%d%H}",
        }
        asked = {"SmsSdkAppId": self.config.sdk_app_id, "Limit": 500, "Offset": 0, **period}
        left = await self.exchange(
            self._call("SmsPackagesStatistics", asked),
            lambda response: _read_packages(response, now),
        )
        page = {"International": 0, "SignIdSet": [], "Limit": SIGNS_IN_A_PAGE, "Offset": 0}
        sign = await self.exchange(self._call("DescribeSmsSignList", page), self._read_signs)
        return f"Tencent Cloud: {left}; {sign}"

    def read_report(self, request: ReportRequest) -> list[DeliveryReport]:
        """Return what a callback says; one may bring many reports."""
        try:
            items = json.loads(request.body)
        except ValueError:
            items = None
        if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
            raise ReportRefused("not a list of reports")
        return [report for item in items if (report := _report(item)) is not None]

    def answer_report(self, request: ReportRequest) -> ReportReply:  # noqa: ARG002
        """Return what ends the callback; it comes again after anything else."""
        return ReportReply(200, b'{"result":0,"errmsg":"OK"}', "application/json")

    def _call(self, action: str, parameters: Mapping[str, Any]) -> httpx2.Request:
        config = self.config
        # Once: the signature is over these bytes.
        body = json.dumps(parameters, ensure_ascii=False, separators=(",", ":")).encode()
        timestamp = int(self.context.clock.now().timestamp())
        request = self.request(
            "POST",
            "/",
            headers={
                "Content-Type": "application/json",
                "X-TC-Action": action,
                "X-TC-Language": "en-US",
                "X-TC-Region": config.region,
                "X-TC-Timestamp": str(timestamp),
                "X-TC-Version": VERSION,
            },
            content=body,
        )
        request.headers["Authorization"] = authorization(
            config.access_key_id,
            config.access_key_secret.get_secret_value(),
            # The host is signed as it goes out, also where the operator redirects it.
            headers={name: request.headers[name] for name in SIGNED_HEADERS},
            body=body,
            timestamp=timestamp,
        )
        return request

    def _read_signs(self, response: httpx2.Response) -> str:
        name = self.config.sign_name
        found = [
            sign
            for sign in _read(response)["DescribeSignListStatusSet"]
            if sign["SignName"] == name
        ]
        if not found:
            # It may be further down, or one for places outside the mainland.
            return f"the sign {name} is not in the list"
        if all(sign["StatusCode"] != APPROVED for sign in found):
            words = f"Tencent Cloud: the sign {name} is not approved"
            raise SenderRejected(f"{words}: {found[0].get('ReviewReply') or 'in review'}")
        return f"the sign {name} is approved"


def _read(response: httpx2.Response) -> dict[str, Any]:
    answer: dict[str, Any] = response.json()["Response"]
    if "Error" in answer:
        raise _error(response, answer["Error"])
    if not response.is_success:
        raise error_of_status(response)
    return answer


def _error(response: httpx2.Response, error: Mapping[str, Any]) -> ConnectorError:
    code = error["Code"]
    words = f"Tencent Cloud {code}: {error.get('Message', '')}"
    error_type = find_error(code)
    if error_type is None:
        return error_of_status(response, words)
    if issubclass(error_type, ProviderThrottled):
        return error_type(words, retry_after=retry_after(response))
    return error_type(words)


def _read_packages(response: httpx2.Response, now: datetime) -> str:
    packages = [
        package
        for package in _read(response)["SmsPackagesStatisticsSet"]
        if package["PackageExpiredTime"] > now.timestamp()
    ]
    left = sum(package["PackageAmount"] - package["CurrentUsage"] for package in packages)
    # Nothing left is no fault: an account may pay afterwards.
    return f"{left} texts left in {len(packages)} packages" if packages else "no packages"


def _report(item: Mapping[str, Any]) -> DeliveryReport | None:
    state, serial = FINAL.get(str(item.get("report_status"))), str(item.get("sid") or "")
    if state is None or not serial:
        return None
    code = str(item.get("errmsg", ""))
    words = f"Tencent Cloud {code}: {item.get('description', '')}"
    words = LONG_NUMBER.sub(HIDDEN, words)[:LONGEST_WORDS]
    if state == "delivered":
        return DeliveryReport(serial, state, None, words)
    error_type = REPORT_ERRORS.get(code, ProviderRejected)
    return DeliveryReport(serial, state, error_type.error_class, words)
