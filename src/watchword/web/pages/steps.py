"""What the pages do between two screens: send a code, identify, ask for what is missing, finish."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

from starlette.responses import Response

from watchword.core.phone import PhoneNumber
from watchword.interactions.errors import (
    CaptchaRequired,
    InteractionConflict,
    InteractionNotFound,
    MissingProfile,
)
from watchword.interactions.models import Interaction, InteractionEvent
from watchword.interactions.work import Work
from watchword.messaging.models import MessageState
from watchword.sign_in_settings.models import is_method_enabled
from watchword.sign_in_settings.service import CONNECTOR_TYPES
from watchword.users.errors import EmailAlreadyInUse, PhoneAlreadyInUse, UserNotExist
from watchword.users.models import Identifier, IdentifierType
from watchword.verification.errors import CodeSentMeanwhile
from watchword.verification.models import RecordType, VerificationRecord
from watchword.web.pages import second_steps
from watchword.web.pages.visit import Visit, redirect

RESEND_WAIT = timedelta(seconds=59)

PAGES_OF_MISSING = {
    "username": "/continue/username",
    "email": "/continue/email",
    "phone": "/continue/phone",
    "emailOrPhone": "/continue/email-or-phone",
    "password": "/continue/password",
}
CODES: dict[IdentifierType, RecordType] = {
    "phone": RecordType.PHONE_CODE,
    "email": RecordType.EMAIL_CODE,
}
FORGOT = InteractionEvent.FORGOT_PASSWORD


def sign_up_types(visit: Visit) -> tuple[IdentifierType, ...]:
    """Return the identifiers that the sign-up field takes."""
    return visit.asked_for(visit.settings.sign_up.identifiers)


async def recovery_types(visit: Visit) -> tuple[IdentifierType, ...]:
    """Return the identifiers that a forgotten password can be recovered by."""
    return tuple(
        [
            name
            for name, type_ in CONNECTOR_TYPES.items()
            if visit.settings.recovers_by(name) and await visit.scope.connectors.active(type_)
        ]
    )


def can_register_by(visit: Visit, record: VerificationRecord) -> bool:
    """Tell whether a confirmed number or address may become a new account."""
    asked = visit.settings.sign_up.required_identifiers
    return visit.settings.allows_register and record.identifier.type in asked


def code_record(visit: Visit) -> VerificationRecord | None:
    """Return the code that this visit waits for, or has confirmed: the one sent last."""
    records = [visit.interaction.records.get(type_) for type_ in CODES.values()]
    return max(filter(None, records), key=lambda record: record.created_at, default=None)


def seconds_to_wait(record: VerificationRecord, now: datetime) -> int:
    """Return how long until another code may be asked for."""
    left = record.created_at + RESEND_WAIT - now
    return max(0, -(-left // timedelta(seconds=1)))


async def delivery_of(visit: Visit, record: VerificationRecord) -> MessageState | None:
    """Return what became of the message; None where that would tell whether an account exists."""
    if record.message_id is None:
        return None
    if not visit.scope.interactions.may_show_delivery(visit.interaction):
        return None
    return await visit.scope.messaging.log.find_state(record.message_id)


async def send_code(visit: Visit, identifier: Identifier, event: InteractionEvent) -> None:
    """Begin *event* with a code to the identifier; one sent a moment ago is still good."""
    # But not for another purpose: a code to sign in sets no password, nor the other way round.
    is_same_purpose = (visit.interaction.event is FORGOT) is (event is FORGOT)
    if is_same_purpose and await is_on_its_way(visit, identifier):
        if visit.interaction.event is not event:
            await visit.scope.interactions.switch_event(visit.interaction, event)
        return
    work = work_of(visit, identifier)
    await _send(visit, await begin(visit, event, work), identifier, event, work)


async def send_another(visit: Visit, identifier: Identifier) -> None:
    """Send a code within the event that is going on."""
    event = visit.interaction.event
    if event is None:
        raise InteractionNotFound
    await _send(visit, visit.interaction, identifier, event, work_of(visit, identifier))


def work_of(visit: Visit, identifier: Identifier) -> Work:
    """Return the work for a code to the identifier, with what the form brings of it.

    Raises CaptchaRequired or CaptchaFailed, before anything is begun.
    """
    interactions, work = visit.scope.interactions, visit.interaction.state.work
    if not interactions.asks_for_work(visit.interaction) or work.is_good_for(identifier.value):
        return work
    answer = visit.form.text("work")
    if not answer:
        raise CaptchaRequired
    return interactions.accept_work(visit.interaction, answer)


async def _send(
    visit: Visit,
    interaction: Interaction,
    identifier: Identifier,
    event: InteractionEvent,
    work: Work,
) -> None:
    # A faster request of the same press may have brought it already.
    if not interaction.state.work.is_good_for(identifier.value):
        interaction = replace(interaction, state=replace(interaction.state, work=work))
    # The wait was judged by the code that this visit knows of. A button that was pressed twice is
    # served once: to the slower request a code is on its way, too.
    known_id = visit.interaction.record_ids.get(CODES[identifier.type], "")
    with suppress(CodeSentMeanwhile):
        await visit.scope.interactions.send_code(
            interaction, identifier, event, visit.context, known_id=known_id
        )


async def is_on_its_way(visit: Visit, identifier: Identifier) -> bool:
    """Tell whether a code may still arrive there, so that another would only confuse."""
    record = code_record(visit)
    if record is None or record.state != "pending" or record.identifier != identifier:
        return False
    if not seconds_to_wait(record, visit.now):
        return False
    state = await delivery_of(visit, record)
    return state is None or not state.has_failed


async def begin(visit: Visit, event: InteractionEvent, work: Work = Work()) -> Interaction:  # noqa: B008  # frozen
    """Start the event; one that is going on goes on, unless it has found out who this is."""
    if visit.interaction.event is event and not visit.interaction.is_identified:
        return visit.interaction
    try:
        return await visit.scope.interactions.start(
            visit.interaction.token,
            event,
            client_ip=visit.context.client_ip,
            known_version=visit.interaction.version,
            work=work,
        )
    except InteractionConflict:
        # A button that was pressed twice: starting again would disown the code that the faster
        # request has sent.
        interaction = (await again(visit)).interaction
        if interaction.event is not event:
            raise
        return interaction


async def again(visit: Visit) -> Visit:
    """Return the visit with its interaction as it is now."""
    interaction = await visit.scope.interactions.load(visit.interaction.token)
    return replace(visit, interaction=interaction)


async def sign_in_with_password(visit: Visit, identifier: Identifier, password: str) -> Response:
    """Check the password, then finish."""
    interaction = await begin(visit, InteractionEvent.SIGN_IN)
    record = await visit.scope.interactions.verify_password(interaction, identifier, password)
    return await identify(await again(visit), record.id)


async def identify(visit: Visit, verification_id: str | None) -> Response:
    """Find or create the account, then finish; ask the person where there is a choice."""
    try:
        await visit.scope.interactions.identify(visit.interaction, verification_id)
    except UserNotExist:
        record = code_record(visit)
        if record is None or not can_register_by(visit, record):
            raise
        return visit.go("/sign-in/no-account")
    except (PhoneAlreadyInUse, EmailAlreadyInUse):
        record = code_record(visit)
        if record is None or not can_sign_in_by(visit, record):
            raise
        return visit.go("/register/has-account")
    except MissingProfile as error:
        return ask_for_missing(visit, error)
    return await finish(await again(visit))


def can_sign_in_by(visit: Visit, record: VerificationRecord) -> bool:
    """Tell whether a confirmed number or address may sign in to the account that has it."""
    return visit.settings.allows_sign_in and is_method_enabled(
        visit.settings, record.identifier.type, "verificationCode"
    )


async def finish(visit: Visit) -> Response:
    """Submit the interaction and send the browser back to the authorization endpoint."""
    try:
        way_back = await visit.scope.interactions.submit(visit.interaction, visit.context)
    except MissingProfile as error:
        return ask_for_missing(visit, error)
    except second_steps.REFUSALS as error:
        return await second_steps.lead_on(visit, error)
    # None ends a recovery, which signs nobody in.
    return visit.go("/forgot-password/changed") if way_back is None else redirect(way_back)


def ask_for_missing(visit: Visit, error: MissingProfile) -> Response:
    """Send the browser to the page that asks for the first thing that is missing."""
    missing = error.data.get("missingProfile", []) if isinstance(error.data, Mapping) else []
    page = next((PAGES_OF_MISSING[name] for name in missing if name in PAGES_OF_MISSING), None)
    if page is None:
        raise error
    return visit.go(page)


async def after_profile(visit: Visit) -> Response:
    """Go on once something missing was given: sign-up creates the account now."""
    if visit.interaction.event is InteractionEvent.REGISTER and not visit.interaction.is_identified:
        return await identify(visit, None)
    return await finish(visit)


def shown(identifier: Identifier) -> str:
    """Return an identifier as a page shows it to the one who typed it."""
    if identifier.type == "phone":
        return PhoneNumber.from_digits(identifier.value).international
    return identifier.value


def typed(identifier: Identifier) -> str:
    """Return an identifier in a form that any field of these pages reads back."""
    return f"+{identifier.value}" if identifier.type == "phone" else identifier.value


def shortest_password(visit: Visit) -> int:
    """Return how long a new password is at least."""
    length = visit.settings.password_policy.length
    return (length and length.min) or 8
