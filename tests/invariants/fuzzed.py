"""A server that is asked for impossible things, and what its answers must be like."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx2
from anyio.from_thread import BlockingPortal
from sqlalchemy import func, select

from tests.invariants.hostile import Sent, Who
from tests.invariants.world import (
    MACHINE,
    OTHER,
    OTHER_ORIGIN,
    Operator,
    World,
    bearer,
    prove,
    send,
    start,
)
from watchword.applications.models import NewApplication
from watchword.audit.models import SYSTEM
from watchword.core.phone import PhoneNumber
from watchword.storage import ServerRepository
from watchword.storage.schema import (
    applications,
    configuration_versions,
    connectors,
    messages,
    oidc_tokens,
    sessions,
    tenants,
    users,
)
from watchword.web.problems import JSON_PREFIXES

PHONE = "821012345678"
OTHER_PHONE = "821087654321"
KEPT = (
    users,
    applications,
    connectors,
    configuration_versions,
    messages,
    sessions,
    oidc_tokens,
    tenants,
)
COUNTS = select(
    *(select(func.count()).select_from(table).scalar_subquery().label(table.name) for table in KEPT)
)

NEW_APPLICATION = NewApplication(
    name="Shop",
    type="Traditional",
    redirect_uris=("https://shop.example/callback",),
    post_logout_redirect_uris=("https://shop.example/",),
)


@dataclass
class Fuzzed:
    """The server, everyone who may ask it something, and what they would rightly ask."""

    portal: BlockingPortal
    world: World
    people: dict[Who, httpx2.AsyncClient] = field(default_factory=dict)
    operator: Operator | None = None
    machine: tuple[str, str] = ("", "")
    record_id: str = "r"
    proved_id: str = "p"
    ids: dict[str, str] = field(default_factory=dict)
    managed: dict[str, str] = field(default_factory=dict)
    """Ids of the other tenant, whose settings machines may change: no visit is there."""
    counts: Any = None
    """How many rows there are, as far as is known."""

    async def prepare(self) -> None:
        """Bring the visits to where the most can be asked of them."""
        # Limits on messages and guesses are not what this is about.
        self.world.clock.advance(timedelta(hours=2))
        self.counts = None
        for who in ("waiting", "proved"):
            self.people[who].cookies.clear()
        machine = self.people["machine"]
        machine.headers["Authorization"] = await bearer(machine, self.machine)
        waiting = self.people["waiting"]
        await start(waiting, "Register")
        self.record_id = (await send(waiting, PHONE, "Register")).json()["verificationId"]
        await self.world.server.dispatch.drain(timedelta(seconds=5))
        self.proved_id = await prove(self.world, self.people["proved"], OTHER_PHONE)

    async def set_up(self) -> None:
        """Let everyone in."""
        for who in ("stranger", "waiting", "proved"):
            self.people[who] = await self.world.browser()
        self.people["machine"] = await self.world.browser(OTHER_ORIGIN)
        self.operator = await self.world.operator()
        self.people["operator"] = self.operator.client
        scope = await self.world.scope()
        created = await scope.configuration.applications.create(SYSTEM, NEW_APPLICATION)
        await self._set_up_machine()
        connector = await scope.connectors.active()
        assert connector is not None
        await self.prepare()
        messages_ = await scope.messaging.list()
        self.ids = {
            "application_id": created.application.id,
            "instance_id": connector.id,
            "message_id": messages_.items[0].id,
            "secret": created.secret or "",
        }

    async def _set_up_machine(self) -> None:
        scope = await self.world.scope(OTHER)
        machine = await scope.configuration.applications.create(SYSTEM, MACHINE)
        self.machine = (machine.application.id, machine.secret or "")
        connector = await scope.connectors.active()
        assert connector is not None
        record = await scope.verification.send_lone_code(PhoneNumber(PHONE))
        self.managed = {"instance_id": connector.id, "message_id": record.message_id or ""}

    def reset(self) -> None:
        """Prepare once more."""
        self.portal.call(self.prepare)

    def ask(self, sent: Sent) -> None:
        """Send it, and see that the answer is one that a client can act on."""
        answer, before, after = self.portal.call(self._ask, sent)
        what = f"{sent}\n{answer.status_code} {answer.text[:500]}"
        assert answer.status_code < 500, what
        if answer.status_code < 400:
            if sent.who in {"waiting", "proved"} and sent.route.method != "GET":
                self.reset()
            return
        assert after == before, f"half a change: {what}"
        if not sent.path.startswith(JSON_PREFIXES):
            return
        body = answer.json()
        phrases = self.world.server.phrases
        code = str(body["code"])
        is_known = any(phrases.find("en", f"errors.{code}{end}") for end in ("", ".other"))
        assert is_known, what
        assert body["message"], what

    async def _ask(self, sent: Sent) -> tuple[httpx2.Response, Any, Any]:
        client = self.people[sent.who]
        repository = ServerRepository(self.world.server.storage)
        before = self.counts or await repository.first(COUNTS)
        cookies = dict(client.cookies)
        headers = [(k.encode(), v.encode("latin-1")) for k, v in sent.headers.items()]
        answer = await client.request(
            sent.route.method, sent.path, content=sent.content, headers=headers
        )
        if answer.status_code >= 400:
            # A refusal may take a cookie away, and the next question would stop at the door.
            client.cookies.clear()
            client.cookies.update(cookies)
        self.counts = await repository.first(COUNTS)
        return answer, before, self.counts
