"""Alibaba Cloud's two request signatures, which both prove the access key.

V1: https://help.aliyun.com/zh/sdk/product-overview/rpc-mechanism
V3: https://help.aliyun.com/zh/sdk/product-overview/v3-request-structure-and-signature
"""

import hashlib
import hmac
from base64 import b64encode
from collections.abc import Mapping
from urllib.parse import quote

ALGORITHM = "ACS3-HMAC-SHA256"


def encoded(text: str) -> str:
    """Return *text* as RFC 3986 escapes it: a space is `%20`, and `~` stays."""
    return quote(text, safe="-_.~")


def query_of(parameters: Mapping[str, str]) -> str:
    """Return the parameters sorted by name and escaped, as both signatures want them."""
    return "&".join(f"{encoded(name)}={encoded(parameters[name])}" for name in sorted(parameters))


def string_to_sign_v1(parameters: Mapping[str, str], method: str = "POST") -> str:
    """Return what V1 signs: the method, the path `/` and the parameters, escaped once more."""
    return "&".join((method, encoded("/"), encoded(query_of(parameters))))


def signature_v1(parameters: Mapping[str, str], secret: str, method: str = "POST") -> str:
    """Return the parameter `Signature` of V1 (HMAC-SHA1)."""
    signed = string_to_sign_v1(parameters, method).encode()
    return b64encode(hmac.digest(f"{secret}&".encode(), signed, "sha1")).decode()


def canonical_request_v3(
    method: str, path: str, query: Mapping[str, str], headers: Mapping[str, str]
) -> str:
    """Return what V3 signs; *headers* are all that are signed, in lower case."""
    names = sorted(headers)
    lines = "".join(f"{name}:{headers[name].strip()}\n" for name in names)
    body_hash = headers["x-acs-content-sha256"]
    return "\n".join((method, path, query_of(query), lines, ";".join(names), body_hash))


def authorization_v3(
    key_id: str, secret: str, canonical_request: str, signed_headers: Mapping[str, str]
) -> str:
    """Return the `Authorization` header of V3 (HMAC-SHA256)."""
    digest = hashlib.sha256(canonical_request.encode()).hexdigest()
    signature = hmac.digest(secret.encode(), f"{ALGORITHM}\n{digest}".encode(), "sha256").hex()
    names = ";".join(sorted(signed_headers))
    return f"{ALGORITHM} Credential={key_id},SignedHeaders={names},Signature={signature}"
