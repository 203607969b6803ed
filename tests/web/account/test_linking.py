"""A signed-in person links social accounts, over the Account API and on the pages."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlencode

import httpx2
import pytest

from tests.web.account.conftest import HEADER, OTHER_PHONE, PHONE, Person, Site
from tests.web.account.test_account_api import outcome
from tests.web.account.test_account_pages import step_up
from tests.web.experience.conftest import ORIGIN
from tests.web.pages.browser import Browser
from tests.web.social.conftest import CLIENT, Providers, choose
from watchword.audit.models import SYSTEM
from watchword.connector_kit.registry import ConnectorRegistry
from watchword.core.phone import PhoneNumber
from watchword.providers.google.connector import GoogleConnector

ACCOUNT = "/api/my-account"
PROOFS = "/api/verifications/social"
STATE = "state-1"
ADA, GRACE = "100000000000000000001", "100000000000000000002"


@dataclass
class Linking:
    """A site with Google set up, and the network in which Google is."""

    site: Site
    providers: Providers
    connector_id: str

    async def begin(self, person: Person) -> tuple[str, str]:
        """Return the provider's address, and the record that waits."""
        asked = {
            "connectorId": self.connector_id,
            "state": STATE,
            "redirectUri": f"{ORIGIN}/callback/{self.connector_id}",
        }
        answer = await person.api.post(PROOFS, json=asked)
        assert answer.status_code == 201, answer.text
        return answer.json()["authorizationUri"], answer.json()["verificationRecordId"]

    async def finish(
        self, person: Person, record_id: str, answer: Mapping[str, str]
    ) -> httpx2.Response:
        """Hand the provider's answer over."""
        body = {"verificationRecordId": record_id, "connectorData": dict(answer)}
        return await person.api.post(f"{PROOFS}/verify", json=body)

    async def prove(self, person: Person, name: str = "ada") -> str:
        """Prove who one is at Google; return the record."""
        address, record_id = await self.begin(person)
        answer = await choose(self.providers, address, name)
        assert (await self.finish(person, record_id, answer)).status_code == 200
        return record_id

    async def link(
        self, person: Person, record_id: str, *, method: str = "POST", proof: str | None = None
    ) -> httpx2.Response:
        """Ask to link what was proved."""
        return await person.api.request(
            method,
            f"{ACCOUNT}/identities",
            json={"newIdentifierVerificationRecordId": record_id},
            headers={HEADER: proof or await person.prove_by_password()},
        )

    async def social_id(self, person: Person) -> str | None:
        """Return which Google account is linked."""
        identities = (await (await self.site.scope()).users.get(person.id)).identities
        return identities["google"]["userId"] if "google" in identities else None


@pytest.fixture
async def linking(site: Site) -> Linking:
    server = site.server
    server.registry = ConnectorRegistry([*server.registry.list(), GoogleConnector])
    server.provider_base_urls = {"google-universal": "http://google"}
    server.outbound.transport = providers = Providers()
    await server.forget("default")
    configuration = (await site.scope()).configuration
    saved = await configuration.connectors.create(SYSTEM, "google-universal", CLIENT)
    configuration = (await site.scope()).configuration
    await configuration.settings.save_sign_in(SYSTEM, {"socialSignInConnectorTargets": ["google"]})
    return Linking(site, providers, saved.id)


async def other(site: Site) -> Person:
    """Return somebody else who is signed in."""
    return await site.sign_in(await site.add_user(primary_phone=PhoneNumber(OTHER_PHONE)))


async def test_a_proved_social_account_is_linked_noted_and_told(
    linking: Linking, ada: Person
) -> None:
    record_id = await linking.prove(ada)

    answer = await linking.link(ada, record_id)

    assert answer.status_code == 204
    shown = (await ada.api.get(ACCOUNT)).json()["identities"]
    assert shown["google"]["userId"] == ADA
    await linking.site.settle()
    [(to, words)] = linking.site.notices()
    assert to == PHONE
    assert "Google" in words
    audit = (await linking.site.scope()).own_account.accounts.audit
    noted = [entry.event for entry in (await audit.list()).items]
    assert "user.changed" in noted


async def test_linking_wants_a_fresh_proof_of_who_asks(linking: Linking, ada: Person) -> None:
    record_id = await linking.prove(ada)

    # What proves the account at Google says nothing of who sits here.
    for proof in ("", record_id):
        answer = await ada.api.post(
            f"{ACCOUNT}/identities",
            json={"newIdentifierVerificationRecordId": record_id},
            headers={HEADER: proof},
        )
        assert await outcome(answer) == (401, "verification_record.permission_denied")
    assert await linking.social_id(ada) is None


async def test_only_a_finished_proof_of_the_same_person_links(
    linking: Linking, ada: Person
) -> None:
    bob = await other(linking.site)
    _, unfinished = await linking.begin(ada)
    of_bob = await linking.prove(bob)
    password = await ada.prove_by_password()

    for record_id in (unfinished, of_bob, password, "x"):
        answer = await linking.link(ada, record_id, proof=password)
        assert await outcome(answer) == (400, "verification_record.not_found")
    assert await linking.social_id(ada) is None


async def test_a_proof_at_a_provider_lives_ten_minutes(linking: Linking, ada: Person) -> None:
    record_id = await linking.prove(ada)
    linking.site.clock.advance(timedelta(minutes=10))

    answer = await linking.link(ada, record_id)

    assert await outcome(answer) == (400, "verification_record.not_found")


async def test_an_answer_counts_once_and_only_with_its_state(linking: Linking, ada: Person) -> None:
    address, record_id = await linking.begin(ada)
    answer = await choose(linking.providers, address, "ada")

    mixed_up = await linking.finish(ada, record_id, {**answer, "state": "another"})
    first = await linking.finish(ada, record_id, answer)
    again = await linking.finish(ada, record_id, answer)

    assert await outcome(mixed_up) == (400, "session.csrf_token_mismatch")
    assert first.status_code == 200
    assert await outcome(again) == (401, "connector.social_auth_code_invalid")


async def test_somebody_elses_social_account_is_not_linked(linking: Linking, ada: Person) -> None:
    bob = await other(linking.site)
    assert (await linking.link(bob, await linking.prove(bob))).status_code == 204

    for method in ("POST", "PUT"):
        answer = await linking.link(ada, await linking.prove(ada), method=method)
        assert await outcome(answer) == (422, "user.identity_already_in_use")


async def test_a_second_account_of_a_provider_replaces_the_first_only_where_asked(
    linking: Linking, ada: Person
) -> None:
    await linking.link(ada, await linking.prove(ada))

    added = await linking.link(ada, await linking.prove(ada, "work"))
    assert await outcome(added) == (422, "user.identity_already_in_use")
    replaced = await linking.link(ada, await linking.prove(ada, "work"), method="PUT")

    assert replaced.status_code == 204
    assert await linking.social_id(ada) == GRACE


async def test_what_the_tenant_or_the_scope_does_not_allow_is_refused(
    linking: Linking, ada: Person
) -> None:
    site = linking.site
    user = await (await site.scope()).users.get(ada.id)
    little = await site.sign_in(user, scope="openid profile")
    record_id = await linking.prove(little)
    assert await outcome(await linking.link(little, record_id)) == (401, "auth.unauthorized")

    await site.open_account_center(social="ReadOnly")
    record_id = await linking.prove(ada)
    answer = await linking.link(ada, record_id)
    assert await outcome(answer) == (400, "account_center.field_not_editable")


async def test_a_third_partys_application_begins_nothing(linking: Linking, ada: Person) -> None:
    third = await linking.site.add_application(is_third_party=True)
    user = await (await linking.site.scope()).users.get(ada.id)
    guest = await linking.site.sign_in(user, application_id=third, scope="openid identities")

    asked = {"connectorId": linking.connector_id, "state": "s", "redirectUri": ORIGIN}
    answer = await guest.api.post(PROOFS, json=asked)

    assert await outcome(answer) == (403, "auth.third_party_application_forbidden")


async def leave(browser: Browser) -> str:
    """Press the button that leads to the provider, and return its address."""
    answer = await browser.post()
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


async def come_back(linking: Linking, browser: Browser, address: str, name: str | None) -> Browser:
    """Choose who one is, and come back by the address that the provider knows."""
    answer = await choose(linking.providers, address, name)
    path = f"/callback/{linking.connector_id}?{urlencode(answer)}"
    response = await browser.client.get(path)
    return await browser.open(response.headers["location"])


async def test_the_pages_link_an_account_and_take_it_away(linking: Linking, ada: Person) -> None:
    await linking.site.set_email_up()
    browser = await ada.browser.open("/account/security")
    assert "Not linked" in browser.page.words
    await browser.open("/account/social/google")
    await step_up(browser)
    assert "Link Google" in browser.page.words

    await come_back(linking, browser, await leave(browser), "ada")
    assert browser.page.path == "/account/social/success"
    assert "The account is linked" in browser.page.words
    assert await linking.social_id(ada) == ADA

    await browser.open("/account/social/google")
    assert "ada.example@gmail.com" in browser.page.words
    await browser.submit()
    assert "The account is no longer linked" in browser.page.words
    assert await linking.social_id(ada) is None
    await linking.site.settle()
    assert len(linking.site.notices()) == 2


async def test_the_page_says_what_became_of_a_try_that_failed(
    linking: Linking, ada: Person
) -> None:
    browser = await ada.browser.open("/account/social/google")
    await step_up(browser)

    await come_back(linking, browser, await leave(browser), None)

    assert browser.page.path == "/account/social/google"
    assert "did not let you in" in browser.page.words
    assert "Link Google" in browser.page.words
    assert await linking.social_id(ada) is None
    korean = next(link for link in browser.page.links if "lang=ko" in link)
    await browser.open(korean)
    assert "다른 서비스에서 로그인을 마치지 못했어요" in browser.page.words


async def test_an_answer_to_another_sessions_try_links_nothing(
    linking: Linking, ada: Person
) -> None:
    # An attacker begins, and leads somebody who is signed in to where the provider sent them.
    bob = await other(linking.site)
    browser = await bob.browser.open("/account/social/google")
    await step_up(browser)
    address = await leave(browser)
    victim = await ada.browser.open("/account/social/google")
    await step_up(victim)

    await come_back(linking, victim, address, "ada")

    assert victim.page.path == "/account/social/google"
    assert "Link Google" in victim.page.words
    assert await linking.social_id(ada) is None
    assert await linking.social_id(bob) is None


async def test_an_answer_to_the_same_persons_try_elsewhere_links_nothing_here(
    linking: Linking, ada: Person
) -> None:
    browser = await ada.browser.open("/account/social/google")
    await step_up(browser)
    address = await leave(browser)
    user = await (await linking.site.scope()).users.get(ada.id)
    elsewhere = (await linking.site.sign_in(user)).browser
    await elsewhere.open("/account/social/google")
    await step_up(elsewhere)

    await come_back(linking, elsewhere, address, "ada")

    assert "Link Google" in elsewhere.page.words
    assert await linking.social_id(ada) is None


async def test_linking_on_a_page_wants_a_proof_that_is_still_fresh_on_the_way_back(
    linking: Linking, ada: Person
) -> None:
    browser = await ada.browser.open("/account/social/google")
    await step_up(browser)
    address = await leave(browser)
    linking.site.clock.advance(timedelta(minutes=10))

    await come_back(linking, browser, address, "ada")

    assert browser.page.path == "/account/verify"
    assert await linking.social_id(ada) is None
