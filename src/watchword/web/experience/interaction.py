"""Start an interaction, change its event, look at it, submit it."""

from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from watchword.factors.models import Pending
from watchword.interactions.errors import (
    EventForbidden,
    IdentifierNotFound,
    MissingProfile,
    NewPasswordRequired,
    SamePassword,
)
from watchword.interactions.models import Interaction, InteractionEvent
from watchword.users.errors import UserSuspended
from watchword.verification.models import VerificationRecord
from watchword.web.experience.visit import SECOND_STEP_WANTED, TAKEN, Arrived, Visiting, visited
from watchword.web.models import ApiModel

router = APIRouter(prefix="/api/experience", tags=["Experience"])


class Event(ApiModel):
    """Why the person is here."""

    interaction_event: InteractionEvent


class Submitted(ApiModel):
    """Where the browser goes next."""

    redirect_to: str


@router.put("", status_code=204, responses=visited())
async def start(body: Event, arrival: Arrived) -> None:
    """Begin an event; what an earlier start gathered is forgotten."""
    await arrival.interactions.start(
        arrival.token, body.interaction_event, client_ip=arrival.context.client_ip
    )


@router.put("/interaction-event", status_code=204, responses=visited(EventForbidden))
async def switch_event(body: Event, visit: Visiting) -> None:
    """Turn signing in into signing up, or back, without another code."""
    await visit.interactions.switch_event(visit.interaction, body.interaction_event)


@router.get("/interaction", responses=visited())
async def show(visit: Visiting) -> dict[str, Any]:
    """Show what was gathered, without secrets."""
    return _document(visit.interaction)


@router.post(
    "/submit",
    response_model=Submitted,
    responses={
        204: {"description": "A recovered password was written; nobody is signed in."},
        **visited(
            IdentifierNotFound,
            MissingProfile,
            NewPasswordRequired,
            SamePassword,
            UserSuspended,
            *TAKEN,
            *SECOND_STEP_WANTED,
        ),
    },
)
async def submit(visit: Visiting) -> Any:
    """Let the identified person in (200), or write the password that they recovered (204)."""
    redirect_to = await visit.interactions.submit(visit.interaction, visit.context)
    # A recovered password signs nobody in.
    return Response(status_code=204) if redirect_to is None else Submitted(redirect_to=redirect_to)


def _document(interaction: Interaction) -> dict[str, Any]:
    profile = interaction.state.profile
    pending = {
        "username": profile.username,
        "primaryEmail": profile.email,
        "primaryPhone": profile.phone,
    }
    document = {
        "interactionEvent": interaction.event,
        "profile": {name: value for name, value in pending.items() if value is not None},
        "verificationRecords": [_record(record) for record in interaction.records.values()],
        "mfa": _mfa(interaction.second),
        "signInContext": {"ip": interaction.state.client_ip},
        "captcha": {"verified": False, "skipped": False},
    }
    if interaction.user_id is None:
        return document
    return {**document, "userId": interaction.user_id, "trustedDevice": {"canCreate": False}}


def _mfa(second: Pending) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "mfaEnabled": second.enabled,
        "mfaSkipped": second.skipped,
        "additionalBindingSuggestionSkipped": second.suggestion_skipped,
        "totp": {"type": "Totp"} if second.is_totp_bound else None,
        "backupCode": {"type": "BackupCode"} if second.has_new_codes else None,
    }
    return {name: value for name, value in shown.items() if value}


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
