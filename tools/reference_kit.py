"""The connector kit's public names, as their source states them: for their page and their test."""

import ast
import importlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from inspect import cleandoc
from pathlib import Path
from typing import Literal

from watchword.connector_kit import PUBLIC, answers, outbound, scrubbing, templates
from watchword.connector_kit.config import FASTEST, SLOWEST
from watchword.connector_kit.errors import ConnectorError
from watchword.core.phrases import Phrases

TITLES = {
    "connector": "The bases",
    "session": "A connection that stays open",
    "models": "What goes in and what comes out",
    "config": "Settings",
    "templates": "Templates",
    "mail": "E-mail",
    "wording": "Texts to start with",
    "errors": "Errors",
    "answers": "What an HTTP status says",
    "segments": "What a text costs",
    "numbers": "Numbers as one country writes them",
    "korean": "What Korean carriers count",
    "social": "Providers that people sign in with",
    "oauth": "OAuth 2 from the other side",
    "standard_oauth": "OAuth 2, with the rest to be entered",
    "openid": "OpenID Connect from the other side",
    "scrubbing": "What nobody may read",
    "guides": "Guide and logo",
    "outbound": "The client",
    "number_checks": "What a carrier knows of a number",
    "testing": "The promises, as tests",
    "core.phone": "Phone numbers",
    "core.email": "E-mail addresses",
    "core.clock": "Time",
    "emulators.kit": "Emulators",
}
TO_DEFINE = " (to define)"
RFC = re.compile(r"\bRFC (\d+)")

Kind = Literal["does", "amount", "value"]
"""A class, function or property; a value with a unit, such as a duration; any other value."""

Documented = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Member:
    """One attribute or method of a public class."""

    name: str
    signature: str
    about: str
    kind: Kind = "does"


@dataclass(frozen=True)
class Name:
    """One public name."""

    module: str
    name: str
    signature: str
    about: str
    kind: Kind = "does"
    members: tuple[Member, ...] = ()
    tests: tuple[str, ...] = ()
    """What a class of promises tests, each a sentence."""


def names() -> list[Name]:
    """Return every public name in the order of `PUBLIC`; raises LookupError for one not there."""
    return [
        _name(module, name, found)
        for module, wanted in PUBLIC.items()
        for name, found in _definitions(module, wanted)
    ]


def about_module(module: str) -> str:
    """Return what a module says of itself."""
    return cleandoc(ast.get_docstring(_tree(module)) or "")


def signatures() -> str:
    """Return everything that a package may rely on, a line each: what the promise's test keeps."""
    lines = []
    for name in names():
        lines.append(f"{name.module}: {name.signature}")
        lines += [f"    {member.signature}" for member in name.members]
        lines += [f"    promises that it {sentence}" for sentence in name.tests]
    return "\n".join(lines) + "\n"


def _tree(module: str) -> ast.Module:
    spec = find_spec(module)
    assert spec is not None
    assert spec.origin is not None
    return ast.parse(Path(spec.origin).read_text(encoding="utf-8"))


def _definitions(module: str, wanted: tuple[str, ...]) -> Iterator[tuple[str, ast.stmt]]:
    found: dict[str, ast.stmt] = {}
    texts: dict[str, str] = {}
    for node, after in _pairs(_tree(module).body):
        for name in _names_of(node):
            found[name] = node
            texts[name] = _text_of(after)
    for name in wanted:
        node = found[name]
        node.about = texts[name]  # type: ignore[attr-defined]  # travels with its node
        yield name, node


def _pairs(body: list[ast.stmt]) -> Iterator[tuple[ast.stmt, ast.stmt | None]]:
    yield from zip(body, [*body[1:], None], strict=True)


def _names_of(node: ast.stmt) -> list[str]:
    if isinstance(node, Documented):
        return [node.name]
    if isinstance(node, ast.AnnAssign):
        return [ast.unparse(node.target)]
    if isinstance(node, ast.Assign):
        return [ast.unparse(target) for target in node.targets]
    return []


def _text_of(node: ast.stmt | None) -> str:
    """Return the text that stands below an attribute, as its docstring."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return cleandoc(str(node.value.value)) if isinstance(node.value.value, str) else ""
    return ""


def _name(module: str, name: str, node: ast.stmt) -> Name:
    if isinstance(node, ast.ClassDef):
        bases = ", ".join(ast.unparse(base) for base in node.bases)
        return Name(
            module,
            name,
            f"class {name}({bases})" if bases else f"class {name}",
            cleandoc(ast.get_docstring(node) or ""),
            members=tuple(_members(node)),
            tests=tuple(_tests(node)),
        )
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return Name(module, name, _function(node), cleandoc(ast.get_docstring(node) or ""))
    about = getattr(node, "about", "")
    return Name(module, name, _attribute(node), about, "value")


def _members(node: ast.ClassDef) -> Iterator[Member]:
    for found, after in _pairs(node.body):
        for name in _names_of(found):
            if name == "__init__" and isinstance(found, ast.FunctionDef):
                yield Member(name, _function(found), "", "value")
            if name.startswith(("_", "test_")) or name == "model_config":
                continue
            if isinstance(found, ast.FunctionDef | ast.AsyncFunctionDef):
                about = cleandoc(ast.get_docstring(found) or "")
                yield Member(name, _function(found), about)
            elif not isinstance(found, ast.ClassDef):
                kind: Kind = "amount" if _is_amount(found) else "value"
                yield Member(name, _attribute(found), _text_of(after), kind)


def _tests(node: ast.ClassDef) -> Iterator[str]:
    for found in node.body:
        if isinstance(found, Documented) and found.name.startswith("test_"):
            yield found.name.removeprefix("test_").replace("_", " ")


def _function(node: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    marks = [ast.unparse(mark) for mark in node.decorator_list]
    prefix = "async " if isinstance(node, ast.AsyncFunctionDef) else ""
    result = f" -> {_type(node.returns)}" if node.returns else ""
    if "property" in marks:
        prefix = "property "
        line = f"{node.name}{result.replace(' -> ', ': ', 1)}"
    else:
        kind = "classmethod " if "classmethod" in marks else ""
        line = f"{kind}{node.name}({_arguments(node)}){result}"
    return f"{prefix}{line}" + (TO_DEFINE if "abstractmethod" in marks else "")


def _arguments(node: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    given = node.args
    plain = [*given.posonlyargs, *given.args]
    missing: list[ast.expr | None] = [None] * (len(plain) - len(given.defaults))
    parts = [
        _argument(argument, default)
        for argument, default in zip(plain, [*missing, *given.defaults], strict=True)
        if argument.arg not in {"self", "cls"}
    ]
    if given.vararg:
        parts.append(f"*{_argument(given.vararg, None)}")
    elif given.kwonlyargs:
        parts.append("*")
    parts += [
        _argument(argument, default)
        for argument, default in zip(given.kwonlyargs, given.kw_defaults, strict=True)
    ]
    if given.kwarg:
        parts.append(f"**{_argument(given.kwarg, None)}")
    return ", ".join(parts)


def _argument(argument: ast.arg, default: ast.expr | None) -> str:
    annotated = f"{argument.arg}: {_type(argument.annotation)}"
    return annotated if default is None else f"{annotated} = {_short(default)}"


def _type(annotation: ast.expr | None) -> str:
    # Quotes are for the interpreter, not for the reader.
    return ast.unparse(annotation).replace("'", "") if annotation else "Any"


def _attribute(node: ast.stmt) -> str:
    if isinstance(node, ast.AnnAssign):
        annotation = node.annotation
        if isinstance(annotation, ast.Subscript) and ast.unparse(annotation.value) == "Annotated":
            # The rest says how a form asks for it.
            assert isinstance(annotation.slice, ast.Tuple)
            annotation = annotation.slice.elts[0]
        return f"{ast.unparse(node.target)}: {ast.unparse(annotation)}{_default(node.value)}"
    assert isinstance(node, ast.Assign)
    return f"{ast.unparse(node.targets[0])} = {_short(node.value)}"


def _default(value: ast.expr | None) -> str:
    if value is None:
        return ""
    if isinstance(value, ast.Call) and ast.unparse(value.func) in {"Field", "field"}:
        given: Mapping[str | None, ast.expr] = {k.arg: k.value for k in value.keywords}
        default = f" = {ast.unparse(given['default'])}" if "default" in given else ""
        if "default_factory" in given:
            default = f" = {ast.unparse(given['default_factory'])}()"
        alias = f", key {ast.unparse(given['alias'])}" if "alias" in given else ""
        return default + alias
    return f" = {_short(value)}"


def _short(value: ast.expr) -> str:
    text = ast.unparse(value)
    return text if len(text) <= 120 else "…"


def _is_amount(node: ast.stmt) -> bool:
    return isinstance(node, ast.AnnAssign) and bool(
        re.search(r"\b(int|float|timedelta|bytes)\b", ast.unparse(node.annotation))
    )


# The page.


def page_body() -> str:
    """Return the page about everything that `PUBLIC` promises."""
    by_module: dict[str, list[Name]] = {}
    for name in names():
        by_module.setdefault(name.module, []).append(name)
    sections = [_section(module, found) for module, found in by_module.items()]
    return "\n\n".join([_quantities(), *sections])


def _section(module: str, found: list[Name]) -> str:
    title = TITLES[module.removeprefix("watchword.").removeprefix("connector_kit.")]
    about = _linked(about_module(module))
    parts = [f"## {title}\n\n`{module}`. {about}"]
    if module.endswith(".errors"):
        parts.append(_errors(found))
        found = [name for name in found if name.name in {"ConnectorError", "ReportRefused"}]
    return "\n\n".join([*parts, *(_entry(name) for name in found)])


def _entry(name: Name) -> str:
    parts = [f"### {name.name}", f"```python\n{name.signature}\n```"]
    if name.about:
        parts.append(_linked(name.about))
    members = [_bullet(member) for member in name.members]
    members += [f"- {sentence}" for sentence in name.tests]
    return "\n\n".join([*parts, "\n".join(members)] if members else parts)


def _bullet(member: Member) -> str:
    about = " ".join(_linked(member.about).split())
    signature = member.signature.removesuffix(TO_DEFINE)
    mark = TO_DEFINE if signature != member.signature else ""
    return f"- `{signature}`{mark}" + (f": {about}" if about else "")


def _linked(text: str) -> str:
    """Return a docstring with its standards as links."""
    return RFC.sub(r"[RFC \1](https://www.rfc-editor.org/rfc/rfc\1)", text)


def _errors(found: list[Name]) -> str:
    phrases = Phrases.load()
    lines = [
        "| error | means | who acts | may have been sent | what the console advises |",
        "| --- | --- | --- | --- | --- |",
    ]
    for name in found:
        error = getattr(importlib.import_module(name.module), name.name)
        if error is not ConnectorError and issubclass(error, ConnectorError):
            meaning = " ".join(name.about.partition("\n\n")[0].split())
            sent = "no" if error.is_outcome_known else "yes"
            advice = phrases.text("en", f"connector_kit.error_class.{error.error_class}")
            lines.append(f"| `{name.name}` | {meaning} | {error.acts} | {sent} | {advice} |")
    return "\n".join(lines)


def _quantities() -> str:
    rows = (
        ("a duration", "`timedelta`", "never a bare number of seconds"),
        ("a moment", "`datetime`", "aware, in UTC, from `context.clock.now()`"),
        ("a phone number", "`PhoneNumber`", "`.e164` with `+`, `.digits` without"),
        (
            "a pace",
            "`float`",
            f"messages a second, from {SLOWEST:g} to {FASTEST:g}",
        ),
        (
            "a text's size",
            "`Segments`",
            "septets of GSM-7 or UTF-16 units, and the messages they fill",
        ),
        (
            "the time for one request",
            "`OutboundClient.total`",
            f"{outbound.TOTAL.total_seconds():g} seconds, {outbound.CONNECT.total_seconds():g} of "
            "them to connect",
        ),
        ("an answer", "`bytes`", f"at most {outbound.LARGEST_ANSWER // 1024} KiB"),
        (
            "`Retry-After`",
            "`timedelta`",
            f"at most {answers.LONGEST_WAIT.total_seconds() / 3600:g} hours; RFC 9110, 10.2.3",
        ),
        ("a provider's words", "`str`", f"{scrubbing.LONGEST} characters; the rest is cut off"),
        (
            "a name that other people chose",
            "`str`",
            f"{templates.LONGEST_NAME} characters, without links and line breaks",
        ),
    )
    lines = ["| what | in code | unit and limit |", "| --- | --- | --- |"]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    return "## Units and limits\n\n" + _linked("\n".join(lines))
