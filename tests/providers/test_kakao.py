"""Kakao."""

from typing import Any

import httpx2
import pytest

from tests.providers.id_tokens import STRANGER, id_token, provider
from watchword.connector_kit.errors import IdTokenRefused
from watchword.connector_kit.social import SocialIdentity
from watchword.connector_kit.testing import AUTHORIZATION, SocialConnectorContract, context
from watchword.providers.kakao.connector import KakaoConfig, KakaoConnector

CONFIG = {"clientId": "0" * 32, "clientSecret": "the-client-secret"}
CLAIMS: dict[str, Any] = {"iss": "https://kauth.kakao.com", "aud": "0" * 32, "sub": "2001"}
ACCOUNT: dict[str, Any] = {
    "profile": {"nickname": "민지", "profile_image_url": "https://images.example.com/1.jpg"},
    "email": "minji@example.com",
    "is_email_valid": True,
    "is_email_verified": True,
    "phone_number": "+82 10-1234-5678",
}


def made(answer: Any = None, **config: Any) -> KakaoConnector:
    return KakaoConnector(KakaoConfig.parse({**CONFIG, **config}), context(answer))


async def signed_in(
    account: Any = ACCOUNT, token: str | None = None, **config: Any
) -> SocialIdentity:
    told = {"id": 2001, "kakao_account": account}
    answer = provider(token or id_token(**CLAIMS), told=told)
    return await made(answer, **config).finish(AUTHORIZATION, {"code": "code-1"})


class TestKakao(SocialConnectorContract):
    @pytest.fixture
    def connector(self) -> KakaoConnector:
        return made()


async def test_it_is_who_kakaos_own_api_says() -> None:
    identity = await signed_in()

    assert (identity.id, identity.name) == ("2001", "민지")
    assert (identity.email, identity.email_verified) == ("minji@example.com", True)
    assert identity.phone == "821012345678"
    assert identity.avatar == "https://images.example.com/1.jpg"


@pytest.mark.parametrize("missing", ["is_email_valid", "is_email_verified"])
@pytest.mark.parametrize("said", [False, None, "true"])
async def test_an_address_needs_both_of_kakaos_words(missing: str, said: Any) -> None:
    assert not (await signed_in({**ACCOUNT, missing: said})).email_verified


async def test_a_number_is_proof_only_where_the_administrator_says_so() -> None:
    assert not (await signed_in()).phone_verified
    assert (await signed_in(phoneIsProof=True)).phone_verified
    assert not (await signed_in({}, phoneIsProof=True)).phone_verified


async def test_a_default_picture_is_nobodys() -> None:
    profile = {**ACCOUNT["profile"], "is_default_image": True}

    assert (await signed_in({**ACCOUNT, "profile": profile})).avatar is None


@pytest.mark.parametrize(
    "token",
    [
        id_token(**{**CLAIMS, "sub": "2002"}),
        id_token(**{**CLAIMS, "aud": "1" * 32}),
        id_token(**CLAIMS, nonce="another"),
        id_token(STRANGER, **CLAIMS),
    ],
    ids=["person", "client", "visit", "signer"],
)
async def test_a_token_that_says_otherwise_is_not_passed_over(token: str) -> None:
    with pytest.raises(IdTokenRefused):
        await signed_in(token=token)


async def test_it_works_where_no_token_and_no_secret_is_given() -> None:
    sent: list[str] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        if request.method == "POST":
            sent.append(request.content.decode())
            return httpx2.Response(200, json={"access_token": "access"})
        return httpx2.Response(200, json={"id": 2001})

    connector = made(answer, clientSecret="")
    identity = await connector.finish(AUTHORIZATION, {"code": "code-1"})

    assert identity.id == "2001"
    assert "client_secret" not in sent[0]
