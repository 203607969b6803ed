"""Signing in for the account pages: an ordinary sign-in, through a built-in application."""

from urllib.parse import urlencode, urlsplit

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from watchword.applications.models import ACCOUNT_APP_ID
from watchword.core.ids import new_token
from watchword.web.account_pages.options import Options
from watchword.web.pages.visit import redirect
from watchword.web.scope import TenantScope

router = APIRouter(include_in_schema=False)

SIGNED_IN = "/account/signed-in"
LONGEST_STATE = 4096


def sign_in_address(request: Request) -> str:
    """Return where the person signs in and comes back to this page from."""
    scope: TenantScope = request.state.scope
    path = request.url.path
    if request.method != "GET":
        # A form can't be posted again after a sign-in; its page can be shown again.
        path = _page_of(path)
    options = Options.of(request)
    asked = {"ui_locales": " ".join(options.locales)} if options.locales else {}
    query = {
        "client_id": ACCOUNT_APP_ID,
        "redirect_uri": f"{scope.origin}{SIGNED_IN}",
        "response_type": "code",
        "scope": "openid",
        # Nobody exchanges the code: what the pages need is the session. So the challenge is one
        # that no verifier answers.
        "code_challenge": new_token(),
        "code_challenge_method": "S256",
        "state": options.address(path)[:LONGEST_STATE],
        **asked,
    }
    return f"/oidc/auth?{urlencode(query)}"


@router.get(SIGNED_IN)
async def come_back(request: Request) -> Response:
    """Go to the page that the person wanted before they signed in."""
    return redirect(page_in(request.query_params.get("state", "")))


def page_in(state: str) -> str:
    """Return the account page that *state* names; the hub where it names anything else."""
    parts = urlsplit(state) if state.isprintable() else urlsplit("")
    is_ours = (
        not parts.scheme
        and not parts.netloc
        and (parts.path == "/account" or parts.path.startswith("/account/"))
        and parts.path != SIGNED_IN
        and "\\" not in state
    )
    return state if is_ours else "/account"


def _page_of(path: str) -> str:
    name = path.removeprefix("/account/").partition("/")[0]
    return f"/account/{name}" if name in {"phone", "email", "username", "password"} else "/account"
