"""What can go wrong between authorize and return."""

from typing import ClassVar

from watchword.core.errors import DomainError


class SessionNotFound(DomainError):
    """The browser has no interaction, or it has expired or ended."""

    code = "session.not_found"


class InteractionNotFound(DomainError):
    """There is an interaction, but no event was started in it."""

    code = "session.interaction_not_found"


class InteractionConflict(DomainError):
    """Another request changed the interaction meanwhile; this one changed nothing."""

    code = "session.interaction_conflict"


class CaptchaRequired(DomainError):
    """The tenant asks for a proof of work before a code, and there is none for this identifier."""

    code = "session.captcha_required"


class CaptchaFailed(DomainError):
    """The answer is not one to the challenge of this visit, or was used before."""

    code = "session.captcha_failed"


class NumberLongUnused(DomainError):
    """The account was not used for so long that its number may be somebody else's by now."""

    code = "session.number_long_unused"


class VerificationFailed(DomainError):
    """The record is there, but nothing was proved with it yet."""

    code = "session.verification_failed"


class IdentifierNotFound(DomainError):
    """Nobody is identified in the interaction yet."""

    code = "session.identifier_not_found"


class NobodyIdentified(IdentifierNotFound):
    """A second proof is given by somebody, and nobody is identified yet."""

    status: ClassVar[int] = 400


class SecondFactorRequired(DomainError):
    """The person must prove who they are once more; `data.availableFactors` lists with what."""

    code = "session.mfa.require_mfa_verification"


class FactorMissing(DomainError):
    """The tenant asks for a second factor; `data` lists which, and if saying no is allowed."""

    code = "user.missing_mfa"


class AdditionalFactorSuggested(DomainError):
    """The person has only codes that are sent, and is offered something better, once."""

    code = "session.mfa.suggest_additional_mfa"


class RecoveryCodesRequired(DomainError):
    """The person has a second factor and no recovery codes (any more)."""

    code = "session.mfa.backup_code_required"


class PolicyNotUserControlled(DomainError):
    """The tenant lets nobody say no to a second factor."""

    code = "session.mfa.mfa_policy_not_user_controlled"


class NothingPending(DomainError):
    """There is no such new factor in this visit."""

    code = "session.mfa.pending_info_not_found"


class IdentityConflict(DomainError):
    """Another user is already identified in the interaction."""

    code = "session.identity_conflict"


class ForgotPasswordUnsupported(DomainError):
    """This has no place in recovering a password, or recovering has none here."""

    code = "session.not_supported_for_forgot_password"


class RecoveryMethodNotEnabled(ForgotPasswordUnsupported):
    """The tenant does not offer this way to recover a password."""

    status: ClassVar[int] = 422


class NotRecovering(DomainError):
    """A new password is set here only by someone who is recovering theirs."""

    code = "session.invalid_interaction_type"


class NewPasswordRequired(DomainError):
    """Recovering ends with a new password, and there is none yet."""

    code = "user.new_password_required_in_profile"


class SamePassword(DomainError):
    """The new password is the old one."""

    code = "user.same_password"


class EventForbidden(DomainError):
    """The tenant's sign-in mode does not allow this event."""

    code = "auth.forbidden"


class SignInMethodNotEnabled(DomainError):
    """The tenant does not offer this way to sign in."""

    code = "user.sign_in_method_not_enabled"


class MissingProfile(DomainError):
    """The tenant asks for more than is known; `data.missingProfile` lists what."""

    code = "user.missing_profile"


class PhoneExistsInProfile(DomainError):
    """The account has a phone number already."""

    code = "user.phone_exists_in_profile"


class EmailExistsInProfile(DomainError):
    """The account has an e-mail address already."""

    code = "user.email_exists_in_profile"


class UsernameExistsInProfile(DomainError):
    """The account has a user name already."""

    code = "user.username_exists_in_profile"


class PasswordExistsInProfile(DomainError):
    """The account has a password already."""

    code = "user.password_exists_in_profile"


class SocialAccountExistsInProfile(DomainError):
    """The account is linked to another account of this provider already."""

    code = "user.social_account_exists_in_profile"


class VerificationIdRequired(DomainError):
    """Signing in needs to say which verification record proves who it is."""

    code = "guard.invalid_input"
