"""NAVER Cloud's signature, version 2. https://api.ncloud-docs.com/docs/common-ncpapi"""

import hmac
from base64 import b64encode


def signature_of(method: str, target: str, timestamp: str, access_key: str, secret: str) -> str:
    """Return the signature of a request to *target*, path and query, and not of its body."""
    signed = f"{method} {target}\n{timestamp}\n{access_key}"
    return b64encode(hmac.digest(secret.encode(), signed.encode(), "sha256")).decode()
