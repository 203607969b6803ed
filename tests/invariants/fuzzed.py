"""A server that is asked for impossible things, and what its answers must be like."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
from anyio.from_thread import BlockingPortal
from sqlalchemy import func, select

from tests.invariants.hostile import Sent, Who
from tests.invariants.own_account import Member, member, open_account_center
from tests.invariants.walk import linked
from tests.invariants.world import (
    MACHINE,
    ORIGIN,
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
from watchword.invitations.models import NewInvitation
from watchword.organization_roles.models import NewRole
from watchword.organizations.models import NewOrganization
from watchword.storage import ServerRepository
from watchword.storage.schema import (
    applications,
    configuration_versions,
    connectors,
    messages,
    oidc_tokens,
    organization_invitations,
    organization_members,
    organization_roles,
    organization_scopes,
    organizations,
    resources,
    sessions,
    social_identities,
    tenants,
    users,
    webhooks,
)
from watchword.users.models import NewUser
from watchword.web.problems import JSON_PREFIXES
from watchword.web.scope import TenantScope
from watchword.webhooks.models import Event, NewWebhook, WebhookConfig

PHONE = "821012345678"
OTHER_PHONE = "821087654321"
KEPT = (
    users,
    social_identities,
    applications,
    resources,
    organizations,
    organization_members,
    organization_roles,
    organization_scopes,
    organization_invitations,
    connectors,
    webhooks,
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

WEBHOOK = NewWebhook(
    name="Hook",
    events=(Event.POST_SIGN_IN,),
    config=WebhookConfig(url="https://hooks.example/events", headers={"X-Shop": "north"}),
)


@dataclass
class Fuzzed:
    """The server, everyone who may ask it something, and what they would rightly ask."""

    portal: BlockingPortal
    world: World
    people: dict[Who, httpx2.AsyncClient] = field(default_factory=dict)
    operator: Operator | None = None
    machine: tuple[str, str] = ("", "")
    me: Member | None = None
    """Somebody who is signed in to their own account."""
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
        for who in ("stranger", "waiting", "proved", "member"):
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
        await self._set_up_member()
        messages_ = await scope.messaging.log.list()
        # What is asked for wrongly must reach nobody.
        self.world.server.courier.client.transport = httpx2.MockTransport(
            lambda _: httpx2.Response(200)
        )
        hook = await (await self.world.scope()).configuration.webhooks.create(SYSTEM, WEBHOOK)
        self.ids = {
            "webhook_id": hook.webhook.id,
            "delivery_id": "x",
            "application_id": created.application.id,
            "instance_id": connector.id,
            "message_id": messages_.items[0].id,
            "social_id": await self._set_up_provider(),
            "secret": created.secret or "",
            "link": await linked(await self.world.scope(), "Club"),
            "scope_id": "x",
            "resource_id": "management-api",
            **await self._set_up_organization(await self.world.scope()),
        }

    async def _set_up_member(self) -> None:
        await open_account_center(self.world, "default")
        digest = await (await self.world.scope()).users.passwords.digest_of("Good-pass-4-Phone")
        self.me = await member(self.world, ORIGIN, "default", 1, digest)
        client = self.people["member"]
        client.headers.update(self.me.headers)
        client.cookies.set("_session", self.me.session)

    async def _set_up_provider(self) -> str:
        self.world.server.outbound.transport = httpx2.MockTransport(
            lambda _: httpx2.Response(200, json={})
        )
        configuration = (await self.world.scope()).configuration
        config = {"clientId": "x", "clientSecret": "x"}
        saved = await configuration.connectors.create(SYSTEM, "google-universal", config)
        await self.world.set_up(socialSignInConnectorTargets=["google"])
        return saved.id

    async def _set_up_machine(self) -> None:
        scope = await self.world.scope(OTHER)
        machine = await scope.configuration.applications.create(SYSTEM, MACHINE)
        self.machine = (machine.application.id, machine.secret or "")
        connector = await scope.connectors.active()
        assert connector is not None
        record = await scope.verification.send_lone_code(PhoneNumber(PHONE))
        user = await scope.users.create(NewUser(username="someone"))
        spare = await scope.configuration.applications.create(SYSTEM, NEW_APPLICATION)
        apis = scope.configuration.resources
        resource = await apis.create(SYSTEM, "Orders", "https://orders.example")
        wanted = await apis.add_scope(SYSTEM, resource.id, "read")
        scope = await self.world.scope(OTHER)
        hook = await scope.configuration.webhooks.create(SYSTEM, WEBHOOK)
        self.managed = {
            "hook_id": hook.webhook.id,
            "instance_id": connector.id,
            "message_id": record.message_id or "",
            "user_id": user.id,
            "application_id": spare.application.id,
            "resource_id": resource.id,
            "scope_id": wanted.id,
            **await self._set_up_organization(scope),
        }

    async def _set_up_organization(self, scope: TenantScope) -> dict[str, str]:
        role = await scope.organization_roles.create(SYSTEM, NewRole(name="player"))
        club = await scope.organizations.create(SYSTEM, NewOrganization(name="Club"))
        invitation = await scope.invitations.create(
            SYSTEM,
            NewInvitation(
                organization_id=club.id,
                invitee=PhoneNumber(PHONE),
                expires_at=datetime(2099, 1, 1, tzinfo=UTC),
            ),
        )
        return {
            "role_id": role.id,
            "organization_id": club.id,
            "invitation_id": invitation.id,
        }

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
