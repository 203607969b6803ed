"""What can go wrong with second factors."""

from watchword.core.errors import DomainError


class InvalidTotpCode(DomainError):
    """The code is not one that the authenticator app shows now, or it was used before."""

    code = "session.mfa.invalid_totp_code"


class InvalidRecoveryCode(DomainError):
    """The recovery code is none of the person's, or it was used before."""

    code = "session.mfa.invalid_backup_code"


class FactorNotEnabled(DomainError):
    """The tenant does not offer this factor, or the person does not have it."""

    code = "session.mfa.mfa_factor_not_enabled"


class RecoveryCodesAlone(DomainError):
    """Recovery codes stand in for another factor, and there is none."""

    code = "session.mfa.backup_code_can_not_be_alone"


class TotpAlreadyInUse(DomainError):
    """The person has an authenticator app already."""

    code = "user.totp_already_in_use"


class RecoveryCodesAlreadyInUse(DomainError):
    """The person has recovery codes already."""

    code = "user.backup_code_already_in_use"


class InvalidTotpSecret(DomainError):
    """The secret is no Base32 text of the length that authenticator apps use."""

    code = "user.totp_secret_invalid"


class FactorNotFound(DomainError):
    """The person has no factor with this id."""

    code = "entity.not_found"
