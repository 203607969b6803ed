"""What set-up and details of a connector share: cards, test sends, previews of templates."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, get_args

from pydantic import ValidationError
from starlette.datastructures import FormData
from starlette.responses import Response

from watchword.connector_kit.connector import SmsConnector
from watchword.connector_kit.errors import InvalidConfig, TemplateNotFound, TemplateRejected
from watchword.connector_kit.guides import logo
from watchword.connector_kit.mail import EmailTemplate
from watchword.connector_kit.models import ConnectorType, UsageType
from watchword.connector_kit.templates import (
    REQUIRED,
    Template,
    TextTemplate,
    choose,
    fill,
)
from watchword.connector_kit.wording import default_email_templates, default_templates
from watchword.connectors.models import SavedConnector
from watchword.core.digests import digest_of_token
from watchword.core.email import EmailAddress, InvalidEmailAddress
from watchword.core.errors import DomainError
from watchword.core.phone import InvalidPhoneNumber, PhoneNumber
from watchword.core.recipients import Recipient
from watchword.messaging.models import MessageState
from watchword.web.console.desk import Desk, text_of
from watchword.web.console.forms import (
    TEMPLATES,
    Answers,
    ConnectorClass,
    FormField,
    field_errors,
    read_answers,
    template_type,
    wording_of,
)
from watchword.web.console.message_timeline import followed
from watchword.web.console.pasted_config import Pasted, filled, read_pasted
from watchword.web.console.template_text import (
    USAGES,
    NotJson,
    Wording,
    problems_of,
    read_json,
)
from watchword.web.console.tested_languages import (
    NoLanguage,
    known_languages,
    languages_of_test,
    tested_language,
    typed_language,
)
from watchword.web.pages.countries import countries, default_country
from watchword.web.pages.identifiers import beside_country

SAMPLE = {
    "code": "246810",
    "minutes": "10",
    "link": "https://example.com/invitation",
    "application": {"name": "Acme"},
    "organization": {"name": "Acme"},
    "inviter": {"name": "Ada"},
}


DEFAULTS_OF: Mapping[type[Template], Callable[[str], list[dict[str, str]]]] = {
    TextTemplate: default_templates,
    EmailTemplate: default_email_templates,
}
WORDS = ("content", "subject")
"""Keys of templates that people know by another name."""
OTHER_LANGUAGES = "*"
"""In the preview: whoever reads a language without texts of its own."""


@dataclass(frozen=True)
class Card:
    """One connector class among the cards."""

    id: str
    name: str
    description: str
    logo: str
    features: tuple[str, ...]
    is_active: bool


def card_of_class(desk: Desk, found: ConnectorClass, active: SavedConnector | None) -> Card:
    """Return the card of a connector class."""
    return Card(
        id=found.metadata.id,
        name=localized(found.metadata.name, desk.language),
        description=localized(found.metadata.description, desk.language),
        logo=logo(found),
        features=tuple(found.metadata.features),
        is_active=active is not None and active.connector_id == found.metadata.id,
    )


def card_of(desk: Desk, saved: SavedConnector) -> Card:
    """Return the card of a saved connector."""
    found = desk.server.registry.find(saved.connector_id)
    if found is None:
        # A package that is no longer installed: the row still has its name.
        return Card(saved.connector_id, saved.connector_id, "", "", (), saved.is_active)
    return replace(card_of_class(desk, found, saved), is_active=saved.is_active)


def localized(texts: Any, language: str) -> str:
    """Return a text in *language*, else in English."""
    return str(texts.get(language) or texts.get("en", ""))


def test_form(desk: Desk, found: ConnectorClass, fields: Sequence[FormField]) -> dict[str, Any]:
    """Return what the pages with a test form start with; *fields* are the connector's own."""
    listed = countries(desk.language)
    return {
        "countries": listed,
        "country": default_country(desk.request.state.languages, listed),
        "phone": "",
        "email": "",
        "usages": USAGES,
        "usage": UsageType.GENERIC,
        "language": desk.language,
        "tested_languages": languages_of_test(desk, fields),
        "further_languages": known_languages(desk.language),
        "is_email": found.metadata.type is ConnectorType.EMAIL,
        "outcome": None,
        "must_confirm": False,
        "is_tested": False,
        "tested": "",
        "form_error": "",
        "has_errors": False,
        "is_dirty": False,
        "pasted": None,
    }


def typed_test(form: FormData) -> dict[str, Any]:
    """Return what was typed into the test form, to be shown again."""
    country, phone = beside_country(text_of(form, "test_phone"), text_of(form, "test_country"))
    return {
        "phone": phone,
        "email": text_of(form, "test_email"),
        "country": country,
        "usage": text_of(form, "test_usage"),
        "language": typed_language(form),
    }


def pasted_answers(
    desk: Desk, found: ConnectorClass, form: FormData, keep_from: SavedConnector | None
) -> tuple[FormData, Answers, Pasted]:
    """Return the form with a pasted configuration in it, what it means, and what was pasted."""
    pasted = read_pasted(desk, found, form)
    form = filled(desk, found, form, pasted)
    answers = read_answers(desk, found, form)
    for key in pasted.shapeless:
        answers.errors[key] = desk.text("console.paste.not_a_text")
    if not pasted.problem and not answers.errors:
        try:
            desk.scope.connectors.build_unsaved(found.metadata.id, answers.config, keep_from)
        except InvalidConfig as error:
            answers.errors = field_errors(desk, error) or {"": desk.message(error)}
    return form, answers, pasted


async def send_test(
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
        to = _receiver(found, form)
        # First, so that a form with a mistake in it costs nothing of the cap.
        desk.scope.connectors.build_unsaved(found.metadata.id, answers.config, keep_from)
        await desk.scope.guard.spend_test_send(desk.operator.id)
        message = await desk.scope.messaging.tests.send(
            to,
            found.metadata.id,
            answers.config,
            keep_from=keep_from,
            usage=_tested_usage(form),
            language=tested_language(desk, form),
            actor=desk.actor,
        )
    except InvalidConfig as error:
        answers.errors = field_errors(desk, error)
        return _no_test(desk.text("console.test.fix_form"), answers)
    except (InvalidPhoneNumber, InvalidEmailAddress) as error:
        return {**_no_test(desk.text("console.fix_fields"), answers), "wrong": desk.message(error)}
    except DomainError as error:
        return _no_test(desk.message(error), answers)
    except NoLanguage:
        return _no_test(desk.text("console.test.no_language"), answers)
    is_good = message.state in {MessageState.ACCEPTED, MessageState.DELIVERED}
    return {
        "problem": "",
        "wrong": "",
        "field_errors": {},
        **await followed(desk, message),
        "is_reported_once_saved": keep_from is None and found.has_reports,
        "proof": proof_of_test(desk, answers) if is_good else "",
    }


def outcome_alone(
    desk: Desk, found: ConnectorClass, form: FormData, outcome: Mapping[str, Any]
) -> Response:
    """Return what came of a test, for a page that puts it into its form."""
    typed = typed_test(form)
    is_moved = (typed["country"], typed["phone"]) != tuple(
        text_of(form, name) for name in ("test_country", "test_phone")
    )
    context = {**test_form(desk, found, ()), **typed, "is_moved": is_moved, **outcome}
    return desk.render("test_outcome.html", **context)


def _tested_usage(form: FormData) -> UsageType:
    usage = text_of(form, "test_usage")
    return UsageType(usage) if usage in set(UsageType) else UsageType.GENERIC


def _receiver(found: ConnectorClass, form: FormData) -> Recipient:
    if found.metadata.type is ConnectorType.EMAIL:
        return EmailAddress.parse(text_of(form, "test_email"))
    return PhoneNumber.parse(text_of(form, "test_phone"), text_of(form, "test_country") or None)


def _no_test(problem: str, answers: Answers) -> dict[str, Any]:
    return {
        "problem": problem,
        "wrong": "",
        "field_errors": answers.errors,
        "message": None,
        "proof": "",
    }


def proof_of_test(desk: Desk, answers: Answers) -> str:
    """Return what only a test of exactly these values, in this session, put into the form."""
    return digest_of_token(f"{desk.csrf} {answers.fingerprint}")


def preview_of_fields(desk: Desk, found: ConnectorClass, fields: list[FormField]) -> dict[str, Any]:
    """Return the preview of the templates in a form; None where it has none."""
    model = template_type(found)
    if model is None:
        return {"preview": None, "editor": None}
    templates = next(field for field in fields if field.key == TEMPLATES)
    preview = preview_of(desk, found, str(templates.value)) | {"said": templates.error}
    return {"preview": preview, "editor": _editor(desk, model)}


def _editor(desk: Desk, model: type[Template]) -> dict[str, Any]:
    """Return what the script needs that shows templates one by one instead of as JSON."""
    own = {
        item.alias or name: item.is_required()
        for name, item in model.model_fields.items()
        if name not in Template.model_fields and _is_text(item.annotation)
    }
    return {
        "usages": [[usage, desk.text(f"console.usage.{usage}")] for usage in USAGES],
        "required": list(REQUIRED),
        "fields": [
            [key, desk.text(f"console.texts.{key}") if key in WORDS else key, is_required]
            for key, is_required in own.items()
        ],
        "languages": known_languages(desk.language),
        "words": {
            word: desk.text(f"console.texts.{word}")
            for word in (
                "title",
                "every_language",
                "only_in",
                "none",
                "add",
                "add_language",
                "language",
                "remove",
                "missing",
                "broken",
            )
        },
    }


def _is_text(annotation: Any) -> bool:
    return annotation is str or str in get_args(annotation)


def preview_of(
    desk: Desk, found: ConnectorClass, text: str, usage: str = "", language: str = ""
) -> dict[str, Any]:
    """Return a template as its reader would see it, and what is wrong with the list."""
    wording = wording_of(found)
    problems = problems_of(text, wording, template_type(found)) if text.strip() else []
    if wording is Wording.ELSEWHERE:
        return {"problems": problems, "said": "", "has_texts": False}
    model: type[Template] = EmailTemplate if wording is Wording.EMAIL else TextTemplate
    templates = _templates(text, model)
    if not text.strip() and not found.config_type.model_fields[TEMPLATES].is_required():
        # Left empty, the connector sends the defaults.
        templates = [model.model_validate(item) for item in DEFAULTS_OF[model](desk.language)]
    present = {template.usage_type for template in templates}
    listed = [wanted for wanted in USAGES if wanted in present or wanted in REQUIRED]
    spoken = {template.language or OTHER_LANGUAGES for template in templates}
    languages = sorted(spoken) if spoken != {OTHER_LANGUAGES} else []
    chosen = UsageType(usage) if usage in listed else UsageType.GENERIC
    shown = language if language in languages else desk.language
    return {
        "problems": problems,
        "said": "",
        "has_texts": True,
        "usages": listed,
        "usage": chosen,
        "missing": [wanted for wanted in listed if wanted not in present],
        "languages": languages,
        "language": shown,
        "mail": None,
        **_shown(desk, found, templates, chosen, shown),
    }


def _shown(
    desk: Desk,
    found: ConnectorClass,
    templates: Sequence[Template],
    usage: UsageType,
    language: str,
) -> dict[str, Any]:
    try:
        template = choose(templates, usage, language)
    except TemplateNotFound:
        return {"is_empty": True}
    if isinstance(template, EmailTemplate):
        return _mail(template, language)
    assert isinstance(template, TextTemplate)
    assert issubclass(found, SmsConnector)
    return _bubble(desk, found, template, language)


def _mail(template: EmailTemplate, language: str) -> dict[str, Any]:
    try:
        mail = template.filled({**SAMPLE, "locale": language})
    except TemplateRejected:
        # A sender or a reply address that is none; saving the form says so.
        return {"is_empty": True}
    return {"mail": mail, "is_empty": False}


def _bubble(
    desk: Desk, found: type[SmsConnector[Any]], template: TextTemplate, language: str
) -> dict[str, Any]:
    host = desk.scope.origin.partition("://")[2].partition(":")[0]
    sample = {**SAMPLE, "origin_line": f"@{host} #{SAMPLE['code']}", "locale": language}
    filled = fill(template.content, sample)
    segments = found.cost_of(filled)
    before, forcing, after = filled, "", ""
    if segments.forcing_character:
        before, forcing, after = filled.partition(segments.forcing_character)
    return {
        "before": before,
        "forcing": forcing,
        "after": after,
        "segments": segments,
        "is_empty": not filled,
    }


def _templates(text: str, model: type[Template]) -> list[Template]:
    try:
        parsed = read_json(text)
    except NotJson:
        return []
    found: list[Template] = []
    for item in parsed if isinstance(parsed, list) else []:
        # Half-written ones are among the problems; the others can be shown.
        with suppress(ValidationError):
            found.append(model.model_validate(item))
    return found
