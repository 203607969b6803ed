"""Write the reference pages that the code itself knows best."""

import importlib
import pkgutil
from collections.abc import Iterable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import reference_api
import reference_kit
import reference_providers
import reference_security

import watchword
from watchword.app import CONNECTORS as SHIPPED
from watchword.app import build_app
from watchword.connector_kit.config import ConnectorConfig
from watchword.connector_kit.connector import SmsConnector
from watchword.connector_kit.registry import ConnectorRegistry
from watchword.core.errors import DomainError
from watchword.core.keys import SecretKeys
from watchword.core.phrases import Phrases
from watchword.settings import PREFIX, Settings
from watchword.web.problems import STATUS_BY_CODE

CONNECTORS = ConnectorRegistry(SHIPPED).list()
PAGES = Path(__file__).parent.parent / "docs" / "reference"
NOTICE = "<!-- Written by tools/reference.py from the code. Do not edit; run `make fix`. -->"

SURFACES = (
    (
        "/api/experience",
        "Experience API",
        "What a sign-in page calls; the browser's cookies say who.",
    ),
    *(
        (prefix, "Open to anyone", "What a sign-in page or a probe may read without a token.")
        for prefix in ("/api/.well-known", "/api/status", "/api/swagger.json")
    ),
    ("/api/interaction", "Experience API", ""),
    (
        "/api",
        "Management API",
        "For machines with a token. [Call it](../how-to/call-the-management-api.md) from a script.",
    ),
    ("/oidc", "OpenID Connect", "For applications and their libraries."),
    ("/console", "Console", "For operators, on the server's own host only."),
    ("/receipts", "Receipts", "For providers, to report what became of a message."),
    ("/health", "Operation", "For whoever watches the server."),
    ("/metrics", "Operation", ""),
    ("/", "Pages", "For people who sign in."),
)


def pages() -> dict[str, str]:
    """Return every generated page by its file name."""
    return {
        "settings.md": settings_page(),
        "errors.md": errors_page(),
        "routes.md": routes_page(),
        "providers.md": providers_page(),
        "connector-kit.md": kit_page(),
        "api.md": api_page(),
        "security-statements.md": security_statements_page(),
    }


def settings_page() -> str:
    """Return every environment variable."""
    rows = []
    for name, field in Settings.model_fields.items():
        default = field.get_default(call_default_factory=True)
        rows.append((f"`{PREFIX}{name.upper()}`", _default(default), field.description or ""))
    return _page(
        "Settings",
        "All settings are environment variables, read once at the start. A missing or wrong one "
        "stops the start with a line that names it. `watchword doctor` checks them too.",
        _table(("variable", "default", "meaning"), rows),
    )


def errors_page() -> str:
    """Return every error code."""
    phrases = Phrases.load()
    rows = {
        error.code: (f"`{error.code}`", _status(error), phrase_of(phrases, "en", error.code))
        for error in error_classes()
    }
    return _page(
        "Error codes",
        "A JSON error has a stable `code`, and a `message` in the caller's language that may be "
        "reworded at any time. Programs decide by the code.",
        _table(("code", "status", "in English"), (rows[code] for code in sorted(rows))),
    )


def routes_page() -> str:
    """Return every route, by surface."""
    sections: dict[str, list[tuple[str, ...]]] = {}
    about: dict[str, str] = {}
    for prefix, title, sentence in SURFACES:
        sections.setdefault(title, [])
        about[title] = about.get(title) or sentence
        del prefix
    for method, path, words in sorted(set(routes()), key=lambda route: (route[1], route[0])):
        title = next(title for prefix, title, _ in SURFACES if path.startswith(prefix))
        sections[title].append((method, f"`{path}`", words))
    parts = [
        f"## {title}\n\n{about[title]}\n\n{_table(('method', 'path', 'does'), rows)}"
        for title, rows in sections.items()
        if rows
    ]
    return _page(
        "Routes",
        "Everything this server answers. Bodies and fields of the JSON APIs stand in "
        "[API](api.md) and in the OpenAPI document at `/api/swagger.json`.",
        "\n\n".join(parts),
    )


def api_page() -> str:
    """Return every operation of the JSON APIs: what it takes, what it answers."""
    parts = []
    for tag, operations in reference_api.sections(build_app(_any_settings()).openapi()):
        parts.append(f"## {tag}")
        for operation in operations:
            parts += [f"### `{operation.title}`", operation.words]
            if inputs := operation.inputs():
                parts.append(_table(("name", "in", "type", "required", ""), inputs))
            parts.append(_table(("status", "answer"), operation.answers()))
    return _page(
        "API",
        "The JSON APIs, field by field, from the document that the server serves at "
        "`/api/swagger.json`. Beside what is named here, any request can meet "
        "`guard.invalid_input` (400), `request.body_too_large` (413), `tenant.unknown_host` (421) "
        "and `server.storage_unavailable` (503), and one of the Management API `auth.…` (401, "
        "403). [Error codes](errors.md) says what each code means.",
        "\n\n".join(part for part in parts if part),
    )


def security_statements_page() -> str:
    """Return what must hold against whom, and the tests that prove it."""
    found = reference_security.proofs()
    head = ("", "statement", "proved by")
    parts = [
        f"## {title}\n\n{_table(head, reference_security.rows(group, found))}"
        for title, group in reference_security.sections().items()
    ]
    return _page(
        "Security statements",
        "What standards and other sign-in servers' troubles teach, one testable sentence each, and "
        "the tests in `tests/` that prove it here. A test proves a statement by its name "
        "(`test_s84_…`) or by the mark `proves`. *Otherwise* says where this server keeps to "
        "something else on purpose, *not yet* what is missing. "
        "[Security](../explanation/security.md) tells the story.",
        "\n\n".join(parts),
    )


def providers_page() -> str:
    """Return what each connector class can do and asks for, and how far that is proved."""
    features = [(_named(c), *reference_providers.supports(c).values()) for c in CONNECTORS]
    proofs = [
        (_named(c), *(proof.cell for proof in reference_providers.proofs(c))) for c in CONNECTORS
    ]
    columns = ("provider", *reference_providers.supports(CONNECTORS[0]))
    parts = [
        "## What they support",
        _table(columns, features),
        "## How they are proved",
        "**Contract suite**: the promises of every connector. **Signature vectors**: how many "
        "published or independently computed signatures it reproduces. **Official SDK**: the "
        "provider's own package and the connector send one message to the emulator, and the "
        "fields are equal. **Emulator**: a strict stand-in, `watchword emulate`, which it was "
        "walked through with every trouble that its guide names. **Delivery reports**: read, out "
        "of order, repeated and badly signed ones too. **Credential check**: asks at no cost.",
        _table(("provider", *reference_providers.PROOFS.values()), proofs),
        "## Settings that every connector has",
        _settings(ConnectorConfig.form_items("en")),
        *(_provider(connector) for connector in CONNECTORS),
    ]
    return _page(
        "Providers",
        "The providers this server ships with. Each has a guide beside its form in the console. "
        "[Write a connector](../how-to/write-a-connector.md) adds one.",
        "\n\n".join(parts),
    )


def _named(connector: type[SmsConnector[Any]]) -> str:
    metadata = connector.metadata
    return f"[{metadata.name['en']}](#{metadata.id}) `{metadata.id}`"


def _settings(items: list[dict[str, Any]]) -> str:
    rows = [
        (
            f"`{item['key']}`",
            item["label"],
            "yes" if item["required"] else "no",
            "yes" if item.get("isConfidential") else "no",
            item.get("description", ""),
        )
        for item in items
    ]
    return _table(("key", "label", "required", "secret", ""), rows)


def kit_page() -> str:
    """Return what a connector's package may rely on."""
    return _page(
        "Connector kit",
        "What a connector may import, and what stays as it is from one version to the next. "
        "[Write a connector](../how-to/write-a-connector.md) shows how the pieces go together; "
        "[the tutorial](../tutorial/write-a-connector.md) builds one.",
        reference_kit.page_body(),
    )


def _provider(connector: type[SmsConnector[Any]]) -> str:
    metadata = connector.metadata
    common = connector.config_type.common_keys()
    items = [item for item in connector.config_type.form_items("en") if item["key"] not in common]
    settings = _settings(items) if items else "No settings."
    heading = f"## {metadata.name['en']} {{: #{metadata.id} }}"
    return f"{heading}\n\n{metadata.description['en']}\n\n{settings}"


def error_classes() -> list[type[DomainError]]:
    """Return every error that has a code of its own."""
    for module in pkgutil.walk_packages(watchword.__path__, "watchword."):
        if "migrations" not in module.name and not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    return sorted(set(_descendants(DomainError)), key=lambda error: (error.code, error.__name__))


def _descendants(base: type[DomainError]) -> Iterator[type[DomainError]]:
    for error in base.__subclasses__():
        if error.__module__.startswith("watchword."):
            yield error
        yield from _descendants(error)


def phrase_of(phrases: Phrases, language: str, code: str) -> str:
    """Return the phrase of an error code in one language, empty if there is none."""
    catalogue = phrases.languages[language]
    return catalogue.get(f"errors.{code}") or catalogue.get(f"errors.{code}.other") or ""


def routes() -> Iterator[tuple[str, str, str]]:
    """Return method, path and first sentence of every route."""
    yield from _routes(build_app(_any_settings()).routes)


def _any_settings() -> Settings:
    return Settings(
        mode="development",
        public_url="http://localhost:3001",
        database_url="sqlite:///reference.db",
        secret_keys=SecretKeys.parse(SecretKeys.generate("reference")),
    )


def _routes(found: Iterable[Any], prefix: str = "") -> Iterator[tuple[str, str, str]]:
    for route in found:
        path = prefix + str(getattr(route, "path", ""))
        inner = getattr(route, "original_router", None) or getattr(route, "app", None)
        if hasattr(inner, "routes") and not hasattr(route, "endpoint"):
            context = getattr(route, "include_context", None)
            yield from _routes(inner.routes, prefix + str(getattr(context, "prefix", "")))
            continue
        words = (getattr(route, "endpoint", route).__doc__ or "").strip()
        if path == "/api/swagger.json":
            words = "Describe the JSON APIs, as OpenAPI."
        for method in sorted(set(getattr(route, "methods", None) or ()) - {"HEAD", "OPTIONS"}):
            yield method, path, words.partition("\n")[0]


def _status(error: type[DomainError]) -> str:
    return str(getattr(error, "status", None) or STATUS_BY_CODE.get(error.code, 400))


def _default(value: object) -> str:
    if value in (None, (), {}):
        return "–"
    if isinstance(value, timedelta):
        return f"`{value.total_seconds():g}`"
    return f"`{value}`"


def _page(title: str, about: str, body: str) -> str:
    return f"# {title}\n\n{NOTICE}\n\n{about}\n\n{body}\n"


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join("| " + " | ".join(_cell(cell) for cell in line) + " |" for line in lines)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")


def main() -> int:
    """Write the pages that are not as the code says."""
    for name, text in pages().items():
        path = PAGES / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            print(f"docs/reference: {name} written")  # noqa: T201  # a command speaks
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
