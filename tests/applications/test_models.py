"""Registration: what may be registered, and what a request may then ask for."""

from datetime import UTC, datetime
from typing import Any

import pytest

from watchword.applications.errors import InvalidApplication, InvalidOrigin, InvalidRedirectUri
from watchword.applications.models import Application, ApplicationType, NewApplication

NOW = datetime(2026, 5, 1, tzinfo=UTC)


def build(kind: str = "SPA", **values: Any) -> Application:
    """Return a checked application."""
    return NewApplication(name="Shop", type=kind, **values).build("app", NOW)


@pytest.mark.parametrize(
    ("kind", "uri"),
    [
        ("SPA", "https://shop.example/callback"),
        ("SPA", "http://localhost:3000/callback?a=b"),
        ("Traditional", "https://shop.example"),
        ("Native", "com.example.shop://callback"),
        ("Native", "http://127.0.0.1/callback"),
    ],
)
def test_a_whole_address_can_be_registered(kind: str, uri: str) -> None:
    assert build(kind, redirect_uris=(uri,)).redirect_uris == (uri,)


@pytest.mark.parametrize(
    ("kind", "uri"),
    [
        ("SPA", "/callback"),
        ("SPA", "https://shop.example/#fragment"),
        ("SPA", "https://shop.example/#"),
        ("SPA", "https://user@shop.example/"),
        ("SPA", "https://*.example/"),
        ("SPA", "https://shop.example/a b"),
        ("SPA", "https://shop.example/\n"),
        ("SPA", "https://shop.example:99999999/"),
        ("SPA", "com.example.shop://callback"),
        ("SPA", "https://"),
        ("Native", "javascript:alert(1)"),
        ("Native", "data:text/html,x"),
        ("SPA", "https://shop.example/" + "a" * 2050),
        ("SPA", "https://쇼핑.example/"),
    ],
)
def test_an_address_that_could_lead_elsewhere_is_refused(kind: str, uri: str) -> None:
    with pytest.raises(InvalidRedirectUri):
        build(kind, redirect_uris=(uri,))
    with pytest.raises(InvalidRedirectUri):
        build(kind, post_logout_redirect_uris=(uri,))


def test_redirect_uris_match_to_the_letter() -> None:
    shop = build(redirect_uris=("https://shop.example/callback",))

    assert shop.accepts_redirect_uri("https://shop.example/callback")
    for other in (
        "https://shop.example/callback/",
        "https://shop.example/callback?x",
        "https://SHOP.example/callback",
        "https://shop.example:443/callback",
        "https://shop.example/callback#",
    ):
        assert not shop.accepts_redirect_uri(other)


def test_a_native_app_chooses_its_loopback_port() -> None:
    uris = ("http://127.0.0.1/cb", "http://[::1]:1/cb", "http://localhost:1/cb")
    native = build("Native", redirect_uris=uris)

    assert native.accepts_redirect_uri("http://127.0.0.1:51004/cb")
    assert native.accepts_redirect_uri("http://[::1]:51004/cb")
    for other in (
        "http://localhost:51004/cb",
        "http://127.0.0.1:51004/other",
        "https://127.0.0.1:51004/cb",
        "http://127.0.0.1:51004/cb#",
        "http://127.0.0.1:51004/cb\n",
        "http://a@127.0.0.1:51004/cb",
        "http://127.0.0.1:510041/cb",
    ):
        assert not native.accepts_redirect_uri(other)
    assert not build("SPA", redirect_uris=uris).accepts_redirect_uri("http://127.0.0.1:51004/cb")


def test_only_a_machine_may_call_the_management_api() -> None:
    assert build("MachineToMachine", is_management=True).is_management
    with pytest.raises(InvalidApplication):
        build("SPA", is_management=True)


@pytest.mark.parametrize(
    "values",
    [
        {"idTokenTtl": 0},
        {"idTokenTtl": "soon"},
        {"refreshTokenTtlInDays": 91},
        {"idTokenSignedResponseAlg": "none"},
        {"idTokenSignedResponseAlg": "HS256"},
        {"corsAllowedOrigins": "https://shop.example"},
    ],
)
def test_a_setting_out_of_range_is_refused(values: dict[str, Any]) -> None:
    with pytest.raises(InvalidApplication):
        build(custom_client_metadata=values)


def test_an_origin_has_no_path() -> None:
    metadata = {"corsAllowedOrigins": ["https://shop.example"]}
    assert build(custom_client_metadata=metadata).origins == {"https://shop.example"}
    with pytest.raises(InvalidOrigin):
        build(custom_client_metadata={"corsAllowedOrigins": ["https://shop.example/"]})


def test_its_redirect_uris_are_its_origins() -> None:
    shop = build(redirect_uris=("https://shop.example/cb", "http://localhost:3000/cb"))
    assert shop.origins == {"https://shop.example", "http://localhost:3000"}


def test_a_patch_changes_what_it_names() -> None:
    before = build(redirect_uris=("https://a.example/",), description="Old")
    after = before.changed(
        {
            "name": "New",
            "oidcClientMetadata": {"redirectUris": ["https://b.example/"]},
            "customClientMetadata": {"idTokenTtl": 600},
            "secret": "ignored",
            "type": "Native",
        }
    )

    assert after.name == "New"
    assert after.description == "Old"
    assert after.redirect_uris == ("https://b.example/",)
    assert after.metadata.id_token_ttl == 600
    assert after.type is ApplicationType.SPA
    assert after.metadata.rotate_refresh_token is before.metadata.rotate_refresh_token


@pytest.mark.parametrize(
    "patch",
    [
        {"name": 5},
        {"name": " "},
        {"name": None},
        {"isThirdParty": "perhaps"},
        {"oidcClientMetadata": "x"},
        {"oidcClientMetadata": {"redirectUris": "https://a.example/"}},
        {"oidcClientMetadata": {"redirectUris": [5]}},
        {"customClientMetadata": []},
        {"description": "a\0b"},
    ],
)
def test_a_patch_of_the_wrong_shape_is_refused(patch: dict[str, Any]) -> None:
    with pytest.raises(InvalidApplication):
        build().changed(patch)


def test_the_type_must_be_known() -> None:
    with pytest.raises(InvalidApplication):
        build("SAML")
