"""`/api/my-account/sessions` and `/grants`: where a person is signed in."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query

from watchword.account.errors import FieldNotEditable, ProofRequired
from watchword.core.moments import milliseconds
from watchword.oidc.models import Session, UserGrant
from watchword.oidc.signed_in import NotSignedInThere, RevokedGrants
from watchword.oidc.tokens import session_name
from watchword.web.account.access import AccountRoute, Asking, Me, refusals

router = APIRouter(prefix="/api/my-account", tags=["My account"], route_class=AccountRoute)

Id = Annotated[str, Path(max_length=64)]
REFUSALS = (ProofRequired, FieldNotEditable)


@router.get("/sessions", response_model=dict[str, Any], responses=refusals(*REFUSALS))
async def list_my_sessions(me: Asking) -> dict[str, Any]:
    """List the browsers that the person is signed in to, the newest first."""
    sessions = await me.account.list_sessions(me.asker)
    return {"sessions": [_session(me, session) for session in sessions]}


@router.delete(
    "/sessions/{session_id}", status_code=204, responses=refusals(*REFUSALS, NotSignedInThere)
)
async def end_my_session(
    session_id: Id,
    me: Asking,
    revoked: Annotated[RevokedGrants | None, Query(alias="revokeGrantsTarget")] = None,
) -> None:
    """Sign the person out of a browser.

    What applications hold beyond the session goes on, unless *revokeGrantsTarget* ends it.
    """
    await me.account.end_session(me.asker, session_id, revoked)


@router.get("/grants", response_model=dict[str, Any], responses=refusals(*REFUSALS))
async def list_my_grants(
    me: Asking,
    kind: Annotated[Literal["firstParty", "thirdParty"] | None, Query(alias="appType")] = None,
) -> dict[str, Any]:
    """List what applications hold for the person, the newest first."""
    grants = [
        grant
        for grant in await me.account.list_grants(me.asker)
        if kind is None or await _is_of_third_party(me, grant) is (kind == "thirdParty")
    ]
    return {"grants": [_grant(me, grant) for grant in grants]}


@router.delete(
    "/grants/{grant_id}", status_code=204, responses=refusals(*REFUSALS, NotSignedInThere)
)
async def revoke_my_grant(grant_id: Id, me: Asking) -> None:
    """Take back what an application holds."""
    await me.account.revoke_grant(me.asker, grant_id)


async def _is_of_third_party(me: Me, grant: UserGrant) -> bool:
    application = await me.account.signed_in.application_of(grant)
    return application is not None and application.is_third_party


def _session(me: Me, session: Session) -> dict[str, Any]:
    name = session_name(session.id_digest)
    return {
        "payload": {
            "kind": "Session",
            "uid": name,
            "jti": name,
            "accountId": session.user_id,
            "loginTs": int(session.authenticated_at.timestamp()),
            "iat": int(session.created_at.timestamp()),
            "exp": int(session.expires_at.timestamp()),
            "amr": list(session.amr),
        },
        "lastSubmission": None,
        "accountId": session.user_id,
        "expiresAt": milliseconds(session.expires_at),
        "lastActiveAt": milliseconds(session.last_seen_at),
        "isCurrent": session.id_digest == me.asker.session_digest,
    }


def _grant(me: Me, grant: UserGrant) -> dict[str, Any]:
    return {
        "id": grant.id,
        "payload": {
            "kind": "Grant",
            "jti": grant.id,
            "accountId": me.asker.user.id,
            "clientId": grant.application_id,
            "openid": {"scope": " ".join(grant.scope)},
            "iat": int(grant.created_at.timestamp()),
            "exp": int(grant.expires_at.timestamp()),
        },
        "expiresAt": milliseconds(grant.expires_at),
        "isCurrent": grant.id == me.asker.grant_id,
    }
