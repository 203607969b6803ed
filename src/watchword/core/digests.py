"""Digests: what is compared is never stored as it is."""

import base64
import hashlib
import hmac
from dataclasses import dataclass

from watchword.core.keys import SecretKeys


def digest_of_token(token: str) -> str:
    """Return the digest of a bearer secret; its 256 bits make a plain SHA-256 enough."""
    return base64.urlsafe_b64encode(hashlib.sha256(token.encode()).digest()).rstrip(b"=").decode()


@dataclass(frozen=True)
class KeyedDigest:
    """HMAC-SHA-256 under the server's keys, for values that could be guessed."""

    keys: SecretKeys
    purpose: str

    def of(self, *parts: str, key_id: str | None = None) -> str:
        """Return `<key id>.<digest>` of *parts* under one key, the current one unless named."""
        key_id = key_id or self.keys.current_id
        key = self.keys.derive(key_id, f"digest {self.purpose}")
        # Lengths go in front, so that ("ab", "c") and ("a", "bc") differ.
        message = b"".join(len(part.encode()).to_bytes(4, "big") + part.encode() for part in parts)
        digest = hmac.digest(key, message, "sha256")
        return f"{key_id}.{base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}"

    def all_of(self, *parts: str) -> tuple[str, ...]:
        """Return the digest under every listed key, the current one first."""
        return tuple(self.of(*parts, key_id=key_id) for key_id in self.keys.ids)

    def matches(self, stored: str, *parts: str) -> bool:
        """Compare in constant time, under the key that *stored* names; raises UnknownKey."""
        key_id = stored.partition(".")[0]
        return hmac.compare_digest(stored, self.of(*parts, key_id=key_id))


def key_id_of(stored: str) -> str:
    """Return the id of the key a keyed digest or sealed value was made with."""
    return stored.partition(".")[0]
