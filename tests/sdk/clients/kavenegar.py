"""Sends one message with the package `kavenegar`."""

import json
import sys

# This file has the package's name, and its folder would come first.
sys.path.pop(0)

import kavenegar
import requests

asked = json.loads(sys.argv[1])


def post(url: str, **others: object) -> requests.Response:
    # The package knows https only.
    return requests.request("POST", url.replace("https://", "http://", 1), timeout=30, **others)


kavenegar.requests.post = post
api = kavenegar.KavenegarAPI(asked["apiKey"])
api.host = asked["address"].removeprefix("http://")
send = api.verify_lookup if "template" in asked["form"] else api.sms_send
[entry] = send(asked["form"])
said = {"id": str(entry["messageid"]), "credit": api.account_info()["remaincredit"]}
sys.stdout.write(json.dumps(said))
