"""Yunpian (云片). https://www.yunpian.com/official/document/sms/zh_cn/domestic_single_send"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote_plus

import httpx2
import orjson

from watchword.connector_kit.answers import error_of_status, retry_after
from watchword.connector_kit.connector import HttpSmsConnector
from watchword.connector_kit.errors import (
    ConnectorError,
    InvalidRecipient,
    ProviderRejected,
    ProviderThrottled,
    RecipientUnreachable,
    RegionUnsupported,
    ReportRefused,
    UnreadableAnswer,
)
from watchword.connector_kit.models import (
    ConnectorMetadata,
    DeliveryReport,
    Receipt,
    ReportReply,
    ReportRequest,
    SmsMessage,
)
from watchword.core.phone import PhoneNumber
from watchword.providers.yunpian.config import YunpianConfig
from watchword.providers.yunpian.errors import ERRORS, MALFORMED

# https://www.yunpian.com/official/document/sms/zh_cn/domestic_push_report
STATES = frozenset({"SUCCESS", "FAIL"})
MAINLAND = "86"
ABROAD = "numbers outside mainland China are switched off in the connector's settings"


class YunpianConnector(HttpSmsConnector[YunpianConfig]):
    """Texts through a Yunpian account."""

    metadata = ConnectorMetadata(
        id="yunpian-sms",
        target="yunpian-sms",
        name={"en": "YunPian SMS Service", "ko": "Yunpian SMS 서비스"},
        description={
            "en": "Texts to mainland China, and abroad if you like, through Yunpian (云片).",
            "ko": "Yunpian(云片)으로 중국 본토에, 원하면 해외에도 문자를 보냅니다.",
        },
        features=("delivery_reports", "credential_check"),
        at_home_in=("CN",),
    )
    config_type = YunpianConfig
    has_reports = True

    @property
    def base_url(self) -> str:
        """Return the host that the administrator chose."""
        return f"https://{self.config.host}"

    def text_of(self, message: SmsMessage) -> str:
        """Return the text that goes out; Yunpian compares it with its approved templates."""
        return self.config.text_for(message)

    def build_request(self, message: SmsMessage) -> httpx2.Request:
        """Ask for one message; the key is a field of the form."""
        if not self.config.sends_abroad and not is_mainland(message.to):
            raise RegionUnsupported(f"Yunpian: {self.config.refusal or ABROAD}")
        form = {"mobile": mobile_of(message.to), "text": self.text_of(message)}
        if self.context.public_receipts and message.receipt_url is not None:
            form["callback_url"] = message.receipt_url
        return self._ask("sms/single_send.json", form)

    def read_response(self, response: httpx2.Response) -> Receipt:
        """Read the message's id and what it cost, or why there is none."""
        answer = response.json()
        # A 200 is no success without its code, nor the other way round.
        if not response.is_success or answer["code"] != 0:
            raise _error(response, answer)
        if not isinstance(answer["sid"], int):
            raise UnreadableAnswer(f"Yunpian: {response.text}")
        return Receipt(
            provider_message_id=str(answer["sid"]),
            words=f"Yunpian: {answer['msg']}",
            segments=int(answer.get("count") or 0) or None,
        )

    async def check_credentials(self) -> str:
        """Return whose key it is and what money is left, which costs nothing."""
        return await self.exchange(self._ask("user/get.json", {}), _read_account)

    def read_report(self, request: ReportRequest) -> list[DeliveryReport]:
        """Return the final states that a push holds, often of several messages.

        Nothing is signed: the token in the address stands for it.
        """
        pushed = dict(request.form).get("sms_status", "")
        # Encoded by itself, and then once more as a field of the form.
        text = pushed if pushed.lstrip()[:1] == "[" else unquote_plus(pushed)
        try:
            return [_report(item) for item in orjson.loads(text) if item["report_status"] in STATES]
        except (ValueError, LookupError, TypeError):
            raise ReportRefused("is not a list of states") from None

    def answer_report(self, request: ReportRequest) -> ReportReply:  # noqa: ARG002
        """Return the word without which Yunpian pushes again."""
        return ReportReply(200, b"SUCCESS", "text/plain")

    def _ask(self, path: str, form: Mapping[str, str]) -> httpx2.Request:
        headers = {
            "Accept": "application/json;charset=utf-8",
            "Content-Type": "application/x-www-form-urlencoded;charset=utf-8",
        }
        key = {"apikey": self.config.api_key.get_secret_value()}
        return self.request("POST", f"/v2/{path}", headers=headers, data={**key, **form})


def is_mainland(to: PhoneNumber) -> bool:
    """Tell whether a number is one of mainland China, which alone has this calling code."""
    return to.digits.startswith(MAINLAND)


def mobile_of(to: PhoneNumber) -> str:
    """Return a number as Yunpian reads it: without `+` it is one of mainland China."""
    return to.digits.removeprefix(MAINLAND) if is_mainland(to) else to.e164


def _error(response: httpx2.Response, answer: Mapping[str, Any]) -> ConnectorError:
    code = answer["code"]
    said = [answer.get("msg"), answer.get("detail")]
    words = f"Yunpian {code}: {'; '.join(str(part) for part in said if part)}"
    if code == MALFORMED and ("mobile" in words or "手机" in words):
        return InvalidRecipient(words)
    error_type = ERRORS.get(code)
    if error_type is None:
        return ProviderRejected(words) if response.is_success else error_of_status(response, words)
    if issubclass(error_type, ProviderThrottled):
        return error_type(words, retry_after=retry_after(response))
    return error_type(words)


def _report(item: Mapping[str, Any]) -> DeliveryReport:
    message_id = str(int(item["sid"]))
    if item["report_status"] == "SUCCESS":
        return DeliveryReport(message_id, "delivered")
    words = f"Yunpian {item['report_status']}: {item.get('error_msg') or 'no reason given'}"
    return DeliveryReport(message_id, "undelivered", RecipientUnreachable.error_class, words)


def _read_account(response: httpx2.Response) -> str:
    account = response.json()
    if not response.is_success or account.get("code", 0) != 0:
        raise _error(response, account)
    return f"Yunpian: {account['nick']}, balance {account['balance']}"
