"""The server's secret keys, and one derived key per purpose."""

import base64
import binascii
import os
import re
from dataclasses import dataclass, field
from functools import lru_cache

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from watchword.core.errors import DomainError

KEY_ID = re.compile(r"[A-Za-z0-9_-]{1,32}")


class UnknownKey(DomainError):
    """A sealed value or digest names a key this server was not given."""

    code = "server.unknown_key"


@dataclass(frozen=True)
class SecretKeys:
    """The listed keys by id; the first seals and digests, all of them open and match."""

    keys: dict[str, bytes] = field(repr=False)

    @classmethod
    def parse(cls, text: str) -> "SecretKeys":
        """Read `<key id>:<base64 of 32 bytes>,…`; raises ValueError without repeating a key."""
        keys: dict[str, bytes] = {}
        for number, item in enumerate(text.split(","), start=1):
            key_id, colon, encoded = item.strip().partition(":")
            if not colon:
                # What stands here may be a key without its id: the message must not show it.
                raise ValueError(f"key {number} is not written as <key id>:<base64 of 32 bytes>")
            if not KEY_ID.fullmatch(key_id):
                raise ValueError(f"key {number} needs an id of letters, digits, '-' or '_'")
            try:
                secret = base64.b64decode(encoded, validate=True)
            except binascii.Error:
                raise ValueError(f"key {key_id!r} is not base64") from None
            if len(secret) != 32:
                raise ValueError(f"key {key_id!r} has {len(secret)} bytes; it needs 32")
            if key_id in keys:
                raise ValueError(f"key id {key_id!r} is listed twice")
            keys[key_id] = secret
        return cls(keys)

    @staticmethod
    def generate(key_id: str) -> str:
        """Return a new random key in the written form, `<key id>:<base64>`."""
        return f"{key_id}:{base64.b64encode(os.urandom(32)).decode()}"

    @property
    def current_id(self) -> str:
        """Return the id of the key that seals new values."""
        return next(iter(self.keys))

    @property
    def ids(self) -> tuple[str, ...]:
        """Return every listed id, the current one first."""
        return tuple(self.keys)

    def derive(self, key_id: str, purpose: str) -> bytes:
        """Return 32 bytes for *purpose* under the key *key_id*; raises UnknownKey."""
        try:
            root = self.keys[key_id]
        except KeyError:
            raise UnknownKey(f"the key {key_id!r} is not in WATCHWORD_SECRET_KEYS") from None
        return _derive(root, purpose)


@lru_cache(maxsize=256)
def _derive(root: bytes, purpose: str) -> bytes:
    # RFC 5869. The roots are uniformly random, so no salt is needed.
    return HKDF(
        algorithm=SHA256(), length=32, salt=None, info=f"watchword {purpose}".encode()
    ).derive(root)
