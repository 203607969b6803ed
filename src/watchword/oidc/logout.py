"""RP-initiated logout (OpenID Connect RP-Initiated Logout 1.0)."""

import hmac
from dataclasses import dataclass, field
from urllib.parse import urlencode

from watchword.applications.models import Application
from watchword.applications.service import ApplicationService
from watchword.core.digests import digest_of_token
from watchword.oidc.errors import InvalidClient, InvalidRequest, SignOutPageOutdated
from watchword.oidc.jwt import ID_TOKEN_TYPE, Signer
from watchword.oidc.models import Session
from watchword.oidc.parameters import Parameters
from watchword.oidc.sessions import SessionService
from watchword.oidc.trail import Trail
from watchword.storage import Storage


@dataclass(frozen=True)
class LogoutRequest:
    """A checked wish to sign out."""

    application: Application | None
    post_logout_redirect_uri: str | None
    state: str | None
    subject: str | None = field(repr=False)
    """Whom the client says is signing out, proved by an ID token of ours."""

    @property
    def redirect_to(self) -> str | None:
        """Return where the browser goes afterwards, or None for our own page."""
        if self.post_logout_redirect_uri is None or self.state is None:
            return self.post_logout_redirect_uri
        separator = "&" if "?" in self.post_logout_redirect_uri else "?"
        query = urlencode({"state": self.state})
        return f"{self.post_logout_redirect_uri}{separator}{query}"

    def needs_confirmation(self, session: Session | None) -> bool:
        """Tell whether to ask: no proof came from a client that this very person uses."""
        if self.subject is None:
            return True
        return session is not None and session.user_id != self.subject


@dataclass(frozen=True, kw_only=True)
class LogoutService:
    """Ends sessions for the applications of one tenant."""

    storage: Storage
    applications: ApplicationService
    sessions: SessionService
    signer: Signer
    trail: Trail

    async def validate(self, parameters: Parameters) -> LogoutRequest:
        """Return the request if it can be answered; raises InvalidRequest or InvalidClient."""
        parameters.check_repeats()
        hint = parameters.find("id_token_hint")
        # Expired is fine here; what we did not sign counts as not sent.
        claims = None if hint is None else await self.signer.read(hint, ID_TOKEN_TYPE)
        client_id = parameters.find("client_id")
        if claims is not None:
            if client_id not in {None, claims["aud"]}:
                raise InvalidRequest("client_id is not the one id_token_hint was made for")
            client_id = str(claims["aud"])
        application = None if client_id is None else await self.applications.find(client_id)
        if application is None and client_id is not None and claims is None:
            raise InvalidClient("no such client")
        uri = parameters.find("post_logout_redirect_uri")
        if uri is not None and application is not None:
            if uri not in application.post_logout_redirect_uris:
                raise InvalidRequest("post_logout_redirect_uri not registered")
        elif uri is not None:
            # Nobody says whose URI it is: sign out, but send the browser nowhere.
            uri = None
        return LogoutRequest(
            application=application,
            post_logout_redirect_uri=uri,
            state=parameters.find("state"),
            subject=None if claims is None else str(claims["sub"]),
        )

    def confirmation_token(self, session_token: str | None) -> str:
        """Return what the confirmation form must send back: only this browser's page has it."""
        return digest_of_token(f"sign out {session_token}")

    def check_confirmation(self, token: str, session_token: str | None) -> None:
        """Raise SignOutPageOutdated unless *token* came from our own confirmation page."""
        own = self.confirmation_token(session_token)
        if not hmac.compare_digest(token.encode(), own.encode()):
            raise SignOutPageOutdated("the sign-out page is out of date")

    async def end(self, session_token: str | None, application: Application | None = None) -> None:
        """End the session and the tokens that live no longer than it, and write it down."""
        if not session_token:
            return
        async with self.storage.transaction() as tx:
            user_id = await self.sessions.within(tx).end(session_token)
            if user_id is not None:
                await self.trail.signed_out(user_id, application, tx=tx)
