"""What a tenant's own servers are told of a change to a person."""

from typing import Any

from watchword.core.context import asked_by
from watchword.users.models import User


def told_of_user(user_id: str, after: User | None) -> dict[str, Any]:
    """Return who asked, whom the change is about, and how they are after it; None if gone."""
    request = asked_by.get()
    return {
        "ip": request.client_ip if request else None,
        "userAgent": request.user_agent if request else None,
        "params": {"userId": user_id},
        "data": after.row() if after else None,
    }
