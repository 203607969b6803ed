"""Stock OpenID Connect clients sign people in and out: they know an issuer and a client id."""

import json
from collections.abc import Iterator
from pathlib import Path
from shutil import copy
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.journeys.browser import Browser
from tests.journeys.provider import Provider, running_provider
from tests.journeys.server import PHONE_SIGN_IN, REDIRECT_URI, Installation
from tests.sdk.conftest import PYTHON
from tests.sdk.openid_clients import PACKAGES, Person, run_client

pytestmark = pytest.mark.slow

GOODBYE = "https://shop.example/goodbye"
WEB, SINGLE_PAGE = "Traditional", "SPA"


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    """Return what takes the messages."""
    with running_provider() as provider:
        yield provider


@pytest.fixture(scope="module")
def server(
    sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory, provider: Provider
) -> Iterator[dict[str, Any]]:
    """Return where a server listens, and the applications registered there."""
    folder = tmp_path_factory.mktemp("clients")
    copy(sqlite_template, folder / "watchword.db")
    installation = Installation(f"sqlite:///{folder / 'watchword.db'}", folder)
    kinds = (WEB, SINGLE_PAGE)
    seeded = installation.seed(
        connector="http-sms",
        config={"endpoint": provider.url},
        signIn=PHONE_SIGN_IN,
        applications=[
            {
                "name": "Shop",
                "type": kind,
                "redirect_uris": [REDIRECT_URI],
                "post_logout_redirect_uris": [GOODBYE],
            }
            for kind in kinds
        ],
    )
    with installation.server() as running:
        made = dict(zip(kinds, json.loads(seeded), strict=True))
        yield {"address": running.address, "origin": installation.origin, **made}


class Shop:
    """One client and one person who has never been here."""

    def __init__(self, server: dict[str, Any], provider: Provider, kind: str, phone: str) -> None:
        self.server, self.application = server, server[kind]
        self.issuer = f"{server['origin']}/oidc"
        self.browser = Browser(server["address"], self.application["id"])
        self.person = Person(self.browser, provider, phone, (REDIRECT_URI, GOODBYE))

    def run(self, script: str) -> dict[str, Any]:
        """Let the client do its work, and check what each of them must have come to."""
        with self.browser:
            result = self._result_of(script)
            assert not self.is_signed_in()
        claims, userinfo = result["claims"], result["userinfo"]
        assert claims["sub"] == userinfo["sub"]
        assert userinfo["phone_number"] == f"+{self.person.phone}"
        assert userinfo["phone_number_verified"] is True
        first, second = result["refreshTokens"]
        assert first
        assert second
        assert first != second
        assert result["loggedOut"].partition("?")[0] == GOODBYE
        return result

    def _result_of(self, script: str) -> dict[str, Any]:
        return run_client(
            script,
            self.person,
            endpoint=self.server["origin"],
            issuer=self.issuer,
            clientId=self.application["id"],
            clientSecret=self.application["secret"],
            redirectUri=REDIRECT_URI,
            postLogoutRedirectUri=GOODBYE,
        )

    def is_signed_in(self) -> bool:
        """Ask the server without a page."""
        answer = self.browser.authorize(prompt="none")
        returned = parse_qs(urlsplit(answer.headers["location"]).query)
        assert "code" in returned or returned["error"] == ["login_required"]
        return "code" in returned


@pytest.fixture
def clients() -> None:
    """Fail where the environment is missing: `make test` makes it."""
    assert PYTHON.exists(), "the clients are missing: tools/environment sdk"


@pytest.fixture
def npm_clients(clients: None) -> None:
    """Skip, and say why, where npm's registry could not be reached."""
    if not (PACKAGES / "node_modules").exists():
        pytest.skip("npm could not fetch openid-client and oidc-client-ts: tools/environment sdk")


def test_authlib(clients: None, server: dict[str, Any], provider: Provider) -> None:
    shop = Shop(server, provider, WEB, "447700900201")

    result = shop.run("openid_authlib.py")

    assert (result["claims"]["iss"], result["claims"]["amr"]) == (shop.issuer, ["sms", "otp"])
    assert result["introspected"]["active"] is True
    assert result["introspected"]["sub"] == result["claims"]["sub"]
    assert result["afterRevocation"] == "invalid_grant"
    assert result["loggedOut"] == f"{GOODBYE}?state=bye"


def test_logto(clients: None, server: dict[str, Any], provider: Provider) -> None:
    shop = Shop(server, provider, WEB, "447700900202")

    result = shop.run("openid_logto.py")

    # What the package asks for by itself.
    assert result["asked"]["prompt"] == ["consent"]
    assert set(result["asked"]["scope"][0].split()) == {
        "phone",
        "openid",
        "offline_access",
        "profile",
    }
    assert (result["claims"]["iss"], result["claims"]["aud"]) == (
        shop.issuer,
        shop.application["id"],
    )
    assert "invalid_grant" in result["reuse"]
    assert result["isAuthenticated"] is False


def test_openid_client(npm_clients: None, server: dict[str, Any], provider: Provider) -> None:
    shop = Shop(server, provider, WEB, "447700900203")

    result = shop.run("openid_client.mjs")

    assert result["claims"]["acr"] == "urn:watchword:acr:1fa"
    assert result["introspected"]["active"] is True
    assert result["introspected"]["client_id"] == shop.application["id"]
    assert result["afterRevocation"] == "invalid_grant"
    assert result["loggedOut"] == f"{GOODBYE}?state=bye"


def test_oidc_client_ts(npm_clients: None, server: dict[str, Any], provider: Provider) -> None:
    shop = Shop(server, provider, SINGLE_PAGE, "447700900204")

    result = shop.run("oidc_client_ts.mjs")

    assert [result[name] for name in ("reuse", "afterReuse", "afterRevocation")] == [
        "invalid_grant"
    ] * 3
