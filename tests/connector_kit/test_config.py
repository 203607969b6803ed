"""One model draws the form, validates, marks secrets and warns."""

from typing import Annotated, Any, Literal, Self

import pytest
from pydantic import Field, SecretStr, StringConstraints, model_validator

from watchword.connector_kit.config import (
    ConfigWarning,
    ConnectorConfig,
    Setting,
    looks_like,
    rule_broken,
)
from watchword.connector_kit.errors import InvalidConfig


class AcmeConfig(ConnectorConfig):
    account: Annotated[
        str,
        Setting(
            label={"en": "Account", "ko": "계정"},
            help={"en": "Yours", "ko": "내 계정"},
            placeholder="A-1",
            hint=looks_like(r"A-\d+", {"en": "A- and a number"}),
        ),
    ] = Field(alias="accountID")
    api_key: Annotated[SecretStr, Setting(label={"en": "Key"})] = Field(alias="apiKey")
    second: Annotated[SecretStr | None, Setting(label={"en": "Second"})] = None
    retries: Annotated[int, Setting(label={"en": "Retries"})] = 0
    is_test: Annotated[bool, Setting(label={"en": "Test"})] = Field(default=False, alias="isTest")
    speed: Annotated[
        Literal["fast", "slow"],
        Setting(label={"en": "Speed"}, titles={"fast": {"en": "Fast", "ko": "빠름"}}),
    ] = "fast"
    templates: Annotated[
        tuple[str, ...], Setting(label={"en": "T"}, default={"en": ["a"], "ko": ["가"]})
    ] = ()
    last: Annotated[str | None, Setting(label={"en": "Last"})] = None


GIVEN = {"accountID": "A-1", "apiKey": "hush-hush"}


def test_the_form_follows_from_the_model() -> None:
    assert AcmeConfig.form_items("ko") == [
        {
            "key": "accountID",
            "label": "계정",
            "type": "Text",
            "required": True,
            "placeholder": "A-1",
            "description": "내 계정",
        },
        {"key": "apiKey", "label": "Key", "type": "Text", "required": True, "isConfidential": True},
        {
            "key": "second",
            "label": "Second",
            "type": "Text",
            "required": False,
            "isConfidential": True,
        },
        {
            "key": "retries",
            "label": "Retries",
            "type": "Number",
            "required": False,
            "defaultValue": 0,
        },
        {
            "key": "isTest",
            "label": "Test",
            "type": "Switch",
            "required": False,
            "defaultValue": False,
        },
        {
            "key": "speed",
            "label": "Speed",
            "type": "Select",
            "required": False,
            "defaultValue": "fast",
            "selectItems": [
                {"value": "fast", "title": "빠름"},
                {"value": "slow", "title": "slow"},
            ],
        },
        {"key": "last", "label": "Last", "type": "Text", "required": False},
        {
            "key": "messagesPerSecond",
            "label": "초당 메시지 수",
            "type": "Number",
            "required": False,
            "description": ConnectorConfig.form_items("ko")[0]["description"],
        },
        {
            "key": "templates",
            "label": "T",
            "type": "Json",
            "required": False,
            "defaultValue": ["가"],
        },
    ]


def test_every_connector_can_be_given_a_pace() -> None:
    assert AcmeConfig.parse(GIVEN).messages_per_second is None
    assert AcmeConfig.parse({**GIVEN, "messagesPerSecond": ""}).reveal() == GIVEN
    for typed, pace in (("0.1", 0.1), (2.5, 2.5), ("1000", 1000.0)):
        config = AcmeConfig.parse({**GIVEN, "messagesPerSecond": typed})
        assert config.messages_per_second == pace


@pytest.mark.parametrize("pace", ["0", "0.09", "1000.1", "-1", "nan", "inf", "many"])
def test_a_pace_that_no_provider_keeps_is_refused(pace: str) -> None:
    with pytest.raises(InvalidConfig) as refused:
        AcmeConfig.parse({**GIVEN, "messagesPerSecond": pace})

    assert refused.value.fields == {"messagesPerSecond": "connector_kit.form.invalid"}


def test_a_setting_that_nobody_can_ask_for_is_a_defect() -> None:
    class Silent(ConnectorConfig):
        key: str

    with pytest.raises(TypeError):
        Silent.form_items()


def test_blank_answers_are_no_answers_and_white_space_is_cut() -> None:
    config = AcmeConfig.parse({**GIVEN, "apiKey": " hush-hush\n", "second": "", "last": None})

    assert config.reveal() == GIVEN


def test_falsy_answers_are_answers() -> None:
    assert AcmeConfig.parse({**GIVEN, "retries": 0, "isTest": False}).reveal() == {
        **GIVEN,
        "retries": 0,
        "isTest": False,
    }


def test_what_is_missing_or_wrong_is_named_without_repeating_values() -> None:
    with pytest.raises(InvalidConfig) as refused:
        AcmeConfig.parse({"apiKey": "hush-hush", "retries": "many", "speed": "hush-hush"})

    assert refused.value.fields == {
        "accountID": "connector_kit.form.required",
        "retries": "connector_kit.form.invalid",
        "speed": "connector_kit.form.invalid",
    }
    assert isinstance(refused.value.data, dict)
    assert refused.value.data["issues"][0] == {
        "code": "invalid_type",
        "path": ["accountID"],
        "message": "Required",
    }
    shown = f"{refused.value.words} {refused.value.detail} {refused.value.data}"
    assert "hush-hush" not in shown
    assert "many" not in shown


def test_a_secret_of_the_wrong_type_is_not_repeated_either() -> None:
    with pytest.raises(InvalidConfig) as refused:
        AcmeConfig.parse({**GIVEN, "apiKey": {"pasted": "hush-hush"}})

    assert "hush-hush" not in f"{refused.value.words} {refused.value.data}"


def test_an_unusual_value_warns_and_is_taken() -> None:
    assert AcmeConfig.parse({**GIVEN, "accountID": "B"}).warnings() == [
        ConfigWarning("accountID", {"en": "A- and a number"})
    ]
    assert AcmeConfig.parse(GIVEN).warnings() == []


def test_knows_its_secrets() -> None:
    config = AcmeConfig.parse(GIVEN)

    assert config.secret_keys() == {"apiKey", "second"}
    assert config.secret_values() == ("hush-hush",)
    assert "hush-hush" not in repr(config)


class PairedConfig(ConnectorConfig):
    user: Annotated[str | None, Setting(label={"en": "User"})] = None
    password: Annotated[SecretStr | None, Setting(label={"en": "Password"})] = None

    @model_validator(mode="after")
    def _is_a_pair(self) -> Self:
        if (self.user is None) != (self.password is None):
            sentence = {"en": "Fill in {both}, or neither.", "ko": "둘 다 적거나 비워 두세요."}
            raise rule_broken("password", sentence)
        return self


def test_a_connector_says_in_its_own_words_what_is_wrong() -> None:
    with pytest.raises(InvalidConfig) as refused:
        PairedConfig.parse({"user": "ada"})

    assert refused.value.texts == {
        "password": {"en": "Fill in {both}, or neither.", "ko": "둘 다 적거나 비워 두세요."}
    }
    assert refused.value.fields.keys() == {"password"}
    assert "password: Fill in {both}, or neither." in refused.value.words


class Nested(ConnectorConfig):
    """Settings that the contract keeps inside an object, and one beside it."""

    host: Annotated[str, Setting(label={"en": "Host"}, decides_destination=True)]
    port: Annotated[int, Setting(label={"en": "Port"}, decides_destination=True)] = 587
    user: Annotated[str, Setting(label={"en": "User"})] = Field(alias="auth.user")
    password: Annotated[SecretStr, Setting(label={"en": "Password"})] = Field(alias="auth.pass")


NESTED = {"host": "a.example", "auth": {"user": "u", "pass": "p", "more": 1}}


def test_what_the_contract_nests_is_flat_inside_and_nested_again_outside() -> None:
    config = Nested.parse(NESTED)

    assert config.reveal() == {"host": "a.example", "auth.user": "u", "auth.pass": "p"}
    assert Nested.nested(config.reveal()) == {
        "host": "a.example",
        "auth": {"user": "u", "pass": "p"},
    }
    assert Nested.flat(config.reveal()) == config.reveal()


@pytest.mark.parametrize("auth", [None, {}, "text", [1], {"user": "u"}])
def test_a_part_that_is_missing_is_named_by_its_dotted_key(auth: Any) -> None:
    with pytest.raises(InvalidConfig) as refused:
        Nested.parse({"host": "a.example", "auth": auth})

    assert "auth.pass" in refused.value.fields


def test_a_number_from_a_form_is_the_same_place_as_the_saved_one() -> None:
    saved = {"host": "a.example", "port": 587}

    assert not Nested.sends_elsewhere(saved, {**saved, "port": "587"})
    assert not Nested.sends_elsewhere({"host": "a.example"}, {**saved, "port": " 587 "})
    assert Nested.sends_elsewhere(saved, {**saved, "port": "25"})


ShortText = Annotated[str, StringConstraints(max_length=3)]


class WithRule(ConnectorConfig):
    name: Annotated[ShortText | None, Setting(label={"en": "Name"})] = None


def test_a_rule_for_an_optional_text_leaves_it_a_text() -> None:
    [item] = [item for item in WithRule.form_items() if item["key"] == "name"]

    assert item["type"] == "Text"
