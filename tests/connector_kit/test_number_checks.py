"""What a carrier knows of a number can stop a code, with the package of the page about it."""

import asyncio
import json
import re
import sys
import tomllib
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.fakes import FakeClock
from tests.guard.test_sends import guard_of
from tests.interactions.world import OUTBOX, PHONE_CODE, OutboxConnector
from tests.web.experience.conftest import ORIGIN, Site
from watchword.app import build_app
from watchword.audit.models import SYSTEM, AuditFilter, Event
from watchword.connector_kit.models import UsageType
from watchword.connector_kit.number_checks import NumberCheck, NumberCheckConfig, Risk
from watchword.connector_kit.outbound import OutboundClient
from watchword.connector_kit.registry import ConnectorRegistry
from watchword.core.keys import SecretKeys
from watchword.core.phone import PhoneNumber
from watchword.guard.carrier import Carrier
from watchword.settings import InvalidSettings, load_settings
from watchword.storage import Storage
from watchword.web.scope import ServerScope

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "check-numbers-before-sending.md"
BLOCK = re.compile(r'^```\w+ title="(?P<name>[\w./]+)"\n(?P<text>.*?)^```$', re.M | re.S)
MODULE = "watchword_acme_lookup"
KNOWN = "821012345678"
UNKNOWN = "821099998888"
ON = {
    "number_check": "acme-lookup",
    "number_check_config": {"api_key": "not-a-real-key", "min_sim_days": 3},
}
FINE = {"sim_changed_days_ago": 400, "line_type": "mobile"}
SWAPPED = {"sim_changed_days_ago": 0, "line_type": "mobile"}


@pytest.fixture(autouse=True)
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put the package of the page on the path, as an installer would."""
    files = {block["name"]: block["text"] for block in BLOCK.finditer(PAGE.read_text("utf-8"))}
    (tmp_path / f"{MODULE}.py").write_text(files[f"{MODULE}.py"])
    info = tmp_path / f"{MODULE}-1.0.dist-info"
    info.mkdir()
    words = "Metadata-Version: 2.1\nName: watchword-acme-lookup\nVersion: 1.0\n"
    (info / "METADATA").write_text(words)
    ((group, points),) = tomllib.loads(files["pyproject.toml"])["project"]["entry-points"].items()
    lines = [f"{name} = {value}" for name, value in points.items()]
    (info / "entry_points.txt").write_text("\n".join([f"[{group}]", *lines]))
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, MODULE, raising=False)
    return tmp_path


class Acme(httpx2.AsyncBaseTransport):
    """Stands in for Acme; answers what it is told to, and None is never."""

    def __init__(self) -> None:
        self.knows: Any = FINE
        self.asked: list[httpx2.Request] = []

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Answer with what is known."""
        self.asked.append(request)
        if self.knows is None:
            await asyncio.Event().wait()
        if isinstance(self.knows, Exception):
            raise self.knows
        return httpx2.Response(200, json=self.knows)


@pytest.fixture
def acme() -> Acme:
    return Acme()


Serve = Callable[..., Any]


@pytest.fixture
def serve(database_url: str, clock: FakeClock, keys: SecretKeys, acme: Acme) -> Serve:
    """Return what serves with these settings, over one database."""

    @asynccontextmanager
    async def serving(**settings: Any) -> AsyncIterator[Site]:
        OUTBOX.clear()
        app = build_app(
            load_settings(
                mode="development",
                database_url=database_url,
                public_url=ORIGIN,
                secret_keys=keys,
                **settings,
            )
        )
        server: ServerScope = app.state.server
        server.clock = clock
        server.outbound.transport = acme
        server.registry = ConnectorRegistry([OutboxConnector])
        async with AsyncExitStack() as stack, app.router.lifespan_context(app):
            site = Site(app, server, clock, stack)
            await (await site.scope()).configuration.connectors.create(SYSTEM, "outbox", {})
            await site.set_up(**PHONE_CODE)
            await site.add_user(KNOWN)
            yield site

    return serving


async def ask_for_code(site: Site, number: str, event: str = "SignIn") -> httpx2.Response:
    """Start a visit and ask for a code to *number*."""
    client = await site.started()
    started = await client.put("/api/experience", json={"interactionEvent": event})
    assert started.status_code == 204, started.text
    return await client.post(
        "/api/experience/verification/verification-code",
        json={"identifier": {"type": "phone", "value": number}, "interactionEvent": event},
    )


async def refusals(site: Site) -> list[dict[str, Any]]:
    """Return what the audit log has of refused messages."""
    wanted = AuditFilter(event=Event.REFUSED_MESSAGE)
    entries = await (await site.scope()).audit.list(filters=wanted)
    return [dict(entry.payload) for entry in entries.items]


async def test_nothing_is_asked_of_a_package_that_is_installed_and_not_named(
    serve: Serve, acme: Acme
) -> None:
    acme.knows = SWAPPED
    async with serve() as site:
        answer = await ask_for_code(site, KNOWN)
        guard = (await site.scope()).guard

    assert answer.status_code == 200
    assert acme.asked == []
    assert guard.carrier is None
    assert MODULE not in sys.modules


async def test_it_is_asked_once_and_knows_its_config(serve: Serve, acme: Acme) -> None:
    async with serve(**ON) as site:
        assert (await ask_for_code(site, UNKNOWN)).status_code == 200

    (asked,) = acme.asked
    assert str(asked.url) == f"https://lookup.acme.example/v1/numbers/+{UNKNOWN}"
    assert asked.headers["authorization"] == "Bearer not-a-real-key"


class Unworried(NumberCheck[NumberCheckConfig]):
    """Knows nothing against anybody."""

    name = "Unworried"
    config_type = NumberCheckConfig

    async def find_risk(self, phone: PhoneNumber, usage: UsageType) -> Risk | None:
        return None


async def test_to_ask_costs_no_statement(
    storage: Storage, clock: FakeClock, keys: SecretKeys
) -> None:
    check = Unworried(NumberCheckConfig(), OutboundClient())
    carrier = Carrier(check=check, wait=timedelta(seconds=10))
    without = guard_of(storage, clock, keys)

    counts = []
    for guard in (without, replace(without, carrier=carrier)):
        before = storage.statements
        await guard.spend_send(PhoneNumber.from_digits(KNOWN))
        counts.append(storage.statements - before)

    assert counts[0] == counts[1]


@pytest.mark.proves("S54", "S60")
async def test_a_swapped_sim_gets_no_code_whether_or_not_it_has_an_account(
    serve: Serve, acme: Acme
) -> None:
    acme.knows = SWAPPED
    async with serve(**ON) as site:
        known, unknown = await ask_for_code(site, KNOWN), await ask_for_code(site, UNKNOWN)
        noted = await refusals(site)

    assert known.status_code == unknown.status_code == 422
    assert known.json() == unknown.json()
    assert known.json()["code"] == "guard.number_at_risk"
    assert len(OUTBOX) == 0
    assert [(each["reason"], each["risk"]) for each in noted] == [("risk", "sim_swapped")] * 2
    assert KNOWN not in json.dumps(noted)


async def test_a_check_may_go_by_what_the_code_is_for(serve: Serve, acme: Acme) -> None:
    acme.knows = SWAPPED
    async with serve(**ON) as site:
        answer = await ask_for_code(site, UNKNOWN, event="Register")

    assert answer.status_code == 200


@pytest.mark.parametrize("knows", [{}, [], httpx2.ConnectError("no"), RuntimeError(KNOWN)])
async def test_without_an_answer_no_code_goes_out(serve: Serve, acme: Acme, knows: Any) -> None:
    acme.knows = knows
    async with serve(**ON) as site:
        answer = await ask_for_code(site, KNOWN)
        noted = await refusals(site)

    assert (answer.status_code, answer.json()["code"]) == (503, "guard.number_unchecked")
    assert len(OUTBOX) == 0
    assert [each["risk"] for each in noted] == ["unchecked"]


async def test_without_an_answer_a_code_goes_out_where_the_operator_wants_it(
    serve: Serve, acme: Acme
) -> None:
    acme.knows = httpx2.ConnectError("no")
    async with serve(**ON, number_check_failure="send") as site:
        answer = await ask_for_code(site, KNOWN)
        noted = await refusals(site)

    assert answer.status_code == 200
    assert noted == []


async def test_who_does_not_answer_in_time_has_not_answered(serve: Serve, acme: Acme) -> None:
    acme.knows = None
    async with serve(**ON, number_check_wait="0.01") as site:
        answer = await ask_for_code(site, KNOWN)

    assert answer.json()["code"] == "guard.number_unchecked"


async def test_what_a_limit_refuses_is_not_asked(serve: Serve, acme: Acme) -> None:
    async with serve(**ON) as site:
        await (await site.scope()).configuration.settings.save_guard(
            SYSTEM, {"perNumber": {"count": 1, "seconds": 600}}
        )
        answers = [(await ask_for_code(site, KNOWN)).status_code for _ in range(3)]

    assert answers == [200, 429, 429]
    assert len(acme.asked) == 1


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"number_check": "nobody"}, "NUMBER_CHECK: no installed package has a check 'nobody'"),
        ({"number_check": "acme-lookup"}, "NUMBER_CHECK_CONFIG: api_key: Field required"),
        ({**ON, "number_check_wait": "11"}, "NUMBER_CHECK_WAIT: is not between 0 and 10 seconds"),
        ({**ON, "number_check_failure": "perhaps"}, "NUMBER_CHECK_FAILURE: "),
    ],
)
def test_what_is_wrong_is_said_at_start(
    settings: dict[str, Any], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InvalidSettings, match=re.escape(f"WATCHWORD_{words}")):
        load_settings(mode="development", **settings)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("raise SystemExit('enough')", "SystemExit: enough"),
        ("AcmeLookup = dict", "is no NumberCheck"),
    ],
)
def test_a_package_that_does_not_load_is_named(
    package: Path, monkeypatch: pytest.MonkeyPatch, code: str, words: str
) -> None:
    (package / f"{MODULE}.py").write_text(f'"""Broken."""\n{code}\n')
    monkeypatch.chdir(package)

    with pytest.raises(InvalidSettings, match=f"WATCHWORD_NUMBER_CHECK: .*{words}"):
        load_settings(mode="development", **ON)


def test_a_key_is_not_printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    wrong = {"api_key": "not-a-real-key", "min_sim_days": "not-a-real-number"}
    with pytest.raises(InvalidSettings) as raised:
        load_settings(mode="development", **{**ON, "number_check_config": wrong})

    assert "min_sim_days" in str(raised.value)
    assert "not-a-real" not in str(raised.value)
    assert "not-a-real" not in repr(load_settings(mode="development", **ON))
