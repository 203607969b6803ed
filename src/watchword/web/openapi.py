"""The OpenAPI document: what the routes declare, with what every request can meet beside it."""

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from starlette.routing import BaseRoute

from watchword.web.documented import answer_of
from watchword.web.later import Later

METHODS = ("get", "post", "put", "patch", "delete")
EVERYWHERE = {421: "tenant.unknown_host", 503: "server.storage_unavailable"}
WITH_BODY = {413: "request.body_too_large"}
WITH_INPUT = {400: "guard.invalid_input"}
DESCRIPTION = """\
Sign-in with phone numbers. An application's server calls the Management API with a token from
`/oidc/token`; a sign-in page of your own drives the Experience API with the browser's cookies.

Phone numbers have digits only here, country code first. Errors are `{code, message, data?}`: the
code is stable, the message is for people, in the language that `Accept-Language` asks for.
"""
# FastAPI says that bad input is a 422 of its own shape; here it is the contract's 400.
ASSUMED = ("HTTPValidationError", "ValidationError")


def openapi_of(app: FastAPI) -> dict[str, Any]:
    """Return the document, made once; raises nothing."""
    if app.openapi_schema is None:
        document = get_openapi(
            title=app.title,
            version=app.version,
            description=DESCRIPTION,
            routes=[*_routes(app)],
            servers=[{"url": "/", "description": "The tenant whose host is asked"}],
            license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        )
        for operation in _operations(document):
            _complete(operation)
        for name in ASSUMED:
            document["components"]["schemas"].pop(name, None)
        app.openapi_schema = document
    return app.openapi_schema


def _routes(app: FastAPI) -> Iterator[BaseRoute]:
    for route in app.routes:
        if isinstance(route, Later):
            yield from route.app.routes
        else:
            yield route


def _operations(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for path in document["paths"].values():
        yield from (path[method] for method in METHODS if method in path)


def _complete(operation: dict[str, Any]) -> None:
    answers = operation["responses"]
    if "HTTPValidationError" in str(answers.get("422", "")):
        del answers["422"]
    met = dict(EVERYWHERE)
    if "requestBody" in operation:
        met |= WITH_BODY
    if "requestBody" in operation or operation.get("parameters"):
        met |= WITH_INPUT
    for status, code in met.items():
        answers[str(status)] = _with_code(answers.get(str(status)), code)
    operation["responses"] = dict(sorted(answers.items()))


def _with_code(answer: dict[str, Any] | None, code: str) -> dict[str, Any]:
    if answer is None:
        return answer_of([code])
    schema = answer["content"]["application/json"]["schema"]
    if "properties" in schema:
        return answer_of(sorted({code, *schema["properties"]["code"]["enum"]}))
    # A status that says something of its own, too.
    added = answer_of([code])
    content = added["content"]["application/json"]
    content["schema"] = {"anyOf": [schema, content["schema"]]}
    return {**added, "description": f"{answer['description']}, {added['description']}"}
