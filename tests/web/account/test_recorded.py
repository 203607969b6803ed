"""The recorded story of a person who changes their number is asked again, and answered alike."""

import json
from pathlib import Path

from tests.web.account.conftest import Site
from tests.web.management.replay import Difference, Replay, Step
from watchword.audit.models import SYSTEM
from watchword.core.phone import PhoneNumber

RECORDED = Path(__file__).with_name("recorded") / "account_change_phone.json"
PHONE, TAKEN = "19099356606", "19099372444"
HEADER = "logto-verification-id"
DIFFERENCES: tuple[Difference, ...] = ()
IN_THE_END = {
    "change when the field is read-only": {"phone": "ReadOnly"},
}


def steps() -> list[Step]:
    read: list[Step] = json.loads(RECORDED.read_text(encoding="utf-8"))["steps"]
    return read


async def test_the_recorded_exchanges_are_answered_alike(site: Site) -> None:
    await site.add_user(primary_phone=PhoneNumber(TAKEN), username="somebody")
    application = await site.add_application()
    person = await site.sign_in(
        await site.add_user(
            primary_phone=PhoneNumber(PHONE), username="u412047a", application_id=application
        ),
        application_id=application,
        scope="openid profile phone offline_access",
        prompt="consent",
    )
    stranger = await site.client()
    codes: dict[str, str] = {}
    replay = Replay(person.api, DIFFERENCES, fill=lambda text: codes.get(text, text))
    answered = 0

    for step in steps():
        headers = step.get("headers", {})
        replay.client = person.api if "authorization" in headers else stranger
        if step["step"] == "bad token":
            replay.client = await site.client()
            replay.client.headers["Authorization"] = "Bearer nope"
        replay.client.headers.pop(HEADER, None)
        if HEADER in headers:
            replay.client.headers[HEADER] = replay.ids.get(headers[HEADER], headers[HEADER])
        if step["step"] in IN_THE_END:
            await site.open_account_center(**IN_THE_END[step["step"]])
        if step["step"] == "account center switched off":
            scope = await site.scope()
            await scope.configuration.settings.save_account_center(SYSTEM, {"enabled": False})
        answer = await replay.take(step)
        if isinstance(step.get("answer"), dict) and "hasPassword" in step["answer"]:
            assert set(answer.json()) == set(step["answer"]), step["step"]
        if "sent" in step:
            await site.settle()
            codes[step["sent"]] = site.code
        answered += 1

    replay.must_agree()
    assert answered == 28
