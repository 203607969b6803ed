"""Every provider is listed, and has each proof or a reason why not."""

from typing import Any

import pytest

from tests.architecture.reference import ROOT, reference
from watchword.app import CONNECTORS
from watchword.connector_kit.connector import Connector as AnyConnector
from watchword.connector_kit.registry import ConnectorRegistry
from watchword.connector_kit.session import SessionConnector
from watchword.providers.twilio.connector import TwilioConnector

PROVIDERS = ROOT / "src" / "watchword" / "providers"
TABLE = reference.reference_providers

Connector = type[AnyConnector[Any, Any]]

CLASSES = ConnectorRegistry(CONNECTORS).list()

each_connector = pytest.mark.parametrize(
    "connector", CLASSES, ids=lambda connector: connector.metadata.id
)


def test_every_provider_in_its_folder_is_listed_in_the_composition_root() -> None:
    found = {
        "watchword.providers." + ".".join(path.relative_to(PROVIDERS).with_suffix("").parts)
        for path in PROVIDERS.rglob("connector.py")
    }
    assert found - {connector.__module__ for connector in CLASSES} == set()


def test_every_provider_is_listed_by_the_id_it_gives_itself() -> None:
    listed = [shipped.id for shipped in CONNECTORS]

    assert listed == [shipped.load().metadata.id for shipped in CONNECTORS]


@each_connector
def test_no_cell_is_empty_without_a_reason(connector: Connector) -> None:
    assert [proof.kind for proof in TABLE.proofs(connector) if not proof.cell] == []
    assert [column for column, text in TABLE.supports(connector).items() if not text] == []


@each_connector
def test_no_reason_explains_away_what_is_there(connector: Connector) -> None:
    assert [proof.kind for proof in TABLE.proofs(connector) if proof.found and proof.reason] == []


@each_connector
def test_nothing_explains_away_the_contract(connector: Connector) -> None:
    assert TABLE.proofs(connector)[0].found == "yes"


class Unproved(TwilioConnector):
    """A connector that no test is about."""


def test_a_connector_that_no_test_is_about_has_no_proof() -> None:
    assert [proof.found for proof in TABLE.proofs(Unproved)] == [""] * len(TABLE.PROOFS)


def test_every_reason_is_about_a_proof_of_a_connector_that_is_here() -> None:
    known = {connector.metadata.id for connector in CLASSES}
    reasons = TABLE.without()

    assert reasons.keys() - known == set()
    assert {kind for given in reasons.values() for kind in given} - TABLE.PROOFS.keys() == set()


@each_connector
def test_a_card_promises_what_the_connector_does(connector: Connector) -> None:
    features = connector.metadata.features
    reports = connector.has_reports or issubclass(connector, SessionConnector)
    checks = connector.check_credentials is not AnyConnector.check_credentials

    assert ("delivery_reports" in features) is reports
    assert ("credential_check" in features) is checks
