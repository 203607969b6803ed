"""The sign-in settings of a tenant: one document, its defaults, and how a form changes it."""

import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from babel import Locale, UnknownLocaleError
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    Strict,
    model_serializer,
)
from pydantic.alias_generators import to_camel

from watchword.users.models import IdentifierType

Factor = Literal["password", "verificationCode"]
SignUpChoice = Literal["username", "email", "phone", "emailOrPhone"]
"""A line of the console's sign-up list; `emailOrPhone` is two identifiers of which one will do."""

MfaFactor = Literal[
    "Totp", "WebAuthn", "BackupCode", "EmailVerificationCode", "PhoneVerificationCode"
]
MfaPolicy = Literal[
    "UserControlled",
    "Mandatory",
    "PromptOnlyAtSignIn",
    "PromptAtSignInAndSignUp",
    "NoPrompt",
    "PromptAtSignInAndSignUpMandatory",
    "PromptOnlyAtSignInMandatory",
]
ForgotPasswordMethod = Literal["EmailVerificationCode", "PhoneVerificationCode"]

CODE_FACTORS: dict[IdentifierType, ForgotPasswordMethod] = {
    "email": "EmailVerificationCode",
    "phone": "PhoneVerificationCode",
}
"""What the contract calls a code to an identifier, as a second factor and for recovery."""

HEX_COLOR = re.compile(r"#(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6})")


def _hex_color(value: str) -> str:
    if not HEX_COLOR.fullmatch(value):
        raise ValueError("a colour is #rgb or #rrggbb")
    return value


def _web_address(value: str) -> str:
    try:
        parts = urlsplit(value)
    except ValueError:
        parts = urlsplit("")
    # Only these two: pages put the address into links, where `javascript:` would run.
    if parts.scheme not in {"http", "https"} or not parts.netloc or re.search(r"\s", value):
        raise ValueError("an address begins with http:// or https://")
    return value


def _web_address_or_none(value: str | None) -> str | None:
    # A form that was emptied sends "", which the contract stores as null.
    return _web_address(value) if value else None


def _language_tag(value: str) -> str:
    try:
        Locale.parse(value, sep="-")
    except (ValueError, UnknownLocaleError):
        raise ValueError("this is not a language tag") from None
    return value


Flag = Annotated[bool, Strict()]
Whole = Annotated[int, Strict()]
HexColor = Annotated[str, AfterValidator(_hex_color)]
WebAddress = Annotated[str, Field(max_length=2048), AfterValidator(_web_address)]
OptionalWebAddress = Annotated[
    str | None,
    Field(max_length=2048),
    AfterValidator(_web_address_or_none),
]
OptionalEmail = Annotated[
    Annotated[str, Field(pattern=r"^$|^[^\s@]+@[^\s@]+\.[^\s@]+$")] | None,
    AfterValidator(lambda value: value or None),
]
LanguageTag = Annotated[str, AfterValidator(_language_tag)]


class Section(BaseModel):
    """A part of the document: camelCase on the wire, unknown keys ignored as the contract does."""

    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, extra="ignore", frozen=True
    )


class SparseSection(Section):
    """A section whose missing keys mean "the default" and stay missing on the wire."""

    @model_serializer(mode="wrap")
    def _leave_out_unset(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {key: value for key, value in handler(self).items() if value is not None}


class Color(Section):
    """The brand's colours."""

    primary_color: HexColor
    is_dark_mode_enabled: Flag
    dark_primary_color: HexColor


class Branding(SparseSection):
    """The brand's pictures."""

    logo_url: WebAddress | None = None
    dark_logo_url: WebAddress | None = None
    favicon: WebAddress | None = None
    dark_favicon: WebAddress | None = None


class LanguageInfo(Section):
    """Which language pages and messages speak."""

    auto_detect: Flag
    fallback_language: LanguageTag


class SecondaryIdentifier(SparseSection):
    """An identifier that people give at sign-up besides the primary one."""

    identifier: SignUpChoice
    verify: Flag | None = None


class SignUp(SparseSection):
    """What people give at sign-up."""

    identifiers: tuple[IdentifierType, ...]
    password: Flag
    verify: Flag
    secondary_identifiers: tuple[SecondaryIdentifier, ...] | None = None

    @property
    def choices(self) -> tuple[SignUpChoice, ...]:
        """Return the lines of the console's list, the primary one first."""
        primary: tuple[SignUpChoice, ...] = self.identifiers
        if set(primary) == {"email", "phone"}:
            primary = ("emailOrPhone",)
        return primary + tuple(item.identifier for item in self.secondary_identifiers or ())

    @property
    def required_identifiers(self) -> tuple[IdentifierType, ...]:
        """Return every identifier that sign-up may ask for."""
        return tuple(
            dict.fromkeys(name for choice in self.choices for name in identifiers_of(choice))
        )


class SignInMethod(Section):
    """How one kind of identifier signs in."""

    identifier: IdentifierType
    password: Flag
    verification_code: Flag
    is_password_primary: Flag


class SignIn(Section):
    """The ways to sign in, in the order pages show them."""

    methods: tuple[SignInMethod, ...]

    def method(self, identifier: IdentifierType) -> SignInMethod | None:
        """Return how *identifier* signs in, or None."""
        return next((item for item in self.methods if item.identifier == identifier), None)


class SocialSignIn(SparseSection):
    """How social accounts meet existing ones."""

    automatic_account_linking: Flag | None = None
    skip_required_identifiers: Flag | None = None


class Mfa(SparseSection):
    """Second factors, and when people are asked for one."""

    factors: tuple[MfaFactor, ...]
    policy: MfaPolicy
    organization_required_mfa_policy: Literal["NoPrompt", "Mandatory"] | None = None


class AdaptiveMfa(SparseSection):
    """Whether a second factor is asked for only when something looks unusual."""

    enabled: Flag | None = None


class TrustedDevice(SparseSection):
    """Whether, and how long, a browser is not asked for a second factor again."""

    enabled: Flag | None = None
    duration_days: Annotated[Whole, Field(ge=1, le=365)] | None = None


class PasskeySignIn(SparseSection):
    """Whether passkeys sign in."""

    enabled: Flag | None = None
    show_passkey_button: Flag | None = None
    allow_autofill: Flag | None = None


class PasswordLength(SparseSection):
    """How long a password is."""

    min: Annotated[Whole, Field(ge=1)] | None = None
    max: Annotated[Whole, Field(ge=1)] | None = None


class CharacterTypes(SparseSection):
    """How many of the four kinds of character a password mixes."""

    min: Annotated[Whole, Field(ge=1, le=4)] | None = None


class PasswordRejects(SparseSection):
    """What a password must not be."""

    pwned: Flag | None = None
    repetition_and_sequence: Flag | None = None
    user_info: Flag | None = None
    words: tuple[str, ...] | None = None


class PasswordPolicy(SparseSection):
    """The rules for new passwords."""

    length: PasswordLength | None = None
    character_types: CharacterTypes | None = None
    rejects: PasswordRejects | None = None

    @property
    def refuses_common_ones(self) -> bool:
        """Tell whether a password that many people use is refused; so by default."""
        return not (self.rejects and self.rejects.pwned is False)

    @property
    def looks_at_the_person(self) -> bool:
        """Tell whether a password may not hold what is known of its owner; so by default."""
        return not (self.rejects and self.rejects.user_info is False)


class PasswordExpiration(SparseSection):
    """Whether passwords end after a time."""

    enabled: Flag | None = None
    # Checked by a rule of its own, with an error of its own.
    valid_period_days: Whole | None = None
    enabled_at: Whole | None = None


class AllowedCharacters(Section):
    """Which characters a user name may hold."""

    lowercase: Flag
    uppercase: Flag
    numbers: Flag
    underscore: Flag


class UsernamePolicy(Section):
    """The rules for new user names."""

    case_sensitive: Flag
    min_length: Annotated[Whole, Field(ge=1, le=128)]
    max_length: Annotated[Whole, Field(ge=1, le=128)]
    allowed_chars: AllowedCharacters

    def allows(self, username: str) -> bool:
        """Tell whether a new user name keeps these rules."""
        allowed = self.allowed_chars
        return self.min_length <= len(username) <= self.max_length and not (
            (not allowed.lowercase and any(c.islower() for c in username))
            or (not allowed.uppercase and any(c.isupper() for c in username))
            or (not allowed.numbers and any(c.isdigit() for c in username))
            or (not allowed.underscore and "_" in username)
        )


class SentinelPolicy(SparseSection):
    """After how many failures an identifier is locked, and for how many minutes."""

    max_attempts: Annotated[Whole, Field(ge=1, le=10_000)] | None = None
    lockout_duration: (
        Annotated[int, Strict(), Field(gt=0, le=525_600)]
        | Annotated[float, Strict(), Field(gt=0, le=525_600)]
        | None
    ) = None


class VerificationCodePolicy(SparseSection):
    """How long a code lives, in seconds, and how many wrong tries it survives."""

    expiration_duration: Annotated[Whole, Field(ge=60, le=3600)] | None = None
    max_retry_attempts: Annotated[Whole, Field(ge=1, le=100)] | None = None


class CaptchaPolicy(SparseSection):
    """Whether a captcha stands before codes and sign-up."""

    enabled: Flag | None = None


class EmailBlocklistPolicy(SparseSection):
    """Which e-mail addresses may not sign up."""

    block_disposable_addresses: Flag | None = None
    block_subaddressing: Flag | None = None
    custom_allowlist: tuple[str, ...] | None = None
    custom_blocklist: tuple[str, ...] | None = None


class CustomUiCsp(SparseSection):
    """More sources that a tenant's own pages may load from."""

    script_src: tuple[str, ...] | None = None
    connect_src: tuple[str, ...] | None = None


class CustomUiAssets(SparseSection):
    """A tenant's own pages."""

    id: str
    created_at: Whole


class SignUpProfileField(Section):
    """A profile field that sign-up asks for."""

    name: str


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


def identifiers_of(choice: SignUpChoice) -> tuple[IdentifierType, ...]:
    """Return the identifiers a line of the sign-up list stands for."""
    return ("email", "phone") if choice == "emailOrPhone" else (choice,)


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
