"""The demo application: a small public client, to see what an application receives."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from watchword.applications.models import DEMO_APP_ID
from watchword.oidc.authorize import PROMPTS
from watchword.oidc.models import OFFLINE_ACCESS, SCOPES
from watchword.web.pages.visit import PageRoute
from watchword.web.problems import phrases_of
from watchword.web.scope import Scope
from watchword.web.templating import render

router = APIRouter(route_class=PageRoute, include_in_schema=False)


@router.get("/demo-app")
async def demo_app(request: Request, scope: Scope) -> Response:
    """Show the demo application on the tenant's own origin."""
    here = f"{request.url.scheme}://{request.url.netloc}"
    if here != scope.origin:
        # Its redirect URI is on the issuer's origin, and so must be what the page remembers.
        return RedirectResponse(f"{scope.origin}/demo-app", 307)
    phrases = phrases_of(request)
    return render(
        request,
        "demo_app/page.html",
        issuer=scope.issuer,
        client_id=DEMO_APP_ID,
        redirect_uri=f"{scope.origin}/demo-app",
        scopes=[name for name in SCOPES if name != OFFLINE_ACCESS],
        prompts=[prompt for prompt in PROMPTS if prompt != "select_account"],
        languages=[(tag, phrases.name_of(tag)) for tag in sorted(phrases.languages)],
    )
