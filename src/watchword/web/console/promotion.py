"""Promotion: move what was tried in another tenant here, after a diff and a test."""

from collections.abc import Mapping
from typing import Any

from starlette.datastructures import FormData
from starlette.responses import Response

from watchword.configuration.document import SLOTS
from watchword.configuration.errors import (
    ConfigurationChanged,
    DocumentRefused,
    NothingChosen,
)
from watchword.configuration.promotion import Preview, Promotion
from watchword.connector_kit.models import ConnectorType, UsageType
from watchword.core.email import EmailAddress
from watchword.core.errors import DomainError
from watchword.core.phone import PhoneNumber
from watchword.messaging.models import Recipient
from watchword.web.console.desk import Desk, WorkDesk, text_of, whole_number
from watchword.web.console.errors import NoSuchPage
from watchword.web.console.message_timeline import followed
from watchword.web.console.routing import console_router
from watchword.web.problems import status_of

router = console_router("/console/{tenant}/promotion")

SECRET = "secret:"  # noqa: S105  # in front of a field's name
MOST_ITEMS = 200


@router.get("")
async def show(desk: WorkDesk, source: str = "") -> Response:
    """Let choose a tenant and what is to move, then show what that would change here."""
    chosen = desk.request.query_params.getlist("item")[:MOST_ITEMS]
    return await _page(desk, source, chosen)


@router.post("/test")
async def test(desk: WorkDesk) -> Response:
    """Send a test through a connector as it would be here."""
    form = await desk.form()
    outcome = await _tried(desk, form)
    if desk.is_partial:
        return desk.render("test_outcome.html", **outcome)
    return await _page(desk, text_of(form, "source"), _items(form), outcome=outcome)


@router.post("/move")
async def move(desk: WorkDesk) -> Response:
    """Move what was chosen, all of it or nothing."""
    await desk.prove_fresh()
    form = await desk.form()
    source, items = text_of(form, "source"), _items(form)
    promotion = await _promotion(desk, source)
    try:
        await promotion.move(
            desk.actor,
            items,
            _entered(form),
            expected_stamp=whole_number(text_of(form, "stamp")),
            reason=text_of(form, "reason").strip()[:1024] or None,
        )
    except (ConfigurationChanged, DocumentRefused, NothingChosen) as error:
        return await _page(desk, source, items, error)
    return desk.go("configuration", done="promoted")


async def _page(
    desk: Desk,
    source: str,
    items: list[str],
    error: DomainError | None = None,
    outcome: Mapping[str, Any] | None = None,
) -> Response:
    promotion = await _promotion(desk, source) if source else None
    preview: Preview | None = None
    if promotion is not None and items:
        try:
            preview = await promotion.preview(desk.actor, items, {})
        except (DocumentRefused, NothingChosen) as refused:
            error = error or refused
    return desk.render(
        "promotion.html",
        status_code=status_of(error) if error else 200,
        others=[tenant for tenant in desk.tenants if tenant.id != desk.tenant.id],
        source=source,
        choices=await promotion.choices() if promotion else (),
        items=items,
        preview=preview,
        slots=[slot for slot in SLOTS if f"connectors.{slot}" in items],
        problem=desk.message(error) if error else "",
        issues=error.issues if isinstance(error, DocumentRefused) else (),
        outcome=outcome,
    )


async def _promotion(desk: Desk, source: str) -> Promotion:
    if source not in desk.server.tenants:
        raise NoSuchPage
    scope = await desk.server.scope_of(source)
    return Promotion(
        source=scope.configuration.documents, target=desk.scope.configuration.documents
    )


async def _tried(desk: Desk, form: FormData) -> dict[str, Any]:
    slot = text_of(form, "slot")
    if slot not in SLOTS:
        raise NoSuchPage
    promotion = await _promotion(desk, text_of(form, "source"))
    try:
        connector_id, config, present = await promotion.connector_config(slot, _entered(form))
        found = desk.scope.connectors.class_of(connector_id)
        to = _receiver(found.metadata.type, text_of(form, "to"))
        desk.scope.connectors.build_unsaved(connector_id, config, present)
        await desk.scope.guard.spend_test_send(desk.operator.id)
        message = await desk.scope.messaging.send_test(
            to,
            connector_id,
            config,
            keep_from=present,
            usage=UsageType.GENERIC,
            language=desk.language,
            actor=desk.actor,
        )
    except DomainError as error:
        return {"problem": desk.message(error)}
    return {"problem": "", **await followed(desk, message)}


def _receiver(sends: ConnectorType, text: str) -> Recipient:
    return EmailAddress.parse(text) if sends is ConnectorType.EMAIL else PhoneNumber.parse(text)


def _items(form: FormData) -> list[str]:
    return [item for item in form.getlist("item") if isinstance(item, str)][:MOST_ITEMS]


def _entered(form: FormData) -> dict[str, str]:
    return {
        name.removeprefix(SECRET): value
        for name, value in form.items()
        if name.startswith(SECRET) and isinstance(value, str) and value
    }
