"""Settings that do not fit together; each class carries one of the contract's codes."""

from watchword.core.errors import DomainError


class NothingToChange(DomainError):
    """The patch names no setting."""

    code = "entity.invalid_input"


class NotOffered(DomainError):
    """The setting exists in the contract for its cloud service only."""

    code = "request.invalid_input"


class UserWanted(DomainError):
    """A password can't be judged without its owner: it may not hold their name or number."""

    code = "request.invalid_input"


class UnsupportedDefaultLanguage(DomainError):
    """There are no phrases in the fallback language."""

    code = "sign_in_experiences.unsupported_default_language"


class UsernameConflictsExist(DomainError):
    """User names differ in case only, so case can't stop to matter."""

    code = "sign_in_experiences.username_policy_case_conflicts_exist"


class MissingSignUpIdentifiers(DomainError):
    """Secondary sign-up identifiers need a primary one."""

    code = "sign_in_experiences.missing_sign_up_identifiers"


class DuplicatedSignUpIdentifiers(DomainError):
    """A sign-up identifier is named twice."""

    code = "sign_in_experiences.duplicated_sign_up_identifiers"


class PasswordlessRequiresVerify(DomainError):
    """An e-mail address or phone number at sign-up must be verified."""

    code = "sign_in_experiences.passwordless_requires_verify"


class UsernameRequiresPassword(DomainError):
    """Sign-up by user name needs a password."""

    code = "sign_in_experiences.username_requires_password"


class EnabledConnectorNotFound(DomainError):
    """A setting needs a connector of a type (value `type`) that is not set up."""

    code = "sign_in_experiences.enabled_connector_not_found"


class AtLeastOneFactor(DomainError):
    """A sign-in method has neither password nor code."""

    code = "sign_in_experiences.at_least_one_authentication_factor"


class CodeSignInMustBeEnabled(DomainError):
    """People who sign up without a password must be able to sign in with a code."""

    code = "sign_in_experiences.code_sign_in_must_be_enabled"


class PasswordSignInMustBeEnabled(DomainError):
    """People who choose a password at sign-up must be able to sign in with it."""

    code = "sign_in_experiences.password_sign_in_must_be_enabled"


class SignUpIdentifierMissingInSignIn(DomainError):
    """People could not sign in with what they signed up with."""

    code = "sign_in_experiences.miss_sign_up_identifier_in_sign_in"


class EmailCodeCannotBeUsedForSignIn(DomainError):
    """The e-mail code is a second factor."""

    code = "sign_in_experiences.email_verification_code_cannot_be_used_for_sign_in"


class PhoneCodeCannotBeUsedForSignIn(DomainError):
    """The SMS code is a second factor."""

    code = "sign_in_experiences.phone_verification_code_cannot_be_used_for_sign_in"


class EmailCodeCannotBeUsedForMfa(DomainError):
    """The e-mail code is a way to sign in."""

    code = "sign_in_experiences.email_verification_code_cannot_be_used_for_mfa"


class PhoneCodeCannotBeUsedForMfa(DomainError):
    """The SMS code is a way to sign in."""

    code = "sign_in_experiences.phone_verification_code_cannot_be_used_for_mfa"


class DuplicatedMfaFactors(DomainError):
    """A factor is named twice."""

    code = "sign_in_experiences.duplicated_mfa_factors"


class BackupCodeAlone(DomainError):
    """Backup codes need another factor to back up."""

    code = "sign_in_experiences.backup_code_cannot_be_enabled_alone"


class AdaptiveMfaRequiresMfa(DomainError):
    """Adaptive verification needs a factor."""

    code = "sign_in_experiences.adaptive_mfa_requires_mfa"


class AdaptiveMfaRequiresNonSkippablePolicy(DomainError):
    """Adaptive verification needs a policy that nobody can skip."""

    code = "sign_in_experiences.adaptive_mfa_requires_non_skippable_policy"


class NonAdaptiveMfaRequiresSkippablePolicy(DomainError):
    """This policy goes with adaptive verification only."""

    code = "sign_in_experiences.non_adaptive_mfa_requires_skippable_policy"


class ForgotPasswordRequiresConnector(DomainError):
    """A way to recover a password (value `method`) has no connector."""

    code = "sign_in_experiences.forgot_password_method_requires_connector"


class PasswordExpirationInvalidDays(DomainError):
    """Passwords can expire after a day or more."""

    code = "sign_in_experiences.password_expiration_invalid_period_days"


class PasswordExpirationRequiresForgotPassword(DomainError):
    """People with an expired password need a way to set a new one."""

    code = "sign_in_experiences.password_expiration_requires_forgot_password"


class InvalidBlocklistEntry(DomainError):
    """An entry is neither an e-mail address nor `@domain`."""

    code = "sign_in_experiences.invalid_custom_email_blocklist_format"


class PasswordRejected(DomainError):
    """The password breaks the tenant's rules; `data` lists which."""

    code = "password.rejected"


class UsernameRejected(DomainError):
    """The user name breaks the tenant's rules."""

    code = "user.username_rejected"


class SubaddressNotAllowed(DomainError):
    """The tenant takes no addresses with a `+tag`, of which one person can have any number."""

    code = "session.email_blocklist.email_subaddressing_not_allowed"


class EmailNotAllowed(DomainError):
    """The address, or its domain, is among those that the tenant does not take."""

    code = "session.email_blocklist.email_not_allowed"
