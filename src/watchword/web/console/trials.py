"""A connector on trial: both side by side, other terms, and one button to promote or to drop."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from starlette.datastructures import FormData
from starlette.responses import Response

from watchword.configuration.errors import ConfigurationChanged
from watchword.configuration.trials import LARGEST_SHARE, LONGEST_TRIAL, MOST_NUMBERS
from watchword.connectors.errors import TrialEndOutOfRange, TrialReachInvalid
from watchword.connectors.models import SavedConnector, Trial
from watchword.core.errors import DomainError
from watchword.core.phone import InvalidPhoneNumber, PhoneNumber
from watchword.messaging.health import Health
from watchword.web.console.connector_parts import Card, card_of
from watchword.web.console.desk import Desk, WorkDesk, text_of, whole_number
from watchword.web.console.routing import console_router

router = console_router("/console/{tenant}/connectors/{instance_id}/trial")

LONGEST_TYPED = 4
FIRST_SHARE, FIRST_DAYS = "10", "7"
REFUSALS = (InvalidPhoneNumber, TrialReachInvalid, TrialEndOutOfRange)


@dataclass(frozen=True)
class Side:
    """One of the two connectors, and how it does."""

    card: Card
    saved: SavedConnector
    health: Health


@dataclass(frozen=True)
class TypedTerms:
    """What a form says of a trial, as it was typed."""

    reach: str = "share"
    share: str = FIRST_SHARE
    numbers: str = ""
    days: str = FIRST_DAYS

    @classmethod
    def of(cls, form: FormData) -> "TypedTerms":
        """Read the fields of the form."""
        return cls(*(text_of(form, f"trial_{name}").strip() for name in cls.__dataclass_fields__))

    def read(self, now: datetime) -> dict[str, Any]:
        """Return the terms; raises InvalidPhoneNumber."""
        terms: dict[str, Any] = {"ends_at": now + timedelta(days=_count(self.days))}
        if self.reach == "share":
            return {**terms, "share": _count(self.share)}
        listed = self.numbers.replace(",", "\n").split("\n")
        return {**terms, "numbers": [PhoneNumber.parse(text) for text in listed if text.strip()]}


def trial_form(typed: TypedTerms | None = None) -> dict[str, Any]:
    """Return what the fields of a trial are drawn from."""
    return {
        "typed": typed or TypedTerms(),
        "largest_share": LARGEST_SHARE,
        "most_numbers": MOST_NUMBERS,
        "longest_days": LONGEST_TRIAL.days,
        "kept_numbers": (),
    }


@router.get("")
async def show_trial(desk: WorkDesk, instance_id: str) -> Response:
    """Show both connectors side by side."""
    return await _page(desk, instance_id)


@router.post("")
async def change_trial(desk: WorkDesk, instance_id: str) -> Response:
    """Give the trial other terms; one that is over goes on."""
    await desk.prove_fresh()
    form = await desk.form()
    typed = TypedTerms.of(form)
    # Of chosen numbers the server knows digests alone: an empty field means the same ones.
    is_same = typed.reach == "numbers" and not typed.numbers
    try:
        terms = typed.read(desk.server.clock.now())
        await desk.scope.configuration.trials.change(
            desk.actor,
            instance_id,
            **({"ends_at": terms["ends_at"]} if is_same else terms),
            expected_version=whole_number(text_of(form, "version")),
        )
    except (*REFUSALS, ConfigurationChanged) as error:
        return await _page(desk, instance_id, error, typed)
    return desk.go("connectors", instance_id, "trial", done="saved")


@router.post("/promote")
async def promote(desk: WorkDesk, instance_id: str) -> Response:
    """Let everything go through the connector on trial."""
    await desk.prove_fresh()
    version = whole_number(text_of(await desk.form(), "version"))
    try:
        saved = await desk.scope.configuration.trials.promote(
            desk.actor, instance_id, expected_version=version
        )
    except ConfigurationChanged as error:
        return await _page(desk, instance_id, error)
    return desk.go("connectors", saved.id, done="connector_saved")


@router.post("/drop")
async def drop(desk: WorkDesk, instance_id: str) -> Response:
    """Let everything go through the active connector."""
    await desk.prove_fresh()
    version = whole_number(text_of(await desk.form(), "version"))
    try:
        await desk.scope.configuration.trials.drop(
            desk.actor, instance_id, expected_version=version
        )
    except ConfigurationChanged as error:
        return await _page(desk, instance_id, error)
    return desk.go("connectors", instance_id, done="trial_dropped")


async def _page(
    desk: Desk,
    instance_id: str,
    error: DomainError | None = None,
    typed: TypedTerms | None = None,
) -> Response:
    saved = await desk.scope.connectors.get(instance_id)
    trial = desk.scope.configuration.trials.get(instance_id)
    return desk.render(
        "connector_trial.html",
        status_code=422 if error else 200,
        saved=saved,
        card=card_of(desk, saved),
        trial=trial,
        state=trial.state_at(desk.server.clock.now()),
        sides=[await _side(desk, one, trial) for one in (saved, trial.saved)],
        error=desk.message(error) if error else "",
        **trial_form(typed or _terms_of(trial, desk.server.clock.now()))
        | {"kept_numbers": [number.masked for number in trial.numbers]},
    )


async def _side(desk: Desk, saved: SavedConnector, trial: Trial) -> Side:
    health = await desk.scope.health.of(saved.id, trial.started_at)
    return Side(card_of(desk, saved), saved, health)


def _terms_of(trial: Trial, now: datetime) -> TypedTerms:
    left = -(-(trial.ends_at - now) // timedelta(days=1))
    return TypedTerms(
        reach="share" if trial.share is not None else "numbers",
        share=str(trial.share or FIRST_SHARE),
        days=str(left) if left > 0 else FIRST_DAYS,
    )


def _count(text: str) -> int:
    is_number = text.isascii() and text.isdigit() and len(text) <= LONGEST_TYPED
    return int(text) if is_number else 0
