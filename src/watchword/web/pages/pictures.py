"""The pictures of a tenant's pages, from its own host."""

from fastapi import APIRouter
from starlette.responses import Response

from watchword.core.errors import DomainError
from watchword.web.scope import Scope

router = APIRouter(include_in_schema=False)

HEADERS = {
    # The address is of the very bytes.
    "Cache-Control": "public, max-age=31536000, immutable",
    # Opened by itself, a drawing may hold scripts; here none runs, and nothing is asked for.
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
    "X-Content-Type-Options": "nosniff",
}


class NoSuchPicture(DomainError):
    """This tenant's pages show no such picture."""

    code = "request.not_found"


@router.get("/pictures/{picture_id}")
async def show_picture(picture_id: str, scope: Scope) -> Response:
    """Answer a picture that was fetched from an address in a branding."""
    found = await scope.pictures.find(picture_id)
    if found is None:
        raise NoSuchPicture
    return Response(found.content, headers=HEADERS, media_type=found.content_type)
