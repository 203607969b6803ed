"""Which interaction a request belongs to: one of those in the browser's cookie."""

from typing import Annotated

from fastapi import Depends, Request

from watchword.interactions.errors import SessionNotFound
from watchword.interactions.models import Interaction
from watchword.web.cookies import read_interaction_token
from watchword.web.scope import Scope
from watchword.web.security import require_same_origin


async def interaction_token(request: Request) -> str:
    """Return the token of this browser's interaction; raises SessionNotFound."""
    # A sibling tenant's page is same-site, so its posts would carry the cookie.
    require_same_origin(request)
    token = read_interaction_token(request, request.headers.get("Logto-App-Id"))
    if token is None:
        raise SessionNotFound
    return token


Token = Annotated[str, Depends(interaction_token)]


async def started_interaction(token: Token, scope: Scope) -> Interaction:
    """Return the interaction in which an event was started; raises InteractionNotFound."""
    return await scope.interactions.load_started(token)


Started = Annotated[Interaction, Depends(started_interaction)]
