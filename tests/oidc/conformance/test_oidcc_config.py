"""Plan `oidcc-config-certification-test-plan`: its one module is a test of its name."""

from urllib.parse import urlsplit

from joserfc.jwk import KeySet

from tests.oidc.conformance.relying_party import ISSUER, ORIGIN, RelyingParty

PRIVATE = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"}
RESPONSE_TYPES = {"code", "id_token", "id_token token"}


async def test_oidcc_discovery_endpoint_verification(suite: RelyingParty) -> None:
    address = f"{ISSUER}/.well-known/openid-configuration"
    answer = await suite.backchannel.get(address)
    assert answer.status_code == 200
    assert answer.headers["content-type"].partition(";")[0] == "application/json"
    found = answer.json()

    assert found["issuer"] == ISSUER == address.removesuffix("/.well-known/openid-configuration")
    assert not urlsplit(found["issuer"]).query
    assert RESPONSE_TYPES & set(found["response_types_supported"])
    assert set(found["subject_types_supported"]) <= {"public", "pairwise"}
    assert "RS256" in found["id_token_signing_alg_values_supported"]
    assert "authorization_code" in found["grant_types_supported"]
    assert "openid" in found["scopes_supported"]
    assert all("!" <= c <= "~" and c not in '"\\' for s in found["scopes_supported"] for c in s)
    assert {"sub", "iss", "name"} - set(found["claims_supported"]) <= {"iss"}
    assert isinstance(found["code_challenge_methods_supported"], list)
    for name in ("claims", "request", "request_uri"):
        assert isinstance(found[f"{name}_parameter_supported"], bool)
    for name in ("authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri"):
        assert found[name].startswith(f"{ORIGIN}/")
    for name, value in found.items():
        if name.endswith(("_endpoint", "_uri")):
            assert urlsplit(value).scheme == "https", name

    published = (await suite.backchannel.get(found["jwks_uri"])).json()
    KeySet.import_key_set(published)
    for key in published["keys"]:
        assert key["kty"] in {"RSA", "EC"}
        assert not PRIVATE & set(key)
        assert (key["use"], bool(key["kid"])) == ("sig", True)
    assert len({key["kid"] for key in published["keys"]}) == len(published["keys"])
