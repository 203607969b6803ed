"""Check changes to a tenant's settings, and say what the public may know of them."""

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from watchword.connector_kit.models import ConnectorType
from watchword.core.common_passwords import is_common
from watchword.core.phrases import Phrases
from watchword.sign_in_settings.errors import (
    AdaptiveMfaRequiresMfa,
    AdaptiveMfaRequiresNonSkippablePolicy,
    AtLeastOneFactor,
    BackupCodeAlone,
    CodeSignInMustBeEnabled,
    DuplicatedMfaFactors,
    DuplicatedSignUpIdentifiers,
    EmailCodeCannotBeUsedForMfa,
    EmailCodeCannotBeUsedForSignIn,
    EmailNotAllowed,
    EnabledConnectorNotFound,
    ForgotPasswordRequiresConnector,
    InvalidBlocklistEntry,
    MissingSignUpIdentifiers,
    NonAdaptiveMfaRequiresSkippablePolicy,
    NothingToChange,
    NotOffered,
    PasswordExpirationInvalidDays,
    PasswordExpirationRequiresForgotPassword,
    PasswordlessRequiresVerify,
    PasswordRejected,
    PasswordSignInMustBeEnabled,
    PhoneCodeCannotBeUsedForMfa,
    PhoneCodeCannotBeUsedForSignIn,
    SignUpIdentifierMissingInSignIn,
    SubaddressNotAllowed,
    UnsupportedDefaultLanguage,
    UsernameConflictsExist,
    UsernameRejected,
    UsernameRequiresPassword,
)
from watchword.sign_in_settings.models import Profile, SignInSettings, SignInSettingsPatch
from watchword.sign_in_settings.sections import (
    CODE_FACTORS,
    EmailBlocklistPolicy,
    ForgotPasswordMethod,
    PasswordPolicy,
    identifiers_of,
)
from watchword.users.models import IdentifierType

CONNECTOR_TYPES: dict[IdentifierType, ConnectorType] = {
    "email": ConnectorType.EMAIL,
    "phone": ConnectorType.SMS,
}
RECOVERY: dict[ForgotPasswordMethod, tuple[ConnectorType, str]] = {
    "EmailVerificationCode": (ConnectorType.EMAIL, "email"),
    "PhoneVerificationCode": (ConnectorType.SMS, "sms"),
}
ADAPTIVE_POLICIES = {"PromptAtSignInAndSignUpMandatory", "PromptOnlyAtSignInMandatory"}
NON_SKIPPABLE_POLICIES = {"Mandatory", *ADAPTIVE_POLICIES}
# Only the first dot after the domain's first character is tried: lists may be a mebibyte long.
BLOCKLIST_ENTRY = re.compile(r"[^\s@]*@[^\s@][^\s@.]*\.[^\s@]+")


class SignInRules:
    """The rules between settings: the contract's, and those its console keeps by itself."""

    @staticmethod
    def check(
        current: SignInSettings,
        patch: Mapping[str, Any] | SignInSettingsPatch,
        available: Collection[ConnectorType],
        *,
        languages: Collection[str] | None = None,
        username_conflicts: Sequence[str] = (),
    ) -> SignInSettings:
        """Return the settings with *patch* in place; raises pydantic's ValidationError for a
        wrong shape and one of this room's errors for settings that do not fit together.

        Sections that the patch leaves out are not judged, only what it meets in them.
        *username_conflicts* are user names that differ in case only.
        """
        if not isinstance(patch, SignInSettingsPatch):
            patch = SignInSettingsPatch.model_validate(patch)
        if not patch.changes:
            raise NothingToChange
        settings = current.model_copy(update=patch.changes)
        case = _Case(
            settings=settings,
            was_case_sensitive=current.username_policy.case_sensitive,
            available=available,
            languages=languages if languages is not None else built_in_languages(),
            username_conflicts=username_conflicts,
        )
        for sections, rule in _RULES:
            if not patch.model_fields_set.isdisjoint(sections):
                rule(case)
        return settings


@dataclass(frozen=True, kw_only=True)
class _Case:
    """The settings as they would be, and what surrounds them."""

    settings: SignInSettings
    was_case_sensitive: bool
    available: Collection[ConnectorType]
    languages: Collection[str]
    username_conflicts: Sequence[str]

    def need_connector(self, identifier: IdentifierType) -> None:
        type_ = CONNECTOR_TYPES.get(identifier)
        if type_ is not None and type_ not in self.available:
            raise EnabledConnectorNotFound(type=type_.value)


@cache
def built_in_languages() -> frozenset[str]:
    """Return the languages this server has phrases in."""
    return frozenset(Phrases.load().languages)


def _check_language(case: _Case) -> None:
    if case.settings.language_info.fallback_language not in case.languages:
        raise UnsupportedDefaultLanguage


def _check_username_case(case: _Case) -> None:
    becomes_insensitive = (
        case.was_case_sensitive and not case.settings.username_policy.case_sensitive
    )
    if becomes_insensitive and case.username_conflicts:
        raise UsernameConflictsExist(
            data={
                "totalConflicts": len(case.username_conflicts),
                "samples": list(case.username_conflicts[:20]),
            }
        )


def _check_sign_up(case: _Case) -> None:
    sign_up = case.settings.sign_up
    secondary = sign_up.secondary_identifiers or ()
    if secondary and not sign_up.identifiers:
        raise MissingSignUpIdentifiers
    named = [*sign_up.identifiers]
    for item in secondary:
        named.extend(identifiers_of(item.identifier))
    if len(named) != len(set(named)):
        raise DuplicatedSignUpIdentifiers
    if any(name != "username" for name in sign_up.identifiers) and not sign_up.verify:
        raise PasswordlessRequiresVerify
    if any(item.identifier != "username" and not item.verify for item in secondary):
        raise PasswordlessRequiresVerify
    for identifier in named:
        case.need_connector(identifier)
    # The contract leaves this one to its console; scripts get the same answer here.
    if "username" in named and not sign_up.password:
        raise UsernameRequiresPassword


def _check_sign_in(case: _Case) -> None:
    for method in case.settings.sign_in.methods:
        factor = CODE_FACTORS.get(method.identifier)
        if factor and method.verification_code:
            case.need_connector(method.identifier)
        if not method.password and not method.verification_code:
            raise AtLeastOneFactor
        if factor and method.verification_code and factor in case.settings.mfa.factors:
            if method.identifier == "email":
                raise EmailCodeCannotBeUsedForSignIn
            raise PhoneCodeCannotBeUsedForSignIn


def _check_sign_up_against_sign_in(case: _Case) -> None:
    sign_up, sign_in = case.settings.sign_up, case.settings.sign_in
    for method in sign_in.methods:
        has_code = method.verification_code or method.identifier not in CODE_FACTORS
        if sign_up.verify and not sign_up.password and not has_code:
            raise CodeSignInMustBeEnabled
    # The contract leaves the next two to its console, and judges a patch of one side alone only.
    if any(sign_in.method(identifier) is None for identifier in sign_up.identifiers):
        raise SignUpIdentifierMissingInSignIn
    if sign_up.password and not all(method.password for method in sign_in.methods):
        raise PasswordSignInMustBeEnabled


def _check_mfa(case: _Case) -> None:
    factors = case.settings.mfa.factors
    if len(factors) != len(set(factors)):
        raise DuplicatedMfaFactors
    if factors == ("BackupCode",):
        raise BackupCodeAlone
    for method in case.settings.sign_in.methods:
        if method.verification_code and CODE_FACTORS.get(method.identifier) in factors:
            if method.identifier == "email":
                raise EmailCodeCannotBeUsedForMfa
            raise PhoneCodeCannotBeUsedForMfa


def _check_adaptive_mfa(case: _Case) -> None:
    mfa = case.settings.mfa
    if not case.settings.adaptive_mfa.enabled:
        if mfa.policy in ADAPTIVE_POLICIES:
            raise NonAdaptiveMfaRequiresSkippablePolicy
        return
    if not mfa.factors:
        raise AdaptiveMfaRequiresMfa
    if mfa.policy not in NON_SKIPPABLE_POLICIES:
        raise AdaptiveMfaRequiresNonSkippablePolicy


def _check_recovery(case: _Case) -> None:
    for method in case.settings.forgot_password_methods or ():
        type_, name = RECOVERY[method]
        if type_ not in case.available:
            raise ForgotPasswordRequiresConnector(method=name)


def _check_password_expiration(case: _Case) -> None:
    expiration = case.settings.password_expiration
    if not expiration.enabled:
        return
    if expiration.valid_period_days is None or expiration.valid_period_days < 1:
        raise PasswordExpirationInvalidDays
    if not any(_recovery(case.settings, case.available).values()):
        raise PasswordExpirationRequiresForgotPassword


def _check_cloud_only(case: _Case) -> None:
    settings = case.settings
    if (
        settings.hide_logto_branding
        or settings.email_blocklist_policy.block_disposable_addresses
        or settings.custom_ui_csp.script_src
        or settings.custom_ui_csp.connect_src
    ):
        raise NotOffered


def _check_blocklist(case: _Case) -> None:
    policy = case.settings.email_blocklist_policy
    for entry in (*(policy.custom_allowlist or ()), *(policy.custom_blocklist or ())):
        if not BLOCKLIST_ENTRY.fullmatch(entry):
            raise InvalidBlocklistEntry


_RULES: tuple[tuple[set[str], Callable[[_Case], None]], ...] = (
    ({"language_info"}, _check_language),
    ({"username_policy"}, _check_username_case),
    ({"hide_logto_branding", "email_blocklist_policy", "custom_ui_csp"}, _check_cloud_only),
    ({"email_blocklist_policy"}, _check_blocklist),
    ({"sign_up"}, _check_sign_up),
    ({"sign_in"}, _check_sign_in),
    ({"sign_up", "sign_in"}, _check_sign_up_against_sign_in),
    ({"mfa"}, _check_mfa),
    ({"mfa", "adaptive_mfa"}, _check_adaptive_mfa),
    ({"forgot_password_methods"}, _check_recovery),
    ({"password_expiration"}, _check_password_expiration),
)
"""Each rule, and the sections whose change makes it speak; in the contract's order."""


def public_form(
    settings: SignInSettings,
    *,
    tenant_id: str,
    available: Collection[ConnectorType],
    social_connectors: Iterable[Mapping[str, Any]] = (),
    is_development_tenant: bool = False,
) -> dict[str, Any]:
    """Return what anyone may read of the settings: the contract's `.well-known/sign-in-exp`."""
    row = settings.row(tenant_id)
    recovery = _recovery(settings, available)
    for kept_back in ("emailBlocklistPolicy", "forgotPasswordMethods"):
        del row[kept_back]
    return {
        **row,
        "socialConnectors": [dict(connector) for connector in social_connectors],
        "ssoConnectors": [],
        "forgotPassword": recovery,
        "isDevelopmentTenant": is_development_tenant,
        "customProfileFields": [],
        "customProfileFieldCatalog": [],
    }


def _recovery(settings: SignInSettings, available: Collection[ConnectorType]) -> dict[str, bool]:
    methods = settings.forgot_password_methods
    return {
        name: (methods is None or method in methods) and type_ in available
        for name, method, type_ in (
            ("phone", "PhoneVerificationCode", ConnectorType.SMS),
            ("email", "EmailVerificationCode", ConnectorType.EMAIL),
        )
    }


def check_username(settings: SignInSettings, username: str) -> None:
    """Let a new user name pass the tenant's rules; raises UsernameRejected."""
    if not settings.username_policy.allows(username):
        raise UsernameRejected


def check_email(settings: SignInSettings, address: str) -> None:
    """Let a new e-mail address pass the tenant's lists.

    Raises SubaddressNotAllowed, EmailNotAllowed.
    """
    policy = settings.email_blocklist_policy
    if policy.block_subaddressing and "+" in address.partition("@")[0]:
        raise SubaddressNotAllowed
    if not _is_listed_as_allowed(policy, address) or _is_on(policy.custom_blocklist, address):
        raise EmailNotAllowed


def _is_listed_as_allowed(policy: EmailBlocklistPolicy, address: str) -> bool:
    return not policy.custom_allowlist or _is_on(policy.custom_allowlist, address)


def _is_on(entries: Iterable[str] | None, address: str) -> bool:
    """Tell whether an entry is the address, its `@domain`, or a pattern of either with `*`."""
    domain = address[address.index("@") :]
    return any(
        _fits(entry.lower(), domain if entry.startswith("@") else address)
        for entry in entries or ()
    )


def _fits(pattern: str, text: str) -> bool:
    # By hand: a regular expression of somebody else's making may take as long as it likes.
    first, *rest = pattern.split("*")
    if not rest:
        return text == pattern
    *middle, last = rest
    if not text.startswith(first) or not text[len(first) :].endswith(last):
        return False
    left = text[len(first) : len(text) - len(last)]
    for piece in middle:
        place = left.find(piece)
        if place < 0:
            return False
        left = left[place + len(piece) :]
    return True


def check_password(settings: SignInSettings, password: str, profile: Profile) -> None:
    """Let a new password pass the tenant's rules; raises PasswordRejected listing every breach."""
    issues = password_issues(settings.password_policy, password, profile)
    if issues:
        raise PasswordRejected(data=issues)


KINDS_OF_CHARACTER = (r"[a-z]", r"[A-Z]", r"[0-9]", r"[^0-9A-Za-z]")
SEQUENCES = (
    "0123456789",
    "abcdefghijklmnopqrstuvwxyz",
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
)
SHORTEST_RUN = 3


def password_issues(
    policy: PasswordPolicy, password: str, profile: Profile
) -> list[dict[str, Any]]:
    """Return how *password* breaks *policy*, in the contract's codes; empty when it does not."""
    length, rejects = policy.length, policy.rejects
    shortest = (length and length.min) or 8
    longest = (length and length.max) or 256
    kinds = (policy.character_types and policy.character_types.min) or 1
    issues: list[dict[str, Any]] = []
    if len(password) < shortest:
        issues.append(_issue("too_short", min=shortest))
    if len(password) > longest:
        issues.append(_issue("too_long", max=longest))
        # Nothing below needs to read a text of any length.
        return issues
    if sum(bool(re.search(kind, password)) for kind in KINDS_OF_CHARACTER) < kinds:
        issues.append(_issue("character_types", min=kinds))
    weak_parts: list[tuple[str, list[str]]] = []
    if not (rejects and rejects.repetition_and_sequence is False):
        weak_parts.append(("restricted.repetition", _repetitions(password)))
        weak_parts.append(("restricted.sequence", _sequences(password)))
    if rejects and rejects.words:
        weak_parts.append(("restricted.words", [word for word in rejects.words if word]))
    if policy.looks_at_the_person:
        weak_parts.append(("restricted.user_info", _known_of(profile)))
    # A weak part is worth one character; what is then too short leans on that part.
    issues.extend(
        _issue(code)
        for code, parts in weak_parts
        if _worth(password, parts) < min(shortest, len(password))
    )
    # What else is wrong with it says more to the person.
    if not issues and policy.refuses_common_ones and is_common(password):
        issues.append(_issue("pwned"))
    return issues


def _issue(code: str, **interpolation: int) -> dict[str, Any]:
    issue: dict[str, Any] = {"code": f"password_rejected.{code}"}
    return {**issue, "interpolation": interpolation} if interpolation else issue


def _worth(password: str, weak_parts: list[str]) -> int:
    rest = password.lower()
    count = 0
    for part in sorted(weak_parts, key=len, reverse=True):
        pieces = rest.split(part.lower())
        count += len(pieces) - 1
        rest = "\0".join(pieces)
    return len(rest.replace("\0", "")) + count


def _repetitions(password: str) -> list[str]:
    return [match[0] for match in re.finditer(r"(.)\1{2,}", password.lower())]


def _sequences(password: str) -> list[str]:
    lowered = password.lower()
    found = []
    for line in SEQUENCES:
        for row in (line, line[::-1]):
            start = 0
            while start <= len(lowered) - SHORTEST_RUN:
                end = start + SHORTEST_RUN
                if lowered[start:end] not in row:
                    start += 1
                    continue
                while end < len(lowered) and lowered[start : end + 1] in row:
                    end += 1
                found.append(lowered[start:end])
                start = end
    return found


def _known_of(profile: Profile) -> list[str]:
    email_name = (profile.email or "").partition("@")[0]
    words = [profile.username, email_name, profile.phone, *(profile.name or "").split()]
    return [word for word in words if word and len(word) >= SHORTEST_RUN]
