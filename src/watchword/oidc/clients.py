"""Client authentication: none, client_secret_basic, client_secret_post."""

import base64
import binascii
from dataclasses import dataclass
from urllib.parse import unquote_plus

from watchword.applications.models import Application
from watchword.applications.service import ApplicationService
from watchword.oidc.errors import ClientAuthenticationFailed, InvalidClient, InvalidRequest
from watchword.oidc.parameters import Parameters

METHODS = ("client_secret_basic", "client_secret_post", "none")


@dataclass(frozen=True, kw_only=True)
class ClientAuthentication:
    """Tells which application calls a tenant's token endpoints."""

    applications: ApplicationService
    issuer: str

    async def find_named(
        self, parameters: Parameters, authorization: str | None
    ) -> Application | None:
        """Return the application that the caller says it is, or None; nothing is proved yet."""
        client_id, _ = _credentials(parameters, authorization)
        return None if client_id is None else await self.applications.find(client_id)

    async def authenticate(self, parameters: Parameters, authorization: str | None) -> Application:
        """Return the calling application; raises InvalidClient or InvalidRequest."""
        client_id, secret = _credentials(parameters, authorization)
        if client_id is None:
            raise InvalidRequest("no client authentication mechanism provided")
        application = await self.applications.find(client_id)
        if application is None:
            if _is_basic(authorization):
                raise self._failed()
            raise InvalidClient("no such client")
        self._check_secret(application, secret)
        return application

    def _check_secret(self, application: Application, secret: str | None) -> None:
        if application.is_public:
            if secret is not None:
                raise self._failed()
            return
        if secret is None or not self.applications.is_secret_of(application, secret):
            raise self._failed()

    def _failed(self) -> ClientAuthenticationFailed:
        return ClientAuthenticationFailed("client authentication failed", self.issuer)


def _is_basic(authorization: str | None) -> bool:
    return authorization is not None and authorization[:6].lower() == "basic "


def _credentials(
    parameters: Parameters, authorization: str | None
) -> tuple[str | None, str | None]:
    client_id = parameters.find("client_id")
    secret = parameters.find("client_secret")
    if authorization is None or not _is_basic(authorization):
        return client_id, secret
    basic_id, basic_secret = _basic(authorization)
    if client_id not in {None, basic_id}:
        raise InvalidRequest("two different clients are named")
    if secret is not None:
        raise InvalidRequest("only one way of client authentication may be used")
    return basic_id, basic_secret or None


def _basic(authorization: str) -> tuple[str, str]:
    try:
        decoded = base64.b64decode(authorization[6:].strip(), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError):
        raise InvalidRequest("the authorization header is malformed") from None
    client_id, separator, secret = decoded.partition(":")
    if not separator or not client_id:
        raise InvalidRequest("the authorization header is malformed")
    # RFC 6749, 2.3.1: both parts are form-encoded before they are joined.
    return unquote_plus(client_id), unquote_plus(secret)
