"""The Account API: what it shows, what it changes, and who is told."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx2
import pytest

from tests.web.account.conftest import (
    EMAIL,
    HEADER,
    NEW_PHONE,
    OTHER_PHONE,
    PASSWORD,
    PHONE,
    SHOP,
    Person,
    Site,
)
from tests.web.experience.conftest import AUTHORIZATION
from watchword.audit.models import SYSTEM, AuditFilter
from watchword.audit.service import AuditService
from watchword.core.phone import PhoneNumber
from watchword.storage import StorageUnavailable
from watchword.users.models import UserChange
from watchword.webhooks.models import Event, NewWebhook, WebhookConfig

ACCOUNT = "/api/my-account"
STRONG = "staple 42 battery horse"


async def outcome(answer: httpx2.Response) -> tuple[int, str | None]:
    code = answer.json()["code"] if answer.content else None
    return answer.status_code, code


async def test_shows_what_the_scope_and_the_tenant_allow(site: Site) -> None:
    user = await site.add_user(
        username="ada", primary_email=EMAIL, custom_data={"k": 1}, profile={"nickname": "A"}
    )
    everything = await site.sign_in(user)
    little = await site.sign_in(user, scope="openid")

    shown = (await everything.api.get(ACCOUNT)).json()
    assert shown["primaryEmail"] == EMAIL
    assert shown["customData"] == {"k": 1}
    assert shown["identities"] == {}
    assert (await little.api.get(ACCOUNT)).json() == {
        "id": user.id,
        "hasSecurityVerificationMethod": True,
    }

    await site.open_account_center(email="ReadOnly", phone="Off", password="Off")
    shown = (await everything.api.get(ACCOUNT)).json()
    assert shown["primaryEmail"] == EMAIL
    assert not {"primaryPhone", "hasPassword"} & set(shown)


async def test_a_token_without_openid_and_one_for_an_api_are_refused(
    site: Site, ada: Person
) -> None:
    person = await site.sign_in(
        await site.add_user(primary_phone=PhoneNumber(NEW_PHONE)), scope="profile phone"
    )
    assert await outcome(await person.api.get(ACCOUNT)) == (403, "auth.forbidden")

    ada.api.headers["Authorization"] = "Bearer eyJhbGciOiJFUzI1NiJ9.e30.c2ln"
    assert await outcome(await ada.api.get(ACCOUNT)) == (401, "auth.unauthorized")


async def test_a_token_of_a_suspended_person_is_refused(site: Site, ada: Person) -> None:
    await (await site.scope()).users.change(ada.id, UserChange(is_suspended=True))

    assert await outcome(await ada.api.get(ACCOUNT)) == (401, "auth.unauthorized")


async def test_changes_names_and_keeps_the_rest(site: Site, ada: Person) -> None:
    answer = await ada.api.patch(
        ACCOUNT, json={"name": "Ada", "avatar": "https://example.com/a.png", "customData": {"a": 1}}
    )
    assert answer.json()["name"] == "Ada"
    answer = await ada.api.patch(ACCOUNT, json={"name": ""})
    assert (answer.json()["name"], answer.json()["avatar"]) == (None, "https://example.com/a.png")

    await ada.api.patch(f"{ACCOUNT}/profile", json={"givenName": "Ada"})
    answer = await ada.api.patch(f"{ACCOUNT}/profile", json={"nickname": "Countess"})
    assert answer.json() == {"givenName": "Ada", "nickname": "Countess"}


async def test_each_field_is_changed_only_where_the_tenant_lets_people(
    site: Site, ada: Person
) -> None:
    await site.open_account_center(name="ReadOnly", profile="Off", password="ReadOnly", phone="Off")
    proof = {HEADER: await ada.prove_by_password()}
    asked = [
        ada.api.patch(ACCOUNT, json={"name": "x"}),
        ada.api.patch(f"{ACCOUNT}/profile", json={"nickname": "x"}),
        ada.api.post(f"{ACCOUNT}/password", json={"password": STRONG}, headers=proof),
        ada.api.delete(f"{ACCOUNT}/primary-phone", headers=proof),
    ]

    refused = {await outcome(await one) for one in asked}

    assert refused == {(400, "account_center.field_not_editable")}


async def test_each_part_needs_its_scope(site: Site) -> None:
    user = await site.add_user(primary_email=EMAIL)
    person = await site.sign_in(user, scope="openid")
    proof = {HEADER: await person.prove_by_password()}
    body: dict[str, Any] = {"email": EMAIL, "newIdentifierVerificationRecordId": "x"}

    refused = [
        await outcome(await person.api.patch(ACCOUNT, json={"name": "x"})),
        await outcome(await person.api.patch(f"{ACCOUNT}/profile", json={"nickname": "x"})),
        await outcome(await person.change_phone(PHONE, "x", proof[HEADER])),
        await outcome(await person.api.post(f"{ACCOUNT}/primary-email", json=body, headers=proof)),
        await outcome(await person.api.delete(f"{ACCOUNT}/identities/google", headers=proof)),
        await outcome(await person.api.get(f"{ACCOUNT}/sessions", headers=proof)),
        await outcome(await person.api.delete(f"{ACCOUNT}/grants/x", headers=proof)),
    ]

    assert refused == [(400, "auth.unauthorized")] * 4 + [(401, "auth.unauthorized")] * 3


async def test_a_third_partys_application_reads_and_changes_nothing(site: Site) -> None:
    third = await site.add_application(is_third_party=True)
    person = await site.sign_in(await site.add_user(username="ada"), application_id=third)

    assert (await person.api.get(ACCOUNT)).status_code == 200
    refused = [
        await person.api.patch(ACCOUNT, json={"name": "x"}),
        await person.api.patch(f"{ACCOUNT}/profile", json={"nickname": "x"}),
        await person.api.post("/api/verifications/password", json={"password": PASSWORD}),
        await person.api.post(
            "/api/verifications/verification-code",
            json={"identifier": {"type": "phone", "value": NEW_PHONE}},
        ),
    ]
    assert {await outcome(answer) for answer in refused} == {
        (403, "auth.third_party_application_forbidden")
    }


@pytest.mark.proves("S53")
async def test_the_old_number_is_told_and_signs_in_no_more(site: Site, ada: Person) -> None:
    visitor = await site.client()
    await visitor.get("/oidc/auth", params=AUTHORIZATION)
    await visitor.put("/api/experience", json={"interactionEvent": "SignIn"})
    identifier = {"type": "phone", "value": PHONE}
    codes = "/api/experience/verification/verification-code"
    sent = await visitor.post(codes, json={"identifier": identifier, "interactionEvent": "SignIn"})
    await site.settle()
    finder = {"verificationId": sent.json()["verificationId"]}
    await visitor.post(
        f"{codes}/verify", json={"identifier": identifier, "code": site.code, **finder}
    )
    await visitor.post("/api/experience/identification", json=finder)

    proof = await ada.prove_by_code(PHONE)
    new = await ada.prove_by_code(NEW_PHONE)
    assert (await ada.change_phone(NEW_PHONE, new, proof)).status_code == 204
    await site.settle()

    assert [to for to, _ in site.notices()] == [PHONE]
    assert "+82 10-••••-4321" in site.notices()[0][1]
    assert NEW_PHONE[4:] not in site.notices()[0][1]
    # Whoever found the old phone and was half-way in is out.
    assert await outcome(await visitor.post("/api/experience/submit")) == (400, "session.not_found")
    users = (await site.scope()).users
    assert await users.find_by_identifier("phone", PHONE) is None
    found = await users.find_by_identifier("phone", NEW_PHONE)
    assert found is not None
    assert found.phone_verified_at is not None


async def test_a_change_is_audited_with_masked_numbers_and_told_to_webhooks(
    site: Site, ada: Person
) -> None:
    told: list[dict[str, Any]] = []

    def receive(request: httpx2.Request) -> httpx2.Response:
        told.append(json.loads(request.content))
        return httpx2.Response(200)

    site.server.courier.client.transport = httpx2.MockTransport(receive)
    hook = NewWebhook(
        name="Hook",
        events=(Event.USER_DATA_UPDATED,),
        config=WebhookConfig(url="https://hooks.example/"),
    )
    await (await site.scope()).configuration.webhooks.create(SYSTEM, hook)
    proof = await ada.prove_by_password()
    new = await ada.prove_by_code(NEW_PHONE)

    await ada.change_phone(NEW_PHONE, new, proof)
    await site.server.courier.settle(timedelta(seconds=20))

    listed = await (await site.scope()).audit.list(filters=AuditFilter(event="user.changed"))
    [entry] = listed.items
    assert (entry.actor.kind, entry.actor.id, entry.user_id) == ("user", ada.id, ada.id)
    assert entry.payload["before"] == {"primaryPhone": "+82 10-••••-5678"}
    assert entry.payload["after"] == {"primaryPhone": "+82 10-••••-4321"}
    [event] = told
    assert event["event"] == "User.Data.Updated"
    assert event["data"]["primaryPhone"] == NEW_PHONE


async def test_an_address_is_set_changed_and_taken_away(site: Site, ada: Person) -> None:
    await site.set_email_up()
    proof = {HEADER: await ada.prove_by_password()}

    async def set_email(email: str) -> httpx2.Response:
        record = await ada.prove_by_code(email, "email")
        body = {"email": email, "newIdentifierVerificationRecordId": record}
        return await ada.api.post(f"{ACCOUNT}/primary-email", json=body, headers=proof)

    assert (await set_email(EMAIL)).status_code == 204
    assert (await set_email("ada@new.example.com")).status_code == 204
    assert (await ada.api.delete(f"{ACCOUNT}/primary-email", headers=proof)).status_code == 204
    await site.settle()

    assert (await ada.api.get(ACCOUNT)).json()["primaryEmail"] is None
    # The first one is new: the number hears of it. The others hear of their own end.
    assert [to for to, _ in site.notices()] == [PHONE, EMAIL, "ada@new.example.com"]


async def test_a_new_password_ends_other_sessions_and_tells_the_person(
    site: Site, ada: Person
) -> None:
    user = await (await site.scope()).users.get(ada.id)
    elsewhere = await site.sign_in(user)
    proof = {HEADER: await ada.prove_by_password()}

    answer = await ada.api.post(f"{ACCOUNT}/password", json={"password": STRONG}, headers=proof)
    await site.settle()

    assert answer.status_code == 204, answer.text
    assert (await ada.api.get(ACCOUNT)).status_code == 200
    assert await outcome(await elsewhere.api.get(ACCOUNT)) == (401, "auth.unauthorized")
    sessions = await (await site.scope()).own_account.signed_in.list_sessions(ada.id)
    assert len(sessions) == 1
    assert [to for to, _ in site.notices()] == [PHONE]
    await ada.prove_by_password(STRONG)


async def test_who_has_nothing_to_prove_with_sets_a_first_password(site: Site, ada: Person) -> None:
    users = (await site.scope()).users
    await users.change(ada.id, UserChange(primary_phone=None, password_digest=None))
    assert (await ada.api.get(ACCOUNT)).json()["hasSecurityVerificationMethod"] is False

    answer = await ada.api.post(f"{ACCOUNT}/password", json={"password": STRONG})
    assert answer.status_code == 204, answer.text
    answer = await ada.api.post(f"{ACCOUNT}/password", json={"password": STRONG})
    assert await outcome(answer) == (401, "verification_record.permission_denied")


async def test_a_username_needs_a_proof_and_follows_the_rules(site: Site, ada: Person) -> None:
    await site.add_user(username="grace", primary_phone=PhoneNumber(OTHER_PHONE))

    async def rename(to: str | None, **headers: str) -> tuple[int, str | None]:
        return await outcome(await ada.api.patch(ACCOUNT, json={"username": to}, headers=headers))

    assert await rename("countess") == (401, "verification_record.permission_denied")
    proof = {HEADER: await ada.prove_by_password()}
    assert await rename("1ada", **proof) == (422, "user.invalid_username")
    assert await rename("grace", **proof) == (422, "user.username_already_in_use")
    answer = await ada.api.patch(ACCOUNT, json={"username": "countess"}, headers=proof)
    assert answer.json()["username"] == "countess"


async def test_the_last_thing_that_says_who_somebody_is_stays(site: Site) -> None:
    person = await site.sign_in(await site.add_user())
    proof = {HEADER: await person.prove_by_password()}

    answer = await person.api.delete(f"{ACCOUNT}/primary-phone", headers=proof)
    assert await outcome(answer) == (400, "user.last_sign_in_method_required")
    await person.api.patch(ACCOUNT, json={"username": "ada"}, headers=proof)
    assert (await person.api.delete(f"{ACCOUNT}/primary-phone", headers=proof)).status_code == 204
    answer = await person.api.patch(ACCOUNT, json={"username": ""}, headers=proof)
    assert await outcome(answer) == (400, "user.last_sign_in_method_required")


async def test_a_social_account_is_unlinked(site: Site, ada: Person) -> None:
    users = (await site.scope()).users
    await users.change(ada.id, UserChange(identities={"google": {"userId": "1"}}))
    refused = await ada.api.delete(f"{ACCOUNT}/identities/google")
    assert await outcome(refused) == (401, "verification_record.permission_denied")
    proof = {HEADER: await ada.prove_by_password()}

    answer = await ada.api.delete(f"{ACCOUNT}/identities/google", headers=proof)
    again = await ada.api.delete(f"{ACCOUNT}/identities/google", headers=proof)

    assert answer.status_code == 204
    assert await outcome(again) == (404, "user.identity_not_exist")


@pytest.mark.proves("S122")
async def test_sessions_are_listed_and_ended(site: Site, ada: Person) -> None:
    user = await (await site.scope()).users.get(ada.id)
    elsewhere = await site.sign_in(user)
    proof = {HEADER: await ada.prove_by_password()}

    listed = (await ada.api.get(f"{ACCOUNT}/sessions", headers=proof)).json()["sessions"]
    assert len(listed) == 2
    [other] = [one["payload"]["uid"] for one in listed if not one["isCurrent"]]
    ended = await ada.api.delete(f"{ACCOUNT}/sessions/{other}", headers=proof)
    assert ended.status_code == 204
    assert (await elsewhere.api.get(ACCOUNT)).status_code == 401
    again = await ada.api.delete(f"{ACCOUNT}/sessions/{other}", headers=proof)
    assert await outcome(again) == (404, "entity.not_found")


async def test_nothing_ends_that_is_not_written_down(
    site: Site, ada: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    class TornAudit(AuditService):
        async def record(self, *_: object, **__: object) -> None:
            raise StorageUnavailable("gone in the middle")

    scope = await site.scope()
    elsewhere = await site.sign_in(await scope.users.get(ada.id))
    proof = {HEADER: await ada.prove_by_password()}
    sessions = (await ada.api.get(f"{ACCOUNT}/sessions", headers=proof)).json()["sessions"]
    grants = (await ada.api.get(f"{ACCOUNT}/grants", headers=proof)).json()["grants"]
    accounts = replace(scope.accounts, audit=TornAudit(scope.audit.rows, scope.audit.clock))
    torn = replace(scope.own_account, accounts=accounts)
    monkeypatch.setitem(vars(scope), "own_account", torn)

    for one in sessions:
        path = f"{ACCOUNT}/sessions/{one['payload']['uid']}"
        assert (await ada.api.delete(path, headers=proof)).status_code == 503
    for one in grants:
        path = f"{ACCOUNT}/grants/{one['id']}"
        assert (await ada.api.delete(path, headers=proof)).status_code == 503

    assert (await elsewhere.api.get(ACCOUNT)).status_code == 200
    assert (await ada.api.get(ACCOUNT)).status_code == 200


@pytest.mark.parametrize(("target", "lives"), [(None, True), ("firstParty", False), ("all", False)])
async def test_offline_access_goes_with_a_session_only_where_that_is_asked(
    site: Site, ada: Person, target: str | None, lives: bool
) -> None:
    user = await (await site.scope()).users.get(ada.id)
    await site.sign_in(user, scope="openid offline_access", prompt="consent")
    proof = {HEADER: await ada.prove_by_password()}
    listed = (await ada.api.get(f"{ACCOUNT}/sessions", headers=proof)).json()["sessions"]
    [other] = [one["payload"]["uid"] for one in listed if not one["isCurrent"]]

    params = {"revokeGrantsTarget": target} if target else {}
    await ada.api.delete(f"{ACCOUNT}/sessions/{other}", params=params, headers=proof)

    grants = (await ada.api.get(f"{ACCOUNT}/grants", headers=proof)).json()["grants"]
    assert any("offline_access" in one["payload"]["openid"]["scope"] for one in grants) is lives


async def test_grants_are_listed_by_whose_application_it_is_and_revoked(
    site: Site, ada: Person
) -> None:
    third = await site.add_application(is_third_party=True)
    user = await (await site.scope()).users.get(ada.id)
    guest = await site.sign_in(user, application_id=third, scope="openid phone")
    proof = {HEADER: await ada.prove_by_password()}

    async def listed(**params: str) -> list[dict[str, Any]]:
        answer = await ada.api.get(f"{ACCOUNT}/grants", params=params, headers=proof)
        return list(answer.json()["grants"])

    [grant] = await listed(appType="thirdParty")
    assert grant["payload"]["clientId"] == third
    assert len(await listed()) == 2
    assert len(await listed(appType="firstParty")) == 1
    answer = await ada.api.delete(f"{ACCOUNT}/grants/{grant['id']}", headers=proof)
    assert answer.status_code == 204
    assert (await guest.api.get(ACCOUNT)).status_code == 401
    assert await listed(appType="thirdParty") == []


async def test_scripts_of_the_applications_own_origins_may_read_and_no_others(site: Site) -> None:
    application = await site.add_application()
    person = await site.sign_in(await site.add_user(), application_id=application)

    asked = await person.api.options(ACCOUNT, headers={"Origin": SHOP})
    assert HEADER in asked.headers["access-control-allow-headers"]
    assert "DELETE" in asked.headers["access-control-allow-methods"]
    own = await person.api.get(ACCOUNT, headers={"Origin": SHOP})
    assert own.headers["access-control-allow-origin"] == SHOP
    refused = await person.api.delete(f"{ACCOUNT}/primary-phone", headers={"Origin": SHOP})
    assert refused.status_code == 401
    assert refused.headers["access-control-allow-origin"] == SHOP
    foreign = await person.api.get(ACCOUNT, headers={"Origin": "https://evil.example"})
    assert "access-control-allow-origin" not in foreign.headers


async def test_people_are_not_told_of_more_changes_than_they_can_read(
    site: Site, ada: Person
) -> None:
    proof = {HEADER: await ada.prove_by_password()}
    answers = [
        await ada.api.post(
            f"{ACCOUNT}/password", json={"password": f"{STRONG} {number}"}, headers=proof
        )
        for number in range(11)
    ]

    assert [answer.status_code for answer in answers] == [204] * 10 + [429]
    await site.settle()
    assert len(site.notices()) == 10


async def test_a_record_counts_for_ten_minutes(site: Site, ada: Person) -> None:
    proof = await ada.prove_by_password()
    site.clock.advance(timedelta(minutes=9, seconds=59))
    assert (await ada.api.get(f"{ACCOUNT}/sessions", headers={HEADER: proof})).status_code == 200
    site.clock.advance(timedelta(seconds=1))
    answer = await ada.api.get(f"{ACCOUNT}/sessions", headers={HEADER: proof})
    assert await outcome(answer) == (401, "verification_record.permission_denied")


async def test_an_address_that_the_tenant_does_not_take_is_never_somebodys(
    site: Site, ada: Person
) -> None:
    await site.set_email_up()
    proof = await ada.prove_by_password()
    new = await ada.prove_by_code(EMAIL, "email")
    settings = (await site.scope()).configuration.settings
    await settings.save_sign_in(SYSTEM, {"emailBlocklistPolicy": {"customBlocklist": [EMAIL]}})
    expected = (422, "session.email_blocklist.email_not_allowed")

    asked = {"identifier": {"type": "email", "value": EMAIL}}
    assert (
        await outcome(await ada.api.post("/api/verifications/verification-code", json=asked))
        == expected
    )
    body = {"email": EMAIL, "newIdentifierVerificationRecordId": new}
    answer = await ada.api.post(f"{ACCOUNT}/primary-email", json=body, headers={HEADER: proof})
    assert await outcome(answer) == expected
