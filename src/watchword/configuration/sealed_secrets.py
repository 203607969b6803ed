"""Secrets that travel in a document: sealed to one tenant's published key with HPKE."""

import base64
import binascii
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from watchword.configuration.errors import SealedSecretUnreadable
from watchword.core.keys import SecretKeys

# RFC 9180, 7: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM.
SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
INFO = b"watchword configuration secret 1 "


@dataclass(frozen=True)
class SealingKey:
    """The public key of a tenant; whoever has it can send a secret, and nobody can read one."""

    key_id: str
    raw: bytes

    @classmethod
    def parse(cls, text: str) -> "SealingKey":
        """Read `<key id>.<base64>`; raises SealedSecretUnreadable."""
        key_id, _, encoded = text.strip().partition(".")
        raw = _decoded(encoded)
        if not key_id or len(raw) != 32:
            raise SealedSecretUnreadable("this is no sealing key")
        return cls(key_id, raw)

    def __str__(self) -> str:
        return f"{self.key_id}.{_encoded(self.raw)}"

    def seal(self, secret: str, place: str) -> str:
        """Return *secret* for the owner of the key alone, at this *place* of a document alone."""
        key = X25519PublicKey.from_public_bytes(self.raw)
        return f"{self.key_id}.{_encoded(SUITE.encrypt(secret.encode(), key, _info(place)))}"


@dataclass(frozen=True)
class SealedSecrets:
    """Opens what was sealed to a tenant; the key is derived from the server's, so none is kept."""

    keys: SecretKeys
    tenant_id: str

    @property
    def published(self) -> SealingKey:
        """Return the public key that secrets for this tenant are sealed to."""
        key_id = self.keys.current_id
        return SealingKey(key_id, self._private(key_id).public_key().public_bytes_raw())

    def open(self, sealed: str, place: str) -> str:
        """Return the secret; raises SealedSecretUnreadable."""
        key_id, _, encoded = sealed.partition(".")
        if key_id not in self.keys.ids:
            raise SealedSecretUnreadable("it was sealed to a key that is not here")
        try:
            opened = SUITE.decrypt(_decoded(encoded), self._private(key_id), _info(place))
            return opened.decode()
        except (InvalidTag, ValueError):
            raise SealedSecretUnreadable("it does not open here") from None

    def _private(self, key_id: str) -> X25519PrivateKey:
        purpose = f"configuration secrets of {self.tenant_id}"
        return X25519PrivateKey.from_private_bytes(self.keys.derive(key_id, purpose))


def _info(place: str) -> bytes:
    return INFO + place.encode()


def _encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise SealedSecretUnreadable("this is not base64") from None
