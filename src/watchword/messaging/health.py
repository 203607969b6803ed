"""How a connector is doing, and whether somebody has to look at it."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from statistics import median

from watchword.connector_kit.errors import ConnectorError
from watchword.connectors.models import SavedConnector
from watchword.core.clock import Clock
from watchword.core.logs import get_logger
from watchword.core.moments import iso_of
from watchword.messaging.alerts import ConnectorAlerts
from watchword.messaging.health_repository import HealthRows
from watchword.messaging.models import MessageState, Sample
from watchword.operators.models import Operator
from watchword.storage import Database
from watchword.webhooks.models import Event
from watchword.webhooks.service import WebhookService

log = get_logger(__name__)

State = MessageState

# What is looked at: the newest messages, so that the question costs the same at any volume.
WINDOW = timedelta(hours=1)
MOST_LOOKED_AT = 500
LAST_ERRORS = 5
"""How many of the newest failures are shown."""
# Fewer say nothing: one person may type a wrong number three times.
ENOUGH = 10
TOO_MANY_FAILED = 0.5
TOO_MANY_UNDELIVERED = 0.5
# Codes that nobody types in: texts that do not arrive, or somebody who makes money of sending them.
ENOUGH_CODES = 30
TOO_FEW_VERIFIED = 0.05
TIME_TO_TYPE = timedelta(minutes=10)


class Reason(StrEnum):
    """Why a connector is held to be unwell, the gravest first."""

    SETTINGS_REFUSED = "settings_refused"
    """The provider's last answer wants the administrator: credentials, money, sender, template."""
    FAILING = "failing"
    """The provider refuses, or can't be reached, more often than not."""
    UNDELIVERED = "undelivered"
    """Most delivery reports say that the message did not arrive."""
    UNVERIFIED = "unverified"
    """Hardly anybody types in the codes that were sent."""


@dataclass(frozen=True)
class Failure:
    """One message that did not arrive, and what was said of it."""

    error_class: str | None
    words: str | None
    """The provider's: for administrators only."""
    at: datetime


@dataclass(frozen=True)
class RepeatedFailure:
    """Messages that did not arrive for the same reason, said in the same words."""

    newest: Failure
    count: int


@dataclass(frozen=True)
class Health:
    """What became of a connector's newest messages: at most 500, of the last hour."""

    sent: int
    """How many have an answer: accepted, refused, or unknown."""
    accepted: int
    failed: int
    """Refused by the provider or never handed over; wrong numbers are not the connector's fault."""
    delivered: int
    undelivered: int
    codes: int
    """How many codes there was time to type in; of those…"""
    verified: int
    """…so many were right."""
    median_delivery: timedelta | None
    last_failures: tuple[Failure, ...]
    different_failures: tuple[RepeatedFailure, ...]
    """Those that differ, each with how often it came among the messages looked at."""
    reason: Reason | None
    """What speaks against it now."""
    is_working: bool
    """Whether its newest message that has an answer was accepted."""
    unwell_since: datetime | None = None
    """Since when somebody was told of it, if it was not well again since."""

    @property
    def delivered_ratio(self) -> float | None:
        """Return which part of the reports says that a message arrived; None without any."""
        return _ratio(self.delivered, self.delivered + self.undelivered)

    @property
    def verified_ratio(self) -> float | None:
        """Return which part of the codes were typed in, from 0 to 1; None without any."""
        return _ratio(self.verified, self.codes)


@dataclass(frozen=True, kw_only=True)
class HealthService:
    """Judges one tenant's connectors, and tells once when one falls ill and once when it is well.

    An episode ends when a message was accepted and nothing speaks against the connector any more.
    """

    rows: HealthRows
    webhooks: WebhookService
    clock: Clock
    alerts: ConnectorAlerts | None = None

    async def of(self, instance_id: str, since: datetime | None = None) -> Health:
        """Return how a connector is doing, by its newest messages of an hour or since a moment."""
        now = self.clock.now()
        samples = await self.rows.samples(instance_id, since or now - WINDOW, MOST_LOOKED_AT)
        codes, verified = await self.rows.count_codes(
            instance_id, since or now - WINDOW - TIME_TO_TYPE, now - TIME_TO_TYPE
        )
        episode = await self.rows.find_episode(instance_id)
        return judged(samples, codes, verified, episode)

    async def paused_until(self, instance_id: str) -> datetime | None:
        """Return until when a connector waits, as its provider asked; None where it sends."""
        return await self.rows.find_pause(instance_id, self.clock.now())

    async def watch(self, saved: SavedConnector) -> Health:
        """Judge a connector, and tell where that is news."""
        health = await self.of(saved.id)
        if health.reason is not None and health.unwell_since is None:
            await self._begin(saved, health.reason)
        elif health.reason is None and health.unwell_since is not None and health.is_working:
            await self._end(saved)
        return health

    async def _begin(self, saved: SavedConnector, reason: Reason) -> None:
        event, now = Event.CONNECTOR_UNHEALTHY, self.clock.now()
        readers = await self.alerts.readers(saved) if self.alerts else ()
        async with self._told_with(event, readers) as tx:
            rows = self.rows if tx is None else self.rows.within(tx)
            # Of two processes that see it, one begins the episode.
            if await rows.begin(saved.id, reason, now):
                log.warning("connector_unhealthy", connector=saved.connector_id, reason=reason)
                await self.webhooks.announce(event, _payload(saved, reason, now), tx=tx)
                if self.alerts is not None and tx is not None:
                    await self.alerts.tell(readers, saved, "unwell", reason, tx)

    async def _end(self, saved: SavedConnector) -> None:
        event, now = Event.CONNECTOR_RECOVERED, self.clock.now()
        readers = await self.alerts.readers(saved) if self.alerts else ()
        async with self._told_with(event, readers) as tx:
            rows = self.rows if tx is None else self.rows.within(tx)
            if await rows.end(saved.id, now):
                log.info("connector_recovered", connector=saved.connector_id)
                await self.webhooks.announce(event, _payload(saved, None, now), tx=tx)
                if self.alerts is not None and tx is not None:
                    await self.alerts.tell(readers, saved, "recovered", "", tx)

    def _told_with(
        self, event: Event, readers: Sequence[Operator]
    ) -> AbstractAsyncContextManager[Database | None]:
        """Open a transaction for a change and what is told of it, if anybody is to hear of it."""
        return self.rows.db.transaction() if readers else self.webhooks.told_with(event)


def judged(
    samples: Sequence[Sample], codes: int, verified: int, unwell_since: datetime | None
) -> Health:
    """Return what the newest messages, the newest first, say of their connector."""
    ours = [one for one in samples if one.error_class not in NOT_OURS]
    failed = [one for one in ours if one.state is State.FAILED]
    delivered = [one for one in samples if one.state is State.DELIVERED]
    undelivered = sum(one.state is State.UNDELIVERED for one in ours)
    accepted = sum(one.accepted_at is not None for one in samples)
    sent = accepted + len(failed) + sum(one.state is State.UNKNOWN for one in ours)
    newest = ours[0] if ours else None
    failures = [
        Failure(one.error_class, one.provider_words, one.final_at or one.created_at)
        for one in samples
        if one.state in {State.FAILED, State.UNDELIVERED}
    ]
    return Health(
        sent=sent,
        accepted=accepted,
        failed=len(failed),
        delivered=len(delivered),
        undelivered=undelivered,
        codes=codes,
        verified=verified,
        median_delivery=_median(delivered),
        last_failures=tuple(failures[:LAST_ERRORS]),
        different_failures=_different(failures)[:LAST_ERRORS],
        reason=_reason(newest, sent, len(failed), len(delivered), undelivered, codes, verified),
        is_working=newest is not None and newest.accepted_at is not None,
        unwell_since=unwell_since,
    )


def _different(failures: Sequence[Failure]) -> tuple[RepeatedFailure, ...]:
    alike: dict[tuple[str | None, str | None], list[Failure]] = {}
    for one in failures:
        alike.setdefault((one.error_class, one.words), []).append(one)
    return tuple(
        RepeatedFailure(max(same, key=lambda one: one.at), len(same)) for same in alike.values()
    )


def _reason(  # noqa: PLR0917  # what it is judged by
    newest: Sample | None,
    sent: int,
    failed: int,
    delivered: int,
    undelivered: int,
    codes: int,
    verified: int,
) -> Reason | None:
    if newest is not None and newest.state is State.FAILED and newest.error_class in ADMINISTRATORS:
        return Reason.SETTINGS_REFUSED
    if sent >= ENOUGH and failed > sent * TOO_MANY_FAILED:
        return Reason.FAILING
    reported = delivered + undelivered
    if reported >= ENOUGH and undelivered > reported * TOO_MANY_UNDELIVERED:
        return Reason.UNDELIVERED
    if codes >= ENOUGH_CODES and verified < codes * TOO_FEW_VERIFIED:
        return Reason.UNVERIFIED
    return None


def _payload(saved: SavedConnector, reason: Reason | None, since: datetime) -> dict[str, object]:
    return {
        "data": {
            "id": saved.id,
            "connectorFactoryId": saved.connector_id,
            "type": saved.type,
            "reason": reason,
            "since": iso_of(since),
        }
    }


def _median(delivered: Sequence[Sample]) -> timedelta | None:
    took = [
        (one.final_at - one.accepted_at).total_seconds()
        for one in delivered
        if one.final_at is not None and one.accepted_at is not None
    ]
    return timedelta(seconds=median(took)) if took else None


def _ratio(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _classes(acts: str) -> frozenset[str]:
    found, waiting = set(), [ConnectorError]
    while waiting:
        error = waiting.pop()
        waiting += error.__subclasses__()
        if error.acts == acts:
            found.add(error.error_class)
    return frozenset(found)


# A wrong number says nothing of the connector, and an unknown template only of itself.
NOT_OURS = _classes("person")
ADMINISTRATORS = _classes("administrator") | {"connector.not_found"}
