"""Where the pages lead somebody who owes a second proof, or is to set one up."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta

from starlette.responses import Response

from watchword.core.errors import DomainError
from watchword.factors.models import IDENTIFIERS, Standing
from watchword.interactions.errors import (
    AdditionalFactorSuggested,
    FactorMissing,
    RecoveryCodesRequired,
    SecondFactorRequired,
)
from watchword.interactions.second_factor import RECORD_TYPES, is_asked
from watchword.sign_in_settings.sections import MfaFactor
from watchword.verification.errors import CodeSentMeanwhile
from watchword.verification.models import VerificationRecord
from watchword.web.pages.visit import Visit

REFUSALS = (
    SecondFactorRequired,
    FactorMissing,
    AdditionalFactorSuggested,
    RecoveryCodesRequired,
)
"""What submitting raises of second factors; `lead_on` turns it into a page."""

WAIT = timedelta(seconds=59)


async def lead_on(visit: Visit, error: DomainError) -> Response:
    """Send the browser to where the person does what submitting asked for."""
    if isinstance(error, SecondFactorRequired):
        return await _ask_for_proof(visit, error)
    if isinstance(error, RecoveryCodesRequired):
        return await _show_codes(visit)
    is_optional = isinstance(error.data, Mapping) and error.data.get("skippable")
    return visit.go("/mfa-onboarding" if is_optional else "/mfa-binding")


async def owed(visit: Visit) -> tuple[MfaFactor, ...]:
    """Return what the person must prove one of; empty where nobody owes anything."""
    if not visit.interaction.is_identified:
        return ()
    standing = await visit.scope.interactions.second_factor.standing(visit.interaction)
    return standing.to_prove(is_asked=is_asked(visit.interaction))


async def standing_of(visit: Visit) -> Standing | None:
    """Return how a person stands who may set factors up; None where nobody may."""
    if not visit.interaction.is_identified:
        return None
    return await visit.scope.interactions.second_factor.require_proved(visit.interaction)


def sent_record(visit: Visit, factor: MfaFactor) -> VerificationRecord | None:
    """Return the code that was sent as this second proof and waits to be typed."""
    record = visit.interaction.records.get(RECORD_TYPES[IDENTIFIERS[factor]])
    return record if record is not None and record.state == "pending" else None


def seconds_to_wait(record: VerificationRecord, now: datetime) -> int:
    """Return how long until another code may be asked for."""
    left = record.created_at + WAIT - now
    return max(0, -(-left // timedelta(seconds=1)))


async def send(visit: Visit, factor: MfaFactor) -> None:
    """Send a code to the person's own number or address, unless one is on its way."""
    record = sent_record(visit, factor)
    if record is None or not seconds_to_wait(record, visit.now):
        await send_another(visit, factor)


async def send_another(visit: Visit, factor: MfaFactor) -> None:
    """Send a code to the person's own number or address; an earlier one stops working."""
    type_ = IDENTIFIERS[factor]
    known_id = visit.interaction.record_ids.get(RECORD_TYPES[type_], "")
    # A button that was pressed twice is served once.
    with suppress(CodeSentMeanwhile):
        await visit.scope.interactions.second_factor.send_code(
            visit.interaction, type_, visit.context, known_id=known_id
        )


async def _ask_for_proof(visit: Visit, error: SecondFactorRequired) -> Response:
    factors = await owed(visit)
    if not factors:
        raise error
    if factors[0] in IDENTIFIERS:
        try:
            await send(visit, factors[0])
        except DomainError:
            if len(factors) == 1:
                raise
            return visit.go("/mfa-verification")
    return visit.go(f"/mfa-verification/{factors[0]}")


async def _show_codes(visit: Visit) -> Response:
    # Whoever comes by again sees the codes that they may have written down already.
    codes = visit.interaction.second.codes
    if codes is None or codes.sealed is None:
        await visit.scope.interactions.second_factor.new_codes(visit.interaction)
    return visit.go("/mfa-binding/BackupCode")
