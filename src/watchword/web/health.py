"""Is the process alive, and can it work? On any host name."""

from fastapi import APIRouter
from starlette.responses import JSONResponse

from watchword.storage import StorageUnavailable
from watchword.web.scope import Server

router = APIRouter(prefix="/health", include_in_schema=False)


@router.get("/live")
async def live() -> dict[str, str]:
    """Answer while the process runs."""
    return {"status": "live"}


@router.get("/ready")
async def ready(server: Server) -> JSONResponse:
    """Answer 200 when requests can be served: the database answers and we are not stopping."""
    try:
        await server.storage.ping()
    except StorageUnavailable:
        return JSONResponse({"status": "storage_unavailable"}, 503)
    if server.is_stopping:
        return JSONResponse({"status": "stopping"}, 503)
    return JSONResponse({"status": "ready"})
