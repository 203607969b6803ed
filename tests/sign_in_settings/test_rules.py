"""Settings that do not fit together are refused with the contract's codes."""

from typing import Any, ClassVar

import pytest

from watchword.connector_kit.models import ConnectorType
from watchword.core.errors import DomainError
from watchword.sign_in_settings.errors import NothingToChange
from watchword.sign_in_settings.models import SignInSettings
from watchword.sign_in_settings.service import BLOCKLIST_ENTRY, SignInRules

SMS, EMAIL = ConnectorType.SMS, ConnectorType.EMAIL
BOTH = {SMS, EMAIL}


def sign_up(
    *identifiers: str,
    password: bool = False,
    verify: bool = True,
    secondary: list[dict[str, Any]] | None = None,
) -> dict[str, Any]:
    section = {"identifiers": list(identifiers), "password": password, "verify": verify}
    return section if secondary is None else {**section, "secondaryIdentifiers": secondary}


def method(identifier: str, factors: str = "password code") -> dict[str, Any]:
    return {
        "identifier": identifier,
        "password": "password" in factors,
        "verificationCode": "code" in factors,
        "isPasswordPrimary": False,
    }


def sign_in(*methods: dict[str, Any]) -> dict[str, Any]:
    return {"methods": list(methods)}


PHONE = {"signUp": sign_up("phone"), "signIn": sign_in(method("phone"))}
USERNAME = method("username", "password")


@pytest.fixture
def phone_tenant() -> SignInSettings:
    return SignInRules.check(SignInSettings(), PHONE, BOTH)


def refusal(
    patch: dict[str, Any],
    current: SignInSettings | None = None,
    available: set[ConnectorType] = BOTH,
    **around: Any,
) -> str | None:
    try:
        SignInRules.check(current or SignInSettings(), patch, available, **around)
    except DomainError as error:
        return error.code.removeprefix("sign_in_experiences.")
    return None


@pytest.mark.parametrize(
    ("code", "patch"),
    [
        (
            "unsupported_default_language",
            {"languageInfo": {"autoDetect": False, "fallbackLanguage": "pt"}},
        ),
        (
            "missing_sign_up_identifiers",
            {"signUp": sign_up(secondary=[{"identifier": "phone", "verify": True}])},
        ),
        ("duplicated_sign_up_identifiers", {"signUp": sign_up("phone", "phone")}),
        (
            "duplicated_sign_up_identifiers",
            {"signUp": sign_up("phone", secondary=[{"identifier": "phone", "verify": True}])},
        ),
        (
            "duplicated_sign_up_identifiers",
            {
                "signUp": sign_up(
                    "email", secondary=[{"identifier": "emailOrPhone", "verify": True}]
                )
            },
        ),
        ("passwordless_requires_verify", {"signUp": sign_up("phone", verify=False)}),
        (
            "passwordless_requires_verify",
            {"signUp": sign_up("username", password=True, secondary=[{"identifier": "phone"}])},
        ),
        ("username_requires_password", {"signUp": sign_up("username", verify=False)}),
        (
            "at_least_one_authentication_factor",
            {**PHONE, "signIn": sign_in(method("phone", ""))},
        ),
        (
            "code_sign_in_must_be_enabled",
            {**PHONE, "signIn": sign_in(method("phone", "password"))},
        ),
        (
            "phone_verification_code_cannot_be_used_for_sign_in",
            {**PHONE, "mfa": {"factors": ["PhoneVerificationCode"], "policy": "NoPrompt"}},
        ),
        (
            "email_verification_code_cannot_be_used_for_sign_in",
            {
                "signIn": sign_in(USERNAME, method("email")),
                "mfa": {"factors": ["EmailVerificationCode"], "policy": "NoPrompt"},
            },
        ),
        (
            "miss_sign_up_identifier_in_sign_in",
            {"signUp": sign_up("phone"), "signIn": sign_in(method("email"))},
        ),
        ("miss_sign_up_identifier_in_sign_in", {**PHONE, "signIn": sign_in()}),
        (
            "password_sign_in_must_be_enabled",
            {
                "signUp": sign_up("phone", password=True),
                "signIn": sign_in(method("phone", "code")),
            },
        ),
        ("duplicated_mfa_factors", {"mfa": {"factors": ["Totp", "Totp"], "policy": "NoPrompt"}}),
        (
            "backup_code_cannot_be_enabled_alone",
            {"mfa": {"factors": ["BackupCode"], "policy": "NoPrompt"}},
        ),
        ("adaptive_mfa_requires_mfa", {"adaptiveMfa": {"enabled": True}}),
        (
            "adaptive_mfa_requires_non_skippable_policy",
            {
                "mfa": {"factors": ["Totp"], "policy": "NoPrompt"},
                "adaptiveMfa": {"enabled": True},
            },
        ),
        (
            "non_adaptive_mfa_requires_skippable_policy",
            {"mfa": {"factors": ["Totp"], "policy": "PromptOnlyAtSignInMandatory"}},
        ),
        (
            "password_expiration_invalid_period_days",
            {"passwordExpiration": {"enabled": True, "validPeriodDays": 0}},
        ),
        (
            "password_expiration_requires_forgot_password",
            {"passwordExpiration": {"enabled": True, "validPeriodDays": 1}},
        ),
        (
            "invalid_custom_email_blocklist_format",
            {"emailBlocklistPolicy": {"customBlocklist": ["example.com"]}},
        ),
        ("request.invalid_input", {"hideLogtoBranding": True}),
        ("request.invalid_input", {"emailBlocklistPolicy": {"blockDisposableAddresses": True}}),
        ("request.invalid_input", {"customUiCsp": {"scriptSrc": ["https://example.com"]}}),
    ],
)
def test_what_does_not_fit_is_refused(code: str, patch: dict[str, Any]) -> None:
    assert refusal(patch) == code


@pytest.mark.parametrize(
    "patch",
    [
        PHONE,
        {"signInMode": "SignIn"},
        {"mfa": {"factors": ["Totp", "BackupCode"], "policy": "UserControlled"}},
        {
            "mfa": {"factors": ["Totp"], "policy": "PromptOnlyAtSignInMandatory"},
            "adaptiveMfa": {"enabled": True},
        },
        {"signUp": sign_up("email", "phone"), "signIn": sign_in(method("email"), method("phone"))},
        {
            "signUp": sign_up("phone", password=True, secondary=[{"identifier": "username"}]),
            "signIn": sign_in(method("phone"), USERNAME),
        },
        {"signIn": sign_in(USERNAME, method("email"), method("phone"))},
        {"signIn": sign_in(method("username"))},
        {"forgotPasswordMethods": ["PhoneVerificationCode"]},
        {
            "forgotPasswordMethods": ["PhoneVerificationCode"],
            "passwordExpiration": {"enabled": True, "validPeriodDays": 90},
        },
        {"emailBlocklistPolicy": {"customBlocklist": ["@example.com", "a@example.com"]}},
        {"languageInfo": {"autoDetect": False, "fallbackLanguage": "ko"}},
        {"socialSignInConnectorTargets": ["nope"]},
    ],
)
def test_what_fits_is_taken(patch: dict[str, Any]) -> None:
    assert refusal(patch) is None


class TestConnectors:
    @pytest.mark.parametrize(
        ("patch", "available", "type_"),
        [
            (PHONE, {EMAIL}, "Sms"),
            ({"signIn": sign_in(USERNAME, method("email"))}, {SMS}, "Email"),
            (
                {
                    "signUp": sign_up(
                        "username",
                        password=True,
                        verify=False,
                        secondary=[{"identifier": "emailOrPhone", "verify": True}],
                    )
                },
                {SMS},
                "Email",
            ),
        ],
    )
    def test_a_code_needs_a_connector(
        self, patch: dict[str, Any], available: set[ConnectorType], type_: str
    ) -> None:
        with pytest.raises(DomainError) as refused:
            SignInRules.check(SignInSettings(), patch, available)

        assert refused.value.code == "sign_in_experiences.enabled_connector_not_found"
        assert refused.value.values == {"type": type_}

    def test_a_password_for_a_phone_needs_none(self) -> None:
        assert (
            refusal({"signIn": sign_in(USERNAME, method("phone", "password"))}, available=set())
            is None
        )

    @pytest.mark.parametrize(
        ("methods", "available", "code"),
        [
            (None, {SMS}, None),
            (["EmailVerificationCode"], {SMS, EMAIL}, None),
            (None, set(), "password_expiration_requires_forgot_password"),
            ([], {SMS, EMAIL}, "password_expiration_requires_forgot_password"),
        ],
    )
    def test_passwords_that_expire_need_one_for_recovery(
        self, methods: list[str] | None, available: set[ConnectorType], code: str | None
    ) -> None:
        expiring = {"passwordExpiration": {"enabled": True, "validPeriodDays": 1}}

        assert refusal({"forgotPasswordMethods": methods, **expiring}, available=available) == code

    def test_recovery_needs_one(self) -> None:
        patch = {"forgotPasswordMethods": ["PhoneVerificationCode"]}

        assert refusal(patch, available={EMAIL}) == "forgot_password_method_requires_connector"


class TestPartialPatches:
    """The contract judges a patch by itself; here it must fit what is stored."""

    def test_sign_up_alone_must_fit_the_stored_ways_to_sign_in(self) -> None:
        assert refusal({"signUp": sign_up("phone")}) == "miss_sign_up_identifier_in_sign_in"

    def test_sign_in_alone_must_fit_the_stored_sign_up(self, phone_tenant: SignInSettings) -> None:
        patch = {"signIn": sign_in(method("phone", "password"))}

        assert refusal(patch, phone_tenant) == "code_sign_in_must_be_enabled"

    def test_a_second_factor_must_fit_the_stored_ways_to_sign_in(
        self, phone_tenant: SignInSettings
    ) -> None:
        patch = {"mfa": {"factors": ["PhoneVerificationCode"], "policy": "UserControlled"}}

        assert refusal(patch, phone_tenant) == "phone_verification_code_cannot_be_used_for_mfa"

    def test_what_a_patch_leaves_out_is_not_judged(self, phone_tenant: SignInSettings) -> None:
        assert refusal({"customCss": "a{}"}, phone_tenant, available=set()) is None

    def test_a_section_is_replaced_whole(self) -> None:
        first = SignInRules.check(
            SignInSettings(),
            {"branding": {"logoUrl": "https://a.example/1", "favicon": "https://a.example/2"}},
            BOTH,
        )
        second = SignInRules.check(first, {"branding": {"logoUrl": "https://a.example/3"}}, BOTH)

        assert second.document()["branding"] == {"logoUrl": "https://a.example/3"}

    @pytest.mark.parametrize("patch", [{}, {"nope": 1}])
    def test_a_patch_of_nothing_is_refused(self, patch: dict[str, Any]) -> None:
        with pytest.raises(NothingToChange):
            SignInRules.check(SignInSettings(), patch, BOTH)


class TestUsernameCase:
    PATCH: ClassVar[dict[str, Any]] = {
        "usernamePolicy": {
            **SignInSettings().document()["usernamePolicy"],
            "caseSensitive": False,
        }
    }

    def test_case_can_stop_to_matter_while_nobody_relies_on_it(self) -> None:
        assert refusal(self.PATCH) is None

    def test_names_that_differ_in_case_stand_against_it(self) -> None:
        with pytest.raises(DomainError) as refused:
            SignInRules.check(SignInSettings(), self.PATCH, BOTH, username_conflicts=["a"] * 25)

        assert refused.value.code.endswith("username_policy_case_conflicts_exist")
        assert refused.value.data == {"totalConflicts": 25, "samples": ["a"] * 20}


@pytest.mark.parametrize(
    ("entry", "is_one"),
    [
        ("@example.com", True),
        ("ada@mail.example.com", True),
        ("*@*.example.com", True),
        ("@.a.b", True),
        ("@..a", True),
        ("@example", False),
        ("@.com", False),
        ("@example.", False),
        ("example.com", False),
        ("a@b@example.com", False),
        # Read once, not once for each of its dots: that takes hours, and everybody waits.
        (f"@{'.' * 1_000_000}@", False),
    ],
    ids=lambda value: str(value)[:20],
)
def test_an_entry_of_the_lists_is_an_address_or_a_domain(entry: str, is_one: bool) -> None:
    assert (BLOCKLIST_ENTRY.fullmatch(entry) is not None) == is_one
