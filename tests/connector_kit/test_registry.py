"""Which connectors there are."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from watchword.connector_kit.errors import ConnectorClassNotFound
from watchword.connector_kit.guides import guide
from watchword.connector_kit.registry import ConnectorRegistry, RegistryProblem
from watchword.providers.development_inbox.connector import DevelopmentInboxConnector
from watchword.providers.http_sms.connector import WebhookConnector
from watchword.providers.smtp.connector import SmtpConnector
from watchword.providers.twilio.connector import TwilioConnector

INBOX = "watchword.providers.development_inbox.connector:DevelopmentInboxConnector"
TWILIO = "watchword.providers.twilio.connector:TwilioConnector"

OF_A_PACKAGE = '''"""A connector of a package."""

from watchword.providers.http_sms.connector import WebhookConnector
{more}

class {name}(WebhookConnector):
    """Like the HTTP connector, under another id."""

    metadata = replace(WebhookConnector.metadata, id="{id}")
'''


Install = Callable[..., None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Return what puts a package on the path as an installer would, with an entry point."""
    monkeypatch.syspath_prepend(tmp_path)

    def install(package: str, value: str, *, source: str = "") -> None:
        module = value.partition(":")[0]
        if source:
            folder = tmp_path / module
            folder.mkdir()
            (folder / "__init__.py").write_text(source)
            (folder / "logo.svg").write_text("<svg/>")
            monkeypatch.delitem(sys.modules, module, raising=False)
        info = tmp_path / f"{package.replace('-', '_')}-1.2.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.2\n")
        (info / "entry_points.txt").write_text(f"[watchword.connectors]\n{package} = {value}\n")

    return install


def source(name: str, id: str) -> str:
    """Return a module with one connector class."""
    return OF_A_PACKAGE.format(name=name, id=id, more="from dataclasses import replace\n")


def problem_of(package: str, registry: ConnectorRegistry) -> RegistryProblem:
    [found] = [problem for problem in registry.problems if problem.package == f"{package} 1.2"]
    return found


def test_finds_by_id_in_the_given_order() -> None:
    registry = ConnectorRegistry([TwilioConnector, WebhookConnector])

    assert registry.list() == [TwilioConnector, WebhookConnector]
    assert registry.get("http-sms") is WebhookConnector
    assert registry.find("none") is None
    with pytest.raises(ConnectorClassNotFound):
        registry.get("none")


def test_refuses_two_of_one_id_and_what_is_no_connector() -> None:
    registry = ConnectorRegistry([TwilioConnector])
    with pytest.raises(ValueError, match="twilio-short-message-service"):
        registry.add(TwilioConnector)
    with pytest.raises(TypeError):
        registry.add(dict)


def test_an_installed_package_adds_its_connector(install: Install) -> None:
    install("watchword-inbox", INBOX)
    registry = ConnectorRegistry.with_installed([TwilioConnector])

    assert registry.list() == [TwilioConnector, DevelopmentInboxConnector]
    assert registry.problems == []


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("import no_such_library", "ModuleNotFoundError: No module named 'no_such_library'"),
        ("raise SystemExit('enough')", "SystemExit: enough"),
        ("raise RuntimeError('two\\nlines')", "RuntimeError: two lines"),
        ("1 +", "SyntaxError: invalid syntax"),
        ("", "AttributeError: module 'watchword_broken' has no attribute 'Connector'"),
    ],
)
def test_a_package_that_fails_costs_only_its_own_connector(
    install: Install, code: str, words: str
) -> None:
    install("watchword-broken", "watchword_broken:Connector", source=f'"""Broken."""\n{code}\n')
    install("watchword-inbox", INBOX)
    registry = ConnectorRegistry.with_installed([TwilioConnector])

    assert registry.list() == [TwilioConnector, DevelopmentInboxConnector]
    [problem] = registry.problems
    assert problem.entry_point == "watchword-broken = watchword_broken:Connector"
    assert problem.package == "watchword-broken 1.2"
    assert problem.reason == "not_loaded"
    assert problem.detail.startswith(words)


INCOMPLETE = '''"""Incomplete."""

from watchword.connector_kit.connector import HttpSmsConnector, SmsConnector
from watchword.connector_kit.config import ConnectorConfig
from watchword.providers.http_sms.connector import WebhookConnector


class Unfinished(HttpSmsConnector[ConnectorConfig]):
    """Neither asks nor reads."""

    metadata = WebhookConnector.metadata


class Nameless(SmsConnector[ConnectorConfig]):
    """Can send, but has no name."""

    async def send(self, message):
        """Send nothing."""


class Unasked(ConnectorConfig):
    """A field that no form can show."""

    field: str


class Formless(WebhookConnector):
    """Its form can't be drawn."""

    config_type = Unasked
'''


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Unasked", "is no connector class"),
        ("Unfinished", "does not define build_request, read_response"),
        ("Nameless", "no ConnectorMetadata"),
        ("Formless", "Unasked.field needs a Setting"),
    ],
)
def test_a_class_that_would_break_a_page_is_left_out(
    install: Install, name: str, words: str
) -> None:
    install("watchword-odd", f"watchword_odd:{name}", source=INCOMPLETE)
    registry = ConnectorRegistry.with_installed([])

    assert registry.list() == []
    assert problem_of("watchword-odd", registry).reason == "no_connector"
    assert words in problem_of("watchword-odd", registry).detail


def test_a_class_without_its_logo_is_left_out(install: Install, tmp_path: Path) -> None:
    install("watchword-bare", "watchword_bare:Bare", source=source("Bare", "bare-sms"))
    (tmp_path / "watchword_bare" / "logo.svg").unlink()

    problem = problem_of("watchword-bare", ConnectorRegistry.with_installed([]))

    assert (problem.reason, problem.detail) == (
        "no_connector",
        "watchword_bare.Bare has no logo logo.svg",
    )


def test_watchwords_own_connector_wins_and_both_are_named(install: Install) -> None:
    taken = TwilioConnector.metadata.id
    install("watchword-rival", "watchword_rival:Rival", source=source("Rival", taken))
    registry = ConnectorRegistry.with_installed([TwilioConnector])

    assert registry.list() == [TwilioConnector]
    problem = problem_of("watchword-rival", registry)
    assert problem.reason == "id_taken"
    assert problem.detail == (
        f"watchword_rival.Rival has the id '{taken}', as has "
        "Watchword's watchword.providers.twilio.connector.TwilioConnector"
    )


def test_of_two_packages_with_one_id_neither_gets_the_others_secrets(install: Install) -> None:
    for name in ("First", "Second"):
        module = f"watchword_{name.lower()}"
        install(f"watchword-{name.lower()}", f"{module}:{name}", source=source(name, "same-sms"))
    registry = ConnectorRegistry.with_installed([])

    assert registry.list() == []
    assert problem_of("watchword-first", registry).detail == (
        "watchword_first.First has the id 'same-sms', as has "
        "watchword-second 1.2's watchword_second.Second"
    )
    assert problem_of("watchword-second", registry).detail.endswith(
        "watchword-first 1.2's watchword_first.First"
    )


def test_a_class_that_is_declared_twice_is_one_connector(install: Install) -> None:
    install("watchword-once", TWILIO)
    install("watchword-again", TWILIO)
    registry = ConnectorRegistry.with_installed([])

    assert (registry.list(), registry.problems) == ([TwilioConnector], [])


def test_an_unknown_language_reads_the_english_guide_and_is_never_a_path() -> None:
    english = guide(TwilioConnector, "en")

    assert guide(TwilioConnector, "de") == english
    assert guide(TwilioConnector, "../../../../etc/passwd") == english
    assert guide(TwilioConnector, "ko") != english


def test_a_class_whose_type_is_not_its_own_is_left_out(install: Install) -> None:
    text = source("OddConnector", "odd").replace('id="odd"', 'id="odd", type=ConnectorType.EMAIL')
    install(
        "odd-email",
        "odd_email:OddConnector",
        source=f"from watchword.connector_kit.models import ConnectorType\n{text}",
    )
    registry = ConnectorRegistry.with_installed([])

    assert registry.find("odd") is None
    problem = problem_of("odd-email", registry)
    assert problem.reason == "no_connector"
    assert "Email" in problem.detail


def test_connectors_for_email_stand_beside_those_for_texts() -> None:
    registry = ConnectorRegistry([TwilioConnector, SmtpConnector])

    assert registry.get("simple-mail-transfer-protocol") is SmtpConnector
