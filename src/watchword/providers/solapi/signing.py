"""SOLAPI's signature of requests. https://docs.solapi.com/authentication/api-key"""

import hmac
from datetime import UTC, datetime


def authorization(api_key: str, api_secret: str, date: str, salt: str) -> str:
    """Return the header that signs *date* and *salt*, and neither address nor body."""
    signature = hmac.digest(api_secret.encode(), f"{date}{salt}".encode(), "sha256").hex()
    return f"HMAC-SHA256 ApiKey={api_key}, Date={date}, salt={salt}, signature={signature}"


def iso_date(moment: datetime) -> str:
    """Return ISO 8601 in UTC with milliseconds."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03}Z"
