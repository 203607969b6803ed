"""Sends one message with tencentcloud-sdk-python-sms."""

import json
import sys
from urllib.parse import urlsplit

from tencentcloud.common.credential import Credential
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile
from tencentcloud.sms.v20210111.models import SendSmsRequest
from tencentcloud.sms.v20210111.sms_client import SmsClient

asked = json.loads(sys.argv[1])
address = urlsplit(asked["address"])
profile = ClientProfile(
    httpProfile=HttpProfile(protocol=address.scheme, endpoint=address.netloc),
)
client = SmsClient(Credential(asked["id"], asked["key"]), asked["region"], profile)
request = SendSmsRequest()
request.from_json_string(json.dumps(asked["message"]))
[status] = client.SendSms(request).SendStatusSet
print(json.dumps({"code": status.Code, "id": status.SerialNo}))  # noqa: T201
