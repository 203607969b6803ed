"""NAVER."""

from typing import Any
from urllib.parse import parse_qs

import httpx2
import pytest

from watchword.connector_kit.errors import (
    AccessTokenRefused,
    AuthorizationCodeRefused,
    InvalidCredentials,
)
from watchword.connector_kit.testing import AUTHORIZATION, SocialConnectorContract, context
from watchword.providers.naver.connector import NaverConfig, NaverConnector

CONFIG = {"clientId": "client-1", "clientSecret": "the-client-secret"}
PROFILE = {
    "id": "3001",
    "nickname": "수진",
    "email": "sujin@example.com",
    "mobile": "010-1234-5678",
    "mobile_e164": "+821012345678",
}


def made(answer: Any = None) -> NaverConnector:
    return NaverConnector(NaverConfig.parse(CONFIG), context(answer))


class TestNaver(SocialConnectorContract):
    @pytest.fixture
    def connector(self) -> NaverConnector:
        return made()


async def test_neither_address_nor_number_is_proof() -> None:
    sent: list[dict[str, list[str]]] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        if request.method == "POST":
            sent.append(parse_qs(request.content.decode()))
            return httpx2.Response(200, json={"access_token": "access"})
        return httpx2.Response(200, json={"resultcode": "00", "response": PROFILE})

    identity = await made(answer).finish(AUTHORIZATION, {"code": "code-1"})

    assert (identity.id, identity.name) == ("3001", "수진")
    assert (identity.email, identity.email_verified) == ("sujin@example.com", False)
    assert (identity.phone, identity.phone_verified) == ("821012345678", False)
    assert sent[0]["state"] == [AUTHORIZATION.state]


@pytest.mark.parametrize(
    ("error", "expected"),
    [("invalid_request", AuthorizationCodeRefused), ("invalid_client", InvalidCredentials)],
)
async def test_an_error_is_one_although_its_status_is_200(
    error: str, expected: type[Exception]
) -> None:
    connector = made(lambda _: httpx2.Response(200, json={"error": error}))
    with pytest.raises(expected):
        await connector.finish(AUTHORIZATION, {"code": "code-1"})


async def test_a_result_that_is_no_success_is_nobody() -> None:
    def answer(request: httpx2.Request) -> httpx2.Response:
        if request.method == "POST":
            return httpx2.Response(200, json={"access_token": "access"})
        return httpx2.Response(200, json={"resultcode": "028", "message": "no permission"})

    with pytest.raises(AccessTokenRefused):
        await made(answer).finish(AUTHORIZATION, {"code": "code-1"})
