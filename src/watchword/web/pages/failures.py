"""What became of a try at a provider, named in the address of the page that says it.

A page of its own: what the provider sent along leaves the address bar, and neither loading the page
again nor another language looks at that answer twice.
"""

from watchword.account.errors import ProofNotFound
from watchword.connector_kit.errors import (
    AccessTokenRefused,
    AuthorizationCodeRefused,
    AuthorizationDenied,
    AuthorizationFailed,
    ConnectorError,
    IdTokenRefused,
    InvalidConfig,
    ProviderThrottled,
    ProviderUnavailable,
)
from watchword.core.errors import DomainError
from watchword.social.errors import AnswerSpent, StateMismatch
from watchword.users.errors import IdentityAlreadyInUse

# Nothing that an address could make up.
FAILURES: dict[str, type[DomainError]] = {
    error.__name__: error
    for error in (
        AccessTokenRefused,
        AnswerSpent,
        AuthorizationCodeRefused,
        AuthorizationDenied,
        AuthorizationFailed,
        ConnectorError,
        IdTokenRefused,
        IdentityAlreadyInUse,
        InvalidConfig,
        ProofNotFound,
        ProviderThrottled,
        ProviderUnavailable,
        StateMismatch,
    )
}


def name_of(error: DomainError) -> str | None:
    """Return what an address calls the error, or the nearest that it has a name for."""
    names = (known.__name__ for known in type(error).__mro__)
    return next((name for name in names if name in FAILURES), None)


def named(name: str) -> DomainError:
    """Return the error of this name; any other name is a provider that let nobody in."""
    return FAILURES.get(name, AuthorizationFailed)()
