"""Sends one message with MessageBird's own package."""

import json
import sys

asked = json.loads(sys.argv[1])

# This file is called as the package is; its folder must not be looked through first.
sys.path.pop(0)

from messagebird import client  # noqa: E402

# The package knows one host; there is no setting for it.
client.ENDPOINT = asked["address"]

sent = client.Client(asked["access_key"]).message_create(
    asked["originator"], [asked["to"]], asked["body"], asked["params"]
)
print(json.dumps({"id": sent.id}))  # noqa: T201
