"""The settings document: the contract's row, its defaults and its shapes."""

import re
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from watchword.connector_kit.models import ConnectorType
from watchword.sign_in_settings.models import (
    CodePolicy,
    LockoutPolicy,
    Profile,
    SignInSettings,
    SignInSettingsPatch,
    is_method_enabled,
    missing_profile,
)
from watchword.sign_in_settings.service import public_form

# The keys of `GET /api/sign-in-exp` and of its public form, as recorded from Logto.
ROW_KEYS = {
    "tenantId",
    "id",
    "color",
    "branding",
    "hideLogtoBranding",
    "languageInfo",
    "termsOfUseUrl",
    "privacyPolicyUrl",
    "agreeToTermsPolicy",
    "signIn",
    "signUp",
    "socialSignIn",
    "socialSignInConnectorTargets",
    "signInMode",
    "customCss",
    "customContent",
    "customUiAssets",
    "customUiCsp",
    "passwordPolicy",
    "mfa",
    "adaptiveMfa",
    "trustedDevice",
    "singleSignOnEnabled",
    "supportEmail",
    "supportWebsiteUrl",
    "unknownSessionRedirectUrl",
    "captchaPolicy",
    "sentinelPolicy",
    "emailBlocklistPolicy",
    "verificationCodePolicy",
    "forgotPasswordMethods",
    "passkeySignIn",
    "signUpProfileFields",
    "passwordExpiration",
    "usernamePolicy",
}
PUBLIC_KEYS = (ROW_KEYS - {"emailBlocklistPolicy", "forgotPasswordMethods"}) | {
    "socialConnectors",
    "ssoConnectors",
    "forgotPassword",
    "isDevelopmentTenant",
    "customProfileFields",
    "customProfileFieldCatalog",
}


class TestDefaults:
    def test_a_new_tenant_has_the_contracts_row(self) -> None:
        row = SignInSettings().row("default")

        assert set(row) == ROW_KEYS
        assert row["signUp"] == {"identifiers": ["username"], "password": True, "verify": False}
        assert row["signIn"] == {
            "methods": [
                {
                    "identifier": "username",
                    "password": True,
                    "verificationCode": False,
                    "isPasswordPrimary": True,
                }
            ]
        }
        assert row["signInMode"] == "SignInAndRegister"
        assert row["mfa"] == {"factors": [], "policy": "UserControlled"}
        assert row["color"] == {
            "primaryColor": "#6139F6",
            "isDarkModeEnabled": False,
            "darkPrimaryColor": "#8768F8",
        }
        assert row["usernamePolicy"] == {
            "caseSensitive": True,
            "minLength": 1,
            "maxLength": 128,
            "allowedChars": {
                "lowercase": True,
                "uppercase": True,
                "numbers": True,
                "underscore": True,
            },
        }
        assert row["termsOfUseUrl"] is None
        for empty in ("sentinelPolicy", "verificationCodePolicy", "passwordPolicy", "branding"):
            assert row[empty] == {}

    def test_the_policies_are_the_contracts(self) -> None:
        settings = SignInSettings()

        assert settings.code_policy == CodePolicy(timedelta(seconds=600), 10, 6)
        assert settings.lockout_policy == LockoutPolicy(100, timedelta(minutes=60))

    def test_what_was_stored_is_what_is_read(self) -> None:
        patch = SignInSettingsPatch.model_validate(
            {
                "sentinelPolicy": {"maxAttempts": 5, "lockoutDuration": 0.5},
                "verificationCodePolicy": {"expirationDuration": 120, "maxRetryAttempts": 3},
                "forgotPasswordMethods": None,
                "customContent": {"/sign-in": "<b>"},
            }
        )
        settings = SignInSettings().model_copy(update=patch.changes)

        assert SignInSettings.model_validate(settings.document()) == settings
        assert settings.document()["sentinelPolicy"] == {"maxAttempts": 5, "lockoutDuration": 0.5}
        assert settings.lockout_policy == LockoutPolicy(5, timedelta(seconds=30))
        assert settings.code_policy == CodePolicy(timedelta(seconds=120), 3, 6)


class TestShapes:
    @pytest.mark.parametrize(
        "patch",
        [
            {"color": {"primaryColor": "red", "isDarkModeEnabled": True, "darkPrimaryColor": "#1"}},
            {"color": {"primaryColor": "#123456"}},
            {"branding": {"logoUrl": "not a url"}},
            {"branding": {"logoUrl": "javascript:alert(1)"}},
            {"termsOfUseUrl": "x y"},
            {"termsOfUseUrl": "https://example.com/" + "a" * 2048},
            {"signInMode": "Nope"},
            {"signIn": "x"},
            {"signIn": {"methods": [{"identifier": "phone"}]}},
            {"signUp": {"identifiers": ["fax"], "password": True, "verify": False}},
            {"signUp": {"identifiers": ["phone"], "password": "yes", "verify": True}},
            {"languageInfo": {"autoDetect": False, "fallbackLanguage": "xx"}},
            {"passwordPolicy": {"length": {"min": 0}}},
            {"mfa": {"factors": ["x"], "policy": "UserControlled"}},
            {"verificationCodePolicy": {"expirationDuration": 59}},
            {"verificationCodePolicy": {"expirationDuration": 3601}},
            {"verificationCodePolicy": {"maxRetryAttempts": 0}},
            {"verificationCodePolicy": {"maxRetryAttempts": 101}},
            {"sentinelPolicy": {"maxAttempts": 0}},
            {"sentinelPolicy": {"lockoutDuration": -1}},
            {"supportEmail": "nobody"},
            {"color": None},
            {"customContent": {"/": 1}},
        ],
    )
    def test_a_wrong_shape_is_refused(self, patch: dict[str, Any]) -> None:
        with pytest.raises(ValidationError):
            SignInSettingsPatch.model_validate(patch)

    @pytest.mark.parametrize(
        "patch",
        [
            {"termsOfUseUrl": "https://example.com/t", "privacyPolicyUrl": None},
            {"termsOfUseUrl": None, "supportEmail": "help@example.com", "customCss": None},
            {"verificationCodePolicy": {"expirationDuration": 60, "maxRetryAttempts": 100}},
            {"passwordPolicy": {"rejects": {"pwned": False, "words": ["logto"]}}},
            {"languageInfo": {"autoDetect": True, "fallbackLanguage": "zh-CN"}},
        ],
    )
    def test_a_right_shape_comes_back_unchanged(self, patch: dict[str, Any]) -> None:
        changes = SignInSettingsPatch.model_validate(patch).changes

        document = SignInSettings().model_copy(update=changes).document()
        assert {key: document[key] for key in patch} == patch

    def test_unknown_keys_are_ignored(self) -> None:
        assert SignInSettingsPatch.model_validate({"nope": 1}).changes == {}


class TestCodes:
    @pytest.mark.proves("S2")
    def test_codes_are_six_digits_and_every_digit_is_as_likely(self) -> None:
        policy = CodePolicy()
        codes = [policy.new_code() for _ in range(100_000)]

        assert all(re.fullmatch(r"[0-9]{6}", code) for code in codes)
        for position in range(6):
            counts = Counter(code[position] for code in codes)
            chi_square = sum((counts[d] - 10_000) ** 2 / 10_000 for d in "0123456789")
            # 9 degrees of freedom: more than 40 happens by chance once in a hundred thousand.
            assert chi_square < 40


class TestPublicForm:
    def test_it_has_the_recorded_keys(self) -> None:
        form = public_form(SignInSettings(), tenant_id="default", available=())

        assert set(form) == PUBLIC_KEYS
        assert form["socialConnectors"] == form["ssoConnectors"] == []
        assert form["isDevelopmentTenant"] is False

    @pytest.mark.parametrize(
        ("methods", "available", "offered"),
        [
            (None, {ConnectorType.SMS, ConnectorType.EMAIL}, {"phone", "email"}),
            (None, {ConnectorType.SMS}, {"phone"}),
            (["EmailVerificationCode"], {ConnectorType.SMS, ConnectorType.EMAIL}, {"email"}),
            (["PhoneVerificationCode"], set(), set()),
            ([], {ConnectorType.SMS, ConnectorType.EMAIL}, set()),
        ],
    )
    def test_recovery_is_offered_where_it_is_on_and_a_connector_is_there(
        self, methods: list[str] | None, available: set[ConnectorType], offered: set[str]
    ) -> None:
        settings = SignInSettings.model_validate({"forgotPasswordMethods": methods})

        form = public_form(settings, tenant_id="default", available=available)

        shown = {name for name, is_on in form["forgotPassword"].items() if is_on}
        assert shown == offered
        assert settings.document()["forgotPasswordMethods"] == methods


def settings_with(
    identifiers: list[str], secondary: list[str] | None = None, password: bool = False
) -> SignInSettings:
    return SignInSettings.model_validate(
        {
            "signUp": {
                "identifiers": identifiers,
                "password": password,
                "verify": True,
                "secondaryIdentifiers": [
                    {"identifier": name, "verify": True} for name in secondary or []
                ],
            }
        }
    )


class TestMissingProfile:
    @pytest.mark.parametrize(
        ("settings", "profile", "missing"),
        [
            (SignInSettings(), Profile(), ["username", "password"]),
            (SignInSettings(), Profile(username="a", has_password=True), []),
            (settings_with(["phone"]), Profile(), ["phone"]),
            (settings_with(["phone"], password=True), Profile(phone="1"), ["password"]),
            (settings_with(["email", "phone"]), Profile(), ["emailOrPhone"]),
            (settings_with(["email", "phone"]), Profile(phone="1"), []),
            (settings_with(["email"]), Profile(phone="1"), ["email"]),
            (settings_with(["phone"], ["username"]), Profile(phone="1"), ["username"]),
            (
                settings_with(["username"], ["emailOrPhone"]),
                Profile(username="a"),
                ["emailOrPhone"],
            ),
            (settings_with([]), Profile(), []),
        ],
    )
    def test_what_sign_up_demands(
        self, settings: SignInSettings, profile: Profile, missing: list[str]
    ) -> None:
        assert missing_profile(settings, profile) == missing

    def test_someone_from_a_social_account_needs_no_password(self) -> None:
        profile = Profile(phone="1", has_identities=True)

        assert missing_profile(settings_with(["phone"], password=True), profile) == []

    def test_a_social_account_may_be_enough(self) -> None:
        settings = settings_with(["phone"], password=True).model_copy(
            update=SignInSettingsPatch.model_validate(
                {"socialSignIn": {"skipRequiredIdentifiers": True}}
            ).changes
        )

        assert missing_profile(settings, Profile(has_identities=True)) == []
        assert missing_profile(settings, Profile()) == ["phone", "password"]


def test_only_offered_methods_are_enabled() -> None:
    settings = SignInSettings()

    assert is_method_enabled(settings, "username", "password")
    assert not is_method_enabled(settings, "username", "verificationCode")
    assert not is_method_enabled(settings, "phone", "verificationCode")


@pytest.mark.parametrize(
    ("mode", "sign_in", "register"),
    [("SignIn", True, False), ("Register", False, True), ("SignInAndRegister", True, True)],
)
def test_the_mode_says_who_may_come_in(mode: str, sign_in: bool, register: bool) -> None:
    settings = SignInSettings.model_validate({"signInMode": mode})

    assert (settings.allows_sign_in, settings.allows_register) == (sign_in, register)
