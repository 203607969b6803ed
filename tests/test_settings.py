"""Settings: what is wrong is said at start, by the variable's name."""

import json
from contextlib import nullcontext
from pathlib import Path

import pytest

from watchword.core.keys import SecretKeys
from watchword.settings import InvalidSettings, load_settings

GOOD = {
    "WATCHWORD_PUBLIC_URL": "https://auth.example.com/",
    "WATCHWORD_SECRET_KEYS": SecretKeys.generate("k1"),
}


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    monkeypatch.chdir(tmp_path)
    for name, value in GOOD.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def test_production_is_what_it_is_unless_told_otherwise(environment: pytest.MonkeyPatch) -> None:
    settings = load_settings()

    assert (settings.mode, settings.public_url) == ("production", "https://auth.example.com")


@pytest.mark.parametrize("name", list(GOOD))
def test_production_refuses_to_start_without(name: str, environment: pytest.MonkeyPatch) -> None:
    environment.delenv(name)

    with pytest.raises(InvalidSettings, match=name):
        load_settings()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("WATCHWORD_PUBLIC_URL", "http://auth.example.com"),
        ("WATCHWORD_PUBLIC_URL", "https://auth.example.com/path"),
        ("WATCHWORD_PUBLIC_URL", "auth.example.com"),
        ("WATCHWORD_SECRET_KEYS", "k1:short"),
        ("WATCHWORD_DATABASE_URL", "mysql://x/y"),
        ("WATCHWORD_DATABASE_URL", "nonsense"),
        ("WATCHWORD_TRUSTED_PROXIES", "10.0.0.0/33"),
        ("WATCHWORD_PROVIDER_BASE_URLS", "{nope"),
        ("WATCHWORD_PROVIDER_BASE_URLS", '{"twilio": "ftp://x"}'),
        ("WATCHWORD_ALLOWED_COUNTRIES", "KR,Britain"),
        ("WATCHWORD_REFUSED_PREFIXES", "882,+44x"),
        ("WATCHWORD_MODE", "staging"),
        ("WATCHWORD_MESSAGE_RETENTION_DAYS", "0"),
    ],
)
def test_a_wrong_value_is_named(name: str, value: str, environment: pytest.MonkeyPatch) -> None:
    environment.setenv(name, value)

    with pytest.raises(InvalidSettings, match=name):
        load_settings()


@pytest.mark.parametrize(
    ("url", "allowed", "is_taken"),
    [
        ("https://gateway.example", "", True),
        ("https://10.1.2.3:8443", "", True),
        ("http://gateway.example", "", False),
        ("http://127.0.0.1:4010", "", False),
        ("http://127.0.0.1:4010", "127.0.0.0/8", True),
        ("http://[::1]:4010", "127.0.0.0/8", False),
        ("http://10.1.2.3", "10.2.0.0/16, 192.168.0.0/16", False),
        ("http://10.1.2.3", "10.0.0.0/8", True),
        ("http://gateway.internal", "10.0.0.0/8", True),
    ],
)
def test_production_calls_a_provider_without_tls_in_listed_networks_only(
    url: str, allowed: str, is_taken: bool, environment: pytest.MonkeyPatch
) -> None:
    environment.setenv("WATCHWORD_PROVIDER_BASE_URLS", json.dumps({"http-sms": url}))
    environment.setenv("WATCHWORD_OUTBOUND_ALLOW", allowed)
    refusal = pytest.raises(InvalidSettings, match=r"PROVIDER_BASE_URLS.*http-sms.*OUTBOUND_ALLOW")

    with nullcontext() if is_taken else refusal:
        load_settings()
    environment.setenv("WATCHWORD_MODE", "development")
    assert load_settings().provider_base_urls == {"http-sms": url}


def test_development_makes_keys_that_only_their_owner_can_read(
    environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    environment.delenv("WATCHWORD_SECRET_KEYS")
    environment.setenv("WATCHWORD_MODE", "development")

    first, second = load_settings(), load_settings()

    kept = tmp_path / "var" / "secret-keys"
    assert first.keys == second.keys
    assert kept.stat().st_mode & 0o777 == 0o600


def test_countries_and_prefixes_are_lists(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("WATCHWORD_ALLOWED_COUNTRIES", "kr, US,")
    environment.setenv("WATCHWORD_REFUSED_PREFIXES", "+882, 979")

    settings = load_settings()

    assert settings.allowed_countries == frozenset({"KR", "US"})
    assert settings.refused_prefixes == ("882", "979")


def test_an_empty_list_of_countries_allows_every_one(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("WATCHWORD_ALLOWED_COUNTRIES", "")

    assert load_settings().allowed_countries is None
