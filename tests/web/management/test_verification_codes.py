"""Codes for an application's own purposes: as recorded, and what is ours."""

import asyncio
from datetime import timedelta

import httpx2
import pytest

from tests.mocks.email import MockEmailConnector
from tests.mocks.sms import MockSmsConnector
from tests.web.management.conftest import Site, set_email_up, set_sms_up, take_sms_away
from tests.web.management.replay import Replay, story
from watchword.guard.models import LockoutPool

PATH = "/api/verification-codes"
PHONE = "19099388282"
SECOND = timedelta(seconds=1)


async def send(site: Site, api: httpx2.AsyncClient, phone: str = PHONE) -> str:
    answer = await api.post(PATH, json={"phone": phone})
    assert answer.status_code == 204, answer.text
    await site.server.dispatch.drain(SECOND)
    return str(MockSmsConnector.sent[-1].variables["code"])


async def verdict(api: httpx2.AsyncClient, code: str, phone: str = PHONE) -> str:
    answer = await api.post(f"{PATH}/verify", json={"phone": phone, "verificationCode": code})
    return "accepted" if answer.status_code == 204 else str(answer.json()["code"])


def not_it(code: str) -> str:
    return f"{(int(code) + 1) % 10**6:06}"


async def test_the_recorded_exchanges_are_answered_alike(
    site: Site, api: httpx2.AsyncClient
) -> None:
    await set_sms_up(api)
    await set_email_up(api)
    codes: dict[str, str] = {}
    replay = Replay(api, fill=lambda text: codes.get(text, text))
    sent_as = {
        "send to a phone": "958875",
        "send first": "992153",
        "send second": "491442",
        "send to an email": "579359",
    }
    for step in story("verification_codes"):
        if step["step"] == "no token":
            replay.client = await site.client()
        if step["step"] == "no SMS connector":
            await take_sms_away(api)
        await replay.take(step)
        replay.client = api
        if step["step"] in sent_as:
            await site.server.dispatch.drain(SECOND)
            sent = MockEmailConnector.sent if "email" in step["body"] else MockSmsConnector.sent
            codes[sent_as[step["step"]]] = sent[-1].variables["code"]

    replay.must_agree()
    assert len(codes) == len(sent_as)


async def test_without_an_email_connector_the_contracts_answers_are_given(
    api: httpx2.AsyncClient,
) -> None:
    email = {"email": "somebody@example.com"}

    sent = await api.post(PATH, json=email)
    checked = await api.post(f"{PATH}/verify", json={**email, "verificationCode": "123456"})

    assert (sent.status_code, sent.json()["code"]) == (501, "connector.not_found")
    # There is a code, which nobody was told.
    assert checked.json()["code"] == "verification_code.code_mismatch"


async def test_a_number_has_one_code_whichever_way_it_is_written(
    site: Site, api: httpx2.AsyncClient
) -> None:
    await set_sms_up(api)
    code = await send(site, api, "4407911123456")

    assert await verdict(api, code, "447911123456") == "accepted"
    assert await verdict(api, code, "4407911123456") == "verification_code.not_found"


async def test_a_code_bears_ten_wrong_tries_and_locks_nobody_out(
    site: Site, api: httpx2.AsyncClient
) -> None:
    await set_sms_up(api)
    await api.patch("/api/sign-in-exp", json={"sentinelPolicy": {"maxAttempts": 1}})
    code = await send(site, api)

    wrong = [await verdict(api, not_it(code)) for _ in range(10)]
    assert wrong == ["verification_code.code_mismatch"] * 10
    assert await verdict(api, code) == "verification_code.exceed_max_try"

    assert await verdict(api, await send(site, api)) == "accepted"
    # One failure would be enough: this would raise if any of the above had been counted.
    await (await site.scope()).lockout.attempt(LockoutPool.SHARED, PHONE)


async def test_of_many_who_bring_the_same_code_at_once_one_is_believed(
    site: Site, api: httpx2.AsyncClient
) -> None:
    await set_sms_up(api)
    code = await send(site, api)

    verdicts = await asyncio.gather(*(verdict(api, code) for _ in range(5)))

    assert sorted(verdicts) == ["accepted", *["verification_code.not_found"] * 4]


async def test_a_code_ends(site: Site, api: httpx2.AsyncClient) -> None:
    await set_sms_up(api)
    code = await send(site, api)
    site.clock.advance(timedelta(minutes=10))

    assert await verdict(api, code) == "verification_code.expired"


@pytest.mark.proves("S24b")
async def test_messages_to_one_number_are_counted(site: Site, api: httpx2.AsyncClient) -> None:
    await set_sms_up(api)
    for _ in range(10):
        await send(site, api)

    answer = await api.post(PATH, json={"phone": PHONE})

    assert (answer.status_code, answer.json()["code"]) == (429, "request.message_rate_limited")


@pytest.mark.parametrize("phone", ["456", "0"])
async def test_what_is_no_number_of_any_country_is_refused(
    api: httpx2.AsyncClient, phone: str
) -> None:
    answer = await api.post(PATH, json={"phone": phone})

    assert (answer.status_code, answer.json()["code"]) == (422, "user.invalid_phone")


async def test_a_number_of_a_length_that_its_country_has_not_is_sent_a_code_as_in_the_contract(
    site: Site, api: httpx2.AsyncClient
) -> None:
    await set_sms_up(api)

    code = await send(site, api, "1234567890")

    answer = await api.post(
        f"{PATH}/verify", json={"phone": "1234567890", "verificationCode": code}
    )
    assert answer.status_code == 204


async def test_no_code_waits_where_none_can_be_sent(api: httpx2.AsyncClient) -> None:
    answer = await api.post(f"{PATH}/verify", json={"phone": "666", "verificationCode": "123456"})

    assert (answer.status_code, answer.json()["code"]) == (400, "verification_code.not_found")


async def mail(site: Site, api: httpx2.AsyncClient, address: str) -> str:
    answer = await api.post(PATH, json={"email": address})
    assert answer.status_code == 204, answer.text
    await site.server.dispatch.drain(SECOND)
    return str(MockEmailConnector.sent[-1].variables["code"])


async def test_an_address_has_one_code_in_small_letters_or_capitals(
    site: Site, api: httpx2.AsyncClient
) -> None:
    await set_email_up(api)
    code = await mail(site, api, " Ada@Example.com ".strip())
    body = {"email": "ada@example.com", "verificationCode": code}

    assert MockEmailConnector.sent[-1].to.address == "ada@example.com"
    assert (await api.post(f"{PATH}/verify", json=body)).status_code == 204
    again = await api.post(f"{PATH}/verify", json=body)
    assert again.json()["code"] == "verification_code.not_found"


async def test_a_code_of_a_number_is_none_of_an_address(
    site: Site, api: httpx2.AsyncClient
) -> None:
    await set_sms_up(api)
    await set_email_up(api)
    texted, mailed = await send(site, api), await mail(site, api, "ada@example.com")

    body = {"email": "ada@example.com", "verificationCode": not_it(mailed)}
    assert (await api.post(f"{PATH}/verify", json=body)).json()["code"] == (
        "verification_code.code_mismatch"
    )
    assert await verdict(api, texted) == "accepted"


async def test_messages_to_one_address_are_counted_apart_from_other_addresses(
    site: Site, api: httpx2.AsyncClient
) -> None:
    await set_email_up(api)
    for spelling in ("ada@example.com", "ADA@example.com") * 5:
        await mail(site, api, spelling)

    refused = await api.post(PATH, json={"email": "Ada@Example.com"})
    assert (refused.status_code, refused.json()["code"]) == (429, "request.message_rate_limited")
    await mail(site, api, "grace@example.com")


@pytest.mark.parametrize(
    "address", ["a<b@example.com", 'a"b@example.com', "a..b@example.com", "a,b@example.com"]
)
async def test_an_address_that_no_mail_goes_to_is_refused(
    api: httpx2.AsyncClient, address: str
) -> None:
    answer = await api.post(PATH, json={"email": address})

    assert (answer.status_code, answer.json()["code"]) == (422, "user.invalid_email")
