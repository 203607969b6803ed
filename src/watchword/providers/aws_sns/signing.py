"""AWS Signature Version 4.

https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html
"""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field

ALGORITHM = "AWS4-HMAC-SHA256"


@dataclass(frozen=True, kw_only=True)
class Signer:
    """Signs requests to one service in one region."""

    access_key_id: str
    secret: str = field(repr=False)
    region: str
    service: str

    def authorization(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes, query: str = ""
    ) -> str:
        """Return the header that signs a request; *headers* hold `x-amz-date`, and are all signed.

        Path and query come as they are sent, the query sorted by name.
        """
        moment = headers["x-amz-date"]
        scope = self._scope(moment)
        canonical = canonical_request(method, path, headers, body, query)
        signature = _mac(self.key(moment), string_to_sign(moment, scope, canonical)).hex()
        return (
            f"{ALGORITHM} Credential={self.access_key_id}/{scope}, "
            f"SignedHeaders={_names(headers)}, Signature={signature}"
        )

    def key(self, moment: str) -> bytes:
        """Return the key of one day, region and service."""
        key = f"AWS4{self.secret}".encode()
        for part in self._scope(moment).split("/"):
            key = _mac(key, part)
        return key

    def _scope(self, moment: str) -> str:
        return f"{moment[:8]}/{self.region}/{self.service}/aws4_request"


def canonical_request(
    method: str, path: str, headers: Mapping[str, str], body: bytes, query: str = ""
) -> str:
    """Return the one spelling of a request that both sides sign."""
    lines = (f"{name}:{' '.join(headers[name].split())}" for name in sorted(headers))
    return "\n".join(
        (method, path, query, *lines, "", _names(headers), hashlib.sha256(body).hexdigest())
    )


def string_to_sign(moment: str, scope: str, canonical: str) -> str:
    """Return what the key of the day signs."""
    return "\n".join((ALGORITHM, moment, scope, hashlib.sha256(canonical.encode()).hexdigest()))


def _names(headers: Mapping[str, str]) -> str:
    return ";".join(sorted(headers))


def _mac(key: bytes, text: str) -> bytes:
    return hmac.digest(key, text.encode(), "sha256")
