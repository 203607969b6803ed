"""Proving something: a code to a phone, a password, or the name and password of a new account."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from watchword.connector_kit.models import UsageType
from watchword.core.context import RequestContext
from watchword.core.errors import DomainError
from watchword.core.phrases import Phrases
from watchword.guard.models import LockoutPool
from watchword.guard.service import Lockout
from watchword.interactions.errors import (
    ForgotPasswordUnsupported,
    RecoveryMethodNotEnabled,
    SignInMethodNotEnabled,
)
from watchword.interactions.events import Events
from watchword.interactions.models import Interaction, InteractionEvent
from watchword.interactions.register import require_unused
from watchword.sign_in_settings.models import Profile, SignInSettings, is_method_enabled
from watchword.sign_in_settings.sections import CODE_FACTORS
from watchword.sign_in_settings.service import check_email, check_password, check_username
from watchword.storage.database import StorageUnavailable
from watchword.users.errors import InvalidCredentials, InvalidUsername
from watchword.users.models import USERNAME, Identifier, IdentifierType, User
from watchword.users.service import UserService
from watchword.verification.errors import RecordNotFound
from watchword.verification.models import RecordType, VerificationRecord, recipient_of
from watchword.verification.service import VerificationService

CODES = {RecordType.PHONE_CODE, RecordType.EMAIL_CODE}
PASSWORD_MARK = "password"  # noqa: S105  # in a record's details: which one was proved


@dataclass(frozen=True, kw_only=True)
class Proofs:
    """What a person can prove inside an interaction; each proof is a verification record."""

    users: UserService
    settings: SignInSettings
    verification: VerificationService
    lockout: Lockout
    events: Events
    phrases: Phrases
    origin: str

    def may_show_delivery(self, interaction: Interaction) -> bool:
        """Tell whether a code is sent to anyone who asks, so that its fate gives nothing away.

        Where nobody can sign up, and wherever a password is recovered, only accounts get codes.
        """
        if interaction.event is InteractionEvent.FORGOT_PASSWORD:
            return False
        return interaction.is_identified or self.settings.allows_register

    async def send_code(
        self,
        interaction: Interaction,
        identifier: Identifier,
        event: InteractionEvent,
        context: RequestContext,
        *,
        known_id: str | None = None,
    ) -> VerificationRecord:
        """Send a code, worded for *event*; where there is no account to sign in to, seem to."""
        self._require_code_method(interaction, identifier, event)
        if event is InteractionEvent.REGISTER or interaction.is_identified:
            self.check_new(identifier)
        is_open = self.may_show_delivery(interaction)
        return await self.verification.send_code(
            interaction.id_digest,
            recipient_of(identifier),
            self._usage(interaction, identifier, event),
            client_ip=context.client_ip,
            language=self.language(interaction, context),
            deliver=is_open or await self._is_known(identifier),
            wait=is_open,
            origin_host=urlsplit(self.origin).hostname,
            known_id=known_id,
            about=await self._about(interaction, identifier),
        )

    async def verify_code(
        self,
        interaction: Interaction,
        identifier: Identifier,
        verification_id: str,
        code: str,
    ) -> VerificationRecord:
        """Accept the code that was sent to the identifier, once; what is refused is remembered."""
        record = interaction.find_record(verification_id)
        if record is None or record.type not in CODES:
            raise RecordNotFound
        try:
            return await self.verification.verify_code(record, identifier, code)
        except StorageUnavailable:
            raise
        except DomainError as error:
            await self.events.refused(interaction, record.type, identifier, error)
            raise

    async def verify_password(
        self,
        interaction: Interaction,
        identifier: Identifier,
        password: str,
    ) -> VerificationRecord:
        """Accept the password of whoever owns the identifier; what is refused is remembered."""
        try:
            owner = await self._check_password(identifier, password)
        except StorageUnavailable:
            raise
        except DomainError as error:
            type_ = RecordType.PASSWORD
            await self.events.refused(interaction, type_, identifier, error)
            raise
        return await self.verification.record_verified(
            interaction.id_digest,
            RecordType.PASSWORD,
            identifier,
            {PASSWORD_MARK: owner.password_mark},
        )

    async def _check_password(self, identifier: Identifier, password: str) -> User:
        attempt = await self.lockout.attempt(LockoutPool.SHARED, identifier.value)
        try:
            owner = await self.users.verify_password(identifier, password)
        except InvalidCredentials:
            await self.lockout.failed(attempt, identifier.type, identifier.value)
            raise
        await self.lockout.succeeded(LockoutPool.SHARED, identifier.value)
        return owner

    async def new_password_identity(
        self, interaction: Interaction, identifier: Identifier, password: str
    ) -> VerificationRecord:
        """Accept a user name and a password for a new account."""
        await self.check_new_username(identifier.value)
        check_password(self.settings, password, Profile(username=identifier.value))
        digest = await self.users.passwords.digest_of(password)
        return await self.verification.record_verified(
            interaction.id_digest,
            RecordType.NEW_PASSWORD_IDENTITY,
            identifier,
            {"password_digest": digest},
        )

    def check_new(self, identifier: Identifier) -> None:
        """Raise what the tenant has against an address that is to be somebody's."""
        if identifier.type == "email":
            check_email(self.settings, identifier.value)

    async def check_new_username(self, username: str) -> None:
        """Raise what speaks against a new user name: its shape, the tenant's rules, its owner."""
        if not USERNAME.fullmatch(username):
            raise InvalidUsername
        check_username(self.settings, username)
        await require_unused(self.users, Identifier("username", username))

    def _require_code_method(
        self, interaction: Interaction, identifier: Identifier, event: InteractionEvent
    ) -> None:
        forgot = InteractionEvent.FORGOT_PASSWORD
        # A code to sign in resets no password, nor the other way round: each has its own visit.
        if (event is forgot) is not (interaction.event is forgot):
            raise ForgotPasswordUnsupported
        if event is forgot:
            if not self.settings.recovers_by(identifier.type):
                raise RecoveryMethodNotEnabled
            return
        if identifier.type == "username" or not (
            self._takes_codes(identifier.type)
            or (interaction.is_identified and self._is_factor(identifier.type))
        ):
            raise SignInMethodNotEnabled

    def _takes_codes(self, type_: IdentifierType) -> bool:
        return (
            is_method_enabled(self.settings, type_, "verificationCode")
            or type_ in self.settings.sign_up.required_identifiers
        )

    def _is_factor(self, type_: IdentifierType) -> bool:
        return CODE_FACTORS.get(type_) in self.settings.mfa.factors

    async def _is_known(self, identifier: Identifier) -> bool:
        owner = await self.users.find_by_identifier(identifier.type, identifier.value)
        return owner is not None

    async def _about(
        self, interaction: Interaction, identifier: Identifier
    ) -> Mapping[str, Any] | None:
        if identifier.type != "email":
            return None
        application = await self.events.applications.find(interaction.application_id)
        if application is None:
            return None
        return {"application": {"id": application.id, "name": application.name}}

    def _usage(
        self, interaction: Interaction, identifier: Identifier, event: InteractionEvent
    ) -> UsageType:
        if event is InteractionEvent.FORGOT_PASSWORD:
            return event.usage
        asked = self.settings.sign_up.required_identifiers
        if interaction.is_identified and identifier.type not in asked:
            return UsageType.BIND_MFA
        return event.usage

    def language(self, interaction: Interaction, context: RequestContext) -> str:
        """Return the language that a message to this person speaks."""
        # What they read last is what they can read; an application's wish comes after that.
        page = (context.page_language,) if context.page_language else ()
        return self.phrases.choose(
            (*page, *interaction.request.ui_locales, *context.languages),
            self.settings.language_info.fallback_language,
        )
