"""Prove who one is at a provider: go there with an address of ours, come back with its answer."""

from typing import Annotated, Any

from fastapi import APIRouter, Path
from pydantic import Field

from watchword.connectors.errors import ConnectorNotFound
from watchword.interactions.errors import ForgotPasswordUnsupported, SignInMethodNotEnabled
from watchword.social.errors import AnswerSpent, InsufficientInfo, NotSocial, StateMismatch
from watchword.verification.errors import RecordNotFound
from watchword.web.documented import AT_PROVIDER
from watchword.web.experience.models import RecordId, Verified
from watchword.web.experience.visit import Visiting, visited
from watchword.web.models import ApiModel

router = APIRouter(prefix="/api/experience/verification/social", tags=["Experience"])

ConnectorData = Annotated[dict[Annotated[str, Field(max_length=128)], Any], Field(max_length=50)]
ConnectorId = Annotated[str, Path(max_length=128)]


class Departure(ApiModel):
    """Where the provider sends the person back to, and what only this page knows."""

    state: Annotated[str, Field(max_length=1024)]
    redirect_uri: Annotated[str, Field(max_length=2048)]


class Address(ApiModel):
    """Where the browser goes, and the verification record that waits for the answer."""

    authorization_uri: str
    verification_id: str


class Answer(ApiModel):
    """What the provider sent along with the browser: the fields of the address it came to."""

    connector_data: ConnectorData
    verification_id: RecordId | None = None


def texts_of(data: ConnectorData) -> dict[str, str]:
    """Return the fields that are texts; a provider sends no others in an address."""
    return {name: value for name, value in data.items() if isinstance(value, str)}


@router.post(
    "/{connector_id}/authorization-uri",
    responses=visited(
        ConnectorNotFound,
        NotSocial,
        InsufficientInfo,
        SignInMethodNotEnabled,
        ForgotPasswordUnsupported,
        codes=AT_PROVIDER,
    ),
)
async def make_authorization_uri(
    connector_id: ConnectorId, body: Departure, visit: Visiting
) -> Address:
    """Make the address of one try; an earlier try of this visit counts no more."""
    departure = await visit.interactions.social.begin(
        visit.interaction, connector_id, redirect_uri=body.redirect_uri, state=body.state
    )
    return Address(authorization_uri=departure.address, verification_id=departure.verification.id)


@router.post(
    "/{connector_id}/verify",
    responses=visited(
        ConnectorNotFound,
        NotSocial,
        RecordNotFound,
        StateMismatch,
        AnswerSpent,
        codes=AT_PROVIDER,
    ),
)
async def verify(connector_id: ConnectorId, body: Answer, visit: Visiting) -> Verified:
    """Believe the provider's answer, once; a `state` among it must be the one of this visit."""
    verified = await visit.interactions.social.verify(
        visit.interaction, connector_id, texts_of(body.connector_data), body.verification_id
    )
    return Verified(verification_id=verified.id)
