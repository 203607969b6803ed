"""Sends one message with Telnyx's own package."""

import json
import sys

asked = json.loads(sys.argv[1])

# This file is called as the package is; its folder must not be looked through first.
sys.path.pop(0)

from telnyx import Telnyx  # noqa: E402

client = Telnyx(api_key=asked["api_key"], base_url=f"{asked['address']}/v2", max_retries=0)
sent = client.messages.send(
    to=asked["to"],
    from_=asked["from"],
    text=asked["text"],
    type="SMS",
    encoding="auto",
    webhook_url=asked["webhook_url"],
    idempotency_key=asked["id"],
)
print(json.dumps({"id": sent.data.id, "parts": sent.data.parts}))  # noqa: T201
