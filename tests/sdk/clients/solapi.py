"""Sends one message with the package `solapi`."""

import json
import sys

# This file has the package's name, and its folder would come first.
sys.path.pop(0)

from solapi import SolapiMessageService
from solapi.model import KakaoOption, RequestMessage
from solapi.model.request.send_message_request import SendRequestConfig

asked = json.loads(sys.argv[1])
service = SolapiMessageService(asked["apiKey"], asked["apiSecret"])
# The package has no setting for it.
service.base_url = asked["address"]
message = dict(asked["message"])
if "kakaoOptions" in message:
    message["kakaoOptions"] = KakaoOption(**message["kakaoOptions"])
answer = service.send(RequestMessage(**message), SendRequestConfig(showMessageList=True))
balance = service.get_balance()
first = answer.message_list[0]
said = {"id": first.message_id, "status": first.status_code, "balance": balance.balance}
sys.stdout.write(json.dumps(said))
