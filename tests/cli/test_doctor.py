"""`watchword doctor`: it says what to mend, whatever is wrong."""

import json

import pytest

from tests.cli.conftest import Watchword


def test_a_database_without_a_schema_is_a_finding_with_its_remedy(
    watchword: Watchword, monkeypatch: pytest.MonkeyPatch, postgresql_url: str
) -> None:
    monkeypatch.setenv("WATCHWORD_DATABASE_URL", f"{postgresql_url}/postgres")

    ended = watchword("doctor", "--json")

    found = {finding["check"]: finding for finding in ended.json}
    assert ended.code == 1
    assert "watchword migrate" in found["database schema"]["remedy"]
    assert not found["secret keys"]["is_fine"]
    assert not found["connectors"]["is_fine"]


def test_a_database_that_is_not_there_is_a_finding_of_every_check_that_asks_it(
    watchword: Watchword, monkeypatch: pytest.MonkeyPatch, postgresql_url: str
) -> None:
    monkeypatch.setenv("WATCHWORD_DATABASE_URL", f"{postgresql_url}/no_such_database")

    ended = watchword("doctor", "--json")

    wanting = {finding["check"] for finding in ended.json if not finding["is_fine"]}
    assert ended.code == 1
    assert wanting >= {"database schema", "secret keys", "database clock", "connectors"}


def test_an_address_for_a_connector_that_does_not_exist_is_a_finding(
    watchword: Watchword, monkeypatch: pytest.MonkeyPatch
) -> None:
    slip = {"twillio": "https://127.0.0.1:1", "http-sms": "https://127.0.0.1:1"}
    monkeypatch.setenv("WATCHWORD_PROVIDER_BASE_URLS", json.dumps(slip))

    ended = watchword("doctor", "--json")

    found = {finding["check"]: finding for finding in ended.json}
    assert not found["provider addresses"]["is_fine"]
    assert "names twillio, which" in found["provider addresses"]["remedy"]
