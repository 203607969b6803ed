"""The Account API's second factors: set up, listed and taken away by whom they protect."""

from datetime import timedelta
from typing import Any

import httpx2
import pyotp
import pytest

from tests.web.account.conftest import EMAIL, HEADER, PHONE, Person, Site
from watchword.audit.models import SYSTEM, AuditFilter
from watchword.factors.recovery_codes import new_codes

ACCOUNT = "/api/my-account"
FACTORS = f"{ACCOUNT}/mfa-verifications"
OFFERED = {"mfa": {"factors": ["Totp", "BackupCode"], "policy": "NoPrompt"}}


@pytest.fixture
async def ada(site: Site) -> Person:
    """Return somebody who may set factors up, and has proved who they are."""
    await (await site.scope()).configuration.settings.save_sign_in(SYSTEM, OFFERED)
    person = await site.sign_in(await site.add_user(username="ada", primary_email=EMAIL))
    person.api.headers[HEADER] = await person.prove_by_password()
    return person


def refusal(answer: httpx2.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def shown(site: Site, secret: str) -> str:
    return pyotp.TOTP(secret).at(site.clock.now())


async def listed(person: Person) -> list[dict[str, Any]]:
    answer = await person.api.get(FACTORS)
    assert answer.status_code == 200, answer.text
    rows: list[dict[str, Any]] = answer.json()
    return rows


async def add_app(site: Site, person: Person) -> str:
    made = (await person.api.post(f"{FACTORS}/totp-secret/generate")).json()
    body = {"type": "Totp", "secret": made["secret"], "code": shown(site, made["secret"])}
    answer = await person.api.post(FACTORS, json=body)
    assert answer.status_code == 204, answer.text
    return str(made["secret"])


async def test_an_app_counts_once_its_secret_came_back(site: Site, ada: Person) -> None:
    made = (await ada.api.post(f"{FACTORS}/totp-secret/generate")).json()
    assert made["secretQrCode"].startswith("data:image/png;base64,")
    assert await listed(ada) == []

    body = {"type": "Totp", "secret": made["secret"], "code": shown(site, made["secret"])}
    assert (await ada.api.post(FACTORS, json=body)).status_code == 204

    assert [row["type"] for row in await listed(ada)] == ["Totp"]
    assert made["secret"] not in (await ada.api.get(FACTORS)).text
    factors = (await site.scope()).factors
    site.clock.advance(timedelta(seconds=30))
    await factors.verify_totp(await factors.of_user(ada.id), ada.id, shown(site, made["secret"]))


async def test_an_app_that_shows_another_code_is_not_added(site: Site, ada: Person) -> None:
    secret, other = pyotp.random_base32(), pyotp.random_base32()
    body = {"type": "Totp", "secret": secret, "code": shown(site, other)}

    answer = await ada.api.post(FACTORS, json=body)

    assert refusal(answer) == (400, "session.mfa.invalid_totp_code")
    assert await listed(ada) == []


async def test_a_secret_that_is_too_short_is_refused(ada: Person) -> None:
    body = {"type": "Totp", "secret": "JBSWY3DPEHPK3PXP"}

    answer = await ada.api.post(FACTORS, json=body)

    assert refusal(answer) == (422, "user.totp_secret_invalid")


async def test_a_second_app_takes_the_place_of_the_first_only_by_put(
    site: Site, ada: Person
) -> None:
    await add_app(site, ada)
    (first,) = await listed(ada)
    secret = pyotp.random_base32()

    refused = await ada.api.post(FACTORS, json={"type": "Totp", "secret": secret})
    replaced = await ada.api.put(f"{FACTORS}/totp", json={"secret": secret})

    assert refusal(refused) == (422, "user.totp_already_in_use")
    assert replaced.status_code == 204
    (second,) = await listed(ada)
    assert second["id"] != first["id"]


async def test_recovery_codes_are_made_kept_and_used(site: Site, ada: Person) -> None:
    await add_app(site, ada)
    codes = (await ada.api.post(f"{FACTORS}/backup-codes/generate")).json()["codes"]
    body = {"type": "BackupCode", "codes": codes}

    assert (await ada.api.post(FACTORS, json=body)).status_code == 204

    factors = (await site.scope()).factors
    await factors.verify_code(await factors.of_user(ada.id), ada.id, codes[3])
    left = {row["type"]: row.get("remainCodes") for row in await listed(ada)}
    assert left == {"Totp": None, "BackupCode": 9}
    again = await ada.api.post(FACTORS, json={**body, "codes": [*new_codes()]})
    assert refusal(again) == (422, "user.backup_code_already_in_use")


@pytest.mark.parametrize(
    "codes",
    [
        ["23456789abcd"] * 10,
        [f"pass{number}" for number in range(10)],
        ["abcd-efgh-jkmn"],
    ],
)
async def test_recovery_codes_of_ones_own_invention_are_refused(
    site: Site, ada: Person, codes: list[str]
) -> None:
    await add_app(site, ada)

    answer = await ada.api.post(FACTORS, json={"type": "BackupCode", "codes": codes})

    assert refusal(answer) == (400, "guard.invalid_input")


async def test_recovery_codes_stand_in_for_something(ada: Person) -> None:
    body = {"type": "BackupCode", "codes": [*new_codes()]}

    answer = await ada.api.post(FACTORS, json=body)

    assert refusal(answer) == (422, "session.mfa.backup_code_can_not_be_alone")


async def test_a_factor_is_taken_away_by_its_owner_alone(site: Site, ada: Person) -> None:
    await add_app(site, ada)
    (app,) = await listed(ada)
    other = await site.add_user(primary_phone=None, username="bob")
    scope = await site.scope()
    theirs = await scope.account_factors.add_totp(
        SYSTEM, other.id, scope.account_factors.new_totp()
    )

    refused = await ada.api.delete(f"{FACTORS}/{theirs.id}")
    removed = await ada.api.delete(f"{FACTORS}/{app['id']}")

    assert refusal(refused) == (404, "entity.not_found")
    assert removed.status_code == 204
    assert await listed(ada) == []


async def test_every_change_is_in_the_audit_log(site: Site, ada: Person) -> None:
    await add_app(site, ada)
    (app,) = await listed(ada)
    await ada.api.patch(f"{ACCOUNT}/mfa-settings", json={"skipMfaOnSignIn": True})
    await ada.api.delete(f"{FACTORS}/{app['id']}")

    page = await (await site.scope()).audit.list(filters=AuditFilter(subject=f"user:{ada.id}"))

    by_themselves = {
        row.event: {side: row.payload[side] for side in {"before", "after"} & row.payload.keys()}
        for row in page.items
        if row.actor.kind == "user"
    }
    assert by_themselves["user.factor_added"] == {"after": {"factor": "Totp"}}
    assert by_themselves["user.factor_removed"] == {"before": {"factor": "Totp"}}
    assert by_themselves["user.changed"] == {"after": {"skipMfaOnSignIn": True}}


CHANGES = [
    ("POST", FACTORS, {"type": "Totp", "secret": "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"}),
    (
        "POST",
        FACTORS,
        {"type": "BackupCode", "codes": [*(f"23456789abc{c}" for c in "defghjkmnp")]},
    ),
    ("PUT", f"{FACTORS}/totp", {"secret": "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"}),
    ("POST", f"{FACTORS}/totp-secret/generate", None),
    ("POST", f"{FACTORS}/backup-codes/generate", None),
    ("DELETE", f"{FACTORS}/x", None),
    ("PATCH", f"{ACCOUNT}/mfa-settings", {"skipMfaOnSignIn": True}),
    ("PATCH", f"{ACCOUNT}/logto-configs", {"mfa": {"skipped": True}}),
]
QUESTIONS = [
    ("GET", FACTORS),
    ("GET", f"{ACCOUNT}/mfa-settings"),
    ("GET", f"{ACCOUNT}/logto-configs"),
]


async def refusals_of(person: Person, requests: Any) -> set[tuple[int, str]]:
    answers = [
        await person.api.request(method, path, json=body)
        for method, path, body in ((*request, None)[:3] for request in requests)
    ]
    return {refusal(answer) for answer in answers}


async def test_no_change_goes_without_a_fresh_proof(site: Site, ada: Person) -> None:
    denied = {(401, "verification_record.permission_denied")}
    proof = ada.api.headers.pop(HEADER)
    assert await refusals_of(ada, CHANGES) == denied

    ada.api.headers[HEADER] = proof
    site.clock.advance(timedelta(minutes=10))
    assert await refusals_of(ada, CHANGES) == denied


async def test_a_code_for_another_purpose_is_no_proof(site: Site, ada: Person) -> None:
    ada.api.headers[HEADER] = await ada.prove_by_code(PHONE, templateType="BindMfa")

    assert await refusals_of(ada, CHANGES) == {(401, "verification_record.permission_denied")}


async def test_the_tenant_decides_what_is_shown_and_changed(site: Site, ada: Person) -> None:
    closed = {(400, "account_center.field_not_editable")}
    await site.open_account_center(mfa="ReadOnly")
    assert await refusals_of(ada, CHANGES) == closed
    assert await listed(ada) == []

    await site.open_account_center(mfa="Off")
    assert await refusals_of(ada, [*CHANGES, *QUESTIONS]) == closed


async def test_an_application_needs_the_scope(site: Site, ada: Person) -> None:
    user = await (await site.scope()).users.get(ada.id)
    little = await site.sign_in(user, scope="openid profile")
    little.api.headers[HEADER] = await little.prove_by_password()

    refused = await refusals_of(little, [*CHANGES, *QUESTIONS])

    assert refused == {(401, "auth.unauthorized")}


async def test_an_application_of_a_third_party_changes_nothing(site: Site, ada: Person) -> None:
    third = await site.add_application(is_third_party=True)
    user = await (await site.scope()).users.get(ada.id)
    person = await site.sign_in(user, application_id=third, prompt="consent")
    person.api.headers[HEADER] = ada.api.headers[HEADER]

    refused = await refusals_of(person, CHANGES)

    assert refused == {(403, "auth.third_party_application_forbidden")}


async def test_what_the_tenant_does_not_offer_is_not_set_up(site: Site, ada: Person) -> None:
    settings = (await site.scope()).configuration.settings
    await settings.save_sign_in(SYSTEM, {"mfa": {"factors": [], "policy": "NoPrompt"}})

    refused = await refusals_of(ada, CHANGES[:5])

    assert refused == {(400, "session.mfa.mfa_factor_not_enabled")}


async def test_what_a_person_says_is_kept_and_the_rest_stays(ada: Person) -> None:
    said = (await ada.api.get(f"{ACCOUNT}/logto-configs")).json()
    assert said["mfa"]["skipMfaOnSignIn"] is False

    await ada.api.patch(f"{ACCOUNT}/mfa-settings", json={"skipMfaOnSignIn": True})
    answer = await ada.api.patch(f"{ACCOUNT}/logto-configs", json={"mfa": {"enabled": True}})

    assert answer.json() == {"mfa": {**said["mfa"], "skipMfaOnSignIn": True, "enabled": True}}
    assert (await ada.api.get(f"{ACCOUNT}/mfa-settings")).json() == {"skipMfaOnSignIn": True}


async def told(site: Site) -> dict[str, set[str]]:
    """Return whom was told what since the last time, by where."""
    await site.settle()
    found: dict[str, set[str]] = {}
    for to, text in site.notices():
        found.setdefault(text.split(". ")[0], set()).add(to)
    site.texts.clear()
    site.mails.clear()
    return found


async def test_the_person_is_told_wherever_they_are_reached(site: Site, ada: Person) -> None:
    await site.set_email_up()
    everywhere = {PHONE, EMAIL}
    of_host = "your account at localhost"
    await add_app(site, ada)
    assert await told(site) == {f"An authenticator app was set up for {of_host}": everywhere}

    body = {"type": "BackupCode", "codes": [*new_codes()]}
    await ada.api.post(FACTORS, json=body)
    (text,) = await told(site)
    assert text.startswith("New recovery codes were made")

    await ada.api.patch(f"{ACCOUNT}/mfa-settings", json={"skipMfaOnSignIn": True})
    assert [*(await told(site)).values()] == [everywhere]
    await ada.api.patch(f"{ACCOUNT}/mfa-settings", json={"skipMfaOnSignIn": False})
    assert await told(site) == {}

    for factor in await listed(ada):
        await ada.api.delete(f"{FACTORS}/{factor['id']}")
    assert [*(await told(site)).values()] == [everywhere] * 2


async def test_nothing_is_told_of_what_was_refused(site: Site, ada: Person) -> None:
    await add_app(site, ada)
    await told(site)

    secret = pyotp.random_base32()
    await ada.api.post(FACTORS, json={"type": "Totp", "secret": secret})
    await ada.api.delete(f"{FACTORS}/nothing")

    assert await told(site) == {}


async def test_nobody_changes_factors_faster_than_their_owner_is_told(
    site: Site, ada: Person
) -> None:
    for _ in range(10):
        answer = await ada.api.put(f"{FACTORS}/totp", json={"secret": pyotp.random_base32()})
        assert answer.status_code == 204

    answer = await ada.api.put(f"{FACTORS}/totp", json={"secret": pyotp.random_base32()})

    assert refusal(answer) == (429, "request.message_rate_limited")
