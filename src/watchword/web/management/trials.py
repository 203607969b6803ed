"""`/api/connectors/{id}/trial`, ours alone: a connector tried beside the active one."""

from typing import Annotated, Any

from fastapi import APIRouter, Path
from pydantic import Field

from watchword.configuration.errors import ConfigurationChanged
from watchword.configuration.trials import TrialTerms
from watchword.connector_kit.errors import InvalidConfig
from watchword.connectors.errors import (
    ConnectorNotFound,
    DevelopmentConnectorRefused,
    TrialEndOutOfRange,
    TrialNotFound,
    TrialNotPossible,
    TrialReachInvalid,
    TrialRunning,
    UnknownConnectorClass,
)
from watchword.connectors.models import SavedConnector, Trial
from watchword.core.moments import milliseconds, moment_of
from watchword.core.phone import InvalidPhoneNumber, PhoneNumber
from watchword.messaging.health import Health
from watchword.web.documented import problems
from watchword.web.management.access import Caller, Management
from watchword.web.models import ApiModel, PhoneDigits

router = APIRouter(prefix="/connectors/{id}/trial", tags=["Connectors"])

InstanceId = Annotated[str, Path(max_length=128)]
Moment = Annotated[int, Field(ge=0, le=253_402_300_799_000)]
Version = Annotated[int, Field(ge=1, le=2**31 - 1)]
Reason = Annotated[str, Field(max_length=500, pattern=r"^[^\x00]*$")]


class StartTrial(ApiModel):
    """A provider to try, whose messages go through it, and until when, in milliseconds."""

    connector_id: str = Field(max_length=128)
    config: dict[str, Any]
    share: int | None = None
    """Of a hundred numbers, 1 to 50; or else `numbers`."""
    numbers: list[PhoneDigits] = Field(default_factory=list, max_length=1000)
    ends_at: Moment
    reason: Reason | None = None


class ChangeTrial(ApiModel):
    """What changes of a trial; it goes on where it was over and has a new end."""

    share: int | None = None
    numbers: list[PhoneDigits] = Field(default_factory=list, max_length=1000)
    ends_at: Moment | None = None
    expected_version: Version | None = None
    reason: Reason | None = None


class EndTrial(ApiModel):
    """Which terms the caller has seen, and why the trial ends."""

    expected_version: Version | None = None
    reason: Reason | None = None


class FailureAnswer(ApiModel):
    """One message that did not arrive."""

    error_class: str | None
    words: str | None
    at: int


class SideAnswer(ApiModel):
    """What became of a connector's newest messages since the trial began, 500 at most."""

    id: str
    connector_id: str
    sent: int
    accepted: int
    failed: int
    delivered: int
    undelivered: int
    codes: int
    verified: int
    median_delivery_seconds: float | None
    last_failures: list[FailureAnswer]

    @classmethod
    def of(cls, saved: SavedConnector, health: Health) -> "SideAnswer":
        """Return the wire's form."""
        median = health.median_delivery
        counts = ("sent", "accepted", "failed", "delivered", "undelivered", "codes", "verified")
        return cls(
            id=saved.id,
            connector_id=saved.connector_id,
            **{name: getattr(health, name) for name in counts},
            median_delivery_seconds=None if median is None else median.total_seconds(),
            last_failures=[
                FailureAnswer(error_class=one.error_class, words=one.words, at=milliseconds(one.at))
                for one in health.last_failures
            ],
        )


class TrialAnswer(ApiModel):
    """The terms of a trial, and both connectors side by side."""

    state: str
    """`running` | `ended` | `stopped`"""
    stopped: str | None
    """What spoke against it, where it was stopped before its end."""
    share: int | None
    numbers: list[str]
    """Masked."""
    started_at: int
    ends_at: int
    version: int
    active: SideAnswer
    trial: SideAnswer


class PromotedAnswer(ApiModel):
    """The connector that sends from now on."""

    id: str
    connector_id: str
    version: int


@router.get("", responses=problems(ConnectorNotFound, TrialNotFound))
async def get_trial(id: InstanceId, caller: Caller) -> TrialAnswer:
    """Show what is tried beside an active connector, both side by side; until it is ended."""
    return await _shown(caller, id, caller.tenant.configuration.trials.get(id))


@router.post(
    "",
    status_code=201,
    responses=problems(
        ConnectorNotFound,
        UnknownConnectorClass,
        DevelopmentConnectorRefused,
        InvalidConfig,
        InvalidPhoneNumber,
        TrialNotPossible,
        TrialRunning,
        TrialReachInvalid,
        TrialEndOutOfRange,
    ),
)
async def start_trial(id: InstanceId, body: StartTrial, caller: Caller) -> TrialAnswer:
    """Let some messages go through another connector for a while; the active one stays active."""
    terms = TrialTerms(
        ends_at=moment_of(body.ends_at), share=body.share, numbers=_numbers(body.numbers)
    )
    trial = await caller.tenant.configuration.trials.start(
        caller.actor, id, body.connector_id, body.config, terms, reason=body.reason
    )
    return await _shown(caller, id, trial)


@router.patch(
    "",
    responses=problems(
        ConnectorNotFound,
        TrialNotFound,
        ConfigurationChanged,
        DevelopmentConnectorRefused,
        InvalidConfig,
        InvalidPhoneNumber,
        TrialReachInvalid,
        TrialEndOutOfRange,
        UnknownConnectorClass,
    ),
)
async def change_trial(id: InstanceId, body: ChangeTrial, caller: Caller) -> TrialAnswer:
    """Change whose messages go through the trial, or its end; what the body does not name stays."""
    trial = await caller.tenant.configuration.trials.change(
        caller.actor,
        id,
        share=body.share,
        numbers=_numbers(body.numbers),
        ends_at=moment_of(body.ends_at) if body.ends_at is not None else None,
        expected_version=body.expected_version,
        reason=body.reason,
    )
    return await _shown(caller, id, trial)


@router.delete("", status_code=204, responses=problems(TrialNotFound))
async def drop_trial(id: InstanceId, caller: Caller) -> None:
    """End the trial: everything goes through the active connector. The tried one is kept."""
    await caller.tenant.configuration.trials.drop(caller.actor, id)


@router.post(
    "/promote",
    responses=problems(
        TrialNotFound,
        ConfigurationChanged,
        InvalidConfig,
        UnknownConnectorClass,
        DevelopmentConnectorRefused,
    ),
)
async def promote_trial(id: InstanceId, body: EndTrial, caller: Caller) -> PromotedAnswer:
    """Make the connector on trial the active one, in place of the one it was beside."""
    saved = await caller.tenant.configuration.trials.promote(
        caller.actor, id, expected_version=body.expected_version, reason=body.reason
    )
    return PromotedAnswer(id=saved.id, connector_id=saved.connector_id, version=saved.version)


async def _shown(caller: Management, active_id: str, trial: Trial) -> TrialAnswer:
    # The change may have been made after this request's services were built.
    active = await caller.tenant.connectors.get(active_id)
    health = caller.tenant.health
    return TrialAnswer(
        state=trial.state_at(health.clock.now()),
        stopped=trial.stopped,
        share=trial.share,
        numbers=[number.masked for number in trial.numbers],
        started_at=milliseconds(trial.started_at),
        ends_at=milliseconds(trial.ends_at),
        version=trial.version,
        active=SideAnswer.of(active, await health.of(active.id, trial.started_at)),
        trial=SideAnswer.of(trial.saved, await health.of(trial.saved.id, trial.started_at)),
    )


def _numbers(digits: list[str]) -> list[PhoneNumber]:
    return [PhoneNumber.from_digits(text) for text in digits]
