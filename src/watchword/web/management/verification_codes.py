"""`/api/verification-codes`: codes for an application's own purposes, outside any visit."""

from typing import Annotated, Self

from fastapi import APIRouter
from pydantic import Field, model_validator

from watchword.connector_kit.errors import ConnectorError
from watchword.connectors.errors import NoConnector
from watchword.core.email import InvalidEmailAddress
from watchword.core.phone import InvalidPhoneNumber, PhoneNumber
from watchword.guard.errors import (
    CountryNotAllowed,
    DevelopmentMessagesUsedUp,
    NumberAtRisk,
    NumberTypeNotAllowed,
    NumberUnchecked,
    TooManyMessages,
)
from watchword.users.models import EMAIL, Identifier
from watchword.verification.errors import CodeExpired, CodeMismatch, CodeNotFound, TooManyTries
from watchword.verification.models import recipient_of
from watchword.web.documented import problems
from watchword.web.management.access import Caller
from watchword.web.models import ApiModel, PhoneDigits

router = APIRouter(prefix="/verification-codes", tags=["Verification codes"])

EmailAddress = Annotated[str, Field(max_length=128, pattern=f"^{EMAIL.pattern}$")]


class SendCode(ApiModel):
    """Where to send a code; of both, the e-mail address counts."""

    email: EmailAddress | None = None
    phone: PhoneDigits | None = None

    @property
    def identifier(self) -> Identifier:
        """Return whom the code is for; raises InvalidPhoneNumber.

        As in the contract, a number has a country and may have any length.
        """
        if self.email is not None:
            return Identifier.of("email", self.email)
        return Identifier.of_phone(PhoneNumber.of_any_length(self.phone or ""))

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        if self.email is None and self.phone is None:
            raise ValueError("a code is sent to an email or a phone")
        return self


class VerifyCode(SendCode):
    """A code, and where it was sent."""

    verification_code: Annotated[str, Field(max_length=256)] | None = None

    @model_validator(mode="after")
    def _has_code(self) -> Self:
        # Not the field's own business: the contract says it of the whole body.
        if self.verification_code is None:
            raise ValueError("verificationCode is missing")
        return self


@router.post(
    "",
    status_code=204,
    responses=problems(
        NoConnector,
        InvalidPhoneNumber,
        InvalidEmailAddress,
        DevelopmentMessagesUsedUp,
        TooManyMessages,
        CountryNotAllowed,
        NumberAtRisk,
        NumberTypeNotAllowed,
        NumberUnchecked,
        ConnectorError,
    ),
)
async def send_code(body: SendCode, caller: Caller) -> None:
    """Send a code; the one that was sent there before stops working."""
    # The caller's address is a server's and says nothing of the person, so it is not counted.
    await caller.tenant.verification.send_lone_code(recipient_of(body.identifier))


@router.post(
    "/verify",
    status_code=204,
    responses=problems(CodeNotFound, CodeExpired, CodeMismatch, TooManyTries),
)
async def verify_code(body: VerifyCode, caller: Caller) -> None:
    """Accept the code that was last sent there, once."""
    try:
        identifier = body.identifier
    except InvalidPhoneNumber as error:
        # Nothing was ever sent there.
        raise CodeNotFound from error
    await caller.tenant.verification.verify_lone_code(identifier, body.verification_code or "")
