"""A tenant's own style sheet dresses its pages, and can neither fetch nor break out."""

import re

import pytest

from tests.web.pages.browser import Browser
from tests.web.pages.conftest import Site, authorization
from watchword.web.pages.custom_css import harmless, problems_of


@pytest.mark.parametrize(
    "sheet",
    [
        "main { border: 2px solid #123456 }",
        '.lead::after { content: "\\201C url( </ @import" }',
        "@media (width < 400px) { h1 > b { color: red } }",
    ],
)
def test_what_only_looks_is_kept(sheet: str) -> None:
    assert harmless(sheet).replace(r"<\/", "</") == sheet


@pytest.mark.parametrize(
    "sheet",
    [
        "a { background: url(https://evil.example/x) }",
        "a { background: URL( 'https://evil.example/x' ) }",
        r"a { background: u\72l(https://evil.example/x) }",
        "a { background: u/**/rl(https://evil.example/x); b: url(//evil.example) }",
        'a { background: image-set("https://evil.example/x" 1x) }',
        '@import "https://evil.example/x.css";',
        r'@\69mport "https://evil.example/x.css";',
        "@font-face { font-family: x; src: url(https://evil.example/x) }",
        "a { content: '\f; background: url(https://evil.example/x) ' }",
        "a { content: '\r; background: url(https://evil.example/x) ' }",
        r"""/\* " */ a { background: url(https://evil.example/x) } /* " */""",
        r"""a { b: \" ; background: url(https://evil.example/x); c: \" }""",
    ],
)
def test_what_would_fetch_something_is_a_name_that_no_browser_knows(sheet: str) -> None:
    # Whatever a browser would still take for a string is of no consequence.
    shown = re.sub(r"""/\*.*?\*/|"[^"\n]*["\n]|'[^'\n]*['\n]""", "", harmless(sheet))

    assert not re.search(r"(?<![\w-])(?:url|src|image|image-set)\(|@import|@font-face", shown, re.I)
    assert "\\" not in shown


async def test_the_pages_wear_it_under_their_policy(site: Site, browser: Browser) -> None:
    await site.settle(customCss="main { outline: 1px solid red } </style><script>alert(1)</script>")
    await browser.open(authorization())

    styles = re.findall(r"<style nonce=\"[^\"]+\">(.*?)</style>", browser.page.html, re.DOTALL)
    assert len(styles) == 2
    assert styles[1].startswith("main { outline: 1px solid red } < /style>")
    assert "<script>alert" not in browser.page.html.replace(styles[1], "")


@pytest.mark.parametrize(
    ("sheet", "found"),
    [
        ("main { color: red }\n", []),
        ("a{}\n@IMPORT 'x';\nb{ background: u\\rl(x) }", [(2, "fetches", "@import")]),
        ("a{}\r\n\r\nb{ src: url(x) }", [(3, "fetches", "url()")]),
        ("/* url(x) { */ a { content: 'url(x) {' }", []),
        ("a {\n b {\n }", [(1, "not_closed", "{")]),
        ("a { }\n}", [(2, "not_opened", "}")]),
        ("a { content: 'x\n }", [(1, "not_closed", "'x")]),
        ("a {}\n/* what\nis", [(2, "not_closed", "/*")]),
    ],
)
def test_what_is_wrong_is_named_by_its_line(sheet: str, found: list[tuple[int, str, str]]) -> None:
    problems = [(problem.line, problem.phrase, problem.what) for problem in problems_of(sheet)]

    assert problems == found
