"""What pages say in a tenant's own words, and in languages that it added."""

import re
from collections.abc import Callable

from tests.web.pages.browser import Browser
from tests.web.pages.conftest import BY_CODE, Site, authorization
from watchword.audit.models import SYSTEM
from watchword.core.phrases import Phrases

SCRIPT = "<script>alert(1)</script>"


async def write(site: Site, language: str, **texts: str) -> None:
    """Let the tenant say something in its own words; `__` stands for a dot."""
    phrases = (await site.scope()).configuration.phrases
    await phrases.replace(
        SYSTEM, language, {key.replace("__", "."): text for key, text in texts.items()}
    )


async def test_a_page_speaks_an_added_language_and_borrows_what_it_lacks(
    site: Site, new_browser: Callable[..., Browser]
) -> None:
    await site.settle(**BY_CODE, languageInfo={"autoDetect": True, "fallbackLanguage": "ko"})
    await write(
        site, "fr", sign_in__title="Connexion", errors__form__phone_missing="Et le numéro ?"
    )

    french = await new_browser("fr-CA, fr;q=0.9, en;q=0.5").open(authorization())

    assert '<html lang="fr"' in french.page.html
    assert "<h1>Connexion</h1>" in french.page.html
    assert Phrases.load().text("ko", "pages.sign_in.button_code") in french.page.words
    await french.submit(identifier="", country="KR")
    assert "Et le numéro ?" in french.page.words


async def test_an_application_can_ask_for_an_added_language_and_people_can_choose_it(
    site: Site, browser: Browser
) -> None:
    await write(site, "pt-BR", sign_in__title="Entrar")

    asked = await browser.open(authorization(ui_locales="pt-BR"))
    assert "<h1>Entrar</h1>" in asked.page.html

    await browser.open(authorization())
    assert "Português (Brasil)" in browser.page.words
    address = re.search(r'href="(/sign-in[^"]*lang=pt-BR)"', browser.page.html)
    assert address
    await browser.open(address[1].replace("&amp;", "&"))
    assert "<h1>Entrar</h1>" in browser.page.html


async def test_own_words_take_the_place_of_built_in_ones_on_account_pages_too(
    site: Site, browser: Browser
) -> None:
    await write(site, "en", error__no_page__title="No such shelf.")

    lost = await browser.client.get("/account/nowhere", headers={"Accept": "text/html"})

    assert lost.status_code == 404
    assert "No such shelf." in lost.text


async def test_markup_in_a_phrase_is_text(site: Site, browser: Browser) -> None:
    await write(site, "en", sign_in__title=SCRIPT, sign_in__lead=f'{{application}}" {SCRIPT}')

    page = (await browser.open(authorization())).page

    assert SCRIPT not in page.html
    assert SCRIPT in page.words
    policy = (await browser.client.get("/sign-in?app_id=demo-app")).headers
    assert "script-src 'self' 'nonce-" in policy["Content-Security-Policy"]
    assert "unsafe" not in policy["Content-Security-Policy"]


async def test_the_console_keeps_its_own_words(site: Site, browser: Browser) -> None:
    await write(site, "fr", error__no_page__title="Perdu.")
    await site.settle(languageInfo={"autoDetect": True, "fallbackLanguage": "fr"})

    page = await browser.client.get("/console/sign-in", headers={"Accept-Language": "fr"})
    elsewhere = await browser.client.get("/nowhere", headers={"Accept-Language": "fr"})

    assert '<html lang="en"' in page.text
    assert "Perdu." not in page.text
    assert "Perdu." in elsewhere.text
