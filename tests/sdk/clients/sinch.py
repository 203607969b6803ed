"""Sends one message with Sinch's own package, from a service plan or a project."""

import json
import sys
from datetime import datetime

asked = json.loads(sys.argv[1])

# This file is called as the package is; its folder must not be looked through first.
sys.path.pop(0)

from sinch import SinchClient  # noqa: E402

client = SinchClient(**asked["account"], sms_region="us")
# Both are templates for a region, and one without a place for it stays as it is.
client.configuration.sms_domain = asked["address"]
client.configuration.sms_domain_with_service_plan_id = asked["address"]
client.configuration.auth_origin = asked["address"]
sent = client.sms.batches.send_sms(
    to=[asked["to"]],
    from_=asked["from"],
    body=asked["body"],
    delivery_report="per_recipient_final",
    event_destination_target=asked["callback_url"],
    client_reference=asked["client_reference"],
    expire_at=datetime.fromisoformat(asked["expire_at"]),
)
print(json.dumps({"id": sent.id}))  # noqa: T201
