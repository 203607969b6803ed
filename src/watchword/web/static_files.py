"""Static files, under an address that holds their hash: cached for ever, compressed once."""

import gzip
import mimetypes
from functools import cache

from starlette.requests import Request
from starlette.responses import Response

from watchword.core.errors import DomainError
from watchword.web.templating import STATIC, static_hash

COMPRESSIBLE = ("text/", "application/javascript", "application/json", "image/svg+xml")


class NoSuchFile(DomainError):
    """No static file has this name."""

    code = "request.not_found"


@cache
def _names() -> frozenset[str]:
    found = []
    for item in STATIC.iterdir():
        if item.is_file():
            found.append(item.name)
        else:
            found.extend(f"{item.name}/{inner.name}" for inner in item.iterdir() if inner.is_file())
    return frozenset(found)


@cache
def _content(name: str) -> tuple[bytes, bytes | None, str]:
    plain = STATIC.joinpath(name).read_bytes()
    media_type = mimetypes.guess_type(name)[0] or "application/octet-stream"
    if media_type == "text/javascript":
        media_type = "text/javascript; charset=utf-8"
    compressed = gzip.compress(plain, 9) if media_type.startswith(COMPRESSIBLE) else None
    return plain, compressed, media_type


async def static_file(request: Request) -> Response:
    """Answer a file's content; an old hash gets the present file, but no long life."""
    name = request.path_params["name"]
    if name not in _names():
        raise NoSuchFile
    plain, compressed, media_type = _content(name)
    is_exact = request.path_params["hash"] == static_hash(name)
    headers = {
        "Cache-Control": "public, max-age=31536000, immutable" if is_exact else "no-cache",
        "Vary": "Accept-Encoding",
    }
    if compressed is not None and "gzip" in request.headers.get("accept-encoding", ""):
        return Response(
            compressed, headers={**headers, "Content-Encoding": "gzip"}, media_type=media_type
        )
    return Response(plain, headers=headers, media_type=media_type)
