"""A person signs up with a phone number, comes back, and leaves. Also what `make dist` walks."""

import re
import time
from collections.abc import Iterator
from pathlib import Path
from shutil import copy

import pytest

from tests import local
from tests.journeys.browser import Browser
from tests.journeys.provider import Provider, running_provider
from tests.journeys.server import REDIRECT_URI, Installation, Server

pytestmark = pytest.mark.slow

ALICE, BOB = "447700900123", "447700900124"
CAROL, DORA = "447700900125", "447700900126"


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    """Return what takes the messages of this module."""
    with running_provider() as provider:
        yield provider


@pytest.fixture(scope="module")
def shop(
    sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory, provider: Provider
) -> Iterator[tuple[Server, str]]:
    """Return a running server and its application, for tests that bring their own number."""
    folder = tmp_path_factory.mktemp("shop")
    copy(sqlite_template, folder / "watchword.db")
    installation = Installation(f"sqlite:///{folder / 'watchword.db'}", folder)
    client_id = installation.seed_phone_sign_in(provider.url)
    with installation.server() as server:
        yield server, client_id


def register(browser: Browser, provider: Provider, phone: str) -> str:
    """Sign up, and return where the application is called."""
    browser.begin("Register")
    sent = browser.send_code(phone, "Register")
    assert sent.status_code == 200, sent.text
    record = sent.json()["verificationId"]
    assert browser.verify_code(phone, record, provider.next_code(phone)).status_code == 200
    assert browser.identify(record).status_code == 201
    return browser.submit()


def sign_in(browser: Browser, provider: Provider, phone: str) -> str:
    """Sign in, and return where the application is called."""
    browser.begin("SignIn")
    sent = browser.send_code(phone, "SignIn")
    assert sent.status_code == 200, sent.text
    record = sent.json()["verificationId"]
    assert browser.verify_code(phone, record, provider.next_code(phone)).status_code == 200
    assert browser.identify(record).status_code == 204
    return browser.submit()


def test_a_person_signs_up_comes_back_and_signs_out(
    installation: Installation, provider: Provider
) -> None:
    client_id = installation.seed_phone_sign_in(provider.url)

    with installation.server() as server, Browser(server.address, client_id) as browser:
        tokens = browser.exchange(register(browser, provider, ALICE)).json()
        claims = browser.claims(tokens["id_token"])
        assert claims["iss"] == f"{installation.origin}/oidc"
        assert claims["aud"] == client_id
        assert claims["nonce"] == browser.nonce
        assert claims["phone_number"] == f"+{ALICE}"
        assert claims["phone_number_verified"] is True

        bearer = {"authorization": f"Bearer {tokens['access_token']}"}
        shown = browser.client.get("/oidc/me", headers=bearer).json()
        assert (shown["sub"], shown["phone_number"]) == (claims["sub"], f"+{ALICE}")

        refreshed = browser.token(
            grant_type="refresh_token", refresh_token=tokens["refresh_token"]
        ).json()
        assert browser.claims(refreshed["id_token"])["sub"] == claims["sub"]

        # Signed in still: the application gets a code without any question.
        again = browser.authorize(prompt="none")
        assert again.headers["location"].startswith(f"{REDIRECT_URI}?code=")

        goodbye = browser.client.get(
            "/oidc/session/end",
            params={
                "id_token_hint": refreshed["id_token"],
                "post_logout_redirect_uri": REDIRECT_URI,
            },
        )
        assert goodbye.headers["location"].startswith(REDIRECT_URI)
        assert "error=login_required" in browser.authorize(prompt="none").headers["location"]

        returned = browser.exchange(sign_in(browser, provider, ALICE)).json()
        assert browser.claims(returned["id_token"])["sub"] == claims["sub"]


def test_a_server_makes_its_own_database(provider: Provider, tmp_path: Path) -> None:
    installation = Installation(f"sqlite:///{tmp_path}/new/watchword.db", tmp_path)
    with installation.server() as server:
        client_id = installation.seed_phone_sign_in(provider.url)
        time.sleep(2)  # a running server learns of changes within a second
        with Browser(server.address, client_id) as browser:
            assert browser.exchange(register(browser, provider, ALICE)).status_code == 200


def test_a_number_without_an_account_may_make_one_with_the_same_code(
    shop: tuple[Server, str], provider: Provider
) -> None:
    server, client_id = shop
    with Browser(server.address, client_id) as browser:
        browser.begin("SignIn")
        record = browser.send_code(BOB, "SignIn").json()["verificationId"]
        browser.verify_code(BOB, record, provider.next_code(BOB))
        unknown = browser.identify(record)
        assert (unknown.status_code, unknown.json()["code"]) == (404, "user.user_not_exist")

        browser.client.put(
            "/api/experience/interaction-event", json={"interactionEvent": "Register"}
        )

        assert browser.identify(record).status_code == 201
        assert browser.exchange(browser.submit()).status_code == 200
        told = [sent["to"].lstrip("+") for sent in provider.messages]
        assert told.count(BOB) == 1


def test_wrong_and_used_codes_are_refused(shop: tuple[Server, str], provider: Provider) -> None:
    server, client_id = shop
    with Browser(server.address, client_id) as browser:
        browser.begin("Register")
        record = browser.send_code(CAROL, "Register").json()["verificationId"]
        code = provider.next_code(CAROL)
        wrong = f"{(int(code) + 1) % 1_000_000:06}"

        refused = browser.verify_code(CAROL, record, wrong)
        assert (refused.status_code, refused.json()["code"]) == (
            400,
            "verification_code.code_mismatch",
        )
        browser.verify_code(CAROL, record, code)
        browser.identify(record)
        callback = browser.submit()
        assert browser.exchange(callback).status_code == 200

        replayed = browser.exchange(callback)
        assert (replayed.status_code, replayed.json()["error"]) == (400, "invalid_grant")

    with Browser(server.address, client_id) as another:
        another.begin("SignIn")
        used = another.verify_code(CAROL, record, code)
        assert (used.status_code, used.json()["code"]) == (
            404,
            "session.verification_session_not_found",
        )


@pytest.mark.parametrize("language", ["en", "ko"])
def test_the_sign_in_page_and_its_assets_are_served(
    shop: tuple[Server, str], language: str
) -> None:
    server, client_id = shop
    with Browser(server.address, client_id) as browser:
        browser.client.headers["accept-language"] = language
        page = browser.client.get(browser.authorize().headers["location"])
        assert page.status_code == 200
        assert f'lang="{language}"' in page.text
        linked = re.findall(r'<(?:link|script)\b[^>]*\b(?:href|src)="(/[^"]+)"', page.text)
        assert linked
        assert {browser.client.get(target).status_code for target in linked} == {200}


def test_nothing_that_is_secret_reaches_the_log(
    shop: tuple[Server, str], provider: Provider
) -> None:
    server, client_id = shop
    with Browser(server.address, client_id) as browser:
        tokens = browser.exchange(register(browser, provider, DORA)).json()

        written = server.log
        code = provider.messages[-1]["payload"]["code"]
        secrets = [DORA, *(tokens[name] for name in ("access_token", "refresh_token", "id_token"))]
        assert [secret for secret in secrets if secret in written] == []
        assert f'"{code}"' not in written
        assert f" {code} " not in written
        assert [value for value in browser.client.cookies.values() if value in written] == []


def test_an_unknown_host_is_nobodys(shop: tuple[Server, str]) -> None:
    server, _ = shop

    answer = local.get(f"{server.address}/api/status", headers={"host": "other.example"})

    assert (answer.status_code, answer.json()["code"]) == (421, "tenant.unknown_host")
