"""Access tokens for mail servers that want OAuth 2. RFC 6749, 6."""

from datetime import datetime, timedelta

import httpx2

from watchword.connector_kit.answers import error_of_status
from watchword.connector_kit.connector import ConnectorContext
from watchword.connector_kit.errors import (
    ConnectorError,
    InvalidCredentials,
    ProviderUnavailable,
)
from watchword.providers.smtp.config import SmtpConfig

# A token must not run out between its being read here and there.
MARGIN = timedelta(minutes=1)
SHORTEST_LIFE = timedelta(minutes=5)


class AccessTokens:
    """The access token of one account: fetched when it is needed, and kept while it lasts."""

    def __init__(self, config: SmtpConfig, context: ConnectorContext) -> None:
        self._config = config
        self._context = context
        self._token = ""
        self._until: datetime | None = None

    async def current(self) -> str:
        """Return a token that works for a while; raises ConnectorError."""
        now = self._context.clock.now()
        if self._until is None or now >= self._until:
            self._token, life = _read(await self._asked())
            self._until = now + max(life, SHORTEST_LIFE) - MARGIN
        return self._token

    def forget(self) -> None:
        """Drop the token: the server did not take it."""
        self._until = None

    async def _asked(self) -> httpx2.Response:
        config = self._config
        form = {
            "grant_type": "refresh_token",
            "client_id": config.client_id or "",
            "refresh_token": config.refresh_token.get_secret_value()
            if config.refresh_token
            else "",
        }
        if config.client_secret is not None:
            form["client_secret"] = config.client_secret.get_secret_value()
        request = httpx2.Request("POST", config.access_url or "", data=form)
        try:
            return await self._context.client.send(request)
        except ConnectorError as error:
            if error.is_outcome_known:
                raise
            # Nothing was mailed yet, whatever became of the token.
            raise ProviderUnavailable(error.words) from None


def _read(response: httpx2.Response) -> tuple[str, timedelta]:
    try:
        answer = response.json()
    except ValueError:
        answer = None
    said = answer if isinstance(answer, dict) else {}
    if response.is_success and said.get("access_token"):
        life = said.get("expires_in")
        return str(said["access_token"]), timedelta(seconds=life if isinstance(life, int) else 0)
    if said.get("error") in {"invalid_grant", "invalid_client", "unauthorized_client"}:
        raise InvalidCredentials(f"no access token: {said['error']}")
    failure = error_of_status(response)
    if response.is_success or not failure.is_outcome_known:
        # As above: the e-mail is known not to be on its way.
        raise ProviderUnavailable("the token address gave no token")
    raise type(failure)(f"no access token: HTTP {response.status_code}")
