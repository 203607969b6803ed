"""A provider's word is one proof: who has a second factor still gives it."""

from base64 import urlsafe_b64decode
from urllib.parse import parse_qs, urlsplit

import orjson
import pyotp

from tests.interactions.world import OUTBOX
from tests.web.experience.conftest import AUTHORIZATION, VERIFIER
from tests.web.social.conftest import PHONE, Person, Site
from tests.web.social.test_experience import NO_DEMANDS, code_of
from tests.web.social.test_pages import by_way_of, press
from watchword.audit.models import SYSTEM
from watchword.core.phone import PhoneNumber
from watchword.users.models import User, UserChange

ADA = "100000000000000000001"
MFA = {"mfa": {"factors": ["Totp"], "policy": "NoPrompt"}}


async def guarded(site: Site, **identities: str) -> tuple[User, str]:
    """Return somebody with an authenticator app, and the app's secret."""
    await site.settle(**NO_DEMANDS, **MFA)
    user = await site.add_user(primary_phone=PhoneNumber(PHONE), is_phone_verified=True)
    scope = await site.scope()
    linked = {target: {"userId": id_} for target, id_ in identities.items()}
    await scope.users.change(user.id, UserChange(identities=linked))
    totp = scope.account_factors.new_totp()
    await scope.account_factors.add_totp(SYSTEM, user.id, totp)
    return user, scope.factors.secret_of(totp)


def app_code(site: Site, secret: str) -> str:
    return pyotp.TOTP(secret).at(int(site.clock.now().timestamp()))


async def methods_of(person: Person, redirect_to: str) -> tuple[list[str], str | None]:
    """Return `amr` and `acr` of the ID token that the application is given."""
    answer = await person.client.get(redirect_to)
    given = await person.client.post(
        "/oidc/token",
        data={
            "grant_type": "authorization_code",
            "client_id": AUTHORIZATION["client_id"],
            "redirect_uri": AUTHORIZATION["redirect_uri"],
            "code": parse_qs(urlsplit(answer.headers["location"]).query)["code"][0],
            "code_verifier": VERIFIER,
        },
    )
    body = given.json()["id_token"].split(".")[1]
    claims = orjson.loads(urlsafe_b64decode(f"{body}=="))
    return claims["amr"], claims.get("acr")


async def test_who_has_a_second_factor_gives_it_and_the_token_tells_both(site: Site) -> None:
    google = await site.connect("google")
    _, secret = await guarded(site, google=ADA)
    person = await site.person()
    assert (await person.identify(await person.prove(google, "ada"))).status_code == 204

    refused = await person.submit()
    assert (refused.status_code, code_of(refused)) == (403, "session.mfa.require_mfa_verification")
    proved = await person.post("/verification/totp/verify", code=app_code(site, secret))
    assert proved.status_code == 200
    done = await person.submit()

    amr, acr = await methods_of(person, done.json()["redirectTo"])
    assert amr == ["fed", "otp"]
    assert acr == "urn:watchword:acr:2fa"


async def test_nothing_is_linked_before_the_second_proof(site: Site) -> None:
    kakao = await site.connect("kakao")
    owner, secret = await guarded(site)
    person = await site.person()
    record_id = await person.prove(kakao, "minji")
    linked = await person.identify(record_id, linkSocialIdentity=True)
    assert linked.status_code == 204

    assert (await person.submit()).status_code == 403
    assert await site.owner_of("kakao", "2001") is None
    await person.post("/verification/totp/verify", code=app_code(site, secret))
    assert (await person.submit()).status_code == 200

    user = await site.owner_of("kakao", "2001")
    assert user is not None
    assert user.id == owner.id


async def test_a_social_account_is_added_to_a_profile_after_the_second_proof_only(
    site: Site,
) -> None:
    google = await site.connect("google")
    _, secret = await guarded(site)
    person = await site.person()
    await person.identify(await person.prove_phone(event="SignIn"))
    record_id = await person.prove(google, "ada")

    early = await person.post("/profile", type="social", verificationId=record_id)
    await person.post("/verification/totp/verify", code=app_code(site, secret))
    added = await person.post("/profile", type="social", verificationId=record_id)
    done = await person.submit()

    assert code_of(early) == "session.mfa.require_mfa_verification"
    assert added.status_code == 204
    amr, _ = await methods_of(person, done.json()["redirectTo"])
    assert amr == ["sms", "otp", "fed"]
    assert await site.owner_of("google", ADA) is not None


async def test_the_pages_ask_for_the_second_step_and_for_it_again_on_reload(site: Site) -> None:
    await site.connect("google")
    _, secret = await guarded(site, google=ADA)
    browser = await by_way_of(site, await site.browser(), "google", "ada")
    assert browser.page.path == "/mfa-verification/Totp"
    await browser.open("/sign-in")
    assert not browser.is_signed_in
    await browser.open("/mfa-verification/Totp")

    await browser.submit(code=app_code(site, secret))

    assert browser.is_signed_in


async def test_a_typed_number_links_after_its_code_and_the_second_step(site: Site) -> None:
    await site.connect("google")
    owner, secret = await guarded(site)
    await site.settle(socialSignIn={"skipRequiredIdentifiers": False})
    browser = await by_way_of(site, await site.browser(), "google", "ada")
    assert browser.page.path == "/continue/phone"
    await browser.submit(identifier="010-1234-5678", country="KR")
    await browser.submit(code=str(OUTBOX[-1].variables["code"]))
    await press(browser, "link")
    assert browser.page.path == "/mfa-verification/Totp"
    assert await site.owner_of("google", ADA) is None

    await browser.submit(code=app_code(site, secret))

    assert browser.is_signed_in
    user = await site.owner_of("google", ADA)
    assert user is not None
    assert user.id == owner.id


async def test_somebody_new_sets_a_second_factor_up_where_the_tenant_wants_one(
    site: Site,
) -> None:
    await site.settle(**NO_DEMANDS, mfa={"factors": ["Totp", "BackupCode"], "policy": "Mandatory"})
    await site.connect("google")

    browser = await by_way_of(site, await site.browser(), "google", "ada")

    assert browser.page.path.startswith("/mfa-binding")
    assert not browser.is_signed_in
