"""The JSON APIs as a reference page, read from the OpenAPI document that the server serves."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

METHODS = ("get", "post", "put", "patch", "delete")
# Every request can meet these; the page says so once.
EVERYWHERE = {
    "auth.authorization_header_missing",
    "auth.authorization_token_type_not_supported",
    "auth.forbidden",
    "auth.unauthorized",
    "guard.invalid_input",
    "request.body_too_large",
    "server.storage_unavailable",
    "tenant.unknown_host",
}
Document = Mapping[str, Any]
Row = tuple[str, ...]


def sections(document: Document) -> Iterator[tuple[str, list["Operation"]]]:
    """Yield each tag with its operations, in the document's order."""
    tags: dict[str, list[Operation]] = {}
    for path, methods in document["paths"].items():
        for method in METHODS:
            if method in methods:
                operation = Operation(document, method.upper(), path, methods[method])
                tags.setdefault(operation.tag, []).append(operation)
    yield from sorted(tags.items())


class Operation:
    """One method of one path."""

    def __init__(self, document: Document, method: str, path: str, spec: Document) -> None:
        self.document, self.method, self.path, self.spec = document, method, path, spec

    @property
    def tag(self) -> str:
        """Return the part of the API that it belongs to."""
        return str(self.spec.get("tags", ["Other"])[0])

    @property
    def title(self) -> str:
        """Return how the page names it."""
        return f"{self.method} {self.path}"

    @property
    def words(self) -> str:
        """Return what it does, in full."""
        return str(self.spec.get("description", "")).strip()

    def inputs(self) -> list[Row]:
        """Return its parameters and the fields of its body."""
        return [*self._parameters(), *self._body()]

    def answers(self) -> list[Row]:
        """Return each status with what it says; what every request can meet is left out."""
        rows = []
        for status, answer in sorted(self.spec["responses"].items()):
            schema = self._schema(answer.get("content", {}))
            codes = [code for code in _codes(schema) if code not in EVERYWHERE]
            if int(status) < 400:
                rows.append((status, self._type(schema) if schema else "no body"))
            elif codes:
                rows.append((status, ", ".join(f"`{code}`" for code in codes)))
        return rows

    def _parameters(self) -> Iterator[Row]:
        for parameter in self.spec.get("parameters", ()):
            yield (
                f"`{parameter['name']}`",
                parameter["in"],
                self._type(parameter.get("schema", {})),
                "yes" if parameter.get("required") else "",
                parameter.get("description", ""),
            )

    def _body(self) -> Iterator[Row]:
        schema = self._resolved(self._schema(self.spec.get("requestBody", {}).get("content", {})))
        required = schema.get("required", ())
        for name, field in schema.get("properties", {}).items():
            yield (
                f"`{name}`",
                "body",
                self._type(field),
                "yes" if name in required else "",
                field.get("description", ""),
            )

    @staticmethod
    def _schema(content: Document) -> Document:
        schema: Document = content.get("application/json", {}).get("schema", {})
        return schema

    def _resolved(self, schema: Document) -> Document:
        if "$ref" not in schema:
            return schema
        found: Document = self.document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        return found

    def _type(self, schema: Document) -> str:
        if "$ref" in schema:
            return str(self._resolved(schema).get("title", "object"))
        for joined in ("anyOf", "oneOf", "allOf"):
            if joined in schema:
                return " or ".join(_once(self._type(part) for part in schema[joined]))
        if "enum" in schema:
            return ", ".join(f"`{value}`" for value in schema["enum"])
        if "const" in schema:
            return f"`{schema['const']}`"
        if schema.get("type") == "array":
            return f"list of {self._type(schema.get('items', {}))}"
        return str(schema.get("type", "any"))


def _codes(schema: Document) -> list[str]:
    parts = schema.get("anyOf", (schema,))
    return [
        code
        for part in parts
        for code in part.get("properties", {}).get("code", {}).get("enum", ())
    ]


def _once(words: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(words))
