"""A configuration document as YAML: written in one way only, and read with its lines known."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from watchword.configuration.document import Path
from watchword.core.errors import DomainError

LARGEST = 1024 * 1024

# Of YAML's plain scalars only those that JSON knows: `NO` is a country, not a refusal, and a number
# with a zero in front is a number that somebody calls.
WORDS = {"": None, "~": None, "null": None, "true": True, "false": False}
WHOLE = re.compile(r"-?(?:0|[1-9][0-9]{0,17})")
DECIMAL = re.compile(r"-?[0-9]+\.[0-9]*(?:[eE][-+][0-9]+)?")
TAGS = {f"tag:yaml.org,2002:{kind}" for kind in ("str", "map", "seq")}


class DocumentUnreadable(DomainError):
    """The text is no YAML that a configuration could be; the detail names the line."""

    code = "configuration.document_unreadable"
    status = 422

    def __init__(self, words: str, line: int | None = None) -> None:
        super().__init__(words if line is None else f"line {line}: {words}", data={"line": line})


@dataclass(frozen=True)
class DocumentText:
    """A document as it was written, and the line of each of its parts."""

    document: Mapping[str, Any]
    lines: Mapping[Path, int] = field(repr=False)

    def line_of(self, path: Path) -> int:
        """Return the line of *path*, or of the nearest thing around it."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


def read(text: str) -> DocumentText:
    """Return the document in *text*, which may be JSON, too; raises DocumentUnreadable."""
    if len(text) > LARGEST:
        raise DocumentUnreadable("a configuration has at most a megabyte")
    try:
        node = yaml.compose(text, Loader=_Loader)  # it makes nodes, not objects
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        words = error.problem or "this is not YAML"
        raise DocumentUnreadable(words, mark.line + 1 if mark else None) from None
    except yaml.YAMLError:
        raise DocumentUnreadable("this is not text that YAML may hold") from None
    except RecursionError:
        raise DocumentUnreadable("it goes deeper than a configuration does") from None
    lines: dict[Path, int] = {}
    document = _value(node, (), lines) if node is not None else None
    if not isinstance(document, dict):
        raise DocumentUnreadable("a configuration begins with `version: 1`", 1)
    return DocumentText(document, lines)


def write(document: Mapping[str, Any]) -> str:
    """Return *document* as YAML in its own order, so that the same one is the same text."""
    return yaml.dump(
        dict(document),
        Dumper=_Dumper,
        sort_keys=False,
        allow_unicode=True,
        default_flow_style=False,
        width=100,
    )


class _Loader(yaml.SafeLoader):
    # None: every plain scalar is a text, until `_scalar` says otherwise.
    yaml_implicit_resolvers = {}  # noqa: RUF012  # the library's own way

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            event = self.peek_event()  # type: ignore[no-untyped-call]  # stubs lack it
            raise yaml.composer.ComposerError(
                None, None, "write it out: a configuration has no aliases", event.start_mark
            )
        return super().compose_node(parent, index)


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002
        # Lists stand inside what they belong to, as most people write them.
        super().increase_indent(flow, False)


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    # As a block where it has lines of its own, which a template or a style sheet does.
    style = "|" if "\n" in value else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(str, _text)


def _value(node: yaml.Node, path: Path, lines: dict[Path, int]) -> Any:
    line = node.start_mark.line + 1
    lines.setdefault(path, line)
    if node.tag not in TAGS:
        raise DocumentUnreadable("a configuration has no tags", line)
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, path, lines)
    if isinstance(node, yaml.SequenceNode):
        return [_value(item, (*path, number), lines) for number, item in enumerate(node.value)]
    is_plain = isinstance(node, yaml.ScalarNode) and node.style is None
    return _scalar(node.value) if is_plain else node.value


def _mapping(node: yaml.MappingNode, path: Path, lines: dict[Path, int]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in node.value:
        line = key.start_mark.line + 1
        if not isinstance(key, yaml.ScalarNode) or key.tag not in TAGS:
            raise DocumentUnreadable("a key is a text", line)
        if key.value in found:
            raise DocumentUnreadable(f"{key.value} stands here twice", line)
        lines[*path, key.value] = line
        found[key.value] = _value(value, (*path, key.value), lines)
    return found


def _scalar(text: str) -> Any:
    if text in WORDS:
        return WORDS[text]
    if WHOLE.fullmatch(text):
        return int(text)
    return float(text) if DECIMAL.fullmatch(text) else text
