"""Signed tokens: written with our keys, and read back only if our keys wrote them."""

from dataclasses import dataclass
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jws import extract_compact

from watchword.oidc.keys import Algorithm, SigningKeys

ACCESS_TOKEN_TYPE = "at+jwt"  # noqa: S105  # RFC 9068, 2.1
ID_TOKEN_TYPE = "JWT"  # noqa: S105


@dataclass(frozen=True, kw_only=True)
class Signer:
    """Signs and checks the tokens of one issuer."""

    keys: SigningKeys
    issuer: str

    async def sign(self, claims: dict[str, Any], algorithm: Algorithm, kind: str) -> str:
        """Return a compact JWS with the issuer's name in it."""
        key = await self.keys.signing(algorithm)
        header = {"alg": algorithm, "kid": key.id, "typ": kind}
        return jwt.encode(header, {"iss": self.issuer, **claims}, key.key, algorithms=[algorithm])

    async def read(self, token: str, kind: str) -> dict[str, Any] | None:
        """Return the claims of a token of this kind that we signed, expired or not, else None."""
        try:
            header = extract_compact(token.encode()).headers()
            key = await self.keys.find(str(header.get("kid")))
            # The key decides the algorithm, never the token; `jwk`, `jku` and `x5u` mean nothing.
            if key is None or header.get("alg") != key.algorithm or header.get("typ") != kind:
                return None
            claims = jwt.decode(token, key.key, algorithms=[key.algorithm]).claims
        except (JoseError, ValueError):
            return None
        return claims if claims.get("iss") == self.issuer else None
