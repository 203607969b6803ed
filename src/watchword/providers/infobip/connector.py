"""Infobip SMS, version 3. https://www.infobip.com/docs/api/channels/sms"""

import re
from datetime import timedelta
from typing import Any, Literal

import httpx2
import orjson

from watchword.connector_kit.answers import error_of_status
from watchword.connector_kit.connector import HttpSmsConnector
from watchword.connector_kit.errors import ConnectorError, InvalidRecipient
from watchword.connector_kit.models import (
    ConnectorMetadata,
    DeliveryReport,
    Receipt,
    ReportRequest,
    SmsMessage,
)
from watchword.providers.infobip.config import InfobipConfig, address_of
from watchword.providers.infobip.errors import GROUPS, PROPERTIES, STATUSES, UNKNOWN_REASON

ACCEPTED = frozenset({"ACCEPTED", "PENDING", "DELIVERED"})
LONGEST_VALIDITY = timedelta(hours=48)
NAMED_PROPERTY = re.compile(r"\b(destinations|sender|content)\b")

FINAL: dict[str, Literal["delivered", "undelivered"]] = {
    "DELIVERED": "delivered",
    "UNDELIVERABLE": "undelivered",
    "EXPIRED": "undelivered",
    "REJECTED": "undelivered",
}
# Of groups that are final, and yet nobody knows what became of the phone.
SAY_NOTHING = frozenset({"DELIVERED_TO_OPERATOR", "EXPIRED_DLR_UNKNOWN"})


class InfobipConnector(HttpSmsConnector[InfobipConfig]):
    """Texts through an Infobip account."""

    metadata = ConnectorMetadata(
        id="infobip-sms",
        target="infobip-sms",
        name={"en": "Infobip", "ko": "Infobip"},
        description={
            "en": "Texts through Infobip, at the account's own address.",
            "ko": "계정 전용 주소로 Infobip을 통해 문자를 보냅니다.",
        },
        features=("delivery_reports", "credential_check"),
    )
    config_type = InfobipConfig
    has_reports = True

    @property
    def base_url(self) -> str:
        """Return the account's own address."""
        return address_of(self.config.host)

    def text_of(self, message: SmsMessage) -> str:
        """Return the text that goes out."""
        return self.config.text_for(message)

    def build_request(self, message: SmsMessage) -> httpx2.Request:
        """Ask for one message, which Infobip drops once its code is worth nothing."""
        left = min(message.time_left, LONGEST_VALIDITY).total_seconds()
        validity = {"amount": max(int(left), 1), "timeUnit": "SECONDS"}
        asked: dict[str, Any] = {
            "destinations": [{"to": message.to.digits}],
            "content": {"text": self.text_of(message)},
            "options": {"validityPeriod": validity},
        }
        if self.config.sender is not None:
            asked["sender"] = self.config.sender
        if self.context.public_receipts and message.receipt_url:
            asked["webhooks"] = {
                "delivery": {
                    "url": message.receipt_url,
                    "intermediateReport": False,
                    "notify": True,
                },
                "contentType": "application/json",
                # Comes back in the report, and finds a message whose answer was lost.
                "callbackData": message.id,
            }
        body = {"messages": [asked]}
        return self.request("POST", "/sms/3/messages", headers=self._authorization(), json=body)

    def read_response(self, response: httpx2.Response) -> Receipt:
        """Read the message's id and status: a refusal comes with HTTP 200, too."""
        sent = _read(response)["messages"][0]
        status = sent["status"]
        if status["groupName"] not in ACCEPTED:
            words = f"Infobip {status['name']}: {status.get('description', status['groupName'])}"
            raise _reason(status)[0](words)
        segments = (sent.get("details") or {}).get("messageCount")
        return Receipt(str(sent["messageId"]), f"Infobip: {status['name']}", segments)

    async def check_credentials(self) -> str:
        """Return what money is left, which costs nothing to ask."""
        request = self.request("GET", "/account/1/balance", headers=self._authorization())
        return await self.exchange(request, _read_balance)

    def read_report(self, request: ReportRequest) -> list[DeliveryReport]:
        """Return the final states of the messages that a callback is about.

        Infobip signs nothing: that the address holds our token was looked at before.
        """
        reports = [_report(result) for result in orjson.loads(request.body)["results"]]
        return [report for report in reports if report is not None]

    def _authorization(self) -> dict[str, str]:
        return {"Authorization": f"App {self.config.api_key.get_secret_value()}"}


def _read(response: httpx2.Response) -> dict[str, Any]:
    answer: dict[str, Any] = response.json()
    if not response.is_success:
        raise _error(response, answer)
    return answer


def _error(response: httpx2.Response, answer: dict[str, Any]) -> ConnectorError:
    if "requestError" in answer:
        # The older shape, which gateways in front of the API still use.
        fault = answer["requestError"]["serviceException"]
        return error_of_status(response, f"Infobip {fault['messageId']}: {fault['text']}")
    violations = [str(each.get("property", "")) for each in answer.get("violations") or ()]
    words = f"Infobip {answer['errorCode']}: {answer['description']}"
    if violations:
        words += f" ({', '.join(violations)})"
    named = NAMED_PROPERTY.search(" ".join(violations)) if response.status_code == 400 else None
    return PROPERTIES[named[1]](words) if named else error_of_status(response, words)


def _reason(status: dict[str, Any]) -> tuple[type[ConnectorError], str]:
    return STATUSES.get(status["name"]) or GROUPS.get(status["groupName"], UNKNOWN_REASON)


def _read_balance(response: httpx2.Response) -> str:
    answer = _read(response)
    return f"Infobip: {answer['balance']} {answer['currency']}"


def _report(result: dict[str, Any]) -> DeliveryReport | None:
    status = result["status"]
    state = FINAL.get(status["groupName"])
    if state is None or status["name"] in SAY_NOTHING:
        return None
    words, error_class = f"Infobip: {status['name']}", None
    if state == "undelivered":
        error_type, meaning = _reason(status)
        fault = result.get("error") or {}
        if fault.get("groupName") == "HANDSET_ERRORS" and fault.get("permanent"):
            # Of a phone that will never take a message, trying again is no use.
            error_type, meaning = InvalidRecipient, "nobody can be reached at this number"
        error_class = error_type.error_class
        words = f"Infobip {str(fault.get('name') or status['name'])[:64]}: {meaning}"
    return DeliveryReport(
        result["messageId"], state, error_class, words, result.get("callbackData")
    )
