"""An emulator is found by what people know its provider as."""

import pytest

from watchword import emulators
from watchword.app import CONNECTORS

# They reach nobody, or a protocol's server of one's own.
WITHOUT = {
    "development-inbox",
    "development-email-inbox",
    "simple-mail-transfer-protocol",
    "oidc",
    "oauth2",
}


def test_each_connector_s_id_names_the_emulator_of_its_provider() -> None:
    found = {connector.id: emulators.find(connector.id) for connector in CONNECTORS}

    assert {id_ for id_, name in found.items() if name is None} == WITHOUT
    assert found["twilio-short-message-service"] == "twilio"
    assert found["aliyun-short-message-service"] == "aliyun"
    assert found["aliyun-short-message-auth-service"] == "aliyun_auth"
    assert (found["naver-sens-sms"], found["naver-universal"]) == ("naver_sens", "naver")
    assert {*found.values()} == {*emulators.names(), emulators.SMSC, None}


@pytest.mark.parametrize("name", [*emulators.names(), emulators.SMSC])
def test_a_name_may_be_written_with_either_line(name: str) -> None:
    assert emulators.find(name) == emulators.find(name.replace("_", "-").upper()) == name


@pytest.mark.parametrize("text", ["", "nobody", "twiliox", "http", "kit"])
def test_other_words_name_none(text: str) -> None:
    assert emulators.find(text) is None
