"""`/api/sentinel-activities`: who was made to wait after too many failures, and is let go."""

from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter
from pydantic import Field

from watchword.web.documented import problems
from watchword.web.management.access import Caller
from watchword.web.models import ApiModel

router = APIRouter(prefix="/sentinel-activities", tags=["Sentinel activities"])

MOST_TARGETS = 100


class TargetType(StrEnum):
    """What can be made to wait; of the contract's two, applications never are."""

    USER = "User"
    APP = "App"


class Targets(ApiModel):
    """Whom to let try again: identifiers as people type them, or the ids of users."""

    target_type: TargetType
    targets: list[Annotated[str, Field(min_length=1, max_length=320)]] = Field(
        max_length=MOST_TARGETS
    )


@router.post("/delete", status_code=204, responses=problems())
async def delete_sentinel_activities(body: Targets, caller: Caller) -> None:
    """Let identifiers sign in and be sent codes again at once, whether or not anyone has them."""
    if body.target_type is TargetType.USER and body.targets:
        await caller.tenant.unblocking.unblock(caller.actor, body.targets)
