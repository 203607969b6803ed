"""Cookies: their names, their prefixes, and the several interactions one browser may hold."""

import json
from datetime import timedelta
from typing import Final
from urllib.parse import quote, unquote

import orjson
from starlette.requests import Request
from starlette.responses import Response

from watchword.web.scope import TenantScope

INTERACTION: Final = "_interaction"
SESSION: Final = "_session"
CONSOLE: Final = "_console"
LATEST: Final = "_latest"

INTERACTION_LIFETIME = timedelta(hours=1)
MOST_INTERACTIONS = 10


def is_https(request: Request) -> bool:
    """Tell whether the browser reached us by https (behind trusted proxies too)."""
    return bool(request.scope["scheme"] == "https")


def cookie_name(request: Request, name: str) -> str:
    """Return the name on the wire: `__Host-` binds it to this origin where there is https.

    To a browser all ports of a host are one, so a tenant with a port of its own adds it.
    """
    scope: TenantScope | None = getattr(request.state, "scope", None)
    if scope is not None and scope.tenant.port is not None:
        name = f"{name}_{scope.tenant.port}"
    return f"__Host-{name}" if is_https(request) else name


def read_cookie(request: Request, name: str) -> str | None:
    """Return a cookie's value, or None."""
    return request.cookies.get(cookie_name(request, name))


def write_cookie(
    request: Request, response: Response, name: str, value: str, lifetime: timedelta | None
) -> None:
    """Set an HttpOnly cookie for the whole origin."""
    response.set_cookie(
        cookie_name(request, name),
        value,
        max_age=None if lifetime is None else int(lifetime.total_seconds()),
        path="/",
        secure=is_https(request),
        httponly=True,
        samesite="lax",
    )


def delete_cookie(request: Request, response: Response, name: str) -> None:
    """Make the browser forget a cookie."""
    response.delete_cookie(
        cookie_name(request, name),
        path="/",
        secure=is_https(request),
        httponly=True,
        samesite="lax",
    )


def read_interaction_token(request: Request, app_id: str | None = None) -> str | None:
    """Return the token of this browser's interaction with *app_id*, or of its newest one."""
    tokens = _interactions(request)
    return tokens.get(app_id) if app_id else tokens.get(LATEST)


def holds_interaction_token(request: Request, token: str) -> bool:
    """Tell whether this browser began the interaction: another's must not sign it in."""
    return token in _interactions(request).values()


def interaction_tokens(request: Request) -> list[str]:
    """Return the tokens of every interaction that this browser began, the newest last."""
    return list(dict.fromkeys(_interactions(request).values()))


def write_interaction_token(
    request: Request,
    response: Response,
    app_id: str,
    token: str,
    *,
    organization_id: str | None = None,
    ui_locales: str = "",
) -> None:
    """Remember the interaction of *app_id* beside those of other applications."""
    tokens = _interactions(request)
    tokens.pop(LATEST, None)
    tokens.pop(app_id, None)
    newest = [*tokens.items(), (app_id, token)][-MOST_INTERACTIONS:]
    _write(request, response, {**dict(newest), LATEST: token})
    # The contract's readable cookie: a page of the tenant's own may ask for whom it is shown.
    told = {"appId": app_id, "organizationId": organization_id, "uiLocales": ui_locales}
    said = orjson.dumps({name: value for name, value in told.items() if value}).decode()
    # By hand: `set_cookie` would quote it, and what scripts read would be no JSON. Its values are
    # ids and language tags, which were checked.
    response.headers.append("Set-Cookie", f"_logto={said}; Path=/; SameSite=lax")


def forget_interaction_token(request: Request, response: Response, token: str) -> None:
    """Forget a finished interaction."""
    tokens = {app: value for app, value in _interactions(request).items() if value != token}
    if set(tokens) - {LATEST}:
        _write(request, response, tokens)
    else:
        delete_cookie(request, response, INTERACTION)


def _interactions(request: Request) -> dict[str, str]:
    raw = read_cookie(request, INTERACTION)
    if not raw or len(raw) > 4096:
        return {}
    try:
        # Not the standard library's parser: a browser may send any nesting and half a surrogate.
        tokens = orjson.loads(unquote(raw))
    except orjson.JSONDecodeError:
        return {}
    if not isinstance(tokens, dict):
        return {}
    return {app: value for app, value in tokens.items() if isinstance(value, str)}


def _write(request: Request, response: Response, tokens: dict[str, str]) -> None:
    value = quote(json.dumps(tokens, separators=(",", ":")), safe="")
    write_cookie(request, response, INTERACTION, value, INTERACTION_LIFETIME)
