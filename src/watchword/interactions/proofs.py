"""Proving something: a code to a phone, a password, or the name and password of a new account."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from watchword.connector_kit.models import UsageType
from watchword.core.context import RequestContext
from watchword.core.phone import PhoneNumber
from watchword.core.phrases import Phrases
from watchword.guard.models import LockoutPool
from watchword.guard.service import Lockout
from watchword.interactions.errors import ForgotPasswordUnsupported, SignInMethodNotEnabled
from watchword.interactions.models import Interaction, InteractionEvent
from watchword.interactions.register import require_unused
from watchword.sign_in_settings.models import Profile, SignInSettings, is_method_enabled
from watchword.sign_in_settings.service import check_password, check_username
from watchword.users.errors import InvalidCredentials, InvalidUsername
from watchword.users.models import USERNAME, Identifier
from watchword.users.service import UserService
from watchword.verification.errors import RecordNotFound
from watchword.verification.models import RecordType, VerificationRecord
from watchword.verification.service import VerificationService


@dataclass(frozen=True, kw_only=True)
class Proofs:
    """What a person can prove inside an interaction; each proof is a verification record."""

    users: UserService
    settings: SignInSettings
    verification: VerificationService
    lockout: Lockout
    phrases: Phrases
    origin: str

    def may_show_delivery(self, interaction: Interaction) -> bool:
        """Tell whether a code is sent to anyone who asks, so that its fate gives nothing away.

        Where nobody can sign up, only the numbers of accounts get codes.
        """
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
        if event is InteractionEvent.FORGOT_PASSWORD:
            raise ForgotPasswordUnsupported
        if identifier.type != "phone" or not self._takes_phone_codes():
            raise SignInMethodNotEnabled
        is_open = self.may_show_delivery(interaction)
        return await self.verification.send_code(
            interaction.id_digest,
            PhoneNumber(identifier.value),
            self._usage(interaction, event),
            client_ip=context.client_ip,
            language=self._language(interaction, context),
            deliver=is_open or await self._is_known(identifier),
            wait=is_open,
            origin_host=urlsplit(self.origin).hostname,
            known_id=known_id,
        )

    async def verify_code(
        self, interaction: Interaction, identifier: Identifier, verification_id: str, code: str
    ) -> VerificationRecord:
        """Accept the code that was sent to the identifier, once."""
        record = interaction.find_record(verification_id)
        if record is None or record.type is not RecordType.PHONE_CODE:
            raise RecordNotFound
        return await self.verification.verify_code(record, identifier, code)

    async def verify_password(
        self, interaction: Interaction, identifier: Identifier, password: str
    ) -> VerificationRecord:
        """Accept the password of whoever owns the identifier."""
        attempt = await self.lockout.attempt(LockoutPool.SHARED, identifier.value)
        try:
            await self.users.verify_password(identifier, password)
        except InvalidCredentials:
            attempt.raise_if_last()
            raise
        await self.lockout.succeeded(LockoutPool.SHARED, identifier.value)
        return await self.verification.record_verified(
            interaction.id_digest, RecordType.PASSWORD, identifier
        )

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

    async def check_new_username(self, username: str) -> None:
        """Raise what speaks against a new user name: its shape, the tenant's rules, its owner."""
        if not USERNAME.fullmatch(username):
            raise InvalidUsername
        check_username(self.settings, username)
        await require_unused(self.users, Identifier("username", username))

    def _takes_phone_codes(self) -> bool:
        return (
            is_method_enabled(self.settings, "phone", "verificationCode")
            or "phone" in self.settings.sign_up.required_identifiers
        )

    async def _is_known(self, identifier: Identifier) -> bool:
        owner = await self.users.find_by_identifier(identifier.type, identifier.value)
        return owner is not None

    def _usage(self, interaction: Interaction, event: InteractionEvent) -> UsageType:
        if interaction.is_identified and "phone" not in self.settings.sign_up.required_identifiers:
            return UsageType.BIND_MFA
        return event.usage

    def _language(self, interaction: Interaction, context: RequestContext) -> str:
        # What they read last is what they can read; an application's wish comes after that.
        page = (context.page_language,) if context.page_language else ()
        return self.phrases.choose(
            (*page, *interaction.request.ui_locales, *context.languages),
            self.settings.language_info.fallback_language,
        )
