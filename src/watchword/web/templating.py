"""Pages: one Jinja environment, with phrases, icons and hashed static files."""

import gzip
import hashlib
from datetime import datetime
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any, Literal

from babel.dates import (
    format_date,
    format_time,
    format_timedelta,
    get_datetime_format,
    get_time_format,
)
from jinja2 import Environment, PackageLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse

from watchword.core.phrases import Phrases, locale_of
from watchword.web.problems import language_of, phrases_of
from watchword.web.security import content_policy, nonce_of, preview_policy

Clock = Literal["medium", "short"]
"""A time with its seconds, or without."""

STATIC = files("watchword").joinpath("static")


@cache
def static_hash(name: str) -> str:
    """Return a short hash of a static file: it is part of its address, so it caches forever."""
    return hashlib.sha256(STATIC.joinpath(name).read_bytes()).hexdigest()[:12]


def static_url(name: str) -> str:
    """Return the address of a static file."""
    return f"/static/{static_hash(name)}/{name}"


@cache
def static_text(name: str) -> Markup:
    """Return a static text file, to be written into a page."""
    return Markup(STATIC.joinpath(name).read_text(encoding="utf-8"))  # noqa: S704  # our own file


@pass_context
def _translate(context: Context, key: str, **values: Any) -> str:
    phrases: Phrases = context["phrases"]
    return phrases.text(context["lang"], key, **values)


@pass_context
def _moment(context: Context, moment: Any, clock: Clock = "medium") -> str:
    return moment_text(context["lang"], moment, clock)


def moment_text(language: str, moment: datetime, clock: Clock = "medium") -> str:
    """Return day and time as *language* writes them."""
    day = format_date(moment, "medium", locale=locale_of(language))
    time = format_time(moment, _clock(language, clock), locale=locale_of(language))
    return _day_and_time(language).format(time, day)


@pass_context
def _ago(context: Context, moment: Any) -> str:
    delta = moment - context["now"]
    return str(format_timedelta(delta, add_direction=True, locale=locale_of(context["lang"])))


@lru_cache(maxsize=256)
def _direction(language: str) -> str:
    rtl = locale_of(language).character_order == "right-to-left"
    return "rtl" if rtl else "ltr"


@lru_cache(maxsize=256)
def _clock(language: str, length: Clock) -> str:
    # The short names of morning and afternoon are English in Korean; the long ones are 오전, 오후.
    return str(get_time_format(length, locale=locale_of(language)).pattern).replace("a", "aaaa")


@lru_cache(maxsize=256)
def _day_and_time(language: str) -> str:
    return str(get_datetime_format("medium", locale=locale_of(language))).replace("'", "")


@lru_cache(maxsize=1)
def environment() -> Environment:
    """Return the environment; templates are compiled once a process."""
    made = Environment(
        loader=PackageLoader("watchword", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.globals.update(
        t=_translate, static=static_url, static_text=static_text, moment=_moment, ago=_ago
    )
    return made


def only_look(request: Request, theme: str) -> None:
    """Let this request's page be one to look at, light or dark, in a frame of the console."""
    request.state.preview_theme = theme


def preview_theme_of(request: Request) -> str | None:
    """Return the theme of a page that is only looked at; None for one that works."""
    return getattr(request.state, "preview_theme", None)


def render(
    request: Request,
    template: str,
    *,
    status_code: int = 200,
    headers: dict[str, str] | None = None,
    frame_ancestors: str = "'none'",
    frames: str = "",
    **context: Any,
) -> HTMLResponse:
    """Return *template* as a page with its content policy."""
    server = request.app.state.server
    nonce = nonce_of(request)
    theme = preview_theme_of(request)
    policy = (
        preview_policy(nonce)
        if theme
        else content_policy(nonce, frame_ancestors=frame_ancestors, frames=frames)
    )
    page = environment().get_template(template)
    values = {
        "request": request,
        "phrases": phrases_of(request),
        "lang": (language := language_of(request)),
        "direction": _direction(language),
        "nonce": nonce,
        "preview_theme": theme,
        "now": server.clock.now(),
        "correlation_id": getattr(request.state, "correlation_id", ""),
        **context,
    }
    body = page.render(values).encode()
    headers = dict(headers or {})
    if "gzip" in request.headers.get("accept-encoding", ""):
        body = gzip.compress(body, 5, mtime=0)
        headers["Content-Encoding"] = "gzip"
    return HTMLResponse(
        body,
        status_code,
        headers={
            "Content-Security-Policy": policy,
            "Cache-Control": "no-store",
            "Content-Language": values["lang"],
            "Vary": "Accept-Encoding, Accept-Language, Cookie",
            **headers,
        },
    )
