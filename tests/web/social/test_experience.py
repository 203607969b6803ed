"""Social sign-in over the Experience API: the contract's sequences, and what attackers try."""

import asyncio
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from tests.web.experience.conftest import ORIGIN, resume
from tests.web.social.conftest import PHONE, Person, Site
from watchword.audit.models import SYSTEM as SYSTEM_ACTOR
from watchword.background import watch_connectors
from watchword.core.pagination import PageRequest
from watchword.core.phone import PhoneNumber
from watchword.users.models import UserChange

NO_DEMANDS = {"socialSignIn": {"skipRequiredIdentifiers": True}}


def code_of(answer: httpx2.Response) -> str:
    return str(answer.json()["code"])


async def signed_up(site: Site, connector_id: str, person: str) -> Person:
    """Create an account by way of a provider."""
    somebody = await site.person("Register")
    answer = await somebody.identify(await somebody.prove(connector_id, person))
    assert answer.status_code == 201, answer.text
    assert (await somebody.submit()).status_code == 200
    return somebody


async def test_the_address_is_for_this_visit_and_carries_what_ties_it(site: Site) -> None:
    google = await site.connect("google")
    person = await site.person()

    address, record_id = await person.depart(google, state="the-pages-own")
    asked = parse_qs(urlsplit(address).query)

    assert asked["state"] == ["the-pages-own"]
    assert asked["redirect_uri"] == [f"{ORIGIN}/callback/{google}"]
    assert asked["nonce"][0]
    assert asked["code_challenge_method"] == ["S256"]
    again, _ = await person.depart(google, state="the-pages-own")
    other = parse_qs(urlsplit(again).query)
    assert other["nonce"] != asked["nonce"]
    assert other["code_challenge"] != asked["code_challenge"]
    shown = (await person.client.get("/api/experience/interaction")).json()
    [record] = shown["verificationRecords"]
    assert record["type"] == "Social"
    assert record["connectorId"] == google
    assert record["id"] != record_id, "a new try takes the place of the old one"


async def test_somebody_new_is_asked_and_becomes_one_account(site: Site) -> None:
    await site.settle(**NO_DEMANDS)
    google = await site.connect("google")
    person = await site.person()
    record_id = await person.prove(google, "ada")

    unknown = await person.identify(record_id)
    assert (unknown.status_code, code_of(unknown)) == (404, "user.identity_not_exist")
    assert unknown.json()["data"] == {}
    await person.turn("Register")
    created = await person.identify(record_id)
    assert created.status_code == 201
    submitted = await person.submit()

    assert (
        "code=" in (await resume(person.client, submitted.json()["redirectTo"])).headers["location"]
    )
    user = await site.owner_of("google", "100000000000000000001")
    assert user is not None
    assert user.name == "Ada Example"
    assert user.primary_email == "ada.example@gmail.com"
    assert user.email_verified_at is not None
    assert user.identities["google"]["userId"] == "100000000000000000001"
    assert user.identities["google"]["details"]["rawData"]["sub"] == "100000000000000000001"


async def test_who_was_here_before_comes_in_at_once(site: Site) -> None:
    await site.settle(**NO_DEMANDS)
    google = await site.connect("google")
    await signed_up(site, google, "ada")

    person = await site.person()
    answer = await person.identify(await person.prove(google, "ada"))

    assert answer.status_code == 204
    assert (await person.submit()).status_code == 200
    users = await (await site.scope()).users.list(PageRequest(1))
    assert users.total == 1


async def test_a_tenant_that_wants_a_number_asks_for_it(site: Site) -> None:
    github = await site.connect("github")
    person = await site.person("Register")

    missing = await person.identify(await person.prove(github, "ada"))
    assert (missing.status_code, code_of(missing)) == (422, "user.missing_profile")
    # A password is asked of nobody who has another way in.
    assert missing.json()["data"] == {"missingProfile": ["phone"]}
    record_id = await person.prove_phone()
    added = await person.post("/profile", type="phone", verificationId=record_id)
    assert added.status_code == 204
    assert (await person.identify()).status_code == 201
    assert (await person.submit()).status_code == 200

    user = await site.owner_of("github", "1001")
    assert user is not None
    assert user.primary_phone == PHONE
    assert user.primary_email == "ada@example.com"


async def test_a_number_that_has_an_account_links_to_it_once_it_is_proved(site: Site) -> None:
    naver = await site.connect("naver")
    owner = await site.add_user(primary_phone=PhoneNumber(PHONE), is_phone_verified=True)
    person = await site.person("Register")
    social_id = await person.prove(naver, "sujin")
    assert code_of(await person.identify(social_id)) == "user.missing_profile"

    phone_id = await person.prove_phone()
    taken = await person.post("/profile", type="phone", verificationId=phone_id)
    assert (taken.status_code, code_of(taken)) == (422, "user.phone_already_in_use")
    await person.turn("SignIn")
    assert (await person.identify(phone_id)).status_code == 204
    linked = await person.post("/profile", type="social", verificationId=social_id)
    assert linked.status_code == 204, linked.text
    assert await site.owner_of("naver", "3001-example") is None, "not before it is submitted"
    assert (await person.submit()).status_code == 200

    user = await site.owner_of("naver", "3001-example")
    assert user is not None
    assert user.id == owner.id


@pytest.mark.parametrize("way", ["asked", "new"])
async def test_a_proved_number_is_told_masked_and_linked_only_when_asked(
    site: Site, way: str
) -> None:
    await site.settle(**NO_DEMANDS)
    kakao = await site.connect("kakao")
    owner = await site.add_user(primary_phone=PhoneNumber(PHONE), is_phone_verified=True)
    person = await site.person()
    record_id = await person.prove(kakao, "minji")

    answer = await person.identify(record_id)
    assert code_of(answer) == "user.identity_not_exist"
    assert answer.json()["data"] == {
        "relatedUser": {"type": "phone", "value": PhoneNumber(PHONE).masked}
    }
    assert PHONE[-8:] not in answer.text
    assert owner.id not in answer.text
    if way == "asked":
        linked = await person.identify(record_id, linkSocialIdentity=True)
        assert linked.status_code == 204
    else:
        await person.turn("Register")
        assert (await person.identify(record_id)).status_code == 201
    assert (await person.submit()).status_code == 200

    user = await site.owner_of("kakao", "2001")
    assert user is not None
    assert (user.id == owner.id) is (way == "asked")
    # The number stays whose it was.
    assert (user.primary_phone == PHONE) is (way == "asked")


async def test_the_phone_comes_before_the_address(site: Site) -> None:
    kakao = await site.connect("kakao")
    by_email = await site.add_user(primary_email="minji@example.com", is_email_verified=True)
    by_phone = await site.add_user(primary_phone=PhoneNumber(PHONE), is_phone_verified=True)
    person = await site.person()

    assert (
        await person.identify(await person.prove(kakao, "minji"), linkSocialIdentity=True)
    ).status_code == 204
    assert (await person.submit()).status_code == 200

    user = await site.owner_of("kakao", "2001")
    assert user is not None
    assert user.id == by_phone.id != by_email.id


# What attackers try.


@pytest.mark.parametrize(
    ("provider", "somebody", "address"),
    [
        ("google", "elsewhere", "mallory@example.net"),
        ("github", "unverified", "ada@example.com"),
        ("kakao", "lapsed", "minji@example.com"),
        ("naver", "sujin", "sujin@example.com"),
    ],
)
async def test_an_address_that_is_not_proved_links_to_nobody_and_tells_nothing(
    site: Site, provider: str, somebody: str, address: str
) -> None:
    await site.settle(socialSignIn={"automaticAccountLinking": True, **NO_DEMANDS["socialSignIn"]})
    connector_id = await site.connect(provider)
    victim = await site.add_user(primary_email=address, is_email_verified=True)
    person = await site.person()
    record_id = await person.prove(connector_id, somebody)

    for links in (False, True):
        answer = await person.identify(record_id, linkSocialIdentity=links)
        assert (answer.status_code, code_of(answer)) == (404, "user.identity_not_exist")
        assert answer.json()["data"] == {}
        assert victim.id not in answer.text
    await person.turn("Register")
    assert (await person.identify(record_id)).status_code == 201
    assert (await person.submit()).status_code == 200

    scope = await site.scope()
    unchanged = await scope.users.get(victim.id)
    assert unchanged.identities == {}
    attacker = await scope.users.find_by_identifier("email", address)
    assert attacker is not None
    assert attacker.id == victim.id, "an address that is not proved is not taken over either"


async def test_a_number_that_kakao_does_not_vouch_for_links_to_nobody(site: Site) -> None:
    kakao = await site.connect("kakao", phoneIsProof=False)
    await site.add_user(primary_phone=PhoneNumber(PHONE), is_phone_verified=True)
    person = await site.person()

    answer = await person.identify(await person.prove(kakao, "minji"), linkSocialIdentity=True)

    assert code_of(answer) == "user.identity_not_exist"
    assert answer.json()["data"] == {}


@pytest.mark.parametrize(
    ("values", "is_related"),
    [
        ({}, True),
        # Whoever typed somebody else's number elsewhere would sit in the account with them.
        ({"password_digest": "$argon2id$x"}, False),
        ({"primary_email": "mallory@example.net", "is_email_verified": True}, False),
        ({"is_signed_in": True}, False),
    ],
    ids=["untouched", "password", "other address", "was here"],
)
async def test_a_number_that_nobody_proved_here_relates_only_to_an_untouched_account(
    site: Site, values: dict[str, Any], is_related: bool
) -> None:
    kakao = await site.connect("kakao")
    owner = await site.add_user(primary_phone=PhoneNumber(PHONE), **values)
    person = await site.person()

    answer = await person.identify(await person.prove(kakao, "minji"), linkSocialIdentity=True)

    assert answer.status_code == (204 if is_related else 404)
    if is_related:
        assert (await person.submit()).status_code == 200
        proved = await (await site.scope()).users.get(owner.id)
        assert proved.phone_verified_at is not None


async def test_the_answer_to_another_browsers_try_is_of_no_use(site: Site) -> None:
    google = await site.connect("google")
    attacker, victim = await site.person(), await site.person()
    address, attackers_record = await attacker.depart(google, state="attackers")
    answer = await site.at_provider(address, "ada")
    _, victims_record = await victim.depart(google, state="victims")

    # With the state that came along, with the attacker's record, and with neither.
    mismatch = await victim.arrive(google, answer, victims_record)
    assert (mismatch.status_code, code_of(mismatch)) == (400, "session.csrf_token_mismatch")
    foreign = await victim.arrive(google, answer, attackers_record)
    assert (foreign.status_code, code_of(foreign)) == (
        404,
        "session.verification_session_not_found",
    )
    answer.pop("state")
    injected = await victim.arrive(google, answer, victims_record)
    assert (injected.status_code, code_of(injected)) == (401, "connector.social_auth_code_invalid")
    refused = await victim.identify(victims_record)
    assert code_of(refused) == "session.verification_failed"


async def test_an_answer_works_once(site: Site) -> None:
    google = await site.connect("google")
    person = await site.person()
    address, record_id = await person.depart(google)
    answer = await site.at_provider(address, "ada")
    assert (await person.arrive(google, answer, record_id)).status_code == 200

    again = await person.arrive(google, answer, record_id)
    assert (again.status_code, code_of(again)) == (401, "connector.social_auth_code_invalid")
    _, new_id = await person.depart(google)
    later = await person.arrive(google, answer, new_id)
    assert (later.status_code, code_of(later)) == (401, "connector.social_auth_code_invalid")


async def test_of_many_answers_at_once_one_is_looked_at(site: Site) -> None:
    google = await site.connect("google")
    person = await site.person()
    address, record_id = await person.depart(google)
    answer = await site.at_provider(address, "ada")
    google_itself, asked = site.providers.reached["google"], list[str]()

    async def listen(request: httpx2.Request) -> httpx2.Response:
        asked.append(request.url.path)
        return await google_itself.handle_async_request(request)

    site.providers.reached["google"] = httpx2.MockTransport(listen)
    answers = await asyncio.gather(*(person.arrive(google, answer, record_id) for _ in range(5)))

    assert sorted(found.status_code for found in answers) == [200, 401, 401, 401, 401]
    # The provider would refuse the code a second time, too; it is not even asked.
    assert len([path for path in asked if "token" in path]) == 1


@pytest.mark.parametrize(
    "lie",
    [
        {"nonce": "another"},
        {"aud": "another-client"},
        {"iss": "https://evil.example"},
        {"exp": 1},
    ],
    ids=str,
)
async def test_a_token_that_does_not_stand_up_proves_nothing(
    site: Site, lie: dict[str, Any]
) -> None:
    google = await site.connect("google")
    person = await site.person()
    address, record_id = await person.depart(google)
    answer = await site.at_provider(address, "ada")
    await site.lie("google", **lie)

    refused = await person.arrive(google, answer, record_id)

    assert (refused.status_code, code_of(refused)) == (401, "connector.social_invalid_id_token")
    assert "evil" not in refused.text
    assert code_of(await person.identify(record_id)) == "session.verification_failed"
    [entry] = [
        item
        for item in (await (await site.scope()).audit.list()).items
        if item.event == "Interaction.SignIn.Verification.Social.Submit"
    ]
    assert entry.result == "failure"
    assert entry.payload["target"] == "google"
    assert entry.payload["words"], "an administrator reads why"


async def test_an_answer_of_another_provider_is_not_mixed_up_with_it(site: Site) -> None:
    google, kakao = await site.connect("google"), await site.connect("kakao")
    person = await site.person()
    address, record_id = await person.depart(google)
    answer = await site.at_provider(address, "ada")

    at_another = await person.arrive(kakao, answer, record_id)
    assert (at_another.status_code, code_of(at_another)) == (
        404,
        "session.verification_session_not_found",
    )
    named = await person.arrive(google, {**answer, "iss": "https://evil.example"}, record_id)
    assert (named.status_code, code_of(named)) == (401, "connector.authorization_failed")


async def test_who_turned_back_at_the_provider_is_told_so(site: Site) -> None:
    google = await site.connect("google")
    person = await site.person()
    address, record_id = await person.depart(google)
    answer = await site.at_provider(address, None)

    refused = await person.arrive(google, answer, record_id)

    assert (refused.status_code, code_of(refused)) == (401, "connector.authorization_failed")


async def test_starting_anew_forgets_what_was_proved(site: Site) -> None:
    google = await site.connect("google")
    person = await site.person()
    record_id = await person.prove(google, "ada")
    site.clock.advance(timedelta(minutes=1))
    await person.client.put("/api/experience", json={"interactionEvent": "SignIn"})

    answer = await person.identify(record_id)

    assert code_of(answer) == "session.verification_session_not_found"


async def test_a_try_that_took_too_long_is_over(site: Site) -> None:
    google = await site.connect("google")
    person = await site.person()
    address, record_id = await person.depart(google)
    answer = await site.at_provider(address, "ada")
    site.clock.advance(timedelta(minutes=31))

    late = await person.arrive(google, answer, record_id)

    assert code_of(late) == "session.verification_session_not_found"


async def test_two_sign_ups_with_one_social_account_make_one_user(site: Site) -> None:
    await site.settle(**NO_DEMANDS)
    google = await site.connect("google")
    people = [await site.person("Register") for _ in range(4)]
    records = [await person.prove(google, "ada") for person in people]

    answers = await asyncio.gather(
        *(person.identify(record) for person, record in zip(people, records, strict=True))
    )

    assert sorted(answer.status_code for answer in answers) == [201, 422, 422, 422]
    taken = {code_of(answer) for answer in answers if answer.status_code == 422}
    assert taken <= {"user.identity_already_in_use", "user.email_already_in_use"}
    assert (await (await site.scope()).users.list(PageRequest(1))).total == 1


async def test_a_provider_that_is_not_offered_lets_nobody_in(site: Site) -> None:
    google = await site.connect("google")
    person = await site.person()
    record_id = await person.prove(google, "ada")
    await site.settle(socialSignInConnectorTargets=[])

    for answer in (
        await person.identify(record_id),
        await person.post(
            f"/verification/social/{google}/authorization-uri", state="s", redirectUri="x:"
        ),
    ):
        assert (answer.status_code, code_of(answer)) == (422, "user.sign_in_method_not_enabled")


@pytest.mark.parametrize(
    ("event", "mode", "code"),
    [
        ("SignIn", "Register", "auth.forbidden"),
        ("Register", "SignIn", "auth.forbidden"),
    ],
)
async def test_the_tenants_mode_holds_for_providers_too(
    site: Site, event: str, mode: str, code: str
) -> None:
    await site.settle(**NO_DEMANDS)
    google = await site.connect("google")
    await site.settle(signInMode=mode)
    person = await site.person(event)

    assert code_of(await person.identify(await person.prove(google, "ada"))) == code


async def test_an_account_is_linked_to_one_account_of_a_provider(site: Site) -> None:
    await site.settle(**NO_DEMANDS)
    google = await site.connect("google")
    await signed_up(site, google, "ada")
    user = await site.owner_of("google", "100000000000000000001")
    assert user is not None
    scope = await site.scope()
    await scope.users.change(
        user.id, UserChange(primary_email="grace@example.com", is_email_verified=True)
    )
    person = await site.person()
    record_id = await person.prove(google, "work")

    # The account is hers by the address, and has its Google account already.
    related = await person.identify(record_id, linkSocialIdentity=True)

    assert related.json()["data"] == {}
    assert (await scope.users.get(user.id)).identities["google"]["userId"].endswith("1")


async def test_what_is_another_persons_is_not_added_to_a_profile(site: Site) -> None:
    await site.settle(**NO_DEMANDS)
    google = await site.connect("google")
    await signed_up(site, google, "ada")
    await site.add_user(primary_phone=PhoneNumber(PHONE), is_phone_verified=True)
    person = await site.person()
    social_id = await person.prove(google, "ada")
    phone_id = await person.prove_phone(event="SignIn")
    assert (await person.identify(phone_id)).status_code == 204

    added = await person.post("/profile", type="social", verificationId=social_id)

    assert (added.status_code, code_of(added)) == (422, "user.identity_already_in_use")


async def test_a_profile_is_synced_only_where_that_is_switched_on(site: Site) -> None:
    await site.settle(**NO_DEMANDS)
    google = await site.connect("google")
    await signed_up(site, google, "ada")
    await site.lie("google", name="Ada Renamed")
    for syncs, name in ((False, "Ada Example"), (True, "Ada Renamed")):
        scope = await site.scope()
        await scope.configuration.connectors.change(SYSTEM_ACTOR, google, sync_profile=syncs)
        person = await site.person()
        assert (await person.identify(await person.prove(google, "ada"))).status_code == 204
        assert (await person.submit()).status_code == 200

        user = await site.owner_of("google", "100000000000000000001")
        assert user is not None
        assert user.name == name
        # What the account keeps of the provider is always the newest.
        assert user.identities["google"]["details"]["name"] == "Ada Renamed"


async def test_someone_suspended_stays_out_by_every_way(site: Site) -> None:
    kakao = await site.connect("kakao")
    owner = await site.add_user(primary_phone=PhoneNumber(PHONE), is_phone_verified=True)
    await (await site.scope()).users.change(owner.id, UserChange(is_suspended=True))
    person = await site.person()

    answer = await person.identify(await person.prove(kakao, "minji"), linkSocialIdentity=True)

    assert (answer.status_code, code_of(answer)) == (401, "user.suspended")


async def test_recovering_a_password_has_no_use_for_providers(site: Site) -> None:
    google = await site.connect("google")
    person = await site.person("ForgotPassword")

    answer = await person.post(
        f"/verification/social/{google}/authorization-uri", state="s", redirectUri=ORIGIN
    )

    assert code_of(answer) == "session.not_supported_for_forgot_password"


@pytest.mark.parametrize(
    "body", [{"state": "", "redirectUri": "x"}, {"state": "s", "redirectUri": ""}]
)
async def test_an_address_needs_a_state_and_a_way_back(site: Site, body: dict[str, str]) -> None:
    google = await site.connect("google")
    person = await site.person()

    answer = await person.post(f"/verification/social/{google}/authorization-uri", **body)

    assert (answer.status_code, code_of(answer)) == (400, "session.insufficient_info")


async def test_a_connector_for_messages_is_nobody_to_sign_in_with(site: Site) -> None:
    sms = (await (await site.scope()).connectors.list())[0]
    person = await site.person()

    for connector_id, status in ((sms.id, 400), ("unknown", 404)):
        answer = await person.post(
            f"/verification/social/{connector_id}/authorization-uri",
            state="s",
            redirectUri=ORIGIN,
        )
        assert answer.status_code == status


async def test_a_deleted_person_leaves_their_social_account_free(site: Site) -> None:
    await site.settle(**NO_DEMANDS)
    google = await site.connect("google")
    await signed_up(site, google, "ada")
    user = await site.owner_of("google", "100000000000000000001")
    assert user is not None
    await (await site.scope()).accounts.delete(SYSTEM_ACTOR, user.id)

    await signed_up(site, google, "ada")

    again = await site.owner_of("google", "100000000000000000001")
    assert again is not None
    assert again.id != user.id


async def test_who_is_unlinked_is_not_found_by_it_any_more(site: Site) -> None:
    await site.settle(**NO_DEMANDS)
    google = await site.connect("google")
    await signed_up(site, google, "ada")
    user = await site.owner_of("google", "100000000000000000001")
    assert user is not None
    await (await site.scope()).accounts.unlink(SYSTEM_ACTOR, user.id, "google")

    assert await site.owner_of("google", "100000000000000000001") is None
    person = await site.person()
    answer = await person.identify(await person.prove(google, "ada"))
    # Their own proved address still leads to the account.
    assert answer.json()["data"]["relatedUser"]["type"] == "email"


async def test_the_public_form_lists_the_providers_in_their_order(site: Site) -> None:
    await site.connect("google")
    await site.connect("kakao")
    await site.settle(socialSignInConnectorTargets=["kakao", "google", "unknown"])

    form = (await (await site.client()).get("/api/.well-known/sign-in-exp")).json()

    assert [connector["id"] for connector in form["socialConnectors"]] == ["kakao-1", "google-1"]
    [kakao, _] = form["socialConnectors"]
    assert kakao["target"] == "kakao"
    assert kakao["name"]["ko"] == "카카오"
    assert kakao["logo"].startswith("data:image/svg+xml;base64,")
    assert kakao["platform"] == "Universal"
    assert "config" not in kakao


async def test_a_provider_is_not_watched_since_nothing_is_sent_through_it(site: Site) -> None:
    async def cost() -> int:
        site.clock.advance(timedelta(hours=1))
        await site.scope()
        before = site.server.storage.statements
        await watch_connectors(site.server, "process-1")
        return site.server.storage.statements - before

    alone = await cost()
    await site.connect("google")

    assert alone > 1
    assert await cost() == alone
