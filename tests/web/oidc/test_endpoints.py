"""The provider over HTTP: statuses, bodies, headers, cookies, and what is wrong with a request."""

import base64
import re
from typing import Any

import orjson
import pytest

from tests.web.experience.conftest import ORIGIN, Site
from tests.web.oidc.conftest import BYE, CALLBACK, PASSWORD, Shop, open_shop
from watchword.audit.models import SYSTEM
from watchword.core.phone import PhoneNumber
from watchword.tenants.models import TenantTag
from watchword.users.models import NewUser, User

ISSUER = f"{ORIGIN}/oidc"


class TestAuthorize:
    """The front channel: redirects, cookies, error bodies as recorded."""

    async def test_sends_a_stranger_to_sign_in(self, shop: Shop) -> None:
        answer = await shop.authorize(ui_locales="fr de")

        assert answer.status_code == 303
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["location"] == (
            f"/sign-in?app_id={shop.application.id}&ui_locales=fr+de"
        )
        assert "httponly" in answer.headers["set-cookie"].lower()
        assert "samesite=lax" in answer.headers["set-cookie"].lower()

    async def test_costs_one_statement(self, shop: Shop) -> None:
        await shop.authorize()
        before = shop.site.server.storage.statements
        await shop.authorize()
        assert shop.site.server.storage.statements - before == 1

    @pytest.mark.parametrize(
        ("values", "code", "error"),
        [
            ({"client_id": "nope"}, "oidc.invalid_client", "invalid_client"),
            ({"client_id": None}, "oidc.invalid_request", "invalid_request"),
            (
                {"redirect_uri": "http://evil.example/"},
                "oidc.invalid_redirect_uri",
                "invalid_redirect_uri",
            ),
        ],
    )
    async def test_an_error_without_a_trusted_address_stays_here(
        self, shop: Shop, values: dict[str, Any], code: str, error: str
    ) -> None:
        answer = await shop.authorize(**values)

        assert answer.status_code == 400
        body = answer.json()
        assert (body["code"], body["error"]) == (code, error)
        assert (body["state"], body["iss"]) == ("s1", ISSUER)
        assert body["message"]
        assert body["error_description"]

    async def test_a_person_gets_a_page_instead(self, shop: Shop) -> None:
        answer = await shop.client.get("/oidc/auth", headers={"accept": "text/html"})
        assert answer.status_code == 400
        assert "<html" in answer.text
        assert answer.headers["x-correlation-id"] in answer.text

    async def test_an_error_for_the_client_goes_to_the_client(self, shop: Shop) -> None:
        answer = await shop.authorize(code_challenge_method="plain")
        returned = shop.returned(answer)
        assert returned["error"] == "invalid_request"
        assert (returned["state"], returned["iss"]) == ("s1", ISSUER)

    async def test_form_post_is_a_page_that_posts_itself(self, signed_in: Shop) -> None:
        answer = await signed_in.authorize(response_mode="form_post", state='"><script>')

        assert answer.status_code == 200
        assert f'action="{CALLBACK}"' in answer.text
        assert 'name="code"' in answer.text
        assert '"><script>' not in answer.text
        assert "unsafe-inline" not in answer.headers["content-security-policy"]

    async def test_a_post_means_the_same(self, signed_in: Shop) -> None:
        form = {
            "client_id": signed_in.application.id,
            "redirect_uri": CALLBACK,
            "response_type": "code",
            "prompt": "none",
            "code_challenge": "c" * 43,
            "code_challenge_method": "S256",
        }
        answer = await signed_in.client.post("/oidc/auth", data=form)
        assert answer.status_code == 303
        again = await signed_in.client.get(answer.headers["location"])
        assert "code" in signed_in.returned(again)


async def submitted(shop: Shop, site: Site) -> str:
    """Sign a person in up to the way back, and return its address."""
    await site.add_user("821012345678", PASSWORD)
    await shop.authorize()
    headers = {"Logto-App-Id": shop.application.id}
    api, client = "/api/experience", shop.client
    await client.put(api, json={"interactionEvent": "SignIn"}, headers=headers)
    proof = await client.post(
        f"{api}/verification/password",
        json={
            "identifier": {"type": "phone", "value": "821012345678"},
            "password": PASSWORD,
        },
        headers=headers,
    )
    assert proof.status_code == 200, proof.text
    await client.post(f"{api}/identification", json=proof.json(), headers=headers)
    done = await client.post(f"{api}/submit", headers=headers)
    assert done.status_code == 200, done.text
    return str(done.json()["redirectTo"])


class TestResume:
    """The way back: only for the browser that began, only once."""

    async def test_gives_a_session_and_a_code(self, shop: Shop, site: Site) -> None:
        resume = await submitted(shop, site)

        answer = await shop.client.get(resume)

        returned = shop.returned(answer)
        assert set(returned) == {"code", "state", "iss"}
        assert any("_session=" in c for c in answer.headers.get_list("set-cookie"))
        assert (await shop.exchange(returned["code"])).status_code == 200
        assert "code" in shop.returned(await shop.authorize(prompt="none"))

        again = await shop.client.get(resume)
        assert again.status_code == 400
        assert again.json()["code"] == "session.not_found"

    async def test_another_browser_is_not_signed_in_with_it(self, shop: Shop, site: Site) -> None:
        resume = await submitted(shop, site)

        answer = await (await site.visitor()).get(resume)

        assert answer.status_code == 400
        assert answer.json()["code"] == "session.not_found"
        assert answer.json()["error"] == "invalid_request"
        assert "set-cookie" not in answer.headers

    @pytest.mark.parametrize("cookie", ["%7B", "x", "%5B1%5D", "%7B%22a%22%3A1%7D", "a" * 5000])
    async def test_a_tampered_cookie_is_no_interaction(self, shop: Shop, cookie: str) -> None:
        shop.client.cookies.set("_interaction", cookie)
        assert (await shop.client.get("/oidc/auth/nope")).status_code == 400
        assert (await shop.client.get("/consent")).status_code == 400

    async def test_two_applications_side_by_side(self, shop: Shop, site: Site) -> None:
        other = await open_shop(site)
        other.client = shop.client
        resume = await submitted(shop, site)
        await other.authorize()
        assert "code" in shop.returned(await shop.client.get(resume))


class TestToken:
    """The back channel: bodies as recorded, forms and JSON alike."""

    async def test_a_used_code_is_refused_as_recorded(self, signed_in: Shop) -> None:
        code = await signed_in.code()
        assert (await signed_in.exchange(code)).headers["cache-control"] == "no-store"

        answer = await signed_in.exchange(code)

        assert answer.status_code == 400
        assert answer.headers["cache-control"] == "no-store"
        body = answer.json()
        assert (body["code"], body["error"]) == ("oidc.invalid_grant", "invalid_grant")
        assert set(body) == {"code", "message", "error", "error_description"}

    async def test_takes_json_like_a_form(self, signed_in: Shop) -> None:
        body = {
            "grant_type": "authorization_code",
            "client_id": signed_in.application.id,
            "code": await signed_in.code(),
            "redirect_uri": CALLBACK,
            "code_verifier": "v" * 43,
        }
        assert (await signed_in.client.post("/oidc/token", json=body)).status_code == 200

    async def test_nonsense_is_a_bad_request(self, shop: Shop) -> None:
        cases: list[tuple[bytes, str]] = [
            (b"", "application/x-www-form-urlencoded"),
            (b"\xff\xfe=%ff", "application/x-www-form-urlencoded"),
            (b"&".join([b"a=1"] * 500), "application/x-www-form-urlencoded"),
            (b"grant_type=password&grant_type=password", "application/x-www-form-urlencoded"),
            (b"client_id=a%00b", "application/x-www-form-urlencoded"),
            (b"{", "application/json"),
            (b"[]", "application/json"),
            (b'"x"', "application/json"),
            (b'{"client_id": {"a": 1}}', "application/json"),
            (b'{"client_id": "\\ud800"}', "application/json"),
            (b'{"client_id": true}', "application/json"),
            (b"[" * 20000, "application/json"),
            (b"<x/>", "text/xml"),
            (b"grant_type=x", ""),
        ]
        for content, kind in cases:
            for path in ("token", "me", "token/introspection", "token/revocation", "auth"):
                answer = await shop.client.post(
                    f"/oidc/{path}", content=content, headers={"content-type": kind}
                )
                if answer.status_code == 303:
                    answer = await shop.client.get(answer.headers["location"])
                assert 400 <= answer.status_code < 500, (content, (path, answer.text))
                assert answer.json()["error"], content

    async def test_a_long_body_is_refused(self, shop: Shop) -> None:
        for length in (57 * 1024, 200 * 1024):
            answer = await shop.client.post("/oidc/token", data={"code": "x" * length})
            assert answer.status_code == 413

    async def test_no_client_is_told_so(self, shop: Shop) -> None:
        answer = await shop.client.post("/oidc/token", json={"grant_type": "authorization_code"})
        assert answer.status_code == 400
        assert answer.json()["code"] == "oidc.invalid_request"

    async def test_a_wrong_secret_is_challenged(self, site: Site) -> None:
        machine = await open_shop(site, "MachineToMachine", redirect_uris=(), is_management=True)
        form = {"grant_type": "client_credentials", "resource": f"{ORIGIN}/api", "scope": "all"}
        good = _basic(machine.application.id, str(machine.secret))
        assert (await machine.client.post("/oidc/token", data=form, headers=good)).json()[
            "scope"
        ] == "all"

        answer = await machine.client.post(
            "/oidc/token", data=form, headers=_basic(machine.application.id, "wrong")
        )

        assert answer.status_code == 401
        assert answer.json()["code"] == "oidc.invalid_client"
        assert answer.headers["www-authenticate"].startswith(f'Basic realm="{ISSUER}"')

    async def test_revocation_and_introspection(self, signed_in: Shop) -> None:
        tokens = await signed_in.tokens(scope="openid offline_access", prompt="consent")
        form = {"client_id": signed_in.application.id, "token": tokens["refresh_token"]}
        described = await signed_in.client.post("/oidc/token/introspection", data=form)
        assert described.json()["active"] is True

        for _ in range(2):
            revoked = await signed_in.client.post("/oidc/token/revocation", data=form)
            assert (revoked.status_code, revoked.text) == (200, "")

        described = await signed_in.client.post("/oidc/token/introspection", data=form)
        assert described.json() == {"active": False}
        jwt = {**form, "token": tokens["id_token"]}
        answer = await signed_in.client.post("/oidc/token/revocation", data=jwt)
        assert answer.json()["error"] == "unsupported_token_type"


class TestUserinfo:
    """Who a token is for, and what is said where it is not good."""

    async def test_without_a_token_the_realm_is_named(self, shop: Shop) -> None:
        answer = await shop.client.get("/oidc/me")
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == f'Bearer realm="{ISSUER}"'
        assert answer.json()["code"] == "oidc.invalid_token"

    async def test_a_bad_token_is_named(self, shop: Shop) -> None:
        answer = await shop.me("nope")
        assert answer.status_code == 401
        assert 'error="invalid_token"' in answer.headers["www-authenticate"]

    async def test_needs_the_openid_scope(self, signed_in: Shop) -> None:
        answer = await signed_in.me((await signed_in.tokens(scope="phone"))["access_token"])
        assert answer.status_code == 403
        assert answer.json()["error"] == "insufficient_scope"

    @pytest.mark.proves("S12")
    async def test_a_token_in_the_address_is_not_taken(self, signed_in: Shop) -> None:
        tokens = await signed_in.tokens()
        answer = await signed_in.client.get(
            "/oidc/me", params={"access_token": tokens["access_token"]}
        )
        assert answer.status_code == 401

    async def test_a_deleted_application_has_no_tokens(self, signed_in: Shop, site: Site) -> None:
        tokens = await signed_in.tokens()
        configuration = (await site.scope()).configuration
        await configuration.applications.delete(SYSTEM, signed_in.application.id)
        assert (await signed_in.me(tokens["access_token"])).status_code == 401


class TestCrossOrigin:
    """Scripts of an application's own origins may call; others may not read."""

    async def test_own_origins_read_the_answer(self, signed_in: Shop) -> None:
        code = await signed_in.code()
        for origin, allowed in (("https://shop.example", True), ("https://evil.example", False)):
            answer = await signed_in.client.post(
                "/oidc/token",
                data={"client_id": signed_in.application.id, "grant_type": "x", "code": code},
                headers={"origin": origin},
            )
            expected = origin if allowed else None
            assert answer.headers.get("access-control-allow-origin") == expected
            assert "access-control-allow-credentials" not in answer.headers

    async def test_userinfo_knows_the_application_by_its_token(self, signed_in: Shop) -> None:
        token = (await signed_in.tokens())["access_token"]
        headers = {"authorization": f"Bearer {token}", "origin": "https://shop.example"}
        answer = await signed_in.client.get("/oidc/me", headers=headers)
        assert answer.headers["access-control-allow-origin"] == "https://shop.example"
        headers["origin"] = "https://evil.example"
        answer = await signed_in.client.get("/oidc/me", headers=headers)
        assert "access-control-allow-origin" not in answer.headers

    async def test_metadata_is_for_everyone(self, shop: Shop) -> None:
        for path in ("jwks", ".well-known/openid-configuration"):
            answer = await shop.client.get(f"/oidc/{path}")
            assert answer.headers["access-control-allow-origin"] == "*"

    async def test_a_browser_may_ask_first(self, shop: Shop) -> None:
        answer = await shop.client.options("/oidc/token", headers={"origin": "https://a.example"})
        assert answer.status_code == 204
        assert "Authorization" in answer.headers["access-control-allow-headers"]


class TestMetadata:
    """Discovery tells the truth."""

    async def test_all_addresses_say_the_same(self, shop: Shop) -> None:
        documents = [
            (await shop.client.get(address)).json()
            for address in (
                "/oidc/.well-known/openid-configuration",
                "/oidc/.well-known/oauth-authorization-server",
                "/.well-known/oauth-authorization-server/oidc",
            )
        ]
        assert documents[0] == documents[1] == documents[2]
        assert documents[0]["issuer"] == ISSUER

    @pytest.mark.parametrize("name", [".well-known/openid-configuration", "jwks"])
    async def test_a_client_may_ask_for_the_headers_alone(self, shop: Shop, name: str) -> None:
        asked = await shop.client.head(f"/oidc/{name}")
        read = await shop.client.get(f"/oidc/{name}")

        assert (asked.status_code, asked.content) == (200, b"")
        for header in ("Content-Type", "Cache-Control", "Access-Control-Allow-Origin"):
            assert asked.headers[header] == read.headers[header]

    async def test_every_endpoint_is_there(self, shop: Shop) -> None:
        document = (await shop.client.get("/oidc/.well-known/openid-configuration")).json()
        for name, address in document.items():
            if name.endswith(("_endpoint", "_uri")):
                answers = [await shop.client.get(address), await shop.client.post(address)]
                assert any("unrecognized" not in answer.text for answer in answers), name

    async def test_an_unknown_endpoint_is_answered_as_recorded(self, shop: Shop) -> None:
        for method in ("GET", "POST", "DELETE"):
            answer = await shop.client.request(method, "/oidc/nope")
            assert answer.status_code == 404
            assert answer.json()["code"] == "oidc.invalid_request"


class TestLogout:
    """Signing out over HTTP."""

    async def test_with_a_hint_it_is_done_at_once(self, signed_in: Shop) -> None:
        tokens = await signed_in.tokens()
        answer = await signed_in.client.get(
            "/oidc/session/end",
            params={
                "id_token_hint": tokens["id_token"],
                "post_logout_redirect_uri": BYE,
                "state": "x",
            },
        )

        assert (answer.status_code, answer.headers["location"]) == (303, f"{BYE}?state=x")
        assert (await signed_in.me(tokens["access_token"])).status_code == 401
        returned = signed_in.returned(await signed_in.authorize(prompt="none"))
        assert returned["error"] == "login_required"

    async def test_without_a_hint_the_person_is_asked(self, signed_in: Shop) -> None:
        client_id = signed_in.application.id
        answer = await signed_in.client.get(
            "/oidc/session/end", params={"client_id": client_id, "post_logout_redirect_uri": BYE}
        )
        assert answer.status_code == 200
        assert "code" in signed_in.returned(await signed_in.authorize(prompt="none"))
        fields = dict(re.findall(r'name="([a-z_]+)" value="([^"]*)"', answer.text))

        forged = await signed_in.client.post(
            "/oidc/session/end/confirm", data={**fields, "confirmation": "x"}
        )
        assert (forged.status_code, forged.json()["code"]) == (400, "form.token_mismatch")
        foreign = await signed_in.client.post(
            "/oidc/session/end/confirm",
            data=fields,
            headers={"origin": "https://evil.example", "sec-fetch-site": "cross-site"},
        )
        assert foreign.status_code == 403
        confirmed = await signed_in.client.post("/oidc/session/end/confirm", data=fields)

        assert (confirmed.status_code, confirmed.headers["location"]) == (303, BYE)
        returned = signed_in.returned(await signed_in.authorize(prompt="none"))
        assert returned["error"] == "login_required"

    async def test_who_is_asked_may_stay_signed_in(self, signed_in: Shop) -> None:
        ways = {
            (): None,
            (("post_logout_redirect_uri", "https://evil.example/"),): None,
            (("client_id", signed_in.application.id),): "https://shop.example",
            (("client_id", "account-center"),): "/account",
        }

        for asked, way in ways.items():
            answer = await signed_in.client.get("/oidc/session/end", params=dict(asked))
            assert answer.status_code == 200
            links = re.findall(r'<a href="([^"]*)">Stay signed in', answer.text)
            assert links == ([way] if way else [])
            assert "evil" not in answer.text.partition("</form>")[2]

    async def test_an_unregistered_address_is_refused_as_recorded(self, shop: Shop) -> None:
        answer = await shop.client.get(
            "/oidc/session/end",
            params={
                "client_id": shop.application.id,
                "post_logout_redirect_uri": "http://evil.example/",
            },
        )
        assert answer.status_code == 400
        assert answer.json()["error_description"] == "post_logout_redirect_uri not registered"

    async def test_a_post_means_the_same(self, signed_in: Shop) -> None:
        tokens = await signed_in.tokens()
        answer = await signed_in.client.post(
            "/oidc/session/end", data={"id_token_hint": tokens["id_token"]}
        )
        assert answer.status_code == 303
        done = await signed_in.client.get(answer.headers["location"])
        assert done.status_code == 200
        assert "signed out" in done.text


class TestConsent:
    """A third party's application asks, once; a first party's never does."""

    async def test_is_asked_and_remembered(self, site: Site, alice: User) -> None:
        shop = await open_shop(site, is_third_party=True, name="Third <b>")
        await shop.sign_in(alice)
        answer = await shop.authorize(scope="openid phone")
        assert answer.headers["location"] == f"/consent?app_id={shop.application.id}"

        page = await shop.client.get(answer.headers["location"])
        assert page.status_code == 200
        assert "Third &lt;b&gt;" in page.text
        assert "phone number" in page.text
        token = re.findall(r'name="token" value="([^"]*)"', page.text)[0]
        allowed = await shop.client.post(
            answer.headers["location"], data={"token": token, "decision": "allow"}
        )
        back = await shop.client.get(allowed.headers["location"])

        assert (await shop.exchange(shop.returned(back)["code"])).status_code == 200
        assert "code" in shop.returned(await shop.authorize(scope="openid phone"))

    async def test_a_no_goes_to_the_client(self, site: Site, alice: User) -> None:
        shop = await open_shop(site, is_third_party=True)
        await shop.sign_in(alice)
        address = (await shop.authorize()).headers["location"]
        page = await shop.client.get(address)
        token = re.findall(r'name="token" value="([^"]*)"', page.text)[0]
        denied = await shop.client.post(address, data={"token": token, "decision": "deny"})
        assert shop.returned(denied)["error"] == "access_denied"

    async def test_a_form_of_another_page_is_refused(self, site: Site, alice: User) -> None:
        shop = await open_shop(site, is_third_party=True)
        await shop.sign_in(alice)
        address = (await shop.authorize()).headers["location"]
        forged = await shop.client.post(address, data={"token": "x", "decision": "allow"})
        assert forged.status_code >= 400
        assert (await shop.authorize()).headers["location"] == address

    async def test_over_the_api(self, site: Site, alice: User) -> None:
        shop = await open_shop(site, is_third_party=True)
        await shop.sign_in(alice)
        await shop.authorize(scope="openid phone")
        headers = {"Logto-App-Id": shop.application.id}
        described = await shop.client.get("/api/interaction/consent", headers=headers)
        assert described.json()["missingOIDCScope"] == ["openid", "phone"]
        assert described.json()["application"]["name"] == "Shop"

        allowed = await shop.client.post("/api/interaction/consent", json={}, headers=headers)

        assert allowed.status_code == 200
        back = await shop.client.get(allowed.json()["redirectTo"])
        assert "code" in shop.returned(back)

    async def test_after_signing_in(self, site: Site) -> None:
        shop = await open_shop(site, is_third_party=True)
        resume = await submitted(shop, site)
        answer = await shop.client.get(resume)
        assert answer.headers["location"] == f"/consent?app_id={shop.application.id}"
        assert (await shop.client.get(answer.headers["location"])).status_code == 200

    async def test_a_first_party_passes_through(self, signed_in: Shop) -> None:
        await signed_in.authorize(prompt="login")
        address = f"/consent?app_id={signed_in.application.id}"
        answer = await signed_in.client.get(address)
        assert answer.headers["location"].startswith("/sign-in?")


class TestDemoApp:
    """The demo application's page."""

    @pytest.mark.parametrize(("lang", "words"), [("en", "Sign in"), ("ko", "로그인")])
    async def test_speaks_both_languages(self, site: Site, lang: str, words: str) -> None:
        client = await site.visitor()
        page = await client.get("/demo-app", headers={"accept-language": lang})
        assert page.status_code == 200
        assert f'<html lang="{lang}"' in page.text
        assert words in page.text
        assert "demo_app." not in page.text
        assert f'data-issuer="{ISSUER}"' in page.text

    async def test_has_no_inline_script(self, site: Site) -> None:
        page = await (await site.visitor()).get("/demo-app")
        scripts = re.findall(r"<script([^>]*)>", page.text)
        assert scripts
        assert all("src=" in s or 'type="application/json"' in s for s in scripts)
        assert not re.search(r"\son\w+=|style=", page.text)
        assert "<noscript>" in page.text
        assert "unsafe" not in page.headers["content-security-policy"]

    async def test_lives_on_the_issuers_origin(self, site: Site) -> None:
        client = await site.visitor()
        answer = await client.get("http://127.0.0.1:3001/demo-app")
        assert (answer.status_code, answer.headers["location"]) == (307, f"{ORIGIN}/demo-app")


async def test_another_tenant_shares_nothing(site: Site, signed_in: Shop) -> None:
    tokens = await signed_in.tokens()
    await site.server.directory.create("other", "Other", TenantTag.DEVELOPMENT)
    await site.server.refresh()
    client, base = signed_in.client, "http://other.localhost:3001"

    assert (await client.get(f"{base}/oidc/.well-known/openid-configuration")).json()[
        "issuer"
    ] == f"{base}/oidc"
    bearer = {"authorization": f"Bearer {tokens['access_token']}"}
    assert (await client.get(f"{base}/oidc/me", headers=bearer)).status_code == 401
    unknown = await client.get(f"{base}/oidc/auth", params={"client_id": signed_in.application.id})
    assert unknown.json()["code"] == "oidc.invalid_client"


async def test_a_person_of_the_contract_is_found_in_the_claims(site: Site) -> None:
    shop = await open_shop(site)
    scope = await site.scope()
    user = await scope.users.create(NewUser(primary_phone=PhoneNumber("447700900123")))
    await shop.sign_in(user)
    tokens = await shop.tokens(scope="openid phone")
    body = tokens["id_token"].split(".")[1]
    claims = orjson.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    assert claims["phone_number"] == "+447700900123"
    assert claims["phone_number_verified"] is False


def _basic(client_id: str, secret: str) -> dict[str, str]:
    pair = base64.b64encode(f"{client_id}:{secret}".encode()).decode()
    return {"authorization": f"Basic {pair}"}
