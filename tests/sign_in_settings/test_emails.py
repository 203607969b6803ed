"""Which new e-mail addresses a tenant takes."""

import pytest

from watchword.core.errors import DomainError
from watchword.sign_in_settings.errors import EmailNotAllowed, SubaddressNotAllowed
from watchword.sign_in_settings.models import SignInSettings
from watchword.sign_in_settings.sections import EmailBlocklistPolicy
from watchword.sign_in_settings.service import check_email


def refusal(address: str, **policy: object) -> type[DomainError] | None:
    settings = SignInSettings(email_blocklist_policy=EmailBlocklistPolicy.model_validate(policy))
    try:
        check_email(settings, address)
    except DomainError as error:
        return type(error)
    return None


def test_a_new_tenant_takes_every_address() -> None:
    assert refusal("ada+shop@example.com") is None


def test_addresses_with_a_tag_are_refused_where_the_tenant_says_so() -> None:
    assert refusal("ada+shop@example.com", blockSubaddressing=True) is SubaddressNotAllowed
    assert refusal("ada@example.com", blockSubaddressing=True) is None


@pytest.mark.parametrize(
    ("entry", "address", "is_on_it"),
    [
        ("ada@example.com", "ada@example.com", True),
        ("Ada@Example.com", "ada@example.com", True),
        ("ada@example.com", "bada@example.com", False),
        ("@example.com", "ada@example.com", True),
        ("@EXAMPLE.com", "ada@example.com", True),
        ("@example.com", "ada@mail.example.com", False),
        ("@example.com", "ada@notexample.com", False),
        ("@*.example.com", "ada@mail.example.com", True),
        ("@*.example.com", "ada@example.com", False),
        ("@example.*", "ada@example.org", True),
        ("ad*@example.com", "ada@example.com", True),
        ("ad*@example.com", "bada@example.com", False),
        ("*b*d*@example.com", "abide@example.com", True),
        ("*d*b*@example.com", "abide@example.com", False),
        # What stands before the star and what stands after it are two different letters.
        ("ada*a@example.com", "ada@example.com", False),
    ],
)
def test_entries_name_addresses_domains_or_patterns(
    entry: str, address: str, is_on_it: bool
) -> None:
    blocked = refusal(address, customBlocklist=[entry])
    allowed = refusal(address, customAllowlist=[entry])

    assert blocked is (EmailNotAllowed if is_on_it else None)
    assert allowed is (None if is_on_it else EmailNotAllowed)


def test_what_is_blocked_stays_blocked_where_it_is_also_allowed() -> None:
    lists = {"customAllowlist": ["@example.com"], "customBlocklist": ["ada@example.com"]}

    assert refusal("ada@example.com", **lists) is EmailNotAllowed
    assert refusal("bob@example.com", **lists) is None
    assert (
        refusal("bob+1@example.com", customAllowlist=["@example.com"], blockSubaddressing=True)
        is SubaddressNotAllowed
    )
