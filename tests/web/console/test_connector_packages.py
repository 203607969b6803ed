"""What the console says of installed connectors that are not in use."""

from collections.abc import Callable

import pytest

from tests.web.console.conftest import Browser, Site
from watchword.connector_kit.registry import RegistryProblem

BROKEN = RegistryProblem(
    "acme-sms = watchword_acme.connector:AcmeConnector",
    "watchword-acme 1.0.0",
    "not_loaded",
    "ImportError: no <b>library</b>",
)
CLASHING = RegistryProblem(
    "rival = watchword_rival:Rival",
    "watchword-rival 0.2",
    "id_taken",
    "watchword_rival.Rival has the id 'http-sms', as has Watchword's WebhookConnector",
)


@pytest.mark.parametrize("path", ["connectors", "connectors/set-up"])
async def test_a_package_that_is_left_out_is_named_with_the_reason(
    site: Site, owner: Browser, path: str
) -> None:
    site.server.registry.problems += [BROKEN, CLASHING]

    page = await owner.open(path)

    assert "Some installed connectors are not in use" in page.words
    assert "watchword-acme 1.0.0 : This package could not be loaded." in page.words
    assert BROKEN.entry_point in page.words
    assert "ImportError: no <b>library</b>" in page.words
    assert "<b>" not in page.html
    assert CLASHING.detail in page.words


async def test_it_is_said_in_korean_too(
    site: Site, owner: Browser, new_browser: Callable[..., Browser]
) -> None:
    site.server.registry.problems.append(CLASHING)
    owner.client.headers["Accept-Language"] = "ko"

    page = await owner.open("connectors")

    assert "사용하지 못하는 커넥터 패키지가 있습니다" in page.words
    assert "다른 커넥터와 ID가 같습니다." in page.words


async def test_nothing_is_said_where_all_is_well(owner: Browser) -> None:
    page = await owner.open("connectors")

    assert "not in use" not in page.words
