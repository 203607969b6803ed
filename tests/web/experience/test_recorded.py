"""What was recorded from the model system is asked again, and answered alike."""

import json
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.interactions.world import OUTBOX, PASSWORD
from tests.web.experience.conftest import Site

STORIES = json.loads(Path(__file__).with_name("recorded.json").read_text(encoding="utf-8"))[
    "stories"
]
USERS: dict[str, dict[str, str | None]] = {
    "signup_phone_errors": {"19099261578": None},
    "signin_phone_code": {"19099269497": None},
    "signin_phone_code_errors": {"19099277416": None},
    "signin_phone_password": {"19099340768": PASSWORD},
    "sentinel_block": {"19099309092": PASSWORD, "19099317011": PASSWORD},
}
SETTINGS: dict[str, dict[str, Any]] = {
    "sentinel_block": {"sentinelPolicy": {"maxAttempts": 3, "lockoutDuration": 1}}
}


class Replay:
    """Asks what was asked, with our ids and codes in the place of the recorded ones."""

    def __init__(self, site: Site, client: httpx2.AsyncClient) -> None:
        self.site = site
        self.client = client
        self.ids: dict[str, str] = {}
        self.codes: dict[str, str] = {}

    async def take(self, step: dict[str, Any]) -> None:
        """Ask one step's question and compare the answer."""
        if "browser" in step:
            self.client = await self.site.started()
            return
        answer = await self.client.request(
            step["method"],
            step["path"],
            params=step.get("query"),
            json=self._ours(step["body"]) if "body" in step else None,
        )
        assert answer.status_code == step["status"], (step["step"], answer.text)
        if "text" in step:
            assert answer.text == step["text"]
        if "keys" not in step:
            return
        assert answer.headers["content-type"].startswith("application/json")
        self._compare(step, answer.json())

    def _compare(self, step: dict[str, Any], body: dict[str, Any]) -> None:
        assert set(step["keys"]) <= set(body), step["step"]
        assert body.get("code") == step.get("code"), step["step"]
        if "data" in step:
            assert body["data"] == step["data"]
        if "issue" in step:
            issue = body["data"]["issues"][0]
            assert {name: issue[name] for name in step["issue"]} == step["issue"]
        if "record_keys" in step:
            assert set(step["record_keys"]) == set(body["verificationRecords"][0])
        if "id" in step:
            self.ids[step["id"]] = body["verificationId"]
            if step["path"].endswith("/verification-code"):
                self.codes[step["id"]] = str(OUTBOX[-1].variables["code"])

    def _ours(self, body: dict[str, Any]) -> dict[str, Any]:
        ours = dict(body)
        if "verificationId" in ours:
            ours["verificationId"] = self.ids.get(ours["verificationId"], ours["verificationId"])
        if isinstance(ours.get("code"), dict):
            ours["code"] = self.codes[ours["code"]["code_of"]]
        return ours


@pytest.mark.parametrize("name", STORIES)
async def test_answers_as_recorded(site: Site, name: str) -> None:
    for phone, password in USERS.get(name, {}).items():
        await site.add_user(phone, password)
    await site.set_up(**SETTINGS.get(name, {"sentinelPolicy": {}}))

    replay = Replay(site, await site.visitor())
    for step in STORIES[name]:
        await replay.take(step)
