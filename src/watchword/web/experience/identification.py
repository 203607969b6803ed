"""Say who the person is."""

from fastapi import APIRouter
from starlette.responses import PlainTextResponse, Response

from watchword.connectors.errors import ConnectorNotFound
from watchword.interactions.errors import (
    EventForbidden,
    IdentifierNotFound,
    IdentityConflict,
    MissingProfile,
    NumberLongUnused,
    RecoveryMethodNotEnabled,
    SignInMethodNotEnabled,
    VerificationFailed,
)
from watchword.interactions.models import Identification
from watchword.users.errors import IdentityNotExist, UserNotExist, UserSuspended
from watchword.verification.errors import RecordNotFound
from watchword.web.experience.models import RecordId
from watchword.web.experience.visit import (
    REFUSED_ADDRESS,
    SECOND_STEP_WANTED,
    TAKEN,
    Visiting,
    visited,
)
from watchword.web.models import ApiModel

router = APIRouter(prefix="/api/experience", tags=["Experience"])


class Identify(ApiModel):
    """The proof to go by; sign-up without one goes by the pending profile."""

    verification_id: RecordId | None = None
    link_social_identity: bool = False
    """Link a proved social account to the account that its provider proves."""


@router.post(
    "/identification",
    status_code=204,
    response_class=Response,
    responses={
        201: {"description": "The account was created.", "content": {"text/plain": {}}},
        **visited(
            RecordNotFound,
            VerificationFailed,
            IdentifierNotFound,
            IdentityConflict,
            IdentityNotExist,
            ConnectorNotFound,
            SignInMethodNotEnabled,
            RecoveryMethodNotEnabled,
            EventForbidden,
            MissingProfile,
            NumberLongUnused,
            UserNotExist,
            UserSuspended,
            *TAKEN,
            *REFUSED_ADDRESS,
            *SECOND_STEP_WANTED,
        ),
    },
)
async def identify(body: Identify, visit: Visiting) -> Response:
    """Find the account (204), or create it (201)."""
    outcome = await visit.interactions.identify(
        visit.interaction, body.verification_id, links_social=body.link_social_identity
    )
    return ANSWERS[outcome]()


def _identified() -> Response:
    return Response(status_code=204)


def _created() -> Response:
    return PlainTextResponse("Created", 201)


ANSWERS = {Identification.IDENTIFIED: _identified, Identification.CREATED: _created}
