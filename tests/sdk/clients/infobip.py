"""Sends one message with Infobip's own package."""

import json
import sys

from infobip_api_client.api.sms_api import SmsApi
from infobip_api_client.api_client import ApiClient
from infobip_api_client.configuration import Configuration
from infobip_api_client.models import (
    SmsDestination,
    SmsMessage,
    SmsMessageContent,
    SmsMessageDeliveryReporting,
    SmsMessageOptions,
    SmsRequest,
    SmsTextContent,
    SmsWebhooks,
    ValidityPeriod,
    ValidityPeriodTimeUnit,
)

asked = json.loads(sys.argv[1])

message = SmsMessage(
    sender=asked["sender"],
    destinations=[SmsDestination(to=asked["to"])],
    content=SmsMessageContent(SmsTextContent(text=asked["text"])),
    options=SmsMessageOptions(
        validity_period=ValidityPeriod(
            amount=asked["seconds"], time_unit=ValidityPeriodTimeUnit.SECONDS
        )
    ),
    webhooks=SmsWebhooks(
        delivery=SmsMessageDeliveryReporting(
            url=asked["url"], intermediate_report=False, notify=True
        ),
        content_type="application/json",
        callback_data=asked["callback_data"],
    ),
)
client = ApiClient(Configuration(host=asked["address"], api_key=asked["api_key"]))
sent = SmsApi(client).send_sms_messages(SmsRequest(messages=[message]))
[answered] = sent.messages
print(json.dumps({"id": answered.message_id, "parts": answered.details.message_count}))  # noqa: T201
