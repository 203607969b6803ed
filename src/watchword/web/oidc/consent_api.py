"""Consent as JSON, for consent pages of one's own."""

from typing import Any

from fastapi import APIRouter
from starlette.requests import Request

from watchword.web.cookies import SESSION, read_cookie
from watchword.web.experience.visit import Arrived
from watchword.web.models import ApiModel
from watchword.web.scope import Scope

router = APIRouter(prefix="/api/interaction/consent", include_in_schema=False)


class Consented(ApiModel):
    """Where the browser goes once the person has agreed."""

    redirect_to: str


@router.get("")
async def describe(request: Request, arrival: Arrived, scope: Scope) -> dict[str, Any]:
    """Return who asks, and for what."""
    asked = (await arrival.interactions.load(arrival.token)).request
    question = await scope.oidc.consent_question(asked, read_cookie(request, SESSION))
    application = await scope.applications.get(asked.client_id)
    wanted = await scope.resources.named(question.resource_scopes if question else {})
    return {
        "application": {"id": application.id, "name": application.name},
        "missingOIDCScope": [] if question is None else list(question.scope),
        "missingResourceScopes": [
            {
                "resource": {"id": api.id, "name": api.name, "indicator": api.indicator},
                "scopes": [
                    {"id": found.id, "name": found.name, "description": found.description}
                    for found in scopes
                ],
            }
            for api, scopes in wanted
        ],
        "redirectUri": asked.redirect_uri,
    }


@router.post("")
async def allow(request: Request, arrival: Arrived, scope: Scope) -> Consented:
    """Keep the person's yes."""
    asked = (await arrival.interactions.load(arrival.token)).request
    await scope.oidc.allow(asked, read_cookie(request, SESSION))
    # The consent page has nothing left to ask, and answers the application in the mode it wants.
    return Consented(redirect_to=f"{scope.origin}{asked.consent_page}")
