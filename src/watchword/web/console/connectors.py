"""Connectors: the list, the cards, guide and form, test sends, history, deletion."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from starlette.datastructures import FormData
from starlette.responses import Response

from watchword.configuration.errors import ConfigurationChanged
from watchword.configuration.models import Kind
from watchword.connector_kit.errors import ConnectorError, InvalidConfig
from watchword.connector_kit.guides import guide, logo
from watchword.connector_kit.models import ConnectorType, UsageType
from watchword.connector_kit.templates import REQUIRED, count_segments, fill
from watchword.connectors.models import SavedConnector
from watchword.core.digests import digest_of_token
from watchword.core.errors import DomainError
from watchword.core.pagination import PageRequest
from watchword.core.phone import PhoneNumber
from watchword.messaging.models import Message, MessageState
from watchword.web.console.desk import Desk, WorkDesk, text_of
from watchword.web.console.errors import NoSuchPage
from watchword.web.console.forms import (
    TEMPLATES,
    Answers,
    ConnectorClass,
    FormField,
    field_errors,
    form_fields,
    has_text_templates,
    read_answers,
    rendered_guide,
)
from watchword.web.console.messages import timeline_of
from watchword.web.console.routing import console_router
from watchword.web.console.template_text import USAGES, problems_of
from watchword.web.pages.countries import countries, default_country

router = console_router("/console/{tenant}/connectors")

SAMPLE = {
    "code": "246810",
    "minutes": "10",
    "link": "https://example.com/invitation",
}


@dataclass(frozen=True)
class Card:
    """One connector class among the cards."""

    id: str
    name: str
    description: str
    logo: str
    features: tuple[str, ...]
    is_active: bool


@router.get("")
async def list_connectors(desk: WorkDesk) -> Response:
    """Show what sends text messages, and say plainly that e-mail can't be set up yet."""
    listed = await desk.scope.connectors.list()
    saved = next((one for one in listed if one.type is ConnectorType.SMS), None)
    return desk.render(
        "connectors.html", saved=saved, card=_card_of(desk, saved) if saved else None
    )


@router.get("/set-up")
async def choose(desk: WorkDesk, q: str = "") -> Response:
    """Show the cards."""
    active = await desk.scope.connectors.active(ConnectorType.SMS)
    cards = [_card(desk, found, active) for found in _offered(desk)]
    wanted = q.strip().casefold()
    shown = [
        card for card in cards if wanted in f"{card.name} {card.description} {card.id}".casefold()
    ]
    return desk.render("set_up.html", cards=shown, q=q, has_any=bool(cards), active=active)


@router.get("/set-up/{connector_id}")
async def show_guide(desk: WorkDesk, connector_id: str) -> Response:
    """Show the guide beside an empty form."""
    found = desk.scope.connectors.class_of(connector_id)
    fields = form_fields(desk, found, {}, with_defaults=True)
    return await _set_up_page(desk, found, fields)


@router.post("/set-up/{connector_id}")
async def save_new(desk: WorkDesk, connector_id: str) -> Response:
    """Save the connector; it sends from now on, in place of the one before."""
    found = desk.scope.connectors.class_of(connector_id)
    form = await desk.form()
    answers = read_answers(desk, found, form)
    if not answers.errors:
        try:
            desk.scope.connectors.build_unsaved(connector_id, answers.config)
        except InvalidConfig as error:
            answers.errors = field_errors(desk, error) or {"": desk.message(error)}
    if answers.errors:
        return await _set_up_again(desk, found, form, answers)
    active = await desk.scope.connectors.active(ConnectorType.SMS)
    is_tested = text_of(form, "tested") == _proof_of_test(desk, answers)
    if "confirm" not in form and (active is not None or not is_tested):
        return await _set_up_again(desk, found, form, answers, must_confirm=True)
    await desk.prove_fresh()
    saved = await desk.scope.configuration.create_connector(
        desk.actor, connector_id, desk.scope.connectors.completed(connector_id, answers.config)
    )
    if is_tested:
        await desk.scope.connectors.note_tested(saved)
    return desk.go("connectors", saved.id, done="connector_saved")


@router.post("/set-up/{connector_id}/test")
async def test_new(desk: WorkDesk, connector_id: str) -> Response:
    """Send a test with the form's unsaved values."""
    found = desk.scope.connectors.class_of(connector_id)
    form = await desk.form()
    answers = read_answers(desk, found, form)
    outcome = await _send_test(desk, found, form, answers, None)
    if desk.is_partial:
        return desk.render("test_outcome.html", **outcome)
    return await _set_up_again(desk, found, form, answers, outcome=outcome)


@router.post("/set-up/{connector_id}/preview")
async def preview_templates(desk: WorkDesk, connector_id: str) -> Response:
    """Show what a template becomes on a phone, or what is wrong with it."""
    desk.scope.connectors.class_of(connector_id)
    form = await desk.form()
    preview = _preview(text_of(form, TEMPLATES), text_of(form, "preview_usage"), desk)
    return desk.render("preview.html", preview=preview)


@router.get("/{instance_id}")
async def show_connector(desk: WorkDesk, instance_id: str) -> Response:
    """Show a connector's state and settings."""
    saved = await desk.scope.connectors.get(instance_id)
    found = desk.scope.connectors.class_of(saved.connector_id)
    config = desk.scope.connectors.masked_config(saved)
    fields = form_fields(desk, found, config, kept=frozenset(saved.secrets))
    return await _details_page(desk, saved, found, fields)


@router.post("/{instance_id}")
async def change_connector(desk: WorkDesk, instance_id: str) -> Response:
    """Save changed settings; they hold for the next message."""
    saved = await desk.scope.connectors.get(instance_id)
    found = desk.scope.connectors.class_of(saved.connector_id)
    form = await desk.form()
    answers = read_answers(desk, found, form)
    if answers.errors:
        return await _details_again(desk, saved, found, form, answers)
    await desk.prove_fresh()
    try:
        await desk.scope.configuration.change_connector(
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
        return await _details_again(desk, saved, found, form, answers)
    return desk.go("connectors", instance_id, done="saved")


@router.post("/{instance_id}/test")
async def test_saved(desk: WorkDesk, instance_id: str) -> Response:
    """Send a test with the form's values; secrets that were not replaced are the saved ones."""
    saved = await desk.scope.connectors.get(instance_id)
    found = desk.scope.connectors.class_of(saved.connector_id)
    form = await desk.form()
    answers = read_answers(desk, found, form)
    outcome = await _send_test(desk, found, form, answers, saved)
    if desk.is_partial:
        return desk.render("test_outcome.html", **outcome)
    return await _details_again(desk, saved, found, form, answers, outcome=outcome)


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
    versions = await desk.scope.configuration.history(
        Kind.CONNECTOR, instance_id, PageRequest(max(1, page))
    )
    return desk.render(
        "connector_history.html", saved=saved, card=_card_of(desk, saved), versions=versions
    )


@router.post("/{instance_id}/restore")
async def restore(desk: WorkDesk, instance_id: str) -> Response:
    """Bring an earlier version back, as a new one."""
    form = await desk.form()
    await desk.prove_fresh()
    await desk.scope.configuration.restore(
        desk.actor, Kind.CONNECTOR, instance_id, whole_number(text_of(form, "version")) or 0
    )
    return desk.go("connectors", instance_id, "history", done="restored")


@router.get("/{instance_id}/delete")
async def ask_to_delete(desk: WorkDesk, instance_id: str) -> Response:
    """Say what breaks, and ask for the name."""
    return await _delete_page(desk, await desk.scope.connectors.get(instance_id))


@router.post("/{instance_id}/delete")
async def delete_connector(desk: WorkDesk, instance_id: str) -> Response:
    """Delete it, once its name was typed."""
    saved = await desk.scope.connectors.get(instance_id)
    name = _card_of(desk, saved).name
    if text_of(await desk.form(), "name").strip().casefold() != name.casefold():
        error = desk.text("console.connector.type_name", name=name)
        return await _delete_page(desk, saved, error=error)
    await desk.prove_fresh()
    await desk.scope.configuration.delete_connector(desk.actor, instance_id, force=True)
    return desk.go("connectors", done="connector_deleted")


# Pages


async def _set_up_page(
    desk: Desk, found: ConnectorClass, fields: list[FormField], **context: Any
) -> Response:
    active = await desk.scope.connectors.active(ConnectorType.SMS)
    return desk.render(
        "guide.html",
        card=_card(desk, found, active),
        fields=fields,
        guide=rendered_guide(guide(found, desk.language)),
        replaced=_card_of(desk, active) if active else None,
        base=desk.address("connectors", "set-up", found.metadata.id),
        **{**_test_form(desk), **_preview_of_fields(desk, found, fields), **context},
    )


async def _set_up_again(
    desk: Desk,
    found: ConnectorClass,
    form: FormData,
    answers: Answers,
    *,
    must_confirm: bool = False,
    outcome: dict[str, Any] | None = None,
) -> Response:
    """Show the page with everything as it was typed."""
    fields = form_fields(desk, found, answers.shown, errors=answers.errors)
    proof = text_of(form, "tested")
    return await _set_up_page(
        desk,
        found,
        fields,
        status_code=422 if answers.errors else 200,
        must_confirm=must_confirm,
        is_tested=proof == _proof_of_test(desk, answers),
        tested=proof,
        form_error=answers.errors.get("", ""),
        has_errors=bool(answers.errors),
        outcome=outcome,
        phone=text_of(form, "test_phone"),
        country=text_of(form, "test_country"),
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
        card=_card_of(desk, saved),
        fields=fields,
        override=desk.server.provider_base_urls.get(saved.connector_id),
        receipts=desk.scope.connectors.receipt_url(saved),
        has_reports=found.has_reports,
        base=desk.address("connectors", saved.id),
        preview_base=desk.address("connectors", "set-up", saved.connector_id),
        **{**_test_form(desk), **_preview_of_fields(desk, found, fields), "check": None, **context},
    )


async def _details_again(
    desk: Desk,
    saved: SavedConnector,
    found: ConnectorClass,
    form: FormData,
    answers: Answers,
    *,
    outcome: dict[str, Any] | None = None,
) -> Response:
    fields = form_fields(
        desk, found, answers.shown, kept=frozenset(saved.secrets), errors=answers.errors
    )
    return await _details_page(
        desk,
        saved,
        found,
        fields,
        status_code=422 if answers.errors else 200,
        form_error=answers.errors.get("", ""),
        has_errors=bool(answers.errors),
        outcome=outcome,
        is_dirty=True,
        phone=text_of(form, "test_phone"),
        country=text_of(form, "test_country"),
    )


async def _delete_page(desk: Desk, saved: SavedConnector, error: str = "") -> Response:
    return desk.render(
        "connector_delete.html",
        saved=saved,
        card=_card_of(desk, saved),
        breaks=await desk.scope.configuration.what_breaks(saved.id),
        error=error,
        status_code=422 if error else 200,
    )


# Pieces


def _offered(desk: Desk) -> Iterable[ConnectorClass]:
    for found in desk.server.registry.list():
        if found.metadata.type is not ConnectorType.SMS:
            continue
        if not (found.metadata.development_only and desk.tenant.is_production):
            yield found


def _card(desk: Desk, found: ConnectorClass, active: SavedConnector | None) -> Card:
    return Card(
        id=found.metadata.id,
        name=_localized(found.metadata.name, desk.language),
        description=_localized(found.metadata.description, desk.language),
        logo=logo(found),
        features=tuple(found.metadata.features),
        is_active=active is not None and active.connector_id == found.metadata.id,
    )


def _card_of(desk: Desk, saved: SavedConnector) -> Card:
    found = desk.server.registry.find(saved.connector_id)
    if found is None:
        # A package that is no longer installed: the row still has its name.
        return Card(saved.connector_id, saved.connector_id, "", "", (), saved.is_active)
    return replace(_card(desk, found, saved), is_active=saved.is_active)


def _localized(texts: Any, language: str) -> str:
    return str(texts.get(language) or texts.get("en", ""))


def _test_form(desk: Desk) -> dict[str, Any]:
    listed = countries(desk.language)
    return {
        "countries": listed,
        "country": default_country(desk.request.state.languages, listed),
        "phone": "",
        "outcome": None,
        "must_confirm": False,
        "is_tested": False,
        "tested": "",
        "form_error": "",
        "has_errors": False,
        "is_dirty": False,
    }


async def _send_test(
    desk: Desk,
    found: ConnectorClass,
    form: FormData,
    answers: Answers,
    keep_from: SavedConnector | None,
) -> dict[str, Any]:
    """Return what the timeline shows: the message, or why none was written."""
    if answers.errors:
        return _no_test(desk.text("console.test.fix_form"), answers)
    try:
        to = PhoneNumber.parse(text_of(form, "test_phone"), text_of(form, "test_country") or None)
        # First, so that a form with a mistake in it costs nothing of the cap.
        desk.scope.connectors.build_unsaved(found.metadata.id, answers.config, keep_from)
        await desk.scope.guard.spend_test_send(desk.operator.id)
        message = await desk.scope.messaging.send_test(
            to,
            found.metadata.id,
            answers.config,
            keep_from=keep_from,
            usage=UsageType.GENERIC,
            language=desk.language,
            actor=desk.actor,
        )
    except InvalidConfig as error:
        answers.errors = field_errors(desk, error)
        return _no_test(desk.text("console.test.fix_form"), answers)
    except DomainError as error:
        return _no_test(desk.message(error), answers)
    is_good = message.state in {MessageState.ACCEPTED, MessageState.DELIVERED}
    return {
        "problem": "",
        "field_errors": {},
        "message": message,
        "timeline": timeline_of(message, _localized(found.metadata.name, desk.language)),
        "proof": _proof_of_test(desk, answers) if is_good else "",
    }


def _no_test(problem: str, answers: Answers) -> dict[str, Any]:
    message: Message | None = None
    return {
        "problem": problem,
        "field_errors": answers.errors,
        "message": message,
        "timeline": [],
        "proof": "",
    }


def _proof_of_test(desk: Desk, answers: Answers) -> str:
    """Return what only a test of exactly these values, in this session, put into the form."""
    return digest_of_token(f"{desk.csrf} {answers.fingerprint}")


def _preview_of_fields(
    desk: Desk, found: ConnectorClass, fields: list[FormField]
) -> dict[str, Any]:
    if not has_text_templates(found):
        return {"preview": None}
    text = next(str(field.value) for field in fields if field.key == TEMPLATES)
    return {"preview": _preview(text, "", desk)}


def _preview(text: str, wanted: str, desk: Desk) -> dict[str, Any]:
    problems = problems_of(text) if text.strip() else []
    templates = _templates(text)
    listed = [usage for usage in USAGES if usage in templates or usage in REQUIRED]
    usage = wanted if wanted in listed else UsageType.GENERIC
    content = templates.get(usage, templates.get(UsageType.GENERIC, ""))
    host = desk.scope.origin.partition("://")[2].partition(":")[0]
    sample = {**SAMPLE, "origin_line": f"@{host} #{SAMPLE['code']}", "locale": desk.language}
    filled = fill(content, sample)
    segments = count_segments(filled)
    before, forcing, after = filled, "", ""
    if segments.forcing_character:
        before, forcing, after = filled.partition(segments.forcing_character)
    return {
        "usages": listed,
        "usage": usage,
        "missing": [item for item in listed if item not in templates],
        "problems": problems,
        "before": before,
        "forcing": forcing,
        "after": after,
        "segments": segments,
        "is_empty": not filled,
    }


def _templates(text: str) -> dict[str, str]:
    try:
        parsed = json.loads(text)
    except json.JSONDecodeError:
        return {}
    items = parsed if isinstance(parsed, list) else []
    return {
        str(item["usageType"]): item["content"]
        for item in items
        if isinstance(item, dict) and "usageType" in item and isinstance(item.get("content"), str)
    }


def whole_number(text: str) -> int | None:
    """Return a version that a form carried; raises NoSuchPage for what is no number."""
    if text and not (text.isascii() and text.isdigit() and len(text) < 10):
        raise NoSuchPage
    return int(text) if text else None
