"""The parts of the sign-in settings, each as the wire spells it."""

import re
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


def identifiers_of(choice: SignUpChoice) -> tuple[IdentifierType, ...]:
    """Return the identifiers a line of the sign-up list stands for."""
    return ("email", "phone") if choice == "emailOrPhone" else (choice,)
