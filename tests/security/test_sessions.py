"""What a browser holds when somebody is signed in, on https."""

from datetime import timedelta

import httpx2
import pytest

from tests.invariants.world import API, arrive, authorization, send, verify
from tests.web.pages.conftest import DIGITS, Site, add_phone_user

PREFIX = "__Host-"
NEEDED = ("httponly", "secure", "samesite=lax", "path=/")


def cookies_of(answer: httpx2.Response) -> dict[str, tuple[str, set[str]]]:
    """Return every cookie that an answer sets, with its attributes."""
    found = {}
    for line in answer.headers.get_list("set-cookie"):
        pair, *attributes = (part.strip() for part in line.split(";"))
        name, _, value = pair.partition("=")
        found[name] = (value, {attribute.lower() for attribute in attributes})
    return found


async def sign_in(site: Site, client: httpx2.AsyncClient) -> list[httpx2.Response]:
    """Sign in by phone over the API; return every answer."""
    answers: list[httpx2.Response] = []

    async def keep(answer: httpx2.Response) -> None:
        answers.append(answer)

    client.event_hooks = {"response": [keep]}
    await arrive(client, prompt="login")
    await client.put(API, json={"interactionEvent": "SignIn"})
    record_id = (await send(client, DIGITS)).json()["verificationId"]
    await site.server.dispatch.drain(timedelta(seconds=5))
    assert (await verify(client, DIGITS, record_id, site.provider.code)).status_code == 200
    await client.post(f"{API}/identification", json={"verificationId": record_id})
    submitted = await client.post(f"{API}/submit")
    assert submitted.status_code == 200, submitted.text
    await client.get(submitted.json()["redirectTo"])
    return answers


async def test_s120_every_cookie_of_a_sign_in_is_out_of_reach(
    production: Site, person: httpx2.AsyncClient
) -> None:
    await add_phone_user(production)

    answers = await sign_in(production, person)

    given = {name: cookie for answer in answers for name, cookie in cookies_of(answer).items()}
    # The contract's readable cookie says which application asked, and nothing of the person.
    assert given.pop("_logto")[0] == '{"appId":"demo-app"}'
    assert {"__Host-_interaction", "__Host-_session"} <= given.keys()
    for name, (_, attributes) in given.items():
        assert name.startswith(PREFIX), name
        assert attributes.issuperset(NEEDED), (name, attributes)
        assert not any(attribute.startswith("domain") for attribute in attributes)


async def test_s120_signing_in_again_gives_another_session_and_ends_the_first(
    production: Site, person: httpx2.AsyncClient
) -> None:
    await add_phone_user(production)
    sessions = (await production.scope()).oidc.sessions
    tokens = []
    for _ in range(2):
        answers = await sign_in(production, person)
        tokens.append(cookies_of(answers[-1])["__Host-_session"][0])
        production.clock.advance(timedelta(minutes=2))

    assert tokens[0] != tokens[1]
    # 43 characters of base64 are 256 bits.
    assert min(len(token) for token in tokens) >= 43
    assert await sessions.find(tokens[0]) is None
    assert await sessions.find(tokens[1]) is not None


async def test_s120_a_cookie_that_somebody_planted_becomes_no_session(
    production: Site, person: httpx2.AsyncClient
) -> None:
    await add_phone_user(production)
    planted = "p" * 43
    person.cookies.set("__Host-_session", planted, domain="auth.example.com", path="/")

    answers = await sign_in(production, person)

    assert cookies_of(answers[-1])["__Host-_session"][0] != planted
    assert await (await production.scope()).oidc.sessions.find(planted) is None


async def test_s120_the_consoles_cookie_is_out_of_reach_too(
    production: Site, person: httpx2.AsyncClient
) -> None:
    token = await production.server.operators.invite("owner")

    answer = await person.post(
        "/console/setup",
        data={"token": token, "username": "owner", "password": "quiet harbour lamp"},
    )

    assert answer.status_code == 303
    (value, attributes) = cookies_of(answer)["__Host-_console"]
    assert attributes.issuperset(NEEDED)
    assert len(value) >= 43


@pytest.mark.parametrize("cookie", ["_session", "_interaction", "_console"])
async def test_s120_on_https_a_cookie_without_the_prefix_counts_for_nothing(
    production: Site, person: httpx2.AsyncClient, cookie: str
) -> None:
    await add_phone_user(production)
    await sign_in(production, person)
    token = await production.server.operators.invite("owner")
    await person.post(
        "/console/setup",
        data={"token": token, "username": "owner", "password": "quiet harbour lamp"},
    )
    await arrive(person, prompt="login")
    value = person.cookies[f"{PREFIX}{cookie}"]
    transport = httpx2.ASGITransport(app=production.app)
    for name, is_taken in ((f"{PREFIX}{cookie}", True), (cookie, False)):
        async with httpx2.AsyncClient(transport=transport, base_url=person.base_url) as other:
            other.headers["cookie"] = f"{name}={value}"
            assert await is_known(other, cookie) is is_taken


async def is_known(client: httpx2.AsyncClient, cookie: str) -> bool:
    """Tell whether the server knows whose the browser is, by one of its cookies."""
    if cookie == "_console":
        answer = await client.get("/console/default/get-started")
        return answer.status_code == 200
    if cookie == "_interaction":
        return (await client.get("/sign-in?app_id=demo-app")).status_code == 200
    answer = await client.get(
        "/oidc/auth", params=authorization(str(client.base_url).rstrip("/"), prompt="none")
    )
    return "login_required" not in answer.headers["location"]
