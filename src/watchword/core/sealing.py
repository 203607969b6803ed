"""Sealing: what must be read again is encrypted, and bound to the place it stands in."""

import base64
import binascii
import os
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from watchword.core.errors import DomainError
from watchword.core.keys import SecretKeys

NONCE_BYTES = 12  # NIST SP 800-38D, 5.2.1.1


class SealBroken(DomainError):
    """A sealed value was changed, or moved to another row or field."""

    code = "server.seal_broken"


@dataclass(frozen=True)
class Sealer:
    """AES-256-GCM with the key id in front and the place of the value as associated data."""

    keys: SecretKeys
    purpose: str

    def seal(self, plaintext: str, *place: str) -> str:
        """Return `<key id>.<base64>`; it opens only at the same *place*."""
        key_id = self.keys.current_id
        nonce = os.urandom(NONCE_BYTES)
        box = AESGCM(self._key(key_id)).encrypt(nonce, plaintext.encode(), _place(place))
        return f"{key_id}.{base64.urlsafe_b64encode(nonce + box).decode()}"

    def unseal(self, sealed: str, *place: str) -> str:
        """Return the plaintext; raises SealBroken or UnknownKey."""
        key_id, _, encoded = sealed.partition(".")
        try:
            raw = base64.urlsafe_b64decode(encoded)
            box = AESGCM(self._key(key_id)).decrypt(
                raw[:NONCE_BYTES], raw[NONCE_BYTES:], _place(place)
            )
        except (InvalidTag, binascii.Error, ValueError):
            raise SealBroken(f"a value sealed for {self.purpose} does not open here") from None
        return box.decode()

    def is_current(self, sealed: str) -> bool:
        """Tell whether *sealed* was made with the current key."""
        return sealed.startswith(f"{self.keys.current_id}.")

    def _key(self, key_id: str) -> bytes:
        return self.keys.derive(key_id, f"seal {self.purpose}")


def _place(parts: tuple[str, ...]) -> bytes:
    return b"".join(len(part.encode()).to_bytes(4, "big") + part.encode() for part in parts)
