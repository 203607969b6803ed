"""Somebody who is signed in to their own account, half-way through everything they can do there."""

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import httpx2

from tests.invariants.world import OTHER_ORIGIN, VERIFIER, World, authorization
from watchword.account.models import FIELDS
from watchword.account.step_up import api_flow, page_flow
from watchword.audit.models import SYSTEM
from watchword.core.phone import PhoneNumber
from watchword.oidc.tokens import session_name
from watchword.users.models import Identifier, NewUser, UserChange
from watchword.verification.models import RecordType
from watchword.web.pages.forms import form_token

EVERY_SCOPE = "openid profile email phone address custom_data identities urn:logto:scope:sessions"
PROOF = "logto-verification-id"


def social_id(number: int) -> str:
    """Return who the person of this number is at the provider."""
    return f"member-{number}"


@dataclass
class Member:
    """What they hold: a session, a token, and records for every change."""

    user_id: str
    phone: str
    new_phone: str
    email: str
    session: str
    """The cookie."""
    token: str
    """The access token."""
    records: dict[str, str] = field(default_factory=dict)
    """Ids, by what they prove."""
    codes: dict[str, str] = field(default_factory=dict)
    """What to type, by where."""
    answers: dict[str, dict[str, str]] = field(default_factory=dict)
    """What the provider sent along with them, by where they left."""
    sid: str = ""
    grant_id: str = ""
    factor_id: str = ""
    """Their authenticator app."""

    @property
    def headers(self) -> dict[str, str]:
        """Return what their application sends."""
        return {"Authorization": f"Bearer {self.token}", PROOF: self.records["own"]}

    @property
    def form(self) -> dict[str, str]:
        """Return what every form of their pages has."""
        return {"token": form_token(self.session)}


async def open_account_center(world: World, tenant: str) -> None:
    """Let a tenant's people change everything."""
    controls = dict.fromkeys(FIELDS, "Edit")
    settings = (await world.scope(tenant)).configuration.settings
    await settings.save_account_center(SYSTEM, {"enabled": True, "fields": controls})


async def member(world: World, origin: str, tenant: str, number: int, digest: str) -> Member:
    """Return a new person who has proved everything and is sent codes to type."""
    scope = await world.scope(tenant)
    phone, new = f"8210{20000000 + number}", f"8210{30000000 + number}"
    user = await scope.users.create(
        NewUser(
            username=f"member_{number}",
            primary_phone=PhoneNumber(phone),
            is_phone_verified=True,
            password_digest=digest,
        )
    )
    await scope.users.change(
        user.id, UserChange(identities={"google": {"userId": social_id(number)}})
    )
    totp = await scope.account_factors.add_totp(SYSTEM, user.id, scope.account_factors.new_totp())
    session = await scope.oidc.sessions.create(user.id, ("sms", "otp"))
    email = f"member{number}@example.com"
    made = Member(user.id, phone, new, email, session.token, "")
    made.factor_id = totp.id
    made.sid = session_name(session.session.id_digest) or ""
    made.token = await _token(world, origin, made)
    made.grant_id = (await scope.oidc.signed_in.list_grants(user.id))[0].id
    for name, flow, type_, proved in (
        ("own", api_flow(user.id), RecordType.PASSWORD, Identifier("phone", phone)),
        ("phone", api_flow(user.id), RecordType.PHONE_CODE, Identifier("phone", new)),
        ("email", api_flow(user.id), RecordType.EMAIL_CODE, Identifier("email", email)),
        (
            "page",
            page_flow(user.id, made.sid, "own"),
            RecordType.PASSWORD,
            Identifier("phone", phone),
        ),
    ):
        record = await scope.verification.record_verified(flow, type_, proved)
        made.records[name] = record.id
    await _ask_for_codes(world, origin, tenant, made)
    return made


async def visit_provider(world: World, tenant: str, connector_id: str, made: Member) -> None:
    """Let the person prove who they are at the provider, and come back from there twice more."""
    social = (await world.scope(tenant)).social
    saved = await social.connector(connector_id)
    user = await (await world.scope(tenant)).users.get(made.user_id)
    for name, flow in (
        ("social", api_flow(user.id)),
        ("api", api_flow(user.id)),
        ("page", page_flow(user.id, made.sid, "social")),
    ):
        begun = await social.begin(flow, saved, redirect_uri=f"{OTHER_ORIGIN}/callback")
        made.records[f"social {name}"] = begun.verification.id
        async with httpx2.AsyncClient(transport=world.server.outbound.transport) as outside:
            told = {"sub": user.identities["google"]["userId"]}
            await outside.put("http://google/emulator/lies", json=told)
            back = await outside.post(begun.address, data={"person": "ada"})
        made.answers[name] = dict(parse_qsl(urlsplit(back.headers["location"]).query))
    proved = await social.find_by_id(made.records["social social"])
    assert proved is not None
    await social.finish(proved.flow_id, saved, made.answers["social"])


async def _token(world: World, origin: str, made: Member) -> str:
    client = await world.browser(origin)
    headers = {"cookie": f"_session={made.session}"}
    asked = authorization(origin, prompt="none", scope=EVERY_SCOPE)
    answer = await client.get("/oidc/auth", params=asked, headers=headers)
    given = await client.post(
        "/oidc/token",
        data={
            "client_id": "demo-app",
            "grant_type": "authorization_code",
            "code": parse_qs(urlsplit(answer.headers["location"]).query)["code"][0],
            "redirect_uri": f"{origin}/demo-app",
            "code_verifier": VERIFIER,
        },
    )
    assert given.status_code == 200, given.text
    return str(given.json()["access_token"])


async def _ask_for_codes(world: World, origin: str, tenant: str, made: Member) -> None:
    client = await world.browser(origin)
    sent = await client.post(
        "/api/verifications/verification-code",
        json={"identifier": {"type": "phone", "value": made.new_phone}},
        headers=made.headers,
    )
    assert sent.status_code == 201, sent.text
    made.records["waiting"] = sent.json()["verificationRecordId"]
    made.codes["api"] = await world.code(tenant)
    forms: tuple[tuple[str, str, dict[str, Any]], ...] = (
        ("new", "/account/phone", {"identifier": f"+{made.new_phone}", "country": "KR"}),
        ("own", "/account/verify?task=phone", {"way": "phone"}),
    )
    for name, path, typed in forms:
        answer = await client.post(
            path, data={**made.form, **typed}, headers={"cookie": f"_session={made.session}"}
        )
        assert answer.status_code == 303, answer.text
        made.codes[name] = await world.code(tenant)
