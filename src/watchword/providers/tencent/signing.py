"""Tencent Cloud's request signature, TC3-HMAC-SHA256. https://cloud.tencent.com/document/api/382/52071"""

import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime

ALGORITHM = "TC3-HMAC-SHA256"


def canonical_request(headers: Mapping[str, str], body: bytes) -> str:
    """Return what is signed of a POST: its headers, names in lower case, and the exact bytes."""
    names = sorted(headers)
    lines = "".join(f"{name}:{headers[name].strip().lower()}\n" for name in names)
    body_hash = hashlib.sha256(body).hexdigest()
    # The path is always `/`, and there is no query.
    return "\n".join(("POST", "/", "", lines, ";".join(names), body_hash))


def scope_of(timestamp: int, service: str) -> str:
    """Return what a signature is good for: one service on one day, which is UTC's."""
    return f"{datetime.fromtimestamp(timestamp, UTC):%Y-%m-%d}/{service}/tc3_request"


def string_to_sign(canonical: str, timestamp: int, service: str) -> str:
    """Return the lines that the derived key signs."""
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    return "\n".join((ALGORITHM, str(timestamp), scope_of(timestamp, service), digest))


def derived_keys(secret_key: str, scope: str) -> tuple[bytes, bytes, bytes]:
    """Return the keys of the day, of the service, and the one that signs."""
    day, service, end = scope.split("/")
    of_day = hmac.digest(f"TC3{secret_key}".encode(), day.encode(), "sha256")
    of_service = hmac.digest(of_day, service.encode(), "sha256")
    return of_day, of_service, hmac.digest(of_service, end.encode(), "sha256")


def authorization(
    secret_id: str,
    secret_key: str,
    *,
    headers: Mapping[str, str],
    body: bytes,
    timestamp: int,
    service: str = "sms",
) -> str:
    """Return the `Authorization` header of a POST whose *headers* are signed with its body."""
    scope = scope_of(timestamp, service)
    signed = string_to_sign(canonical_request(headers, body), timestamp, service)
    key = derived_keys(secret_key, scope)[-1]
    signature = hmac.digest(key, signed.encode(), "sha256").hex()
    names = ";".join(sorted(headers))
    return (
        f"{ALGORITHM} Credential={secret_id}/{scope}, SignedHeaders={names}, Signature={signature}"
    )
