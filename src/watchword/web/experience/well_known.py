"""What a sign-in page may read before anyone has signed in."""

import hashlib
from dataclasses import dataclass
from typing import Any

import orjson
from fastapi import APIRouter, Request
from starlette.responses import Response

from watchword.connector_kit.models import ConnectorType
from watchword.core.phrases import Phrases
from watchword.sign_in_settings.models import SignInSettings
from watchword.sign_in_settings.service import public_form
from watchword.web.looks import settings_looking_right
from watchword.web.scope import Context, Scope, TenantScope

router = APIRouter(prefix="/api", tags=["Well-known"])

JSON = "application/json; charset=utf-8"


@dataclass(frozen=True)
class Document:
    """A body made once for a configuration, and its tag (RFC 9110, 8.8.3)."""

    body: bytes
    etag: str
    language: str | None = None

    @classmethod
    def of(cls, content: Any, language: str | None = None) -> "Document":
        """Serialise *content*."""
        body = orjson.dumps(content)
        return cls(body, f'"{hashlib.sha256(body).hexdigest()[:20]}"', language)

    def answer(self, request: Request) -> Response:
        """Return the body, or 304 to whoever has it."""
        # Changes apply at once: kept copies are asked about before each use.
        headers = {"ETag": self.etag, "Cache-Control": "no-cache"}
        if self.language:
            headers |= {"Content-Language": self.language, "Vary": "Accept-Language"}
        if self.etag in request.headers.get("If-None-Match", ""):
            return Response(status_code=304, headers=headers)
        return Response(self.body, headers=headers, media_type=JSON)


@router.get("/status", status_code=204)
async def status() -> None:
    """Answer while the service does."""


@router.get("/.well-known/sign-in-exp", response_class=Response)
async def sign_in_experience(request: Request) -> Response:
    """Show the settings that a sign-in page goes by, with `organizationId` in the look of one."""
    # No dependencies here: this is the most-read document, and each one costs as much as it does.
    scope: TenantScope = request.state.scope
    organization_id = request.query_params.get("organizationId")
    if organization_id is not None:
        application = await scope.applications.find(request.query_params.get("appId", "")[:64])
        settings = await settings_looking_right(scope, organization_id[:64], application)
        return Document.of(await _public_form(scope, settings)).answer(request)
    document = scope.derived.get("sign-in-exp")
    if document is None:
        document = scope.derived["sign-in-exp"] = Document.of(
            await _public_form(scope, scope.settings)
        )
    return document.answer(request)


@router.get("/.well-known/account-center", response_class=Response)
async def account_center(request: Request, scope: Scope) -> Response:
    """Show what people may see and change of their own accounts."""
    document = scope.derived.get("account-center")
    if document is None:
        content = scope.account_center.row(scope.tenant.id)
        document = scope.derived["account-center"] = Document.of(content)
    return document.answer(request)


@router.get("/.well-known/phrases", response_class=Response)
async def phrases(
    request: Request, scope: Scope, context: Context, lng: str | None = None
) -> Response:
    """Show every sentence of the sign-in pages, in the language asked for."""
    languages = (*([lng[:35]] if lng else ()), *context.languages)
    fallback = scope.settings.language_info.fallback_language
    language = scope.phrases.choose(languages, fallback)
    key = f"phrases {language}"
    document = scope.derived.get(key)
    if document is None:
        content = {"translation": _tree(scope.phrases, language)}
        document = scope.derived[key] = Document.of(content, language)
    return document.answer(request)


async def _public_form(scope: TenantScope, settings: SignInSettings) -> dict[str, Any]:
    active = [type_ for type_ in ConnectorType if await scope.connectors.active(type_)]
    offered = await scope.social.offered(scope.settings.social_sign_in_connector_targets)
    return public_form(
        settings,
        tenant_id=scope.tenant.id,
        available=active,
        social_connectors=[connector.document() for connector in offered],
    )


def _tree(catalogue: Phrases, language: str) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for section in ("pages", "errors"):
        for key, text in catalogue.section(language, section).items():
            *branches, leaf = key.removeprefix("pages.").split(".")
            place = tree
            for branch in branches:
                place = place.setdefault(branch, {})
            place[leaf] = text
    return tree
