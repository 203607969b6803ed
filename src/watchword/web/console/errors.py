"""What sends an operator to another page of the console."""

from watchword.core.errors import DomainError


class NoSuchPage(DomainError):
    """There is no such page, or not on this host."""

    code = "request.not_found"


class ProofNeeded(DomainError):
    """The operator must prove again who they are before this change."""

    code = "operator.proof_needed"
    status = 403

    def __init__(self, problem: str = "") -> None:
        super().__init__()
        self.problem = problem


class SecondFactorNeeded(DomainError):
    """The password was right; the second factor is still to come."""

    code = "operator.second_factor_needed"
    status = 401
