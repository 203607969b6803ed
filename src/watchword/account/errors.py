"""Why a person may not change something of their own account."""

from watchword.core.errors import DomainError


class AccountCenterNotEnabled(DomainError):
    """The tenant lets nobody manage their own account."""

    code = "account_center.not_enabled"


class FieldNotEditable(DomainError):
    """The tenant lets people not change this field, or not even see it."""

    code = "account_center.field_not_editable"


class ProofRequired(DomainError):
    """The person has not just proved, in a way that counts, that it is they who ask."""

    code = "verification_record.permission_denied"
    status = 401


class ProofNotFound(DomainError):
    """There is no such proof, it is over, it is somebody else's, or it is of something else."""

    code = "verification_record.not_found"


class ScopeMissing(DomainError):
    """The application did not ask for this part of the account."""

    # The contract's status here, while the same code is a 401 elsewhere.
    code = "auth.unauthorized"
    status = 400


class ThirdPartyForbidden(DomainError):
    """A third party's application changes nobody's account."""

    code = "auth.third_party_application_forbidden"
    status = 403


class LastSignInMethodRequired(DomainError):
    """Without it, nothing would say any more who the person is."""

    code = "user.last_sign_in_method_required"
