"""The Experience API over HTTP: whole visits, and what is wrong with a request."""

import asyncio
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from tests.interactions.world import OUTBOX, PASSWORD
from tests.web.experience.conftest import AUTHORIZATION, ORIGIN, VERIFIER, Site, resume
from watchword.interactions.errors import SessionNotFound

PHONE = "821012345678"
OTHER = "821087654321"
API = "/api/experience"
SEND = f"{API}/verification/verification-code"


def identifier(phone: str = PHONE) -> dict[str, str]:
    return {"type": "phone", "value": phone}


async def start(client: httpx2.AsyncClient, event: str = "SignIn") -> None:
    answer = await client.put(API, json={"interactionEvent": event})
    assert answer.status_code == 204


async def send(
    client: httpx2.AsyncClient, phone: str = PHONE, event: str = "SignIn"
) -> httpx2.Response:
    return await client.post(
        SEND, json={"identifier": identifier(phone), "interactionEvent": event}
    )


async def prove(client: httpx2.AsyncClient, phone: str = PHONE, event: str = "SignIn") -> str:
    sent = await send(client, phone, event)
    assert sent.status_code == 200, sent.text
    record_id: str = sent.json()["verificationId"]
    code = str(OUTBOX[-1].variables["code"])
    answer = await client.post(
        f"{SEND}/verify",
        json={"identifier": identifier(phone), "verificationId": record_id, "code": code},
    )
    assert answer.json() == {"verificationId": record_id}
    return record_id


async def identify(client: httpx2.AsyncClient, record_id: str | None = None) -> httpx2.Response:
    body = {} if record_id is None else {"verificationId": record_id}
    return await client.post(f"{API}/identification", json=body)


async def submit(client: httpx2.AsyncClient) -> str:
    answer = await client.post(f"{API}/submit")
    assert answer.status_code == 200, answer.text
    redirect_to: str = answer.json()["redirectTo"]
    return redirect_to


async def test_a_visit_from_authorize_to_tokens(site: Site) -> None:
    client = await site.started()
    await start(client, "Register")
    record_id = await prove(client, event="Register")
    assert (await identify(client, record_id)).status_code == 201

    back = await resume(client, await submit(client))

    query = parse_qs(urlsplit(back.headers["location"]).query)
    assert query["state"] == ["s"]
    tokens = await client.post(
        "/oidc/token",
        data={
            "grant_type": "authorization_code",
            "client_id": "demo-app",
            "code": query["code"][0],
            "redirect_uri": AUTHORIZATION["redirect_uri"],
            "code_verifier": VERIFIER,
        },
    )
    me = await client.get(
        "/oidc/me", headers={"Authorization": f"Bearer {tokens.json()['access_token']}"}
    )
    assert me.json()["phone_number"] == f"+{PHONE}"
    assert me.json()["phone_number_verified"] is True


async def test_a_second_resume_is_refused_and_does_no_harm(site: Site) -> None:
    client = await site.started()
    await start(client, "Register")
    await identify(client, await prove(client, event="Register"))
    redirect_to = await submit(client)

    answers = await asyncio.gather(
        *(client.get(redirect_to, headers={"Accept": "application/json"}) for _ in range(4))
    )

    statuses = sorted(answer.status_code for answer in answers)
    assert statuses == [303, 400, 400, 400]
    assert {a.json()["code"] for a in answers if a.status_code == 400} == {SessionNotFound.code}


async def test_a_password_is_asked_for_at_sign_up(site: Site) -> None:
    await site.set_up(signUp={"identifiers": ["phone"], "password": True, "verify": True})
    client = await site.started()
    await start(client, "Register")
    refusal = await identify(client, await prove(client, event="Register"))
    assert (refusal.status_code, refusal.json()["code"]) == (422, "user.missing_profile")
    assert refusal.json()["data"] == {"missingProfile": ["password"]}

    weak = await client.post(f"{API}/profile", json={"type": "password", "value": "short"})
    assert (weak.status_code, weak.json()["code"]) == (422, "password.rejected")
    assert isinstance(weak.json()["data"], list)
    good = await client.post(f"{API}/profile", json={"type": "password", "value": PASSWORD})
    assert good.status_code == 204

    assert (await identify(client)).status_code == 201
    await submit(client)


async def test_signs_up_and_in_with_a_user_name(site: Site) -> None:
    method = {
        "identifier": "username",
        "password": True,
        "verificationCode": False,
        "isPasswordPrimary": True,
    }
    await site.set_up(
        signUp={"identifiers": ["username"], "password": True, "verify": False},
        signIn={"methods": [method]},
    )
    account = {"identifier": {"type": "username", "value": "alice"}, "password": PASSWORD}
    newcomer = await site.started()
    await start(newcomer, "Register")
    record = await newcomer.post(f"{API}/verification/new-password-identity", json=account)
    assert (await identify(newcomer, record.json()["verificationId"])).status_code == 201

    client = await site.started()
    await start(client)
    record = await client.post(f"{API}/verification/password", json=account)
    assert (await identify(client, record.json()["verificationId"])).status_code == 204
    await submit(client)

    shown = (await newcomer.get(f"{API}/interaction")).text
    assert "argon2" not in shown
    assert PASSWORD not in shown


@pytest.mark.parametrize("first", ["Password", "PhoneVerificationCode"])
async def test_proofs_are_shown_in_the_order_in_which_they_were_begun(
    site: Site, first: str
) -> None:
    await site.add_user(PHONE, PASSWORD)
    method = {"identifier": "phone", "password": True, "verificationCode": True}
    await site.set_up(signIn={"methods": [{**method, "isPasswordPrimary": True}]})
    client = await site.started()
    await start(client)

    async def bring_the_password() -> None:
        account = {"identifier": identifier(), "password": PASSWORD}
        await client.post(f"{API}/verification/password", json=account)

    async def ask_for_a_code() -> None:
        await send(client)

    steps = [bring_the_password, ask_for_a_code]
    for step in steps if first == "Password" else reversed(steps):
        site.clock.advance(timedelta(seconds=1))
        await step()

    shown = (await client.get(f"{API}/interaction")).json()["verificationRecords"]
    assert shown[0]["type"] == first
    assert len(shown) == 2


async def test_the_application_id_picks_one_of_several_visits(site: Site) -> None:
    client = await site.started()
    await start(client)
    first = {"Logto-App-Id": "demo-app"}

    assert (await client.get(f"{API}/interaction", headers=first)).status_code == 200
    answer = await client.get(f"{API}/interaction", headers={"Logto-App-Id": "another"})
    assert (answer.status_code, answer.json()["code"]) == (400, "session.not_found")


@pytest.mark.parametrize("cookie", ["nonsense", "%7B%22_latest%22%3A1%7D", "%7B%7D", "a" * 5000])
async def test_a_tampered_cookie_finds_nothing(site: Site, cookie: str) -> None:
    client = await site.visitor()

    answer = await client.put(
        API,
        json={"interactionEvent": "SignIn"},
        headers={"Cookie": f"_interaction={cookie}"},
    )

    assert (answer.status_code, answer.json()["code"]) == (400, "session.not_found")


async def test_an_expired_visit_is_over(site: Site) -> None:
    client = await site.started()
    await start(client)
    site.clock.moment = site.clock.moment.replace(hour=site.clock.moment.hour + 2)

    answer = await client.get(f"{API}/interaction")

    assert (answer.status_code, answer.json()["code"]) == (400, "session.not_found")


async def test_another_sites_page_may_not_ask(site: Site) -> None:
    client = await site.started()

    answer = await client.put(
        API,
        json={"interactionEvent": "SignIn"},
        headers={"Sec-Fetch-Site": "same-site", "Origin": "http://other.localhost:3001"},
    )

    assert (answer.status_code, answer.json()["code"]) == (403, "request.cross_origin")


async def test_known_and_unknown_numbers_get_the_same_answers(site: Site) -> None:
    await site.add_user(PHONE, PASSWORD)
    for mode in ("SignInAndRegister", "SignIn"):
        await site.set_up(signInMode=mode)
        answers = []
        for phone in (PHONE, OTHER):
            client = await site.started()
            await start(client)
            sent = await send(client, phone)
            wrong = await client.post(
                f"{SEND}/verify",
                json={
                    "identifier": identifier(phone),
                    "verificationId": sent.json()["verificationId"],
                    "code": "wrong",
                },
            )
            password = await client.post(
                f"{API}/verification/password",
                json={"identifier": identifier(phone), "password": "wrong"},
            )
            answers.append([_comparable(answer) for answer in (sent, wrong, password)])

        assert answers[0] == answers[1]


def _comparable(answer: httpx2.Response) -> Any:
    body = answer.json()
    headers = set(answer.headers) - {"x-correlation-id"}
    return answer.status_code, body.get("code"), body.get("message"), set(body), headers


async def test_bad_input_is_named(site: Site) -> None:
    cases: list[tuple[str, Any, int]] = [
        (SEND, {"identifier": {"type": "phone", "value": "1"}, "interactionEvent": "SignIn"}, 422),
        (
            SEND,
            {"identifier": {"type": "phone", "value": "9" * 400}, "interactionEvent": "SignIn"},
            400,
        ),
        (SEND, {"identifier": "821012345678", "interactionEvent": "SignIn"}, 400),
        (
            SEND,
            {"identifier": {"type": "email", "value": "a@b.example"}, "interactionEvent": "SignIn"},
            422,
        ),
        (SEND, {"identifier": identifier(), "interactionEvent": "ForgotPassword"}, 400),
        (f"{SEND}/verify", {"identifier": identifier(), "verificationId": 1, "code": "1"}, 400),
        (f"{API}/verification/password", {"identifier": identifier(), "password": "x" * 5000}, 400),
        (f"{API}/identification", {"verificationId": ["a"]}, 400),
        (f"{API}/identification", {}, 400),
        (f"{API}/profile", {"type": "email", "verificationId": "x"}, 404),
        (f"{API}/profile", {"type": "social"}, 400),
        (f"{API}/profile", {"type": "password"}, 400),
        (f"{API}/profile", {"type": "username", "value": "1"}, 404),
        (f"{API}/profile", {}, 400),
        (f"{API}/profile", [], 400),
    ]
    client = await site.started()
    await start(client)

    for path, body, status in cases:
        answer = await client.post(path, json=body)

        assert answer.status_code == status, (path, answer.text)
        assert answer.json()["code"], path
        assert OUTBOX == [], path


@pytest.mark.parametrize(
    ("content", "content_type"),
    [
        ('{"interactionEvent": "SignIn"}', "text/plain"),
        ("interactionEvent=SignIn", "application/x-www-form-urlencoded"),
        ("{", "application/json"),
        ("", "application/json"),
    ],
)
async def test_only_json_is_read(site: Site, content: str, content_type: str) -> None:
    client = await site.started()

    answer = await client.put(API, content=content, headers={"Content-Type": content_type})

    assert (answer.status_code, answer.json()["code"]) == (400, "guard.invalid_input")


async def test_the_sign_in_document_is_tagged_and_follows_changes(site: Site) -> None:
    client = await site.visitor()
    path = "/api/.well-known/sign-in-exp"
    first = await client.get(path, headers={"Accept-Language": "ko"})
    assert first.json()["signInMode"] == "SignInAndRegister"
    tag = first.headers["etag"]

    again = await client.get(path, headers={"If-None-Match": tag, "Accept-Language": "en"})
    assert (again.status_code, again.content) == (304, b"")

    await site.set_up(signInMode="SignIn")
    changed = await client.get(path, headers={"If-None-Match": tag})
    assert changed.status_code == 200
    assert changed.json()["signInMode"] == "SignIn"


@pytest.mark.parametrize(
    ("query", "header", "language"),
    [
        ("", "", "en"),
        ("?lng=ko", "", "ko"),
        ("?lng=ko-KR", "en", "ko"),
        ("", "ko;q=0.9, fr", "ko"),
        ("?lng=fr", "", "en"),
        ("?lng=%00..", "", "en"),
    ],
)
async def test_phrases_say_their_language(
    site: Site, query: str, header: str, language: str
) -> None:
    client = await site.visitor()

    answer = await client.get(
        f"/api/.well-known/phrases{query}", headers={"Accept-Language": header}
    )

    assert answer.headers["content-language"] == language
    assert answer.json()["translation"]["sign_in"]["title"]


async def test_the_way_back_is_this_origins(site: Site) -> None:
    client = await site.started()
    await start(client, "Register")
    await identify(client, await prove(client, event="Register"))

    assert (await submit(client)).startswith(f"{ORIGIN}/oidc/auth/")


@pytest.mark.parametrize(
    ("asked", "accepted", "is_detected", "language"),
    [
        ("ko", "en", True, "ko"),
        ("", "ko-KR, en;q=0.5", True, "ko"),
        ("", "ko", False, "en"),
        ("ko", "en", False, "ko"),
        ("", "fr", True, "en"),
    ],
)
async def test_a_programs_message_speaks_what_was_asked_for_then_what_the_browser_accepts(
    site: Site, asked: str, accepted: str, is_detected: bool, language: str
) -> None:
    await site.set_up(languageInfo={"autoDetect": is_detected, "fallbackLanguage": "en"})
    client = await site.started(**({"ui_locales": asked} if asked else {}))
    # What somebody chose at the foot of our own pages is no wish of the program's.
    client.cookies.set("lang", "en" if language == "ko" else "ko")
    client.headers["Accept-Language"] = accepted
    await start(client)

    assert (await send(client)).status_code == 200

    assert OUTBOX[-1].language == language
