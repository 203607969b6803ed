"""Codes on account pages: sent to where the person is reached, or will be, and typed here."""

from contextlib import suppress
from datetime import timedelta

from babel.dates import format_timedelta
from starlette.responses import Response

from watchword.account.step_up import CODES
from watchword.core.errors import DomainError
from watchword.core.phrases import locale_of
from watchword.messaging.models import MessageState
from watchword.users.models import Identifier
from watchword.verification.errors import CodeSentMeanwhile
from watchword.verification.models import VerificationRecord
from watchword.web.account_pages.visit import Visit
from watchword.web.pages.errors import ResendTooSoon
from watchword.web.pages.steps import seconds_to_wait
from watchword.web.problems import phrases_of


async def find_pending(visit: Visit, purpose: str) -> VerificationRecord | None:
    """Return the code that waits to be typed: the one that was sent last."""
    records = await visit.step_up.list_live(visit.user, visit.flow(purpose))
    codes = [record for record in records if record.type in CODES.values()]
    newest = max(codes, key=lambda record: record.created_at, default=None)
    return newest if newest is not None and newest.state == "pending" else None


async def send(visit: Visit, purpose: str, identifier: Identifier) -> None:
    """Send a code; one that went there a moment ago is still good."""
    pending = await find_pending(visit, purpose)
    if pending is not None and pending.identifier == identifier and await _wait(visit, pending):
        return
    await _send(visit, purpose, identifier)


async def send_again(visit: Visit, purpose: str, pending: VerificationRecord) -> None:
    """Send another code, once the wait is over; raises ResendTooSoon."""
    wait = await _wait(visit, pending)
    if wait:
        raise ResendTooSoon(count=wait)
    await _send(visit, purpose, pending.identifier)


async def verify(visit: Visit, pending: VerificationRecord) -> VerificationRecord:
    """Accept the code that was typed."""
    code = visit.form.code(visit.scope.settings.code_policy.length)
    return await visit.step_up.verify_code(visit.asker, pending.id, pending.identifier, code)


async def show(
    visit: Visit,
    pending: VerificationRecord,
    error: DomainError | None,
    *,
    here: str,
    start: str,
    task: str | None = None,
) -> Response:
    """Show where the code went, the field for it, and how to get another.

    *task* is what waits for a code to the person's own number.
    """
    more = {"task": task} if task else {}
    life: timedelta = pending.expires_at - pending.created_at
    # Whole minutes, never a longer time than the code lives.
    minutes = timedelta(minutes=life // timedelta(minutes=1))
    state = await _state(visit, pending)
    return visit.show(
        "code.html",
        error,
        here=here,
        start=start,
        action=lambda path: visit.address(path, **more),
        is_own=task is not None,
        by=pending.identifier.type,
        masked=pending.identifier.masked,
        code_length=visit.scope.settings.code_policy.length,
        lifetime=format_timedelta(
            minutes, granularity="minute", threshold=10, locale=locale_of(visit.language)
        ),
        wait=await _wait(visit, pending),
        problem=None if error else _problem(visit, pending, state),
    )


async def _send(visit: Visit, purpose: str, identifier: Identifier) -> None:
    flow = visit.flow(purpose)
    # Those that are over, too: it is what stands in the way that a new one replaces.
    records = await visit.scope.verification.list(flow)
    type_ = CODES[identifier.type]
    known = next((record.id for record in records if record.type is type_), "")
    # A button that was pressed twice is served once.
    with suppress(CodeSentMeanwhile):
        await visit.step_up.send_code(
            visit.asker,
            identifier,
            visit.context,
            is_own=purpose == "own",
            flow=flow,
            known_id=known,
        )


async def _state(visit: Visit, pending: VerificationRecord) -> MessageState | None:
    if pending.message_id is None:
        return None
    return await visit.scope.messaging.log.find_state(pending.message_id)


async def _wait(visit: Visit, pending: VerificationRecord) -> int:
    state = await _state(visit, pending)
    if state is not None and state.has_failed:
        return 0
    return seconds_to_wait(pending, visit.now)


def _problem(visit: Visit, pending: VerificationRecord, state: MessageState | None) -> str | None:
    if state is None or not (state.has_failed or state is MessageState.UNKNOWN):
        return None
    phrases = phrases_of(visit.request)
    key = "not_sent" if state.has_failed else "unsure"
    return phrases.text(visit.language, f"pages.code.{key}_{pending.identifier.type}")
