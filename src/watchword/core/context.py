"""Who is asking: what services may know of a request without knowing HTTP."""

from contextvars import ContextVar
from dataclasses import dataclass

correlation_id: ContextVar[str | None] = ContextVar("correlation_id", default=None)
"""Names one request in logs, audit rows, messages and on error pages."""


@dataclass(frozen=True)
class RequestContext:
    """The caller's address (behind trusted proxies), languages (best first) and browser."""

    client_ip: str | None
    languages: tuple[str, ...]
    """What the caller's program asks for, where the tenant follows it."""
    user_agent: str
    correlation_id: str
    page_language: str | None = None
    """The language of the page that the person is looking at, if it is one of ours."""


asked_by: ContextVar[RequestContext | None] = ContextVar("asked_by", default=None)
"""Who sent the request that is being answered; the audit log notes their address and browser."""
