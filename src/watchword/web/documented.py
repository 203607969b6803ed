"""Which errors a route answers with, for the OpenAPI document."""

from typing import Any

from watchword.core.errors import DomainError
from watchword.web.problems import STATUS_BY_CODE

PROBLEM: dict[str, Any] = {
    "type": "object",
    "required": ["code", "message"],
    "properties": {
        "code": {"type": "string"},
        "message": {"type": "string", "description": "In the caller's language; may be reworded."},
        "data": {},
        "details": {"type": "string"},
    },
}
# Every route that reads something can answer with these.
ANYWHERE = {"guard.invalid_input": 400, "server.storage_unavailable": 503}

# What a provider that people sign in with can make of it, by the contract's code.
AT_PROVIDER = (
    "connector.authorization_failed",
    "connector.general",
    "connector.invalid_config",
    "connector.rate_limit_exceeded",
    "connector.social_auth_code_invalid",
    "connector.social_invalid_access_token",
    "connector.social_invalid_id_token",
)


def problems(*errors: type[DomainError], codes: tuple[str, ...] = ()) -> dict[int | str, Any]:
    """Return the responses of a route that raises *errors*, or what has one of *codes*."""
    by_status: dict[int, set[str]] = {}
    for error in errors:
        status = getattr(error, "status", None) or STATUS_BY_CODE.get(error.code, 400)
        by_status.setdefault(int(status), set()).add(error.code)
    for code in codes:
        by_status.setdefault(STATUS_BY_CODE.get(code, 400), set()).add(code)
    for code, status in ANYWHERE.items():
        by_status.setdefault(status, set()).add(code)
    return {status: answer_of(sorted(named)) for status, named in sorted(by_status.items())}


def answer_of(codes: list[str]) -> dict[str, Any]:
    """Return the answer whose body has one of *codes*."""
    schema = {**PROBLEM, "properties": {**PROBLEM["properties"], "code": {"enum": codes}}}
    return {
        "description": ", ".join(f"`{code}`" for code in codes),
        "content": {"application/json": {"schema": schema}},
    }
