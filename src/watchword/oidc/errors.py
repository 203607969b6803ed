"""OAuth 2.0 and OpenID Connect errors: `error` is the standard's word, `code` the contract's."""

from typing import ClassVar

from watchword.core.errors import DomainError
from watchword.oidc.models import AuthorizationResponse


class OidcError(DomainError):
    """An error that the standards name; `detail` is its `error_description`, safe to show."""

    code = "oidc.invalid_request"
    error: ClassVar[str] = "invalid_request"
    status: ClassVar[int] = 400
    user_id: str | None = None
    """Whom it concerns, for the audit log."""

    def __init__(self, description: str) -> None:
        super().__init__(description)

    @property
    def headers(self) -> dict[str, str]:
        """Return what the answer's header must say."""
        return {}


class InvalidRequest(OidcError):
    """A parameter is missing, twice there or malformed."""


class SignOutPageOutdated(InvalidRequest):
    """The question whether to sign out was asked of an earlier session."""

    code = "form.token_mismatch"


class AuthorizationExpired(OidcError):
    """The browser holds no such interaction, or it is over."""

    code = "session.not_found"


class RouteNotFound(OidcError):
    """No such endpoint under `/oidc`."""

    status = 404


class RequestTooLarge(OidcError):
    """The body is longer than any OpenID request needs to be."""

    status = 413


class InvalidClient(OidcError):
    """The client is unknown."""

    code = "oidc.invalid_client"
    error = "invalid_client"


class ClientAuthenticationFailed(InvalidClient):
    """The client's secret is wrong or missing."""

    status = 401

    def __init__(self, description: str, issuer: str) -> None:
        super().__init__(description)
        self.issuer = issuer

    @property
    def headers(self) -> dict[str, str]:
        """RFC 6749, 5.2: name the scheme that the client may use."""
        return {
            "WWW-Authenticate": f'Basic realm="{self.issuer}", error="invalid_client", '
            f'error_description="{self.detail}"'
        }


class InvalidRedirectUri(OidcError):
    """The redirect URI is none of the registered ones: nothing may be sent there."""

    code = "oidc.invalid_redirect_uri"
    error = "invalid_redirect_uri"


class UnauthorizedClient(OidcError):
    """This type of application may not do that."""

    code = "oidc.unauthorized_client"
    error = "unauthorized_client"


class UnsupportedResponseType(OidcError):
    """Only `code` is given out by the authorization endpoint."""

    code = "oidc.unsupported_response_type"
    error = "unsupported_response_type"


class UnsupportedResponseMode(OidcError):
    """The response mode is none of query, fragment and form_post."""

    code = "oidc.unsupported_response_mode"
    error = "unsupported_response_mode"


class UnsupportedGrantType(OidcError):
    """The grant type is not built."""

    code = "oidc.unsupported_grant_type"
    error = "unsupported_grant_type"


class UnsupportedTokenType(OidcError):
    """A token that stands for itself can't be revoked (RFC 7009, 2.2.1)."""

    code = "oidc.unsupported_token_type"
    error = "unsupported_token_type"


class InvalidGrant(OidcError):
    """The code or refresh token is unknown, expired, used, or another client's."""

    code = "oidc.invalid_grant"
    error = "invalid_grant"

    def __init__(self, description: str, user_id: str | None = None) -> None:
        super().__init__(description)
        self.user_id = user_id


class InvalidScope(OidcError):
    """More was asked for than was granted."""

    code = "oidc.invalid_scope"
    error = "invalid_scope"


class InvalidTarget(OidcError):
    """The resource is missing or unknown (RFC 8707)."""

    code = "oidc.invalid_target"
    error = "invalid_target"


class RequestNotSupported(OidcError):
    """Request objects are not taken by value (OpenID Connect Core, 6)."""

    code = "oidc.request_not_supported"
    error = "request_not_supported"


class RequestUriNotSupported(OidcError):
    """Request objects are not taken by reference."""

    code = "oidc.request_uri_not_supported"
    error = "request_uri_not_supported"


class RegistrationNotSupported(OidcError):
    """Clients are registered by administrators only."""

    code = "oidc.registration_not_supported"
    error = "registration_not_supported"


class LoginRequired(OidcError):
    """The person must sign in, and `prompt=none` forbids asking."""

    code = "oidc.login_required"
    error = "login_required"


class UnmetAuthenticationRequirements(OidcError):
    """The client insists on an authentication that nobody can do here."""

    code = "oidc.unmet_authentication_requirements"
    error = "unmet_authentication_requirements"


class ConsentRequired(OidcError):
    """A third party's application needs the person's consent first."""

    code = "oidc.consent_required"
    error = "consent_required"


class AccessDenied(OidcError):
    """The person said no."""

    code = "oidc.access_denied"
    error = "access_denied"


class OrganizationRefused(AccessDenied):
    """No token for this organization: to this person, this application, or after this sign-in."""

    status = 403

    def __init__(self, description: str, user_id: str | None = None) -> None:
        super().__init__(description)
        self.user_id = user_id


class OrganizationScopeMissing(OidcError):
    """Tokens for organizations were not asked for when the person signed in."""

    code = "oidc.insufficient_scope"
    error = "insufficient_scope"
    status = 403


class BearerRefused(OidcError):
    """A call to userinfo without a good access token."""

    code = "oidc.invalid_token"
    error = "invalid_token"
    status = 401

    def __init__(self, description: str, issuer: str, *, with_error: bool = True) -> None:
        super().__init__(description)
        self.issuer = issuer
        self.with_error = with_error

    @property
    def headers(self) -> dict[str, str]:
        """RFC 6750, 3: a request without a token learns the realm only."""
        challenge = f'Bearer realm="{self.issuer}"'
        if self.with_error:
            challenge += f', error="{self.error}", error_description="{self.detail}"'
        return {"WWW-Authenticate": challenge}


class InsufficientScope(BearerRefused):
    """The access token was not given for this."""

    code = "oidc.insufficient_scope"
    error = "insufficient_scope"
    status = 403


class AuthorizationRefused(DomainError):
    """An error that the client reads, at its redirect URI."""

    code = "oidc.access_denied"

    def __init__(self, response: AuthorizationResponse, reason: OidcError) -> None:
        super().__init__(f"{reason.error}: {reason.detail}")
        self.response = response
        self.reason = reason
