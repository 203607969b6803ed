"""Any provider that speaks OAuth 2.0 alone."""

from typing import Any

import httpx2
import pytest

from watchword.connector_kit.errors import AccessTokenRefused, ConnectorError, UnreadableAnswer
from watchword.connector_kit.social import SocialIdentity
from watchword.connector_kit.testing import AUTHORIZATION, SocialConnectorContract, context
from watchword.providers.oauth2.config import OAuth2Config
from watchword.providers.oauth2.connector import OAuth2Connector

CONFIG: dict[str, Any] = {
    "authorizationEndpoint": "https://id.example.com/auth",
    "tokenEndpoint": "https://id.example.com/token",
    "userInfoEndpoint": "https://id.example.com/me",
    "clientId": "client-1",
    "clientSecret": "the-client-secret",
    "scope": "profile",
}
ANSWER: dict[str, Any] = {
    "id": 7,
    "contact": {"email": "ada@example.com", "is_checked": True, "phone": "+447700900123"},
    "name": "Ada",
}
MAP = {"email": "contact.email", "phone": "contact.phone", "emailVerified": "contact.is_checked"}


def made(answer: Any = None, **config: Any) -> OAuth2Connector:
    return OAuth2Connector(OAuth2Config.parse({**CONFIG, **config}), context(answer))


async def signed_in(
    token: httpx2.Response | None = None, told: Any = ANSWER, **config: Any
) -> SocialIdentity:
    def answer(request: httpx2.Request) -> httpx2.Response:
        if request.method == "POST":
            return token or httpx2.Response(200, json={"access_token": "access"})
        assert request.headers["Authorization"] == "Bearer access"
        return httpx2.Response(200, json=told)

    return await made(answer, **config).finish(AUTHORIZATION, {"code": "code-1"})


class TestOAuth2(SocialConnectorContract):
    @pytest.fixture
    def connector(self) -> OAuth2Connector:
        return made()


async def test_a_map_leads_to_what_is_said_and_to_what_is_proved() -> None:
    identity = await signed_in(profileMap=MAP)

    assert identity.id == "7"
    assert (identity.email, identity.email_verified) == ("ada@example.com", True)
    assert (identity.phone, identity.phone_verified) == ("447700900123", False)


async def test_without_a_place_for_the_proof_nothing_is_proved() -> None:
    identity = await signed_in(profileMap={"email": "contact.email", "phone": "contact.phone"})

    assert identity.email == "ada@example.com"
    assert not identity.email_verified
    assert not identity.phone_verified


@pytest.mark.parametrize("said", ["true", 1, "yes", None, {}])
async def test_only_a_plain_yes_is_proof(said: Any) -> None:
    told = {**ANSWER, "contact": {**ANSWER["contact"], "is_checked": said}}

    assert not (await signed_in(told=told, profileMap=MAP)).email_verified


@pytest.mark.parametrize("format_", ["query-string", "json"])
async def test_a_token_is_read_in_the_form_that_it_comes_in(format_: str) -> None:
    form = "access_token=access&token_type=bearer"
    token = httpx2.Response(200, text=form) if format_ == "query-string" else None

    assert (await signed_in(token, tokenEndpointResponseType=format_)).id == "7"


@pytest.mark.parametrize("id_", [None, "", {}, [], True, "a\nb", "x" * 300])
async def test_somebody_without_an_id_is_nobody(id_: Any) -> None:
    with pytest.raises(UnreadableAnswer):
        await signed_in(told={"id": id_})


@pytest.mark.parametrize("told", [[], "x", None, 7])
async def test_an_answer_of_another_shape_is_nobody(told: Any) -> None:
    with pytest.raises(ConnectorError):
        await signed_in(told=told)


async def test_a_token_that_is_not_taken_is_told_apart() -> None:
    def answer(request: httpx2.Request) -> httpx2.Response:
        if request.method == "POST":
            return httpx2.Response(200, json={"access_token": "access"})
        return httpx2.Response(401, text="no")

    with pytest.raises(AccessTokenRefused):
        await made(answer).finish(AUTHORIZATION, {"code": "code-1"})


async def test_what_is_no_address_or_number_is_left_out() -> None:
    told = {"id": "1", "email": "not an address", "phone": "010-1234-5678", "avatar": "data:,"}

    identity = await signed_in(told=told, profileMap={"emailVerified": "id"})

    assert (identity.email, identity.phone, identity.avatar) == (None, None, None)


async def test_an_answer_that_goes_on_and_on_is_not_kept() -> None:
    identity = await signed_in(told={"id": "1", "filler": "x" * 20_000})

    assert identity.details() == {"id": "1", "rawData": {}}
