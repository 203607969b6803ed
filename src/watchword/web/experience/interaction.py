"""Start an interaction, change its event, look at it, submit it."""

from typing import Any

from fastapi import APIRouter

from watchword.interactions.models import Interaction, InteractionEvent
from watchword.verification.models import VerificationRecord
from watchword.web.experience.visit import Arrived, Visiting
from watchword.web.models import ApiModel

router = APIRouter(prefix="/api/experience", tags=["Experience"])


class Event(ApiModel):
    """Why the person is here."""

    interaction_event: InteractionEvent


class Submitted(ApiModel):
    """Where the browser goes next."""

    redirect_to: str


@router.put("", status_code=204)
async def start(body: Event, arrival: Arrived) -> None:
    """Begin an event; what an earlier start gathered is forgotten."""
    await arrival.interactions.start(
        arrival.token, body.interaction_event, client_ip=arrival.context.client_ip
    )


@router.put("/interaction-event", status_code=204)
async def switch_event(body: Event, visit: Visiting) -> None:
    """Turn signing in into signing up, or back, without another code."""
    await visit.interactions.switch_event(visit.interaction, body.interaction_event)


@router.get("/interaction")
async def show(visit: Visiting) -> dict[str, Any]:
    """Show what was gathered, without secrets."""
    return _document(visit.interaction)


@router.post("/submit")
async def submit(visit: Visiting) -> Submitted:
    """Let the identified person in."""
    return Submitted(redirect_to=await visit.interactions.submit(visit.interaction))


def _document(interaction: Interaction) -> dict[str, Any]:
    profile = interaction.state.profile
    pending = {"username": profile.username, "primaryPhone": profile.phone}
    document = {
        "interactionEvent": interaction.event,
        "profile": {name: value for name, value in pending.items() if value is not None},
        "verificationRecords": [_record(record) for record in interaction.records.values()],
        "mfa": {},
        "signInContext": {"ip": interaction.state.client_ip},
        "captcha": {"verified": False, "skipped": False},
    }
    if interaction.user_id is None:
        return document
    return {**document, "userId": interaction.user_id, "trustedDevice": {"canCreate": False}}


def _record(record: VerificationRecord) -> dict[str, Any]:
    document = {
        "id": record.id,
        "type": record.type,
        "identifier": {"type": record.identifier.type, "value": record.identifier.value},
        "verified": record.is_verified,
    }
    if record.template_type is None:
        return document
    return {**document, "templateType": record.template_type}
