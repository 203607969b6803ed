"""Vonage's signatures. https://developer.vonage.com/en/getting-started/concepts/signing-messages"""

import hashlib
import hmac
from base64 import urlsafe_b64decode
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Literal

import orjson

SignatureMethod = Literal["md5hash", "md5", "sha1", "sha256", "sha512"]

# Vonage repeats a receipt for a day until it is heard, and repeating one changes nothing here.
OLDEST = timedelta(hours=24, minutes=5)
# Clocks differ a little.
NEWEST = timedelta(minutes=5)


def signature_of(
    fields: Iterable[tuple[str, str]], secret: str, method: SignatureMethod = "md5hash"
) -> str:
    """Return `sig` for all other fields, in lower-case hexadecimal."""
    signed = "".join(f"&{name}={_plain(value)}" for name, value in sorted(fields)).encode()
    if method == "md5hash":
        # Vonage's oldest rule, and what an account begins with.
        return hashlib.md5(signed + secret.encode(), usedforsecurity=False).hexdigest()
    return hmac.digest(secret.encode(), signed, method).hex()


def is_signed(
    fields: Mapping[str, str], secret: str, method: SignatureMethod, now: datetime
) -> bool:
    """Tell whether `sig` is right for the other fields, and they are not from another time."""
    others = [(name, value) for name, value in fields.items() if name != "sig"]
    expected = signature_of(others, secret, method)
    is_right = hmac.compare_digest(expected.encode(), fields.get("sig", "").lower().encode())
    return is_right and _is_recent(fields.get("timestamp", ""), now)


def is_token_for(token: str, body: bytes, secret: str, now: datetime) -> bool:
    """Tell whether a JWT of the account's signature secret vouches for *body* (RFC 7519)."""
    signed, _, signature = token.rpartition(".")
    expected = hmac.digest(secret.encode(), signed.encode(), "sha256")
    try:
        header, claims = (_decoded(part) for part in signed.split("."))
        is_right = hmac.compare_digest(expected, _bytes_of(signature))
    except ValueError:
        return False
    return (
        is_right
        # Whoever signs may not choose how: RFC 8725, 3.1.
        and header.get("alg") == "HS256"
        # A token without a body would vouch for any address.
        and body != b""
        and claims.get("payload_hash") == hashlib.sha256(body).hexdigest()
        and _is_recent(str(claims.get("iat", "")), now)
    )


def _plain(value: str) -> str:
    return value.replace("&", "_").replace("=", "_")


def _is_recent(timestamp: str, now: datetime) -> bool:
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) < 12):
        return False
    age = timedelta(seconds=now.timestamp() - int(timestamp))
    return -NEWEST <= age <= OLDEST


def _bytes_of(part: str) -> bytes:
    return urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _decoded(part: str) -> dict[str, Any]:
    decoded = orjson.loads(_bytes_of(part))
    return decoded if isinstance(decoded, dict) else {}
