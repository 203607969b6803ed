"""Sends one text with the packages `vonage-sms` and `vonage-http-client`."""

import json
import sys

from requests.adapters import HTTPAdapter
from vonage_http_client import Auth, HttpClient, HttpClientOptions
from vonage_sms import Sms, SmsMessage


class PlainHttp(HTTPAdapter):
    """The package speaks https alone, the emulator http."""

    def send(self, request, **options):
        request.url = request.url.replace("https://", "http://", 1)
        return super().send(request, **options)


asked = json.loads(sys.argv[1])
host = asked["address"].removeprefix("http://")
client = HttpClient(Auth(**asked["auth"]), HttpClientOptions(rest_host=host))
client._session.mount("https://", PlainHttp())
message = SmsMessage(**asked["message"])
if "signature_secret" in asked["auth"]:
    # `Sms.send` signs the fields that it then leaves out, so that no signature would be right.
    fields = message.model_dump(by_alias=True, exclude_none=True)
    answer = client.post(host, "/sms/json", fields, "signature", "form")
    sent = answer["messages"][0]["message-id"]
else:
    sent = Sms(client).send(message).messages[0].message_id
sys.stdout.write(json.dumps({"id": sent}) + "\n")
