"""Settings: what is wrong is said at start, by the variable's name."""

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
        ("WATCHWORD_MODE", "staging"),
        ("WATCHWORD_MESSAGE_RETENTION_DAYS", "0"),
    ],
)
def test_a_wrong_value_is_named(name: str, value: str, environment: pytest.MonkeyPatch) -> None:
    environment.setenv(name, value)

    with pytest.raises(InvalidSettings, match=name):
        load_settings()


def test_development_makes_keys_that_only_their_owner_can_read(
    environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    environment.delenv("WATCHWORD_SECRET_KEYS")
    environment.setenv("WATCHWORD_MODE", "development")

    first, second = load_settings(), load_settings()

    kept = tmp_path / "var" / "secret-keys"
    assert first.keys == second.keys
    assert kept.stat().st_mode & 0o777 == 0o600
