"""Sends one text, or signs one callback, with the package `twilio`."""

import json
import sys

# This script is called as the package is, and its folder comes first.
sys.path.pop(0)

from twilio.request_validator import RequestValidator
from twilio.rest import Client

asked = json.loads(sys.argv[1])
if "message" in asked:
    client = Client(asked["user"], asked["password"], asked["account"])
    client.api.base_url = asked["address"]
    answer = {"id": client.messages.create(**asked["message"]).sid}
else:
    report = asked["report"]
    validator = RequestValidator(asked["password"])
    answer = {"signature": validator.compute_signature(report["url"], report["fields"])}
sys.stdout.write(json.dumps(answer) + "\n")
