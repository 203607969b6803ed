"""Connectors: what is set up, its settings, history and deletion."""

from collections.abc import Sequence
from typing import Any

from starlette.datastructures import FormData
from starlette.responses import Response

from watchword.configuration.errors import ConfigurationChanged
from watchword.configuration.models import Breakage, ConfigurationVersion, Kind
from watchword.connector_kit.errors import ConnectorError, InvalidConfig
from watchword.connector_kit.guides import guide
from watchword.connector_kit.models import ConnectorType
from watchword.connector_kit.session import SessionConnector
from watchword.connectors.models import SavedConnector
from watchword.web.console.confirming import others_since
from watchword.web.console.connector_parts import (
    Card,
    card_of,
    outcome_alone,
    pasted_answers,
    preview_of_fields,
    send_test,
    test_form,
    typed_test,
)
from watchword.web.console.deleting import configured, deleted, seen_of, version_seen
from watchword.web.console.desk import Desk, WorkDesk, text_of, whole_number
from watchword.web.console.forms import (
    Answers,
    ConnectorClass,
    FormField,
    field_errors,
    form_fields,
    read_answers,
    rendered_guide,
)
from watchword.web.console.history import restored, versions_of
from watchword.web.console.pasted_config import Pasted
from watchword.web.console.routing import console_router
from watchword.web.console.social_connectors import card_of_social, to_social
from watchword.web.console.undo import undo_of, undos_of, unwell_of

router = console_router("/console/{tenant}/connectors")

MOST_EARLIER = 10
"""How many connectors that were replaced or deleted are offered again."""


@router.get("")
async def list_connectors(desk: WorkDesk) -> Response:
    """Show what sends text messages and what sends e-mail."""
    listed = {saved.type: saved for saved in await desk.scope.connectors.list()}
    senders = [
        (type_, listed.get(type_), card_of(desk, listed[type_]) if type_ in listed else None)
        for type_ in (ConnectorType.EMAIL, ConnectorType.SMS)
    ]
    # Two at most: one for each kind of message.
    paused = {
        saved.id
        for saved in listed.values()
        if await desk.scope.health.paused_until(saved.id) is not None
    }
    return desk.render(
        "connectors.html",
        senders=senders,
        paused=paused,
        unwell=await unwell_of(desk, await undos_of(desk)),
        earlier=await _earlier(desk),
        trial=desk.scope.connectors.trial,
        is_trial_running=desk.scope.connectors.running_trial is not None,
        trial_card=card_of(desk, trial.saved) if (trial := desk.scope.connectors.trial) else None,
    )


@router.post("/{instance_id}/bring-back")
async def bring_back(desk: WorkDesk, instance_id: str) -> Response:
    """Let an earlier connector send again, as it was last, in place of the one that sends now."""
    await desk.form()
    await desk.prove_fresh()
    await desk.scope.configuration.bring_back(desk.actor, instance_id)
    return desk.go("connectors", instance_id, done="brought_back")


@router.get("/{instance_id}")
async def show_connector(desk: WorkDesk, instance_id: str) -> Response:
    """Show a connector's state and settings; one on trial is shown beside the active one."""
    trial = desk.scope.connectors.trial
    if trial is not None and trial.saved.id == instance_id:
        return desk.go("connectors", trial.beside, "trial")
    saved = await desk.scope.connectors.get(instance_id)
    if saved.type is ConnectorType.SOCIAL:
        return to_social(desk, saved.id)
    found = desk.scope.connectors.class_of(saved.connector_id)
    config = desk.scope.connectors.masked_config(saved)
    fields = form_fields(desk, found, config, kept=frozenset(saved.secrets))
    return await _details_page(desk, saved, found, fields)


@router.post("/{instance_id}")
async def change_connector(desk: WorkDesk, instance_id: str) -> Response:
    """Save changed settings; they hold for the next message."""
    saved = await desk.scope.connectors.get(instance_id)
    if saved.type is ConnectorType.SOCIAL:
        return to_social(desk, saved.id)
    found = desk.scope.connectors.class_of(saved.connector_id)
    form = await desk.form()
    answers = read_answers(desk, found, form)
    if answers.errors:
        return await _details_again(desk, saved, found, form, answers)
    await desk.prove_fresh()
    try:
        await desk.scope.configuration.connectors.change(
            desk.actor,
            instance_id,
            answers.config,
            expected_version=whole_number(text_of(form, "version")),
        )
    except InvalidConfig as error:
        answers.errors = field_errors(desk, error) or {"": desk.message(error)}
        return await _details_again(desk, saved, found, form, answers)
    except ConfigurationChanged as error:
        answers.errors = {"": desk.message(error)}
        seen = whole_number(text_of(form, "version"))
        others = await others_since(desk, Kind.CONNECTOR, seen, instance_id)
        return await _details_again(desk, saved, found, form, answers, others=others)
    return desk.go("connectors", instance_id, done="saved")


@router.post("/{instance_id}/test")
async def test_saved(desk: WorkDesk, instance_id: str) -> Response:
    """Send a test with the form's values; secrets that were not replaced are the saved ones."""
    saved = await desk.scope.connectors.get(instance_id)
    if saved.type is ConnectorType.SOCIAL:
        return to_social(desk, saved.id)
    found = desk.scope.connectors.class_of(saved.connector_id)
    form = await desk.form()
    answers = read_answers(desk, found, form)
    outcome = await send_test(desk, found, form, answers, saved)
    if desk.is_partial:
        return outcome_alone(desk, found, form, outcome)
    return await _details_again(desk, saved, found, form, answers, outcome=outcome)


@router.post("/{instance_id}/paste")
async def paste_into_saved(desk: WorkDesk, instance_id: str) -> Response:
    """Fill the form with a configuration copied from elsewhere; nothing is saved."""
    saved = await desk.scope.connectors.get(instance_id)
    found = desk.scope.connectors.class_of(saved.connector_id)
    form, answers, pasted = pasted_answers(desk, found, await desk.form(), saved)
    return await _details_again(desk, saved, found, form, answers, pasted=pasted)


@router.post("/{instance_id}/check")
async def check_credentials(desk: WorkDesk, instance_id: str) -> Response:
    """Ask the provider whether it knows us; nothing is sent and nothing is paid."""
    saved = await desk.scope.connectors.get(instance_id)
    try:
        words = await desk.scope.connectors.build(saved).check_credentials()
        check: dict[str, Any] = {"is_good": True, "words": words}
    except ConnectorError as error:
        check = {"is_good": False, "error_class": error.error_class, "words": error.words}
    if desk.is_partial:
        return desk.render("check_outcome.html", check=check)
    found = desk.scope.connectors.class_of(saved.connector_id)
    config = desk.scope.connectors.masked_config(saved)
    fields = form_fields(desk, found, config, kept=frozenset(saved.secrets))
    return await _details_page(desk, saved, found, fields, check=check)


@router.get("/{instance_id}/guide")
async def show_saved_guide(desk: WorkDesk, instance_id: str) -> Response:
    """Show the guide of a saved connector."""
    saved = await desk.scope.connectors.get(instance_id)
    found = desk.scope.connectors.class_of(saved.connector_id)
    return desk.render(
        "connector_guide.html",
        saved=saved,
        card=_card_of(desk, saved),
        guide=rendered_guide(guide(found, desk.language)),
    )


@router.get("/{instance_id}/history")
async def show_history(desk: WorkDesk, instance_id: str, page: int = 1) -> Response:
    """Show every version, what changed in it, and who changed it."""
    saved = await desk.scope.connectors.get(instance_id)
    versions = await versions_of(desk, Kind.CONNECTOR, instance_id, page=page)
    return desk.render(
        "connector_history.html", saved=saved, card=_card_of(desk, saved), versions=versions
    )


@router.post("/{instance_id}/restore")
async def restore(desk: WorkDesk, instance_id: str) -> Response:
    """Bring an earlier version back, as a new one."""
    return await restored(
        desk, Kind.CONNECTOR, instance_id, back=f"connectors/{instance_id}/history"
    )


@router.get("/{instance_id}/delete")
async def ask_to_delete(desk: WorkDesk, instance_id: str) -> Response:
    """Say what breaks, and ask for the name."""
    return await _delete_page(desk, await desk.scope.connectors.get(instance_id))


@router.post("/{instance_id}/delete")
async def delete_connector(desk: WorkDesk, instance_id: str) -> Response:
    """Delete it, once its name was typed."""
    saved, form = await desk.scope.connectors.get(instance_id), await desk.form()
    name = _card_of(desk, saved).name
    said = await deleted(
        desk,
        form,
        configured(desk, form, Kind.CONNECTOR, instance_id, version=saved.version),
        lambda: desk.scope.configuration.connectors.delete(
            desk.actor,
            instance_id,
            force=True,
            expected_version=version_seen(form),
            foreseen=text_of(form, "foreseen").split(",") if seen_of(form) else None,
        ),
        is_named=text_of(form, "name").strip().casefold() == name.casefold(),
    )
    if said is not None:
        return await _delete_page(desk, await desk.scope.connectors.get(instance_id), **said)
    back = ("connectors", "social") if saved.type is ConnectorType.SOCIAL else ("connectors",)
    return desk.go(*back, done="connector_deleted")


# Pages


def _card_of(desk: Desk, saved: SavedConnector) -> Card:
    return (
        card_of_social(desk, saved) if saved.type is ConnectorType.SOCIAL else card_of(desk, saved)
    )


async def _details_page(
    desk: Desk,
    saved: SavedConnector,
    found: ConnectorClass,
    fields: list[FormField],
    **context: Any,
) -> Response:
    return desk.render(
        "connector.html",
        saved=saved,
        undo=await _undo(desk, saved),
        last_change=await undo_of(desk, saved),
        health=await desk.scope.health.of(saved.id),
        paused_until=await desk.scope.health.paused_until(saved.id),
        card=card_of(desk, saved),
        fields=fields,
        override=desk.server.provider_base_urls.get(saved.connector_id),
        receipts=desk.scope.connectors.receipt_url(saved),
        has_reports=found.has_reports,
        has_session=issubclass(found, SessionConnector),
        base=desk.address("connectors", saved.id),
        preview_base=desk.address("connectors", "set-up", saved.connector_id),
        **{
            **test_form(desk, found, fields),
            **preview_of_fields(desk, found, fields),
            "check": None,
            **context,
        },
    )


async def _earlier(desk: Desk) -> list[tuple[SavedConnector, Card]]:
    retired = await desk.scope.connectors.list_retired(MOST_EARLIER)
    return [(saved, card_of(desk, saved)) for saved in retired]


async def _undo(desk: Desk, saved: SavedConnector) -> tuple[SavedConnector, Card] | None:
    """Return the connector that *saved* took over from, right after it did."""
    if desk.done not in {"connector_saved", "brought_back"}:
        return None
    earlier = await _earlier(desk)
    return next((one for one in earlier if one[0].type is saved.type), None)


async def _details_again(
    desk: Desk,
    saved: SavedConnector,
    found: ConnectorClass,
    form: FormData,
    answers: Answers,
    *,
    outcome: dict[str, Any] | None = None,
    pasted: Pasted | None = None,
    others: Sequence[ConfigurationVersion] = (),
) -> Response:
    fields = form_fields(
        desk, found, answers.shown, kept=frozenset(saved.secrets), errors=answers.errors
    )
    return await _details_page(
        desk,
        saved,
        found,
        fields,
        status_code=422 if answers.errors and pasted is None else 200,
        form_error=answers.errors.get("", ""),
        has_errors=bool(answers.errors) and pasted is None,
        outcome=outcome,
        pasted=pasted,
        others=others,
        is_dirty=True,
        **typed_test(form),
    )


async def _delete_page(desk: Desk, saved: SavedConnector, **context: Any) -> Response:
    broken = await desk.scope.configuration.connectors.what_breaks(saved.id)
    return desk.render(
        "connector_delete.html",
        saved=saved,
        card=_card_of(desk, saved),
        breaks=[_in_words(desk, saved, item) for item in broken if item.count is None],
        concerned=[_in_words(desk, saved, item) for item in broken if item.count is not None],
        foreseen=[item.setting for item in broken],
        **context,
    )


def _in_words(desk: Desk, saved: SavedConnector, item: Breakage) -> str:
    key = f"console.breakage.{saved.type.value.lower()}.{item.setting}"
    if item.count is None:
        return desk.text(key)
    return desk.text(f"{key}_at_least" if item.is_at_least else key, count=item.count)
