"""What each connector supports and which proof it has, read from its class and from the tests."""

import ast
import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel

from watchword.connector_kit.connector import Connector as AnyConnector
from watchword.connector_kit.mail import EmailTemplate
from watchword.connector_kit.models import ConnectorType
from watchword.connector_kit.session import SessionConnector
from watchword.connector_kit.templates import TextTemplate

Connector = type[AnyConnector[Any, Any]]

TESTS = Path(__file__).parent.parent / "tests"
ASIDE = re.compile(r", which|, at no cost|, or |: ")
READS_REPORTS = ("reportpromises", "read_report(", ".receipts(")
PROOFS = {
    "contract": "contract suite",
    "vectors": "signature vectors",
    "sdk": "official SDK",
    "emulator": "emulator",
    "receipts": "delivery reports",
    "credential_check": "credential check",
}


@dataclass(frozen=True)
class Proof:
    """One cell of the table of proofs."""

    kind: str
    found: str = ""
    """Empty where there is no such proof."""
    reason: str = ""
    """Why there is none, from `tests/providers/without.toml`."""

    @property
    def cell(self) -> str:
        """Return what the table shows; empty is a defect."""
        return self.found or (f"– {self.reason}" if self.reason else "")


@dataclass(frozen=True)
class TestFile:
    """What one test module says of the connectors it is about."""

    folder: str
    names: frozenset[str]
    """Every name that occurs in it."""
    words: str
    """Its source, in small letters."""
    contracts: frozenset[str]
    """The connectors whose promises it inherits."""
    texts: frozenset[str]


def proofs(connector: Connector) -> list[Proof]:
    """Return the proofs of one connector, and the reasons for those there are not."""
    about = [file for file in test_files() if connector.__name__ in file.names]
    has_contract = any(connector.__name__ in file.contracts for file in about)
    reasons = without().get(connector.metadata.id, {})
    found = {
        "contract": "yes" if has_contract else "",
        "vectors": _vectors(about),
        "sdk": "side by side" if any(file.folder == "sdk" for file in about) else "",
        "emulator": "yes" if any(file.folder == "emulators" for file in about) else "",
        "receipts": _receipts(connector, about),
        "credential_check": _check(connector, about),
    }
    return [Proof(kind, found[kind], reasons.get(kind, "")) for kind in PROOFS]


def supports(connector: Connector) -> dict[str, str]:
    """Return what the table of features shows of one connector, by column."""
    metadata = connector.metadata
    pace = metadata.messages_per_second
    return {
        "texts": _texts(connector),
        "delivery reports": _reports(connector) or "none",
        "credential check": _asks(connector) or "none",
        "countries": ", ".join(metadata.countries) or "any",
        "pace": f"{pace:g} a second" if pace else "not limited",
    }


@cache
def without() -> Mapping[str, Mapping[str, str]]:
    """Return why proofs are missing, by connector id and proof."""
    return tomllib.loads((TESTS / "providers" / "without.toml").read_text(encoding="utf-8"))


@cache
def test_files() -> list[TestFile]:
    """Return what every test module of providers, emulators and SDKs says."""
    return [
        _test_file(path)
        for folder in ("providers", "emulators", "sdk")
        for path in sorted((TESTS / folder).glob("*.py"))
    ]


def _test_file(path: Path) -> TestFile:
    source = path.read_text(encoding="utf-8")
    nodes = list(ast.walk(ast.parse(source)))
    return TestFile(
        folder=path.parent.name,
        names=frozenset(node.id for node in nodes if isinstance(node, ast.Name)),
        words=source.lower(),
        contracts=frozenset(_contracts(nodes)),
        texts=frozenset(
            node.value
            for node in nodes
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
        ),
    )


def _contracts(nodes: list[ast.AST]) -> Iterator[str]:
    """Return the connectors that a class of promises is made for."""
    for node in nodes:
        if not isinstance(node, ast.ClassDef):
            continue
        if not any(ast.unparse(base).endswith("ConnectorContract") for base in node.bases):
            continue
        for method in node.body:
            if isinstance(method, ast.FunctionDef) and method.name == "connector":
                yield ast.unparse(method.returns) if method.returns else ""


def _vectors(about: list[TestFile]) -> str:
    counted: dict[str, int] = {}
    for vector in json.loads((TESTS / "providers" / "vectors.json").read_text(encoding="utf-8")):
        counted[vector["provider"]] = counted.get(vector["provider"], 0) + 1
    used = {
        provider
        for file in about
        for provider in counted
        if "vectors.json" in file.texts and provider in file.texts
    }
    count = sum(counted[provider] for provider in used)
    return f"{count}" if count else ""


def _receipts(connector: Connector, about: list[TestFile]) -> str:
    is_tested = any(sign in file.words for file in about for sign in READS_REPORTS)
    return _reports(connector) if is_tested else ""


def _check(connector: Connector, about: list[TestFile]) -> str:
    is_tested = any("check_credentials" in file.words for file in about)
    return "yes" if is_tested and _asks(connector) else ""


def _reports(connector: Connector) -> str:
    if issubclass(connector, SessionConnector):
        return "on the session" if "delivery_reports" in connector.metadata.features else ""
    if not connector.has_reports:
        return ""
    return "signed" if connector.signs_reports else "token in the address"


def _asks(connector: Connector) -> str:
    if connector.check_credentials is AnyConnector.check_credentials:
        return ""
    sentence = (connector.check_credentials.__doc__ or "").strip().partition("\n")[0].rstrip(".")
    # Of a sentence such as "Return the balance, which costs nothing", what the table is about.
    said = ASIDE.split(sentence)[0].removeprefix("Return ")
    return said[:1].lower() + said[1:]


def _texts(connector: Connector) -> str:
    asked = connector.config_type.model_fields.get("templates")
    if asked is None:
        return "your service writes them" if "own_texts" in connector.metadata.features else "none"
    models = set(_models(asked.annotation))
    own = (TextTemplate, EmailTemplate)
    ours = any(issubclass(model, own) for model in models)
    theirs = any(not issubclass(model, own) for model in models)
    kinds = [
        *(["yours"] if ours else []),
        *(["the provider's templates"] if theirs else []),
    ]
    fields = {name for model in models for name in model.model_fields}
    if connector.metadata.type is ConnectorType.EMAIL:
        fields -= {"countries"}
    by = [what for what in ("language", "country") if {what, f"{what[:-1]}ies"} & fields]
    return " or ".join(kinds) + (f", by {' and '.join(by)}" if by else "")


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _models(inner)
