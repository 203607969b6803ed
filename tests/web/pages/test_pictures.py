"""Pages show pictures that we fetched once; a browser asks no other host for one."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from sqlalchemy import func, select

from tests.web.pages.browser import ORIGIN, Browser
from tests.web.pages.conftest import Site, authorization
from watchword.audit.models import SYSTEM
from watchword.background import Retention, fetch_pictures, purge_tenant
from watchword.core.ids import new_id
from watchword.organizations.models import NewOrganization
from watchword.pictures.models import Picture
from watchword.storage import ServerRepository
from watchword.storage.schema import pictures
from watchword.tenants.models import TenantTag

# Some of these questions no service's own test asks.
pytestmark = pytest.mark.both_databases

LOGO, DARK, ICON = (f"https://cdn.example.test/{name}" for name in ("a.svg", "b.png", "c.ico"))
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
PNG = b"\x89PNG\r\n\x1a\n"
ICO = b"\x00\x00\x01\x00\x01\x00"
YEARS = timedelta(days=4000)
COUNT = select(func.count().label("total")).select_from(pictures)


class Host:
    """Another host, which has pictures and writes down who asked for them."""

    def __init__(self, pictures: dict[str, bytes]) -> None:
        self.pictures = pictures
        self.asked: list[str] = []

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        address = str(request.url)
        self.asked.append(address)
        content = self.pictures.get(address)
        return httpx2.Response(404) if content is None else httpx2.Response(200, content=content)


@pytest.fixture(autouse=True)
def at_our_own_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the server's own rounds begin after the test: both would fetch at once."""
    monkeypatch.setattr("watchword.background.PICTURES", timedelta(hours=1))


@pytest.fixture
async def host(site: Site) -> Host:
    host = Host({LOGO: SVG, DARK: PNG, ICON: ICO})
    site.server.outbound.transport = httpx2.MockTransport(host)
    return host


async def branded(site: Site, **branding: str) -> None:
    """Save a branding, and let what runs beside requests fetch its pictures."""
    await site.settle(branding=branding)
    await fetch_soon(site)


async def fetch_soon(site: Site) -> None:
    # Whoever fetched before holds the lease, and a test's clock stands still.
    site.clock.advance(timedelta(minutes=1))
    await fetch_pictures(site.server, new_id())


async def held(site: Site) -> int:
    row = await ServerRepository(site.server.storage).first(COUNT)
    return int(row["total"]) if row else 0


def path_of(content: bytes) -> str:
    picture = Picture.of(content)
    assert picture is not None
    return f"/pictures/{picture.id}"


async def test_a_page_shows_pictures_from_our_own_address_alone(
    site: Site, host: Host, browser: Browser
) -> None:
    await branded(site, logoUrl=LOGO, darkLogoUrl=DARK, favicon=ICON)

    await browser.open(authorization())

    html, policy = browser.page.html, browser.page.response.headers["content-security-policy"]
    for content in (SVG, PNG, ICO):
        assert f'"{path_of(content)}"' in html
    assert "cdn.example.test" not in html + policy
    assert "img-src 'self' data:;" in policy


async def test_a_picture_is_fetched_once(site: Site, host: Host, browser: Browser) -> None:
    await branded(site, logoUrl=LOGO)
    await browser.open(authorization())
    await branded(site, logoUrl=LOGO, favicon=ICON)

    assert sorted(host.asked) == sorted([LOGO, ICON])


async def test_a_drawing_is_served_so_that_nothing_in_it_runs(site: Site, host: Host) -> None:
    await branded(site, logoUrl=LOGO)

    answer = await got(site, ORIGIN, path_of(SVG))

    assert (answer.status_code, answer.content) == (200, SVG)
    assert answer.headers["content-type"] == "image/svg+xml"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    policy = answer.headers["content-security-policy"]
    assert policy == "default-src 'none'; style-src 'unsafe-inline'; sandbox"


async def test_another_tenants_host_has_no_such_picture(site: Site, host: Host) -> None:
    await branded(site, logoUrl=LOGO)
    await site.server.directory.create("acme", "Acme", TenantTag.DEVELOPMENT)
    await site.server.refresh()
    acme = (await site.server.scope_of("acme")).origin

    assert (await got(site, acme, path_of(SVG))).status_code == 404
    assert (await got(site, ORIGIN, path_of(SVG))).status_code == 200


@pytest.mark.parametrize("named", ["x", "x" * 5000, "..%2Fstatic"])
async def test_a_name_that_is_none_has_no_picture(site: Site, named: str) -> None:
    assert (await got(site, ORIGIN, f"/pictures/{named}")).status_code == 404


@pytest.mark.parametrize("address", ["https://cdn.example.test/none.png", "https://10.0.0.1/a"])
async def test_a_picture_that_is_not_there_leaves_the_page_without_one(
    site: Site, host: Host, browser: Browser, address: str
) -> None:
    await branded(site, logoUrl=address)

    await browser.open(authorization())

    assert browser.page.status == 200
    assert "<picture>" not in browser.page.html
    assert address not in browser.page.html


async def test_a_picture_that_failed_is_tried_again_after_an_hour(
    site: Site, host: Host, browser: Browser
) -> None:
    del host.pictures[LOGO]
    await branded(site, logoUrl=LOGO)
    host.pictures[LOGO] = SVG

    await browser.open(authorization())
    await fetch_soon(site)
    assert host.asked == [LOGO]
    site.clock.advance(timedelta(hours=1))
    await browser.open(authorization())
    await fetch_soon(site)

    assert host.asked == [LOGO, LOGO]
    await browser.open(authorization())
    assert path_of(SVG) in browser.page.html


async def test_a_process_shows_what_another_one_fetched(site: Site, host: Host) -> None:
    await site.settle(branding={"logoUrl": LOGO})
    ours = await site.scope()
    theirs = replace(ours.pictures, wanted=set())
    await theirs.fetch([LOGO])
    assert ours.pictures.wanted == {LOGO}
    site.server._scopes["default"] = ours

    await fetch_soon(site)

    assert host.asked == [LOGO]
    assert (await site.scope()).pictures.address_of(LOGO) == path_of(SVG)


async def test_an_organizations_logo_is_fetched_when_a_page_first_needs_it(
    site: Site, host: Host, browser: Browser
) -> None:
    new = NewOrganization(name="Acme", branding={"logoUrl": DARK})
    made = await (await site.scope()).organizations.create(SYSTEM, new)

    await browser.open(authorization(organization_id=made.id))
    assert "<picture>" not in browser.page.html
    await fetch_soon(site)
    await browser.open(authorization(organization_id=made.id))

    assert f'src="{path_of(PNG)}"' in browser.page.html


async def test_what_no_branding_names_any_more_is_forgotten(site: Site, host: Host) -> None:
    await branded(site, logoUrl=LOGO, favicon=ICON)
    new = NewOrganization(name="Acme", branding={"logoUrl": DARK})
    scope = await site.scope()
    await scope.organizations.create(SYSTEM, new)
    scope.pictures.want([DARK])
    await fetch_soon(site)
    await branded(site, logoUrl=LOGO)
    assert await held(site) == 3

    await purged(site)
    assert await held(site) == 3
    site.clock.advance(timedelta(days=2))
    await purged(site)

    found = [await got(site, ORIGIN, path_of(content)) for content in (SVG, PNG, ICO)]
    assert [answer.status_code for answer in found] == [200, 200, 404]


async def test_the_public_settings_keep_the_address_that_was_saved(site: Site, host: Host) -> None:
    await branded(site, logoUrl=LOGO)

    public: Any = (await got(site, ORIGIN, "/api/.well-known/sign-in-exp")).json()

    assert public["branding"] == {"logoUrl": LOGO}


async def purged(site: Site) -> None:
    await purge_tenant(await site.scope(), Retention(YEARS, YEARS, YEARS), site.clock.now())


async def got(site: Site, origin: str, path: str) -> httpx2.Response:
    transport = httpx2.ASGITransport(app=site.app)
    async with httpx2.AsyncClient(transport=transport, base_url=origin) as client:
        return await client.get(path)
