"""People sign in by way of a real OpenID provider: another server of ours, as its own process."""

import json
from collections.abc import Iterator
from pathlib import Path
from shutil import copy
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx2
import pytest

from tests.journeys.browser import EXPERIENCE, Browser
from tests.journeys.provider import running_provider
from tests.journeys.server import REDIRECT_URI, Installation

pytestmark = [pytest.mark.slow, pytest.mark.one_database]

PHONE, OTHER_PHONE = "821012345678", "821012345679"
ACME = f"{EXPERIENCE}/verification/social/acme"


@pytest.fixture(scope="module")
def issuer(
    sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Installation, Any]]:
    """Return the provider's installation, running, and where its messages arrive."""
    folder = tmp_path_factory.mktemp("provider")
    copy(sqlite_template, folder / "provider.db")
    provider = Installation(f"sqlite:///{folder}/provider.db", folder)
    with running_provider() as messages:
        provider.seed_phone_sign_in(messages.url)
        with provider.server():
            yield provider, messages


def register(provider: Installation, redirect_uri: str = REDIRECT_URI) -> dict[str, str]:
    """Register the server that people come from as an application of the provider's."""
    arguments = ("--name", "Ours", "--type", "Traditional", "--redirect-uri", redirect_uri)
    made: dict[str, str] = json.loads(
        provider.command("apps", "create", *arguments, "--json").stdout
    )
    return made


def connect(ours: Installation, provider: Installation, client: dict[str, str]) -> str:
    """Set the provider up by its name alone, and offer it; return our application's id."""
    return ours.seed(
        connector="oidc",
        connectorId="acme",
        config={
            "issuer": f"{provider.origin}/oidc",
            "clientId": client["id"],
            "clientSecret": client["secret"],
            "scope": "openid phone",
        },
        metadata={"target": "acme", "name": {"en": "Acme"}},
        signIn={
            "signUp": {"identifiers": [], "password": False, "verify": False},
            "signIn": {"methods": []},
            "socialSignInConnectorTargets": ["acme"],
        },
        redirectUri=REDIRECT_URI,
    )


def leave(person: Browser) -> tuple[str, str]:
    """Return the provider's address, and the record that waits."""
    answer = person.client.post(
        f"{ACME}/authorization-uri", json={"state": "s-1", "redirectUri": REDIRECT_URI}
    )
    assert answer.status_code == 200, answer.text
    return answer.json()["authorizationUri"], answer.json()["verificationId"]


def sign_up_there(
    provider: Installation, messages: Any, address: str, phone: str
) -> dict[str, str]:
    """Sign up at the provider by a number, and return what it sends back."""
    with Browser(provider.origin, "") as there:
        assert there.client.get(address).status_code == 303
        there.client.put(EXPERIENCE, json={"interactionEvent": "Register"})
        record = there.send_code(phone, "Register").json()["verificationId"]
        there.verify_code(phone, record, messages.next_code(phone))
        there.identify(record)
        return dict(parse_qsl(urlsplit(there.submit()).query))


def verify(person: Browser, answer: dict[str, str], record: str) -> httpx2.Response:
    """Hand over what the provider sent."""
    body = {"connectorData": answer, "verificationId": record}
    return person.client.post(f"{ACME}/verify", json=body)


def test_a_person_of_another_server_signs_up_here_with_their_proved_number(
    database_url: str, tmp_path: Path, issuer: tuple[Installation, Any]
) -> None:
    provider, messages = issuer
    ours = Installation(database_url, tmp_path)
    client_id = connect(ours, provider, register(provider))

    with ours.server(), Browser(ours.origin, client_id) as person:
        person.begin("Register")
        address, record = leave(person)
        asked = dict(parse_qsl(urlsplit(address).query))
        answer = sign_up_there(provider, messages, address, PHONE)
        forged = verify(person, {**answer, "code": "made-up", "state": "s-2"}, record)
        believed = verify(person, answer, record)
        again = verify(person, answer, record)
        made = person.identify(record)
        claims = person.claims(person.exchange(person.submit()).json()["id_token"])

    assert asked["code_challenge_method"] == "S256"
    assert asked["nonce"]
    assert answer["iss"] == f"{provider.origin}/oidc"
    assert (forged.status_code, believed.status_code, again.status_code) == (400, 200, 401)
    assert made.status_code == 201
    assert claims["amr"] == ["fed"]
    assert (claims["phone_number"], claims["phone_number_verified"]) == (f"+{PHONE}", True)


def test_a_provider_that_does_not_know_us_lets_nobody_in(
    database_url: str, tmp_path: Path, issuer: tuple[Installation, Any]
) -> None:
    provider, messages = issuer
    client = {**register(provider), "secret": "not-the-secret"}
    ours = Installation(database_url, tmp_path)
    client_id = connect(ours, provider, client)

    with ours.server() as server, Browser(ours.origin, client_id) as person:
        person.begin("Register")
        address, record = leave(person)
        answer = sign_up_there(provider, messages, address, OTHER_PHONE)
        refused = verify(person, answer, record)
        log = server.log

    assert (refused.status_code, refused.json()["code"]) == (400, "connector.general")
    assert client["secret"] not in log
    assert answer["code"] not in log
