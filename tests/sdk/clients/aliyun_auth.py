"""Sends one code with alibabacloud-dypnsapi20170525."""

import json
import sys
from urllib.parse import urlsplit

from alibabacloud_dypnsapi20170525.client import Client
from alibabacloud_dypnsapi20170525.models import SendSmsVerifyCodeRequest
from alibabacloud_tea_openapi.models import Config

asked = json.loads(sys.argv[1])
address = urlsplit(asked["address"])
client = Client(
    Config(
        access_key_id=asked["key_id"],
        access_key_secret=asked["secret"],
        endpoint=address.netloc,
        protocol=address.scheme,
        # Its name for V1; by default it signs with V3.
        signature_algorithm=asked["algorithm"],
    )
)
answer = client.send_sms_verify_code(SendSmsVerifyCodeRequest(**asked["message"]))
print(json.dumps({"code": answer.body.code, "id": answer.body.model.biz_id}))  # noqa: T201
