"""Sign-in settings over the Management API: as recorded, and their rules."""

import re

import httpx2
import pytest

from tests.web.management.conftest import (
    PHONE_SIGN_IN,
    Site,
    set_email_up,
    set_sms_up,
    take_sms_away,
)
from tests.web.management.replay import Difference, Replay, story

PATH = "/api/sign-in-exp"
REFUSED_HERE = {
    # Three rules that the contract leaves to its console.
    "sign-up by username without password": "sign_in_experiences.username_requires_password",
    "no sign-in methods, phone sign-up": ("sign_in_experiences.miss_sign_up_identifier_in_sign_in"),
    "sign-up password but sign-in without it": (
        "sign_in_experiences.password_sign_in_must_be_enabled"
    ),
    "sign-up identifier missing from sign-in": (
        "sign_in_experiences.miss_sign_up_identifier_in_sign_in"
    ),
    # What these two change must fit the sign-up that is saved: by phone, as the first of the
    # steps above was refused.
    "username with a code": "sign_in_experiences.miss_sign_up_identifier_in_sign_in",
    "phone twice": "sign_in_experiences.code_sign_in_must_be_enabled",
}
"""Steps that the model system takes, and what ours says to them."""

BEFORE_BRANDING = "read|public read|phone sign-up and sign-in|colour"
BEFORE_RECOVERY = (
    f"{BEFORE_BRANDING}|branding|terms|language|secondary identifiers|password policy|mfa"
    "|social targets|custom css|username, email and phone"
)
DIFFERENCES = (
    *(Difference("status", adr=8, steps=re.escape(step)) for step in REFUSED_HERE),
    # A new tenant shows no logo rather than ours.
    Difference(r"answer\.branding\.(logoUrl|darkLogoUrl)", adr=8, steps=BEFORE_BRANDING),
    # Recovery is off until it is chosen.
    Difference(r"answer\.forgotPasswordMethods\.length", adr=8, steps=BEFORE_RECOVERY),
    Difference(r"answer\.forgotPassword\.(phone|email)", adr=8, steps="public read"),
)


async def test_the_recorded_exchanges_are_answered_alike(
    site: Site, api: httpx2.AsyncClient
) -> None:
    await set_sms_up(api)
    await set_email_up(api)
    assert (await api.patch(PATH, json=PHONE_SIGN_IN)).status_code == 200
    replay = Replay(api, DIFFERENCES)
    refused = {}
    for step in story("sign_in_exp"):
        if "authorization" not in step.get("headers", {}):
            replay.client = await site.client()
        if step["step"] == "phone sign-up without an SMS connector":
            await take_sms_away(api)
        answer = await replay.take(step)
        replay.client = api
        if answer.status_code != step["status"]:
            refused[step["step"]] = answer.json()["code"]

    replay.must_agree()
    assert refused == REFUSED_HERE


async def test_an_emptied_address_is_stored_as_none(api: httpx2.AsyncClient) -> None:
    names = ("termsOfUseUrl", "privacyPolicyUrl", "supportWebsiteUrl", "supportEmail")

    answer = await api.patch(PATH, json=dict.fromkeys(names, ""))

    assert {answer.json()[name] for name in names} == {None}


@pytest.mark.parametrize(
    ("password", "status"), [("Good-pass-4-Phone", 200), ("short", 400), ("aaaaaaaaaa", 400)]
)
async def test_a_password_is_judged_by_the_tenants_rules(
    api: httpx2.AsyncClient, password: str, status: int
) -> None:
    await api.patch("/api/sign-in-exp", json={"passwordPolicy": {"rejects": {"userInfo": False}}})

    answer = await api.post("/api/sign-in-exp/default/check-password", json={"password": password})

    assert answer.status_code == status
    assert answer.json()["result"] is (status == 200)
    assert ("issues" in answer.json()) is (status == 400)


async def test_a_password_is_not_judged_without_its_owner_where_that_matters(
    api: httpx2.AsyncClient,
) -> None:
    answer = await api.post("/api/sign-in-exp/default/check-password", json={"password": "x"})

    assert answer.status_code == 400
    assert answer.json()["code"] == "request.invalid_input"
