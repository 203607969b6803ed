"""Pages of a list: asked for in the query, described in headers (RFC 8288)."""

from collections.abc import Sequence
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from watchword.core.errors import DomainError
from watchword.core.pagination import FURTHEST, Item, Page, PageRequest

LARGEST_PAGE = 100
TOTAL = "Total-Number"


class InvalidPagination(DomainError):
    """There is no such page: numbers begin at 1, and a page holds 1 to 100 items."""

    code = "guard.invalid_pagination"


async def page_request(
    page: Annotated[str, Query(description="The page's number, from 1.")] = "1",
    page_size: Annotated[str, Query(description="Items on a page, 1 to 100.")] = "20",
) -> PageRequest:
    """Return which page is asked for; raises InvalidPagination."""
    number, size = _natural(page), _natural(page_size)
    if not 1 <= number <= FURTHEST or not 1 <= size <= LARGEST_PAGE:
        raise InvalidPagination
    return PageRequest(number, size)


def _natural(text: str) -> int:
    # Python refuses to read a number of thousands of digits.
    return int(text) if text.isascii() and text.isdigit() and len(text) < 12 else 0


Paged = Annotated[PageRequest, Depends(page_request)]


async def page_or_all(
    page: Annotated[str | None, Query(description="The page's number, from 1.")] = None,
    page_size: Annotated[str | None, Query(description="Items on a page, 1 to 100.")] = None,
) -> PageRequest:
    """Return which page is asked for, or one that holds everything where none is."""
    if page is None and page_size is None:
        return PageRequest(size=FURTHEST)
    return await page_request(page or "1", page_size or "20")


PagedIfAsked = Annotated[PageRequest, Depends(page_or_all)]
"""For the lists that the contract gives as a whole to whoever asks for no page."""


def page_of(items: Sequence[Item], page: PageRequest) -> Page[Item]:
    """Return one page of a list that is at hand as a whole."""
    return Page(list(items[page.offset : page.offset + page.size]), len(items), page)


def describe_page(request: Request, response: Response, page: Page[Any]) -> None:
    """Say in headers how many items there are, and where the other pages stand."""
    number, last = page.request.number, page.last_number
    response.headers[TOTAL] = str(page.total)
    pages = [("first", 1), ("last", last)]
    if 1 < number <= last:
        pages.append(("prev", number - 1))
    if number < last:
        pages.append(("next", number + 1))
    response.headers["Link"] = ", ".join(
        f'<{_address(request, target)}>; rel="{name}"' for name, target in pages
    )


def _address(request: Request, page: int) -> str:
    query = [item for item in request.query_params.multi_items() if item[0] != "page"]
    return f"{str(request.url).partition('?')[0]}?{urlencode([*query, ('page', str(page))])}"
