"""The sign-in settings of a tenant: one document, its defaults, and how a form changes it."""

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

from pydantic import Field

from watchword.sign_in_settings.sections import (
    CODE_FACTORS,
    AdaptiveMfa,
    AllowedCharacters,
    Branding,
    CaptchaPolicy,
    Color,
    CustomUiAssets,
    CustomUiCsp,
    EmailBlocklistPolicy,
    Factor,
    Flag,
    ForgotPasswordMethod,
    LanguageInfo,
    Mfa,
    OptionalEmail,
    OptionalWebAddress,
    PasskeySignIn,
    PasswordExpiration,
    PasswordPolicy,
    SecondaryIdentifier,
    Section,
    SentinelPolicy,
    SignIn,
    SignInMethod,
    SignUp,
    SignUpChoice,
    SignUpProfileField,
    SocialSignIn,
    TrustedDevice,
    UsernamePolicy,
    VerificationCodePolicy,
    identifiers_of,
)
from watchword.users.models import IdentifierType


@dataclass(frozen=True)
class CodePolicy:
    """What a verification code is like, with every default filled in."""

    lifetime: timedelta = timedelta(seconds=600)
    max_tries: int = 10
    length: int = 6

    def new_code(self) -> str:
        """Return digits from the OS's random source, each code as likely as any other."""
        return f"{secrets.randbelow(10**self.length):0{self.length}}"


@dataclass(frozen=True)
class LockoutPolicy:
    """When guessing ends, with every default filled in."""

    max_attempts: int = 100
    duration: timedelta = timedelta(minutes=60)


class SignInSettings(Section):
    """Everything a tenant settles about signing in; the defaults are those of a new tenant."""

    color: Color = Color(
        primary_color="#6139F6", is_dark_mode_enabled=False, dark_primary_color="#8768F8"
    )
    branding: Branding = Branding()
    hide_logto_branding: Flag = False
    language_info: LanguageInfo = LanguageInfo(auto_detect=True, fallback_language="en")
    terms_of_use_url: OptionalWebAddress = None
    privacy_policy_url: OptionalWebAddress = None
    agree_to_terms_policy: Literal["Automatic", "ManualRegistrationOnly", "Manual"] = "Automatic"
    sign_in: SignIn = SignIn(
        methods=(
            SignInMethod(
                identifier="username",
                password=True,
                verification_code=False,
                is_password_primary=True,
            ),
        )
    )
    sign_up: SignUp = SignUp(identifiers=("username",), password=True, verify=False)
    social_sign_in: SocialSignIn = SocialSignIn()
    social_sign_in_connector_targets: tuple[str, ...] = ()
    sign_in_mode: Literal["SignIn", "Register", "SignInAndRegister"] = "SignInAndRegister"
    custom_css: str | None = None
    custom_content: dict[str, str] = Field(default_factory=dict)
    custom_ui_assets: CustomUiAssets | None = None
    custom_ui_csp: CustomUiCsp = CustomUiCsp()
    password_policy: PasswordPolicy = PasswordPolicy()
    mfa: Mfa = Mfa(factors=(), policy="UserControlled")
    adaptive_mfa: AdaptiveMfa = AdaptiveMfa(enabled=False)
    trusted_device: TrustedDevice = TrustedDevice()
    single_sign_on_enabled: Flag = False
    support_email: OptionalEmail = None
    support_website_url: OptionalWebAddress = None
    unknown_session_redirect_url: OptionalWebAddress = None
    captcha_policy: CaptchaPolicy = CaptchaPolicy()
    sentinel_policy: SentinelPolicy = SentinelPolicy()
    email_blocklist_policy: EmailBlocklistPolicy = EmailBlocklistPolicy()
    verification_code_policy: VerificationCodePolicy = VerificationCodePolicy()
    forgot_password_methods: tuple[ForgotPasswordMethod, ...] | None = ()
    """None means "whatever connectors there are"."""
    passkey_sign_in: PasskeySignIn = PasskeySignIn()
    sign_up_profile_fields: tuple[SignUpProfileField, ...] | None = ()
    password_expiration: PasswordExpiration = PasswordExpiration()
    username_policy: UsernamePolicy = UsernamePolicy(
        case_sensitive=True,
        min_length=1,
        max_length=128,
        allowed_chars=AllowedCharacters(
            lowercase=True, uppercase=True, numbers=True, underscore=True
        ),
    )

    @property
    def code_policy(self) -> CodePolicy:
        """Return what codes are like here."""
        policy = self.verification_code_policy
        return CodePolicy(
            lifetime=timedelta(seconds=policy.expiration_duration or 600),
            max_tries=policy.max_retry_attempts or 10,
        )

    @property
    def lockout_policy(self) -> LockoutPolicy:
        """Return when guessing ends here."""
        policy = self.sentinel_policy
        return LockoutPolicy(
            max_attempts=policy.max_attempts or 100,
            duration=timedelta(minutes=policy.lockout_duration or 60),
        )

    @property
    def allows_sign_in(self) -> bool:
        """Tell whether people with an account may come in."""
        return self.sign_in_mode != "Register"

    @property
    def allows_register(self) -> bool:
        """Tell whether new people may come in."""
        return self.sign_in_mode != "SignIn"

    def recovers_by(self, identifier: IdentifierType) -> bool:
        """Tell whether a code to this kind of identifier recovers a password."""
        factor, methods = CODE_FACTORS.get(identifier), self.forgot_password_methods
        return factor is not None and (methods is None or factor in methods)

    def document(self) -> dict[str, Any]:
        """Return the document as it is stored and as the wire spells it."""
        return self.model_dump(by_alias=True, mode="json")

    def row(self, tenant_id: str) -> dict[str, Any]:
        """Return the contract's whole row, for administrators."""
        return {"tenantId": tenant_id, "id": "default", **self.document()}

    def looking_like(
        self, color: Mapping[str, Any], branding: Mapping[str, Any], custom_css: str | None
    ) -> "SignInSettings":
        """Return the settings with an organization's look, as far as it has one of its own.

        *color* and *branding* are as the wire spells them.
        """
        return self._with(
            color=Color.model_validate({**self.color.model_dump(by_alias=True), **color}),
            branding=Branding.model_validate(
                {**self.branding.model_dump(by_alias=True), **branding}
            ),
            custom_css=custom_css or self.custom_css,
        )

    # What the console's form does to the settings while a person edits it.

    @property
    def open_sign_up_choices(self) -> tuple[SignUpChoice, ...]:
        """Return what can still be added to the sign-up list."""
        taken = set(self.sign_up.required_identifiers)
        every: tuple[SignUpChoice, ...] = ("email", "phone", "username", "emailOrPhone")
        return tuple(choice for choice in every if taken.isdisjoint(identifiers_of(choice)))

    def with_sign_up_identifier(self, choice: SignUpChoice) -> "SignInSettings":
        """Add a line to the sign-up list, with the ways to sign in and to recover it needs."""
        changed = self.with_sign_up_choices((*self.sign_up.choices, choice))
        if choice == "username":
            changed = changed.with_sign_up_password(True)
        for identifier in identifiers_of(choice):
            changed = changed.with_sign_in_method(identifier)
            factor = CODE_FACTORS.get(identifier)
            methods = changed.forgot_password_methods
            if factor and methods is not None and factor not in methods:
                changed = changed._with(forgot_password_methods=(*methods, factor))
        return changed

    def without_sign_up_identifier(self, choice: SignUpChoice) -> "SignInSettings":
        """Take a line off the sign-up list; the ways to sign in stay."""
        return self.with_sign_up_choices(item for item in self.sign_up.choices if item != choice)

    def with_sign_up_choices(self, choices: Iterable[SignUpChoice]) -> "SignInSettings":
        """Replace the sign-up list: the first line is primary, the others are secondary."""
        listed = tuple(choices)
        primary = identifiers_of(listed[0]) if listed else ()
        secondary = tuple(
            SecondaryIdentifier(identifier=choice)
            if choice == "username"
            else SecondaryIdentifier(identifier=choice, verify=True)
            for choice in listed[1:]
        )
        return self._with(
            sign_up=SignUp(
                identifiers=primary,
                # Without identifiers there is no sign-up form, hence no password in it.
                password=self.sign_up.password and bool(listed),
                verify=any(name != "username" for name in primary),
                secondary_identifiers=secondary or None,
            )
        )

    def with_sign_up_password(self, is_asked: bool) -> "SignInSettings":
        """Ask for a password at sign-up, or not; ways to sign in follow."""
        changed = self._with(sign_up=self.sign_up.model_copy(update={"password": is_asked}))
        return changed._with_methods(changed._fitting(method) for method in changed.sign_in.methods)

    def with_sign_in_method(self, identifier: IdentifierType) -> "SignInSettings":
        """Add a way to sign in, with password and code where possible; keep an existing one."""
        if self.sign_in.method(identifier):
            return self
        factor = CODE_FACTORS.get(identifier)
        method = SignInMethod(
            identifier=identifier,
            password=True,
            verification_code=factor is not None and factor not in self.mfa.factors,
            is_password_primary=True,
        )
        return self._with_methods((*self.sign_in.methods, method))

    def without_sign_in_method(self, identifier: IdentifierType) -> "SignInSettings":
        """Take a way to sign in away."""
        return self._with_methods(
            method for method in self.sign_in.methods if method.identifier != identifier
        )

    def with_sign_in_factors(
        self,
        identifier: IdentifierType,
        *,
        password: bool,
        verification_code: bool,
        is_password_primary: bool,
    ) -> "SignInSettings":
        """Set how an identifier signs in, as far as the sign-up list leaves a choice."""
        changed = SignInMethod(
            identifier=identifier,
            password=password,
            verification_code=verification_code and identifier in CODE_FACTORS,
            is_password_primary=is_password_primary,
        )
        return self._with_methods(
            self._fitting(changed) if method.identifier == identifier else method
            for method in self.sign_in.methods
        )

    def with_sign_in_order(self, identifiers: Iterable[IdentifierType]) -> "SignInSettings":
        """Put the ways to sign in into this order; unnamed ones come last, as they were."""
        named = [self.sign_in.method(identifier) for identifier in identifiers]
        first = [method for method in named if method is not None]
        rest = [method for method in self.sign_in.methods if method not in first]
        return self._with_methods((*first, *rest))

    def is_password_locked(self) -> bool:
        """Tell whether sign-up asks for a password, so that every way to sign in takes it."""
        return self.sign_up.password

    def is_code_locked(self, identifier: IdentifierType) -> bool:
        """Tell whether people sign up with this identifier and no password: a code must do."""
        return (
            identifier in CODE_FACTORS
            and not self.sign_up.password
            and identifier in self.sign_up.required_identifiers
        )

    def _fitting(self, method: SignInMethod) -> SignInMethod:
        return method.model_copy(
            update={
                "password": method.password or self.is_password_locked(),
                "verification_code": method.verification_code
                or self.is_code_locked(method.identifier),
            }
        )

    def _with_methods(self, methods: Iterable[SignInMethod]) -> "SignInSettings":
        return self._with(sign_in=SignIn(methods=tuple(methods)))

    def with_social_targets(self, known: Iterable[str]) -> "SignInSettings":
        """Leave out the social buttons whose provider is not set up."""
        kept = set(known)
        targets = tuple(name for name in self.social_sign_in_connector_targets if name in kept)
        return self._with(social_sign_in_connector_targets=targets)

    def _with(self, **changes: Any) -> "SignInSettings":
        return self.model_copy(update=changes)


class SignInSettingsPatch(SignInSettings):
    """Any part of the settings; only the sections that were given count."""

    @property
    def changes(self) -> dict[str, Any]:
        """Return the sections that were given, by field name."""
        return {name: getattr(self, name) for name in self.model_fields_set}


@dataclass(frozen=True, kw_only=True, repr=False)
class Profile:
    """What a person has, or is about to have: an account's row and a visit's pending answers."""

    username: str | None = None
    email: str | None = None
    phone: str | None = None
    name: str | None = None
    has_password: bool = False
    has_identities: bool = False


def missing_profile(settings: SignInSettings, profile: Profile) -> list[str]:
    """Return what sign-up demands and *profile* lacks, in the contract's words."""
    owned = {
        "username": bool(profile.username),
        "email": bool(profile.email),
        "phone": bool(profile.phone),
        "emailOrPhone": bool(profile.email or profile.phone),
    }
    if profile.has_identities and settings.social_sign_in.skip_required_identifiers:
        return []
    missing: list[str] = [choice for choice in _demanded(settings.sign_up) if not owned[choice]]
    # Someone who came through a social account has another way in.
    if settings.sign_up.password and not profile.has_password and not profile.has_identities:
        missing.append("password")
    return missing


def _demanded(sign_up: SignUp) -> tuple[SignUpChoice, ...]:
    # A user name among the primary identifiers outranks the others, as in the contract.
    if "username" in sign_up.identifiers:
        secondary = tuple(item.identifier for item in sign_up.secondary_identifiers or ())
        return ("username", *secondary)
    return sign_up.choices


def is_method_enabled(settings: SignInSettings, identifier: IdentifierType, factor: Factor) -> bool:
    """Tell whether this kind of identifier may sign in with this factor."""
    method = settings.sign_in.method(identifier)
    if method is None:
        return False
    return method.password if factor == "password" else method.verification_code
