"""Start an interaction, change its event, look at it, submit it."""

from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import Field
from starlette.responses import Response

from watchword.factors.models import Pending
from watchword.interactions.errors import (
    CaptchaFailed,
    EventForbidden,
    IdentifierNotFound,
    MissingProfile,
    NewPasswordRequired,
    SamePassword,
)
from watchword.interactions.models import Interaction, InteractionEvent
from watchword.interactions.work import BITS
from watchword.social.models import SocialVerification
from watchword.users.errors import UserSuspended
from watchword.verification.models import RecordType, VerificationRecord
from watchword.web.experience.visit import SECOND_STEP_WANTED, TAKEN, Arrived, Visiting, visited
from watchword.web.models import ApiModel

router = APIRouter(prefix="/api/experience", tags=["Experience"])


class Event(ApiModel):
    """Why the person is here."""

    interaction_event: InteractionEvent


class Beginning(Event):
    """Why the person is here, and what their browser computed."""

    captcha_token: Annotated[str, Field(max_length=64)] | None = None


class WorkAsked(ApiModel):
    """What to compute before a code can be asked for, if anything."""

    is_required: bool
    """Whether `captchaToken` is needed before a code is sent."""
    challenge: str
    bits: int
    """SHA-256 of `<challenge>:<number>` begins with so many zero bits."""


class Submitted(ApiModel):
    """Where the browser goes next."""

    redirect_to: str


@router.put("", status_code=204, responses=visited(CaptchaFailed))
async def start(body: Beginning, arrival: Arrived) -> None:
    """Begin an event; what an earlier start gathered is forgotten."""
    await arrival.interactions.start_with_answer(
        arrival.token,
        body.interaction_event,
        body.captcha_token,
        client_ip=arrival.context.client_ip,
    )


@router.get("/proof-of-work", responses=visited())
async def show_work(arrival: Arrived) -> WorkAsked:
    """Show what `captchaToken` is to answer: each answer is good for one start."""
    interaction = await arrival.interactions.load(arrival.token)
    return WorkAsked(
        is_required=arrival.interactions.asks_for_work(interaction),
        challenge=arrival.interactions.challenge_of(interaction),
        bits=BITS,
    )


@router.put("/interaction-event", status_code=204, responses=visited(EventForbidden))
async def switch_event(body: Event, visit: Visiting) -> None:
    """Turn signing in into signing up, or back, without another code."""
    await visit.interactions.switch_event(visit.interaction, body.interaction_event)


@router.get("/interaction", responses=visited())
async def show(visit: Visiting) -> dict[str, Any]:
    """Show what was gathered, without secrets."""
    document = _document(visit.interaction)
    social = await visit.interactions.social.of(visit.interaction)
    if social is not None:
        document["verificationRecords"].append(_social(social))
    return document


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
        "name": profile.name,
        "avatar": profile.avatar,
    }
    in_order = sorted(interaction.records.values(), key=lambda record: record.created_at)
    document: dict[str, Any] = {
        "interactionEvent": interaction.event,
        "profile": {name: value for name, value in pending.items() if value is not None},
        "verificationRecords": [_record(record) for record in in_order],
        "mfa": _mfa(interaction.second),
        "signInContext": {"ip": interaction.state.client_ip},
        "captcha": {"verified": interaction.state.work.count > 0, "skipped": False},
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


def _social(verification: SocialVerification) -> dict[str, Any]:
    document = {
        "id": verification.id,
        "type": RecordType.SOCIAL,
        "connectorId": verification.connector_instance_id,
        "verified": verification.is_verified,
    }
    if verification.identity is None:
        return document
    known = verification.identity.details()
    del known["rawData"]
    return {**document, "socialUserInfo": known}


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
