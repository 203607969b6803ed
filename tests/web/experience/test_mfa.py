"""Second factors over the Experience API, in the contract's sequences."""

from typing import Any

import httpx2
import pyotp

from tests.interactions.world import OUTBOX
from tests.web.experience.conftest import AUTHORIZATION, Site, resume
from watchword.core.phone import PhoneNumber
from watchword.users.models import NewUser

API = "/api/experience"
PASSWORD = "Good-pass-4-Phone"
DIGITS = "821012345678"
METHODS = {
    "signUp": {"identifiers": ["username"], "password": True, "verify": False},
    "signIn": {
        "methods": [
            {
                "identifier": "username",
                "password": True,
                "verificationCode": False,
                "isPasswordPrimary": True,
            }
        ]
    },
}


async def settle(site: Site, *factors: str, policy: str = "Mandatory") -> None:
    await site.set_up(**METHODS, mfa={"factors": list(factors), "policy": policy})


async def add_person(site: Site, phone: str | None = DIGITS) -> str:
    users = (await site.scope()).users
    user = await users.create(
        NewUser(username="ada", primary_phone=PhoneNumber(phone) if phone else None)
    )
    await users.set_password(user.id, PASSWORD)
    return user.id


async def post(client: httpx2.AsyncClient, path: str, body: Any = None) -> httpx2.Response:
    return await client.post(f"{API}{path}", json=body)


async def identified(site: Site, **changes: str) -> httpx2.AsyncClient:
    client = await site.started(**changes)
    await client.put(API, json={"interactionEvent": "SignIn"})
    identifier = {"type": "username", "value": "ada"}
    proved = await post(
        client, "/verification/password", {"identifier": identifier, "password": PASSWORD}
    )
    answer = await post(client, "/identification", proved.json())
    assert answer.status_code == 204, answer.text
    return client


def refusal(answer: httpx2.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def app_code(site: Site, secret: str) -> str:
    return pyotp.TOTP(secret).at(int(site.clock.now().timestamp()))


async def set_app_up(site: Site, client: httpx2.AsyncClient) -> str:
    made = (await post(client, "/verification/totp/secret")).json()
    assert made["secretQrCode"].startswith("data:image/png;base64,")
    body = {"code": app_code(site, made["secret"]), "verificationId": made["verificationId"]}
    proved = await post(client, "/verification/totp/verify", body)
    assert proved.json() == {"verificationId": made["verificationId"]}
    bound = await post(client, "/profile/mfa", {"type": "Totp", **proved.json()})
    assert bound.status_code == 204
    return str(made["secret"])


async def test_phone_mfa_goes_as_the_contract_has_it(site: Site) -> None:
    await settle(site, "PhoneVerificationCode")
    await add_person(site)
    client = await identified(site)

    asked = await post(client, "/submit")
    assert refusal(asked) == (403, "session.mfa.require_mfa_verification")
    assert asked.json()["data"] == {
        "availableFactors": ["PhoneVerificationCode"],
        "maskedIdentifiers": {"PhoneVerificationCode": "****5678"},
    }
    sent = await post(client, "/verification/mfa-verification-code", {"identifierType": "phone"})
    code = OUTBOX[-1].variables["code"]
    proved = await post(
        client,
        "/verification/mfa-verification-code/verify",
        {**sent.json(), "code": code, "identifierType": "phone"},
    )
    assert proved.json() == sent.json()
    submitted = await post(client, "/submit")

    answer = await resume(client, submitted.json()["redirectTo"])
    assert "code=" in answer.headers["location"]


async def test_an_app_and_recovery_codes_go_as_the_contract_has_it(site: Site) -> None:
    await settle(site, "Totp", "BackupCode")
    await add_person(site)
    client = await identified(site)
    missing = await post(client, "/submit")
    assert refusal(missing) == (422, "user.missing_mfa")
    assert missing.json()["data"] == {"availableFactors": ["Totp"]}
    await set_app_up(site, client)
    assert refusal(await post(client, "/submit")) == (422, "session.mfa.backup_code_required")
    made = (await post(client, "/verification/backup-code/generate")).json()
    state = (await client.get(f"{API}/interaction")).json()
    assert state["mfa"] == {"totp": {"type": "Totp"}}
    assert made["codes"][0] not in str(state)
    body = {"type": "BackupCode", "verificationId": made["verificationId"]}
    assert (await post(client, "/profile/mfa", body)).status_code == 204
    assert (await post(client, "/submit")).status_code == 200

    client = await identified(site)
    wrong = await post(client, "/verification/backup-code/verify", {"code": "nothing"})
    assert refusal(wrong) == (400, "session.mfa.invalid_backup_code")
    wrong = await post(client, "/verification/totp/verify", {"code": "000000"})
    assert refusal(wrong) == (400, "session.mfa.invalid_totp_code")
    used = await post(client, "/verification/backup-code/verify", {"code": made["codes"][0]})
    assert used.status_code == 200
    assert (await post(client, "/submit")).status_code == 200


async def test_saying_no_and_yes(site: Site) -> None:
    await settle(site, "Totp", policy="PromptAtSignInAndSignUp")
    await add_person(site)
    client = await identified(site)
    assert (await post(client, "/submit")).json()["data"]["skippable"] is True
    assert (await post(client, "/profile/mfa/mfa-skipped")).status_code == 204
    assert (await post(client, "/submit")).status_code == 200

    await settle(site, "Totp")
    client = await identified(site)
    refused = await post(client, "/profile/mfa/mfa-skipped")
    assert refusal(refused) == (422, "session.mfa.mfa_policy_not_user_controlled")
    for name in ("mfa-enabled", "mfa-suggestion-skipped"):
        assert (await post(client, f"/profile/mfa/{name}")).status_code == 204
    assert refusal(await post(client, "/submit")) == (422, "user.missing_mfa")


async def test_who_is_nobody_yet_has_no_factor(site: Site) -> None:
    cases: list[tuple[str, Any]] = [
        ("/verification/mfa-verification-code", {"identifierType": "phone"}),
        ("/verification/totp/secret", None),
        ("/verification/totp/verify", {"code": "123456"}),
        ("/verification/backup-code/generate", None),
        ("/verification/backup-code/verify", {"code": "x"}),
        ("/profile/mfa", {"type": "Totp", "verificationId": "x"}),
        ("/profile/mfa/mfa-skipped", None),
        ("/profile/mfa/mfa-enabled", None),
    ]
    await settle(site, "Totp", "PhoneVerificationCode", "BackupCode")
    client = await site.started()
    await client.put(API, json={"interactionEvent": "SignIn"})

    for path, body in cases:
        answer = await post(client, path, body)

        assert refusal(answer) == (400, "session.identifier_not_found"), path


async def test_two_proofs_are_told_to_the_application_that_asks(site: Site) -> None:
    await settle(site, "Totp", policy="NoPrompt")
    await add_person(site)
    first = await identified(site)
    secret = await set_app_up(site, first)
    await post(first, "/submit")
    client = await identified(site, acr_values="urn:watchword:acr:2fa")
    assert (await post(client, "/submit")).status_code == 403
    # The code that set the app up is used up.
    again = await post(client, "/verification/totp/verify", {"code": app_code(site, secret)})
    assert refusal(again) == (400, "session.mfa.invalid_totp_code")
    ahead = pyotp.TOTP(secret).at(int(site.clock.now().timestamp()) + 30)
    await post(client, "/verification/totp/verify", {"code": ahead})
    submitted = await post(client, "/submit")
    await resume(client, submitted.json()["redirectTo"])

    # The session has two proofs, so the next application that asks is answered at once.
    answer = await client.get(
        "/oidc/auth",
        params={**AUTHORIZATION, "acr_values": "urn:watchword:acr:2fa", "prompt": "none"},
    )

    assert "code=" in answer.headers["location"]
