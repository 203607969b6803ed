"""Webhooks: which servers are told of events, whether they hear, and sending again what failed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError
from starlette.datastructures import FormData
from starlette.responses import Response

from watchword.configuration.models import Kind
from watchword.core.errors import DomainError
from watchword.core.pagination import PageRequest
from watchword.web.console.confirming import others_since
from watchword.web.console.deleting import configured, deleted, is_typed, version_seen
from watchword.web.console.desk import Desk, WorkDesk, text_of, whole_number
from watchword.web.console.history import restored, versions_of
from watchword.web.console.routing import console_router
from watchword.webhooks.errors import HeaderWantedAgain
from watchword.webhooks.models import (
    MASK,
    Event,
    NewWebhook,
    Webhook,
    WebhookChange,
    WebhookConfig,
)

router = console_router("/console/{tenant}/webhooks")

LONGEST_NAME = 256

GROUPS: Mapping[str, tuple[Event, ...]] = {
    "sign_in": (Event.POST_REGISTER, Event.POST_SIGN_IN, Event.POST_RESET_PASSWORD),
    "safety": (
        Event.IDENTIFIER_LOCKOUT,
        Event.MESSAGE_RATE_LIMITED,
        Event.DAILY_MESSAGES_NEAR_LIMIT,
    ),
    "messages": (
        Event.MESSAGE_DELIVERED,
        Event.MESSAGE_FAILED,
        Event.CONNECTOR_UNHEALTHY,
        Event.CONNECTOR_RECOVERED,
    ),
    "users": tuple(event for event in Event if event.startswith("User.")),
    "organizations": tuple(event for event in Event if event.startswith("Organization.")),
    "organization_template": tuple(
        event for event in Event if event.startswith(("OrganizationRole.", "OrganizationScope."))
    ),
}
"""The events as the form shows them."""


@dataclass
class Answers:
    """What an operator filled in, and what is wrong where."""

    name: str
    url: str
    headers: str
    events: tuple[Event, ...]
    enabled: bool
    errors: dict[str, str] = field(default_factory=dict)
    config: WebhookConfig | None = None


@router.get("")
async def list_webhooks(desk: WorkDesk, page: int = 1) -> Response:
    """List the webhooks, and how each did in the last day."""
    found = await desk.scope.deliveries.webhooks.list(PageRequest(max(1, page)))
    return desk.render(
        "webhooks.html",
        webhooks=found,
        stats=await desk.scope.deliveries.stats(found.items),
        page_address=lambda n: desk.address("webhooks", page=n),
    )


@router.get("/new")
async def show_new(desk: WorkDesk) -> Response:
    """Ask for name, address and events."""
    return _new_page(desk, Answers("", "", "", (), True))


@router.post("/new")
async def create(desk: WorkDesk) -> Response:
    """Set it up; the signing key is shown on this answer only."""
    answers = _read(desk, await desk.form())
    if answers.errors or answers.config is None:
        return _new_page(desk, answers, status_code=422)
    await desk.prove_fresh()
    new = NewWebhook(name=answers.name, events=answers.events, config=answers.config)
    try:
        signed = await desk.scope.configuration.webhooks.create(desk.actor, new)
    except DomainError as error:
        answers.errors["headers" if isinstance(error, HeaderWantedAgain) else ""] = desk.message(
            error
        )
        return _new_page(desk, answers, status_code=422)
    return desk.render("webhook_key.html", signed=signed, is_new=True)


@router.get("/{webhook_id}")
async def show(desk: WorkDesk, webhook_id: str) -> Response:
    """Show the settings, and what was sent lately."""
    webhook = await desk.scope.deliveries.webhooks.get(webhook_id)
    return await _details_page(desk, webhook, _answers_of(webhook))


@router.post("/{webhook_id}")
async def change(desk: WorkDesk, webhook_id: str) -> Response:
    """Save changed settings; they hold for what waits, too."""
    webhook = await desk.scope.deliveries.webhooks.get(webhook_id)
    form = await desk.form()
    answers = _read(desk, form)
    if answers.errors or answers.config is None:
        return await _details_page(desk, webhook, answers, status_code=422, is_dirty=True)
    await desk.prove_fresh()
    try:
        await desk.scope.configuration.webhooks.change(
            desk.actor,
            webhook_id,
            WebhookChange(
                name=answers.name,
                events=answers.events,
                config=answers.config.model_copy(update={"retries": webhook.retries}),
                enabled=answers.enabled,
            ),
            expected_version=whole_number(text_of(form, "version")),
        )
    except HeaderWantedAgain as error:
        answers.errors["headers"] = desk.message(error)
    except DomainError as error:
        answers.errors[""] = desk.message(error)
    if answers.errors:
        seen = whole_number(text_of(form, "version"))
        others = await others_since(desk, Kind.WEBHOOK, seen, webhook_id)
        return await _details_page(
            desk, webhook, answers, others=others, status_code=422, is_dirty=True
        )
    return desk.go("webhooks", webhook_id, done="saved")


@router.post("/{webhook_id}/test")
async def send_test(desk: WorkDesk, webhook_id: str) -> Response:
    """Post a sample with the form's values, saved or not, and say what the receiver answered."""
    webhook = await desk.scope.deliveries.webhooks.get(webhook_id)
    form = await desk.form()
    answers = _read(desk, form)
    problem = next(iter(answers.errors.values()), "")
    if answers.config is not None and not problem:
        event = next(iter(answers.events))
        try:
            await desk.scope.deliveries.send_test(webhook, [event], answers.config)
        except DomainError as error:
            problem = _test_problem(desk, error)
    if desk.is_partial:
        return desk.render("webhook_test_outcome.html", problem=problem)
    return await _details_page(
        desk, webhook, answers, is_dirty=True, is_tested=True, test_problem=problem
    )


@router.post("/{webhook_id}/signing-key")
async def rotate(desk: WorkDesk, webhook_id: str) -> Response:
    """Make a new signing key, which is shown on this answer only."""
    await desk.scope.deliveries.webhooks.get(webhook_id)
    await desk.prove_fresh()
    signed = await desk.scope.configuration.webhooks.rotate_signing_key(desk.actor, webhook_id)
    return desk.render("webhook_key.html", signed=signed, is_new=False)


@router.get("/{webhook_id}/deliveries")
async def show_deliveries(desk: WorkDesk, webhook_id: str, page: int = 1) -> Response:
    """Show what was sent and what is on its way, the newest first."""
    webhook = await desk.scope.deliveries.webhooks.get(webhook_id)
    return desk.render(
        "webhook_deliveries.html",
        webhook=webhook,
        deliveries=await desk.scope.deliveries.list(webhook_id, PageRequest(max(1, page))),
        page_address=lambda n: desk.address("webhooks", webhook_id, "deliveries", page=n),
    )


@router.post("/{webhook_id}/deliveries/{delivery_id}/repeat")
async def repeat(desk: WorkDesk, webhook_id: str, delivery_id: str) -> Response:
    """Send what failed once more."""
    webhook = await desk.scope.deliveries.webhooks.get(webhook_id)
    subject = f"webhook:{webhook_id}"
    async with desk.server.storage.transaction() as tx:
        await desk.scope.deliveries.repeat(webhook, delivery_id, tx)
        await desk.scope.audit.record(
            "webhook.delivery_repeated", desk.actor, subject=subject, tx=tx
        )
    return desk.go("webhooks", webhook_id, "deliveries", done="sent_again")


@router.get("/{webhook_id}/history")
async def show_history(desk: WorkDesk, webhook_id: str, page: int = 1) -> Response:
    """Show every version, what changed in it, and who changed it."""
    webhook = await desk.scope.deliveries.webhooks.get(webhook_id)
    return desk.render(
        "webhook_history.html",
        webhook=webhook,
        versions=await versions_of(desk, Kind.WEBHOOK, webhook_id, page=page),
    )


@router.post("/{webhook_id}/restore")
async def restore(desk: WorkDesk, webhook_id: str) -> Response:
    """Bring an earlier version back, as a new one."""
    return await restored(desk, Kind.WEBHOOK, webhook_id, back=f"webhooks/{webhook_id}/history")


@router.post("/{webhook_id}/delete")
async def delete(desk: WorkDesk, webhook_id: str) -> Response:
    """Delete it, once its name was typed."""
    webhook = await desk.scope.deliveries.webhooks.get(webhook_id)
    form, name = await desk.form(), webhook.name or webhook.id
    said = await deleted(
        desk,
        form,
        configured(desk, form, Kind.WEBHOOK, webhook_id, version=webhook.version),
        lambda: desk.scope.configuration.webhooks.delete(
            desk.actor, webhook_id, expected_version=version_seen(form)
        ),
        is_named=is_typed(form, name),
    )
    if said is not None:
        webhook = await desk.scope.deliveries.webhooks.get(webhook_id)
        return await _details_page(desk, webhook, _answers_of(webhook), **said)
    return desk.go("webhooks", done="webhook_deleted")


# Pages


def _new_page(desk: Desk, answers: Answers, **context: Any) -> Response:
    return desk.render("webhook_new.html", answers=answers, groups=GROUPS, **context)


async def _details_page(desk: Desk, webhook: Webhook, answers: Answers, **context: Any) -> Response:
    return desk.render(
        "webhook.html",
        **{
            "webhook": webhook,
            "answers": answers,
            "groups": GROUPS,
            "delete_error": "",
            "is_dirty": False,
            "is_tested": False,
            "test_problem": "",
            **context,
        },
    )


# Forms


def _answers_of(webhook: Webhook) -> Answers:
    headers = "\n".join(f"{name}: {MASK}" for name in webhook.header_names)
    return Answers(webhook.name, webhook.url, headers, webhook.events, webhook.enabled)


def _read(desk: Desk, form: FormData) -> Answers:
    chosen = {value for value in form.getlist("events") if isinstance(value, str)}
    answers = Answers(
        name=text_of(form, "name").strip(),
        url=text_of(form, "url").strip(),
        headers=text_of(form, "headers"),
        events=tuple(event for event in Event if event.value in chosen),
        enabled="enabled" in form,
    )
    if len(answers.name) > LONGEST_NAME:
        answers.errors["name"] = desk.text("console.webhooks.name_too_long", most=LONGEST_NAME)
    if not answers.events:
        answers.errors["events"] = desk.text("errors.hook.missing_events")
    try:
        answers.config = WebhookConfig(url=answers.url, headers=_headers(answers.headers) or None)
    except ValidationError as error:
        for issue in error.errors():
            place = str(issue["loc"][0])
            answers.errors[place] = desk.text(f"console.webhooks.{place}_wrong")
    return answers


def _headers(text: str) -> dict[str, str]:
    lines = [line.partition(":") for line in text.splitlines() if line.strip()]
    return {name.strip(): value.strip() for name, _, value in lines}


def _test_problem(desk: Desk, error: DomainError) -> str:
    reason = error.values.get("reason")
    if reason is None:
        return desk.message(error)
    return f"{desk.message(error)} {desk.text(f'console.delivery_error.{reason}')}"
