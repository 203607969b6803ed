"""Codes of authenticator apps (RFC 6238)."""

import re
import secrets
from datetime import datetime

import pyotp

STEP_SECONDS = 30  # RFC 6238, 5.2
SIX_DIGITS = re.compile(r"[0-9]{6}")


def step_of(secret: str, typed: str, now: datetime) -> int | None:
    """Return the time step that a code belongs to: the present one, or one to either side."""
    code = re.sub(r"[\s-]", "", typed)
    if not SIX_DIGITS.fullmatch(code):
        return None
    totp = pyotp.TOTP(secret)
    present = int(now.timestamp()) // STEP_SECONDS
    steps = (present, present - 1, present + 1)
    return next(
        (step for step in steps if secrets.compare_digest(totp.at(step * STEP_SECONDS), code)),
        None,
    )
