"""Consent: first parties have it, third parties' applications ask the person for it."""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from watchword.oidc.consents import ConsentQuestion
from watchword.oidc.errors import AccessDenied, AuthorizationRefused
from watchword.oidc.models import OFFLINE_ACCESS, OPENID, AuthorizationResponse
from watchword.web.cookies import SESSION, forget_interaction_token, read_cookie
from watchword.web.oidc.routes import redirect, respond
from watchword.web.pages.people import name_of
from watchword.web.pages.visit import Looking, PageRoute, Posting, Visit


class ConsentRoute(PageRoute):
    """A page's route that may end with an error for the client."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler with the client's errors sent back to it."""
        handle = super().get_route_handler()

        async def answer(request: Request) -> Response:
            try:
                return await handle(request)
            except AuthorizationRefused as refused:
                return respond(request, refused.response)

        return answer


router = APIRouter(route_class=ConsentRoute, include_in_schema=False)


@router.get("/consent")
async def show_consent(visit: Looking) -> Response:
    """Ask the person, or answer the application at once where nothing has to be asked."""
    question = await _question(visit)
    if question is None:
        return await _answer(visit)
    user = await visit.scope.users.get(question.user_id)
    return visit.show(
        "consent.html",
        person=name_of(user),
        scopes=[name for name in question.scope if name not in {OPENID, OFFLINE_ACCESS}],
        apis=[
            (api.name, [scope.description or scope.name for scope in scopes])
            for api, scopes in await visit.scope.resources.named(question.resource_scopes)
        ],
        is_offline=OFFLINE_ACCESS in question.scope,
        here="/consent",
    )


@router.post("/consent")
async def decide(visit: Posting) -> Response:
    """Keep the person's yes, or tell the application of their no."""
    asked = visit.interaction.request
    if visit.form.text("decision") != "allow":
        raise visit.scope.oidc.authorization.refuse(asked, AccessDenied("the person said no"))
    await visit.scope.oidc.allow(asked, read_cookie(visit.request, SESSION))
    return redirect(asked.consent_page)


async def _question(visit: Visit) -> ConsentQuestion | None:
    token = read_cookie(visit.request, SESSION)
    return await visit.scope.oidc.consent_question(visit.interaction.request, token)


async def _answer(visit: Visit) -> Response:
    asked = visit.interaction.request
    answer = await visit.scope.oidc.answer(asked, read_cookie(visit.request, SESSION))
    if not isinstance(answer, AuthorizationResponse):
        return redirect(answer)
    response = respond(visit.request, answer)
    forget_interaction_token(visit.request, response, visit.interaction.token)
    return response
