"""What was recorded from the model system is asked again, and answered alike."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.interactions.world import OUTBOX, PASSWORD
from tests.web.experience.conftest import Site
from tests.web.management.replay import Difference, Replay, Step

RECORDED = Path(__file__).with_name("recorded")
STORIES = sorted(file.stem for file in RECORDED.iterdir())
USERS: dict[str, dict[str, str | None]] = {
    "signup_phone_errors": {"19099261578": None},
    "signin_phone_code": {"19099269497": None},
    "signin_phone_code_errors": {"19099277416": None},
    "signin_phone_password": {"19099340768": PASSWORD},
    "sentinel_block": {"19099309092": PASSWORD, "19099317011": PASSWORD},
    "forgot_password_phone": {"19099324930": "Old-pass-4-Phone"},
}
SETTINGS: dict[str, dict[str, Any]] = {
    "sentinel_block": {"sentinelPolicy": {"maxAttempts": 3, "lockoutDuration": 1}},
    "forgot_password_phone": {"forgotPasswordMethods": ["PhoneVerificationCode"]},
}
DIFFERENCES: tuple[Difference, ...] = ()


def steps_of(name: str) -> list[Step]:
    steps: list[Step] = json.loads((RECORDED / f"{name}.json").read_text(encoding="utf-8"))["steps"]
    return steps


@pytest.mark.parametrize("name", STORIES)
async def test_answers_as_recorded(site: Site, name: str) -> None:
    for phone, password in USERS.get(name, {}).items():
        await site.add_user(phone, password)
    await site.set_up(**SETTINGS.get(name, {"signInMode": "SignInAndRegister"}))
    codes: dict[str, str] = {}
    visitor = await site.visitor()
    replay = Replay(visitor, DIFFERENCES, fill=lambda text: codes.get(text, text))

    for step in steps_of(name):
        if "browser" in step:
            replay.client = await site.started()
            continue
        answer = await replay.take(step)
        if "text" in step:
            assert answer.text == step["text"]
        if "sent" in step:
            await site.server.dispatch.drain(timedelta(seconds=1))
            codes[step["sent"]] = str(OUTBOX[-1].variables["code"])

    replay.must_agree()
