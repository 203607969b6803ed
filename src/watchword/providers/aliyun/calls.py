"""What both services have in common: a signed call, its answer, and the push of reports."""

import hashlib
import json
import re
import secrets
from collections.abc import Mapping
from typing import Any, Literal, TypeVar

import httpx2

from watchword.connector_kit.answers import error_of_status, retry_after
from watchword.connector_kit.connector import HttpSmsConnector
from watchword.connector_kit.errors import (
    ConnectorError,
    ProviderRejected,
    ProviderThrottled,
    ReportRefused,
)
from watchword.connector_kit.models import DeliveryReport, ReportReply, ReportRequest
from watchword.connector_kit.scrubbing import HIDDEN
from watchword.providers.aliyun.account import AliyunAccount
from watchword.providers.aliyun.errors import REPORT_ERRORS, find_error
from watchword.providers.aliyun.signing import (
    authorization_v3,
    canonical_request_v3,
    query_of,
    signature_v1,
)

VERSION = "2017-05-25"
FORM = "application/x-www-form-urlencoded"

# https://help.aliyun.com/document_detail/101867.html and its page for messages abroad.
ABROAD: dict[str, Literal["delivered", "undelivered"]] = {
    "1": "delivered",
    "2": "undelivered",
    "6": "undelivered",  # it expired on the way
}
# A carrier's words may repeat the number, in a callback that no message stands beside.
LONG_NUMBER = re.compile(r"\d{5,}")
LONGEST_WORDS = 200

Account = TypeVar("Account", bound=AliyunAccount)


class AliyunConnector(HttpSmsConnector[Account]):
    """A service of Alibaba Cloud that sends texts."""

    has_reports = True

    @property
    def region_id(self) -> str:
        """Return what V1 signs as `RegionId`."""
        return "cn-hangzhou"

    def call(self, action: str, parameters: Mapping[str, str]) -> httpx2.Request:
        """Return a signed request; its parameters are in the body, where no log finds them."""
        if self.config.signature_version == "V1":
            return self._call_v1(action, parameters)
        return self._call_v3(action, parameters)

    def read_report(self, request: ReportRequest) -> list[DeliveryReport]:
        """Return what a push says; one call may bring many reports, of both kinds."""
        try:
            items = json.loads(request.body)
        except ValueError:
            items = None
        if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
            raise ReportRefused("not a list of reports")
        return [report for item in items if (report := _report(item)) is not None]

    def answer_report(self, request: ReportRequest) -> ReportReply:  # noqa: ARG002
        """Return what ends the push; it comes again after anything else."""
        return ReportReply(200, b'{"code":0,"msg":"OK"}', "application/json")

    def _call_v1(self, action: str, parameters: Mapping[str, str]) -> httpx2.Request:
        signed = {
            **parameters,
            "AccessKeyId": self.config.access_key_id,
            "Action": action,
            "Format": "JSON",
            "RegionId": self.region_id,
            "SignatureMethod": "HMAC-SHA1",
            "SignatureNonce": secrets.token_hex(16),
            "SignatureVersion": "1.0",
            "Timestamp": self._now(),
            "Version": VERSION,
        }
        secret = self.config.access_key_secret.get_secret_value()
        body = query_of({**signed, "Signature": signature_v1(signed, secret)})
        return self.request("POST", "/", headers={"Content-Type": FORM}, content=body.encode())

    def _call_v3(self, action: str, parameters: Mapping[str, str]) -> httpx2.Request:
        body = query_of(parameters).encode()
        headers = {
            # Without it some of the gateways answer in XML.
            "accept": "application/json",
            "content-type": FORM,
            "x-acs-action": action,
            "x-acs-content-sha256": hashlib.sha256(body).hexdigest(),
            "x-acs-date": self._now(),
            "x-acs-signature-nonce": secrets.token_hex(16),
            "x-acs-version": VERSION,
        }
        request = self.request("POST", "/", headers=headers, content=body)
        # Host and path are signed as they go out, also where the operator redirects them.
        signed = {**headers, "host": request.headers["host"]}
        path = request.url.raw_path.decode()
        request.headers["Authorization"] = authorization_v3(
            self.config.access_key_id,
            self.config.access_key_secret.get_secret_value(),
            canonical_request_v3("POST", path, {}, signed),
            signed,
        )
        return request

    def _now(self) -> str:
        return self.context.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")


def compact(values: Mapping[str, str]) -> str:
    """Return a template's values as the JSON that goes into one parameter."""
    return json.dumps(values, ensure_ascii=False, separators=(",", ":"))


def read(response: httpx2.Response) -> dict[str, Any]:
    """Return a successful answer; raises what its code stands for, also at HTTP 200."""
    answer: dict[str, Any] = response.json()
    if response.is_success and answer["Code"] == "OK":
        return answer
    raise _error(response, answer["Code"], str(answer.get("Message", "")))


def _error(response: httpx2.Response, code: str, message: str) -> ConnectorError:
    if code == "SignatureDoesNotMatch":
        # Behind the first sentence it repeats all that was signed: number, code and links.
        message = message.partition(".")[0]
    words = f"Aliyun {code}: {message}"
    error_type = find_error(code)
    if error_type is None:
        return error_of_status(response, words)
    if issubclass(error_type, ProviderThrottled):
        return error_type(words, retry_after=retry_after(response))
    return error_type(words)


def _report(item: Mapping[str, Any]) -> DeliveryReport | None:
    return _report_from_abroad(item) if "MessageId" in item else _report_from_china(item)


def _report_from_china(item: Mapping[str, Any]) -> DeliveryReport | None:
    ours = str(item.get("out_id") or "") or None
    theirs = str(item.get("biz_id") or "")
    if not isinstance(item.get("success"), bool) or not (ours or theirs):
        return None
    code, said = str(item.get("err_code", "")), str(item.get("err_msg", ""))
    state: Literal["delivered", "undelivered"] = "delivered" if item["success"] else "undelivered"
    return DeliveryReport(theirs, state, *_reason(state, code, said), message_id=ours)


def _report_from_abroad(item: Mapping[str, Any]) -> DeliveryReport | None:
    state = ABROAD.get(str(item.get("Status")))
    if state is None:
        return None
    code, said = str(item.get("ErrorCode", "")), str(item.get("ErrorDescription", ""))
    return DeliveryReport(str(item["MessageId"]), state, *_reason(state, code, said))


def _reason(
    state: Literal["delivered", "undelivered"], code: str, said: str
) -> tuple[str | None, str]:
    words = LONG_NUMBER.sub(HIDDEN, f"Aliyun {code}: {said}")[:LONGEST_WORDS]
    if state == "delivered":
        return None, words
    return REPORT_ERRORS.get(code, ProviderRejected).error_class, words
