"""Pages of the console for who is not signed in, or not yet again."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from watchword.web.console.desk import language_names
from watchword.web.scope import ServerScope
from watchword.web.templating import render

LANGUAGE_SECONDS = 365 * 24 * 3600


def plain_page(
    request: Request,
    server: ServerScope,
    template: str,
    *,
    status_code: int = 200,
    **context: Any,
) -> Response:
    """Return a page without the console's frame, in the language that the address asks for."""
    chosen = request.query_params.get("lang", "")
    if chosen in server.phrases.languages:
        request.state.languages = (chosen, *request.state.languages)
    response = render(
        request,
        f"console/{template}",
        status_code=status_code,
        languages=language_names(server),
        language_address=lambda tag: str(request.url.include_query_params(lang=tag)),
        **context,
    )
    if chosen in server.phrases.languages:
        remember_language(response, chosen)
    return response


def remember_language(response: Response, language: str) -> None:
    """Let the browser ask in this language from now on."""
    response.set_cookie("lang", language, max_age=LANGUAGE_SECONDS, path="/", samesite="lax")
