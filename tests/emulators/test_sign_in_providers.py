"""Sign-in providers as processes of their own: a person, a browser, and what goes wrong."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx2
import pytest

from tests import local
from tests.emulators.conftest import Addresses
from watchword.connector_kit.connector import ConnectorContext
from watchword.connector_kit.errors import (
    AccessTokenRefused,
    AuthorizationCodeRefused,
    AuthorizationDenied,
    AuthorizationMixedUp,
    IdTokenRefused,
    InvalidCredentials,
)
from watchword.connector_kit.oauth import OAuthConnector, Tokens
from watchword.connector_kit.outbound import OutboundClient
from watchword.connector_kit.social import SocialIdentity
from watchword.connector_kit.testing import AUTHORIZATION
from watchword.emulators.kakao import CLIENT_ID as KAKAO_CLIENT
from watchword.emulators.oauth_kit import CLIENT_ID, CLIENT_SECRET
from watchword.providers.github.connector import GitHubConnector
from watchword.providers.google.connector import GoogleConnector
from watchword.providers.kakao.connector import KakaoConnector
from watchword.providers.naver.connector import NaverConnector
from watchword.providers.oauth2.connector import OAuth2Connector
from watchword.providers.oidc.connector import OidcConnector

CLIENT = {"clientId": CLIENT_ID, "clientSecret": CLIENT_SECRET}
TOKENS = Tokens(access_token="forgotten")


class Place:
    """One emulated provider, a connector to it, and a person's browser."""

    def __init__(self, address: str, connector: OAuthConnector[Any]) -> None:
        self.address = address
        self.connector = connector

    async def tell(self, path: str, body: Any) -> None:
        """Set the emulator up."""
        async with httpx2.AsyncClient(verify=local.NO_TLS) as client:
            answer = await client.put(f"{self.address}/emulator/{path}", json=body)
            assert answer.status_code == 204

    async def visit(self, person: str | None, **authorization: str) -> dict[str, str]:
        """Let a person choose who they are, and return what comes back with the browser."""
        begun = replace(AUTHORIZATION, **authorization)
        form = {"denied": "yes"} if person is None else {"person": person}
        async with httpx2.AsyncClient(verify=local.NO_TLS) as client:
            url = await self.connector.begin(begun)
            shown = await client.get(url)
            assert shown.status_code == 200, shown.text
            answer = await client.post(url, data=form)
        assert answer.headers["location"].startswith(begun.redirect_uri)
        return dict(parse_qsl(urlsplit(answer.headers["location"]).query))

    async def sign_in(self, person: str) -> SocialIdentity:
        """Go all the way."""
        return await self.connector.finish(AUTHORIZATION, await self.visit(person))


@pytest.fixture
async def outbound() -> AsyncIterator[OutboundClient]:
    client = OutboundClient(is_development=True)
    yield client
    await client.aclose()


TYPES: Mapping[str, tuple[type[OAuthConnector[Any]], Mapping[str, Any]]] = {
    "google": (GoogleConnector, CLIENT),
    "github": (GitHubConnector, CLIENT),
    "kakao": (KakaoConnector, {**CLIENT, "clientId": KAKAO_CLIENT}),
    "naver": (NaverConnector, CLIENT),
}
SOMEBODY = {"google": "ada", "github": "ada", "kakao": "minji", "naver": "sujin"}


async def placed(emulators: Addresses, name: str, outbound: OutboundClient, **config: Any) -> Place:
    """Return a connector at its own emulator, which remembers nothing."""
    address = emulators[name]
    type_, settings = TYPES[name]
    async with httpx2.AsyncClient(verify=local.NO_TLS) as client:
        await client.delete(f"{address}/emulator/messages")
    parsed = type_.config_type.parse({**settings, **config})
    connector = type_(parsed, ConnectorContext(client=outbound, base_url_override=address))
    return Place(address, connector)


@pytest.fixture(params=list(TYPES))
async def place(
    request: pytest.FixtureRequest, emulators: Addresses, outbound: OutboundClient
) -> Place:
    """Return each provider in turn."""
    return await placed(emulators, request.param, outbound)


def somebody(place: Place) -> str:
    return SOMEBODY[place.connector.metadata.target]


@pytest.mark.parametrize(
    ("name", "person", "expected"),
    [
        ("google", "ada", ("100000000000000000001", "ada.example@gmail.com", True)),
        ("google", "work", ("100000000000000000002", "grace@example.com", True)),
        ("google", "elsewhere", ("100000000000000000003", "mallory@example.net", False)),
        ("github", "ada", ("1001", "ada@example.com", True)),
        ("github", "unverified", ("1002", "ada@example.com", False)),
        ("kakao", "minji", ("2001", "minji@example.com", True)),
        ("kakao", "lapsed", ("2002", "minji@example.com", False)),
        ("naver", "sujin", ("3001-example", "sujin@example.com", False)),
    ],
)
async def test_a_person_is_who_the_provider_says_and_proved_as_far_as_it_says(
    emulators: Addresses,
    outbound: OutboundClient,
    name: str,
    person: str,
    expected: tuple[str, str, bool],
) -> None:
    identity = await (await placed(emulators, name, outbound)).sign_in(person)

    assert (identity.id, identity.email, identity.email_verified) == expected
    assert not identity.phone_verified


async def test_a_code_works_once(place: Place) -> None:
    answer = await place.visit(somebody(place))
    await place.connector.finish(AUTHORIZATION, answer)

    with pytest.raises(AuthorizationCodeRefused):
        await place.connector.finish(AUTHORIZATION, answer)


async def test_a_code_of_another_visit_is_of_no_use(place: Place) -> None:
    # Somebody who got hold of a code does not know the verifier of its visit.
    answer = await place.visit(somebody(place))

    with pytest.raises(AuthorizationCodeRefused):
        await place.connector.finish(
            replace(AUTHORIZATION, code_verifier="another-verifier" * 3), answer
        )


async def test_somebody_who_turns_back_is_told_apart(place: Place) -> None:
    with pytest.raises(AuthorizationDenied):
        await place.connector.finish(AUTHORIZATION, await place.visit(None))


async def test_a_wrong_secret_is_the_administrators_to_mend(
    place: Place, emulators: Addresses, outbound: OutboundClient
) -> None:
    target = place.connector.metadata.target
    wrong = await placed(emulators, target, outbound, clientSecret="another-secret")
    with pytest.raises(InvalidCredentials) as refused:
        await wrong.sign_in(somebody(place))
    assert refused.value.acts == "administrator"


async def test_a_token_that_the_provider_forgot_is_told_apart(
    emulators: Addresses, outbound: OutboundClient
) -> None:
    place = await placed(emulators, "naver", outbound)
    request = place.connector.asking(f"{place.address}/v1/nid/me", TOKENS)
    with pytest.raises(AccessTokenRefused):
        await place.connector.ask(request, place.connector.read_answer)


@pytest.mark.parametrize("name", ["google", "kakao"])
@pytest.mark.parametrize(
    "lie", [{"nonce": "another"}, {"aud": "another-client"}, {"sub": "somebody-else"}], ids=str
)
async def test_an_id_token_that_lies_lets_nobody_in(
    emulators: Addresses, outbound: OutboundClient, name: str, lie: dict[str, Any]
) -> None:
    place = await placed(emulators, name, outbound)
    await place.tell("lies", lie)
    if name == "google" and "sub" in lie:
        # Nothing else says who it is there: a token that is signed is believed.
        assert (await place.sign_in("ada")).id == "somebody-else"
        return
    with pytest.raises(IdTokenRefused):
        await place.sign_in(SOMEBODY[name])


async def test_an_answer_in_anothers_name_is_refused(
    emulators: Addresses, outbound: OutboundClient
) -> None:
    place = await placed(emulators, "google", outbound)
    await place.tell("lies", {"callback_iss": "https://evil.example"})

    with pytest.raises(AuthorizationMixedUp):
        await place.sign_in("ada")


async def test_the_standard_connectors_speak_to_the_same_providers(
    emulators: Addresses, outbound: OutboundClient
) -> None:
    google = (await placed(emulators, "google", outbound)).address
    github = emulators["github"]
    by_claims = OidcConnector.config_type.parse(
        {
            **CLIENT,
            "authorizationEndpoint": f"{google}/o/oauth2/v2/auth",
            "tokenEndpoint": f"{google}/token",
            "idTokenVerificationConfig": {
                "jwksUri": f"{google}/oauth2/v3/certs",
                "issuer": "https://accounts.google.com",
            },
        }
    )
    by_answer = OAuth2Connector.config_type.parse(
        {
            **CLIENT,
            "authorizationEndpoint": f"{github}/login/oauth/authorize",
            "tokenEndpoint": f"{github}/login/oauth/access_token",
            "userInfoEndpoint": f"{github}/user",
            "tokenEndpointResponseType": "json",
        }
    )
    context = ConnectorContext(client=outbound)

    first = await Place(google, OidcConnector(by_claims, context)).sign_in("ada")

    assert (first.id, first.email_verified) == ("100000000000000000001", True)
    second = await Place(github, OAuth2Connector(by_answer, context)).sign_in("ada")
    assert (second.id, second.email_verified) == ("1001", False)
