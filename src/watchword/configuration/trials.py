"""A connector on trial: started, changed, stopped, dropped, promoted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from watchword.audit.models import Actor
from watchword.configuration.connectors import ConnectorConfiguration
from watchword.configuration.models import Action
from watchword.configuration.saved_trial import save_trial, trial_of
from watchword.configuration.writing import ConfigurationWriter, Write, expect
from watchword.connector_kit.models import ConnectorType
from watchword.connector_kit.session import SessionConnector
from watchword.connectors.errors import (
    TrialEndOutOfRange,
    TrialNotFound,
    TrialNotPossible,
    TrialReachInvalid,
    TrialRunning,
)
from watchword.connectors.models import ChosenNumber, SavedConnector, Trial
from watchword.core.digests import KeyedDigest
from watchword.core.phone import PhoneNumber
from watchword.core.recipients import stored_form

LARGEST_SHARE = 50
MOST_NUMBERS = 100
LONGEST_TRIAL = timedelta(days=30)


@dataclass(frozen=True, kw_only=True)
class TrialTerms:
    """Whose messages go through a connector on trial, and until when."""

    ends_at: datetime
    share: int | None = None
    numbers: Sequence[PhoneNumber] = ()

    def check(self, now: datetime) -> None:
        """Raise TrialReachInvalid or TrialEndOutOfRange where they are not to be had."""
        is_share = self.share is not None and 1 <= self.share <= LARGEST_SHARE
        is_chosen = self.share is None and 1 <= len(self.numbers) <= MOST_NUMBERS
        if not (is_chosen or (is_share and not self.numbers)):
            raise TrialReachInvalid(most=LARGEST_SHARE, count=MOST_NUMBERS)
        check_end(self.ends_at, now)


def check_end(ends_at: datetime, now: datetime) -> None:
    """Raise TrialEndOutOfRange where a trial may not end then."""
    if not now < ends_at <= now + LONGEST_TRIAL:
        raise TrialEndOutOfRange(count=LONGEST_TRIAL.days)


@dataclass(frozen=True, kw_only=True)
class TrialConfiguration:
    """Changes what is tried beside a tenant's active connector."""

    writer: ConfigurationWriter
    connectors: ConnectorConfiguration
    recipients: KeyedDigest
    """What the messages' recipients are compared by."""

    def get(self, active_id: str) -> Trial:
        """Return the trial beside an active connector; raises TrialNotFound."""
        return _beside(self.connectors.saved.trial, active_id)

    def can_try(self, connector_id: str) -> bool:
        """Tell whether a connector class can be tried; raises what `class_of` raises."""
        found = self.connectors.saved.class_of(connector_id)
        # One process holds a tenant's session, for one connector at a time.
        return found.metadata.type is ConnectorType.SMS and not issubclass(found, SessionConnector)

    async def start(
        self,
        actor: Actor,
        active_id: str,
        connector_id: str,
        config: Mapping[str, Any],
        terms: TrialTerms,
        *,
        reason: str | None = None,
    ) -> Trial:
        """Let a part of the messages go through another connector, from now until a moment.

        Raises ConnectorNotFound, TrialNotPossible, TrialRunning, TrialReachInvalid,
        TrialEndOutOfRange, or what setting the connector up raises.
        """
        now = self.writer.clock.now()
        terms.check(now)
        if not self.can_try(connector_id):
            raise TrialNotPossible(connector_id)
        saved = replace(self.connectors.prepare(connector_id, config), retired_at=terms.ends_at)
        async with self.writer.writing(actor, reason) as write:
            active = await self.connectors.require_active(write, active_id)
            if active.type is not ConnectorType.SMS:
                raise TrialNotPossible(active_id)
            before = await self._find(write)
            if before is not None and before.runs_at(now):
                raise TrialRunning
            await self.connectors.add(write, saved)
            trial = Trial(
                saved=saved,
                beside=active.id,
                share=terms.share,
                numbers=self._chosen(terms.numbers),
                started_at=now,
                ends_at=terms.ends_at,
                stopped=None,
                version=0,
            )
            return await self._save(write, Action.CREATED, before, trial)

    async def change(
        self,
        actor: Actor,
        active_id: str,
        *,
        share: int | None = None,
        numbers: Sequence[PhoneNumber] = (),
        ends_at: datetime | None = None,
        expected_version: int | None = None,
        reason: str | None = None,
    ) -> Trial:
        """Give a trial other terms, and let it go on where it was over; what is not named stays.

        Raises TrialNotFound, ConfigurationChanged, TrialReachInvalid, TrialEndOutOfRange, or what
        setting the connector up raises.
        """
        now = self.writer.clock.now()
        async with self.writer.writing(actor, reason) as write:
            before = await self._get(write, active_id, expected_version)
            after = replace(before, ends_at=ends_at or before.ends_at, stopped=None)
            check_end(after.ends_at, now)
            if share is not None or numbers:
                TrialTerms(ends_at=after.ends_at, share=share, numbers=numbers).check(now)
                after = replace(after, share=share, numbers=self._chosen(numbers))
            after = replace(after, saved=replace(after.saved, retired_at=after.ends_at))
            self.connectors.require_sendable(write, after.saved)
            await self.connectors.keep(write, after.saved)
            return await self._save(write, Action.CHANGED, before, after)

    async def stop(self, actor: Actor, instance_id: str, because: str) -> None:
        """End a trial before its time, and keep what it showed; nothing where it is over."""
        async with self.writer.writing(actor, None) as write:
            before, now = await self._find(write), self.writer.clock.now()
            if before is None or before.saved.id != instance_id or not before.runs_at(now):
                return
            after = replace(
                before, saved=replace(before.saved, retired_at=now), ends_at=now, stopped=because
            )
            await self.connectors.keep(write, after.saved)
            await self._save(write, Action.CHANGED, before, after)

    async def drop(
        self,
        actor: Actor,
        active_id: str,
        *,
        expected_version: int | None = None,
        reason: str | None = None,
    ) -> None:
        """End a trial for good; its connector stays among the earlier ones.

        Raises TrialNotFound or ConfigurationChanged.
        """
        async with self.writer.writing(actor, reason) as write:
            before = await self._get(write, active_id, expected_version)
            await self.connectors.end_trial(write, before)

    async def promote(
        self,
        actor: Actor,
        active_id: str,
        *,
        expected_version: int | None = None,
        reason: str | None = None,
    ) -> SavedConnector:
        """Make the connector on trial the active one, in place of the one it was beside.

        Raises TrialNotFound, ConfigurationChanged, or what setting the connector up raises.
        """
        async with self.writer.writing(actor, reason) as write:
            before = await self._get(write, active_id, expected_version)
            promoted = await self.connectors.promote(write, before.saved)
            await save_trial(self.writer, write, Action.PROMOTED, before, None)
        return promoted

    def _chosen(self, numbers: Sequence[PhoneNumber]) -> tuple[ChosenNumber, ...]:
        tenant_id = self.writer.tenant.id
        return tuple(
            ChosenNumber(self.recipients.of(tenant_id, stored_form(number)), number.masked)
            for number in dict.fromkeys(numbers)
        )

    async def _find(self, write: Write) -> Trial | None:
        return await trial_of(write.versions, self.connectors.saved.rows.within(write.tx))

    async def _get(self, write: Write, active_id: str, expected_version: int | None) -> Trial:
        found = _beside(await self._find(write), active_id)
        expect(found.version, expected_version)
        return found

    async def _save(
        self, write: Write, action: Action, before: Trial | None, after: Trial
    ) -> Trial:
        version = await save_trial(self.writer, write, action, before, after)
        return replace(after, version=version)


def _beside(trial: Trial | None, active_id: str) -> Trial:
    if trial is None or trial.beside != active_id:
        raise TrialNotFound(active_id)
    return trial
