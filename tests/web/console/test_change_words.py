"""Changes in words: each setting by its name on its page, each id by the name of what it is."""

import pytest

from tests.web.console.conftest import HOME, Browser, Site
from tests.web.console.test_connectors import set_twilio_up
from tests.web.console.test_trials import begin
from watchword.account.models import FIELDS
from watchword.audit.models import SYSTEM
from watchword.configuration.models import Change, Kind
from watchword.connector_kit.registry import ConnectorClass, ConnectorRegistry
from watchword.core.phrases import Phrases
from watchword.providers.twilio.connector import TwilioConnector
from watchword.web.console.change_words import ChangeWords

TWILIO = TwilioConnector.metadata.id


@pytest.mark.parametrize("language", ["en", "ko"])
def test_every_field_of_an_account_has_a_name_and_values_that_nobody_knows_stay(
    language: str,
) -> None:
    words = ChangeWords(Phrases.load(), language, ConnectorRegistry(()))

    names = [words.setting(f"fields.{name}") for name in FIELDS]

    assert "" not in names
    assert len(set(names)) == len(FIELDS)
    assert words.setting("adaptiveMfa.enabled") == ""
    assert words.value("mfa.factors", ["WebAuthn"]) == "WebAuthn"
    assert words.value("connectorId", "gone") == "gone"
    assert words.setting("config.key", Kind.CONNECTOR, "gone") == "key"
    assert words.setting("config.X-Key", Kind.WEBHOOK).endswith(" · X-Key")


def test_one_setting_is_called_as_on_the_page_of_what_it_belongs_to() -> None:
    words = ChangeWords(Phrases.load(), "en", ConnectorRegistry(()))

    assert words.setting("enabled", Kind.WEBHOOK) == "Send events"
    assert words.setting("enabled", Kind.ACCOUNT_CENTER).startswith("People may look after")
    assert words.value("events", ["User.Created"], Kind.WEBHOOK) == "A user was created"
    gone = Change("scopes", [{"id": "1", "name": "read:orders", "description": "See"}], [])
    assert words.value(gone.field, gone.before, Kind.RESOURCE) == "read:orders (See)"


def test_a_table_has_no_row_for_what_is_empty_before_and_after() -> None:
    words = ChangeWords(Phrases.load(), "en", ConnectorRegistry(()))
    nothing = [Change("fields", {}, None), Change("numbers", None, []), Change("numbers", [], None)]
    changes = [Change("fields.phone", None, "Edit"), Change("share", None, 0)]

    assert words.rows([*nothing, *changes]) == changes


def test_a_connectors_form_is_drawn_once_for_all_rows_of_a_page() -> None:
    class Counting(ConnectorRegistry):
        asked = 0

        def find(self, connector_id: str) -> ConnectorClass | None:
            self.asked += 1
            return super().find(connector_id)

    registry = Counting([TwilioConnector])
    words = ChangeWords(Phrases.load(), "en", registry)

    for _ in range(3):
        assert words.setting("config.region", Kind.CONNECTOR, TWILIO) == "Region"
        assert words.value("config.region", "ie1", Kind.CONNECTOR, TWILIO) == "Ireland"

    assert registry.asked == 1


async def test_a_choice_of_a_connectors_form_is_called_as_the_form_calls_it(
    site: Site, owner: Browser
) -> None:
    instance = await set_twilio_up(owner)
    await owner.open(f"connectors/{instance}")
    await owner.submit(f"/{instance}", region="ie1")

    page = await owner.open(f"connectors/{instance}/history")

    assert "Region United States Ireland" in page.words


async def test_a_history_names_permissions_and_connectors_instead_of_their_ids(
    site: Site, owner: Browser
) -> None:
    inbox = await begin(owner)
    await owner.open(f"connectors/{inbox}/trial")
    owner.page.form("/trial/promote").action = f"{HOME}/connectors/{inbox}/trial/drop"
    await owner.submit("/trial/drop")
    scope = await site.scope()
    orders = await scope.configuration.resources.create(SYSTEM, "Orders", "https://orders.example")
    made = await scope.configuration.resources.add_scope(SYSTEM, orders.id, "read:orders")
    await owner.open("applications/new")
    page = await owner.submit("/applications/new", name="Shop", type="SPA")
    link = next(link for link in page.links if "/applications/" in link)
    await owner.open(link.removeprefix(f"{HOME}/"))
    await owner.submit("/scopes", scope=made.id)

    page = await owner.open("configuration")

    assert "Access to APIs empty read:orders" in page.words
    assert "Connector on trial Twilio SMS Service empty" in page.words
    assert made.id not in page.words
