"""ID tokens as providers sign them, and as somebody else would."""

from collections.abc import Callable
from typing import Any

import httpx2
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, RSAKey

from watchword.connector_kit.testing import AUTHORIZATION
from watchword.core.clock import Clock

RSA = RSAKey.generate_key(2048, {"kid": "rsa", "use": "sig"})
EC = ECKey.generate_key("P-256", {"kid": "ec", "use": "sig"})
STRANGER = RSAKey.generate_key(2048, {"kid": "rsa", "use": "sig"})

Key = RSAKey | ECKey | OctKey


def id_token(key: Key = RSA, algorithm: str = "RS256", **claims: Any) -> str:
    """Return a token of these claims that is good now, unless they say otherwise."""
    now = int(Clock().now().timestamp())
    said = {"iat": now, "exp": now + 300, "nonce": AUTHORIZATION.nonce, **claims}
    header = {"alg": algorithm, "kid": key.kid}
    given = {name: value for name, value in said.items() if value is not None}
    return jwt.encode(header, given, key, algorithms=[algorithm])


def key_set(*keys: Key) -> dict[str, Any]:
    """Return the document that a provider publishes."""
    return {"keys": [key.as_dict(private=False) for key in keys]}


def provider(
    token: str, *, keys: Any = None, told: Any = None, asked: list[httpx2.Request] | None = None
) -> Callable[[httpx2.Request], httpx2.Response]:
    """Return a provider that exchanges any code for *token*, and tells *told* of the person."""

    def answer(request: httpx2.Request) -> httpx2.Response:
        if asked is not None:
            asked.append(request)
        if request.method == "POST":
            return httpx2.Response(200, json={"access_token": "access", "id_token": token})
        if "key" in request.url.path or "jwks" in request.url.path or "certs" in request.url.path:
            return httpx2.Response(200, json=key_set(RSA, EC) if keys is None else keys)
        return httpx2.Response(200, json=told)

    return answer
