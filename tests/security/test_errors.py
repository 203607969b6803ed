"""A defect of ours tells a client what to quote to the operator, and nothing else."""

import httpx2
import pytest
from starlette.requests import Request

from tests.web.pages.browser import ORIGIN
from tests.web.pages.conftest import Site

DEFECT = "password of ada: harbour-lamp in /srv/watchword/line 7"


async def broken(_request: Request) -> None:
    """Fail as a defect does, with words that are nobody else's business."""
    raise RuntimeError(DEFECT)


@pytest.mark.parametrize(
    ("path", "accept"), [("/api/broken", "application/json"), ("/broken", "text/html")]
)
async def test_s133_a_defect_says_its_correlation_id_and_no_word_of_itself(
    site: Site, path: str, accept: str, capsys: pytest.CaptureFixture[str]
) -> None:
    site.app.router.add_route(path, broken)
    # What is asked for first is found first.
    site.app.router.routes.insert(0, site.app.router.routes.pop())
    transport = httpx2.ASGITransport(app=site.app)

    async with httpx2.AsyncClient(transport=transport, base_url=ORIGIN) as client:
        answer = await client.get(path, headers={"Accept": accept})

    assert answer.status_code == 500
    name = answer.headers["x-correlation-id"]
    assert name in capsys.readouterr().out
    for word in ("harbour", "ada", "RuntimeError", "/srv", "Traceback"):
        assert word not in answer.text, word
    if accept == "text/html":
        assert name in answer.text
    else:
        assert answer.json()["code"] == "server.internal"
