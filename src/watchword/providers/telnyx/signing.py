"""Telnyx's signature of webhooks: Ed25519 over `timestamp|body`.

https://developers.telnyx.com/docs/messaging/messages/receiving-webhooks
"""

from base64 import b64decode
from datetime import UTC, datetime, timedelta

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

# What Telnyx's own packages allow.
TOLERANCE = timedelta(minutes=5)
LONGEST_TIMESTAMP = 12


def is_signed(body: bytes, timestamp: str, signature: str, public_key: str) -> bool:
    """Tell whether *signature* is the account's, over the body as it came and its time."""
    try:
        key = Ed25519PublicKey.from_public_bytes(b64decode(public_key, validate=True))
        key.verify(b64decode(signature, validate=True), timestamp.encode() + b"|" + body)
    except (InvalidSignature, ValueError):
        return False
    return True


def is_recent(timestamp: str, now: datetime) -> bool:
    """Tell whether *timestamp*, in Unix seconds, is about now."""
    if not timestamp.isascii() or not timestamp.isdigit() or len(timestamp) > LONGEST_TIMESTAMP:
        return False
    return abs(now - datetime.fromtimestamp(int(timestamp), UTC)) <= TOLERANCE
