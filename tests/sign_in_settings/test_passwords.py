"""New passwords and user names follow the tenant's rules."""

from typing import Any

import pytest

from watchword.sign_in_settings.errors import PasswordRejected, UsernameRejected
from watchword.sign_in_settings.models import Profile, SignInSettings
from watchword.sign_in_settings.sections import PasswordPolicy
from watchword.sign_in_settings.service import check_password, check_username, password_issues

STRICT: dict[str, Any] = {
    "length": {"min": 10, "max": 64},
    "characterTypes": {"min": 2},
    "rejects": {"words": ["logto"]},
}


def issues(password: str, policy: dict[str, Any] | None = None, **profile: str) -> list[str]:
    rules = PasswordPolicy.model_validate(policy or {})
    found = password_issues(rules, password, Profile(**profile))  # type: ignore[arg-type]  # texts
    return [issue["code"].removeprefix("password_rejected.") for issue in found]


@pytest.mark.parametrize(
    ("password", "codes"),
    [
        ("Good-pass-4-Phone", []),
        # Recorded from Logto.
        ("a", ["too_short"]),
        ("12345678", ["restricted.sequence"]),
        ("123", ["too_short", "restricted.sequence"]),
        ("aaaaaaaaaaaa", ["restricted.repetition"]),
        ("qwertyuiop", ["restricted.sequence"]),
        ("87654321", ["restricted.sequence"]),
        ("correct horse 123", []),
        ("비밀번호는길게쓰세요", []),
        ("x" * 257, ["too_long"]),
        ("iloveyou", ["pwned"]),
        ("TrustNo1", ["pwned"]),
        ("baseball1", ["pwned"]),
        ("iloveyou and my two cats", []),
    ],
)
@pytest.mark.proves("S76")
def test_the_default_rules(password: str, codes: list[str]) -> None:
    assert issues(password) == codes


@pytest.mark.parametrize(
    ("password", "codes"),
    [
        ("short1", ["too_short"]),
        ("onlyletters", ["character_types"]),
        ("logtologto1", ["restricted.words"]),
        ("fine-Enough-1", []),
    ],
)
def test_a_tenants_own_rules(password: str, codes: list[str]) -> None:
    assert issues(password, STRICT) == codes


@pytest.mark.proves("S76")
def test_a_tenant_may_take_common_passwords() -> None:
    assert issues("iloveyou", {"rejects": {"pwned": False}}) == []


def test_who_one_is_makes_no_password() -> None:
    assert issues("alice-1990", username="alice") == ["restricted.user_info"]
    assert issues("821012345678", phone="821012345678") == [
        "restricted.sequence",
        "restricted.user_info",
    ]
    off = {"rejects": {"userInfo": False, "repetitionAndSequence": False}}
    assert issues("821012345678", off, phone="821012345678") == []


def test_the_wire_says_which_number_to_keep() -> None:
    with pytest.raises(PasswordRejected) as rejected:
        check_password(SignInSettings(), "a", Profile())

    assert rejected.value.data == [
        {"code": "password_rejected.too_short", "interpolation": {"min": 8}}
    ]


@pytest.mark.parametrize("username", ["ab", "a" * 21, "Alice", "alice1", "a_lice"])
def test_a_username_follows_the_tenants_rules(username: str) -> None:
    settings = SignInSettings.model_validate(
        {
            "usernamePolicy": {
                "caseSensitive": True,
                "minLength": 3,
                "maxLength": 20,
                "allowedChars": {
                    "lowercase": True,
                    "uppercase": False,
                    "numbers": False,
                    "underscore": False,
                },
            }
        }
    )

    with pytest.raises(UsernameRejected):
        check_username(settings, username)
    check_username(settings, "alice")
    check_username(SignInSettings(), username)
