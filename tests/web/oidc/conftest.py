"""The assembled application, an application of its own, and a person with a session."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from tests.oidc.world import PKCE, VERIFIER
from tests.web.experience.conftest import ORIGIN, Site, site
from watchword.applications.models import Application, NewApplication
from watchword.audit.models import SYSTEM
from watchword.core.phone import PhoneNumber
from watchword.users.models import NewUser, User

__all__ = ["site"]

CALLBACK = "https://shop.example/callback"
BYE = "https://shop.example/bye"
PASSWORD = "Good-pass-4-Phone"


@dataclass
class Shop:
    """An application, and a browser that it sends to us."""

    site: Site
    application: Application
    secret: str | None
    client: httpx2.AsyncClient

    async def authorize(self, **values: str | None) -> httpx2.Response:
        """Send the browser to the authorization endpoint."""
        given = {
            "client_id": self.application.id,
            "redirect_uri": CALLBACK,
            "response_type": "code",
            "scope": "openid",
            "state": "s1",
            **PKCE,
            **values,
        }
        asked = {name: value for name, value in given.items() if value is not None}
        return await self.client.get("/oidc/auth", params=asked)

    async def code(self, **values: str | None) -> str:
        """Return a code for the signed-in person."""
        return self.returned(await self.authorize(**values))["code"]

    def returned(self, answer: httpx2.Response) -> dict[str, str]:
        """Return what the application gets at its redirect URI."""
        location = answer.headers["location"]
        assert answer.status_code == 303
        assert location.startswith(CALLBACK), location
        return {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}

    async def token(self, **form: str | None) -> httpx2.Response:
        """Call the token endpoint."""
        given = {"client_id": self.application.id, "client_secret": self.secret, **form}
        return await self.client.post(
            "/oidc/token", data={name: value for name, value in given.items() if value}
        )

    async def exchange(self, code: str, **form: str | None) -> httpx2.Response:
        """Exchange a code."""
        return await self.token(
            **{
                "grant_type": "authorization_code",
                "code": code,
                "redirect_uri": CALLBACK,
                "code_verifier": VERIFIER,
                **form,
            }
        )

    async def tokens(self, **values: str | None) -> dict[str, Any]:
        """Return tokens of the signed-in person."""
        answer = await self.exchange(await self.code(**values))
        assert answer.status_code == 200, answer.text
        tokens: dict[str, Any] = answer.json()
        return tokens

    async def me(self, token: str) -> httpx2.Response:
        """Call the userinfo endpoint."""
        return await self.client.get("/oidc/me", headers={"authorization": f"Bearer {token}"})

    async def sign_in(self, user: User) -> None:
        """Give the browser a session, made a moment ago."""
        scope = await self.site.scope()
        session = await scope.oidc.sessions.create(user.id, ("sms", "otp"))
        self.client.cookies.set("_session", session.token)
        self.site.clock.advance(timedelta(milliseconds=1))


async def open_shop(site: Site, kind: str = "SPA", **values: Any) -> Shop:
    """Register an application and open a browser."""
    configuration = (await site.scope()).configuration
    created = await configuration.applications.create(
        SYSTEM,
        NewApplication(
            **{
                "name": "Shop",
                "type": kind,
                "redirect_uris": (CALLBACK,),
                "post_logout_redirect_uris": (BYE,),
                **values,
            }
        ),
    )
    return Shop(site, created.application, created.secret, await site.visitor())


async def add_user(site: Site, **values: Any) -> User:
    """Add a person with every kind of claim."""
    given = {
        "primary_phone": PhoneNumber("821012345678"),
        "is_phone_verified": True,
        "primary_email": "alice@mail.example",
        "name": "Alice",
        "profile": {"givenName": "Alice", "address": {"locality": "Seoul"}},
        **values,
    }
    return await (await site.scope()).users.create(NewUser(**given))


@pytest.fixture
async def shop(site: Site) -> Shop:
    """Return a public application, nobody signed in."""
    return await open_shop(site)


@pytest.fixture
async def alice(site: Site) -> User:
    """Return a person with every kind of claim."""
    return await add_user(site)


@pytest.fixture
async def signed_in(shop: Shop, alice: User) -> Shop:
    """Return the application with Alice's browser, signed in."""
    await shop.sign_in(alice)
    return shop


__all__ += ["ORIGIN", "PASSWORD"]
