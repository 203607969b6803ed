"""The console's form: what follows from adding, removing and switching."""

import pytest

from watchword.connector_kit.models import ConnectorType
from watchword.sign_in_settings.models import SignInSettings
from watchword.sign_in_settings.sections import SignUpChoice
from watchword.sign_in_settings.service import SignInRules


@pytest.fixture
def empty() -> SignInSettings:
    """Return a tenant nobody can sign up to."""
    settings = SignInSettings()
    return settings.without_sign_up_identifier("username").without_sign_in_method("username")


def method(settings: SignInSettings, identifier: str) -> tuple[bool, bool, bool] | None:
    found = next((m for m in settings.sign_in.methods if m.identifier == identifier), None)
    if found is None:
        return None
    return found.password, found.verification_code, found.is_password_primary


def test_the_first_identifier_is_primary_and_brings_its_way_to_sign_in(
    empty: SignInSettings,
) -> None:
    settings = empty.with_sign_up_identifier("phone")

    assert settings.sign_up.identifiers == ("phone",)
    assert settings.sign_up.verify
    assert not settings.sign_up.password
    assert method(settings, "phone") == (True, True, True)
    assert settings.forgot_password_methods == ("PhoneVerificationCode",)


def test_more_identifiers_are_secondary() -> None:
    document = SignInSettings().with_sign_up_identifier("phone").document()

    assert document["signUp"] == {
        "identifiers": ["username"],
        "password": True,
        "verify": False,
        "secondaryIdentifiers": [{"identifier": "phone", "verify": True}],
    }
    assert [m["identifier"] for m in document["signIn"]["methods"]] == ["username", "phone"]


def test_email_or_phone_is_two_identifiers(empty: SignInSettings) -> None:
    settings = empty.with_sign_up_identifier("emailOrPhone")

    assert settings.sign_up.identifiers == ("email", "phone")
    assert settings.sign_up.choices == ("emailOrPhone",)
    assert [m.identifier for m in settings.sign_in.methods] == ["email", "phone"]
    assert settings.forgot_password_methods == (
        "EmailVerificationCode",
        "PhoneVerificationCode",
    )


@pytest.mark.parametrize(
    ("chosen", "still_open"),
    [
        ([], ("email", "phone", "username", "emailOrPhone")),
        (["phone"], ("email", "username")),
        (["emailOrPhone"], ("username",)),
        (["username"], ("email", "phone", "emailOrPhone")),
    ],
)
def test_single_and_combined_exclude_each_other(
    empty: SignInSettings, chosen: list[SignUpChoice], still_open: tuple[str, ...]
) -> None:
    assert empty.with_sign_up_choices(chosen).open_sign_up_choices == still_open


def test_a_username_turns_the_password_on_everywhere(empty: SignInSettings) -> None:
    settings = empty.with_sign_up_identifier("phone").with_sign_in_factors(
        "phone", password=False, verification_code=True, is_password_primary=False
    )
    assert method(settings, "phone") == (False, True, False)

    settings = settings.with_sign_up_identifier("username")

    assert settings.sign_up.password
    assert method(settings, "phone") == (True, True, False)
    assert method(settings, "username") == (True, False, True)


def test_a_code_that_is_a_second_factor_is_not_offered_for_sign_in(empty: SignInSettings) -> None:
    with_factor = SignInRules.check(
        empty,
        {"mfa": {"factors": ["PhoneVerificationCode"], "policy": "NoPrompt"}},
        set(ConnectorType),
    )

    assert method(with_factor.with_sign_in_method("phone"), "phone") == (True, False, True)


def test_without_a_password_at_sign_up_the_code_is_forced_on(empty: SignInSettings) -> None:
    settings = (
        empty.with_sign_up_identifier("phone")
        .with_sign_in_method("email")
        .with_sign_up_password(True)
        .with_sign_in_factors(
            "phone", password=True, verification_code=False, is_password_primary=True
        )
        .with_sign_in_factors(
            "email", password=True, verification_code=False, is_password_primary=True
        )
        .with_sign_up_password(False)
    )

    assert method(settings, "phone") == (True, True, True)
    assert method(settings, "email") == (True, False, True)
    assert settings.is_code_locked("phone")
    assert not settings.is_code_locked("email")
    locked = settings.with_sign_in_factors(
        "phone", password=True, verification_code=False, is_password_primary=True
    )
    assert method(locked, "phone") == (True, True, True)


def test_a_password_at_sign_up_can_not_be_switched_off_at_sign_in() -> None:
    settings = SignInSettings().with_sign_in_factors(
        "username", password=False, verification_code=True, is_password_primary=False
    )

    assert method(settings, "username") == (True, False, False)
    assert settings.is_password_locked()


def test_taking_an_identifier_away_leaves_its_way_to_sign_in(empty: SignInSettings) -> None:
    settings = empty.with_sign_up_identifier("phone").without_sign_up_identifier("phone")

    assert settings.sign_up.identifiers == ()
    assert not settings.sign_up.verify
    assert method(settings, "phone") is not None


def test_the_next_identifier_becomes_primary() -> None:
    settings = (
        SignInSettings().with_sign_up_identifier("phone").without_sign_up_identifier("username")
    )

    assert settings.sign_up.identifiers == ("phone",)
    assert settings.sign_up.verify
    assert settings.sign_up.secondary_identifiers is None


def test_adding_what_is_there_changes_no_way_to_sign_in() -> None:
    settings = SignInSettings().with_sign_in_method("username")

    assert settings == SignInSettings()


def test_ways_to_sign_in_can_be_ordered() -> None:
    settings = SignInSettings().with_sign_up_identifier("emailOrPhone")

    ordered = settings.with_sign_in_order(["phone", "username"])

    assert [m.identifier for m in ordered.sign_in.methods] == ["phone", "username", "email"]


@pytest.mark.parametrize(
    "choices",
    [["phone"], ["phone", "username"], ["username", "emailOrPhone"], ["email", "phone"]],
)
def test_what_the_form_makes_keeps_the_rules(
    empty: SignInSettings, choices: list[SignUpChoice]
) -> None:
    settings = empty
    for choice in choices:
        settings = settings.with_sign_up_identifier(choice)
    document = settings.document()

    SignInRules.check(
        SignInSettings(),
        {key: document[key] for key in ("signUp", "signIn", "forgotPasswordMethods")},
        set(ConnectorType),
    )
