"""`/account/sessions`: where a person is signed in, and which applications have access."""

from collections.abc import Sequence
from contextlib import suppress

from fastapi import APIRouter
from starlette.responses import Response

from watchword.core.errors import DomainError
from watchword.oidc.models import Session, UserGrant
from watchword.oidc.signed_in import NotSignedInThere
from watchword.oidc.tokens import session_name
from watchword.web.account_pages.visit import (
    AccountPageRoute,
    Looking,
    Posting,
    Visit,
    refused_on,
)
from watchword.web.pages.brand import brand_of

router = APIRouter(route_class=AccountPageRoute, include_in_schema=False)

HERE = "/account/sessions"


async def screen(visit: Visit, error: DomainError | None = None) -> Response:
    """List the sessions and what applications hold."""
    visit.settings.require_shown("session")
    sessions = await visit.account.list_sessions(visit.asker)
    grants = []
    for grant in await visit.account.list_grants(visit.asker):
        application = await visit.account.signed_in.application_of(grant)
        if application is not None:
            name = brand_of(visit.request, visit.scope, application, HERE).application_name
            grants.append((grant, name))
    return page(visit, error, sessions, grants)


def page(
    visit: Visit,
    error: DomainError | None,
    sessions: Sequence[Session],
    grants: Sequence[tuple[UserGrant, str]],
) -> Response:
    """Return the list of these sessions, and of what applications of these names hold."""
    return visit.show(
        "sessions.html",
        error,
        sessions=[
            (
                session_name(session.id_digest),
                session,
                session.id_digest == visit.session.id_digest,
            )
            for session in sessions
        ],
        grants=grants,
        edits=visit.settings.lets_edit("session"),
    )


@router.get(HERE)
async def show_sessions(visit: Looking) -> Response:
    """Show where the person is signed in."""
    return await screen(visit)


@router.post(f"{HERE}/end")
@refused_on(screen)
async def end_session(visit: Posting) -> Response:
    """Sign the person out of another browser, with all that was given there."""
    with suppress(NotSignedInThere):
        await visit.account.end_session(visit.asker, visit.form.text("session"), "all")
    return visit.go(HERE)


@router.post(f"{HERE}/revoke")
@refused_on(screen)
async def revoke_grant(visit: Posting) -> Response:
    """Take an application's access back."""
    # A button may be pressed twice.
    with suppress(NotSignedInThere):
        await visit.account.revoke_grant(visit.asker, visit.form.text("grant"))
    return visit.go(HERE)
