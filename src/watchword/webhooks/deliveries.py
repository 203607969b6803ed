"""What is on its way to a tenant's webhooks: written down, posted, tried again, forgotten."""

import asyncio
import hmac
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Self

import httpx2
import orjson

from watchword.connector_kit.errors import (
    AddressRefused,
    AnswerLost,
    ConnectorError,
    ProviderSettingsRefused,
    ProviderTimeout,
    ProviderUnavailable,
)
from watchword.core.clock import Clock
from watchword.core.ids import new_id
from watchword.core.keys import SecretKeys
from watchword.core.logs import get_logger
from watchword.core.moments import iso_of
from watchword.core.pagination import Page, PageRequest
from watchword.core.sealing import Sealer
from watchword.storage import Database, Storage
from watchword.webhooks.courier import Batch, Courier
from watchword.webhooks.errors import DeliveryNotRepeatable, ReceiverRefused, TestNotSent
from watchword.webhooks.models import (
    DELIVERY_ID,
    SIGNATURE,
    SIGNING_KEY,
    USER_AGENT,
    Claimed,
    Delivery,
    DeliveryError,
    DeliveryState,
    Event,
    ExecutionStats,
    Outcome,
    RetrySchedule,
    Webhook,
    WebhookConfig,
    kept_headers,
    origin_of,
)
from watchword.webhooks.repository import DeliveryRows, WebhookRows
from watchword.webhooks.samples import sample_of
from watchword.webhooks.saved import SavedWebhooks, headers_of

log = get_logger(__name__)

# Longer than the client ever takes, so that a lease that ran out has no sender left.
LEASE = timedelta(seconds=30)
STATS_PERIOD = timedelta(days=1)
LOGS_PERIOD = timedelta(days=1)
REPEATABLE_FOR = timedelta(days=3)
KEPT = timedelta(days=14)

# From the most special to the most general: the kit's errors are classes of each other.
ERRORS: Sequence[tuple[type[ConnectorError], DeliveryError]] = (
    (AddressRefused, DeliveryError.ADDRESS_REFUSED),
    (ProviderSettingsRefused, DeliveryError.NOT_SENDABLE),
    (ProviderTimeout, DeliveryError.TIMED_OUT),
    (AnswerLost, DeliveryError.CONNECTION_LOST),
    (ProviderUnavailable, DeliveryError.NO_CONNECTION),
)


@dataclass(frozen=True, kw_only=True)
class Deliveries:
    """Brings events to one tenant's webhooks: at least once each, for a day at most."""

    rows: DeliveryRows
    webhooks: SavedWebhooks
    sealer: Sealer
    clock: Clock
    courier: Courier
    schedule: RetrySchedule = field(default_factory=RetrySchedule)

    @classmethod
    def build(
        cls,
        *,
        storage: Storage,
        tenant_id: str,
        keys: SecretKeys,
        clock: Clock,
        courier: Courier,
    ) -> Self:
        """Return the deliveries of one tenant."""
        return cls(
            rows=DeliveryRows(storage, tenant_id),
            webhooks=SavedWebhooks(
                rows=WebhookRows(storage, tenant_id), sealer=Sealer(keys, "webhook")
            ),
            sealer=Sealer(keys, "webhook delivery"),
            clock=clock,
            courier=courier,
        )

    async def add(
        self,
        event: Event,
        payload: Mapping[str, Any],
        webhooks: Iterable[Webhook],
        tx: Database | None = None,
    ) -> None:
        """Write *event* down for each of *webhooks*; posting begins when *tx* is committed."""
        rows = self.rows if tx is None else self.rows.within(tx)
        now = self.clock.now()
        for webhook in webhooks:
            delivery_id = new_id()
            body = body_of(webhook.id, event, now, payload)
            await rows.add(
                id=delivery_id,
                webhook_id=webhook.id,
                event=event,
                state=DeliveryState.WAITING,
                body=self.sealer.seal(body, self.rows.tenant_id, delivery_id),
                attempts=0,
                next_at=now,
                created_at=now,
                expires_at=now + self.schedule.give_up_after,
            )
            rows.db.after_commit(partial(self.start, webhook.id))

    def start(self, webhook_id: str) -> None:
        """Post what is due for a webhook, beside whatever else goes on."""
        self.courier.start(
            (self.rows.tenant_id, webhook_id), partial(self._deliver_some, webhook_id)
        )

    async def start_due(self, webhooks: Iterable[Webhook]) -> None:
        """Post what is due again, and what a lost process left."""
        for webhook in webhooks:
            if await self.rows.has_due(webhook.id, self.clock.now()):
                self.start(webhook.id)

    async def repeat(self, webhook: Webhook, delivery_id: str, tx: Database | None = None) -> None:
        """Begin anew with a delivery that failed, when *tx* is committed.

        Raises DeliveryNotRepeatable.
        """
        rows = self.rows if tx is None else self.rows.within(tx)
        now = self.clock.now()
        until = now + self.schedule.give_up_after
        if not await rows.repeat(webhook.id, delivery_id, now, until):
            raise DeliveryNotRepeatable(delivery_id)
        rows.db.after_commit(partial(self.start, webhook.id))

    async def send_test(
        self, webhook: Webhook, events: Iterable[Event], config: WebhookConfig
    ) -> None:
        """Post a sample of each event to where *config* says, at once and not again.

        Raises HeaderWantedAgain, ReceiverRefused or TestNotSent.
        """
        opened = self.webhooks.opened(webhook)
        headers = kept_headers(
            config.headers or {},
            headers_of(opened),
            same_origin=origin_of(config.url) == webhook.origin,
        )
        now = self.clock.now()
        bodies = [
            body_of(webhook.id, event, now, sample_of(event)) for event in dict.fromkeys(events)
        ]
        outcomes = await asyncio.gather(
            *(
                self._post(config.url, headers, opened[SIGNING_KEY], new_id(), body)
                for body in bodies
            )
        )
        for outcome in outcomes:
            if outcome.status is not None and not outcome.is_success:
                raise ReceiverRefused(
                    data={"responseStatus": outcome.status}, status=outcome.status
                )
            if not outcome.is_success:
                raise TestNotSent(data={"reason": outcome.error}, reason=outcome.error)

    async def list(
        self,
        webhook_id: str,
        page: PageRequest = PageRequest(),  # noqa: B008  # frozen
    ) -> Page[Delivery]:
        """Return one page of a webhook's deliveries, newest first."""
        found, total = await self.rows.page(webhook_id, page)
        return Page(found, total, page)

    async def recent(
        self,
        webhook_id: str,
        page: PageRequest = PageRequest(),  # noqa: B008  # frozen
        event: str | None = None,
    ) -> Page[Delivery]:
        """Return one page of what was posted in the last day, newest first."""
        asked: dict[str, Any] = {"since": self.clock.now() - LOGS_PERIOD}
        if event is not None:
            asked["event"] = event
        found, total = await self.rows.page(webhook_id, page, is_tried=True, **asked)
        return Page(found, total, page)

    async def stats(self, webhooks: Iterable[Webhook]) -> dict[str, ExecutionStats]:
        """Return how each webhook did in the last day."""
        since = self.clock.now() - STATS_PERIOD
        counted = await self.rows.stats([webhook.id for webhook in webhooks], since)
        return {webhook.id: counted.get(webhook.id, ExecutionStats()) for webhook in webhooks}

    async def purge(self, now: datetime) -> int:
        """Give up what is too old, erase what nobody repeated, and forget what is long over."""
        await self.rows.give_up(now)
        await self.rows.erase(now - REPEATABLE_FOR)
        return await self.rows.purge(now - KEPT)

    # One line.

    async def _deliver_some(self, webhook_id: str, at_most: int) -> Batch:
        # Read anew each time: an address that was changed, or a webhook that was switched off,
        # must not get the rest of a long queue.
        webhook = await self.webhooks.rows.find(webhook_id)
        if webhook is None or not webhook.enabled:
            return Batch()
        claimed = await self.rows.claim(
            webhook_id,
            self.clock.now(),
            holder=self.courier.holder,
            lease=LEASE,
            at_most=at_most,
        )
        outcomes = await asyncio.gather(*(self._deliver(webhook, one) for one in claimed))
        return Batch(len(outcomes), sum(not is_success for is_success in outcomes))

    async def _deliver(self, webhook: Webhook, claimed: Claimed) -> bool:
        if self.clock.now() + self.courier.client.total >= claimed.claimed_at + LEASE:
            # Slept through: another process may have it by the time that the receiver does.
            await self.rows.let_go(claimed.id, self.courier.holder, self.clock.now())
            return False
        opened = self.webhooks.opened(webhook)
        body = self.sealer.unseal(claimed.sealed_body, self.rows.tenant_id, claimed.id)
        outcome = await self._post(
            webhook.url, headers_of(opened), opened[SIGNING_KEY], claimed.id, body
        )
        await self._end(claimed, outcome)
        return outcome.is_success

    async def _end(self, claimed: Claimed, outcome: Outcome) -> None:
        now, holder = self.clock.now(), self.courier.holder
        next_at = now + self.schedule.wait(claimed.attempts)
        if outcome.is_success:
            is_ours = await self.rows.succeed(claimed.id, holder, outcome, now)
        elif next_at < claimed.expires_at:
            is_ours = await self.rows.retry_at(next_at, claimed.id, holder, outcome, now)
        else:
            is_ours = await self.rows.fail(claimed.id, holder, outcome, now)
        if not is_ours:
            log.warning("delivery_lease_lost", delivery=claimed.id, error=outcome.error)

    async def _post(
        self, url: str, headers: Mapping[str, str], signing_key: str, delivery_id: str, body: str
    ) -> Outcome:
        content = body.encode()
        try:
            request = httpx2.Request(
                "POST",
                url,
                content=content,
                headers={
                    **headers,
                    "content-type": "application/json",
                    "user-agent": USER_AGENT,
                    DELIVERY_ID: delivery_id,
                    SIGNATURE: signature_of(signing_key, content),
                },
            )
            response = await self.courier.client.send(request)
        except httpx2.InvalidURL:
            return Outcome(error=DeliveryError.NOT_SENDABLE)
        except ConnectorError as error:
            return Outcome(error=_error_of(error))
        if response.is_success:
            return Outcome(response.status_code)
        is_elsewhere = 300 <= response.status_code < 400
        return Outcome(
            response.status_code,
            DeliveryError.REDIRECTED if is_elsewhere else DeliveryError.REFUSED,
        )


def body_of(webhook_id: str, event: Event, at: datetime, payload: Mapping[str, Any]) -> str:
    """Return what is posted: the envelope of the contract, and the event's own fields."""
    envelope = {"hookId": webhook_id, "event": event.value, "createdAt": iso_of(at)}
    # First to be read, and last to be set: no payload takes the place of its envelope.
    return orjson.dumps({**envelope, **payload, **envelope}).decode()


def signature_of(signing_key: str, body: bytes) -> str:
    """Return the HMAC-SHA-256 of a body, in hexadecimal."""
    return hmac.digest(signing_key.encode(), body, "sha256").hex()


def _error_of(error: ConnectorError) -> DeliveryError:
    for kind, name in ERRORS:
        if isinstance(error, kind):
            return name
    return DeliveryError.UNREADABLE_ANSWER
