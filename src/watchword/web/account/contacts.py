"""`/api/my-account/primary-phone` and `/primary-email`: what a person is reached at."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import Field

from watchword.account.errors import (
    FieldNotEditable,
    LastSignInMethodRequired,
    ProofNotFound,
    ProofRequired,
    ScopeMissing,
)
from watchword.guard.errors import DevelopmentMessagesUsedUp, TooManyMessages
from watchword.sign_in_settings.errors import EmailNotAllowed, SubaddressNotAllowed
from watchword.users.errors import EmailAlreadyInUse, PhoneAlreadyInUse
from watchword.web.account.access import AccountRoute, Asking, refusals
from watchword.web.models import ApiModel, PhoneDigits

router = APIRouter(prefix="/api/my-account", tags=["My account"], route_class=AccountRoute)

RecordId = Annotated[str, Field(max_length=64)]
REFUSALS = (
    ProofRequired,
    FieldNotEditable,
    ScopeMissing,
    DevelopmentMessagesUsedUp,
    TooManyMessages,
)


class NewPhone(ApiModel):
    """A number, and the record that proves it to be the person's."""

    phone: PhoneDigits
    new_identifier_verification_record_id: RecordId


class NewEmail(ApiModel):
    """An address, and the record that proves it to be the person's."""

    email: Annotated[str, Field(max_length=256)]
    new_identifier_verification_record_id: RecordId


@router.post(
    "/primary-phone",
    status_code=204,
    responses=refusals(*REFUSALS, ProofNotFound, PhoneAlreadyInUse),
)
async def set_my_phone(body: NewPhone, me: Asking) -> None:
    """Set or replace the phone number; the old one is told and signs in no more."""
    record_id = body.new_identifier_verification_record_id
    await me.account.set_contact(me.asker, "phone", body.phone, record_id, me.context)


@router.delete(
    "/primary-phone",
    status_code=204,
    responses=refusals(*REFUSALS, LastSignInMethodRequired),
)
async def remove_my_phone(me: Asking) -> None:
    """Take the phone number away; it is told."""
    await me.account.remove_contact(me.asker, "phone", me.context)


@router.post(
    "/primary-email",
    status_code=204,
    responses=refusals(
        *REFUSALS, ProofNotFound, EmailAlreadyInUse, EmailNotAllowed, SubaddressNotAllowed
    ),
)
async def set_my_email(body: NewEmail, me: Asking) -> None:
    """Set or replace the e-mail address; the old one is told and signs in no more."""
    record_id = body.new_identifier_verification_record_id
    await me.account.set_contact(me.asker, "email", body.email, record_id, me.context)


@router.delete(
    "/primary-email",
    status_code=204,
    responses=refusals(*REFUSALS, LastSignInMethodRequired),
)
async def remove_my_email(me: Asking) -> None:
    """Take the e-mail address away; it is told."""
    await me.account.remove_contact(me.asker, "email", me.context)
