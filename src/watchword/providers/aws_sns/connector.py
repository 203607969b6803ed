"""Amazon SNS, Publish to a phone. https://docs.aws.amazon.com/sns/latest/api/API_Publish.html"""

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode
from xml.sax.saxutils import unescape

import httpx2

from watchword.connector_kit.answers import error_of_status, retry_after
from watchword.connector_kit.connector import HttpSmsConnector
from watchword.connector_kit.errors import ConnectorError, ProviderThrottled
from watchword.connector_kit.models import ConnectorMetadata, Receipt, SmsMessage
from watchword.connector_kit.numbers import parts_of
from watchword.connector_kit.templates import choose_for, fill, variables_of
from watchword.providers.aws_sns.config import AwsSnsConfig, SnsTemplate
from watchword.providers.aws_sns.errors import error_type_of
from watchword.providers.aws_sns.signing import Signer

VERSION = "2010-03-31"
FORM = "application/x-www-form-urlencoded; charset=utf-8"
INDIA = "91"

# SNS answers in XML. The few elements that matter hold plain text, and are found without a parser:
# so there is no document type to read and no entity to expand.
MESSAGE_ID = re.compile(r"<PublishResult>\s*<MessageId>([^<>]{1,128})</MessageId>")
CODE = re.compile(r"<Code>([A-Za-z.]{1,128})</Code>")
WORDS = re.compile(r"<Message>([^<>]*)</Message>")
ATTRIBUTE = re.compile(r"<key>([^<>]{1,128})</key>\s*<value>([^<>]{0,128})</value>")
IN_SANDBOX = "<IsInSandbox>true</IsInSandbox>"
QUOTES = {"&quot;": '"', "&apos;": "'"}


class AwsSnsConnector(HttpSmsConnector[AwsSnsConfig]):
    """Texts through an AWS account."""

    metadata = ConnectorMetadata(
        id="aws-sns-sms",
        target="aws-sns",
        name={"en": "Amazon SNS", "ko": "Amazon SNS"},
        description={
            "en": "Texts to many countries through Amazon Simple Notification Service.",
            "ko": "Amazon Simple Notification Service로 여러 나라에 문자를 보냅니다.",
        },
        features=("credential_check",),
        messages_per_second=20,
    )
    config_type = AwsSnsConfig

    @property
    def base_url(self) -> str:
        """Return the region's host."""
        return f"https://sns.{self.config.region}.amazonaws.com"

    def text_of(self, message: SmsMessage) -> str:
        """Return the text that goes out."""
        return fill(choose_for(self.config.templates, message).content, variables_of(message))

    def build_request(self, message: SmsMessage) -> httpx2.Request:
        """Ask for one message."""
        form = {"PhoneNumber": message.to.e164, "Message": self.text_of(message)}
        for number, (name, kind, value) in enumerate(self._attributes(message), start=1):
            entry = f"MessageAttributes.entry.{number}"
            form[f"{entry}.Name"] = name
            form[f"{entry}.Value.DataType"] = kind
            form[f"{entry}.Value.StringValue"] = value
        return self._signed("Publish", form)

    def read_response(self, response: httpx2.Response) -> Receipt:
        """Read the message's id, or why there is none."""
        # Without exactly one it is no answer of SNS, and the kit says so.
        [message_id] = MESSAGE_ID.findall(_read(response))
        return Receipt(provider_message_id=message_id, words="Amazon SNS: queued")

    async def check_credentials(self) -> str:
        """Return the spend limit, and whether the account is in the sandbox, at no cost."""
        limit = await self.exchange(self._signed("GetSMSAttributes"), _read_limit)
        sandbox = self._signed("GetSMSSandboxAccountStatus")
        return limit + await self.exchange(sandbox, _read_sandbox)

    def _attributes(self, message: SmsMessage) -> Iterator[tuple[str, str, str]]:
        config = self.config
        yield "AWS.SNS.SMS.SMSType", "String", config.sms_type
        if config.sender_id is not None:
            yield "AWS.SNS.SMS.SenderID", "String", config.sender_id
        if config.max_price is not None:
            # Never with an exponent.
            yield "AWS.SNS.SMS.MaxPrice", "Number", f"{Decimal(str(config.max_price)):f}"
        if config.origination_number is not None:
            yield "AWS.MM.SMS.OriginationNumber", "String", config.origination_number
        if config.entity_id is not None and parts_of(message.to)[0] == INDIA:
            yield "AWS.MM.SMS.EntityId", "String", config.entity_id
            template = self._dlt_template(choose_for(config.templates, message))
            if template is not None:
                yield "AWS.MM.SMS.TemplateId", "String", template

    def _dlt_template(self, template: SnsTemplate) -> str | None:
        return template.dlt_template_id or self.config.dlt_template_id

    def _signed(self, action: str, form: Mapping[str, str] | None = None) -> httpx2.Request:
        config = self.config
        body = urlencode({"Action": action, "Version": VERSION, **(form or {})}).encode()
        request = self.request("POST", "/", headers={"Content-Type": FORM}, content=body)
        signed = {
            "content-type": FORM,
            "host": request.headers["host"],
            "x-amz-date": f"{self.context.clock.now():%Y%m%dT%H%M%SZ}",
        }
        if config.session_token is not None:
            signed["x-amz-security-token"] = config.session_token.get_secret_value()
        signer = Signer(
            access_key_id=config.access_key_id,
            secret=config.access_key_secret.get_secret_value(),
            region=config.region,
            service="sns",
        )
        path = request.url.raw_path.decode()
        request.headers["Authorization"] = signer.authorization("POST", path, signed, body)
        request.headers.update(signed)
        return request


def _read(response: httpx2.Response) -> str:
    if response.is_success:
        return response.text
    raise _error(response)


def _error(response: httpx2.Response) -> ConnectorError:
    code, said = CODE.search(response.text), WORDS.search(response.text)
    if code is None:
        return error_of_status(response)
    meaning = unescape(said[1], QUOTES) if said else ""
    words = f"Amazon SNS {code[1]}: {meaning}"
    error_type = error_type_of(code[1], meaning)
    if error_type is None:
        return error_of_status(response, words)
    if issubclass(error_type, ProviderThrottled):
        return error_type(words, retry_after=retry_after(response))
    return error_type(words)


def _read_limit(response: httpx2.Response) -> str:
    attributes: dict[str, Any] = dict(ATTRIBUTE.findall(_read(response)))
    limit = attributes.get("MonthlySpendLimit")
    return f"Amazon SNS: {limit} USD a month" if limit else "Amazon SNS accepts the key"


def _read_sandbox(response: httpx2.Response) -> str:
    # Asking needs a permission of its own, which many keys do not have.
    is_in = response.is_success and IN_SANDBOX in response.text
    return "; in the SMS sandbox, which texts verified numbers only" if is_in else ""
