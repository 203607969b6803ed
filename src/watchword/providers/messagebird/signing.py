"""MessageBird's signature of callbacks: a token over the address and the body.

https://developers.messagebird.com/docs/verify-http-requests
"""

import hmac
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

ALGORITHMS = ("HS256", "HS384", "HS512")
# Seconds that their clock and ours may differ.
LEEWAY = 1


def is_signed(token: str, url: str, body: bytes, secret: str, now: datetime) -> bool:
    """Tell whether *token* is the account's, for this address and this body, and of now."""
    rules = jwt.JWTClaimsRegistry(
        now=int(now.timestamp()),
        leeway=LEEWAY,
        iss={"essential": True, "value": "MessageBird"},
        nbf={"essential": True},
        exp={"essential": True},
    )
    try:
        claims = jwt.decode(token, OctKey.import_key(secret.encode()), ALGORITHMS).claims
        rules.validate(claims)
    except (JoseError, ValueError):
        return False
    return _is_hash_of(url.encode(), claims, "url_hash") and _is_body(body, claims)


def _is_body(body: bytes, claims: Mapping[str, Any]) -> bool:
    # The claim is there when there is a body, and only then.
    return _is_hash_of(body, claims, "payload_hash") if body else "payload_hash" not in claims


def _is_hash_of(signed: bytes, claims: Mapping[str, Any], name: str) -> bool:
    expected, found = sha256(signed).hexdigest(), str(claims.get(name, ""))
    return hmac.compare_digest(expected.encode(), found.encode())
