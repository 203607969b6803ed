"""`/api/hooks`: which servers are told of events, and how the telling goes."""

from typing import Annotated, Any, Self

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import Field

from watchword.configuration.webhooks import SignedWebhook
from watchword.core.moments import milliseconds
from watchword.core.pagination import FURTHEST, PageRequest
from watchword.sign_in_settings.errors import NothingToChange
from watchword.tenants.errors import TenantLimitReached
from watchword.web.documented import problems
from watchword.web.management.access import Caller, Management
from watchword.web.management.changes import require_a_change
from watchword.web.management.paging import InvalidPagination, Paged, describe_page
from watchword.web.models import ApiModel
from watchword.webhooks.errors import (
    HeaderWantedAgain,
    NoEvents,
    ReceiverRefused,
    TestNotSent,
    WebhookNotFound,
)
from watchword.webhooks.models import (
    MASK,
    Delivery,
    DeliveryState,
    Event,
    ExecutionStats,
    NewWebhook,
    Webhook,
    WebhookChange,
    WebhookConfig,
)

router = APIRouter(prefix="/hooks", tags=["Webhooks"])

Id = Annotated[str, Path(max_length=128)]
LOG_KEY = "TriggerHook."


class CreateHook(ApiModel):
    """A server to be told of events; `event` is the contract's older word for one of them."""

    name: str = Field(default="", min_length=1, max_length=256)
    event: Event | None = None
    events: Annotated[list[Event], Field(min_length=1, max_length=100)] | None = None
    config: WebhookConfig
    enabled: bool = True

    @property
    def wanted(self) -> NewWebhook:
        """Return the webhook as it is asked for."""
        return NewWebhook(
            name=self.name,
            events=_events(self.events, self.event) or (),
            config=self.config,
            enabled=self.enabled,
        )


class ChangeHook(ApiModel):
    """What changes; `config` is replaced as a whole, and a header sent as its mask stays."""

    name: str | None = Field(default=None, min_length=1, max_length=256)
    event: Event | None = None
    events: Annotated[list[Event], Field(min_length=1, max_length=100)] | None = None
    config: WebhookConfig | None = None
    enabled: bool | None = None

    @property
    def wanted(self) -> WebhookChange:
        """Return what is asked for."""
        return WebhookChange(
            name=self.name,
            events=_events(self.events, self.event),
            config=self.config,
            enabled=self.enabled,
        )


class TestHook(ApiModel):
    """Which samples to send, and where to; nothing needs to be saved."""

    events: Annotated[list[Event], Field(min_length=1, max_length=100)]
    config: WebhookConfig


class ExecutionStatsAnswer(ApiModel):
    """How the last day went: how many deliveries were tried, and how many have arrived."""

    success_count: int
    request_count: int


class HookAnswer(ApiModel):
    """One webhook; the signing key and the headers' values are masked once they are saved."""

    tenant_id: str
    id: str
    name: str
    event: Event | None
    events: list[Event]
    config: dict[str, Any]
    signing_key: str
    enabled: bool
    created_at: int

    @classmethod
    def of(cls, caller: Management, webhook: Webhook, signing_key: str = MASK, **more: Any) -> Self:
        """Show a webhook; its key only where it was just made."""
        config: dict[str, Any] = {"url": webhook.url}
        if webhook.header_names:
            config["headers"] = dict.fromkeys(webhook.header_names, MASK)
        if webhook.retries is not None:
            config["retries"] = webhook.retries
        return cls(
            tenant_id=caller.tenant.tenant.id,
            id=webhook.id,
            name=webhook.name,
            event=None,
            events=list(webhook.events),
            config=config,
            signing_key=signing_key,
            enabled=webhook.enabled,
            created_at=milliseconds(webhook.created_at),
            **more,
        )

    @classmethod
    def signed(cls, caller: Management, signed: SignedWebhook) -> Self:
        """Show a webhook with the key that was made for it."""
        return cls.of(caller, signed.webhook, signed.signing_key)


class HookWithStats(HookAnswer):
    """One webhook, with how it did in the last day where that was asked for."""

    execution_stats: ExecutionStatsAnswer | None = None


class LogAnswer(ApiModel):
    """What came of one delivery so far; what it said is not kept."""

    id: str
    key: str
    payload: dict[str, Any]
    created_at: int

    @classmethod
    def of(cls, delivery: Delivery) -> "LogAnswer":
        """Tell of a delivery as the contract's log does."""
        has_arrived = delivery.state is DeliveryState.DELIVERED
        payload: dict[str, Any] = {
            "key": f"{LOG_KEY}{delivery.event}",
            "result": "Success" if has_arrived else "Error",
            "hookId": delivery.webhook_id,
            # Ours.
            "state": delivery.state,
            "attempts": delivery.attempts,
        }
        if delivery.last_status is not None:
            payload["response"] = {"statusCode": delivery.last_status}
        if delivery.last_error is not None:
            payload["error"] = delivery.last_error
        if delivery.state is DeliveryState.WAITING:
            payload["nextAttemptAt"] = milliseconds(delivery.next_at)
        return cls(
            id=delivery.id,
            key=f"{LOG_KEY}{delivery.event}",
            payload=payload,
            created_at=milliseconds(delivery.created_at),
        )


WithStats = Annotated[
    bool, Query(alias="includeExecutionStats", description="Count the last day, too.")
]


@router.get(
    "",
    response_model=list[HookWithStats],
    response_model_exclude_unset=True,
    responses=problems(InvalidPagination),
)
async def list_hooks(
    caller: Caller,
    page: Paged,
    request: Request,
    response: Response,
    with_stats: WithStats = False,
) -> list[HookWithStats]:
    """List the webhooks, the newest first; all of them unless a page is asked for."""
    is_paged = not {"page", "page_size"}.isdisjoint(request.query_params)
    found = await caller.tenant.deliveries.webhooks.list(
        page if is_paged else PageRequest(1, FURTHEST)
    )
    if is_paged:
        describe_page(request, response, found)
    return await _with_stats(caller, found.items, with_stats)


@router.get(
    "/{hook_id}",
    response_model=HookWithStats,
    response_model_exclude_unset=True,
    responses=problems(WebhookNotFound),
)
async def get_hook(hook_id: Id, caller: Caller, with_stats: WithStats = False) -> HookWithStats:
    """Show one webhook."""
    webhook = await caller.tenant.deliveries.webhooks.get(hook_id)
    return (await _with_stats(caller, [webhook], with_stats))[0]


@router.post(
    "", status_code=201, responses=problems(NoEvents, HeaderWantedAgain, TenantLimitReached)
)
async def create_hook(body: CreateHook, caller: Caller) -> HookAnswer:
    """Set a webhook up. Its signing key is in this answer, and in no later one."""
    webhooks = caller.tenant.configuration.webhooks
    return HookAnswer.signed(caller, await webhooks.create(caller.actor, body.wanted))


@router.patch("/{hook_id}", responses=problems(WebhookNotFound, HeaderWantedAgain, NothingToChange))
async def change_hook(hook_id: Id, body: ChangeHook, caller: Caller) -> HookAnswer:
    """Change a webhook; what the body does not name stays."""
    require_a_change(body)
    webhooks = caller.tenant.configuration.webhooks
    return HookAnswer.of(caller, await webhooks.change(caller.actor, hook_id, body.wanted))


@router.delete("/{hook_id}", status_code=204, responses=problems(WebhookNotFound))
async def delete_hook(hook_id: Id, caller: Caller) -> None:
    """Delete a webhook, and what is on its way to it."""
    await caller.tenant.configuration.webhooks.delete(caller.actor, hook_id)


@router.post(
    "/{hook_id}/test",
    status_code=204,
    responses=problems(WebhookNotFound, HeaderWantedAgain, ReceiverRefused, TestNotSent),
)
async def test_hook(hook_id: Id, body: TestHook, caller: Caller) -> None:
    """Send a sample of each event with the config of the body, signed with the webhook's key."""
    webhook = await caller.tenant.deliveries.webhooks.get(hook_id)
    await caller.tenant.deliveries.send_test(webhook, body.events, body.config)


@router.patch("/{hook_id}/signing-key", responses=problems(WebhookNotFound))
async def rotate_signing_key(hook_id: Id, caller: Caller) -> HookAnswer:
    """Make a new signing key. It is in this answer, and in no later one; the old one is gone."""
    webhooks = caller.tenant.configuration.webhooks
    return HookAnswer.signed(caller, await webhooks.rotate_signing_key(caller.actor, hook_id))


@router.get("/{hook_id}/recent-logs", responses=problems(WebhookNotFound, InvalidPagination))
async def recent_logs(  # noqa: PLR0917  # the parts of the address
    hook_id: Id,
    caller: Caller,
    page: Paged,
    request: Request,
    response: Response,
    log_key: Annotated[
        str | None, Query(alias="logKey", max_length=128, description="`TriggerHook.<event>`")
    ] = None,
) -> list[LogAnswer]:
    """List what was posted in the last day, the newest first."""
    await caller.tenant.deliveries.webhooks.get(hook_id)
    event = log_key.removeprefix(LOG_KEY) if log_key else None
    found = await caller.tenant.deliveries.recent(hook_id, page, event)
    describe_page(request, response, found)
    return [LogAnswer.of(delivery) for delivery in found.items]


async def _with_stats(
    caller: Management, webhooks: list[Webhook], is_asked: bool
) -> list[HookWithStats]:
    if not is_asked:
        return [HookWithStats.of(caller, webhook) for webhook in webhooks]
    stats = await caller.tenant.deliveries.stats(webhooks)
    return [
        HookWithStats.of(caller, webhook, execution_stats=_stats(stats[webhook.id]))
        for webhook in webhooks
    ]


def _stats(stats: ExecutionStats) -> ExecutionStatsAnswer:
    return ExecutionStatsAnswer(
        success_count=stats.success_count, request_count=stats.request_count
    )


def _events(events: list[Event] | None, event: Event | None) -> tuple[Event, ...] | None:
    if events is not None:
        return tuple(events)
    return (event,) if event is not None else None
