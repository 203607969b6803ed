"""Which connectors there are."""

from importlib.metadata import EntryPoint, EntryPoints
from typing import Any

import pytest

from watchword.connector_kit import registry as registry_module
from watchword.connector_kit.errors import ConnectorClassNotFound
from watchword.connector_kit.guides import guide
from watchword.connector_kit.registry import ENTRY_POINTS, ConnectorRegistry
from watchword.providers.development_inbox.connector import DevelopmentInboxConnector
from watchword.providers.http_sms.connector import WebhookConnector
from watchword.providers.twilio.connector import TwilioConnector


def test_finds_by_id_in_the_given_order() -> None:
    registry = ConnectorRegistry([TwilioConnector, WebhookConnector])

    assert registry.list() == [TwilioConnector, WebhookConnector]
    assert registry.get("http-sms") is WebhookConnector
    assert registry.find("none") is None
    with pytest.raises(ConnectorClassNotFound):
        registry.get("none")


def test_refuses_two_of_one_id_and_what_is_no_connector() -> None:
    registry = ConnectorRegistry([TwilioConnector])
    with pytest.raises(ValueError, match="twilio-short-message-service"):
        registry.add(TwilioConnector)
    with pytest.raises(TypeError):
        registry.add(dict)


def test_installed_packages_add_theirs_and_a_broken_one_costs_only_itself(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def points(**selected: Any) -> EntryPoints:
        assert selected == {"group": ENTRY_POINTS}
        return EntryPoints(
            EntryPoint(name, value, ENTRY_POINTS)
            for name, value in (
                (
                    "inbox",
                    "watchword.providers.development_inbox.connector:DevelopmentInboxConnector",
                ),
                ("broken", "watchword.no_such_module:Connector"),
                ("taken", "watchword.providers.twilio.connector:TwilioConnector"),
                ("odd", "watchword.providers.twilio.config:TwilioConfig"),
            )
        )

    monkeypatch.setattr(registry_module, "entry_points", points)
    registry = ConnectorRegistry.with_installed([TwilioConnector])

    assert registry.list() == [TwilioConnector, DevelopmentInboxConnector]


def test_an_unknown_language_reads_the_english_guide_and_is_never_a_path() -> None:
    english = guide(TwilioConnector, "en")

    assert guide(TwilioConnector, "de") == english
    assert guide(TwilioConnector, "../../../../etc/passwd") == english
    assert guide(TwilioConnector, "ko") != english
