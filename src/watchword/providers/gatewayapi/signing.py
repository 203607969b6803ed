"""GatewayAPI's signature of notifications: a JWT that holds the whole of one."""

from collections.abc import Mapping
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

# They sign with the first; their own client takes the others too, and all need the one key.
ALGORITHMS = ("HS256", "HS384", "HS512")


def claims_of(token: str, secret: str) -> Mapping[str, Any] | None:
    """Return what *token* says if it is signed with *secret*, else None.

    There is no expiry in it: a notification that comes again says what it said before.
    """
    try:
        key = OctKey.import_key(secret.encode())
        return jwt.decode(token, key, algorithms=ALGORITHMS).claims
    except (JoseError, ValueError):
        return None
