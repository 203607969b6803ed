"""The recorded story of users, and of the machine that administers them."""

import re
from datetime import timedelta

import httpx2

from tests.web.management.conftest import Site
from tests.web.management.replay import Difference, Replay, Step, story
from watchword.applications.models import ApplicationType, NewApplication
from watchword.audit.models import SYSTEM

OTHERS = 15
"""How many users were there already when the story was recorded."""
RECORDED_SECRET = "cl2zyJot5SMpGdhTCnfak3WEnkm2eusK"

DIFFERENCES = (
    # The contract names the error of its token library.
    Difference(r"answer\.data", adr=8, steps="bad token"),
    # What there is no route for is answered as every other error is, in JSON.
    Difference("answer", adr=8, steps="unknown route|wrong method"),
)


async def machine(site: Site) -> tuple[str, str]:
    created = await (await site.scope()).configuration.applications.create(
        SYSTEM,
        NewApplication(name="script", type=ApplicationType.MACHINE_TO_MACHINE, is_management=True),
    )
    return created.application.id, created.secret or ""


async def ask_for_token(
    client: httpx2.AsyncClient, step: Step, known: tuple[str, str]
) -> httpx2.Response:
    """Send a form as it was recorded, with our machine in the place of theirs."""
    ours = {"m-default": known[0], RECORDED_SECRET: known[1]}
    form = {name: ours.get(value, value) for name, value in step["body"].items()}
    secret = "not-it" if step["step"] == "token: bad secret" else known[1]
    if "authorization" not in step["headers"]:
        return await client.post(step["path"], data=form)
    return await client.post(step["path"], data=form, auth=(known[0], secret))


def paging_of(step: Step) -> tuple[str, list[str]]:
    found = step.get("answer_headers", {})
    return found.get("total-number", ""), found.get("link", [])


def paged(answer: httpx2.Response) -> tuple[str, list[str]]:
    """Return the total, and where the links go."""
    link = answer.headers.get("link", "")
    return answer.headers.get("total-number", ""), re.findall(r'rel="(\w+)"', link)


async def test_the_recorded_exchanges_are_answered_alike(
    site: Site, api: httpx2.AsyncClient
) -> None:
    for _ in range(OTHERS):
        await api.post("/api/users", json={})
        site.clock.advance(timedelta(milliseconds=20))
    known = await machine(site)
    replay = Replay(api, DIFFERENCES)
    tokens = []
    for step in story("users_and_tokens"):
        site.clock.advance(timedelta(milliseconds=20))
        if step["path"] == "/oidc/token":
            answer = await ask_for_token(await site.client(), step, known)
            assert answer.status_code == step["status"], step["step"]
            replay._compare(step["step"], "answer", step["answer"], answer.json())
            tokens.append(answer)
            continue
        replay.client = api
        if step["step"] in {"no token", "bad scheme", "bad token"}:
            replay.client = await site.client()
            given = step.get("headers", {}).get("authorization")
            if given is not None:
                scheme = given.strip("<>").capitalize()
                replay.client.headers["Authorization"] = f"{scheme} eDp5"
        answer = await replay.take(step)
        if isinstance(step.get("answer"), dict) and "isSuspended" in step["answer"]:
            assert set(answer.json()) == set(step["answer"]), step["step"]
        assert paged(answer) == paging_of(step), step["step"]

    replay.must_agree()
    assert len(tokens) == 8
