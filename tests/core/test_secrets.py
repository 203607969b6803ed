"""Keys, digests and sealing."""

import base64

import pytest

from watchword.core.digests import KeyedDigest, digest_of_token
from watchword.core.keys import SecretKeys, UnknownKey
from watchword.core.sealing import SealBroken, Sealer


def key(number: int) -> str:
    return base64.b64encode(bytes([number]) * 32).decode()


OLD = SecretKeys.parse(f"old:{key(1)}")
BOTH = SecretKeys.parse(f"new:{key(2)},old:{key(1)}")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "not written as"),
        # A key that somebody forgot to give an id, short enough to be taken for one.
        ("0123456789abcdef0123456789abcdef", "not written as"),
        (f"a b:{key(1)}", "needs an id"),
        ("k1:not base64", "not base64"),
        (f"k1:{base64.b64encode(b'short').decode()}", "5 bytes"),
        (f"k1:{key(1)},k1:{key(2)}", "twice"),
    ],
)
def test_a_wrong_key_list_says_what_is_wrong_without_repeating_it(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says) as caught:
        SecretKeys.parse(text)

    assert key(1) not in str(caught.value)
    assert "0123456789abcdef" not in str(caught.value)


def test_a_sealed_value_opens_only_where_it_was_sealed() -> None:
    sealer = Sealer(BOTH, "connector")
    sealed = sealer.seal("s3cret", "tenant", "connector", "authToken")

    assert "s3cret" not in sealed
    assert sealer.unseal(sealed, "tenant", "connector", "authToken") == "s3cret"
    with pytest.raises(SealBroken):
        sealer.unseal(sealed, "tenant", "other", "authToken")
    with pytest.raises(SealBroken):
        Sealer(BOTH, "message").unseal(sealed, "tenant", "connector", "authToken")


def test_a_changed_sealed_value_does_not_open() -> None:
    sealer = Sealer(BOTH, "connector")
    sealed = sealer.seal("s3cret", "t")
    middle = len(sealed) // 2
    changed = sealed[:middle] + ("A" if sealed[middle] != "A" else "B") + sealed[middle + 1 :]

    with pytest.raises(SealBroken):
        sealer.unseal(changed, "t")


def test_values_of_an_older_key_open_while_it_is_listed() -> None:
    sealed = Sealer(OLD, "connector").seal("s3cret", "t")

    assert Sealer(BOTH, "connector").unseal(sealed, "t") == "s3cret"
    assert not Sealer(BOTH, "connector").is_current(sealed)
    with pytest.raises(UnknownKey):
        Sealer(SecretKeys.parse(f"new:{key(2)}"), "connector").unseal(sealed, "t")


def test_a_digest_matches_under_any_listed_key() -> None:
    stored = KeyedDigest(OLD, "code").of("tenant", "123456")

    assert KeyedDigest(BOTH, "code").matches(stored, "tenant", "123456")
    assert not KeyedDigest(BOTH, "code").matches(stored, "tenant", "123457")
    assert stored in KeyedDigest(BOTH, "code").all_of("tenant", "123456")


@pytest.mark.proves("S8")
def test_a_digest_is_bound_to_its_purpose_and_to_where_its_parts_end() -> None:
    digest = KeyedDigest(BOTH, "code")

    assert digest.of("ab", "c") != digest.of("a", "bc")
    assert digest.of("ab", "c") != KeyedDigest(BOTH, "guard").of("ab", "c")


def test_keys_are_not_shown_by_accident() -> None:
    assert "AQEB" not in repr(BOTH)
    assert "\\x01" not in repr(BOTH)


def test_the_digest_of_a_token_is_not_the_token() -> None:
    assert digest_of_token("abc") == "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0"
