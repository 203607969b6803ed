"""What is kept of a picture, and which bytes are one."""

import hashlib
import re
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

LARGEST = 256 * 1024
ADDRESSES = ("logoUrl", "darkLogoUrl", "favicon")
"""What pages show of a branding."""

Problem = Literal["refused", "unreachable", "not_found", "moved", "unreadable", "not_a_picture"]
"""Why there is no picture; the console has a sentence for each."""

SIGNATURES = (
    (re.compile(rb"\x89PNG\r\n\x1a\n"), "image/png"),
    (re.compile(rb"\xff\xd8\xff"), "image/jpeg"),
    (re.compile(rb"GIF8[79]a"), "image/gif"),
    (re.compile(rb"RIFF.{4}WEBP", re.DOTALL), "image/webp"),
    (re.compile(rb"\x00\x00\x01\x00[\x01-\xff]\x00"), "image/x-icon"),
    # Nothing is tried twice, however a text is made that is none.
    (
        re.compile(
            rb"(?:\xef\xbb\xbf)?+(?:\s++|<\?xml[^>]*+>|<!--(?>.*?-->)"
            rb"|<!DOCTYPE\s++svg[^>\[]*+(?:\[[^\]]*+\]\s*+)?+>)*+<svg[\s>]",
            re.DOTALL,
        ),
        "image/svg+xml",
    ),
)


@dataclass(frozen=True)
class Known:
    """What came of an address: the picture's id, or why there is none."""

    picture_id: str | None
    problem: Problem | None
    fetched_at: datetime


@dataclass(frozen=True)
class Picture:
    """A picture as it is served."""

    content_type: str
    content: bytes

    @classmethod
    def of(cls, content: bytes) -> "Picture | None":
        """Return the picture that *content* is, whatever its sender called it; None for none."""
        for signature, content_type in SIGNATURES:
            if signature.match(content):
                return cls(content_type, content)
        return None

    @property
    def id(self) -> str:
        """Return what it is asked for by: another picture has another, so it can be kept."""
        return hashlib.sha256(self.content).hexdigest()[:32]

    @property
    def data_uri(self) -> str:
        """Return it as text, for a page that may ask no host for anything."""
        return f"data:{self.content_type};base64,{b64encode(self.content).decode()}"


def digest_of(address: str) -> str:
    """Return the short name of an address, which may be long."""
    return hashlib.sha256(address.encode()).hexdigest()[:32]


def addresses_of(branding: Mapping[str, Any]) -> set[str]:
    """Return the addresses of the pictures in a branding, as the contract writes it."""
    return {branding[name] for name in ADDRESSES if branding.get(name)}
