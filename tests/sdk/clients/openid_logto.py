"""Signs a person in and out with Logto's own package, which knows nothing but the endpoint."""

import asyncio
from urllib.parse import parse_qs, urlsplit

from conversation import ASKED, finish, visit
from logto import LogtoClient, LogtoConfig, LogtoException, Storage, UserInfoScope


class Memory(Storage):
    """Keeps what the package keeps, and lets it forget an access token before its time."""

    def __init__(self) -> None:
        self.kept: dict[str, str | None] = {}

    def get(self, key: str) -> str | None:
        """Return a value."""
        return self.kept.get(key)

    def set(self, key: str, value: str | None) -> None:
        """Keep a value."""
        self.kept[key] = value

    def delete(self, key: str) -> None:
        """Forget a value."""
        self.kept.pop(key, None)


async def main() -> None:
    """Sign in, refresh, and sign out."""
    storage = Memory()
    client = LogtoClient(
        LogtoConfig(
            endpoint=ASKED["endpoint"],
            appId=ASKED["clientId"],
            appSecret=ASKED["clientSecret"],
            scopes=[UserInfoScope.phone],
        ),
        storage,
    )
    address = await client.signIn(redirectUri=ASKED["redirectUri"], interactionMode="signUp")
    await client.handleSignInCallback(visit(address))
    claims = client.getIdTokenClaims()
    userinfo = await client.fetchUserInfo()

    first = client.getRefreshToken()
    storage.delete("accessTokenMap")
    await client.getAccessToken()
    second = client.getRefreshToken()

    storage.delete("accessTokenMap")
    storage.set("refreshToken", first)
    try:
        await client.getAccessToken()
        reuse = None
    except LogtoException as error:
        reuse = str(error)

    logged_out = visit(await client.signOut(ASKED["postLogoutRedirectUri"]))
    finish(
        asked=parse_qs(urlsplit(address).query),
        claims=claims.model_dump(exclude_none=True),
        userinfo=userinfo.model_dump(exclude_none=True),
        refreshTokens=[first, second],
        reuse=reuse,
        isAuthenticated=client.isAuthenticated(),
        loggedOut=logged_out,
    )


asyncio.run(main())
