"""What protects every page: content policy, same-origin posts, body limits."""

import re
import secrets

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from watchword.core.errors import DomainError
from watchword.web.problems import on_domain_error

DECIMAL = re.compile(r"[0-9]{1,18}")
MAX_BODY = 1024 * 1024
SMALL_BODY = 64 * 1024
"""Bodies of end users' routes; what `LARGE` names may be longer."""
LARGE = (
    "/console/",
    "/api/account-center",
    "/api/configuration",
    "/api/connectors",
    "/api/custom-phrases",
    "/api/sign-in-exp",
)
"""Where style sheets, templates, texts and whole configurations come in."""


class CrossOrigin(DomainError):
    """A form was posted from another site, or without saying from where."""

    code = "request.cross_origin"


class BodyTooLarge(DomainError):
    """The body is longer than this route takes."""

    code = "request.body_too_large"


def nonce_of(request: Request) -> str:
    """Return this response's nonce for the one inline style that carries the tenant's colours."""
    if not hasattr(request.state, "nonce"):
        request.state.nonce = secrets.token_urlsafe(16)
    return str(request.state.nonce)


def content_policy(nonce: str, *, frame_ancestors: str = "'none'", frames: str = "") -> str:
    """Return a strict Content-Security-Policy: a page asks no other host for anything."""
    return "; ".join(
        (
            "default-src 'none'",
            f"style-src 'self' 'nonce-{nonce}'",
            f"script-src 'self' 'nonce-{nonce}'",
            "img-src 'self' data:",
            "connect-src 'self'",
            "font-src 'self'",
            "manifest-src 'self'",
            *((f"frame-src {frames}",) if frames else ()),
            f"frame-ancestors {frame_ancestors}",
            "base-uri 'none'",
        )
    )


def preview_policy(nonce: str) -> str:
    """Return the policy of a page that is only looked at, in a frame of the console.

    It is of an origin of its own, even when its address is opened in a tab: what a tenant puts
    on its pages comes near no operator's cookies. It posts nothing, asks nobody for anything and
    leads nowhere.
    """
    return "; ".join(
        (
            "default-src 'none'",
            f"style-src 'nonce-{nonce}'",
            f"script-src 'nonce-{nonce}'",
            "img-src data:",
            "form-action 'none'",
            "frame-ancestors 'self'",
            "base-uri 'none'",
            "sandbox allow-scripts",
        )
    )


def require_same_origin(request: Request) -> None:
    """Refuse a post that another site's page made: sibling tenants are same-site to browsers."""
    site = request.headers.get("sec-fetch-site")
    if site not in {None, "same-origin", "none"}:
        raise CrossOrigin(f"Sec-Fetch-Site: {site}")
    origin = request.headers.get("origin")
    if origin is None or origin == "null":
        # Old browsers send neither header on same-origin posts; the form's token still holds.
        if origin == "null" and site != "same-origin":
            raise CrossOrigin("Origin: null")
        return
    if origin != f"{request.url.scheme}://{request.url.netloc}":
        raise CrossOrigin(f"Origin: {origin}")


class BodyLimit:
    """ASGI middleware that refuses long bodies before anything reads them."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse by Content-Length at once; count what comes without one."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        limit = MAX_BODY if scope["path"].startswith(LARGE) else SMALL_BODY
        declared = Headers(scope=scope).get("content-length", "")
        if DECIMAL.fullmatch(declared) and int(declared) > limit:
            refusal = await on_domain_error(Request(scope), BodyTooLarge())
            await refusal(scope, receive, send)
            return
        seen = 0

        async def limited() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > limit:
                raise BodyTooLarge
            return message

        await self.app(scope, limited, send)
