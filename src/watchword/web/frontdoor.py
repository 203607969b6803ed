"""The first thing a request meets: whose it is, who asks, and what it is called in logs."""

import ipaddress
import re
import time
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from watchword.core.context import RequestContext, asked_by, correlation_id
from watchword.core.errors import DomainError
from watchword.core.ids import new_id
from watchword.core.logs import structlog
from watchword.core.phrases import parse_accept_language
from watchword.web.metrics import REQUEST_SECONDS
from watchword.web.problems import on_crash, on_domain_error
from watchword.web.scope import ServerScope, TenantScope

log = structlog.get_logger("watchword.access")

ANY_HOST = ("/health/", "/metrics", "/static/")
GIVEN_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
}


class UnknownHost(DomainError):
    """No tenant of this server has this host name."""

    code = "tenant.unknown_host"


@dataclass(frozen=True)
class Origin:
    """Where a request came from and to, once forwarding headers of trusted proxies are read."""

    client_ip: str | None
    scheme: str
    host: str


class FrontDoor:
    """ASGI middleware: correlation id, forwarded address, tenant, access log and timing."""

    def __init__(self, app: ASGIApp, server: ServerScope) -> None:
        self.app = app
        self.server = server

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Prepare `request.state`, then hand on."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = time.perf_counter()
        headers = Headers(scope=scope)
        name = self._name_request(headers)
        correlation_id.set(name)
        origin = self._origin(scope, headers)
        scope["scheme"] = origin.scheme
        _set_host(scope, origin.host)
        state: dict[str, Any] = scope.setdefault("state", {})
        accepted = tuple(parse_accept_language(headers.get("accept-language", "")))
        context = RequestContext(
            client_ip=origin.client_ip,
            languages=accepted,
            user_agent=headers.get("user-agent", "")[:512],
            correlation_id=name,
        )
        asked_by.set(context)
        state.update(
            correlation_id=name,
            languages=(*_chosen_language(headers), *accepted),
            context=context,
        )
        status = 0

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                answered = MutableHeaders(scope=message)
                answered["X-Correlation-Id"] = name
                for header, value in HEADERS.items():
                    answered.setdefault(header, value)
                if origin.scheme == "https":
                    answered["Strict-Transport-Security"] = "max-age=31536000"
            await send(message)

        with structlog.contextvars.bound_contextvars(correlation_id=name):
            try:
                await self._handle(scope, receive, answer, origin)
            except Exception as error:
                if status:
                    raise
                # Answered here, where the request still has its name; further out it has none.
                crash = await on_crash(Request(scope), error)
                await crash(scope, receive, answer)
            finally:
                seconds = time.perf_counter() - started
                route = getattr(scope.get("route"), "path", "")
                REQUEST_SECONDS.labels(scope["method"], route, str(status)).observe(seconds)
                log.info(
                    "request",
                    method=scope["method"],
                    route=route or scope["path"].split("/")[1],
                    status=status,
                    ms=round(seconds * 1000, 1),
                )

    async def _handle(self, scope: Scope, receive: Receive, send: Send, origin: Origin) -> None:
        if not scope["path"].startswith(ANY_HOST):
            tenant = self.server.tenant_of_host(origin.host)
            if tenant is None:
                refusal = await on_domain_error(Request(scope), UnknownHost(origin.host))
                await refusal(scope, receive, send)
                return
            try:
                tenant_scope = await self.server.scope_of(tenant.id)
            except DomainError as error:
                refusal = await on_domain_error(Request(scope), error)
                await refusal(scope, receive, send)
                return
            scope["state"]["scope"] = tenant_scope
            info = tenant_scope.settings.language_info
            scope["state"]["fallback_language"] = info.fallback_language
            if not scope["path"].startswith("/console"):
                _speak(scope["state"], tenant_scope, Headers(scope=scope))
        read = _as_a_get(scope)
        try:
            await self.app(read, receive, send)
        finally:
            # What is counted and logged goes by the route that answered.
            scope["route"] = read.get("route")

    def _name_request(self, headers: Headers) -> str:
        given = headers.get("x-correlation-id", "")
        return given if GIVEN_ID.fullmatch(given) else new_id()

    def _origin(self, scope: Scope, headers: Headers) -> Origin:
        peer = scope["client"][0] if scope.get("client") else None
        forwarded = headers.get("x-forwarded-for")
        host = headers.get("host", "")
        if not self._is_trusted(peer):
            if forwarded is not None or "x-forwarded-host" in headers:
                self.server.warnings.add("forwarding_header_from_untrusted_address")
            return Origin(peer, scope["scheme"], host)
        client_ip = peer
        # From the right: the first address that is not one of our proxies is the client's.
        for address in reversed((forwarded or "").split(",")):
            candidate = address.strip()
            if _address(candidate) is None:
                break
            client_ip = candidate
            if not self._is_trusted(candidate):
                break
        scheme = headers.get("x-forwarded-proto", scope["scheme"])
        return Origin(
            client_ip,
            scheme if scheme in {"http", "https"} else scope["scheme"],
            headers.get("x-forwarded-host", host),
        )

    def _is_trusted(self, address: str | None) -> bool:
        networks = self.server.trusted_proxies
        if not networks or address is None:
            return False
        parsed = _address(address)
        return parsed is not None and any(parsed in network for network in networks)


def _speak(state: dict[str, Any], tenant: TenantScope, headers: Headers) -> None:
    """Let what is answered be in the tenant's words, and in the language that it chooses."""
    state["phrases"] = tenant.phrases
    if not tenant.settings.language_info.auto_detect:
        state["languages"] = _chosen_language(headers)
        state["context"] = replace(state["context"], languages=())


def _as_a_get(scope: Scope) -> Scope:
    # RFC 9110, 9.3.2: whatever can be read answers HEAD as it does GET; the server leaves the body
    # out. Under `/oidc` tokens come and go with a GET, so each address there says what it takes.
    if scope["method"] != "HEAD" or scope["path"].startswith("/oidc/"):
        return scope
    return {**scope, "method": "GET"}


def _chosen_language(headers: Headers) -> tuple[str, ...]:
    return tuple(
        value
        for name, _, value in (
            item.strip().partition("=") for item in headers.get("cookie", "").split(";")
        )
        if name == "lang" and len(value) <= 16
    )


# A person asks several times, and a proxy always.
@lru_cache(maxsize=4096)
def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def _set_host(scope: Scope, host: str) -> None:
    others = [(name, value) for name, value in scope["headers"] if name != b"host"]
    scope["headers"] = [(b"host", host.encode("latin-1")), *others]
