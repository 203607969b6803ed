"""One right request for every route, to be made wrong."""

import json
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import unquote

import httpx2

from tests.invariants.fuzzed import PHONE, Fuzzed
from tests.invariants.hostile import Right, Who
from tests.invariants.routes import Route, is_management, routes_of
from tests.invariants.world import API, CONNECTOR, OTHER, SEND, VERIFIER, authorization, identifier
from watchword.web.pages.forms import form_token

FOR_PROVED = {
    "/register/has-account",
    "/continue/username",
    "/continue/password",
    "/continue/phone",
    "/continue/email",
    "/continue/email-or-phone",
}
"""Pages for people whose number is confirmed."""


def right_requests(fuzzed: Fuzzed) -> Iterator[Right]:
    """Return one right request for every route that takes a body, and for every page."""
    yield from _experience(fuzzed)
    yield from _management(fuzzed)
    yield from _openid(fuzzed)
    yield from _pages(fuzzed)
    yield from _account(fuzzed)
    yield from _console(fuzzed)
    instance = fuzzed.ids["instance_id"]
    for taken, path in (
        ("/receipts/{instance_id}", f"/receipts/{instance}"),
        ("/receipts/{instance_id}/{token}", f"/receipts/{instance}/x"),
    ):
        yield Right(Route("POST", taken), path, body={"id": "1"})
    for route in sorted(routes_of(fuzzed.world.app)):
        if route.method == "GET":
            yield _look(fuzzed, route)


def _look(fuzzed: Fuzzed, route: Route) -> Right:
    ids = {
        **fuzzed.ids,
        "tenant": "default",
        "connector_id": CONNECTOR,
        "user_id": "nobody",
        "kind": "guard",
        "subject_id": "default",
        "token": "x",
        "hash": "x",
        "target": "google",
        "picture_id": "x",
        "failure": "AuthorizationDenied",
        "language": "ko",
        "name:path": "tokens.css",
        "path:path": "x",
    }
    path = route.path
    if is_management(route):
        asked = "message_id" if "/messages/" in path else "instance_id"
        path = path.replace("{kind}", "guard").replace("{subject_id}", "default")
        path = path.replace("{languageTag}", "fr")
        for name in ("user_id", "application_id", "resource_id", "hook_id"):
            path = path.replace("{" + name + "}", fuzzed.managed[name])
        return Right(route, path.replace("{id}", fuzzed.managed[asked]), "machine")
    for name, value in ids.items():
        path = path.replace("{" + name + "}", value)
    who: Who = "operator" if path.startswith("/console") else "waiting"
    if path.startswith(("/account", "/api/my-account")):
        who, path = "member", path.replace("{target}", "google")
    return Right(route, path, who)


def _experience(fuzzed: Fuzzed) -> Iterator[Right]:
    def api(path: str, who: Who, body: dict[str, Any], method: str = "POST") -> Right:
        return Right(Route(method, path), path, who, body)

    event = {"interactionEvent": "Register"}
    phone = identifier(PHONE)
    yield api(
        f"{SEND}/verify",
        "waiting",
        {"identifier": phone, "verificationId": fuzzed.record_id, "code": "not it"},
    )
    yield api(SEND, "waiting", {"identifier": phone, **event})
    yield api(f"{API}/verification/password", "waiting", {"identifier": phone, "password": "no"})
    yield api(
        f"{API}/verification/password",
        "waiting",
        {"identifier": {"type": "username", "value": "alice"}, "password": "no"},
    )
    yield api(
        f"{API}/verification/new-password-identity",
        "waiting",
        {"identifier": {"type": "username", "value": "alice"}, "password": "weak"},
    )
    yield api(
        f"{API}/identification", "proved", {"verificationId": "x", "linkSocialIdentity": True}
    )
    social = f"{API}/verification/social/{{connector_id}}"
    for path, body in (
        ("authorization-uri", {"state": "s", "redirectUri": "https://shop.example/"}),
        ("verify", {"connectorData": {"code": "x", "state": "y"}, "verificationId": "x"}),
    ):
        at = f"{social}/{path}"
        known = at.replace("{connector_id}", fuzzed.ids["social_id"])
        yield Right(Route("POST", at), known, "waiting", body)
    for profile in (
        {"type": "phone", "verificationId": "x"},
        {"type": "email", "verificationId": "x"},
        {"type": "social", "verificationId": "x"},
        {"type": "username", "value": "9"},
        {"type": "password", "value": "weak"},
    ):
        yield api(f"{API}/profile", "proved", profile)
    yield api(f"{API}/profile/password", "proved", {"password": "weak"}, "PUT")
    yield api(f"{API}/interaction-event", "waiting", event, "PUT")
    mailed = {"identifierType": "email", "verificationId": "x", "code": "no"}
    yield api(f"{API}/verification/mfa-verification-code", "proved", {"identifierType": "email"})
    yield api(f"{API}/verification/mfa-verification-code/verify", "proved", mailed)
    yield api(f"{API}/verification/totp/verify", "proved", {"code": "x", "verificationId": "x"})
    yield api(f"{API}/verification/backup-code/verify", "proved", {"code": "x"})
    yield api(f"{API}/profile/mfa", "proved", {"type": "Totp", "verificationId": "x"})
    yield api("/api/interaction/consent", "waiting", {})
    yield api(API, "waiting", event, "PUT")


def _management(fuzzed: Fuzzed) -> Iterator[Right]:
    def api(method: str, path: str, body: dict[str, Any] | None = None) -> Right:
        at = path.replace("{id}", fuzzed.managed["instance_id"])
        at = at.replace("{factory_id}", CONNECTOR).replace("{target}", "google")
        at = at.replace("{name:path}", "x").replace("{factor_id}", "x")
        at = at.replace("{phone}", "447700900124").replace("{languageTag}", "fr")
        at = at.replace("{kind}", "guard").replace("{subject_id}", "default")
        for name in ("user_id", "application_id", "resource_id", "scope_id", "hook_id"):
            at = at.replace("{" + name + "}", fuzzed.managed[name])
        return Right(Route(method, path), at, "machine", body)

    connector = "/api/connectors/{id}"
    yield api(
        "PATCH",
        connector,
        {
            "config": {"templates": [{"usageType": "x", "content": 1}]},
            "metadata": {"target": "x"},
            "syncProfile": True,
            "expectedVersion": 99,
        },
    )
    yield api("POST", f"{connector}/restore", {"version": 99, "reason": "x"})
    yield api("POST", f"{connector}/check")
    whose = {"share": 99, "numbers": ["447700900124"], "endsAt": 4_000_000_000_000, "reason": "x"}
    tried = {"connectorId": "x", "config": {"templates": []}}
    yield api("POST", f"{connector}/trial", {**tried, **whose})
    yield api("PATCH", f"{connector}/trial", {**whose, "expectedVersion": 99})
    yield api("POST", f"{connector}/trial/promote", {"expectedVersion": 99, "reason": "x"})
    yield api("DELETE", f"{connector}/trial")
    yield api("POST", f"{connector}/authorization-uri", {"state": "", "redirectUri": "x"})
    yield api(
        "POST",
        "/api/connectors/{factory_id}/test",
        {"phone": PHONE, "config": {"templates": []}, "locale": "xx"},
    )
    yield api("DELETE", connector)
    yield api(
        "PATCH",
        "/api/sign-in-exp",
        {
            "color": {
                "primaryColor": "#123",
                "isDarkModeEnabled": True,
                "darkPrimaryColor": "#123",
            },
            "termsOfUseUrl": "https://shop.example/terms",
            "supportEmail": "help@shop.example",
            "customContent": {"/sign-in": "x"},
            "customUiAssets": {"id": "x", "createdAt": 1},
            "socialSignInConnectorTargets": ["x"],
        },
    )
    yield api(
        "PATCH",
        "/api/sign-in-exp",
        {
            "passwordPolicy": {"length": {"min": 8}, "rejects": {"words": ["x"]}},
            "passwordExpiration": {"enabled": False, "validPeriodDays": 1, "enabledAt": 1},
            "sentinelPolicy": {"maxAttempts": 100, "lockoutDuration": 60.5},
            "verificationCodePolicy": {"expirationDuration": 600},
        },
    )
    yield api(
        "POST", "/api/sign-in-exp/default/check-password", {"password": "x", "userId": "nobody"}
    )
    yield api("POST", "/api/verification-codes", {"phone": PHONE})
    yield api(
        "POST",
        "/api/verification-codes/verify",
        {"phone": PHONE, "email": "a@example.com", "verificationCode": "not it"},
    )
    registered = {
        "name": "Shop",
        "description": "x",
        "oidcClientMetadata": {"redirectUris": ["https://x.example/"]},
        "customClientMetadata": {"idTokenTtl": 60, "corsAllowedOrigins": ["https://x.example"]},
        "isThirdParty": False,
        "isManagement": False,
        "customData": {"k": {"l": [1]}},
    }
    application = "/api/applications/{application_id}"
    yield api("POST", "/api/applications", {**registered, "type": "Toaster"})
    yield api("PATCH", application, {**registered, "isAdmin": False, "expectedVersion": 99})
    yield api("PATCH", f"{application}/custom-data", {"k": {"l": [1]}})
    yield api("POST", f"{application}/secrets", {"name": "x", "expiresAt": 1})
    yield api("PATCH", f"{application}/secrets/{{name:path}}", {"name": "y"})
    yield api("DELETE", f"{application}/secrets/{{name:path}}")
    yield api("PUT", f"{application}/resource-scopes", {"scopeIds": ["x"]})
    yield api("DELETE", application)
    resource = "/api/resources/{resource_id}"
    yield api("POST", "/api/resources", {"name": "X", "indicator": "x", "accessTokenTtl": 600})
    yield api("PATCH", resource, {"name": "X", "accessTokenTtl": 600})
    yield api("PATCH", f"{resource}/is-default", {"isDefault": "x"})
    yield api("POST", f"{resource}/scopes", {"name": "x y", "description": "x"})
    yield api("PATCH", f"{resource}/scopes/{{scope_id}}", {"name": "x y", "description": "x"})
    yield api("DELETE", f"{resource}/scopes/{{scope_id}}")
    yield api("DELETE", resource)
    hook = "/api/hooks/{hook_id}"
    config = {"url": "https://x.example/", "headers": {"X-Shop": "x"}, "retries": 9}
    told = {"name": "x", "event": "PostSignIn", "events": ["x"], "config": config, "enabled": True}
    yield api("POST", "/api/hooks", told)
    yield api("PATCH", hook, told)
    yield api("POST", f"{hook}/test", {"events": ["PostSignIn"], "config": config})
    yield api("PATCH", f"{hook}/signing-key")
    yield api("DELETE", hook)
    user = "/api/users/{user_id}"
    about = {
        "primaryPhone": PHONE,
        "primaryEmail": "a@example.com",
        "username": "somebody",
        "name": "Somebody",
        "avatar": "https://shop.example/a.png",
        "customData": {"k": {"l": [1]}},
        "profile": {"givenName": "S", "address": {"country": "KR"}},
    }
    yield api("POST", "/api/users", about)
    digest = {"passwordDigest": "0" * 32, "passwordAlgorithm": "MD5"}
    yield api("POST", "/api/users", {"password": "", **digest})
    yield api("PATCH", user, about)
    factors = f"{user}/mfa-verifications"
    yield api("POST", factors, {"type": "Totp", "secret": "x"})
    yield api("POST", factors, {"type": "BackupCode", "codes": ["0123456789"]})
    yield api("DELETE", f"{factors}/{{factor_id}}")
    yield api("PATCH", f"{user}/profile", {"profile": about["profile"]})
    yield api("PATCH", f"{user}/custom-data", {"customData": {"k": {"l": [1]}}})
    yield api("PATCH", f"{user}/password", {"password": ""})
    yield api("POST", f"{user}/password/verify", {"password": ""})
    yield api("PATCH", f"{user}/is-suspended", {"isSuspended": "x"})
    yield api("DELETE", f"{user}/identities/{{target}}")
    yield api("DELETE", user)
    yield api(
        "PATCH",
        "/api/account-center",
        {
            "enabled": True,
            "fields": {"phone": "Edit"},
            "webauthnRelatedOrigins": ["https://shop.example"],
            "deleteAccountUrl": "https://shop.example/delete",
            "customCss": "x",
            "profileFields": [{"name": "x"}],
        },
    )
    yield api("PATCH", "/api/tenant-settings", {"connectorDeletion": "strict"})
    phrases = "/api/custom-phrases/{languageTag}"
    yield api(
        "PUT", phrases, {"sign_in": {"title": "x"}, "errors": {"user": {"invalid_phone": "x"}}}
    )
    yield api("DELETE", phrases)
    number = {"phone": "447700900124", "code": "271828", "expiresAt": 4_000_000_000_000}
    yield api("POST", "/api/test-numbers", number)
    yield api("DELETE", "/api/test-numbers/{phone}")
    document = {
        "version": 1,
        "guard": {"perNumber": {"count": 10, "seconds": 600}},
        "resources": {"https://x.example": {"name": "x", "scopes": {"x": None}}},
        "webhooks": {"x": {"name": "x", "url": "https://x.example", "events": ["User.Created"]}},
    }
    variables = {"x": "x"}
    yield api("POST", "/api/configuration/plan", {"document": document, "variables": variables})
    sender = {"sms": {"connectorId": "development-inbox"}}
    tested = {"document": {"version": 1, "connectors": sender}, "phone": "447700900124"}
    yield api("POST", "/api/configuration/test", tested)
    # Nothing is deleted: what the others name has to stay.
    consent = {"allowDeletions": False, "reason": "x", "tests": ["x"], "allowUntested": True}
    yield api("POST", "/api/configuration/apply", {"document": document, **consent})
    versions = "/api/configuration/versions/{kind}/{subject_id}"
    yield api("POST", f"{versions}/restore", {"version": 99, "reason": "x"})
    yield api("POST", "/api/sentinel-activities/delete", {"targetType": "User", "targets": [PHONE]})
    yield from _organized(fuzzed)
    # Last: where it succeeds, the connector that the others name is gone.
    yield api(
        "POST",
        "/api/connectors",
        {
            "connectorId": "twilio-short-message-service",
            "config": {"accountSID": "x", "authToken": "x", "templates": []},
            "metadata": {},
            "id": "x",
        },
    )


def _organized(fuzzed: Fuzzed) -> Iterator[Right]:
    kinds = {
        "organizations": "organization_id",
        "organization-roles": "role_id",
        "organization-scopes": "scope_id",
        "organization-invitations": "invitation_id",
    }

    def api(method: str, path: str, body: dict[str, Any] | None = None) -> Right:
        at = path.replace("{id}", fuzzed.managed[kinds[path.split("/")[2]]])
        for name in ("user_id", "role_id", "scope_id"):
            at = at.replace("{" + name + "}", fuzzed.managed[name])
        return Right(Route(method, path), at, "machine", body)

    club = {
        "name": "Club",
        "description": "x",
        "customData": {"k": {"l": [1]}},
        "isMfaRequired": False,
        "color": {"primaryColor": "#123456"},
        "branding": {"logoUrl": "https://x.example/a.svg"},
        "customCss": "x",
    }
    roles = {"organizationRoleIds": ["x"], "organizationRoleNames": ["y"]}
    organization = "/api/organizations/{id}"
    yield api("POST", "/api/organizations", club)
    yield api("PATCH", organization, club)
    yield api("POST", f"{organization}/users", {"userIds": ["x"]})
    yield api("PUT", f"{organization}/users", {"userIds": ["x"]})
    both = {"userIds": ["x"], "organizationRoleIds": ["x"]}
    yield api("POST", f"{organization}/users/roles", both)
    yield api("POST", f"{organization}/users/{{user_id}}/roles", roles)
    yield api("PUT", f"{organization}/users/{{user_id}}/roles", roles)
    yield api("DELETE", f"{organization}/users/{{user_id}}/roles/{{role_id}}")
    yield api("DELETE", f"{organization}/users/{{user_id}}")
    role = "/api/organization-roles/{id}"
    named = {"name": "player", "description": "x", "type": "User"}
    scopes = {"organizationScopeIds": ["x"]}
    yield api("POST", "/api/organization-roles", {**named, **scopes, "resourceScopeIds": ["x"]})
    yield api("PATCH", role, named)
    yield api("POST", f"{role}/scopes", scopes)
    yield api("PUT", f"{role}/scopes", scopes)
    yield api("DELETE", f"{role}/scopes/{{scope_id}}")
    scope = "/api/organization-scopes/{id}"
    yield api("POST", "/api/organization-scopes", {"name": "play", "description": "x"})
    yield api("PATCH", scope, {"name": "play", "description": "x"})
    yield api("DELETE", scope)
    invitation = "/api/organization-invitations/{id}"
    yield api(
        "POST",
        "/api/organization-invitations",
        {
            "inviterId": "x",
            "invitee": PHONE,
            "organizationId": fuzzed.managed["organization_id"],
            "expiresAt": 4_000_000_000_000,
            "organizationRoleIds": ["x"],
            "messagePayload": {"link": "x", "locale": "x"},
        },
    )
    yield api("POST", f"{invitation}/message", {"link": "x", "locale": "x"})
    yield api("POST", f"{invitation}/link")
    yield api("PUT", f"{invitation}/status", {"status": "Accepted", "acceptedUserId": "x"})
    yield api("DELETE", invitation)
    yield api("DELETE", role)
    yield api("DELETE", organization)


def _openid(fuzzed: Fuzzed) -> Iterator[Right]:
    def form(path: str, **fields: str) -> Right:
        return Right(Route("POST", path), path, "stranger", fields, is_form=True)

    client = {"client_id": fuzzed.ids["application_id"], "client_secret": fuzzed.ids["secret"]}
    yield form(
        "/oidc/auth",
        max_age="1",
        ui_locales="en",
        login_hint="+82",
        claims="{}",
        id_token_hint="x",
        response_mode="query",
        nonce="n",
        **authorization(),
    )
    yield form(
        "/oidc/token",
        **client,
        grant_type="authorization_code",
        code="x",
        redirect_uri="https://shop.example/callback",
        code_verifier=VERIFIER,
    )
    yield form("/oidc/token", **client, grant_type="refresh_token", refresh_token="x", scope="x")
    yield form("/oidc/token", **client, grant_type="client_credentials", resource="x", scope="x")
    yield form("/oidc/token/introspection", **client, token="x", token_type_hint="access_token")
    yield form("/oidc/token/revocation", **client, token="x", token_type_hint="access_token")
    yield form("/oidc/me", access_token="x")
    leave = {
        "client_id": fuzzed.ids["application_id"],
        "id_token_hint": "x",
        "state": "s",
        "post_logout_redirect_uri": "https://shop.example/",
    }
    yield form("/oidc/session/end", **leave)
    yield form("/oidc/session/end/confirm", confirmation="x", **leave)


def _pages(fuzzed: Fuzzed) -> Iterator[Right]:
    def page(path: str, **fields: str) -> Right:
        who: Who = "proved" if path in FOR_PROVED else "waiting"
        token = form_token(_interaction_token(fuzzed.people[who]))
        return Right(Route("POST", path), path, who, {"token": token, **fields}, is_form=True)

    typed = {"identifier": "010-1234-5678", "country": "KR", "agree": "yes"}
    for flow in ("sign-in", "register", "continue", "forgot-password", "mfa-binding"):
        yield page(f"/{flow}/verification-code", code="12345")
        yield page(f"/{flow}/verification-code/resend")
    yield page("/sign-in", **typed, way="code")
    yield page("/register", **typed)
    yield page("/sign-in/password", **typed, password="no")
    yield page("/register/password", identifier="9", country="KR", password="weak")
    yield page("/sign-in/no-account")
    yield page("/register/has-account")
    yield page("/continue/username", identifier="9")
    yield page("/continue/password", password="weak")
    yield page("/continue/phone", **typed)
    yield page("/continue/email", identifier="new@example.com")
    yield page("/continue/email-or-phone", **typed)
    yield page("/forgot-password", **typed)
    yield page("/forgot-password/reset", password="weak")
    for factor in ("PhoneVerificationCode", "EmailVerificationCode"):
        yield page(f"/mfa-binding/{factor}", **typed)
        yield page(f"/mfa-verification/{factor}", code="12345")
        yield page(f"/mfa-verification/{factor}/send")
        yield page(f"/mfa-verification/{factor}/resend")
    for factor in ("Totp", "BackupCode"):
        yield page(f"/mfa-binding/{factor}", code="12345")
        yield page(f"/mfa-verification/{factor}", code="12345")
    yield page("/mfa-binding/Totp/start")
    yield page("/mfa-onboarding/skip")
    yield page("/mfa-onboarding/enable")
    yield page("/consent", decision="deny")
    link = fuzzed.ids["link"]
    answer = {"decision": "sign_in", "token": form_token(f"{link} ")}
    yield Right(Route("POST", "/i/{token}"), f"/i/{link}", "waiting", answer, is_form=True)
    token = form_token(_interaction_token(fuzzed.people["waiting"]))
    for path in ("/sign-in/social", "/register/social", "/social/link"):
        yield Right(
            Route("POST", f"{path}/{{connector_id}}"),
            f"{path}/{fuzzed.ids['social_id']}",
            "waiting",
            {"token": token, "agree": "yes", "do": "link"},
            is_form=True,
        )


def _account(fuzzed: Fuzzed) -> Iterator[Right]:
    assert fuzzed.me is not None
    form = fuzzed.me.form

    def api(method: str, path: str, body: dict[str, Any] | None = None) -> Right:
        at = path
        for name in ("target", "session_id", "grant_id", "factor_id"):
            at = at.replace("{" + name + "}", "x")
        return Right(Route(method, path), at, "member", body)

    def page(path: str, query: str = "", **fields: str) -> Right:
        at = f"{path.replace('{target}', 'x')}{query}"
        return Right(Route("POST", path), at, "member", {**form, **fields}, is_form=True)

    mine, proofs = "/api/my-account", "/api/verifications"
    new = {"newIdentifierVerificationRecordId": "x"}
    # What is refused as it is: a right change would change who asks.
    yield api("PATCH", mine, {"name": "x", "avatar": "x", "username": "9", "customData": {}})
    yield api("PATCH", f"{mine}/profile", {"nickname": "x", "address": {"region": "x"}})
    yield api("POST", f"{mine}/password", {"password": "weak"})
    yield api("POST", f"{mine}/primary-phone", {"phone": PHONE, **new})
    yield api("POST", f"{mine}/primary-email", {"email": "x@example.com", **new})
    for method in ("POST", "PUT"):
        yield api(method, f"{mine}/identities", {"newIdentifierVerificationRecordId": "x"})
    for path in ("/identities/{target}", "/sessions/{session_id}", "/grants/{grant_id}"):
        yield api("DELETE", f"{mine}{path}")
    for name in ("email", "phone"):
        yield api("DELETE", f"{mine}/primary-{name}")
    factors = f"{mine}/mfa-verifications"
    yield api("POST", factors, {"type": "Totp", "secret": "x", "code": "x"})
    yield api("POST", factors, {"type": "BackupCode", "codes": ["abcd-efgh-jkmn"] * 10})
    yield api("PUT", f"{factors}/totp", {"secret": "x", "code": "x"})
    yield api("POST", f"{factors}/totp-secret/generate")
    yield api("POST", f"{factors}/backup-codes/generate")
    yield api("DELETE", f"{factors}/{{factor_id}}")
    yield api("PATCH", f"{mine}/mfa-settings", {"skipMfaOnSignIn": True})
    yield api("PATCH", f"{mine}/logto-configs", {"mfa": {"enabled": True, "skipped": False}})
    yield api("POST", f"{proofs}/password", {"password": "no"})
    asked = {"identifier": identifier(PHONE), "templateType": "BindMfa"}
    yield api("POST", f"{proofs}/verification-code", asked)
    typed = {"identifier": identifier(PHONE), "verificationId": "x", "code": "x"}
    yield api("POST", f"{proofs}/verification-code/verify", typed)
    away = {"state": "s", "redirectUri": "https://shop.example/"}
    yield api("POST", f"{proofs}/social", {"connectorId": fuzzed.ids["social_id"], **away})
    answer = {"verificationRecordId": "x", "connectorData": {"code": "x", "state": "s"}}
    yield api("POST", f"{proofs}/social/verify", answer)
    verify, task = "/account/verify", "?task=phone"
    yield page(verify, task, way="password", password="no")
    for path, query in ((verify, task), ("/account/phone", ""), ("/account/email", "")):
        yield page(f"{path}/verification-code", query, code="12345")
        yield page(f"{path}/verification-code/resend", query)
    yield page("/account/phone", identifier="010-1234-5678", country="KR")
    yield page("/account/email", identifier="new@example.com")
    for name in ("email", "phone"):
        yield page(f"/account/{name}/remove")
    app, codes = "/account/authenticator-app", "/account/backup-codes"
    for path in (app, f"{app}/replace"):
        yield page(path, secret="JBSWY3DPEHPK3PXP" * 2, code="12345")
    for path in (f"{app}/remove", f"{codes}/remove", f"{codes}/generate"):
        yield page(path)
    for path in (codes, f"{codes}/download"):
        yield page(path, codes="abcd-efgh-jkmn")
    yield page("/account/second-step", wanted="yes")
    yield page("/account/username", identifier="9")
    yield page("/account/password", identifier="x", password="weak")
    yield page("/account/profile", name="x", given_name="x", family_name="x", nickname="x")
    yield page("/account/social/{target}/remove")
    yield page("/account/social/{target}/link")
    yield page("/account/sessions/end", session="x")
    yield page("/account/sessions/revoke", grant="x")


def _interaction_token(client: httpx2.AsyncClient) -> str:
    return str(json.loads(unquote(client.cookies["_interaction"]))["_latest"])


def _console(fuzzed: Fuzzed) -> Iterator[Right]:
    assert fuzzed.operator is not None
    csrf = fuzzed.operator.csrf

    def form(path: str, **fields: str) -> Right:
        at = path
        fixed = {"tenant": "default", "connector_id": CONNECTOR, "user_id": "nobody"}
        fixed |= {"kind": "guard", "subject_id": "default"}
        for name, value in {**fuzzed.ids, **fixed}.items():
            at = at.replace("{" + name + "}", value)
        who: Who = "operator"
        return Right(Route("POST", path), at, who, {"csrf": csrf, **fields}, is_form=True)

    t = "/console/{tenant}"
    template = {
        "templates": "[]",
        "test_phone": "+821012345678",
        "test_country": "KR",
        "test_usage": "Generic",
        "tested": "x",
        "version": "1",
    }
    yield form("/console/setup", token="x", username="b", password="short")
    yield form("/console/sign-in", username="nobody", password="x", next="/console/default")
    yield form("/console/second-factor", code="x", next="/console/default")
    yield form("/console/appearance", language="xx", theme="x", next="/console/x")
    yield form(f"{t}/applications/new", name="", type="x", redirect_uris="x")
    application = f"{t}/applications/{{application_id}}"
    yield form(
        application,
        name="",
        redirect_uris="x",
        post_logout_redirect_uris="x",
        cors_allowed_origins="x",
        version="99",
    )
    yield form(f"{application}/delete", typed_name="x")
    told = {"name": "x", "url": "x", "headers": "X-Shop: x", "events": "PostSignIn"}
    webhook = f"{t}/webhooks/{{webhook_id}}"
    yield form(f"{t}/webhooks/new", **told)
    yield form(webhook, **told, version="99", enabled="yes")
    yield form(f"{webhook}/test", **told)
    yield form(f"{webhook}/restore", version="99", do="x", present="99")
    yield form(f"{webhook}/deliveries/{{delivery_id}}/repeat")
    yield form(f"{webhook}/delete", typed_name="x")
    yield form(f"{webhook}/signing-key")
    new = f"{t}/connectors/set-up/{{connector_id}}"
    yield form(new, **template)
    yield form(f"{new}/test", **template)
    whose = {"trial_reach": "x", "trial_share": "x", "trial_numbers": "x", "trial_days": "99"}
    yield form(f"{new}/trial", **template, **whose)
    yield form(f"{new}/preview", templates="[]", preview_usage="Generic")
    yield form(f"{new}/compare", **template)
    yield form(f"{new}/paste", **template, pasted="{}")
    chosen = {"target": "a b", "name_en": "x", "name_ko": "x", "logo": "x", "instance_id": "x"}
    provider = {**chosen, "clientId": "", "clientSecret": "x", "scope": "x", "prompts": "{"}
    social = f"{t}/connectors/social"
    yield Right(
        Route("POST", f"{social}/set-up/{{connector_id}}"),
        "/console/default/connectors/social/set-up/google-universal",
        "operator",
        {"csrf": csrf, **provider},
        is_form=True,
    )
    yield Right(
        Route("POST", f"{social}/{{instance_id}}"),
        f"/console/default/connectors/social/{fuzzed.ids['social_id']}",
        "operator",
        {"csrf": csrf, **provider, "version": "99"},
        is_form=True,
    )
    saved = f"{t}/connectors/{{instance_id}}"
    yield form(f"{saved}/paste", **template, pasted="{}")
    yield form(saved, **{**template, "version": "99"})
    yield form(f"{saved}/test", **template)
    yield form(f"{saved}/check")
    yield form(f"{saved}/bring-back")
    yield form(f"{saved}/trial", **whose, version="99")
    yield form(f"{saved}/trial/promote", version="99")
    yield form(f"{saved}/trial/drop", version="99")
    yield form(f"{saved}/restore", version="99", do="x", present="99")
    yield form(f"{saved}/delete", name="x")
    yield form(f"{t}/messages/{{message_id}}/number")
    yield form(f"{t}/operators/invite", role="x")
    yield form(f"{t}/operators/delete", operator="x")
    yield form(f"{t}/operators/role", operator="x", seen="viewer", role="editor")
    yield form(f"{t}/operators/revoke", invitation="x")
    number = {"phone": "447700900124", "code": "271828"}
    yield form(f"{t}/test-numbers/add", **number, days="7")
    yield form(f"{t}/test-numbers/remove", phone="447700900124")
    yield form(f"{t}/test-numbers/production", allowed="x")
    yield form(
        f"{t}/configuration/{{kind}}/{{subject_id}}/restore", version="99", do="x", present="99"
    )
    moving = {"source": OTHER, "item": "guard", "secret:SMS_AUTH_TOKEN": "x"}
    yield form(f"{t}/promotion/test", **moving, to="+447700900124")
    yield form(f"{t}/promotion/move", **moving, stamp="0", reason="x")
    yield form(f"{t}/tenants/create", id="-", name="x", tag="production", host="x", port="x")
    yield form(f"{t}/tenant/rename", name="x")
    yield form(f"{t}/tenant/tag", tag="x")
    yield form(f"{t}/tenant/delete", typed="x")
    yield form(f"{t}/profile/password", present="x", new="x")
    yield form(f"{t}/profile/alerts", alert_email="x")
    yield form(f"{t}/profile/second-factor/begin")
    yield form(f"{t}/profile/second-factor/enable", sealed="x", code="x")
    yield form(f"{t}/profile/second-factor/disable")
    yield form(f"{t}/profile/sessions/end", session="x")
    yield form(
        f"{t}/security/codes",
        expirationDuration="x",
        maxRetryAttempts="x",
        maxAttempts="x",
        lockoutDuration="x",
        proofOfWork="x",
        version="99",
    )
    yield form(f"{t}/security/preset", preset="x", version="99")
    yield form(
        f"{t}/security/sending",
        version="99",
        countries="x",
        countries_given="1",
        **{
            f"{name}.{part}": "x"
            for name in ("perNumber", "perAddress", "perSubnet", "testSends")
            for part in ("count", "seconds")
        },
    )
    yield form(
        f"{t}/security/attacks",
        version="99",
        dailyMessages="x",
        dailyPerCountry="x",
        countriesPerAddress="x",
        unusedDays="x",
        **{"unanswered.atLeast": "x", "unanswered.percent": "x"},
        **{
            f"{name}.{part}": "x"
            for name in ("perBlock", "failuresPerAddress", "failuresPerSubnet")
            for part in ("count", "seconds")
        },
    )
    yield form(
        f"{t}/security/blocklist",
        version="99",
        blockSubaddressing="1",
        customBlocklist="x",
        customAllowlist="x",
        do="x",
    )
    yield form(f"{t}/security/restore", version="99", do="x", present="99")
    yield form(f"{t}/security/unblock", identifier="x")
    yield form(f"{t}/users/{{user_id}}/suspend", is_suspended="x")
    yield form(f"{t}/users/{{user_id}}/delete", typed_id="x")
    yield form(f"{t}/users/{{user_id}}/unblock")
    yield form(f"{t}/users/{{user_id}}/second-factor/reset")
    yield form(f"{t}/mfa", factor="x", policy="x", organizations="x", version="99")
    experience = f"{t}/sign-in-experience"
    yield form(
        f"{experience}/account-center",
        deleteAccountUrl="x",
        customCss="x",
        version="99",
        do="x",
        **{"field.phone": "x"},
    )
    yield form(
        f"{experience}/branding",
        primaryColor="x",
        darkPrimaryColor="x",
        logoUrl="x",
        darkLogoUrl="x",
        favicon="x",
        customCss="x",
        termsOfUseUrl="x",
        privacyPolicyUrl="x",
        agreeToTermsPolicy="x",
        version="99",
    )
    yield form(f"{experience}/content", autoDetect="yes", fallbackLanguage="x", version="99")
    yield form(f"{experience}/content/add", tag="x")
    texts = f"{experience}/content/{{language}}"
    written = {"text.sign_in.title": "x", "area": "x", "q": "x", "version": "99", "do": "x"}
    yield form(texts, **written)
    yield form(f"{texts}/remove", seen="99")
    yield form(f"{experience}/branding/pictures", picture="x")
    looked_at = {"preview_screen": "code", "preview_language": "ko", "preview_theme": "dark"}
    yield form(f"{experience}/preview/branding", primaryColor="x", **looked_at)
    yield form(f"{experience}/preview/texts", language="ko", **written, **looked_at)
    yield form(f"{experience}/preview/sign-up-and-sign-in", method="x", mode="x", **looked_at)
    yield form(f"{experience}/restore", version="99", do="x", present="99")
    yield form(
        f"{experience}/sign-up-and-sign-in",
        do="save",
        sign_up="x",
        method="x",
        mode="x",
        recovery="x",
        version="99",
        asked_password="yes",
        phone_first="x",
    )
    yield form(f"{application}/secrets", secret_name="", days="x")
    yield form(f"{application}/secrets/delete", secret_name="x")
    yield form(f"{application}/scopes", scope="x")
    resource = f"{t}/resources/{{resource_id}}"
    yield form(f"{t}/resources/new", name="x", indicator="x", ttl="x")
    yield form(f"{resource}/restore", version="99", do="x", present="99")
    yield form(resource, name="x", indicator="x", ttl="x", is_default="yes")
    yield form(f"{resource}/delete", typed_name="x")
    yield form(f"{resource}/scopes", scope_name="", description="x")
    yield form(f"{resource}/scopes/{{scope_id}}/delete")
    yield from _organizations(form)
    yield form("/console/sign-out")


def _organizations(form: Callable[..., Right]) -> Iterator[Right]:
    t = "/console/{tenant}"
    named = {"name": "x", "description": "x"}
    club = f"{t}/organizations/{{organization_id}}"
    yield form(f"{t}/organizations/new", name="", description="x")
    yield form(f"{club}/pictures", picture="x")
    yield form(club, **named, is_mfa_required="yes")
    yield form(f"{club}/delete", typed_name="x")
    yield form(f"{club}/members/add", user="nobody", role="x", q="x")
    yield form(f"{club}/members/{{user_id}}", role="x")
    yield form(f"{club}/members/{{user_id}}/remove")
    invited = {"by": "phone", "country": "KR", "phone": "x", "email": "x", "days": "7", "role": "x"}
    yield form(f"{club}/invitations/new", **invited)
    for what in ("send", "link", "revoke", "delete"):
        yield form(f"{club}/invitations/{{invitation_id}}/{what}")
    roles = f"{t}/organization-roles"
    yield form(f"{roles}/new", **named, type="User", scope="x")
    yield form(f"{roles}/{{role_id}}", name="", description="x", scope="x")
    yield form(f"{roles}/{{role_id}}/delete", typed_name="x")
    yield form(f"{roles}/scopes", name="", description="x")
    yield form(f"{roles}/scopes/{{scope_id}}", **named)
    yield form(f"{roles}/scopes/{{scope_id}}/delete", typed_name="x")
