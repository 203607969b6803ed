"""Invariant 9: no code, token, secret or full number in a log, metric, audit row or error."""

import asyncio
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import httpx2
import pytest

from tests.journeys.browser import CODE, EXPERIENCE, Browser
from tests.journeys.conftest import provider
from tests.journeys.provider import Provider
from tests.journeys.rows import query
from tests.journeys.server import PHONE_SIGN_IN, REDIRECT_URI, Installation, Server
from watchword.applications.models import NewApplication
from watchword.audit.models import SYSTEM
from watchword.cli.output import opened
from watchword.core.phone import PhoneNumber
from watchword.settings import Settings
from watchword.storage.schema import metadata

__all__ = ["provider"]

pytestmark = pytest.mark.slow

# None of them is an example in a form or a guide, which would be found and prove nothing.
ALICE, BOB, CAROL = "447911765432", "821087651234", "14155550123"
PASSWORD, WRONG_PASSWORD = "Good-pass-4-Phone", "Not-her-pass-4-Phone"
OPERATOR_PASSWORD, WRONG_OPERATOR_PASSWORD = "quiet harbour lamp", "loud harbour lamp"
PROVIDER_KEY, NEXT_PROVIDER_KEY = "key-of-the-provider-1", "key-of-the-provider-2"
SIGNING_SECRET = "signs-every-request"
METRICS_TOKEN = "reads-the-metrics"

BY_PHONE_AND_PASSWORD = {
    "signUp": {"identifiers": ["phone"], "password": True, "verify": True},
    "signIn": {"methods": [{**PHONE_SIGN_IN["signIn"]["methods"][0], "password": True}]},
}

KEPT_NUMBERS = {
    ("users", "primary_phone"),
    ("verification_records", "identifier"),
    ("interactions", "state"),  # the profile of an account that is being made
}
"""Where a number is somebody's identity, and is kept to be compared."""

MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?")
"""Its microseconds may look like a code."""


@dataclass
class Story:
    """What happened, and all that must not be found anywhere."""

    installation: Installation
    server: Server
    provider: Provider
    client_id: str
    secrets: set[str] = field(default_factory=set)
    refusals: list[httpx2.Response] = field(default_factory=list)

    def browser(self) -> Browser:
        """Return a browser whose refusals are kept."""
        browser = Browser(self.server.address, self.client_id)
        browser.client.event_hooks = {"response": [self.keep]}
        return browser

    def keep(self, answer: httpx2.Response) -> None:
        """Keep an answer that says no."""
        if answer.status_code >= 400:
            answer.read()
            self.refusals.append(answer)

    def refused(self, answer: httpx2.Response, code: str) -> None:
        """See that something was refused as the story has it."""
        assert answer.json()["code"] == code, answer.text

    def know_cookies(self, client: httpx2.Client) -> None:
        """Learn what a browser carries."""
        for name, value in client.cookies.items():
            if name == "_interaction":
                self.secrets |= set(json.loads(unquote(value)).values())
            elif name != "_logto":
                self.secrets.add(value)

    @property
    def codes(self) -> set[str]:
        """Return every code that was sent."""
        return {message["payload"]["code"] for message in self.provider.messages}

    def found_in(self, text: str, *, but_numbers: bool = False) -> set[str]:
        """Return what must not be in *text* and is."""
        plain = MOMENT.sub("", text)
        found = {secret for secret in self.secrets if secret in plain}
        found |= {c for c in self.codes if re.search(rf"(?<![\d.]){c}(?!\d)", plain)}
        if not but_numbers:
            found |= {spelling for spelling in _spellings() if spelling in plain}
        return found


def _spellings() -> Iterator[str]:
    for phone, national in ((ALICE, 10), (BOB, 10), (CAROL, 10)):
        yield phone[-national:]
        yield PhoneNumber(phone).international


async def _set_up(installation: Installation, endpoint: str) -> dict[str, str]:
    given = {
        name.removeprefix("WATCHWORD_").lower(): value
        for name, value in installation.environment.items()
        if name.startswith("WATCHWORD_")
    }
    async with opened(Settings(**given)) as server:  # type: ignore[arg-type]  # as text, like the environment's
        config = {
            "endpoint": endpoint,
            "authorization": PROVIDER_KEY,
            "signingSecret": SIGNING_SECRET,
        }
        scope = await server.scope_of("default")
        saved = await scope.configuration.connectors.create(SYSTEM, "http-sms", config)
        scope = await server.scope_of("default")
        await scope.configuration.settings.save_sign_in(SYSTEM, BY_PHONE_AND_PASSWORD)
        ids = {"connector": saved.id, "link": await server.operators.invite("owner")}
        for type_ in ("SPA", "Traditional"):
            scope = await server.scope_of("default")
            new = NewApplication(name="Shop", type=type_, redirect_uris=(REDIRECT_URI,))
            created = await scope.configuration.applications.create(SYSTEM, new)
            ids[type_] = created.application.id
            ids[f"{type_} secret"] = created.secret or ""
    return ids


@pytest.fixture
def story(database_url: str, tmp_path: Path, provider: Provider) -> Iterator[Story]:
    """Tell a story in which much goes wrong, to a server that logs all it can."""
    installation = Installation(
        database_url, tmp_path, log_level="debug", metrics_token=METRICS_TOKEN
    )
    ids = asyncio.run(_set_up(installation, provider.url))
    with installation.server() as server:
        story = Story(installation, server, provider, ids["SPA"])
        story.secrets |= {
            *(PASSWORD, WRONG_PASSWORD, OPERATOR_PASSWORD, WRONG_OPERATOR_PASSWORD),
            *(PROVIDER_KEY, NEXT_PROVIDER_KEY, SIGNING_SECRET, METRICS_TOKEN),
            *(ids["link"], ids["Traditional secret"]),
            installation.environment["WATCHWORD_SECRET_KEYS"].partition(":")[2],
        }
        _sign_up(story)
        _sign_in_with_password(story)
        _misuse_tokens(story, ids)
        _be_refused_by_the_provider(story)
        _leave_half_way(story)
        _work_in_the_console(story, ids)
        yield story


def _sign_up(story: Story) -> None:
    with story.browser() as browser:
        browser.begin("Register")
        record = browser.send_code(ALICE, "Register").json()["verificationId"]
        code = story.provider.next_code(ALICE)
        wrong = f"{(int(code) + 1) % 1_000_000:06}"
        story.secrets.add(wrong)
        story.refused(browser.verify_code(ALICE, record, wrong), "verification_code.code_mismatch")
        story.refused(browser.verify_code(BOB, record, code), "verification_code.phone_mismatch")
        assert browser.verify_code(ALICE, record, code).status_code == 200
        story.refused(browser.identify(record), "user.missing_profile")
        weak = browser.client.post(
            f"{EXPERIENCE}/profile", json={"type": "password", "value": ALICE}
        )
        story.refused(weak, "password.rejected")
        browser.client.post(f"{EXPERIENCE}/profile", json={"type": "password", "value": PASSWORD})
        assert browser.identify(record).status_code == 201
        story.know_cookies(browser.client)
        callback = browser.submit()
        story.know_cookies(browser.client)
        story.secrets.add(parse_qs(urlsplit(callback).query)["code"][0])
        tokens = browser.exchange(callback).json()
        story.secrets |= {tokens[f"{kind}_token"] for kind in ("access", "refresh", "id")}
        story.keep(browser.exchange(callback))


def _sign_in_with_password(story: Story) -> None:
    with story.browser() as browser:
        browser.begin("SignIn")
        for phone, password in ((ALICE, WRONG_PASSWORD), (BOB, PASSWORD), (ALICE, PASSWORD)):
            answer = browser.client.post(
                f"{EXPERIENCE}/verification/password",
                json={"identifier": {"type": "phone", "value": phone}, "password": password},
            )
        browser.identify(answer.json()["verificationId"])
        story.know_cookies(browser.client)
        tokens = browser.exchange(browser.submit()).json()
        story.know_cookies(browser.client)
        refresh = tokens["refresh_token"]
        renewed = browser.token(grant_type="refresh_token", refresh_token=refresh).json()
        for given in (tokens, renewed):
            story.secrets |= {given[f"{kind}_token"] for kind in ("access", "refresh", "id")}
        reused = browser.token(grant_type="refresh_token", refresh_token=refresh)
        assert reused.status_code == 400
        story.keep(reused)


def _misuse_tokens(story: Story, ids: dict[str, str]) -> None:
    with story.browser() as browser:
        for token in [*story.secrets]:
            bearer = {"authorization": f"Bearer {token}"}
            browser.client.get("/oidc/me", headers=bearer)
            browser.client.get("/metrics", headers={"authorization": token})
        secret = ids["Traditional secret"]
        for client_id, given in ((ids["Traditional"], f"{secret}x"), (secret, secret)):
            refused = browser.token(
                client_id=client_id, client_secret=given, grant_type="authorization_code", code="x"
            )
            story.secrets.add(given)
            story.keep(refused)
        browser.client.get(f"/oidc/auth/{PASSWORD}?x={PASSWORD}")
        browser.client.post(CODE, content=json.dumps({"code": PASSWORD, "phone": ALICE}))


def _be_refused_by_the_provider(story: Story) -> None:
    story.provider.mood = "echoing"
    with story.browser() as browser:
        browser.begin("Register")
        story.refused(browser.send_code(BOB, "Register"), "connector.general")
        story.provider.next_code(BOB)
        story.know_cookies(browser.client)
    story.provider.mood = "well"


def _leave_half_way(story: Story) -> None:
    with story.browser() as browser:
        browser.begin("Register")
        record = browser.send_code(CAROL, "Register").json()["verificationId"]
        browser.verify_code(CAROL, record, story.provider.next_code(CAROL))
        proof = {"type": "phone", "verificationId": record}
        assert browser.client.post(f"{EXPERIENCE}/profile", json=proof).status_code == 204
        story.know_cookies(browser.client)


def _work_in_the_console(story: Story, ids: dict[str, str]) -> None:
    with story.browser() as browser:
        client = browser.client
        name = {"username": "owner"}
        taken = {"token": ids["link"], **name, "password": OPERATOR_PASSWORD}
        assert client.post("/console/setup", data=taken).status_code == 303
        story.know_cookies(client)
        for password in (WRONG_OPERATOR_PASSWORD, OPERATOR_PASSWORD):
            client.post("/console/sign-in", data={**name, "password": password})
        story.know_cookies(client)
        address = f"/console/default/connectors/{ids['connector']}"
        page = client.get(address)
        assert story.found_in(page.text) == set()
        csrf = re.findall(r'name="csrf" value="([^"]+)"', page.text)[0]
        form = {
            "csrf": csrf,
            "endpoint": story.provider.url,
            "authorization": NEXT_PROVIDER_KEY,
            "test_phone": f"+{BOB}",
        }
        assert client.post(address, data=form).status_code == 303
        story.provider.mood = "echoing"
        tested = client.post(
            f"{address}/test",
            data={**form, "authorization": ""},
            headers={"HX-Request": "true"},
        )
        assert "may not send" in tested.text
        story.refusals.append(tested)
        story.provider.next_code(BOB)


@pytest.mark.proves("S10", "S130")
def test_nothing_secret_stands_anywhere(story: Story) -> None:
    with story.browser() as browser:
        metrics = browser.client.get(
            "/metrics", headers={"authorization": f"Bearer {METRICS_TOKEN}"}
        ).text
    story.server.stop()
    log = story.server.log

    assert len(story.codes) >= 4
    assert len(story.refusals) > 20
    assert "watchword_request_seconds" in metrics
    assert log.count('"event":"refused"') > 10
    assert {line: story.found_in(line) for line in log.splitlines() if story.found_in(line)} == {}
    assert story.found_in(metrics) == set()
    bodies = [f"{answer.text} {answer.headers}" for answer in story.refusals]
    assert {body: story.found_in(body) for body in bodies if story.found_in(body)} == {}
    assert dict(_in_rows(story)) == {}


def _in_rows(story: Story) -> Iterable[tuple[str, Any]]:
    url = story.installation.database_url
    for name, table in metadata.tables.items():
        columns = [column.name for column in table.columns]
        rows = query(url, f"SELECT {', '.join(columns)} FROM {name}")  # noqa: S608  # our own names
        for row in rows:
            for column, value in zip(columns, row, strict=True):
                is_kept = (name, column) in KEPT_NUMBERS
                found = story.found_in(value, but_numbers=is_kept) if isinstance(value, str) else ()
                if found:
                    yield f"{name}.{column}", (found, value)
