"""Content and languages in the console: languages are added, and their texts are written."""

from babel import localedata

from tests.web.console.conftest import HOME, Browser, Invite, Site
from watchword.audit.models import SYSTEM
from watchword.configuration.models import Kind
from watchword.core.phrases import Phrases
from watchword.custom_phrases.models import keys_in, sources
from watchword.web.console.content import _all_languages, offered
from watchword.web.console.phrase_areas import area_of

PAGE = f"{HOME}/sign-in-experience/content"
SCRIPT = "<script>alert(1)</script>"


async def own(site: Site, language: str) -> dict[str, str] | None:
    """Return the own texts of a language, or None where it has none."""
    found = await (await site.scope()).custom_phrases.rows.find(language)
    return None if found is None else dict(found.texts)


def test_every_phrase_belongs_to_a_part_of_the_pages() -> None:
    assert [key for key in sources() if area_of(key) is None] == []


def test_naming_every_language_keeps_none_of_them_in_memory() -> None:
    _all_languages.cache_clear()
    before = len(localedata._cache)

    named = dict(offered(frozenset({"en"})))

    assert "en" not in named
    assert (named["de"], named["nb"], named["zh"]) == ("Deutsch", "Norsk bokmål", "中文")
    assert len(localedata._cache) < before + 10


async def test_a_language_is_added_and_written(site: Site, owner: Browser) -> None:
    await owner.open(PAGE)
    page = await owner.submit("/content/add", tag="fr")
    assert "Language added." in page.words
    assert "Français" in page.words

    page = await owner.submit("/content/fr", **{"text.sign_in.title": " Connexion "})
    assert "Save these changes?" in page.words
    assert await own(site, "fr") == {}
    page = await owner.submit("/content/fr", do="confirm")

    assert "Saved." in page.words
    assert await own(site, "fr") == {"sign_in.title": "Connexion"}
    page = await owner.open(PAGE)
    assert "1 text of your own" in page.words


async def test_texts_that_are_not_looked_at_stay(site: Site, owner: Browser) -> None:
    phrases = (await site.scope()).configuration.phrases
    await phrases.replace(SYSTEM, "en", {"account.title": "Me", "sign_in.title": "Hello"})

    page = await owner.open(f"{PAGE}/en?area=sign_in")
    assert "text.account.title" not in page.html
    await owner.submit("/content/en", do="confirm", **{"text.sign_in.title": ""})

    assert await own(site, "en") == {"account.title": "Me"}


async def test_a_text_like_the_built_in_one_is_not_kept(site: Site, owner: Browser) -> None:
    await owner.open(f"{PAGE}/ko")
    built_in = Phrases.load().text("ko", "pages.sign_in.title")

    page = await owner.submit(
        "/content/ko",
        do="confirm",
        **{"text.sign_in.title": built_in, "text.sign_in.other": "처음이신가요?"},
    )

    assert page.status == 200
    assert await own(site, "ko") == {"sign_in.other": "처음이신가요?"}


async def test_a_text_without_its_placeholder_is_refused_at_its_field(
    site: Site, owner: Browser
) -> None:
    await owner.open(f"{PAGE}/en")

    page = await owner.submit(
        "/content/en", **{"text.sign_in.lead": "Welcome", "text.sign_in.title": "Hi {name}"}
    )

    assert page.status == 422
    assert "{application} is missing. The page fills it in. sign_in.lead" in page.words
    assert "{name} says nothing here. Leave it out. sign_in.title" in page.words
    assert ">\nWelcome</textarea>" in page.html
    assert await own(site, "en") is None


async def test_texts_are_found_by_key_by_what_is_said_and_by_the_own_one(
    site: Site, owner: Browser
) -> None:
    phrases = (await site.scope()).configuration.phrases
    await phrases.replace(SYSTEM, "en", {"code.title": "Type the digits"})

    by_key = await owner.open(f"{PAGE}/en?q=mfa_app.title")
    by_source = await owner.open(f"{PAGE}/en?q=ENTER+YOUR+PASSWORD")
    by_own = await owner.open(f"{PAGE}/en?q=the+digits")
    only_own = await owner.open(f"{PAGE}/en?area=own")
    nothing = await owner.open(f"{PAGE}/en?q=no+page+says+this")
    everywhere = await owner.open(f"{PAGE}/en?area=all")

    assert by_key.html.count("<textarea") == 1
    assert 'name="text.sign_in_password.title"' in by_source.html
    assert 'name="text.code.title"' in by_own.html
    assert only_own.html.count("<textarea") == 1
    assert "No text fits" in nothing.words
    assert f"{len(keys_in('en')) - 150} more are not shown." in everywhere.words


async def test_a_change_of_somebody_else_is_shown_and_nothing_is_lost(
    site: Site, owner: Browser
) -> None:
    await owner.open(f"{PAGE}/en")
    phrases = (await site.scope()).configuration.phrases
    await phrases.replace(SYSTEM, "en", {"sign_in.title": "Theirs"})

    page = await owner.submit("/content/en", do="confirm", **{"text.sign_in.title": "Mine"})

    assert page.status == 409
    assert "Theirs" in page.words
    assert await own(site, "en") == {"sign_in.title": "Theirs"}
    await owner.submit("/content/en", do="confirm")
    assert await own(site, "en") == {"sign_in.title": "Mine"}


async def test_how_a_language_is_chosen_is_saved_after_a_look(site: Site, owner: Browser) -> None:
    await (await site.scope()).configuration.phrases.replace(SYSTEM, "fr", {})
    await owner.open(PAGE)

    page = await owner.submit("/content", fallbackLanguage="fr", autoDetect=None)
    assert "<ins>Français</ins>" in page.html
    await owner.submit("/content", do="confirm")

    info = (await site.scope()).settings.language_info
    assert (info.auto_detect, info.fallback_language) == (False, "fr")
    page = await owner.open(f"{PAGE}/fr")
    assert "Choose another one before you remove it." in page.words


async def test_the_branding_leaves_the_languages_as_they_are(site: Site, owner: Browser) -> None:
    info = {"autoDetect": False, "fallbackLanguage": "ko"}
    await (await site.scope()).configuration.settings.save_sign_in(SYSTEM, {"languageInfo": info})
    await owner.open(f"{HOME}/sign-in-experience/branding")

    await owner.submit("/branding", do="confirm", termsOfUseUrl="https://shop.example/terms")

    settings = (await site.scope()).settings
    assert settings.terms_of_use_url == "https://shop.example/terms"
    assert settings.document()["languageInfo"] == info


async def test_a_language_is_removed_and_history_has_it(site: Site, owner: Browser) -> None:
    phrases = (await site.scope()).configuration.phrases
    await phrases.replace(SYSTEM, "fr", {"sign_in.title": "Connexion"})
    await phrases.replace(SYSTEM, "ko", {"sign_in.title": "로그인"})

    await owner.open(f"{PAGE}/fr")
    page = await owner.submit("/content/fr/remove")
    assert "Language removed." in page.words
    await owner.open(f"{PAGE}/ko")
    page = await owner.submit("/content/ko/remove")
    assert "The pages say the built-in texts again." in page.words

    assert (await own(site, "fr"), await own(site, "ko")) == (None, {})
    assert (await owner.open(f"{PAGE}/fr")).status == 404
    page = await owner.open(f"{HOME}/configuration/phrases/fr")
    assert "Connexion" in page.words
    assert await (await site.scope()).configuration.newest_version(Kind.PHRASES, "fr") == 2


async def test_texts_that_were_changed_unseen_are_not_removed(site: Site, owner: Browser) -> None:
    phrases = (await site.scope()).configuration.phrases
    await phrases.replace(SYSTEM, "fr", {"sign_in.title": "Connexion"})
    await owner.open(f"{PAGE}/fr")
    await phrases.replace(SYSTEM, "fr", {"sign_in.title": "Bonjour"})

    page = await owner.submit("/content/fr/remove")

    assert page.status == 409
    assert "Bonjour" in page.html
    assert await own(site, "fr") == {"sign_in.title": "Bonjour"}


async def test_what_can_not_be_added_is_said_at_the_field(site: Site, owner: Browser) -> None:
    for typed, said in (("french", "A language has a tag"), ("ko", "한국어 is there already.")):
        await owner.open(PAGE)
        page = await owner.submit("/content/add", tag=typed)
        assert page.status == 422
        assert said in page.words

    assert await (await site.scope()).custom_phrases.list() == []


async def test_what_is_typed_is_drawn_before_it_is_saved(site: Site, owner: Browser) -> None:
    await (await site.scope()).configuration.phrases.replace(SYSTEM, "fr", {})
    await owner.open(f"{PAGE}/fr")
    form = owner.page.form("/content/fr")
    typed = {**dict(form.pairs), "text.sign_in.title": f"Connexion {SCRIPT}"}
    looked = {"preview_screen": "sign-in", "preview_language": "fr", "preview_theme": "light"}

    drawn = await owner.client.post(
        f"{HOME}/sign-in-experience/preview/texts", data={**typed, **looked}
    )

    assert drawn.status_code == 200
    assert '<html lang="fr"' in drawn.text
    assert "Connexion &lt;script&gt;" in drawn.text
    assert SCRIPT not in drawn.text
    assert await own(site, "fr") == {}


async def test_markup_in_a_text_is_text_in_the_console(site: Site, owner: Browser) -> None:
    phrases = (await site.scope()).configuration.phrases
    for title in ("Hello", f"</textarea>{SCRIPT}"):
        await phrases.replace(SYSTEM, "en", {"sign_in.title": title})

    page = await owner.open(f"{PAGE}/en")
    history = await owner.open(f"{HOME}/configuration/phrases/en")

    assert SCRIPT not in page.html + history.html
    assert "&lt;/textarea&gt;&lt;script&gt;alert(1)" in page.html
    assert "&lt;/textarea&gt;&lt;script&gt;alert(1)" in history.html


async def test_a_viewer_reads_the_texts_and_changes_nothing(site: Site, invite: Invite) -> None:
    viewer = await invite("viewer")
    page = await viewer.open(f"{PAGE}/en")
    assert page.status == 200

    answer = await viewer.post("/content/en", **{"text.sign_in.title": "Hello"})

    assert answer.status_code == 403
    assert await own(site, "en") is None
