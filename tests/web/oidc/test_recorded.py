"""The recorded exchanges of the OpenID provider are asked again, and answered alike."""

import json
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import httpx2

from tests.interactions.world import OUTBOX
from tests.web.experience.conftest import Site
from tests.web.management.replay import LEFT_OUT, Difference, Replay, Step
from watchword.applications.models import NewApplication
from watchword.audit.models import SYSTEM

RECORDED = Path(__file__).with_name("recorded") / "oidc.json"
CLIENT, PHONE = "y4l7ppdzjfk3riskf836z", "19099451634"
CALLBACK, BYE = "http://127.0.0.1:9/callback", "http://127.0.0.1:9/bye"
CODE = "195732"
DIFFERENCES = (
    Difference(r"answer\.(device|pushed|backchannel).*", 7, "discovery.*"),
    Difference(r"answer\.(claims|grant_types|response_types|scopes)_.*", 7, "discovery.*"),
    Difference(r"answer\.(token_endpoint_auth|id_token_signing)_.*", 7, "discovery.*"),
    Difference(r"answer\.keys\..*", 7, "keys"),
    Difference(r"answer\.error_uri", 8),
    Difference("status", 8, "logout"),
)
BACK, STOP, BACK_FROM_IT = (
    "resume the authorization",
    "consent page (auto-consent for a first-party app)",
    "resume after consent",
)
TOKENS = {"introspect": "access_token", "revoke the refresh token": "refresh_token"}


def steps() -> list[Step]:
    """Return them without the stop at the consent page that a first-party application is spared."""
    read = {
        step["step"]: step for step in json.loads(RECORDED.read_text(encoding="utf-8"))["steps"]
    }
    del read[STOP]
    read[BACK]["location"] = read.pop(BACK_FROM_IT)["location"]
    return [*read.values()]


async def test_the_recorded_exchanges_are_answered_alike(site: Site) -> None:
    await site.add_user(PHONE)
    asked = NewApplication(
        name="Recorded",
        type="SPA",
        redirect_uris=(CALLBACK,),
        post_logout_redirect_uris=(BYE,),
    )
    created = await (await site.scope()).configuration.applications.create(SYSTEM, asked)
    replay = Replay(
        await site.visitor(),
        DIFFERENCES,
        ids={CLIENT: created.application.id},
        fill=lambda text: OUTBOX[-1].variables["code"] if text == CODE else text,
    )
    told: dict[str, str] = {}

    for step in steps():
        if step["step"] == "start the authorization":
            replay.client = await site.visitor()
        told |= _told(await replay.take(_filled(step, told)))

    replay.must_agree()


def _filled(step: Step, told: dict[str, str]) -> Step:
    """Put what earlier answers told in the place of what was left out of the recording."""
    wanted = {**told, **({"token": told[TOKENS[step["step"]]]} if step["step"] in TOKENS else {})}
    filled = dict(step)
    if LEFT_OUT in step["path"]:
        filled["path"] = told["next"]
    for part in {"query", "body"} & step.keys():
        filled[part] = {
            name: wanted[name] if value == LEFT_OUT else value for name, value in step[part].items()
        }
    return filled


def _told(answer: httpx2.Response) -> dict[str, str]:
    location = answer.headers.get("location", "")
    found = {"next": location, **dict(parse_qsl(urlsplit(location).query))}
    if answer.content and answer.headers["content-type"].startswith("application/json"):
        body = answer.json()
        found |= {name: value for name, value in body.items() if isinstance(value, str)}
        found |= {"next": body["redirectTo"]} if "redirectTo" in body else {}
    if "id_token" in found:
        found["id_token_hint"] = found["id_token"]
    return {name: value for name, value in found.items() if value}
