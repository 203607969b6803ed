"""The events that the audit log can be told of, read from the source."""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from itertools import product
from pathlib import Path
from typing import get_args

from watchword.audit.models import Event, interaction_event
from watchword.configuration.models import Action, Kind
from watchword.factors.models import SavedType
from watchword.interactions.models import InteractionEvent
from watchword.verification.models import RecordType

Function = ast.FunctionDef | ast.AsyncFunctionDef
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
ENUMS: Mapping[str, type[StrEnum]] = {"Event": Event, "Action": Action, "Kind": Kind}
INTERACTIONS = {
    interaction_event(visit, method=method)
    for visit in InteractionEvent
    for method in (None, *RecordType, *get_args(SavedType))
}


class Unread(Exception):
    """The source names an event in a way that cannot be read here."""


@dataclass(frozen=True)
class Module:
    """One file, and what its functions are called with."""

    tree: ast.Module
    name: str = "source"
    kinds: frozenset[str] = frozenset()
    """What `self.kind.name` may be."""
    constants: Mapping[str, str] = field(default_factory=dict)
    """Texts that a file of the source gives a name to."""

    def events(self) -> Iterator[str]:
        """Return every event that the file records; raises Unread."""
        for function in self._functions():
            for node in ast.walk(function):
                if isinstance(node, ast.Call) and is_told(node):
                    yield from self.texts(_event_of(node), function)

    def texts(self, node: ast.expr | None, function: Function) -> set[str]:  # noqa: PLR0911
        """Return every text that an expression in *function* can be; raises Unread."""
        match node:
            case ast.Constant(value=str(text)):
                return {text}
            case ast.IfExp(body=body, orelse=orelse):
                return self.texts(body, function) | self.texts(orelse, function)
            case ast.JoinedStr(values=values):
                parts = (self.texts(value, function) for value in values)
                return {"".join(chosen) for chosen in product(*parts)}
            case ast.FormattedValue(value=value):
                return self.texts(value, function)
            case ast.Attribute(value=ast.Name(id=enum), attr=member) if enum in ENUMS:
                return {ENUMS[enum][member].value}
            case ast.Attribute(attr="name") if ast.unparse(node) == "self.kind.name":
                return set(self.kinds)
            case ast.Call(func=ast.Name(id="interaction_event")):
                return INTERACTIONS
            case ast.Call(func=ast.Name(id=called)):
                return self._answers_of(called)
            case ast.Name(id=name):
                return self._values_of(name, function)
        raise Unread(f"{self.name}: {ast.unparse(node) if node else 'no event'}")

    def _functions(self) -> Iterator[Function]:
        return (node for node in ast.walk(self.tree) if isinstance(node, FUNCTIONS))

    def _answers_of(self, name: str) -> set[str]:
        for function in self._functions():
            if function.name == name and isinstance(function.returns, ast.Name):
                return set(ENUMS[function.returns.id])
        raise Unread(f"{self.name}: {name}()")

    def _values_of(self, name: str, function: Function) -> set[str]:
        """Return what a variable holds: what it is given here, or by who calls the function."""
        given = [
            node.value
            for node in ast.walk(function)
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name
        ]
        if given:
            return set().union(*(self.texts(value, function) for value in given))
        parameters = [*function.args.args, *function.args.kwonlyargs]
        parameter = next((one for one in parameters if one.arg == name), None)
        if parameter is not None:
            annotation = ast.unparse(parameter.annotation) if parameter.annotation else ""
            if annotation in ENUMS:
                return set(ENUMS[annotation])
            return self._given_by_callers(function, name)
        if name in self.constants:
            return {self.constants[name]}
        raise Unread(f"{self.name}: {name}")

    def _given_by_callers(self, function: Function, name: str) -> set[str]:
        names = [argument.arg for argument in function.args.args if argument.arg != "self"]
        found: set[str] = set()
        for caller in self._functions():
            for node in ast.walk(caller):
                if isinstance(node, ast.Call) and _called(node) == function.name:
                    named = {word.arg: word.value for word in node.keywords}
                    given = named.get(name) or node.args[names.index(name)]
                    found |= self.texts(given, caller)
        if not found:
            raise Unread(f"{self.name}: nobody calls {function.name}")
        return found


def is_told(node: ast.Call) -> bool:
    """Tell whether a call writes into the audit log."""
    function = node.func
    if not isinstance(function, ast.Attribute) or function.attr != "record":
        return False
    return ast.unparse(function.value).rpartition(".")[2] == "audit"


@cache
def recorded_events(source: Path) -> frozenset[str]:
    """Return every event that a file below *source* records."""
    texts = {path: path.read_text(encoding="utf-8") for path in source.rglob("*.py")}
    # Parsing all of it would take longer than all other tests of the architecture.
    wanted = {path: text for path, text in texts.items() if ".record(" in text or " Kind(" in text}
    trees = {path: ast.parse(text) for path, text in wanted.items()}
    kinds = frozenset(name for tree in trees.values() for name in _kinds(tree))
    constants = dict(pair for tree in trees.values() for pair in _constants(tree))
    modules = (Module(tree, path.name, kinds, constants) for path, tree in trees.items())
    return frozenset(event for module in modules for event in module.events())


def _event_of(node: ast.Call) -> ast.expr | None:
    named = next((word.value for word in node.keywords if word.arg == "event"), None)
    return node.args[0] if node.args else named


def _called(node: ast.Call) -> str:
    return ast.unparse(node.func).rpartition(".")[2]


def _kinds(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "Kind" and len(node.args) > 1:
            yield from _text(node.args[0])


def _constants(tree: ast.Module) -> Iterator[tuple[str, str]]:
    for node in tree.body:
        if isinstance(node, ast.Assign):
            yield from ((ast.unparse(node.targets[0]), text) for text in _text(node.value))


def _text(node: ast.expr) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
