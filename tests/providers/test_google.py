"""Google."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.providers.id_tokens import id_token, provider
from watchword.connector_kit.errors import AuthorizationMixedUp, IdTokenRefused
from watchword.connector_kit.social import SocialIdentity
from watchword.connector_kit.testing import AUTHORIZATION, SocialConnectorContract, context
from watchword.providers.google.connector import GoogleConfig, GoogleConnector

CONFIG = {
    "clientId": "client-1.apps.googleusercontent.com",
    "clientSecret": "the-client-secret",
    "prompts": ["select_account"],
}
CLAIMS: dict[str, Any] = {
    "iss": "https://accounts.google.com",
    "aud": CONFIG["clientId"],
    "sub": "1001",
}


def made(answer: Any = None, **others: Any) -> GoogleConnector:
    return GoogleConnector(GoogleConfig.parse(CONFIG), context(answer, **others))


async def signed_in(answer: dict[str, str] | None = None, **claims: Any) -> SocialIdentity:
    token = id_token(**{**CLAIMS, **claims})
    return await made(provider(token)).finish(AUTHORIZATION, {"code": "code-1", **(answer or {})})


class TestGoogle(SocialConnectorContract):
    @pytest.fixture
    def connector(self) -> GoogleConnector:
        return made()


async def test_people_may_choose_among_their_accounts() -> None:
    asked = parse_qs(urlsplit(await made().begin(AUTHORIZATION)).query)

    assert asked["prompt"] == ["select_account"]
    assert asked["scope"] == ["openid profile email"]


@pytest.mark.parametrize(
    ("claims", "is_proved"),
    [
        ({"email": "ada@gmail.com", "email_verified": True}, True),
        ({"email": "ada@example.com", "email_verified": True, "hd": "example.com"}, True),
        # Checked once, when the Google account was made: today's owner may be another.
        ({"email": "ada@example.com", "email_verified": True}, False),
        ({"email": "ada@gmail.com", "email_verified": False}, False),
        ({"email": "ada@gmail.com"}, False),
        ({"email": "ada@notgmail.com", "email_verified": True}, False),
    ],
    ids=str,
)
async def test_only_mailboxes_that_google_runs_are_proved(
    claims: dict[str, Any], is_proved: bool
) -> None:
    assert (await signed_in(**claims)).email_verified is is_proved


async def test_the_issuer_has_two_spellings_and_no_third() -> None:
    assert (await signed_in(iss="accounts.google.com")).id == "1001"
    with pytest.raises(IdTokenRefused):
        await signed_in(iss="https://accounts.google.example")
    with pytest.raises(AuthorizationMixedUp):
        await signed_in({"iss": "https://evil.example"})


async def test_an_operator_redirects_every_address() -> None:
    endpoints = await made(base_url_override="http://127.0.0.1:9/google").endpoints()

    assert endpoints.authorization == "http://127.0.0.1:9/google/o/oauth2/v2/auth"
    assert endpoints.keys == "http://127.0.0.1:9/google/oauth2/v3/certs"
    assert endpoints.issuers[0] == "https://accounts.google.com"
