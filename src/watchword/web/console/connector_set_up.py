"""Setting a connector up: the guide beside the form, a pasted config, a test, and saving."""

from collections.abc import Mapping, Sequence
from typing import Any

from babel import Locale
from starlette.datastructures import FormData
from starlette.responses import Response

from watchword.configuration.consequences import EVERYWHERE
from watchword.configuration.trials import TrialTerms
from watchword.connector_kit.errors import InvalidConfig
from watchword.connector_kit.guides import guide
from watchword.connector_kit.models import ConnectorType
from watchword.connectors.errors import TrialRunning
from watchword.connectors.models import SavedConnector
from watchword.tenants.errors import TenantLimitReached
from watchword.web.console.connector_comparison import comparison, listed, usage_name
from watchword.web.console.connector_parts import (
    card_of,
    card_of_class,
    outcome_alone,
    pasted_answers,
    preview_of,
    preview_of_fields,
    proof_of_test,
    send_test,
    test_form,
    typed_test,
)
from watchword.web.console.desk import Desk, WorkDesk, text_of
from watchword.web.console.errors import NoSuchPage
from watchword.web.console.forms import (
    TEMPLATES,
    Answers,
    ConnectorClass,
    FormField,
    field_errors,
    form_fields,
    parsed,
    read_answers,
    rendered_guide,
)
from watchword.web.console.pasted_config import Pasted
from watchword.web.console.routing import console_router
from watchword.web.console.social_connectors import to_social
from watchword.web.console.trials import REFUSALS, TypedTerms, trial_form

router = console_router("/console/{tenant}/connectors/set-up")


@router.get("/{connector_id}")
async def show_guide(desk: WorkDesk, connector_id: str) -> Response:
    """Show the guide beside an empty form."""
    found = desk.scope.connectors.class_of(connector_id)
    if found.metadata.type is ConnectorType.SOCIAL:
        return to_social(desk, "set-up", connector_id)
    fields = form_fields(desk, found, {}, with_defaults=True)
    return await _set_up_page(desk, found, fields, parsed({f.key: f.value for f in fields}))


@router.post("/{connector_id}")
async def save_new(desk: WorkDesk, connector_id: str) -> Response:
    """Save the connector; it sends from now on, in place of the one before."""
    found = desk.scope.connectors.class_of(connector_id)
    if found.metadata.type is ConnectorType.SOCIAL:
        return to_social(desk, "set-up", connector_id)
    form = await desk.form()
    answers = read_answers(desk, found, form)
    if not answers.errors:
        try:
            desk.scope.connectors.build_unsaved(connector_id, answers.config)
        except InvalidConfig as error:
            answers.errors = field_errors(desk, error) or {"": desk.message(error)}
    if answers.errors:
        return await _set_up_again(desk, found, form, answers)
    active = await desk.scope.connectors.active(found.metadata.type)
    is_tested = text_of(form, "tested") == proof_of_test(desk, answers)
    if "confirm" not in form and (active is not None or not is_tested):
        losses = _losses(desk, active, connector_id, answers) if active else []
        return await _set_up_again(desk, found, form, answers, must_confirm=True, losses=losses)
    await desk.prove_fresh()
    config = desk.scope.connectors.completed(connector_id, answers.config)
    try:
        saved = await desk.scope.configuration.connectors.create(desk.actor, connector_id, config)
    except TenantLimitReached as error:
        answers.errors = {"": desk.message(error)}
        return await _set_up_again(desk, found, form, answers)
    if is_tested:
        await desk.scope.connectors.note_tested(saved)
    return desk.go("connectors", saved.id, done="connector_saved")


@router.post("/{connector_id}/trial")
async def start_trial(desk: WorkDesk, connector_id: str) -> Response:
    """Let some messages go through it for a while; the connector that sends now stays."""
    found = desk.scope.connectors.class_of(connector_id)
    form = await desk.form()
    answers, typed = read_answers(desk, found, form), TypedTerms.of(form)
    active = await desk.scope.connectors.active(found.metadata.type)
    if active is None:
        raise NoSuchPage
    if answers.errors:
        return await _set_up_again(desk, found, form, answers)
    await desk.prove_fresh()
    try:
        config = desk.scope.connectors.completed(connector_id, answers.config)
        terms = TrialTerms(**typed.read(desk.server.clock.now()))
        trial = await desk.scope.configuration.trials.start(
            desk.actor, active.id, connector_id, config, terms
        )
    except InvalidConfig as error:
        answers.errors = field_errors(desk, error) or {"": desk.message(error)}
        return await _set_up_again(desk, found, form, answers)
    except (*REFUSALS, TrialRunning) as error:
        return await _set_up_again(desk, found, form, answers, trial_error=desk.message(error))
    if text_of(form, "tested") == proof_of_test(desk, answers):
        await desk.scope.connectors.note_tested(trial.saved)
    return desk.go("connectors", active.id, "trial", done="trial_started")


@router.post("/{connector_id}/test")
async def test_new(desk: WorkDesk, connector_id: str) -> Response:
    """Send a test with the form's unsaved values."""
    found = desk.scope.connectors.class_of(connector_id)
    if found.metadata.type is ConnectorType.SOCIAL:
        return to_social(desk, "set-up", connector_id)
    form = await desk.form()
    answers = read_answers(desk, found, form)
    outcome = await send_test(desk, found, form, answers, None)
    if desk.is_partial:
        return outcome_alone(desk, found, form, outcome)
    return await _set_up_again(desk, found, form, answers, outcome=outcome)


@router.post("/{connector_id}/paste")
async def paste_into_new(desk: WorkDesk, connector_id: str) -> Response:
    """Fill the form with a configuration copied from elsewhere; nothing is saved."""
    found = desk.scope.connectors.class_of(connector_id)
    form, answers, pasted = pasted_answers(desk, found, await desk.form(), None)
    return await _set_up_again(desk, found, form, answers, pasted=pasted)


@router.post("/{connector_id}/preview")
async def preview_templates(desk: WorkDesk, connector_id: str) -> Response:
    """Show what a template becomes on a phone, or what is wrong with it."""
    found = desk.scope.connectors.class_of(connector_id)
    form = await desk.form()
    preview = preview_of(
        desk,
        found,
        text_of(form, TEMPLATES),
        text_of(form, "preview_usage"),
        text_of(form, "preview_language"),
    )
    return desk.render("preview.html", preview=preview)


@router.post("/{connector_id}/compare")
async def compare(desk: WorkDesk, connector_id: str) -> Response:
    """Show the connector that sends beside the one that the form would make."""
    found = desk.scope.connectors.class_of(connector_id)
    active = await desk.scope.connectors.active(found.metadata.type)
    answers = read_answers(desk, found, await desk.form())
    return desk.render(
        "connector_comparison.html",
        comparison=comparison(desk, active, found, answers.config) if active else [],
        card=card_of_class(desk, found, active),
        replaced=card_of(desk, active) if active else None,
    )


async def _set_up_page(
    desk: Desk,
    found: ConnectorClass,
    fields: list[FormField],
    config: Mapping[str, Any],
    **context: Any,
) -> Response:
    active = await desk.scope.connectors.active(found.metadata.type)
    return desk.render(
        "guide.html",
        card=card_of_class(desk, found, active),
        fields=fields,
        guide=rendered_guide(guide(found, desk.language)),
        replaced=card_of(desk, active) if active else None,
        comparison=comparison(desk, active, found, config) if active else [],
        base=desk.address("connectors", "set-up", found.metadata.id),
        can_try=active is not None and desk.scope.configuration.trials.can_try(found.metadata.id),
        running=desk.scope.connectors.running_trial,
        **{
            **test_form(desk, found, fields),
            **preview_of_fields(desk, found, fields),
            **trial_form(),
            "trial_error": "",
            **context,
        },
    )


async def _set_up_again(
    desk: Desk,
    found: ConnectorClass,
    form: FormData,
    answers: Answers,
    *,
    must_confirm: bool = False,
    losses: Sequence[str] = (),
    outcome: dict[str, Any] | None = None,
    pasted: Pasted | None = None,
    trial_error: str = "",
) -> Response:
    """Show the page with everything as it was typed."""
    fields = form_fields(desk, found, answers.shown, errors=answers.errors)
    proof = text_of(form, "tested")
    return await _set_up_page(
        desk,
        found,
        fields,
        answers.config,
        status_code=422 if trial_error or (answers.errors and pasted is None) else 200,
        trial_error=trial_error,
        typed=TypedTerms.of(form) if "trial_reach" in form else TypedTerms(),
        pasted=pasted,
        is_dirty=True,
        must_confirm=must_confirm,
        losses=losses,
        is_tested=proof == proof_of_test(desk, answers),
        tested=proof,
        form_error=answers.errors.get("", ""),
        has_errors=bool(answers.errors) and pasted is None,
        outcome=outcome,
        **typed_test(form),
    )


def _losses(desk: Desk, active: SavedConnector, connector_id: str, answers: Answers) -> list[str]:
    """Say in words what the connector that sends now serves and the new one would not."""
    lost = desk.scope.configuration.connectors.what_is_lost(active, connector_id, answers.config)
    names = Locale.parse(desk.language, sep="-")
    regions, every = lost.countries, EVERYWHERE in lost.countries
    losses = {
        "usage_types": [usage_name(desk, usage) for usage in lost.usage_types],
        "languages": [names.languages.get(tag, tag) for tag in lost.languages],
        "every_country" if every else "countries": [
            names.territories.get(region, region)
            for region in (lost.allowed_countries if every else regions)
        ],
    }
    return [
        desk.text(f"console.guide.loses_{what}", list=listed(values))
        for what, values in losses.items()
        if values
    ]
