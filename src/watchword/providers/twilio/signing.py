"""Twilio's signature of callbacks. https://www.twilio.com/docs/usage/security"""

import hmac
from base64 import b64encode
from collections.abc import Iterable, Sequence
from urllib.parse import urlsplit, urlunsplit

DEFAULT_PORTS = {"https": 443, "http": 80}


def signature_of(
    url: str, fields: Sequence[tuple[str, str]], secret: str, algorithm: str = "sha1"
) -> str:
    """Return the signature of a form that is posted to *url*."""
    signed = url + "".join(name + value for name, value in sorted(set(fields)))
    return b64encode(hmac.digest(secret.encode(), signed.encode(), algorithm)).decode()


def is_signed(
    url: str,
    fields: Sequence[tuple[str, str]],
    signature: str,
    secret: str,
    algorithm: str = "sha1",
) -> bool:
    """Tell whether *signature* is right, for one of the spellings of the address."""
    return any(
        hmac.compare_digest(
            signature_of(spelling, fields, secret, algorithm).encode(), signature.encode()
        )
        for spelling in spellings(url)
    )


def spellings(url: str) -> Iterable[str]:
    """Yield *url* with and without its port: Twilio signs either, whatever it calls."""
    yield url
    parts = urlsplit(url)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname or ""
    port = parts.port
    if port is not None:
        yield urlunsplit(parts._replace(netloc=host))
    elif parts.scheme in DEFAULT_PORTS:
        yield urlunsplit(parts._replace(netloc=f"{host}:{DEFAULT_PORTS[parts.scheme]}"))
