"""SMS Aero. https://github.com/smsaero/smsaero_python"""

from collections.abc import Mapping
from typing import Any

import httpx2
import orjson

from watchword.connector_kit.answers import error_of_status
from watchword.connector_kit.connector import HttpSmsConnector, basic_auth
from watchword.connector_kit.errors import (
    ConnectorError,
    ProviderRejected,
    ReportRefused,
    SenderRejected,
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
from watchword.providers.smsaero.config import SmsAeroConfig
from watchword.providers.smsaero.errors import DELIVERED, FIELDS, REPORT_ERRORS, RESULTS, WORDS

# Everyone may send as this one, so it is in nobody's list.
SHARED_SENDER = "SMS Aero"


class SmsAeroConnector(HttpSmsConnector[SmsAeroConfig]):
    """Texts through an SMS Aero account."""

    metadata = ConnectorMetadata(
        id="smsaero-short-message-service",
        target="smsaero-sms",
        name={"en": "SMS Aero service", "ko": "SMS Aero 서비스"},
        description={
            "en": "Texts to Russia and abroad through SMS Aero, without a contract.",
            "ko": "SMS Aero로 러시아와 해외에 문자를 보냅니다. 별도 계약이 필요 없습니다.",
        },
        features=("delivery_reports", "credential_check"),
        at_home_in=("RU",),
    )
    config_type = SmsAeroConfig
    has_reports = True

    @property
    def base_url(self) -> str:
        """Return the gateway that the administrator chose."""
        return f"https://{self.config.gateway}"

    def text_of(self, message: SmsMessage) -> str:
        """Return the text that goes out."""
        return self.config.text_for(message)

    def build_request(self, message: SmsMessage) -> httpx2.Request:
        """Ask for one message, and for reports in JSON."""
        body: dict[str, Any] = {
            "number": int(message.to.digits),
            "sign": self.config.sender_name,
            "text": self.text_of(message),
        }
        if self.context.public_receipts and message.receipt_url is not None:
            body |= {"callbackUrl": message.receipt_url, "callbackFormat": "JSON"}
        return self._ask("sms/send", body)

    def read_response(self, response: httpx2.Response) -> Receipt:
        """Read the message's id and where it stands, or why there is none."""
        data = _data(response)
        words = f"SMS Aero: {data['extendStatus']}"
        if data["status"] in REPORT_ERRORS:
            raise REPORT_ERRORS[data["status"]][0](words)
        return Receipt(provider_message_id=str(int(data["id"])), words=words)

    async def check_credentials(self) -> str:
        """Return what SMS Aero says of the key, the money and the sender, which costs nothing."""
        await self.exchange(self._ask("auth"), _data)
        balance = await self.exchange(self._ask("balance"), _read_balance)
        sender = await self.exchange(self._ask("sign/list"), self._read_sender)
        return f"SMS Aero: balance {balance}, {sender}"

    def read_report(self, request: ReportRequest) -> list[DeliveryReport]:
        """Return the final state, if it is one, of the message that the address names.

        Nothing is signed: the token in the address stands for it.
        """
        report = _report(request)
        try:
            status = int(report["status"])
        except (LookupError, TypeError, ValueError):
            raise ReportRefused("says nothing of a message's status") from None
        message_id = str(report.get("id", ""))
        if status == DELIVERED:
            return [DeliveryReport(message_id, "delivered")]
        if status not in REPORT_ERRORS:
            return []
        error_type, words = REPORT_ERRORS[status]
        return [
            DeliveryReport(
                message_id,
                "undelivered",
                error_type.error_class,
                f"SMS Aero status {status}: {words}",
            )
        ]

    def answer_report(self, request: ReportRequest) -> ReportReply:  # noqa: ARG002
        """Return 200: SMS Aero takes no other success for one."""
        return ReportReply(200, b"ok", "text/plain")

    def _ask(self, path: str, body: Mapping[str, Any] | None = None) -> httpx2.Request:
        auth = basic_auth(self.config.email, self.config.api_key)
        return self.request("POST", f"/v2/{path}", headers=auth, json=dict(body or {}))

    def _read_sender(self, response: httpx2.Response) -> str:
        listed = _data(response)
        # An object with a number for each sender's key, and other things beside them.
        senders = {
            item["name"]: item
            for key, item in listed.items()
            if key.isdigit() and isinstance(item, Mapping)
        }
        name = self.config.sender_name
        if name in senders:
            return _standing(name, senders[name])
        if name == SHARED_SENDER:
            return f"shared sender {name}"
        if len(senders) < int(listed.get("totalCount", 0)):
            return f"sender {name} is not on the first page of the list"
        raise SenderRejected(
            f"SMS Aero: no sender {name} in this account, only {', '.join(senders) or 'none'}"
        )


def _standing(name: str, sender: Mapping[str, Any]) -> str:
    if sender["extendStatus"] != "approve":
        raise SenderRejected(f"SMS Aero: sender {name} is not approved: {sender['extendStatus']}")
    operators = sender.get("statusOperators") or {}
    refusing = [
        str(operator["extendOperator"])
        for operator in operators.values()
        if operator["extendStatus"] != "approve"
    ]
    without = f", but not by {', '.join(refusing)}" if refusing else ""
    return f"sender {name} approved{without}"


def _data(response: httpx2.Response) -> Any:
    # HTTP 200 says nothing: the answer is in the body, whichever status it came with.
    answer = response.json()
    if response.is_success and answer.get("success") is True:
        return answer["data"]
    raise _error(response, answer)


def _error(response: httpx2.Response, answer: Mapping[str, Any]) -> ConnectorError:
    words = _words(response, answer)
    if response.status_code in {401, 402, 408, 429} or response.status_code >= 500:
        return error_of_status(response, words)
    if "result" in answer:
        return RESULTS.get(answer["result"], ProviderRejected)(words)
    if answer.get("success") is not False:
        # Neither a success nor a refusal: then it is no answer of SMS Aero's.
        return UnreadableAnswer(words) if response.is_success else error_of_status(response, words)
    fields = answer.get("data") or {}
    for name, error_type in FIELDS.items():
        if name in fields:
            return error_type(words)
    for pattern, error_type in WORDS:
        if pattern.search(words):
            return error_type(words)
    return ProviderRejected(words)


def _words(response: httpx2.Response, answer: Mapping[str, Any]) -> str:
    said = [answer.get("message"), answer.get("result"), answer.get("reason")]
    fields = answer.get("data")
    if isinstance(fields, Mapping):
        said += [
            f"{name}: {', '.join(map(str, faults)) if isinstance(faults, list) else faults}"
            for name, faults in fields.items()
        ]
    status = "" if response.is_success else f" {response.status_code}"
    return f"SMS Aero{status}: {'; '.join(str(part) for part in said if part)}"


def _read_balance(response: httpx2.Response) -> str:
    return str(_data(response)["balance"])


def _report(request: ReportRequest) -> Mapping[str, Any]:
    if "json" not in request.headers.get("content-type", ""):
        return dict(request.form)
    try:
        report = orjson.loads(request.body)
    except orjson.JSONDecodeError:
        raise ReportRefused("is not the JSON that it says it is") from None
    return report if isinstance(report, Mapping) else {}
