"""Which interaction a request belongs to: one of those in the browser's cookie."""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request

from watchword.core.context import RequestContext
from watchword.core.errors import DomainError
from watchword.interactions.errors import (
    InteractionConflict,
    InteractionNotFound,
    SessionNotFound,
)
from watchword.interactions.models import Interaction
from watchword.interactions.service import InteractionService
from watchword.users.errors import EmailAlreadyInUse, PhoneAlreadyInUse, UsernameAlreadyInUse
from watchword.web.cookies import read_interaction_token
from watchword.web.documented import problems
from watchword.web.scope import TenantScope
from watchword.web.security import CrossOrigin, require_same_origin


@dataclass(frozen=True, slots=True)
class Arrival:
    """A request of a browser that holds an interaction's token."""

    token: str
    interactions: InteractionService
    context: RequestContext


@dataclass(frozen=True, slots=True)
class Visit:
    """A request inside an interaction in which an event was started."""

    interaction: Interaction
    interactions: InteractionService
    context: RequestContext


# One dependency a route and no tree of them: FastAPI takes its time for each.
async def arrival(request: Request) -> Arrival:
    """Return whose request this is; raises SessionNotFound."""
    # A sibling tenant's page is same-site, so its posts would carry the cookie.
    require_same_origin(request)
    token = read_interaction_token(request, request.headers.get("Logto-App-Id"))
    if token is None:
        raise SessionNotFound
    scope: TenantScope = request.state.scope
    return Arrival(token, scope.interactions, request.state.context)


async def visit(request: Request) -> Visit:
    """Return the interaction too; raises InteractionNotFound where no event was started."""
    arrived = await arrival(request)
    interaction = await arrived.interactions.load_started(arrived.token)
    return Visit(interaction, arrived.interactions, arrived.context)


Arrived = Annotated[Arrival, Depends(arrival)]
Visiting = Annotated[Visit, Depends(visit)]


TAKEN = (PhoneAlreadyInUse, EmailAlreadyInUse, UsernameAlreadyInUse)
"""Somebody else has it, or was faster."""


def visited(*errors: type[DomainError]) -> dict[int | str, Any]:
    """Return the responses of a route inside an interaction that raises *errors*, too."""
    return problems(SessionNotFound, InteractionNotFound, InteractionConflict, CrossOrigin, *errors)
