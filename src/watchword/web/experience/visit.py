"""Which interaction a request belongs to: one of those in the browser's cookie."""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request

from watchword.connector_kit.errors import ConnectorError
from watchword.connectors.errors import NoConnector
from watchword.core.context import RequestContext
from watchword.core.errors import DomainError
from watchword.factors import errors as factor_errors
from watchword.guard.errors import (
    CountryNotAllowed,
    DevelopmentMessagesUsedUp,
    NumberAtRisk,
    NumberTypeNotAllowed,
    NumberUnchecked,
    TooManyAttempts,
    TooManyMessages,
)
from watchword.interactions.errors import (
    AdditionalFactorSuggested,
    FactorMissing,
    IdentifierNotFound,
    InteractionConflict,
    InteractionNotFound,
    NothingPending,
    PolicyNotUserControlled,
    RecoveryCodesRequired,
    SecondFactorRequired,
    SessionNotFound,
    SocialAccountExistsInProfile,
    VerificationFailed,
)
from watchword.interactions.models import Interaction
from watchword.interactions.service import InteractionService
from watchword.sign_in_settings.errors import EmailNotAllowed, SubaddressNotAllowed
from watchword.tenants.errors import TenantLimitReached
from watchword.users.errors import (
    EmailAlreadyInUse,
    IdentityAlreadyInUse,
    PhoneAlreadyInUse,
    UsernameAlreadyInUse,
)
from watchword.verification.errors import (
    CodeExpired,
    CodeMismatch,
    CodeNotFound,
    CodeSentMeanwhile,
    RecordNotFound,
    TooManyTries,
)
from watchword.web.cookies import read_interaction_token
from watchword.web.documented import problems
from watchword.web.scope import TenantScope
from watchword.web.security import CrossOrigin, require_same_origin


@dataclass(frozen=True, slots=True)
class Arrival:
    """A request of a browser that holds an interaction's token."""

    token: str
    interactions: InteractionService
    context: RequestContext


@dataclass(frozen=True, slots=True)
class Visit:
    """A request inside an interaction in which an event was started."""

    interaction: Interaction
    interactions: InteractionService
    context: RequestContext


# One dependency a route and no tree of them: FastAPI takes its time for each.
async def arrival(request: Request) -> Arrival:
    """Return whose request this is; raises SessionNotFound."""
    # A sibling tenant's page is same-site, so its posts would carry the cookie.
    require_same_origin(request)
    token = read_interaction_token(request, request.headers.get("Logto-App-Id"))
    if token is None:
        raise SessionNotFound
    scope: TenantScope = request.state.scope
    return Arrival(token, scope.interactions, request.state.context)


async def visit(request: Request) -> Visit:
    """Return the interaction too; raises InteractionNotFound where no event was started."""
    arrived = await arrival(request)
    interaction = await arrived.interactions.load_started(arrived.token)
    return Visit(interaction, arrived.interactions, arrived.context)


Arrived = Annotated[Arrival, Depends(arrival)]
Visiting = Annotated[Visit, Depends(visit)]


TAKEN = (
    PhoneAlreadyInUse,
    EmailAlreadyInUse,
    UsernameAlreadyInUse,
    IdentityAlreadyInUse,
    SocialAccountExistsInProfile,
    TenantLimitReached,
)
"""Somebody else has it, or was faster; or a development tenant has no room for one more."""


REFUSED_ADDRESS = (EmailNotAllowed, SubaddressNotAllowed)
"""What a tenant may have against an address that is to be somebody's."""


def visited(*errors: type[DomainError], codes: tuple[str, ...] = ()) -> dict[int | str, Any]:
    """Return the responses of a route inside an interaction that raises *errors* or *codes*."""
    return problems(
        SessionNotFound,
        InteractionNotFound,
        InteractionConflict,
        CrossOrigin,
        *errors,
        codes=codes,
    )


FACTORS = tuple(
    error
    for error in vars(factor_errors).values()
    if isinstance(error, type) and issubclass(error, DomainError) and error is not DomainError
)
SECOND_STEP_WANTED = (
    SecondFactorRequired,
    FactorMissing,
    AdditionalFactorSuggested,
    RecoveryCodesRequired,
)
"""What is still to be done before the person is let in, or changes something."""

SECOND_STEP = visited(
    *FACTORS,
    *SECOND_STEP_WANTED,
    *TAKEN,
    IdentifierNotFound,
    PolicyNotUserControlled,
    NothingPending,
    VerificationFailed,
    RecordNotFound,
    CodeNotFound,
    CodeExpired,
    CodeMismatch,
    CodeSentMeanwhile,
    TooManyTries,
    TooManyAttempts,
    DevelopmentMessagesUsedUp,
    TooManyMessages,
    CountryNotAllowed,
    NumberAtRisk,
    NumberTypeNotAllowed,
    NumberUnchecked,
    NoConnector,
    ConnectorError,
)
"""The responses of every route of second factors."""
