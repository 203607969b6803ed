"""Rows of messages, for what looks at them and sends nothing."""

from datetime import datetime, timedelta
from typing import Any

from watchword.core.ids import new_id
from watchword.messaging.models import Channel, MessageState


def message_row(at: datetime, **changes: Any) -> dict[str, Any]:
    """Return a text that was accepted at the moment it was made."""
    return {
        "id": new_id(),
        "channel": Channel.SMS,
        "state": MessageState.ACCEPTED,
        "usage_type": "SignIn",
        "is_test": False,
        "connector_instance_id": None,
        "connector_id": "development-inbox",
        "recipient": "sealed",
        "recipient_masked": "+44•••0123",
        "recipient_digest": "digest",
        "country": "GB",
        "attempts": 1,
        "created_at": at,
        "expires_at": at + timedelta(minutes=10),
        "sending_at": at,
        "accepted_at": at,
        **changes,
    }
