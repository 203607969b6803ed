"""Own phrases: the contract's routes, what pages then say, and what history brings back."""

import json
from typing import Any

import httpx2

from tests.web.management.conftest import Site
from watchword.audit.models import SYSTEM, AuditFilter
from watchword.configuration.models import Kind
from watchword.tenants.models import TenantTag

ADDRESS = "/api/custom-phrases"
PUBLIC = "/api/.well-known/phrases"
TITLE = {"sign_in": {"title": "Connexion"}}


async def said(site: Site, language: str, **headers: str) -> dict[str, Any]:
    """Return the phrases that anyone may read."""
    answer = await (await site.client()).get(PUBLIC, params={"lng": language}, headers=headers)
    translation: dict[str, Any] = answer.json()["translation"]
    return translation


async def fall_back_to(api: httpx2.AsyncClient, language: str) -> httpx2.Response:
    """Make a language the default one."""
    info = {"autoDetect": True, "fallbackLanguage": language}
    return await api.patch("/api/sign-in-exp", json={"languageInfo": info})


async def test_a_new_tenant_says_nothing_in_its_own_words(api: httpx2.AsyncClient) -> None:
    listed, one = await api.get(ADDRESS), await api.get(f"{ADDRESS}/fr")

    assert (listed.status_code, listed.json()) == (200, [])
    assert (one.status_code, one.json()["code"]) == (404, "entity.not_found")


async def test_own_phrases_are_answered_and_said_as_they_were_put(
    site: Site, api: httpx2.AsyncClient
) -> None:
    tree = {**TITLE, "errors": {"user": {"invalid_phone": "Numéro inconnu."}}}
    put = await api.put(f"{ADDRESS}/fr", json={**tree, "register": {"title": ""}, "code": {}})

    expected = {"tenantId": "default", "id": "fr", "languageTag": "fr", "translation": tree}
    assert (put.status_code, put.json()) == (201, expected)
    assert (await api.get(f"{ADDRESS}/fr")).json() == expected
    assert (await api.get(ADDRESS)).json() == [expected]
    french = await said(site, "fr")
    assert french["sign_in"]["title"] == "Connexion"
    assert french["errors"]["user"]["invalid_phone"] == "Numéro inconnu."
    assert french["register"]["title"] == (await said(site, "en"))["register"]["title"]
    assert (await said(site, "en"))["sign_in"]["title"] != "Connexion"


async def test_a_put_replaces_what_was_there(api: httpx2.AsyncClient) -> None:
    await api.put(f"{ADDRESS}/en", json={"sign_in": {"title": "Hello"}})
    answer = await api.put(f"{ADDRESS}/en", json={"register": {"title": "Join"}})

    assert answer.json()["translation"] == {"register": {"title": "Join"}}


async def test_a_language_without_a_text_is_there_and_speaks_the_default_language(
    site: Site, api: httpx2.AsyncClient
) -> None:
    await api.put(f"{ADDRESS}/pt-BR", json={})
    await fall_back_to(api, "ko")

    answer = await (await site.client()).get(PUBLIC, headers={"Accept-Language": "pt"})

    assert answer.headers["Content-Language"] == "pt-BR"
    assert answer.json()["translation"] == await said(site, "ko")


async def test_errors_are_told_in_own_words(site: Site, api: httpx2.AsyncClient) -> None:
    await api.put(f"{ADDRESS}/fr", json={"errors": {"session": {"not_found": "Trop tard."}}})

    answer = await (await site.client()).put(
        "/api/experience", json={"interactionEvent": "SignIn"}, headers={"Accept-Language": "fr"}
    )

    assert (answer.status_code, answer.json()["message"]) == (400, "Trop tard.")


async def test_what_no_page_could_say_is_refused_by_name(api: httpx2.AsyncClient) -> None:
    cases: list[tuple[dict[str, Any], str, dict[str, Any]]] = [
        ({"sign_in": "x"}, "localization.invalid_translation_structure", {"keys": ["sign_in"]}),
        ({"\ud800": "x"}, "localization.invalid_translation_structure", {"keys": ["?"]}),
        (
            {"sign_in": {"\udfff": 1}},
            "localization.invalid_translation_structure",
            {"keys": ["sign_in.?"]},
        ),
        (
            {"input": {"username": "x"}},
            "localization.invalid_translation_structure",
            {"keys": ["input.username"]},
        ),
        (
            {"sign_in": {"title": 1}},
            "localization.invalid_translation_structure",
            {"keys": ["sign_in.title"]},
        ),
        (
            {"sign_in": {"lead": "Hi"}},
            "localization.phrases_refused",
            {
                "phrases": [
                    {
                        "key": "sign_in.lead",
                        "problem": "placeholder_missing",
                        "placeholder": "application",
                    }
                ]
            },
        ),
    ]
    for tree, code, data in cases:
        answer = await api.put(
            f"{ADDRESS}/fr", content=json.dumps(tree), headers={"Content-Type": "application/json"}
        )

        body = answer.json()
        assert (answer.status_code, body["code"], body["data"]) == (422, code, data), tree
        assert (await api.get(ADDRESS)).json() == [], tree


async def test_what_is_no_language_is_refused(api: httpx2.AsyncClient) -> None:
    cases: list[str] = ["FR", "french", "f", "fr_CA", "abcdefgh-abcdefgh", "%00"]
    for tag in cases:
        for method in ("GET", "PUT", "DELETE"):
            answer = await api.request(
                method, f"{ADDRESS}/{tag}", json={} if method == "PUT" else None
            )
            assert (answer.status_code, answer.json()["code"]) == (400, "guard.invalid_input"), tag


async def test_a_body_that_is_no_tree_is_refused(api: httpx2.AsyncClient) -> None:
    cases: list[str] = ["[]", '"x"', "1", "null", "{", "\x00"]
    for body in cases:
        answer = await api.put(
            f"{ADDRESS}/fr", content=body, headers={"Content-Type": "application/json"}
        )

        assert (answer.status_code, answer.json()["code"]) == (400, "guard.invalid_input"), body


async def test_a_deleted_language_is_spoken_no_more(site: Site, api: httpx2.AsyncClient) -> None:
    await api.put(f"{ADDRESS}/fr", json=TITLE)

    gone = await api.delete(f"{ADDRESS}/fr")

    assert gone.status_code == 204
    assert (await api.delete(f"{ADDRESS}/fr")).status_code == 404
    client = await site.client()
    assert (await client.get(PUBLIC, params={"lng": "fr"})).headers["Content-Language"] == "en"


async def test_the_default_language_is_not_deleted(api: httpx2.AsyncClient) -> None:
    assert (await fall_back_to(api, "fr")).json()["code"] == (
        "sign_in_experiences.unsupported_default_language"
    )
    await api.put(f"{ADDRESS}/fr", json=TITLE)
    assert (await fall_back_to(api, "fr")).status_code == 200

    refused = await api.delete(f"{ADDRESS}/fr")

    assert refused.status_code == 409
    assert refused.json()["code"] == "localization.cannot_delete_default_language"
    assert "fr" in refused.json()["message"]
    await fall_back_to(api, "en")
    assert (await api.delete(f"{ADDRESS}/fr")).status_code == 204


async def test_history_brings_texts_and_languages_back(site: Site, api: httpx2.AsyncClient) -> None:
    await api.put(f"{ADDRESS}/fr", json=TITLE)
    await api.put(f"{ADDRESS}/fr", json={"sign_in": {"title": "Bonjour"}})
    await api.delete(f"{ADDRESS}/fr")
    configuration = (await site.scope()).configuration

    restored = await configuration.restore(SYSTEM, Kind.PHRASES, "fr", 1)

    assert (restored.version, restored.action) == (4, "restored")
    assert (await api.get(f"{ADDRESS}/fr")).json()["translation"] == TITLE
    found = await configuration.writer.versions.find(Kind.PHRASES, "fr", 2)
    assert found is not None
    assert [vars(change) for change in found.changes] == [
        {"field": "sign_in.title", "before": "Connexion", "after": "Bonjour"}
    ]
    written = await (await site.scope()).audit.list(
        filters=AuditFilter(event="configuration.phrases.deleted")
    )
    assert [entry.subject for entry in written.items] == ["phrases:fr"]


async def test_a_put_that_changes_nothing_is_no_version(
    site: Site, api: httpx2.AsyncClient
) -> None:
    await api.put(f"{ADDRESS}/fr", json=TITLE)
    await api.put(f"{ADDRESS}/fr", json=TITLE)

    configuration = (await site.scope()).configuration
    assert await configuration.newest_version(Kind.PHRASES, "fr") == 1


async def test_another_tenant_says_what_it_said_before(site: Site, api: httpx2.AsyncClient) -> None:
    await site.server.administration.create(SYSTEM, "acme", "Acme", TenantTag.DEVELOPMENT)
    await site.server.refresh()
    await api.put(f"{ADDRESS}/en", json={"sign_in": {"title": "Mine"}})

    client = await site.client("http://acme.localhost:3001")
    theirs = await client.get(PUBLIC, params={"lng": "en"})

    assert theirs.status_code == 200
    assert theirs.json()["translation"]["sign_in"]["title"] != "Mine"
