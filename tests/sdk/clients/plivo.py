"""Sends one message with Plivo's own package."""

import json
import sys

asked = json.loads(sys.argv[1])

# This file is called as the package is; its folder must not be looked through first.
sys.path.pop(0)

import plivo  # noqa: E402
from plivo.rest import client as rest  # noqa: E402

# The package knows one host; there is no setting for it.
rest.PLIVO_API_BASE_URI = f"{asked['address']}/v1/Account"

client = plivo.RestClient(asked["auth_id"], asked["auth_token"])
sent = client.messages.create(**asked["message"])
print(json.dumps({"ids": sent.message_uuid}))  # noqa: T201
