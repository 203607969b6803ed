"""Plivo's signature of callbacks, version 3.

https://www.plivo.com/docs/messaging/concepts/signature-validation
"""

import hmac
from base64 import b64encode
from collections.abc import Iterable
from urllib.parse import parse_qsl, urlsplit, urlunsplit

Fields = Iterable[tuple[str, str]]


def signature_of(url: str, fields: Fields, nonce: str, secret: str) -> str:
    """Return the signature of a form that is posted to *url*."""
    signed = f"{_base(url, fields)}.{nonce}"
    return b64encode(hmac.digest(secret.encode(), signed.encode(), "sha256")).decode()


def is_signed(url: str, fields: Fields, nonce: str, signatures: str, secret: str) -> bool:
    """Tell whether one of *signatures*, with commas between, is right."""
    expected = signature_of(url, fields, nonce, secret).encode()
    found = [signature.strip().encode() for signature in signatures.split(",")]
    return any(hmac.compare_digest(expected, signature) for signature in found)


def _base(url: str, fields: Fields) -> str:
    parts = urlsplit(url)
    query = parse_qsl(parts.query, keep_blank_values=True)
    form = sorted(fields)
    base = urlunsplit(parts._replace(query="", fragment=""))
    if query or form:
        # The question mark stands there even where the address has no query.
        base += "?" + "&".join(f"{name}={value}" for name, value in sorted(query))
    if query and form:
        base += "."
    return base + "".join(name + value for name, value in form)
