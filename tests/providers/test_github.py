"""GitHub."""

from typing import Any

import httpx2
import pytest

from watchword.connector_kit.errors import (
    AuthorizationCodeRefused,
    ConnectorError,
    InvalidCredentials,
    ProviderSettingsRefused,
)
from watchword.connector_kit.social import SocialIdentity
from watchword.connector_kit.testing import AUTHORIZATION, SocialConnectorContract, context
from watchword.providers.github.connector import GitHubConfig, GitHubConnector

CONFIG = {"clientId": "client-1", "clientSecret": "the-client-secret"}
PROFILE = {
    "id": 1001,
    "login": "ada",
    "name": None,
    "avatar_url": "https://avatars.example.com/1001",
    "email": "typed-by-anybody@example.com",
}


def made(answer: Any = None, **config: Any) -> GitHubConnector:
    return GitHubConnector(GitHubConfig.parse({**CONFIG, **config}), context(answer))


async def signed_in(emails: Any, **config: Any) -> SocialIdentity:
    def answer(request: httpx2.Request) -> httpx2.Response:
        if request.method == "POST":
            return httpx2.Response(200, json={"access_token": "access", "scope": "read:user"})
        assert request.headers["User-Agent"]
        return httpx2.Response(200, json=emails if "emails" in request.url.path else PROFILE)

    return await made(answer, **config).finish(AUTHORIZATION, {"code": "code-1"})


class TestGitHub(SocialConnectorContract):
    @pytest.fixture
    def connector(self) -> GitHubConnector:
        return made()


@pytest.mark.parametrize("is_verified", [True, False])
async def test_the_primary_address_is_as_good_as_github_says(is_verified: bool) -> None:
    emails = [
        {"email": "other@example.com", "primary": False, "verified": True},
        {"email": "ada@example.com", "primary": True, "verified": is_verified},
    ]

    identity = await signed_in(emails)

    assert (identity.email, identity.email_verified) == ("ada@example.com", is_verified)
    assert (identity.id, identity.name) == ("1001", "ada")


async def test_the_address_of_the_profile_is_never_proof() -> None:
    no_primary = [{"email": PROFILE["email"], "primary": False, "verified": True}]

    for identity in (await signed_in(no_primary), await signed_in(None, scope="read:user")):
        assert identity.email == PROFILE["email"]
        assert not identity.email_verified


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        ("bad_verification_code", AuthorizationCodeRefused),
        ("incorrect_client_credentials", InvalidCredentials),
        ("redirect_uri_mismatch", ProviderSettingsRefused),
    ],
)
async def test_an_error_is_one_although_its_status_is_200(
    error: str, expected: type[ConnectorError]
) -> None:
    connector = made(lambda _: httpx2.Response(200, json={"error": error}))
    with pytest.raises(expected):
        await connector.finish(AUTHORIZATION, {"code": "code-1"})
