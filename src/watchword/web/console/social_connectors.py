"""Connectors that people sign in with: the list, the guide beside the form, and the settings."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError
from starlette.datastructures import FormData
from starlette.responses import RedirectResponse, Response

from watchword.configuration.errors import ConfigurationChanged
from watchword.configuration.models import ConfigurationVersion, Kind
from watchword.configuration.social_connectors import ConnectorOverride
from watchword.connector_kit.errors import ConnectorClassNotFound, InvalidConfig
from watchword.connector_kit.guides import guide
from watchword.connector_kit.models import ConnectorType
from watchword.connectors.errors import (
    ConnectorIdTaken,
    ConnectorNotFound,
    InstanceExists,
    TargetMissing,
    TargetTaken,
)
from watchword.connectors.models import SavedConnector
from watchword.core.ids import new_id
from watchword.tenants.errors import TenantLimitReached
from watchword.web.console.confirming import others_since
from watchword.web.console.connector_parts import Card, card_of_class, localized
from watchword.web.console.desk import Desk, WorkDesk, text_of, whole_number
from watchword.web.console.forms import (
    Answers,
    ConnectorClass,
    field_errors,
    form_fields,
    read_answers,
    rendered_guide,
)
from watchword.web.console.routing import console_router

router = console_router("/console/{tenant}/connectors/social")

INSTANCE_ID = re.compile(r"[a-z0-9]{21}")
LANGUAGES = ("en", "ko")
NO_ERRORS: Mapping[str, str] = {}


@router.get("")
async def list_social(desk: WorkDesk) -> Response:
    """Show the providers that people can sign in with, in the order of the sign-in page."""
    settings, _ = await desk.scope.configuration.settings.sign_in()
    offered = settings.social_sign_in_connector_targets
    listed = [
        (saved, card_of_social(desk, saved), desk.scope.connectors.target_of(saved))
        for saved in await desk.scope.connectors.list()
        if saved.type is ConnectorType.SOCIAL
    ]
    listed.sort(key=lambda item: offered.index(item[2]) if item[2] in offered else len(offered))
    return desk.render("social_connectors.html", listed=listed, offered=offered)


@router.get("/set-up")
async def choose(desk: WorkDesk) -> Response:
    """Show the providers that can be set up; each once, the standards any number of times."""
    present = {saved.connector_id for saved in await desk.scope.connectors.list()}
    classes = [
        found
        for found in desk.server.registry.list()
        if found.metadata.type is ConnectorType.SOCIAL
    ]
    cards = [(card_of_class(desk, found, None), _is_open(found, present)) for found in classes]
    return desk.render("social_set_up.html", cards=cards)


@router.get("/set-up/{connector_id}")
async def show_guide(desk: WorkDesk, connector_id: str) -> Response:
    """Show the guide beside an empty form."""
    found = _class_of(desk, connector_id)
    answers = Answers({}, {})
    return await _set_up_page(desk, found, answers, with_defaults=True)


@router.post("/set-up/{connector_id}")
async def save_new(desk: WorkDesk, connector_id: str) -> Response:
    """Save the connector; it is offered once the sign-in settings say so."""
    found = _class_of(desk, connector_id)
    form = await desk.form()
    answers = read_answers(desk, found, form)
    override = _override(desk, found, form, answers, target=text_of(form, "target").strip())
    if not answers.errors:
        await desk.prove_fresh()
        try:
            saved = await desk.scope.configuration.connectors.create(
                desk.actor,
                connector_id,
                answers.config,
                id=_instance_id(form),
                metadata=override,
                sync_profile="sync_profile" in form,
            )
        except InvalidConfig as error:
            answers.errors = field_errors(desk, error) or {"": desk.message(error)}
        except (TargetMissing, TargetTaken) as error:
            answers.errors = {"target": desk.message(error)}
        except (InstanceExists, ConnectorIdTaken, TenantLimitReached) as error:
            answers.errors = {"": desk.message(error)}
        else:
            return desk.go("connectors", "social", saved.id, done="provider_saved")
    return await _set_up_page(desk, found, answers, form)


@router.get("/{instance_id}")
async def show_social(desk: WorkDesk, instance_id: str) -> Response:
    """Show a connector's settings."""
    saved, found = await _saved(desk, instance_id)
    config = desk.scope.connectors.masked_config(saved)
    return await _details_page(desk, saved, found, Answers({}, config))


@router.post("/{instance_id}")
async def change_social(desk: WorkDesk, instance_id: str) -> Response:
    """Save changed settings; they hold for the next person who comes."""
    saved, found = await _saved(desk, instance_id)
    form = await desk.form()
    answers = read_answers(desk, found, form)
    override = _override(desk, found, form, answers, target=saved.metadata.get("target", ""))
    others: Sequence[ConfigurationVersion] = ()
    if not answers.errors:
        await desk.prove_fresh()
        try:
            await desk.scope.configuration.connectors.change(
                desk.actor,
                instance_id,
                answers.config,
                metadata=override,
                sync_profile="sync_profile" in form,
                expected_version=whole_number(text_of(form, "version")),
            )
        except InvalidConfig as error:
            answers.errors = field_errors(desk, error) or {"": desk.message(error)}
        except ConfigurationChanged as error:
            answers.errors = {"": desk.message(error)}
            seen = whole_number(text_of(form, "version"))
            others = await others_since(desk, Kind.CONNECTOR, seen, instance_id)
        else:
            return desk.go("connectors", "social", instance_id, done="saved")
    return await _details_page(desk, saved, found, answers, form, others=others)


def card_of_social(desk: Desk, saved: SavedConnector) -> Card:
    """Return the card of a saved connector, by the name and logo that people see."""
    shown = desk.scope.connectors.shown(saved)
    name = localized(shown.name, desk.language)
    # The console asks no other host for a picture either.
    return Card(saved.connector_id, name, "", shown.picture, (), is_active=saved.is_active)


def callback_of(desk: Desk, instance_id: str) -> str:
    """Return the address that the provider has to know."""
    return f"{desk.scope.origin}/callback/{instance_id}"


def _class_of(desk: Desk, connector_id: str) -> ConnectorClass:
    found = desk.scope.connectors.class_of(connector_id)
    if found.metadata.type is not ConnectorType.SOCIAL:
        raise ConnectorClassNotFound(connector_id)
    return found


async def _saved(desk: Desk, instance_id: str) -> tuple[SavedConnector, ConnectorClass]:
    saved = await desk.scope.connectors.get(instance_id)
    if saved.type is not ConnectorType.SOCIAL:
        raise ConnectorNotFound(instance_id)
    return saved, desk.scope.connectors.class_of(saved.connector_id)


def _is_open(found: ConnectorClass, present: set[str]) -> bool:
    return found.metadata.is_standard or found.metadata.id not in present


def _instance_id(form: FormData) -> str | None:
    # It was made for the page, so that the address to copy is the one that will be.
    text = text_of(form, "instance_id")
    return text if INSTANCE_ID.fullmatch(text) else None


def _override(
    desk: Desk, found: ConnectorClass, form: FormData, answers: Answers, *, target: str
) -> dict[str, Any] | None:
    """Return what was chosen of a standard connector; what is wrong goes to *answers*."""
    if not found.metadata.is_standard:
        return None
    names = {tag: text_of(form, f"name_{tag}").strip() for tag in LANGUAGES}
    given = {
        "target": target or None,
        "name": {tag: name for tag, name in names.items() if name} or None,
        "logo": text_of(form, "logo").strip() or None,
    }
    try:
        return ConnectorOverride.model_validate(given).document()
    except ValidationError as error:
        for issue in error.errors(include_input=False):
            field = str(issue["loc"][0])
            key = "name_en" if field == "name" else field
            answers.errors[key] = desk.text(f"console.social.wrong.{field}")
        return None


async def _set_up_page(
    desk: Desk,
    found: ConnectorClass,
    answers: Answers,
    form: FormData | None = None,
    *,
    with_defaults: bool = False,
) -> Response:
    instance_id = (_instance_id(form) if form is not None else None) or new_id()
    return desk.render(
        "social_guide.html",
        card=card_of_class(desk, found, None),
        fields=form_fields(
            desk, found, answers.shown, errors=answers.errors, with_defaults=with_defaults
        ),
        guide=rendered_guide(guide(found, desk.language)),
        base=desk.address("connectors", "social", "set-up", found.metadata.id),
        instance_id=instance_id,
        callback=callback_of(desk, instance_id),
        is_standard=found.metadata.is_standard,
        lacks_picture=False,
        is_new=True,
        **_typed(form, answers),
        status_code=422 if answers.errors else 200,
    )


async def _details_page(
    desk: Desk,
    saved: SavedConnector,
    found: ConnectorClass,
    answers: Answers,
    form: FormData | None = None,
    *,
    others: Sequence[ConfigurationVersion] = (),
) -> Response:
    chosen = saved.metadata
    known = {
        "target": desk.scope.connectors.target_of(saved),
        "logo": chosen.get("logo", ""),
        **{f"name_{tag}": chosen.get("name", {}).get(tag, "") for tag in LANGUAGES},
    }
    return desk.render(
        "social_connector.html",
        others=others,
        saved=saved,
        card=card_of_social(desk, saved),
        fields=form_fields(
            desk, found, answers.shown, kept=frozenset(saved.secrets), errors=answers.errors
        ),
        override=desk.server.provider_base_urls.get(saved.connector_id),
        base=desk.address("connectors", "social", saved.id),
        callback=callback_of(desk, saved.id),
        is_standard=found.metadata.is_standard,
        lacks_picture=not desk.scope.connectors.shown(saved).is_own_picture,
        is_new=False,
        is_dirty=form is not None,
        **{**_typed(form, answers, known), **({} if form else {"syncs": saved.sync_profile})},
        status_code=422 if answers.errors else 200,
    )


def _typed(
    form: FormData | None, answers: Answers, known: Mapping[str, str] = NO_ERRORS
) -> dict[str, Any]:
    """Return the fields that are not the provider's, as they were typed or are saved."""
    names = ("target", "logo", *(f"name_{tag}" for tag in LANGUAGES))
    own = {
        name: known.get(name, "") if form is None else text_of(form, name) or known.get(name, "")
        for name in names
    }
    return {
        "own": own,
        "own_errors": {name: answers.errors.get(name, "") for name in names},
        "syncs": form is not None and "sync_profile" in form,
        "form_error": answers.errors.get("", ""),
        "has_errors": bool(answers.errors),
    }


def to_social(desk: Desk, *path: str) -> Response:
    """Lead from the pages of connectors for messages to those for people."""
    return RedirectResponse(desk.address("connectors", "social", *path), 303)
