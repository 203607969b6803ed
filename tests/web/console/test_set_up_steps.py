"""The check list of a new tenant: nothing is ticked before it works."""

from datetime import timedelta
from typing import Any

import pytest

from tests.messaging.rows import message_row
from tests.web.console.conftest import HOME, Browser, Site
from watchword.applications.models import NewApplication
from watchword.audit.models import SYSTEM, Actor
from watchword.core.phone import PhoneNumber
from watchword.messaging.models import MessageState
from watchword.users.models import NewUser
from watchword.web.console.set_up_steps import missing_of_tests

ALICE = PhoneNumber.parse("+447700900123")
BY_NAME = {"identifiers": ["username"], "password": True, "verify": False}
BY_PHONE = {
    "signUp": {"identifiers": ["phone"], "password": False, "verify": True},
    "signIn": {
        "methods": [
            {
                "identifier": identifier,
                "password": True,
                "verificationCode": identifier == "phone",
                "isPasswordPrimary": identifier == "username",
            }
            for identifier in ("phone", "username")
        ]
    },
}
DELIVERED, ACCEPTED = MessageState.DELIVERED, MessageState.ACCEPTED
FAILED, UNDELIVERED = MessageState.FAILED, MessageState.UNDELIVERED


@pytest.fixture
async def connector(site: Site) -> str:
    connectors = (await site.scope()).configuration.connectors
    return (await connectors.create(SYSTEM, "development-inbox", {})).id


async def test_a_machine_and_an_application_without_a_way_back_count_for_nothing(
    site: Site, owner: Browser
) -> None:
    applications = (await site.scope()).configuration.applications
    await applications.create(SYSTEM, NewApplication(name="Job", type="MachineToMachine"))
    assert "Add an application" in (await owner.open("get-started")).words

    web = (await applications.create(SYSTEM, NewApplication(name="Web", type="SPA"))).application
    page = await owner.open("get-started")
    assert "it has no redirect URI" in page.words
    assert f"{HOME}/applications/{web.id}" in page.links

    redirect = {"redirectUris": ["https://app.example.com/callback"]}
    await applications.change(SYSTEM, web.id, {"oidcClientMetadata": redirect})
    assert "Add an application" not in (await owner.open("get-started")).words


async def test_a_person_counts_who_has_a_phone_and_signed_in(site: Site, owner: Browser) -> None:
    users = (await site.scope()).users
    await users.create(NewUser(username="bob", is_signed_in=True))
    await users.create(NewUser(primary_phone=ALICE))
    assert "Open live preview" in (await owner.open("get-started")).words

    await users.create(NewUser(primary_phone=PhoneNumber.parse("+447700900124"), is_signed_in=True))

    assert "Open live preview" not in (await owner.open("get-started")).words


async def test_who_has_no_provider_is_led_to_the_inbox_and_told_where_the_code_is(
    site: Site, owner: Browser
) -> None:
    page = await owner.open("get-started")
    assert f"{HOME}/connectors/set-up/development-inbox" in page.links
    assert "The code arrives in the development inbox" not in page.words

    await (await site.scope()).configuration.connectors.create(SYSTEM, "development-inbox", {})

    page = await owner.open("get-started")
    assert f"{HOME}/connectors/set-up/development-inbox" not in page.links
    assert "The code arrives in the development inbox" in page.words


@pytest.mark.parametrize(
    ("changes", "note"),
    [
        ({"signInMode": "Register"}, "only creating accounts is switched on"),
        ({"signUp": BY_NAME}, "sign-up does not ask for a phone number"),
        ({"signUp": BY_NAME, "signInMode": "SignIn"}, ""),
        ({}, ""),
    ],
)
async def test_phone_sign_in_counts_once_people_get_in_by_it(
    site: Site, owner: Browser, connector: str, changes: dict[str, Any], note: str
) -> None:
    settings = (await site.scope()).configuration.settings
    await settings.save_sign_in(SYSTEM, {**BY_PHONE, **changes})

    page = await owner.open("get-started")

    assert ("Choose sign-in methods" in page.words) == bool(note)
    assert note in page.words


async def test_a_test_counts_until_the_connector_is_changed(
    site: Site, owner: Browser, connector: str
) -> None:
    test_page = f"{HOME}/connectors/{connector}#test"
    assert test_page in (await owner.open("get-started")).links
    scope = await site.scope()
    saved = await scope.connectors.get(connector)
    who = Actor("operator", "ada", "ada")
    await scope.messaging.tests.send(ALICE, saved.connector_id, {}, keep_from=saved, actor=who)
    assert test_page not in (await owner.open("get-started")).links

    usages = ("Generic", "SignIn", "Register", "ForgotPassword")
    wording = {"templates": [{"usageType": one, "content": "{{code}}"} for one in usages]}
    await scope.configuration.connectors.change(SYSTEM, connector, wording)

    assert test_page in (await owner.open("get-started")).links


async def test_a_test_that_failed_long_ago_is_not_looked_for_in_the_log(
    site: Site, owner: Browser, connector: str
) -> None:
    rows, now = (await site.scope()).messaging.rows, site.clock.now()
    failed = {"is_test": True, "state": FAILED, "connector_instance_id": connector}
    await rows.add(message_row(now - timedelta(days=2), **failed))
    assert "The last test did not arrive" not in (await owner.open("get-started")).words

    await rows.add(message_row(now - timedelta(hours=2), **failed))

    assert "The last test did not arrive" in (await owner.open("get-started")).words


@pytest.mark.parametrize(
    ("states", "is_tested", "is_reported", "missing"),
    [
        ([], True, True, ""),
        ([ACCEPTED], True, False, ""),
        ([ACCEPTED], True, True, "test.not_yet"),
        ([UNDELIVERED, ACCEPTED], True, True, "test.failed"),
        ([UNDELIVERED, DELIVERED], True, True, ""),
        ([FAILED], False, False, "test.failed"),
    ],
)
def test_a_test_that_was_taken_is_not_one_that_arrived(
    states: list[MessageState], is_tested: bool, is_reported: bool, missing: str
) -> None:
    assert missing_of_tests(states, is_tested=is_tested, is_reported=is_reported) == missing
